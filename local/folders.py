"""Folders that users name; a folder for each demo, and an end for those of earlier ones."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

PREFIX = "demo-"
LOCK = ".running"
DOOR = ".door"


def named_folder(text: str) -> Path:
    """The folder that an option names: its ``~`` is known here, since a shell reads none in ``--option=~/…``."""
    return Path(text).expanduser()


@contextmanager
def claim_folder(parent: Path) -> Iterator[Path]:
    """A new folder, ours until the block ends. It stays for the user to look; those of demos that are over go."""
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ours:
        with (parent / DOOR).open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)  # one at a time: a folder that is just being made holds no lock yet
            for earlier in parent.glob(f"{PREFIX}*"):
                remove_unless_running(earlier)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent.resolve()))
            lock = ours.enter_context((folder / LOCK).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def remove_unless_running(folder: Path) -> None:
    """Remove the folder of a demo that is over. A running one holds the lock, as long as its process lives."""
    try:
        with (folder / LOCK).open() as lock:
            if is_free(lock):
                shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # not a demo's folder


def is_free(lock: IO[str]) -> bool:
    """Whether nobody holds the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
