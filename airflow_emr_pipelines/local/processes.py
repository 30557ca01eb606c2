"""Child processes that write to a log file, tell when they die, and never outlive us."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from airflow_emr_pipelines.local.errors import NotReady, ProcessDied

STOP_SECONDS = 40.0  # more than the guard's own patience
LOOK_AGAIN_SECONDS = 0.1


class GuardedProcess:
    """One command under a guard, which ends it when we end, in whatever way."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.name, self.command, self.env, self.log = name, list(command), dict(env), log
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        guard = [sys.executable, "-m", "airflow_emr_pipelines.local.guard", *self.command]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches us alone, and we stop the rest in order.
            self._guard = subprocess.Popen(
                guard, stdin=subprocess.PIPE, stdout=log, stderr=log, env=self.env, start_new_session=True
            )

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
    condition: Callable[[], bool], what: str, *, processes: Sequence[GuardedProcess], timeout: float, log: Path
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
