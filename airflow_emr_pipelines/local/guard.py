"""Run one command, and see that nothing of it outlives whoever asked for it.

``python -m airflow_emr_pipelines.local.guard COMMAND…`` starts the command and ends it, with all that it started,
as soon as the guard's standard input closes. The owner holds the other end of that pipe, so its death by any signal,
SIGKILL included, is enough. A process group would not do: Airflow's tasks have groups of their own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import psutil

GRACE_SECONDS = 15.0
PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main(command: list[str], grace: float = GRACE_SECONDS) -> int:
    """Run the command to its end, or to the end of our standard input; answer its exit code."""
    adopt_orphans()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: in_background(end, child, grace))
    in_background(end_when_the_owner_is_gone, child, grace)
    code = child.wait()
    end_descendants(grace)
    return code if code >= 0 else 128 - code


def adopt_orphans() -> None:
    """Make us the parent of whatever our descendants leave behind, so that it can still be found. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


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
