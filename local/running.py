"""A file for each process in the background: which one it is, and by a lock whether anything of it still lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

SAME_START_SECONDS = 1.0  # a clock that is set moves the start times that the system tells
LOOK_AGAIN_SECONDS = 0.05


@contextmanager
def recorded(path: Path) -> Iterator[int]:
    """Say in the file that this process does the job; the descriptor that holds the lock.

    A child that gets the descriptor holds the lock as well: it is free when the last of the family is gone, however
    that came.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{os.getpid()} {psutil.Process().create_time()}")
        file.flush()
        fresh.replace(path)  # whoever sees the file sees it complete and locked
        yield file.fileno()


class Running:
    """What a file of ``recorded`` tells."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_alive(self) -> bool:
        """Whether anything of the family lives; a machine that went down leaves files whose locks are free."""
        try:
            with self.path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @property
    def head(self) -> psutil.Process | None:
        """The process that wrote the file, while it lives: by its id and its start, so never somebody else's."""
        try:
            pid, started = self.path.read_text().split()
            process = psutil.Process(int(pid))
            same = abs(process.create_time() - float(started)) < SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE and self.is_alive else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None

    def let_go(self) -> None:
        """Ask it to stop, without waiting for that."""
        head = self.head
        if head is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                head.terminate()

    def stop(self, patience: float) -> bool:
        """Stop it, for good when it takes too long; whether nothing of it is left."""
        self.let_go()
        if not self._ends_within(patience):
            head = self.head
            if head is not None:
                family = [head, *head.children(recursive=True)]
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
        return self._ends_within(patience)

    def _ends_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.is_alive and time.monotonic() < end:
            time.sleep(LOOK_AGAIN_SECONDS)
        return not self.is_alive
