"""What an operator or sensor cannot do anything with is refused where it is written down."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from airflow.sdk.definitions.context import Context

from airflow_emr_pipelines import (
    EmrClusterSensor,
    EmrReapClustersOperator,
    EmrSizeExecutorsOperator,
    EmrTerminateClusterOperator,
)
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.states import ClusterState

sensor = partial(EmrClusterSensor, task_id="t", cluster_id="j-1")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (partial(sensor, target_states=["RUNING"]), r"target_states\[0\] = 'RUNING': .*; did you mean RUNNING\?"),
        (partial(sensor, target_states="TERMINATED"), r'write target_states=\["TERMINATED"\]'),
        (partial(sensor, target_states=[]), "there is no state to wait for"),
        (partial(EmrReapClustersOperator, task_id="t", older_than=15), "it is no timedelta"),
        (
            partial(EmrSizeExecutorsOperator, task_id="t", cluster_id="j-1", driver_share=0.9, executor_share=0.9),
            "they are shares of one node",
        ),
        (
            partial(EmrTerminateClusterOperator, task_id="t", cluster_id="j-1", poll_seconds=-1),
            "EmrTerminateClusterOperator.poll_seconds = -1: it must be at least 0",
        ),
        (
            partial(EmrTerminateClusterOperator, task_id="t", cluster_id="j-1", poll_seconds="often"),
            "poll_seconds = 'often': it is a number",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        make()


def test_states_are_words_or_members_of_the_enum_in_any_collection_and_may_be_templates() -> None:
    assert sensor(target_states={ClusterState.WAITING}).target_states == ["WAITING"]
    assert sensor(target_states=(ClusterState.RUNNING, "WAITING")).target_states == ["RUNNING", "WAITING"]
    late = sensor(target_states=["{{ params.state }}"])
    late.render_template_fields(Context(params={"state": "GONE"}))  # type: ignore[typeddict-item]
    with pytest.raises(InvalidSpec, match="'GONE': it is none of STARTING, "):
        late.trigger(None)


def test_the_reaper_takes_a_connection_and_an_age_as_every_operator_does() -> None:
    reap = EmrReapClustersOperator(task_id="t", older_than=timedelta(hours=1), aws_conn_id="other", region_name="x")
    assert (reap.aws_conn_id, reap.region_name, reap.older_than) == ("other", "x", timedelta(hours=1))
    assert set(reap.template_fields) == {"terminate", "aws_conn_id", "region_name"}
