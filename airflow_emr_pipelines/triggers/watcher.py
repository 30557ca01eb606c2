"""One poller for all who wait on the same compute in one event loop, within a budget of calls for the account."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
import weakref
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async

from airflow_emr_pipelines.aws_errors import ErrorKind, classify, code_of, pauses
from airflow_emr_pipelines.errors import UnknownState
from airflow_emr_pipelines.hooks.compute import Compute
from airflow_emr_pipelines.specs.reports import Report

log = logging.getLogger(__name__)

BURST = 5
"""Calls that may follow each other at once after a quiet time."""
THREADS = 4
"""Calls of one account that may be under way at the same time."""
PATIENCE = 900.0
"""Seconds for which it is borne that no call can even be made: credentials, proxies and databases come back."""


class Budget:
    """A token bucket: ``rate`` calls a second, of which a few may be saved up."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tokens = float(BURST)
        self.counted = time.monotonic()

    async def spend(self) -> None:
        """Wait until the account may be called once more."""
        self.charge(1)
        if self.tokens < 0:
            try:
                await asyncio.sleep(-self.tokens / self.rate)
            except asyncio.CancelledError:
                self.charge(-1)  # this call will not be made, so nobody has to wait for it
                raise

    def charge(self, calls: int) -> None:
        """Count calls that have been made already: they lengthen the next wait."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.counted) * self.rate) - calls
        self.counted = now


class Account:
    """What the watchers of one account share: the budget, and threads of their own, should its connection hang."""

    def __init__(self, calls_per_second: float) -> None:
        self.budget = Budget(calls_per_second)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="emr-watcher")


class Watcher:
    """Asks one compute for everything that anybody waits for, and tells each waiter of its own.

    It goes on through throttling, faults of the service, lost connections, expired sessions and states it does not
    know, for as long as somebody waits. Only a refusal ends it, or that no call could be made for long: every waiter
    is told.

    :param retire: called when the last waiter has left; nobody may join then
    """

    def __init__(self, compute: Compute[Any], account: Account, retire: Callable[[], object]) -> None:
        self.compute = compute
        self.account = account
        self.retire = retire
        self.waiters: dict[str, dict[asyncio.Queue[Report | Exception], float]] = {}
        self.joined = asyncio.Event()
        self.polling: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def waiting_for(self, job_id: str, poll_seconds: float) -> AsyncIterator[asyncio.Queue[Report | Exception]]:
        """A queue that gets what is seen of the job at each look, until the block is left.

        :param poll_seconds: seconds between two looks at the most, as far as the budget allows
        """
        queue: asyncio.Queue[Report | Exception] = asyncio.Queue()
        self.waiters.setdefault(job_id, {})[queue] = poll_seconds
        self.joined.set()
        if self.polling is None or self.polling.done():
            # In an empty context, so that what the poller logs is not taken for one task's.
            self.polling = contextvars.Context().run(asyncio.get_running_loop().create_task, self._poll())
            self.polling.add_done_callback(self._tell_fault)
        try:
            yield queue
        finally:
            del self.waiters[job_id][queue]
            if not self.waiters[job_id]:
                del self.waiters[job_id]
            if not self.waiters:
                self.polling.cancel()
                self.retire()

    async def _poll(self) -> None:
        connected = False
        troubles = pauses()
        well = time.monotonic()
        while self.waiters:
            self.joined.clear()
            await self.account.budget.spend()
            try:
                if not connected:
                    await self._connect()
                    connected = True
                ids, threads = tuple(self.waiters), self.account.threads
                reports, calls = await asyncio.get_running_loop().run_in_executor(threads, self.compute.reports, ids)
            except Exception as error:
                if _is_final(error, time.monotonic() - well):
                    self._tell_all(error)
                    return
                connected = connected and not _needs_new_session(error)
                pause = next(troubles)
                log.warning("Still watching %s after: %s; next look in %.0f s", self.compute.identity, error, pause)
                await asyncio.sleep(pause)
                continue
            troubles, well = pauses(), time.monotonic()
            self._tell(reports)
            self.account.budget.charge(calls - 1)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.joined.wait(), self._pause())

    async def _connect(self) -> None:
        """Airflow looks connections up through the event loop, which sync_to_async keeps in reach of the thread.

        A look-up goes to its end, even if nobody waits any more: before 3.3 one that is cut leaves its answer to
        whoever asks next, and that ends the triggerer.
        """
        connect = sync_to_async(self.compute.connect, thread_sensitive=False, executor=self.account.threads)
        await asyncio.shield(connect())

    def _pause(self) -> float:
        """The shortest that any of the waiters asks for."""
        return min((seconds for queues in self.waiters.values() for seconds in queues.values()), default=0.0)

    def _tell(self, reports: Mapping[str, Report | Exception]) -> None:
        for job_id, report in reports.items():
            for queue in self.waiters.get(job_id, ()):
                queue.put_nowait(report)

    def _tell_fault(self, polling: asyncio.Task[None]) -> None:
        """Tell of a fault of ours that has ended the poller: nobody else would, and all would wait for ever."""
        if not polling.cancelled() and isinstance(fault := polling.exception(), Exception):
            self._tell_all(fault)

    def _tell_all(self, error: Exception) -> None:
        for queues in self.waiters.values():
            for queue in queues:
                queue.put_nowait(error)


def _needs_new_session(error: Exception) -> bool:
    return not isinstance(error, UnknownState) and classify(error) is ErrorKind.EXPIRED


def _is_final(error: Exception, seconds: float) -> bool:
    """Whether an error ends the watch: a refusal of the service, or any other that has lasted for so many seconds."""
    if isinstance(error, UnknownState) or classify(error) is not ErrorKind.REFUSED:
        return False
    return bool(code_of(error)) or seconds > PATIENCE


_watchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Watcher]] = weakref.WeakKeyDictionary()
_accounts: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Account]] = weakref.WeakKeyDictionary()


def watcher_of(compute: Compute[Any]) -> Watcher:
    """The watcher of that compute in the running event loop: made for the first waiter, kept until the last leaves."""
    loop = asyncio.get_running_loop()
    watchers, accounts = _watchers.setdefault(loop, {}), _accounts.setdefault(loop, {})
    if compute.account not in accounts:
        accounts[compute.account] = Account(compute.calls_per_second)
    if compute.identity not in watchers:
        account = accounts[compute.account]
        watchers[compute.identity] = Watcher(compute, account, partial(watchers.pop, compute.identity))
    return watchers[compute.identity]
