"""The trigger that watches jobs, and what jobs run on, on any compute. It starts nothing and judges nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar

from airflow.triggers.base import TriggerEvent

from airflow_emr_pipelines import settings, versions
from airflow_emr_pipelines.specs.reports import Report, Reports
from airflow_emr_pipelines.triggers.base import PatientTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.compute import Compute


S = TypeVar("S", bound="Report | Reports[Any]")


def is_event(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a task came back with what a JobsTrigger makes, as far as its form tells."""
    return isinstance(event, Mapping) and {"job", "report", "timed_out", "refused"} <= set(event)


@dataclass(frozen=True)
class JobKind(Generic[S]):
    """What tasks wait for: jobs of one kind, or what jobs run on.

    :param compute: the class of their compute by its path below ``hooks``: ``ec2.steps.EmrSteps``
    :param id_field: the name that a job's id has in events and XComs, or a list of ids that are waited for together
    :param place: the names that say there which compute the job is on
    :param read: makes the report that an event carries; BadTriggerEvent where that is none
    """

    compute: str
    id_field: str
    place: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], S]

    def is_said_by(self, job: Any) -> bool:
        """Whether what an event or an XCom says of a job tells which it is, and where."""
        return isinstance(job, Mapping) and all(job.get(name) is not None for name in (*self.place, self.id_field))

    def trigger(self, job: Mapping[str, Any], **watching: Any) -> JobsTrigger:
        """The trigger that watches a job; of what an event or an XCom says of it, as much as is needed is kept."""
        names = dict.fromkeys((*self.place, self.id_field))
        kept = {name: job[name] for name in names if name in job}
        return JobsTrigger(compute=self.compute, job=kept, id_field=self.id_field, **watching)


