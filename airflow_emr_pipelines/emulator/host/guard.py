"""The one process that outlives an emulator that was killed, to end what the emulator had started.

It holds the reading end of a pipe. While the emulator lives it is told which process groups exist; when the pipe
closes, for whatever reason, it kills them, and whatever carries the emulator's mark in its environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import psutil

MARK = "AIRFLOW_EMR_EMULATOR"
_PATIENCE_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.02


class Guard:
    """The emulator's end of the pipe; the process starts with the first group that it has to know."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Have the guard in place before anything is started."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__, self._mark],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )

    def watch(self, group: int) -> None:
        self._send(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._send(f"-{group}\n")

    def _send(self, line: str) -> None:
        self.start()
        with self._lock, contextlib.suppress(BrokenPipeError):
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Have it end what is left and wait for that."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()
                self._process.wait()
                self._process = None


@dataclass(frozen=True)
class Trace:
    """By what processes that belong together are known: their groups, and a mark that theirs begin with."""

    mark: str
    groups: frozenset[int] = frozenset()


def kill_group(group: int, sent: int = signal.SIGKILL) -> bool:
    """Whether there was anyone to signal."""
    try:
        os.killpg(group, sent)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def living(traces: Collection[Trace]) -> Iterator[tuple[psutil.Process, Trace]]:
    """The living processes that left a trace, each with the first of its traces: one look at all processes."""
    by_group = {group: trace for trace in traces for group in trace.groups}
    by_mark = {trace.mark: trace for trace in traces}
    for group in by_group:
        with contextlib.suppress(ChildProcessError):  # orphans become children of the first process of a container
            os.waitpid(-group, os.WNOHANG)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            trace = by_group.get(os.getpgid(process.pid)) or _first_marked(by_mark, process.environ().get(MARK, ""))
            if trace is not None and process.status() != psutil.STATUS_ZOMBIE:
                yield process, trace


def _first_marked(by_mark: Mapping[str, Trace], carried: str) -> Trace | None:
    while carried:
        if carried in by_mark:
            return by_mark[carried]
        carried = carried.rpartition("/")[0]
    return None


def kill_until_gone(traces: Collection[Trace]) -> dict[Trace, list[str]]:
    """Kill all that left one of the traces, until there is nobody left; returns who that was.

    One look is not enough: a process may be forking while it is killed.
    """
    killed: dict[Trace, dict[str, None]] = {trace: {} for trace in traces}
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        found = list(living(traces))
        if not found:
            break
        for process, trace in found:
            with contextlib.suppress(psutil.Error):
                killed[trace][f"{process.pid} {process.name()}"] = None
                process.kill()
        time.sleep(_LOOK_AGAIN_SECONDS)
    return {trace: list(names) for trace, names in killed.items()}


def main(mark: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    kill_until_gone([Trace(mark, frozenset(groups))])


if __name__ == "__main__":
    main(sys.argv[1])
