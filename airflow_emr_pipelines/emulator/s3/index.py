"""What a file cannot say of an object, in a database beside the buckets: ETags, attributes, which keys lie aside."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from airflow_emr_pipelines.emulator.host.room import NoRoom, room
from airflow_emr_pipelines.emulator.s3.names import LAST_CHARACTER
from airflow_emr_pipelines.emulator.s3.stored_object import Signature, StoredObject

_ROWS_AT_ONCE = 100  # of eight values each: SQLite takes 999 values in one statement
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


class Aside(NamedTuple):
    """A key that lies outside its bucket's folder, or is the marker of a folder in it.

    :param file: where its content is, None for a marker without one
    :param needs_folder: whether it is there only for as long as its folder is
    """

    file: str | None
    needs_folder: bool


class Index:
    """The database; each call is one statement, and who needs several to be one holds the lock."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")
            if self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'objects'").fetchone():
                self._database.executescript(f"BEGIN; {_TAKE_OVER} COMMIT;")
        except sqlite3.Error:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._database.execute(query, values).fetchall()

    def _erase(self, statement: str, *values: object) -> None:
        """Delete from the index, which grows by that until its log is written back."""
        with self.lock:
            try:
                with room():
                    self._database.execute(statement, values)
            except NoRoom:
                with room():
                    self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._database.execute(statement, values)

    # --- buckets

    def buckets(self) -> dict[str, dict[str, Any]]:
        """What was saved about each bucket."""
        return {name: json.loads(saved) for name, saved in self._rows("SELECT name, attributes FROM buckets")}

    def save_bucket(self, bucket: str, attributes: Mapping[str, Any]) -> None:
        row = (bucket, json.dumps(attributes))
        with self.lock:
            if self._rows("SELECT * FROM buckets WHERE name = ?", bucket) != [row]:
                self._database.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?)", row)

    def forget_bucket(self, bucket: str) -> None:
        """Forget a bucket and all that was in it."""
        self._erase("DELETE FROM aside WHERE bucket = ?", bucket)
        self._erase("DELETE FROM contents WHERE bucket = ?", bucket)
        self._erase("DELETE FROM buckets WHERE name = ?", bucket)

    # --- contents

    def described(self, stored: StoredObject) -> StoredObject:
        """The object with what is known of this content."""
        rows = self._rows(
            "SELECT etag, attributes FROM contents"
            " WHERE bucket = ? AND key = ? AND (size, modified, inode) = (?, ?, ?)",
            *(stored.bucket, stored.key, *stored.signature),
        )
        return _with_row(stored, rows[0] if rows else None)

    def describer(self, bucket: str, first: str, last: str) -> Callable[[StoredObject], StoredObject]:
        """The same for many objects, asked for once: those whose keys are these two, or between them."""
        rows = self._rows(
            "SELECT key, size, modified, inode, etag, attributes FROM contents"
            " WHERE bucket = ? AND key >= ? AND key <= ?",
            *(bucket, first, last),
        )
        known = {row[:4]: row[4:] for row in rows}
        return lambda stored: _with_row(stored, known.get((stored.key, *stored.signature)))

    def enter(self, objects: Iterable[StoredObject], *, by_client: bool) -> None:
        """Remember these contents: who put them, their ETags and attributes."""
        rows = [
            (one.bucket, one.key, *one.signature, one.etag, int(by_client), json.dumps(one.attributes))
            for one in objects
        ]
        with self.lock:
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[first : first + _ROWS_AT_ONCE]
                places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(some))
                self._database.execute(f"INSERT OR REPLACE INTO contents VALUES {places}", [*itertools.chain(*some)])

    def forget_older_of_steps(self, objects: Sequence[StoredObject]) -> None:
        """Forget what steps wrote before they wrote this."""
        if not objects:
            return
        with self.lock, self._database:  # which commits
            self._database.execute("BEGIN")
            self._database.executemany(
                "DELETE FROM contents WHERE bucket = ? AND key = ? AND NOT by_client"
                " AND (size, modified, inode) <> (?, ?, ?)",
                [(one.bucket, one.key, *one.signature) for one in objects],
            )

    def forget_contents(self, bucket: str, key: str) -> None:
        """Forget all contents of a key. Where there is no room even for that they stay, and describe no file."""
        with contextlib.suppress(NoRoom):
            self._erase("DELETE FROM contents WHERE bucket = ? AND key = ?", bucket, key)

    def forget_content(self, stored: StoredObject, *, others: bool = False) -> None:
        """Forget this content of a key, or all its others; where there is no room for that they stay, as above."""
        compare = "<>" if others else "="
        query = f"DELETE FROM contents WHERE bucket = ? AND key = ? AND (size, modified, inode) {compare} (?, ?, ?)"
        with contextlib.suppress(NoRoom):
            self._erase(query, stored.bucket, stored.key, *stored.signature)

    def is_of_steps_alone(self, bucket: str, key: str) -> bool:
        """Whether no client has put this key or, if it is a folder's, one below it."""
        return not self._rows(
            "SELECT 1 FROM contents WHERE bucket = ? AND key >= ? AND key < ? AND by_client LIMIT 1",
            *(bucket, key, key + (LAST_CHARACTER if key.endswith("/") else "\x00")),
        )

    def marker_signature(self, bucket: str, key: str) -> Signature:
        """That of a marker for an empty folder: when it was put last."""
        ((modified,),) = self._rows(
            "SELECT max(modified) FROM contents WHERE bucket = ? AND key = ? AND inode = 0", bucket, key
        )
        return 0, modified or 0, 0

    # --- keys aside

    def aside(self, bucket: str, key: str) -> Aside | None:
        """What is known of this key, if it lies aside."""
        rows = self._rows("SELECT file, needs_folder FROM aside WHERE bucket = ? AND key = ?", bucket, key)
        return Aside(rows[0][0], bool(rows[0][1])) if rows else None

    def all_aside(self) -> list[tuple[str, str, str | None]]:
        """Bucket, key and file of each key aside."""
        return [(bucket, key, file) for bucket, key, file in self._rows("SELECT bucket, key, file FROM aside")]

    def outside(self, bucket: str) -> dict[str, str | None]:
        """The keys of a bucket that are not in its folder, in S3's order, with their files."""
        query = "SELECT key, file FROM aside WHERE bucket = ? AND NOT needs_folder ORDER BY key"
        return dict(self._rows(query, bucket))

    def aside_below(self, bucket: str, prefix: str) -> dict[str, Aside]:
        """The keys aside of a bucket that begin so, in S3's order."""
        rows = self._rows(
            "SELECT key, file, needs_folder FROM aside WHERE bucket = ? AND key >= ? AND key < ?",
            *(bucket, prefix, prefix + LAST_CHARACTER),
        )
        return {key: Aside(file, bool(needs_folder)) for key, file, needs_folder in sorted(rows)}

    def set_aside(self, bucket: str, key: str, aside: Aside) -> None:
        with self.lock:
            row = (bucket, key, aside.file, int(aside.needs_folder))
            self._database.execute("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)", row)

    def forget_aside(self, bucket: str, key: str) -> None:
        self._erase("DELETE FROM aside WHERE bucket = ? AND key = ?", bucket, key)


def _with_row(stored: StoredObject, row: tuple[Any, ...] | None) -> StoredObject:
    return stored if row is None else replace(stored, etag=row[0], attributes=json.loads(row[1]))
