"""What is said when the disk is full, by whichever part of it."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_INDEX_IS_FULL = "database or disk is full"


class NoRoom(RuntimeError):
    """There is no room for what was to be written; what was there before still is."""


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Turn the errors of a full disk, or of a full quota, into NoRoom."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NoRoom(str(error)) from error
    except sqlite3.OperationalError as error:
        if str(error) != _INDEX_IS_FULL:
            raise
        raise NoRoom(str(error)) from error
