"""Hadoop's patterns of paths: * ? [ab] {one,other}, none of which goes over a slash."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from airflow_emr_pipelines.emulator.host.shims.filesystems import filesystem_of

_WILDCARD = re.compile(r"[*?\[{]")
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


def expand(address: str) -> list[str]:
    """The files and folders that a pattern matches; an address without one is itself."""
    wildcard = _WILDCARD.search(address)
    if wildcard is None:
        return [address]
    top = address[: address.rfind("/", 0, wildcard.start()) + 1]
    patterns = [pattern.rstrip("/").split("/") for pattern in _plain(address[len(top) :])]
    found: set[str] = set()
    for file in filesystem_of(top).files(top):
        parts = file.path.split("/")
        for pattern in patterns:
            matched = parts[: len(pattern)]
            if len(matched) == len(pattern) and all(map(fnmatch.fnmatchcase, matched, pattern)):
                found.add(top + "/".join(matched))
    return sorted(found)


def _plain(pattern: str) -> Iterator[str]:
    """A pattern without alternatives for each choice among them."""
    alternatives = _ALTERNATIVES.search(pattern)
    if alternatives is None:
        yield pattern
        return
    for choice in alternatives[1].split(","):
        yield from _plain(pattern[: alternatives.start()] + choice + pattern[alternatives.end() :])
