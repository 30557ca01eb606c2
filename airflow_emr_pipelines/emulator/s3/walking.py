"""The keys of a bucket in S3's order, by walking through its folder: no further than a page of a listing needs."""

from __future__ import annotations

import heapq
import itertools
import os
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from airflow_emr_pipelines.emulator.s3.index import Index
from airflow_emr_pipelines.emulator.s3.names import is_file_name, is_text, is_uncommitted
from airflow_emr_pipelines.emulator.s3.stored_object import is_settled

_LARGE_FOLDER = 1000
_KEPT_SCANS = 4


class Walker:
    """Lists the keys below a root of buckets, with those that lie aside."""

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index
        self._scans: dict[str, tuple[int, list[str]]] = {}

    def entries(self, bucket: str, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, str]]:
        """List as S3 does: pairs of an entry (a key or a common prefix) and the first key in it, past `after`."""
        last = None
        aside = self._aside_names(bucket, prefix)
        placed = self._placed_names(bucket, prefix, after, fold=delimiter == "/")
        for name in heapq.merge(placed, aside):
            rest = name[len(prefix) :]
            cut = rest.find(delimiter) if delimiter else -1
            entry = name if cut < 0 else prefix + rest[: cut + len(delimiter)]
            if entry != last and entry > after:
                last = entry
                yield entry, name

    def _aside_names(self, bucket: str, prefix: str) -> list[str]:
        found = self._index.aside_below(bucket, prefix).items()
        return [key for key, aside in found if not aside.needs_folder or (self._root / bucket / key).is_dir()]

    def _placed_names(self, bucket: str, prefix: str, after: str, *, fold: bool) -> Iterator[str]:
        base = prefix[: prefix.rfind("/") + 1]
        if base and not all(is_file_name(segment) for segment in base[:-1].split("/")):
            return iter(())
        folder = self._root / bucket / base
        if os.path.realpath(folder) != str(folder):
            return iter(())
        hidden = any(map(is_uncommitted, base.split("/")))
        return self._walk(bucket, str(folder), base, prefix, after, fold, hidden)

    def _walk(
        self, bucket: str, folder: str, base: str, prefix: str, after: str, fold: bool, hidden: bool
    ) -> Iterator[str]:
        names = self._scanned(folder)
        start = bisect_left(names, after[len(base) :].partition("/")[0]) if after.startswith(base) else 0
        for name in itertools.islice(names, start, None):
            path = f"{folder}/{name[:-1]}" if name.endswith("/") else ""
            key = base + name
            unseen = hidden or is_uncommitted(name.removesuffix("/"))
            if not path:
                if (
                    key.startswith(prefix)
                    and key > after
                    and not (unseen and self._index.is_of_steps_alone(bucket, key))
                ):
                    yield key
                continue
            if not (key.startswith(prefix) or prefix.startswith(key)):
                continue
            folded = fold and key.startswith(prefix)
            if key <= after and (folded or not after.startswith(key)):
                continue
            if unseen and self._index.is_of_steps_alone(bucket, key):
                continue
            inside = self._walk(bucket, path, key, prefix, after, fold, unseen)
            yield from itertools.islice(inside, 1) if folded else inside

    def _scanned(self, folder: str) -> list[str]:
        """The names in a folder, sorted, those of folders with a slash at the end.

        Large folders are listed page by page: their names are kept for as long as nothing comes or goes.
        """
        try:
            changed, known = os.stat(folder).st_ctime_ns, self._scans.get(folder)
            if known is not None and known[0] == changed:
                return known[1]
            settled = is_settled(changed)
            with os.scandir(folder) as entries:
                names = sorted(
                    entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name
                    for entry in entries
                    if not entry.is_symlink() and is_text(entry.name)
                )
        except (FileNotFoundError, NotADirectoryError):
            return []  # removed meanwhile
        if settled and len(names) > _LARGE_FOLDER:
            self._scans = dict(itertools.islice(self._scans.items(), _KEPT_SCANS - 1))
            self._scans = {folder: (changed, names), **self._scans}
        return names
