"""When a trigger wakes its task, in times that no machine is too slow for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.operators.ec2.jobs import STEP
from airflow_emr_pipelines.triggers.base import PatientTrigger

DEFERRED = 1_000.0


class Airflow:
    """A clock that goes on by what is slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = DEFERRED
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def woken(self, *, started: float, lasts: float, least: float = 10.0) -> float:
        """How long after its deferral a task is woken, whose trigger starts then and waits so long."""

        class Trigger(PatientTrigger):
            def serialize(self) -> tuple[str, dict[str, Any]]:
                return "", self.deferral()

            async def wait(self) -> dict[str, Any]:
                await asyncio.sleep(lasts)
                return {}

        self.now = DEFERRED + started
        trigger = Trigger(try_number=1, deferred_at=DEFERRED, least_seconds=least)
        run(trigger.event())
        return self.now - DEFERRED


def run(waiting: Coroutine[Any, Any, Any]) -> Any:
    """Run what waits for nothing but the clock."""
    with pytest.raises(StopIteration) as ended:
        waiting.send(None)
    return ended.value.value


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    return Airflow(monkeypatch)


@pytest.mark.parametrize(
    ("started", "lasts", "woken"),
    [
        pytest.param(1.0, 0.0, 10.0, id="at once: it stays deferred for ten seconds"),
        pytest.param(1.0, 60.0, 61.0, id="later: it is not kept"),
        pytest.param(-5.0, 0.0, 10.0, id="the triggerer's clock is late"),
        pytest.param(8.0, 0.0, 16.0, id="Airflow is slow: as long again"),
        pytest.param(19.0, 60.0, 79.0, id="Airflow is slow, and the job slower"),
        pytest.param(3_600.0, 0.0, 3_600.0, id="a triggerer took over"),
    ],
)
def test_a_task_is_not_woken_before_airflow_has_heard_that_it_is_deferred(
    airflow: Airflow, started: float, lasts: float, woken: float
) -> None:
    assert airflow.woken(started=started, lasts=lasts) == woken


@pytest.mark.parametrize("is_test", [True, False])
def test_dag_test_wakes_at_once_and_its_job_is_nobody_elses_to_cancel(
    monkeypatch: pytest.MonkeyPatch, is_test: bool
) -> None:
    monkeypatch.setattr(versions, "is_in_dag_test", lambda: is_test)
    trigger = STEP.trigger({"cluster_id": "j-1", "step_id": "s-1"})
    context: Any = {"ti": SimpleNamespace(try_number=2)}
    trigger.hand_over(context)
    assert (trigger.deferred_at is None, trigger.cancel_on_kill, trigger.try_number) == (is_test, not is_test, 2)
