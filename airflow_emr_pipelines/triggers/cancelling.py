"""One cancellation of all that users end on the same compute in one moment."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Hashable
from typing import Any

from asgiref.sync import sync_to_async

from airflow_emr_pipelines.hooks.compute import Compute

MOMENT = 1.0
"""Seconds in which others may ask, too: whoever ends a DAG run ends all its tasks."""


class Canceller:
    """Cancels jobs of one compute, as many by one call as have been asked for by then.

    An account may send CancelSteps every two seconds, with 256 steps each, and a call is followed until the steps have
    ended: one for each of a hundred tasks would take minutes.
    """

    def __init__(self, compute: Compute[Any]) -> None:
        self.compute = compute
        self.asked: set[str] = set()
        self.busy = asyncio.Lock()

    async def cancel(self, job_id: str) -> None:
        """Cancel a job, and see its end where the compute does."""
        self.asked.add(job_id)
        async with self.busy:
            if job_id not in self.asked:  # whoever was busy has cancelled it as well
                return
            await asyncio.sleep(MOMENT)
            ids, self.asked = self.asked, set()
            try:
                await sync_to_async(self.compute.connect, thread_sensitive=False)()
                await asyncio.to_thread(self.compute.cancel, ids)
            except Exception:
                self.asked |= ids - {job_id}
                raise


_cancellers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.WeakValueDictionary[Hashable, Canceller]] = (
    weakref.WeakKeyDictionary()
)


def canceller_of(compute: Compute[Any]) -> Canceller:
    """The canceller of that compute in the running event loop: kept as long as somebody uses it."""
    cancellers = _cancellers.setdefault(asyncio.get_running_loop(), weakref.WeakValueDictionary())
    return cancellers.setdefault(compute.identity, Canceller(compute))
