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
from collections.abc import Iterator

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
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
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


def marked(mark: str) -> Iterator[psutil.Process]:
    """The living processes whose environment carries a mark that begins so."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            carried = process.environ().get(MARK, "")
            if (carried == mark or carried.startswith(f"{mark}/")) and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def kill_group(group: int, sent: int = signal.SIGKILL) -> bool:
    """Whether there was anyone to signal."""
    try:
        os.killpg(group, sent)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_marked(mark: str) -> list[str]:
    """Kill every process that carries the mark; returns who that was."""
    names = []
    for process in marked(mark):
        with contextlib.suppress(psutil.Error):
            names.append(f"{process.pid} {process.name()}")
            process.kill()
    return names


def members(group: int) -> list[psutil.Process]:
    """The living processes of a group."""
    with contextlib.suppress(ChildProcessError):  # orphans become children of the first process of a container
        os.waitpid(-group, os.WNOHANG)
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(pid) == group:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def kill_until_gone(groups: set[int], mark: str) -> list[str]:
    """Kill the groups and all that carries the mark, until there is nobody left; returns who that was.

    One look is not enough: a process may be forking while it is killed.
    """
    killed: dict[str, None] = {}
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        for group in groups:
            killed |= dict.fromkeys(f"{process.pid} {process.name()}" for process in members(group))
            kill_group(group)
        killed |= dict.fromkeys(kill_marked(mark))
        if not any(members(group) for group in groups) and next(marked(mark), None) is None:
            break
        time.sleep(_LOOK_AGAIN_SECONDS)
    return list(killed)


def main(mark: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    kill_until_gone(groups, mark)


if __name__ == "__main__":
    main(sys.argv[1])
