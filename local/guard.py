"""Run one command, and see that nothing of it is left when it ends or has to end.

``python -m local.guard COMMAND…`` starts the command and ends it, with all that it started,
as soon as the guard's standard input closes. The owner holds the other end of that pipe, so its death by any signal,
SIGKILL included, is enough. A process group would not do: Airflow's tasks have groups of their own.

``… guard --recorded FILE COMMAND…`` has no owner: it runs until it is told to stop by SIGTERM, and FILE says who it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from local.running import recorded

GRACE_SECONDS = 15.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
RECORDED = "--recorded"


def main(arguments: list[str], grace: float = GRACE_SECONDS) -> int:
    """Run the command to its end, or to ours; answer its exit code."""
    if arguments[0] != RECORDED:
        return run(arguments, grace, has_owner=True)
    with recorded(Path(arguments[1])) as lock:
        return run(arguments[2:], grace, has_owner=False, shared=[lock])


def run(command: list[str], grace: float, *, has_owner: bool, shared: Sequence[int] = ()) -> int:
    """Run the command, which gets the shared descriptors, until it ends or we are told to end it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # what our descendants leave behind becomes our child, and can still be found
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=shared, preexec_fn=end_with_the_guard)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: in_background(end, child, grace))
    if has_owner:
        in_background(end_when_the_owner_is_gone, child, grace)
    code = child.wait()
    end_descendants(grace)
    if code < 0:
        print(f"{' '.join(command)} was killed by signal {-code}", file=sys.stderr, flush=True)
    return code if code >= 0 else 128 - code


def end_with_the_guard() -> None:
    """Let the command stop when the guard itself is killed, which no code of ours can see to."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def prctl(option: int, value: int) -> None:
    """Ask something of the kernel that only Linux has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def in_background(work: Callable[[subprocess.Popen[bytes], float], None], *arguments: Any) -> None:
    """The main thread waits for the child, so neither it nor a signal handler, which runs on it, may wait for more."""
    threading.Thread(target=work, args=arguments, daemon=True).start()


def end_when_the_owner_is_gone(child: subprocess.Popen[bytes], grace: float) -> None:
    """Wait for the end of our standard input, then end the command."""
    while os.read(0, 1024):
        pass
    end(child, grace)


def end(child: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the command to stop, as it knows how; kill it when it has not done so in time."""
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()


def end_descendants(grace: float) -> None:
    """End what the command left behind: politely first, then for good, until nothing is there any more."""
    signalled = psutil.Process().children(recursive=True)
    for process in signalled:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(signalled, timeout=grace / 3)
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
