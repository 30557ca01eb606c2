"""Triggers that watch steps and clusters of Amazon EMR on EC2. They start nothing and judge nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_emr_pipelines import settings, versions

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.compute import Report, Watched
    from airflow_emr_pipelines.hooks.ec2.emr import EmrHook


class EmrTrigger(BaseTrigger):
    """Wait until a job has one of the states, or has ended, and report what was seen.

    The event is a dictionary: ``job`` (which one, as the trigger's own fields), ``report`` (what was seen last, or
    None), ``timed_out`` (the deadline passed first), ``refused`` (why the service refused to answer; else None) and
    ``try_number`` (which try of the task waited).

    :param until: states that end the wait besides those that end the job
    :param deadline: when to stop waiting, in seconds since 1970; None for never
    :param cancel_on_kill: the job is the task's own, so it is cancelled when a user ends or clears the waiting task
    """

    def __init__(
        self,
        *,
        until: Collection[str] = (),
        deadline: float | None = None,
        cancel_on_kill: bool = True,
        poll_seconds: float | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        try_number: int | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = list(until)
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.poll_seconds = settings.poll_seconds() if poll_seconds is None else poll_seconds
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.hook: EmrHook | None = None
        """The connection of a task that waits in its worker; not part of what is serialized."""
        self.try_number = try_number

    @property
    def job_id(self) -> str:
        raise NotImplementedError

    def source(self) -> Watched:
        """Where the job's state is asked for."""
        raise NotImplementedError

    def own_fields(self) -> dict[str, Any]:
        """The fields that say which job this trigger waits for."""
        raise NotImplementedError

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__name__}", {**self.own_fields(), **self.shared_fields()}

    def shared_fields(self) -> dict[str, Any]:
        """The fields that every trigger has."""
        names = ("until", "deadline", "cancel_on_kill", "poll_seconds", "aws_conn_id", "region_name", "try_number")
        return {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            yield TriggerEvent({**await self.see(), "try_number": self.try_number})
        except asyncio.CancelledError:
            if not versions.TRIGGERS_ARE_TOLD_OF_KILLS:
                await versions.shielded(self._end_if_killed())
            raise

    async def _end_if_killed(self) -> None:
        state = await versions.state_of_task(self)
        if state is not None:
            await self._end(state)

    async def see(self) -> dict[str, Any]:
        """The event's content, when the wait is over."""
        return await self._see(self.job_id)

    async def _see(self, job_id: str) -> dict[str, Any]:
        from airflow_emr_pipelines.triggers.watcher import watcher_of

        watcher = watcher_of(self.source(), calls_per_second=settings.calls_per_second())
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
                    self.log.info("%s (%s) is %s", report.id, report.name, report.state.value)
                seen = report
                if report.state.finished or report.state.value in self.until:
                    return self._event(seen)

    async def on_kill(self) -> None:
        """Cancel the job this trigger carries, and no other: after a clear, the next try may have its own already.

        Airflow says this also to a triggerer whose triggers were given to another one while it stood still: the task
        waits on there, or has got what it waited for. It would give up on this after half a minute.
        """
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
        if not self.cancel_on_kill:
            return
        if state == "deferred" or (state not in (None, "failed", "removed") and await self._is_of_use()):
            self.log.info("The task is %s: %s is left alone", state, self.job_id)
            return
        from airflow_emr_pipelines.triggers.cancelling import canceller_of

        self.log.info("The waiting task was ended by a user: cancelling %s", self.job_id)
        await canceller_of(self.source()).cancel(self.job_id)

    async def _is_of_use(self) -> bool:
        """Whether the job has become what was waited for, and goes on: the task may have got it already."""
        if not self.until:
            return False
        from asgiref.sync import sync_to_async

        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        source = self.source()
        await sync_to_async(source.connect, thread_sensitive=False)()
        look = partial(retry_until_clear, partial(source.reports, [self.job_id]), operation="the last look")
        reports, _ = await asyncio.to_thread(look)
        report = reports.get(self.job_id)
        return report is not None and not isinstance(report, Exception) and report.state.value in self.until

    def _event(self, seen: Report | None, *, timed_out: bool = False, refused: str | None = None) -> dict[str, Any]:
        return {
            "job": self.own_fields(),
            "report": seen.to_event() if seen else None,
            "timed_out": timed_out,
            "refused": refused,
        }

    async def _see_each(self, job_ids: Sequence[str]) -> dict[str, Any]:
        """One event of several jobs that are waited for together; ``each`` of its report is that of one."""
        events = await asyncio.gather(*(self._see(job_id) for job_id in job_ids))
        reports = [event["report"] for event in events if event["report"] is not None]
        return {
            "job": self.own_fields(),
            "report": {"each": reports} if reports else None,
            "timed_out": any(event["timed_out"] for event in events),
            "refused": next((event["refused"] for event in events if event["refused"] is not None), None),
        }


class EmrStepTrigger(EmrTrigger):
    """Wait for a step of a cluster."""

    def __init__(self, *, cluster_id: str, step_id: str, **watching: Any) -> None:
        super().__init__(**watching)
        self.cluster_id = cluster_id
        self.step_id = step_id

    @property
    def job_id(self) -> str:
        return self.step_id

    def own_fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "step_id": self.step_id}

    def source(self) -> Watched:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        return EmrSteps(self.cluster_id, self.aws_conn_id, self.region_name, self.hook)


class EmrStepsTrigger(EmrTrigger):
    """Wait until several steps of a cluster have ended."""

    def __init__(self, *, cluster_id: str, step_ids: Sequence[str], **watching: Any) -> None:
        super().__init__(**watching)
        self.cluster_id = cluster_id
        self.step_ids = list(step_ids)

    @property
    def job_id(self) -> str:
        return ", ".join(self.step_ids)

    def own_fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "step_ids": self.step_ids}

    async def see(self) -> dict[str, Any]:
        return await self._see_each(self.step_ids)

    def source(self) -> Watched:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        return EmrSteps(self.cluster_id, self.aws_conn_id, self.region_name, self.hook)


class EmrClusterTrigger(EmrTrigger):
    """Wait for a cluster."""

    def __init__(self, *, cluster_id: str, **watching: Any) -> None:
        super().__init__(**watching)
        self.cluster_id = cluster_id

    @property
    def job_id(self) -> str:
        return self.cluster_id

    def own_fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id}

    def source(self) -> Watched:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters

        return EmrClusters(self.aws_conn_id, self.region_name, self.cluster_id, self.hook)


class EmrCollectionsTrigger(EmrTrigger):
    """Wait until groups or fleets of a cluster are what they were asked to be, or have given up."""

    def __init__(
        self, *, cluster_id: str, collection_ids: Sequence[str], fleets: bool = False, **watching: Any
    ) -> None:
        super().__init__(**watching)
        self.cluster_id = cluster_id
        self.collection_ids = list(collection_ids)
        self.fleets = fleets

    @property
    def job_id(self) -> str:
        return ", ".join(self.collection_ids)

    def own_fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "collection_ids": self.collection_ids, "fleets": self.fleets}

    async def see(self) -> dict[str, Any]:
        return await self._see_each(self.collection_ids)

    def source(self) -> Watched:
        from airflow_emr_pipelines.hooks.ec2.collections import EmrCollections

        return EmrCollections(self.cluster_id, self.aws_conn_id, self.region_name, self.hook, fleets=self.fleets)
