"""What type checkers and editors are told of the public names: mypy reads this file, as ``make check`` runs it."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args

import pytest
from airflow.sdk import DAG
from typing_extensions import assert_type

from airflow_emr_pipelines import (
    EmrCluster,
    EmrRunReportOperator,
    EmrRunStepOperator,
    InstanceGroups,
    SparkStep,
    etl_chain,
    existing_cluster,
    ml_chain,
    transient_cluster,
)
from airflow_emr_pipelines.specs.ec2.states import ClusterState, ClusterStateWord
from airflow_emr_pipelines.specs.steps import OnFailure
from airflow_emr_pipelines.specs.steps.base import FailureWord

CLUSTER = EmrCluster("a", "emr-7.10.0", InstanceGroups("m5.xlarge"), log_uri="s3://emr-logs/")
STEP = SparkStep("Clean", "s3://apps/clean.py", on_failure="TERMINATE_CLUSTER")


def test_a_task_that_a_group_makes_of_a_step_is_known_to_be_one() -> None:
    with DAG("typed"):
        with transient_cluster("emr", CLUSTER) as cluster:
            assert_type(cluster.run(STEP), EmrRunStepOperator)
            assert_type(cluster.run({"kind": "shell", "name": "b", "command": "true"}), EmrRunStepOperator)
            assert_type(cluster.report(), EmrRunReportOperator)
            assert_type(etl_chain(cluster, SparkStep("c", "s3://apps/c.py")), list[list[EmrRunStepOperator]])
        with existing_cluster("standing", "j-1A2B3C4D5E6F7") as standing:
            ran = standing.run(STEP)
            assert_type(ran, EmrRunStepOperator)
            steps = {name: SparkStep(name, "s3://apps/x.py") for name in ("w", "x", "y", "z")}
            chain = ml_chain(
                standing, features=steps["w"], split=steps["x"], training=steps["y"], validation=steps["z"]
            )
            assert_type(chain.training, EmrRunStepOperator)
    assert isinstance(ran, EmrRunStepOperator)


@pytest.mark.parametrize(("words", "states"), [(FailureWord, OnFailure), (ClusterStateWord, ClusterState)])
def test_words_that_an_editor_offers_are_those_that_there_are(words: Any, states: type[Enum]) -> None:
    assert get_args(words) == tuple(state.value for state in states)
