"""What becomes of a trigger's job when a user ends the waiting task, and when Airflow only says so."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.operators.ec2.jobs import STEP
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.reports import Report
from airflow_emr_pipelines.triggers import cancelling
from airflow_emr_pipelines.triggers.jobs import JobsTrigger
from tests.unit.small_compute import SmallCompute, step

RUNNING = step("s-1", "RUNNING")


class Steps(SmallCompute):
    """A cluster whose step runs until it is cancelled; each call takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = threading.Event()
        self.cancelled: list[str] = []
        self.calls = 0
        self.faults: list[Exception] = []

    def connect(self) -> None:
        time.sleep(0.1)

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
        self.looked.set()
        return {"s-1": RUNNING}, 1

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        time.sleep(0.1)
        self.calls += 1
        if self.faults:
            raise self.faults.pop()
        self.cancelled += ids


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(JobsTrigger, "compute", lambda _: steps)
    monkeypatch.setattr(versions, "TRIGGERS_ARE_TOLD_OF_KILLS", False)
    monkeypatch.setattr(cancelling, "MOMENT", 0.05)
    return steps


@pytest.fixture
def tasks_were_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks_are(monkeypatch, "failed")


def tasks_are(monkeypatch: pytest.MonkeyPatch, state: str | Exception) -> None:
    async def answer(trigger: Any) -> str:
        await asyncio.sleep(0.1)
        if isinstance(state, Exception):
            raise state
        return state

    monkeypatch.setattr(versions, "state_of_task", answer)


def waiting_for(step_id: str, **watching: Any) -> JobsTrigger:
    return STEP.trigger({"cluster_id": "j-1", "step_id": step_id}, **watching)


async def ended(steps: Steps, *, cancellations: int, **words: Any) -> None:
    """A trigger that was seen to watch, and was cancelled so many times before it was gone."""
    trigger = waiting_for("s-1", poll_seconds=0.01, **words)
    running = asyncio.ensure_future(anext(trigger.run()))
    assert await asyncio.to_thread(steps.looked.wait, 5)
    for _ in range(cancellations):
        running.cancel()
        await asyncio.sleep(0.02)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert running.cancelled()


@pytest.mark.parametrize("cancellations", [1, 5])
def test_the_step_of_a_task_that_waits_no_more_is_cancelled_however_often_the_trigger_is(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, cancellations: int
) -> None:
    tasks_are(monkeypatch, "failed")
    asyncio.run(ended(steps, cancellations=cancellations))
    assert steps.cancelled == ["s-1"]


def test_a_triggerer_that_stops_leaves_the_step_of_a_waiting_task_alone(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks_are(monkeypatch, "deferred")
    asyncio.run(ended(steps, cancellations=3))
    assert steps.cancelled == []


def test_what_somebody_else_started_is_left_alone(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks_are(monkeypatch, "failed")
    asyncio.run(ended(steps, cancellations=1, cancel_on_kill=False))
    assert steps.cancelled == []


@pytest.mark.parametrize(
    ("state", "until", "left"),
    [
        pytest.param("deferred", (), True, id="its triggerer stood still, and another one has its trigger"),
        pytest.param("success", ["RUNNING"], True, id="it has got what it waited for there"),
        pytest.param("success", ["WAITING"], False, id="a user has marked it before it got that"),
        pytest.param("failed", ["RUNNING"], False, id="a user has failed it"),
        pytest.param("removed", ["RUNNING"], False, id="a user has deleted its run"),
        pytest.param(RuntimeError("Airflow is away"), (), False, id="Airflow does not say"),
    ],
)
def test_a_triggerer_that_is_told_of_a_kill_cancels_what_nobody_waits_for(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, state: str | Exception, until: Collection[str], left: bool
) -> None:
    tasks_are(monkeypatch, state)
    asyncio.run(waiting_for("s-1", until=until).on_kill())
    assert steps.cancelled == ([] if left else ["s-1"])


def test_what_the_service_says_of_a_failure_stands_in_the_log_before_the_task_goes_on(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow may end what goes on before it has read the step's own logs."""
    details = {"Reason": "Main Class not found", "Message": "password=hunter2", "LogFile": "s3://logs/j-1/stderr.gz"}
    status = {"State": "FAILED", "FailureDetails": details}
    failed = StepReport.from_answer("j-1", {"Id": "s-1", "Name": "one", "Status": status})
    monkeypatch.setattr(steps, "reports", lambda _: ({"s-1": failed}, 1))
    told: list[str] = []
    log = SimpleNamespace(info=lambda text, *words: told.append(text % words))
    monkeypatch.setattr(JobsTrigger, "log", log)
    asyncio.run(waiting_for("s-1").wait())
    assert told == ["s-1 (one) is FAILED: Main Class not found password=*** s3://logs/j-1/stderr.gz"]


@pytest.mark.usefixtures("tasks_were_failed")
def test_many_tasks_that_are_ended_at_once_cost_few_calls_however_long_those_take(steps: Steps) -> None:
    """Airflow stops to wait for each after half a minute; here sooner than even one of the calls has ended."""
    ids = [f"s-{number}" for number in range(200)]

    async def end_all() -> None:
        triggers = [waiting_for(step_id) for step_id in ids]
        kills = (asyncio.wait_for(trigger.on_kill(), 0.05) for trigger in triggers)
        await asyncio.gather(*kills, return_exceptions=True)

    asyncio.run(end_all())
    assert sorted(steps.cancelled) == sorted(ids)
    assert steps.calls <= 2


@pytest.mark.usefixtures("tasks_were_failed")
def test_jobs_whose_cancellation_failed_with_anothers_are_cancelled_all_the_same(steps: Steps) -> None:
    steps.faults = [RuntimeError("denied")]

    async def end_all() -> list[BaseException | None]:
        triggers = [waiting_for(step_id) for step_id in ("s-1", "s-2", "s-3")]
        return await asyncio.gather(*(trigger.on_kill() for trigger in triggers), return_exceptions=True)

    assert [str(error) for error in asyncio.run(end_all()) if error] == ["denied"]
    assert len(set(steps.cancelled)) == 2


@pytest.mark.parametrize(
    ("states", "state"),
    [
        pytest.param({"run": {"one": "deferred"}}, "deferred", id="a triggerer stops"),
        pytest.param({"run": {"one": "failed"}}, "failed", id="a user has ended it"),
        pytest.param({"run": {"one": None}}, "None", id="a user has cleared it"),
        pytest.param({}, "removed", id="a user has deleted its run"),
        pytest.param({"run": {"another": "failed"}}, None, id="Airflow does not say"),
    ],
)
def test_how_a_task_stands_is_what_airflow_answers(
    monkeypatch: pytest.MonkeyPatch, states: dict[str, Any], state: str | None
) -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda **_: states))
    task = SimpleNamespace(dag_id="dag", task_id="one", run_id="run", map_index=-1)
    trigger: Any = SimpleNamespace(task_instance=task)
    assert asyncio.run(versions.state_of_task(trigger)) == state
