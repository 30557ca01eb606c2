"""What an operator that creates a cluster with its steps refuses when it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk import DAG

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
    transient_cluster,
)
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.serialization import to_dict

ROLE = "arn:aws:iam::123456789012:role/job"
HIVE = HiveStep("Aggregate", "s3://apps/aggregate.hql")
SPARK = SparkStep("Clean", "s3://apps/clean.py")
SMALL = EmrCluster("small", "emr-7.10.0", InstanceGroups("m5.xlarge", core="m5.xlarge"), log_uri="s3://logs/")


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
    ],
)
def test_a_step_of_what_the_release_lacks_is_refused(step: Step, lacking: str) -> None:
    cluster = EmrCluster("batch", "emr-spark-8.1.0", InstanceGroups("m5.xlarge"))
    EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[SPARK])
    with pytest.raises(InvalidSpec, match=f"it needs {lacking}, which emr-spark-8.1.0 does not have"):
        EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[step])


def test_a_program_that_a_release_is_not_known_to_have_is_warned_of() -> None:
    cluster = EmrCluster("batch", "emr-spark-8.1.0", InstanceGroups("m5.xlarge"))
    copy = S3DistCpStep("Copy", "s3://raw-data/", "s3://results/")
    with pytest.warns(UserWarning, match=r"S3DistCpStep\('Copy'\) = 'emr-spark-8.1.0': .* program of Hadoop") as said:
        EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[copy])
    assert len(said) == 1
    EmrCreateClusterOperator(task_id="create", cluster=replace(cluster, release_label="emr-7.10.0"), steps=[copy])


@pytest.mark.parametrize("written", [lambda value: value, to_dict])
def test_values_and_mappings_are_judged_alike_where_a_dag_is_written(written: Any) -> None:
    cluster, small = written(SMALL), written(SparkStep("s", "s3://apps/a.py", executor_memory="64g"))
    with pytest.warns(UserWarning, match="asks for executors of"):
        made = EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[small])
    assert made.cluster == to_dict(SMALL)
    with DAG("group", schedule=None), transient_cluster("group", cluster) as group:
        with pytest.warns(UserWarning, match="asks for executors of") as said:
            group.run(small)
        assert len(said) == 1
        with pytest.raises(InvalidSpec, match="cluster small does not have Hive"):
            group.run(written(HIVE))
        with pytest.warns(UserWarning, match="does not arrive") as said:
            group.run(written(SparkStep("t", "s3://apps/a.py", [""])))
        assert len(said) == 1
    with pytest.raises(InvalidSpec, match="cluster small does not have Hive"):
        EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[written(HIVE)])


def test_steps_that_their_cluster_can_run_are_taken() -> None:
    applications = ["Spark", "hive"]
    made = created(SPARK, HIVE, applications=applications, security_configuration="roles", step_execution_role_arn=ROLE)
    assert [step["name"] for step in made.steps] == ["Clean", "Aggregate"]
    assert created(HIVE, applications=["{{ params.application }}"]).steps
