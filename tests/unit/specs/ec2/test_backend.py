"""What Amazon EMR on EC2 can run is said where a DAG is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_emr_pipelines import EmrCluster, HiveStep, InstanceGroups, SparkStep
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.steps import ScriptRunnerStep

CLUSTER = EmrCluster("batch", "emr-7.10.0", InstanceGroups("m5.xlarge"))
HIVE = HiveStep("Aggregate", "s3://apps/aggregate.hql")
IN_IRELAND = ScriptRunnerStep("Set up", "s3://apps/set_up.sh", region="eu-west-1")
LONG = SparkStep("Long", "s3://apps/clean.py", args=["x" * 6_000, "y" * 6_000])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"step": HIVE, "target": CLUSTER}, "cluster batch does not have Hive"),
        ({"step": IN_IRELAND, "options": {"region": "us-east-1"}}, "read from the cluster's own region"),
        ({"step": LONG}, "EMR takes at most 10,240"),
        ({"step": [SparkStep("Clean", "s3://apps/clean.py"), LONG]}, "EMR takes at most 10,240"),
    ],
)
def test_what_a_cluster_cannot_run_is_refused_as_early(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        EC2.check(**asked)


def test_what_is_not_known_yet_is_let_be() -> None:
    EC2.check(replace(LONG, args=["{{ params.day }}", *LONG.args]))
    EC2.check(HIVE, target="{{ params.cluster }}")
    EC2.check(IN_IRELAND, options={"region": "{{ params.region }}"})
    EC2.check("{{ params.step }}")


def test_a_step_is_told_by_its_name_with_the_key() -> None:
    assert EC2.render(SparkStep("Clean", "s3://apps/clean.py"), name="Clean [key]")["Name"] == "Clean [key]"
