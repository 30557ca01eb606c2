"""When a trigger may wake its task: not before Airflow has heard that the process which deferred it has ended.

Airflow's executor tells the scheduler of that end under the key of the task's try, which is also that of the process
that resumes. Told only after the task was queued again, it is taken for the end of what runs now, and the try fails
(apache/airflow issues 71580 and 72716, open in 3.3.2). While the task is deferred that leaves no trace in Airflow's
database, so that there is nothing a trigger could ask for. What it can know is how long ago the deferral was, and how
slow Airflow is just now: how long it took from the deferral to the trigger's start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_emr_pipelines import settings, versions

if TYPE_CHECKING:
    from airflow.sdk import Context

LAGS = 2.0
"""A process ends, and is heard of, within so many times as long as Airflow took to start the trigger."""
LONGEST_LAG = 20.0
"""What took longer was a start anew, of a triggerer that took over, and says nothing of how slow Airflow is."""


class PatientTrigger(BaseTrigger):
    """A trigger that wakes its task not too soon after the deferral.

    :param try_number: which try of the task waits
    :param deferred_at: when it deferred, in seconds since 1970; None where it may be woken at once
    :param least_seconds: how long it stays deferred at the least
    """

    def __init__(
        self, *, try_number: int | None = None, deferred_at: float | None = None, least_seconds: float = 0.0
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.try_number = try_number
        self.deferred_at = deferred_at
        self.least_seconds = least_seconds

    def hand_over(self, context: Context) -> None:
        """Make ready for the triggerer: the task defers now."""
        self.try_number = context["ti"].try_number
        if not versions.is_in_dag_test():  # there no executor tells of anything
            self.deferred_at, self.least_seconds = time.time(), settings.least_deferral_seconds()

    def deferral(self) -> dict[str, Any]:
        """The fields that are stored of the deferral."""
        return {name: getattr(self, name) for name in ("try_number", "deferred_at", "least_seconds")}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        yield await self.event()

    async def wait(self) -> dict[str, Any]:
        """The event's content, when the wait is over."""
        raise NotImplementedError

    async def event(self) -> TriggerEvent:
        """The event, when the wait is over and the task may be woken."""
        begun = time.time()
        content = await self.wait()
        left = self._earliest(begun) - time.time()
        if left > 0:
            self.log.info("The task goes on in %.0f s, when Airflow will have heard that it is deferred", left)
            await asyncio.sleep(left)
        return TriggerEvent({**content, "try_number": self.try_number})

    def _earliest(self, begun: float) -> float:
        """When the task may be woken, in seconds since 1970.

        :param begun: when the trigger began
        """
        if self.deferred_at is None:
            return begun
        lag = min(begun - self.deferred_at, LONGEST_LAG)
        return self.deferred_at + max(self.least_seconds, LAGS * lag)
