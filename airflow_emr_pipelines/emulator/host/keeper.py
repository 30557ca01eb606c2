"""The parent of one step's process, of which no descendant gets away.

It is a program of its own, between the emulator and the step: on Linux, whoever loses his parent becomes a child of
its, however far he went: to a session of his own, with no variable in his environment. When its standard input ends,
because the emulator says so or is no more, it kills all that are left.

    python -I -S keeper.py MARK STDOUT STDERR PROGRAM ARGUMENT…

MARK is a variable that only the step gets, as NAME=VALUE; STDOUT and STDERR are descriptors for it. To its own standard
output it writes `started PID` or `failed ERRNO`, then `ended CODE`, and in the end `killed PID NAME` for each of the
others. It needs nothing but Python's own modules, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence

_SET_CHILD_SUBREAPER = 36  # of prctl
_IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEFAULT_SIGNALS = (*_IGNORED_SIGNALS, signal.SIGPIPE, signal.SIGXFSZ)


def main(arguments: Sequence[str]) -> None:
    mark, stdout, stderr, *command = arguments
    for number in _IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        step = _start(command, mark, int(stdout), int(stderr))
    except OSError as error:
        _report(f"failed {error.errno}")
        return
    _report(f"started {step}")
    runs = True
    while True:
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            runs = _reap(step) and runs
        if sys.stdin.fileno() in ready:
            break
    if runs:
        os.killpg(step, signal.SIGKILL)
    _kill_all(step)


def _start(command: list[str], mark: str, stdout: int, stderr: int) -> int:
    name, _, value = mark.partition("=")
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = [(os.POSIX_SPAWN_DUP2, mine, his) for his, mine in enumerate((nothing, stdout, stderr))]
    for descriptor in (stdout, stderr):
        os.set_inheritable(descriptor, False)
    environment = {**os.environ, name: value}
    return os.posix_spawnp(
        command[0], command, environment, file_actions=streams, setsid=True, setsigdef=_DEFAULT_SIGNALS
    )


def _reap(step: int) -> bool:
    """Take note of all who have died; False if the step has."""
    runs = True
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            _report_end(step, *found)
            runs = runs and found[0] != step
    return runs


def _report_end(step: int, pid: int, status: int) -> None:
    if pid == step:
        _report(f"ended {os.waitstatus_to_exitcode(status)}")


def _kill_all(step: int) -> None:
    """Kill the children until there are none; the children of each become ours when it is dead."""
    killed = set()
    with contextlib.suppress(ChildProcessError):
        while True:
            for pid, name in _children():
                if pid not in killed and pid != step:
                    _report(f"killed {pid} {name}")
                killed.add(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            _report_end(step, *os.waitpid(-1, 0))


def _children() -> Iterator[tuple[int, str]]:
    if sys.platform != "linux":
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{entry.name}/stat", errors="replace") as file:
                # The name stands in parentheses, and may hold some.
                name, _, rest = file.read().partition("(")[2].rpartition(")")
                state, parent = rest.split()[:2]
                if int(parent) == os.getpid() and state != "Z":
                    yield int(entry.name), name


def _report(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # of an emulator that is no more
        os.write(sys.stdout.fileno(), f"{line}\n".encode(errors="replace"))


if __name__ == "__main__":
    main(sys.argv[1:])
