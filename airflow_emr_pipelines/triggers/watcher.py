"""One poller for all who wait on the same compute in one event loop, within a budget of calls for the account."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
import weakref
from collections.abc import AsyncIterator, Hashable, Mapping

from asgiref.sync import sync_to_async

from airflow_emr_pipelines.errors import UnknownState
from airflow_emr_pipelines.hooks.answers import Meaning, meaning, pauses
from airflow_emr_pipelines.hooks.jobs import Report, Watched

log = logging.getLogger(__name__)

BURST = 5
"""Calls that may follow each other at once after a quiet time."""


class Budget:
    """A token bucket: ``rate`` calls a second, of which a few may be saved up."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tokens = float(BURST)
        self.counted = time.monotonic()

    async def spend(self, calls: int = 1) -> None:
        """Wait until the account may be called again; calls that have been made already only lengthen the next wait."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.counted) * self.rate) - calls
        self.counted = now
        if self.tokens < 0:
            await asyncio.sleep(-self.tokens / self.rate)


class Watcher:
    """Asks one compute for everything that anybody waits for, and tells each waiter of its own.

    It goes on through throttling, faults of the service, lost connections, expired sessions and states it does not
    know, for as long as somebody waits. Only a refusal ends it, and is raised in every waiter.
    """

    def __init__(self, source: Watched, budget: Budget, poll_seconds: float) -> None:
        self.source = source
        self.budget = budget
        self.poll_seconds = poll_seconds
        self.waiters: dict[str, list[asyncio.Queue[Report | Exception]]] = {}
        self.joined = asyncio.Event()
        self.polling: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def waiting_for(self, job_id: str) -> AsyncIterator[asyncio.Queue[Report | Exception]]:
        """A queue that gets what is seen of the job at each look, until the block is left."""
        queue: asyncio.Queue[Report | Exception] = asyncio.Queue()
        self.waiters.setdefault(job_id, []).append(queue)
        self.joined.set()
        if self.polling is None or self.polling.done():
            # In an empty context, so that what the poller logs is not taken for one task's.
            self.polling = contextvars.Context().run(asyncio.get_running_loop().create_task, self._poll())
        try:
            yield queue
        finally:
            self.waiters[job_id].remove(queue)
            if not self.waiters[job_id]:
                del self.waiters[job_id]
            if not self.waiters:
                self.polling.cancel()

    async def _poll(self) -> None:
        connected = False
        troubles = pauses()
        while self.waiters:
            self.joined.clear()
            await self.budget.spend()
            try:
                if not connected:
                    await sync_to_async(self.source.connect)()
                    connected = True
                reports, calls = await asyncio.to_thread(self.source.reports, tuple(self.waiters))
            except Exception as error:
                if not isinstance(error, UnknownState) and meaning(error) is Meaning.REFUSED:
                    self._tell_all(error)
                    return
                connected = connected and not _needs_new_session(error)
                pause = next(troubles)
                log.warning("Still watching %s after: %s; next look in %.0f s", self.source.identity, error, pause)
                await asyncio.sleep(pause)
                continue
            troubles = pauses()
            self._tell(reports)
            await self.budget.spend(calls - 1)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.joined.wait(), self.poll_seconds)

    def _tell(self, reports: Mapping[str, Report]) -> None:
        for job_id, report in reports.items():
            for queue in self.waiters.get(job_id, ()):
                queue.put_nowait(report)

    def _tell_all(self, error: Exception) -> None:
        for queues in self.waiters.values():
            for queue in queues:
                queue.put_nowait(error)


def _needs_new_session(error: Exception) -> bool:
    return not isinstance(error, UnknownState) and meaning(error) is Meaning.EXPIRED


_watchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Watcher]] = weakref.WeakKeyDictionary()
_budgets: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Budget]] = weakref.WeakKeyDictionary()


def watcher_of(source: Watched, *, poll_seconds: float, calls_per_second: float) -> Watcher:
    """The watcher of that compute in the running event loop: made on first use, shared afterwards."""
    loop = asyncio.get_running_loop()
    watchers = _watchers.setdefault(loop, {})
    known = watchers.get(source.identity)
    if known is None or not known.waiters:
        budget = _budgets.setdefault(loop, {}).setdefault(source.account, Budget(calls_per_second))
        known = watchers[source.identity] = Watcher(source, budget, poll_seconds)
    known.poll_seconds = min(known.poll_seconds, poll_seconds)
    return known
