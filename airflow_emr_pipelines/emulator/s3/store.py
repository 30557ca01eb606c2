"""Buckets as folders and objects as files, with an index beside them for what a file cannot say."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import heapq
import itertools
import json
import os
import re
import shutil
import sqlite3
import stat
import threading
import time
import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host.room import NoRoom, room

# What a running step keeps in a bucket until it commits. A client does not see it, unless a client put it there.
_UNCOMMITTED = re.compile(
    r"_temporary(-.*)?|\.spark-staging.*|\.hive-staging.*|_task_tmp\..*|\..*\.crc|\..*\.[0-9a-f-]{36}(\.TID\d+)?\.tmp"
)
_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LAST_CHARACTER = "\U0010ffff"
# Two writes within one tick of the file system's clock leave one time stamp: an ETag is remembered only after that.
_CLOCK_TICK_NS = 50_000_000
_ROWS_AT_ONCE = 100  # of eight values each: SQLite takes 999 values in one statement
_LARGE_FOLDER = 1000
_KEPT_SCANS = 4
_ONE_CONTENT = "bucket = ? AND key = ? AND size = ? AND modified = ? AND inode = ?"


def is_bucket_name(name: str) -> bool:
    """Whether S3 allows this name; one that it allows is also a harmless folder name."""
    return bool(_BUCKET_NAME.fullmatch(name)) and ".." not in name


class KeyNotInFolder(ValueError):
    """A key that is legal in S3 but cannot be the path of a file."""


class FolderInUse(RuntimeError):
    """Another emulator serves the same data folder."""


Signature = tuple[int, int, int]


def _signature(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ino


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


_TABLES = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, attributes TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (
    bucket TEXT, key TEXT, size INTEGER, modified INTEGER, inode INTEGER, etag TEXT, by_client INTEGER,
    attributes TEXT NOT NULL, PRIMARY KEY (bucket, key, size, modified, inode)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
    bucket TEXT, key TEXT, file TEXT, needs_folder INTEGER, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
"""
# The folders of an emulator that kept no more than one content of a key in its index.
_TAKE_OVER = "INSERT OR IGNORE INTO contents SELECT * FROM objects; DROP TABLE objects;"