class JobsTrigger(PatientTrigger):
    """Wait until a job has one of the states, or has ended, and report what was seen; of several, until each has.

    The event is a dictionary: ``job`` (which one, as the trigger has it), ``report`` (what was seen last, or None; of
    several a mapping whose ``each`` are those that were seen), ``timed_out`` (the deadline passed first), ``refused``
    (why the service refused to answer; else None) and ``try_number`` (which try of the task waited).

    :param compute: the class of the compute by its path below ``hooks``: ``ec2.steps.EmrSteps``
    :param job: the job, and the compute that it is on, by the service's own names: cluster_id, step_id …
    :param id_field: the name that its id has there; where it has a list of them, each of those is waited for
    :param until: states that end the wait besides those that end the job
    :param deadline: when to stop waiting, in seconds since 1970; None for never
    :param cancel_on_kill: the job is the task's own, so it is cancelled when a user ends or clears the waiting task
    :param deferral: what PatientTrigger is told
    """

    def __init__(
        self,
        *,
        compute: str,
        job: Mapping[str, Any],
        id_field: str,
        until: Collection[str] = (),
        deadline: float | None = None,
        cancel_on_kill: bool = True,
        poll_seconds: float | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        **deferral: Any,
    ) -> None:
        super().__init__(**deferral)
        self.compute_path = compute
        self.job = dict(job)
        self.id_field = id_field
        self.until = list(until)
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.poll_seconds = settings.poll_seconds() if poll_seconds is None else poll_seconds
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.hook: Any = None
        """The connection of a task that waits in its worker; not part of what is serialized."""

    @property
    def job_ids(self) -> list[str]:
        """The ids that are waited for."""
        found = self.job[self.id_field]
        return list(found) if self.is_of_several else [str(found)]

    @property
    def is_of_several(self) -> bool:
        """Whether one event tells of several that are waited for together."""
        return isinstance(self.job[self.id_field], (list, tuple))

    @property
    def label(self) -> str:
        """The ids, as messages tell them."""
        return ", ".join(self.job_ids)

    def compute(self) -> Compute[Any]:
        """Where the job's state is asked for."""
        from airflow_emr_pipelines.hooks.compute import compute_class

        return compute_class(self.compute_path).of(self.job, self.aws_conn_id, self.region_name, self.hook)

    def hand_over(self, context: Context) -> None:
        super().hand_over(context)
        # dag.test() waits for the job itself, also when a triggerer has started this one and loses it.
        self.cancel_on_kill = self.cancel_on_kill and not versions.is_in_dag_test()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("job", "id_field", "until", "deadline", "cancel_on_kill", "poll_seconds", "aws_conn_id", "region_name")
        fields = {name: getattr(self, name) for name in names}
        return f"{__name__}.{type(self).__name__}", {"compute": self.compute_path, **fields, **self.deferral()}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            yield await self.event()
        except asyncio.CancelledError:
            if self.cancel_on_kill and not versions.TRIGGERS_ARE_TOLD_OF_KILLS:
                await versions.shielded(self._end_if_killed())
            raise

    async def _end_if_killed(self) -> None:
        state = await versions.state_of_task(self)
        if state is not None:
            await self._end(state)

    async def wait(self) -> dict[str, Any]:
        return self._together(await asyncio.gather(*map(self._wait_for, self.job_ids)))

    def come(self) -> dict[str, Any] | None:
        """The event's content where what is waited for has come by now, as one look tells; else None."""
        found, _ = self.compute().reports(self.job_ids)
        reports = [found.get(job_id) for job_id in self.job_ids]
        here = [report for report in reports if self._is_waited_for(report)]
        return self._together(list(map(self._event, here))) if len(here) == len(reports) else None

    def _is_waited_for(self, report: Report | Exception | None) -> TypeGuard[Report]:
        if report is None or isinstance(report, Exception):
            return False
        return report.state.finished or report.state.value in self.until

    def _together(self, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The one event of all that is waited for."""
        if not self.is_of_several:
            return events[0]
        reports = [event["report"] for event in events if event["report"] is not None]
        return {
            "job": self.job,
            "report": {"each": reports} if reports else None,
            "timed_out": any(event["timed_out"] for event in events),
            "refused": next((event["refused"] for event in events if event["refused"] is not None), None),
        }

    async def _wait_for(self, job_id: str) -> dict[str, Any]:
        from airflow_emr_pipelines.triggers.watcher import watcher_of

        watcher = watcher_of(self.compute())
        seen: Report | None = None
        async with watcher.waiting_for(job_id, self.poll_seconds) as reports:
            while True:
                left = None if self.deadline is None else max(0.0, self.deadline - time.time())
                try:
                    report = await asyncio.wait_for(reports.get(), left)
                except asyncio.TimeoutError:
                    return self._event(seen, timed_out=True)
                if isinstance(report, Exception):
                    return self._event(seen, refused=f"{type(report).__name__}: {report}")
                if seen is None or report.state != seen.state:
                    said = f": {report.said}" if report.said else ""
                    self.log.info("%s (%s) is %s%s", report.id, report.name, report.state.value, said)
                seen = report
                if self._is_waited_for(report):
                    return self._event(seen)

    async def on_kill(self) -> None:
        """Cancel the job this trigger carries, and no other: after a clear, the next try may have its own already.

        Airflow says this also to a triggerer whose triggers were given to another one while it stood still: the task
        waits on there, or has got what it waited for. It would give up on this after half a minute.
        """
        if self.cancel_on_kill:
            await versions.shielded(self._end_unless_it_waits())

    async def _end_unless_it_waits(self) -> None:
        try:
            state = await versions.state_of_task(self)
        except Exception as error:
            self.log.warning("How the task stands is not known (%s): it is taken for ended", error)
            state = None
        await self._end(state)

    async def _end(self, state: str | None) -> None:
        """Cancel the job, unless the task's state says that no user has ended the task."""
        if state == "deferred" or (state not in (None, "failed", "removed") and await self._is_of_use()):
            self.log.info("The task is %s: %s is left alone", state, self.label)
            return
        from airflow_emr_pipelines.triggers.cancelling import canceller_of

        self.log.info("The waiting task was ended by a user: cancelling %s", self.label)
        canceller = canceller_of(self.compute())
        await asyncio.gather(*map(canceller.cancel, self.job_ids))

    async def _is_of_use(self) -> bool:
        """Whether the job has become what was waited for, and goes on: the task may have got it already."""
        if not self.until:
            return False
        from asgiref.sync import sync_to_async

        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        compute, ids = self.compute(), self.job_ids
        await sync_to_async(compute.connect, thread_sensitive=False)()
        look = partial(retry_until_clear, partial(compute.reports, ids), operation="the last look")
        reports, _ = await asyncio.to_thread(look)
        seen = [reports.get(job_id) for job_id in ids]
        return all(
            report is not None and not isinstance(report, Exception) and report.state.value in self.until
            for report in seen
        )

    def _event(self, seen: Report | None, *, timed_out: bool = False, refused: str | None = None) -> dict[str, Any]:
        return {
            "job": self.job,
            "report": seen.to_event() if seen else None,
            "timed_out": timed_out,
            "refused": refused,
        }
