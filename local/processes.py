"""Processes under a guard that write to a log file and tell when they die: ours, which never outlive us, and lasting
ones, which do."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from local.errors import NotReady, ProcessDied
from local.guard import RECORDED
from local.running import Running

CHECKOUT = Path(__file__).parents[1]
"""Where ``python -m local.guard`` is found: this package is not installed."""
STOP_SECONDS = 40.0  # more than the guard's own patience
LOOK_AGAIN_SECONDS = 0.1


class Process(Protocol):
    """One command that runs beside us."""

    name: str
    log: Path

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""

    @property
    def pid(self) -> int:
        """The guard's process id: all that belongs to the command descends from it."""

    def start(self) -> None:
        """Start it; its output goes to the log file."""

    def check(self) -> None:
        """Raise ProcessDied when it is not running any more."""

    def let_go(self) -> None:
        """Tell it to stop, without waiting for that."""

    def stop(self) -> None:
        """Stop it and wait until it and all that it started are gone. Does nothing when it is not running."""


class MakeProcess(Protocol):
    """What makes a process: a kind of them, or a function that knows more."""

    def __call__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> Process: ...


class GuardedProcess:
    """One command under a guard, which ends it when we end, in whatever way."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.name, self.command, self.env, self.log = name, list(command), dict(env), log
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again when it has died; its output goes to the log file."""
        self.stop()
        self._guard = start_guard(self.command, stdin=subprocess.PIPE, env=self.env, log=self.log)

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def pid(self) -> int:
        """The guard's process id: all that belongs to the command descends from it."""
        return self._running().pid

    def check(self) -> None:
        """Raise ProcessDied when it is not running any more."""
        code = self._running().poll()
        if code is not None:
            raise ProcessDied(self.name, code if code >= 0 else 128 - code, self.log)

    def let_go(self) -> None:
        """Tell it to stop, without waiting for that."""
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()

    def stop(self) -> None:
        """Stop it and wait until it and all that it started are gone. Does nothing when it is not running."""
        if self._guard is None:
            return
        self.let_go()
        try:
            self._guard.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        self._guard = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._guard is None:
            raise RuntimeError(f"The {self.name} was not started.")
        return self._guard


class LastingProcess:
    """One command under a guard that outlives us, in whatever way we end; whoever knows its file can stop it."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, record: Path) -> None:
        self.name, self.command, self.env, self.log, self.record = name, list(command), dict(env), log, Running(record)
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the log file."""
        guarded = [RECORDED, str(self.record.path), *self.command]
        self._guard = guard = start_guard(guarded, stdin=subprocess.DEVNULL, env=self.env, log=self.log)
        for _ in looks(f"The start of {self.name}", timeout=STOP_SECONDS, log=self.log):
            if guard.poll() is not None or (self.record.head is not None and self.record.head.pid == guard.pid):
                break

    @property
    def is_running(self) -> bool:
        """Whether it runs, whoever started it."""
        return self.record.head is not None

    @property
    def pid(self) -> int:
        """The guard's process id: all that belongs to the command descends from it."""
        head = self.record.head
        if head is None:
            raise RuntimeError(f"The {self.name} is not running.")
        return head.pid

    def check(self) -> None:
        """Raise ProcessDied when it is not running any more."""
        code = self._guard.poll() if self._guard is not None else None
        if code is not None or not self.is_running:
            raise ProcessDied(self.name, code if code is None or code >= 0 else 128 - code, self.log)

    def let_go(self) -> None:
        """Tell it to stop, without waiting for that."""
        self.record.let_go()

    def stop(self) -> None:
        """Stop it and wait until it and all that it started are gone. Does nothing when it is not running."""
        if not self.record.stop(STOP_SECONDS):
            raise NotReady(f"The end of {self.name}", 2 * STOP_SECONDS, self.log)
        if self._guard is not None:
            self._guard.wait()
            self._guard = None


def start_guard(arguments: Sequence[str], *, stdin: int, env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a guard with its command."""
    log.parent.mkdir(parents=True, exist_ok=True)
    guard = [sys.executable, "-m", "local.guard", *arguments]
    with log.open("ab") as out:
        # A session of its own: what a terminal sends, Ctrl-C or its end, reaches us alone.
        return subprocess.Popen(
            guard, stdin=stdin, stdout=out, stderr=out, env=dict(env), cwd=CHECKOUT, start_new_session=True
        )


def run_to_end(name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, timeout: float) -> None:
    """Run a command that ends by itself; ProcessDied when it fails, NotReady when it takes too long."""
    process = GuardedProcess(name, command, env=env, log=log)
    process.start()
    try:
        code = process._running().wait(timeout)
    except subprocess.TimeoutExpired:
        raise NotReady(f"The end of {name}", timeout, log) from None
    finally:
        process.stop()
    if code != 0:
        raise ProcessDied(name, code, log)


def wait_until(
    condition: Callable[[], bool], what: str, *, processes: Sequence[Process], timeout: float, log: Path
) -> None:
    """Look at the condition until it holds; meanwhile none of the processes may die."""
    for _ in looks(what, timeout=timeout, log=log):
        if condition():
            return
        for process in processes:
            process.check()


def looks(what: str, *, timeout: float, log: Path, every: float = LOOK_AGAIN_SECONDS) -> Iterator[None]:
    """Yield once per look, with a breath in between; NotReady when the time is over."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        yield
        time.sleep(every)
    raise NotReady(what, timeout, log)