class ObjectStore:
    """The object `key` of `bucket` is the file `<root>/<bucket>/<key>`, whoever wrote it.

    Beside the root lie an index (ETags, what clients said about their objects) and the few objects that no file can
    hold: keys such as `a` beside `a/b`, `a//b` or `..`. Where index and folder differ, the folder is right.

    The index knows contents by their files' signatures. A content is entered before its file comes to its place, by one
    renaming that keeps the signature, and the one that it replaces is forgotten only then: a process that is killed
    meanwhile leaves the old object or the new one, with what was said about it.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.beside = self.root.with_name(f"{self.root.name}-beside")
        for folder in (self.root, self.beside / "aside", self.beside / "versions"):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._scans: dict[str, tuple[int, list[str]]] = {}
        self._claim = _claim(self.beside / "lock")
        shutil.rmtree(self.beside / "incoming", ignore_errors=True)
        (self.beside / "incoming").mkdir()
        self._index = sqlite3.connect(self.beside / "index.sqlite", check_same_thread=False, isolation_level=None)
        self._index.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")
        if self._index.execute("SELECT 1 FROM sqlite_master WHERE name = 'objects'").fetchone():
            self._index.executescript(f"BEGIN; {_TAKE_OVER} COMMIT;")
        self._clear_aside()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._index.close()
            self._claim.close()

    # --- buckets

    def buckets(self) -> dict[str, dict[str, Any]]:
        """Every folder that can be a bucket, with what was saved about it."""
        with self._lock:
            saved = dict(self._index.execute("SELECT name, attributes FROM buckets"))
        folders = (entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False))
        return {name: json.loads(saved.get(name, "{}")) for name in sorted(folders) if is_bucket_name(name)}

    def has_bucket(self, bucket: str) -> bool:
        return is_bucket_name(bucket) and (self.root / bucket).is_dir()

    def save_bucket(self, bucket: str, attributes: Mapping[str, Any]) -> None:
        """Make the bucket if need be, and remember what belongs to it."""
        if not is_bucket_name(bucket):
            raise ValueError(f"not a bucket name: {bucket!r}")
        row = (bucket, json.dumps(attributes))
        with self._lock, room():
            if self._index.execute("SELECT * FROM buckets WHERE name = ?", (bucket,)).fetchone() != row:
                self._index.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?)", row)
            (self.root / bucket).mkdir(exist_ok=True)

    def drop_bucket(self, bucket: str) -> None:
        """Remove a bucket with all that is left in it."""
        with self._lock:
            gone = self._incoming()
            os.rename(self.root / bucket, gone)
            shutil.rmtree(gone, ignore_errors=True)
            for (file,) in self._index.execute("SELECT file FROM aside WHERE bucket = ?", (bucket,)).fetchall():
                self._forget_file(file)
            self._erase("DELETE FROM aside WHERE bucket = ?", (bucket,))
            self._erase("DELETE FROM contents WHERE bucket = ?", (bucket,))
            self._erase("DELETE FROM buckets WHERE name = ?", (bucket,))

    # --- names

    def path_of(self, bucket: str, key: str) -> Path:
        """The file that holds an object, or would hold it; KeyNotInFolder if no file can."""
        if not is_bucket_name(bucket):
            raise ValueError(f"not a bucket name: {bucket!r}")
        segments = key.split("/")
        if any(not _is_file_name(segment) for segment in segments):
            raise KeyNotInFolder(f"s3://{bucket}/{key}")
        return self.root.joinpath(bucket, *segments)

    def kept_aside(self, bucket: str, prefix: str) -> list[str]:
        """The keys equal to or below `prefix` that lie outside the folder, where no step can see them."""
        below = prefix.rstrip("/") + "/" if prefix else ""
        return [key for key in self._not_in_folder(bucket) if key == prefix or key.startswith(below)]

    def is_empty(self, bucket: str) -> bool:
        return next(self.entries(bucket), None) is None

    def names(self, bucket: str) -> Iterator[str]:
        """All keys, in S3's order."""
        return (name for _, name in self.entries(bucket))

    def entries(self, bucket: str, prefix: str = "", delimiter: str = "", after: str = "") -> Iterator[tuple[str, str]]:
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

    def _not_in_folder(self, bucket: str) -> list[str]:
        with self._lock:
            query = "SELECT key FROM aside WHERE bucket = ? AND NOT needs_folder ORDER BY key"
            return [key for (key,) in self._index.execute(query, (bucket,)).fetchall()]

    def _aside_names(self, bucket: str, prefix: str) -> list[str]:
        with self._lock:
            rows = self._index.execute(
                "SELECT key, needs_folder FROM aside WHERE bucket = ? AND key >= ? AND key < ?",
                (bucket, prefix, prefix + _LAST_CHARACTER),
            ).fetchall()
        return sorted(key for key, needs_folder in rows if not needs_folder or (self.root / bucket / key).is_dir())

    def _placed_names(self, bucket: str, prefix: str, after: str, *, fold: bool) -> Iterator[str]:
        base = prefix[: prefix.rfind("/") + 1]
        if base and not all(_is_file_name(segment) for segment in base[:-1].split("/")):
            return iter(())
        folder = self.root / bucket / base
        if os.path.realpath(folder) != str(folder):
            return iter(())
        hidden = any(_UNCOMMITTED.fullmatch(segment) for segment in base.split("/"))
        return self._walk(bucket, str(folder), base, prefix, after, fold, hidden)

    def _walk(
        self, bucket: str, folder: str, base: str, prefix: str, after: str, fold: bool, hidden: bool
    ) -> Iterator[str]:
        names = self._scanned(folder)
        start = bisect_left(names, after[len(base) :].partition("/")[0]) if after.startswith(base) else 0
        for name in itertools.islice(names, start, None):
            path = f"{folder}/{name[:-1]}" if name.endswith("/") else ""
            key = base + name
            unseen = hidden or _UNCOMMITTED.fullmatch(name.removesuffix("/")) is not None
            if not path:
                if key.startswith(prefix) and key > after and not (unseen and self._only_of_steps(bucket, key)):
                    yield key
                continue
            if not (key.startswith(prefix) or prefix.startswith(key)):
                continue
            folded = fold and key.startswith(prefix)
            if key <= after and (folded or not after.startswith(key)):
                continue
            if unseen and self._only_of_steps(bucket, key):
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
            settled = time.time_ns() - changed > _CLOCK_TICK_NS
            with os.scandir(folder) as entries:
                names = sorted(
                    entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name
                    for entry in entries
                    if not entry.is_symlink() and _is_text(entry.name)
                )
        except (FileNotFoundError, NotADirectoryError):
            return []  # removed meanwhile
        if settled and len(names) > _LARGE_FOLDER:
            self._scans = dict(itertools.islice(self._scans.items(), _KEPT_SCANS - 1))
            self._scans = {folder: (changed, names), **self._scans}
        return names

    def _only_of_steps(self, bucket: str, key: str) -> bool:
        """Whether no client has put this key or, if it is a folder's, one below it."""
        with self._lock:
            by_client = self._index.execute(
                "SELECT 1 FROM contents WHERE bucket = ? AND key >= ? AND key < ? AND by_client LIMIT 1",
                (bucket, key, key + (_LAST_CHARACTER if key.endswith("/") else "\x00")),
            ).fetchone()
        return by_client is None

    # --- objects

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The object as it is now."""
        path = self._place(bucket, key)
        if path is not None and not key.endswith("/"):
            status = _status(path)
            if status is not None and os.path.realpath(path) == str(path):
                unseen = any(_UNCOMMITTED.fullmatch(part) for part in key.split("/"))
                if unseen and self._only_of_steps(bucket, key):
                    return None
                return self._described(StoredObject(bucket, key, path, _signature(status)))
        return self._find_aside(bucket, key)

    def describe(self, bucket: str, keys: list[str]) -> dict[str, StoredObject]:
        """Several objects at once, keys in S3's order; those that are gone are left out."""
        if not keys:
            return {}
        with self._lock:
            rows = self._index.execute(
                "SELECT key, size, modified, inode, etag, attributes FROM contents"
                " WHERE bucket = ? AND key >= ? AND key <= ?",
                (bucket, keys[0], keys[-1]),
            ).fetchall()
        known = {row[:4]: row[4:] for row in rows}
        found: dict[str, StoredObject] = {}
        for key in keys:
            path = self._place(bucket, key)
            status = None if path is None or key.endswith("/") else _status(path)
            if path is None or status is None:
                stored = self._find_aside(bucket, key)
            else:
                signature = _signature(status)
                stored = _with_row(StoredObject(bucket, key, path, signature), known.get((key, *signature)))
            if stored is not None:
                found[key] = stored
        return found

    def refreshed(self, stored: StoredObject, status: os.stat_result) -> StoredObject:
        """The same object with the state that an open file of it shows."""
        if _signature(status) == stored.signature:
            return stored
        return self._described(StoredObject(stored.bucket, stored.key, stored.path, _signature(status)))

    def etag_of(self, stored: StoredObject) -> str:
        """The ETag, computed from the file once for each content."""
        (known,) = self.with_etags([stored])
        assert known.etag is not None
        return known.etag

    def with_etags(self, objects: Iterable[StoredObject]) -> list[StoredObject]:
        """The same objects with their ETags; those that are computed here are remembered together."""
        known, rows = [], []
        for stored in objects:
            if stored.etag is None:
                etag, settled = _digest(stored)
                if settled:
                    rows.append(_row(stored, etag, by_client=False, attributes=stored.attributes))
                known.append(replace(stored, etag=etag))
            else:
                known.append(stored)
        with contextlib.suppress(NoRoom), room():  # without room for it, it is computed again
            self._write_rows(rows)
            self._forget_older(rows)
        return known

    def read(self, stored: StoredObject) -> bytes:
        return stored.path.read_bytes() if stored.path is not None else b""

    def put(
        self, bucket: str, key: str, body: bytes, attributes: Mapping[str, Any] | None = None, etag: str | None = None
    ) -> StoredObject:
        """Store an object whole: a reader sees the old content or the new one."""
        if not self.has_bucket(bucket):
            raise FileNotFoundError(f"no bucket {bucket!r}")
        arrived = self._incoming()
        etag = etag or hashlib.md5(body, usedforsecurity=False).hexdigest()
        try:
            with room():
                arrived.write_bytes(body)
                with self._lock:
                    return self._enter(bucket, key, arrived, etag, dict(attributes or {}))
        finally:
            arrived.unlink(missing_ok=True)

    def _enter(self, bucket: str, key: str, arrived: Path, etag: str, attributes: dict[str, Any]) -> StoredObject:
        empty_marker = key.endswith("/") and arrived.stat().st_size == 0
        signature = (0, time.time_ns(), 0) if empty_marker else _signature(arrived.stat())
        entered = StoredObject(bucket, key, None, signature, etag, attributes)
        self._write_rows([_row(entered, etag, by_client=True, attributes=attributes)])
        try:
            path = self._take_in(bucket, key, None if empty_marker else arrived)
        except BaseException:
            self._forget_contents(bucket, key, "(size, modified, inode) = (?, ?, ?)", signature)
            raise
        self._forget_contents(bucket, key, "(size, modified, inode) <> (?, ?, ?)", signature)
        return replace(entered, path=path)

    def save_attributes(self, stored: StoredObject, attributes: Mapping[str, Any]) -> None:
        """Remember what a client said of an object, unless it has been replaced meanwhile."""
        with self._lock:
            now = self.find(stored.bucket, stored.key)
            if now is not None and now.signature == stored.signature:
                etag = stored.etag or self.etag_of(stored)
                with room():
                    self._write_rows([_row(stored, etag, by_client=True, attributes=attributes)])

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object and the folders that it leaves empty."""
        with self._lock:
            known = self.find(bucket, key)
            if known is None:
                return False
            aside = self._index.execute("SELECT file FROM aside WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
            if known.path is not None:  # first of all: on a full disk, this makes the room that the index needs
                known.path.unlink(missing_ok=True)
            if aside is not None:
                self._forget_file(aside[0])
                self._erase("DELETE FROM aside WHERE bucket = ? AND key = ?", (bucket, key))
            self._forget_contents(bucket, key)
            place = self._place(bucket, key)
            if place is not None:
                self._remove_empty_folders(bucket, place if key.endswith("/") else place.parent)
            self._bring_back(bucket, key)
            return True

    def keep_version(self, stored: StoredObject) -> StoredObject:
        """The same content under a name of its own, so that it outlives a new version; forgotten at the next start."""
        kept = self.beside / "versions" / uuid.uuid4().hex
        if stored.path is None:
            return stored
        etag = self.etag_of(stored)  # now: later it would be remembered as that of the object in its place
        os.link(stored.path, kept)
        return StoredObject(stored.bucket, stored.key, kept, stored.signature, etag, stored.attributes)

    # --- the parts of the above

    def _incoming(self) -> Path:
        return self.beside / "incoming" / uuid.uuid4().hex

    def _forget_file(self, name: str | None) -> None:
        if name:
            (self.beside / "aside" / name).unlink(missing_ok=True)

    def _place(self, bucket: str, key: str) -> Path | None:
        try:
            return self.path_of(bucket, key.removesuffix("/"))
        except KeyNotInFolder:
            return None

    def _find_aside(self, bucket: str, key: str) -> StoredObject | None:
        with self._lock:
            row = self._index.execute(
                "SELECT file, needs_folder FROM aside WHERE bucket = ? AND key = ?", (bucket, key)
            ).fetchone()
            if row is None:
                return None
            file, needs_folder = row
            if needs_folder and not (self.root / bucket / key).is_dir():
                return None
            if file:
                path = self.beside / "aside" / file
                status = _status(path)
                return self._described(StoredObject(bucket, key, path, _signature(status))) if status else None
            (modified,) = self._index.execute(
                "SELECT max(modified) FROM contents WHERE bucket = ? AND key = ? AND inode = 0", (bucket, key)
            ).fetchone()
            return self._described(StoredObject(bucket, key, None, (0, modified or 0, 0)))

    def _described(self, stored: StoredObject) -> StoredObject:
        with self._lock:
            row = self._index.execute(
                f"SELECT etag, attributes FROM contents WHERE {_ONE_CONTENT}",
                (stored.bucket, stored.key, *stored.signature),
            ).fetchone()
        return _with_row(stored, row)

    def _write_rows(self, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._lock:
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[first : first + _ROWS_AT_ONCE]
                places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(some))
                self._index.execute(f"INSERT OR REPLACE INTO contents VALUES {places}", [*itertools.chain(*some)])

    def _forget_older(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Forget what steps wrote before they wrote this."""
        if not rows:
            return
        with self._lock, self._index:  # which commits
            self._index.execute("BEGIN")
            self._index.executemany(
                "DELETE FROM contents WHERE bucket = ? AND key = ? AND NOT by_client"
                " AND (size, modified, inode) <> (?, ?, ?)",
                [row[:5] for row in rows],
            )

    def _forget_contents(self, bucket: str, key: str, which: str = "TRUE", values: tuple[Any, ...] = ()) -> None:
        """Forget contents of a key. Where there is no room even for that they stay, and describe no file."""
        with contextlib.suppress(NoRoom):
            self._erase(f"DELETE FROM contents WHERE bucket = ? AND key = ? AND {which}", (bucket, key, *values))

    def _erase(self, statement: str, values: tuple[Any, ...]) -> None:
        """Delete from the index, which grows by that until its log is written back."""
        try:
            with room():
                self._index.execute(statement, values)
        except NoRoom:
            with room():
                self._index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._index.execute(statement, values)

    def _clear_aside(self) -> None:
        """Remove what an emulator left half done that was killed."""
        rows = self._index.execute("SELECT bucket, key, file FROM aside").fetchall()
        known = {file for _, _, file in rows if file}
        there = set(os.listdir(self.beside / "aside"))
        for name in there - known:
            self._forget_file(name)
        for bucket, key, file in rows:
            place = None if key.endswith("/") else self._place(bucket, key)
            superseded = place is not None and _status(place) is not None
            if superseded or (file and file not in there) or not (self.root / bucket).is_dir():
                self._forget_file(file)
                self._erase("DELETE FROM aside WHERE bucket = ? AND key = ?", (bucket, key))

    def _take_in(self, bucket: str, key: str, arrived: Path | None) -> Path | None:
        """Move a new content to its place, in the folder where it can be a file, else aside. None: an empty marker."""
        place = self._place(bucket, key)
        if key.endswith("/"):
            holds_folder = place is not None and self._make_folder(bucket, place)
            return self._set_aside(bucket, key, arrived, needs_folder=holds_folder)
        assert arrived is not None
        if place is None or not self._move_in(bucket, arrived, place):
            return self._set_aside(bucket, key, arrived, needs_folder=False)
        row = self._index.execute("SELECT file FROM aside WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        if row is not None:
            self._forget_file(row[0])
            self._erase("DELETE FROM aside WHERE bucket = ? AND key = ?", (bucket, key))
        return place

    def _move_in(self, bucket: str, arrived: Path, place: Path) -> bool:
        while self._make_folder(bucket, place.parent):
            try:
                os.replace(arrived, place)
            except IsADirectoryError:
                self._remove_empty_folders(bucket, place, below=True)
                if place.is_dir():
                    return False
            except FileNotFoundError:
                continue  # a step removed the folder just then
            except NotADirectoryError:
                return False
            else:
                return True
        return False

    def _make_folder(self, bucket: str, folder: Path) -> bool:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return False  # an object is where the folder would be
        return os.path.realpath(folder) == str(folder)

    def _set_aside(self, bucket: str, key: str, arrived: Path | None, *, needs_folder: bool) -> Path | None:
        old = self._index.execute("SELECT file FROM aside WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        path = self.beside / "aside" / arrived.name if arrived is not None else None
        row = (bucket, key, path.name if path is not None else None, int(needs_folder))
        try:
            if arrived is not None and path is not None:
                os.replace(arrived, path)
            self._index.execute("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)", row)
        except BaseException:
            self._forget_file(row[2])
            raise
        if old is not None:
            self._forget_file(old[0])
        return path

    def _remove_empty_folders(self, bucket: str, folder: Path, *, below: bool = False) -> None:
        top = self.root / bucket
        if below:
            for path, _, _ in os.walk(folder, topdown=False):
                if not self._has_marker(bucket, Path(path)) and not _rmdir(path):
                    return
        while folder != top and not self._has_marker(bucket, folder) and _rmdir(folder):
            folder = folder.parent

    def _has_marker(self, bucket: str, folder: Path) -> bool:
        key = f"{folder.relative_to(self.root / bucket).as_posix()}/"
        query = "SELECT 1 FROM aside WHERE bucket = ? AND key = ? AND needs_folder"
        return self._index.execute(query, (bucket, key)).fetchone() is not None

    def _bring_back(self, bucket: str, deleted: str) -> None:
        """Put keys into the folder that the deleted one kept out of it."""
        for key in self._not_in_folder(bucket):
            place = self._place(bucket, key)
            related = key.startswith(deleted.rstrip("/") + "/") or deleted.startswith(key.rstrip("/"))
            if place is None or not related:
                continue
            (file,) = self._index.execute(
                "SELECT file FROM aside WHERE bucket = ? AND key = ?", (bucket, key)
            ).fetchone()
            if key.endswith("/"):
                if self._make_folder(bucket, place):
                    self._index.execute("UPDATE aside SET needs_folder = 1 WHERE bucket = ? AND key = ?", (bucket, key))
            elif file and self._move_in(bucket, self.beside / "aside" / file, place):
                self._index.execute("DELETE FROM aside WHERE bucket = ? AND key = ?", (bucket, key))


def _claim(path: Path) -> Any:
    file = open(path, "a+")  # noqa: SIM115 — held open for as long as the store lives
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FolderInUse(f"the data folder {path.parent.parent} is served by another emulator") from None
    return file


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False  # not UTF-8 on disk, so it cannot be a key
    return True


def _is_file_name(segment: str) -> bool:
    if segment in ("", ".", "..") or "\x00" in segment or not _is_text(segment):
        return False
    return len(segment.encode()) <= 255


def _status(path: Path) -> os.stat_result | None:
    """Of a regular file; a link is no object."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _rmdir(folder: str | Path) -> bool:
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True


def _digest(stored: StoredObject) -> tuple[str, bool]:
    """The ETag of an object's file, and whether it is sure to hold for as long as the signature does."""
    digest = hashlib.md5(usedforsecurity=False)
    settled = False
    if stored.path is not None:
        try:
            with open(stored.path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
                settled = _signature(os.fstat(file.fileno())) == stored.signature
        except FileNotFoundError:
            pass  # removed while it was being listed
    return digest.hexdigest(), settled and time.time_ns() - stored.signature[1] > _CLOCK_TICK_NS


def _row(stored: StoredObject, etag: str, *, by_client: bool, attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    return (stored.bucket, stored.key, *stored.signature, etag, int(by_client), json.dumps(attributes))


def _with_row(stored: StoredObject, row: tuple[Any, ...] | None) -> StoredObject:
    return stored if row is None else replace(stored, etag=row[0], attributes=json.loads(row[1]))
