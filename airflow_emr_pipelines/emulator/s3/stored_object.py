"""An object as it lies on disk, known by its file's signature."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Signature = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, and inode."""

# Two writes within one tick of the file system's clock leave one time stamp: what was read is kept only after that.
_CLOCK_TICK_NS = 50_000_000


@dataclass(frozen=True)
class StoredObject:
    """An object as it lies on disk now."""

    bucket: str
    key: str
    path: Path | None  # None: a marker for an empty folder, which has no content
    signature: Signature
    etag: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.signature[0]

    @property
    def modified(self) -> float:
        return self.signature[1] / 1e9


def signature_of(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ino


def status_of(path: Path) -> os.stat_result | None:
    """Of a regular file; a link is no object."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def is_settled(changed_ns: int) -> bool:
    """Whether whatever is written now leaves another time stamp than this one."""
    return time.time_ns() - changed_ns > _CLOCK_TICK_NS


def digest(stored: StoredObject) -> tuple[str, bool]:
    """The ETag of an object's file, and whether it is sure to hold for as long as the signature does."""
    md5 = hashlib.md5(usedforsecurity=False)
    same = False
    if stored.path is not None:
        try:
            with open(stored.path, "rb") as file:
                while block := file.read(1 << 20):
                    md5.update(block)
                same = signature_of(os.fstat(file.fileno())) == stored.signature
        except FileNotFoundError:
            pass  # removed while it was being listed
    return md5.hexdigest(), same and is_settled(stored.signature[1])
