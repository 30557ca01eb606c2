"""How steps from a document are wired, and when one of them may start."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.sdk import DAG

from airflow_emr_pipelines import (
    EmrCluster,
    EmrRunDocumentStepOperator,
    Group,
    InstanceGroups,
    ShellStep,
    existing_cluster,
    steps_from_document,
    transient_cluster,
    versions,
)
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.versions import AirflowFailException, TaskDeferred
from tests.airflow_of import DagSerialization, check_cycle

CLUSTER = EmrCluster("shapes", "emr-7.10.0", InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)))


def edges(dag: DAG) -> dict[str, set[str]]:
    check_cycle(dag)
    DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {task.task_id: task.downstream_task_ids for task in dag.tasks}


def test_the_document_is_read_before_the_steps_of_a_standing_cluster() -> None:
    with DAG("d", schedule=None) as dag:
        steps_from_document(existing_cluster("emr", "j-1", region_name="eu-west-1"), "s3://etl-configs/steps.json")
    assert edges(dag) == {"read_steps": {"emr.steps"}, "emr.steps": set()}
    read: Any = dag.get_task("read_steps")
    assert read.region_name == "eu-west-1"


def test_a_faulty_document_makes_no_cluster() -> None:
    with DAG("d", schedule=None) as dag:
        steps_from_document(transient_cluster("emr", CLUSTER), "s3://etl-configs/steps.yaml", retries=2)
    drawn = edges(dag)
    assert "emr.create_cluster" in drawn["read_steps"]
    assert {"emr.steps", "emr.steps_ended", "emr.terminate_cluster"} <= drawn["emr.create_cluster"]
    assert drawn["emr.steps"] == {"emr.steps_ended"}


def test_a_document_lies_in_s3() -> None:
    with DAG("d", schedule=None), pytest.raises(InvalidSpec, match=r"document = '/tmp/steps\.json'"):
        steps_from_document(existing_cluster("emr", "j-1"), "/tmp/steps.json")


def start(after: list[int], states: dict[str, str], *, deferrable: bool = True) -> list[list[str]]:
    """What becomes of instance 2 when the others are in those states: the tasks that it asked after."""
    asked = []

    def get_task_states(*, task_ids: list[str], **_: Any) -> dict[str, dict[str, str]]:
        asked.append(task_ids)
        return {"r": states} if states else {}

    ti = SimpleNamespace(dag_id="d", task_id="emr.steps", run_id="r", try_number=1, get_task_states=get_task_states)
    operator = EmrRunDocumentStepOperator(
        task_id="steps",
        step=ShellStep("two", "true"),
        after=after,
        cluster_id="j-1",
        poll_seconds=0,
        deferrable=deferrable,
    )
    context: Any = {"ti": ti}
    operator._await_those_before(context)
    return asked


def test_a_step_starts_when_all_that_it_depends_on_have_ended_well() -> None:
    assert start([], {}) == [], "nobody is asked after for a step that depends on none"
    assert start([0], {"emr.steps_0": "success", "emr.steps_1": "running"}) == [["emr.steps"]]


ON_THEIR_WAY = ("running", "deferred", "up_for_retry", "up_for_reschedule", "scheduled", "None")


@pytest.mark.parametrize("state", ON_THEIR_WAY)
@pytest.mark.parametrize("end", ["success", "failed", "upstream_failed", "skipped", "removed"])
def test_until_then_it_is_deferred_and_looks_again(monkeypatch: pytest.MonkeyPatch, state: str, end: str) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        start([0, 1], {"emr.steps_0": "success", "emr.steps_1": state})
    seen: list[Any] = [{"emr.steps_1": state}, RuntimeError("the database is locked"), {"emr.steps_1": end}]

    async def states_of_task(dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
        assert (dag_id, run_id, task_id) == ("d", "r", "emr.steps")
        found = seen.pop(0)
        if isinstance(found, Exception):
            raise found
        return dict(found)

    monkeypatch.setattr(versions, "states_of_task", states_of_task)
    assert asyncio.run(deferred.value.trigger.wait()) == {}
    assert (seen, deferred.value.method_name) == ([], "go_on")


def test_one_that_is_not_to_be_deferred_is_rescheduled() -> None:
    with pytest.raises(AirflowRescheduleException):
        start([0], {"emr.steps_0": "running"}, deferrable=False)


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", "removed"])
def test_after_a_failure_it_fails_without_a_retry(state: str) -> None:
    with pytest.raises(AirflowFailException, match=rf"Step two was not started: .*\[1\] is {state}"):
        start([0, 1], {"emr.steps_0": "running", "emr.steps_1": state})
