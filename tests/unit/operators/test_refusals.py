"""What an operator or sensor cannot do anything with is refused where it is written down."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from airflow_emr_pipelines import EmrReapClustersOperator, EmrSizeExecutorsOperator, EmrTerminateClusterOperator
from airflow_emr_pipelines.errors import InvalidSpec

reap: Any = EmrReapClustersOperator


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (partial(reap, task_id="t", older_than=15), "it is no timedelta"),
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


def test_the_reaper_takes_a_connection_and_an_age_as_every_operator_does() -> None:
    reaper = EmrReapClustersOperator(task_id="t", older_than=timedelta(hours=1), aws_conn_id="other", region_name="x")
    assert (reaper.aws_conn_id, reaper.region_name, reaper.older_than) == ("other", "x", timedelta(hours=1))
    assert set(reaper.template_fields) == {"terminate", "aws_conn_id", "region_name"}
