"""An event loop in which waiting takes no time: whenever nothing else is to be done, the clock leaps to what is due."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Instead of waiting for so long, it lets so much time pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0 if timeout is not None else None)


class VirtualLoop(asyncio.SelectorEventLoop):
    """What is given to a thread is done at once, so that no time passes beside the clock's."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


def run_at_once(work: Coroutine[Any, Any, T], monkeypatch: pytest.MonkeyPatch) -> tuple[T, float]:
    """What the work comes to, and the seconds that it would have taken."""
    loop = VirtualLoop()
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", loop.time)
        try:
            return loop.run_until_complete(work), loop.time()
        finally:
            loop.run_until_complete(_cancel_the_rest())
            loop.close()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
