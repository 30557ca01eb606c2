"""The host's memory, shared out among heavy steps: who does not fit waits its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from pathlib import Path

import psutil

_MIB = 1024 * 1024
# What a JVM and its Python workers take beside the heap.
OVERHEAD_MIB = 450
_SMALLEST_HEAP_MIB = 512
_SHARE_OF_HOST = 0.5


def host_memory_mib() -> int:
    """What this machine, or the container around us, has."""
    total = psutil.virtual_memory().total
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # no such file, or the word "max"
            total = min(total, int(Path(limit).read_text()))
    return int(total // _MIB)


class Memory:
    """A budget in MiB; heavy steps take from it in the order in which they asked."""

    def __init__(self, budget_mib: int | None = None) -> None:
        self.budget_mib = budget_mib or int(host_memory_mib() * _SHARE_OF_HOST)
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def largest_heap_mib(self) -> int:
        """Two heavy steps at once fit, so that steps which may overlap do."""
        return max(_SMALLEST_HEAP_MIB, self.budget_mib // 2 - OVERHEAD_MIB)

    def need_of(self, heap_mib: int) -> int:
        """What a step with this heap takes; never more than there is."""
        return min(heap_mib + OVERHEAD_MIB, self.budget_mib)

    def is_free(self, mib: int) -> bool:
        return not self._waiting and self._taken + mib <= self.budget_mib

    async def take(self, mib: int) -> None:
        if self.is_free(mib):
            self._taken += mib
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((mib, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(mib)
            else:
                self._waiting.remove((mib, turn))
                self._serve()
            raise

    def give_back(self, mib: int) -> None:
        self._taken -= mib
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._taken + self._waiting[0][0] <= self.budget_mib:
            mib, turn = self._waiting.popleft()
            if not turn.done():
                self._taken += mib
                turn.set_result(None)
