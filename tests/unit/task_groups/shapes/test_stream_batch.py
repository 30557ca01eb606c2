"""How a stream-batch reconciliation is wired, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, Asset

from airflow_emr_pipelines import OnFailure, ShellStep, existing_cluster, stream_batch
from airflow_emr_pipelines.errors import InvalidSpec
from tests.airflow_of import check_cycle

RECONCILE, LATE, JOIN = (ShellStep(name, "true") for name in ("Reconcile", "Late", "Join"))
MADE = Asset("s3://results/unified")


def test_the_steps_run_in_order_and_the_join_announces_what_it_wrote() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1") as emr:
        tasks = stream_batch(emr, late_data=LATE, reconcile=RECONCILE, join=JOIN, outlets=[MADE], retries=2)
    check_cycle(dag)
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "emr.late": {"emr.reconcile"},
        "emr.reconcile": {"emr.join"},
        "emr.join": set(),
    }
    assert [task.task_id for task in tasks] == ["emr.late", "emr.reconcile", "emr.join"]
    assert [task.retries for task in tasks] == [2, 2, 2]
    assert [task.outlets for task in tasks] == [[], [], [MADE]]


@pytest.mark.parametrize(
    "tolerated",
    [
        *(ShellStep("Late", "true", on_failure=word) for word in ("CONTINUE", OnFailure.CONTINUE, "{{ params.word }}")),
        {"kind": "shell", "name": "Late", "command": "true", "on_failure": "CONTINUE"},
    ],
)
def test_late_data_that_may_fail_is_refused(tolerated: Any) -> None:
    with DAG("d", schedule=None), existing_cluster("emr", "j-1") as emr:
        with pytest.raises(InvalidSpec, match="the join would take what an earlier run has written"):
            stream_batch(emr, late_data=tolerated, reconcile=RECONCILE, join=JOIN)
        emr.run(JOIN)
