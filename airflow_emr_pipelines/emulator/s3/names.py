"""Names of buckets and keys as names on disk: what S3 allows, what a file can bear, and what is only a step's own."""

from __future__ import annotations

import re

_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What a running step keeps in a bucket until it commits. A client does not see it, unless a client put it there.
_UNCOMMITTED = re.compile(
    r"_temporary(-.*)?|\.spark-staging.*|\.hive-staging.*|_task_tmp\..*|\..*\.crc|\..*\.[0-9a-f-]{36}(\.TID\d+)?\.tmp"
)
LAST_CHARACTER = "\U0010ffff"
"""Sorts after all that a key can go on with."""


class KeyNotInFolder(ValueError):
    """A key that is legal in S3 but cannot be the path of a file."""


def is_bucket_name(name: str) -> bool:
    """Whether S3 allows this name; one that it allows is also a harmless folder name."""
    return bool(_BUCKET_NAME.fullmatch(name)) and ".." not in name


def is_text(name: str) -> bool:
    """Whether a name on disk is UTF-8, as each key is."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_file_name(segment: str) -> bool:
    """Whether this part of a key, between two slashes, can be a name on disk."""
    if segment in ("", ".", "..") or "\x00" in segment or not is_text(segment):
        return False
    return len(segment.encode()) <= 255


def is_uncommitted(segment: str) -> bool:
    """Whether this part of a key is by its name something that a step has not committed."""
    return _UNCOMMITTED.fullmatch(segment) is not None
