"""What an operator that creates a cluster with its steps refuses when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    HiveStep,
    InstanceGroups,
    S3DistCpStep,
    ShellStep,
    SparkStep,
    Step,
    TrinoStep,
)
from airflow_emr_pipelines.errors import InvalidSpec

ROLE = "arn:aws:iam::123456789012:role/job"
HIVE = HiveStep("Aggregate", "s3://apps/aggregate.hql")
SPARK = SparkStep("Clean", "s3://apps/clean.py")


def created(*steps: Step, **fields: Any) -> EmrCreateClusterOperator:
    cluster = EmrCluster("batch", "emr-7.10.0", InstanceGroups("m5.xlarge"), **fields)
    return EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=steps)


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        (HIVE, {}, r"HiveStep\('Aggregate'\) = 'Spark': cluster batch does not have Hive; .*'Spark', 'Hive'"),
        (TrinoStep("Ask", execute="SELECT 1"), {}, "does not have Trino"),
        (ShellStep("List", "true"), {"step_execution_role_arn": ROLE}, "runtime roles for Spark and Hive steps only"),
    ],
)
def test_a_step_that_its_cluster_cannot_run_is_refused(step: Step, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        created(SPARK, step, security_configuration="roles", **fields)


@pytest.mark.parametrize(
    ("step", "lacking"),
    [
        (HIVE, "Hive"),
        (TrinoStep("Ask", execute="SELECT 1"), "Trino"),
        (S3DistCpStep("Copy", "s3://raw-data/", "s3://results/"), "Hadoop"),
    ],
)
def test_a_step_of_what_the_release_lacks_is_refused(step: Step, lacking: str) -> None:
    cluster = EmrCluster("batch", "emr-spark-8.1.0", InstanceGroups("m5.xlarge"))
    EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[SPARK])
    with pytest.raises(InvalidSpec, match=f"it needs {lacking}, which emr-spark-8.1.0 does not have"):
        EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[step])


def test_steps_that_their_cluster_can_run_are_taken() -> None:
    applications = ["Spark", "hive"]
    made = created(SPARK, HIVE, applications=applications, security_configuration="roles", step_execution_role_arn=ROLE)
    assert [step["name"] for step in made.steps] == ["Clean", "Aggregate"]
    assert created(HIVE, applications=["{{ params.application }}"]).steps
