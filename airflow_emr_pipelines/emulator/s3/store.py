"""Buckets as folders and objects as files, with an index beside them for what a file cannot say."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host.room import NoRoom, room
from airflow_emr_pipelines.emulator.s3.files import BucketFiles
from airflow_emr_pipelines.emulator.s3.index import Index
from airflow_emr_pipelines.emulator.s3.names import is_bucket_name, is_uncommitted
from airflow_emr_pipelines.emulator.s3.stored_object import StoredObject, digest, signature_of, status_of
from airflow_emr_pipelines.emulator.s3.walking import Walker


class FolderInUse(RuntimeError):
    """Another emulator serves the same data folder."""


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
        self._claim = _claim(self.beside / "lock")
        shutil.rmtree(self.beside / "incoming", ignore_errors=True)
        (self.beside / "incoming").mkdir()
        self._index = Index(self.beside / "index.sqlite")
        self._files = BucketFiles(self.root, self.beside, self._index)
        self._walker = Walker(self.root, self._index)
        self._files.clear_aside()

    def close(self) -> None:
        """Let go of the folder."""
        with self._index.lock:
            self._index.close()
            self._claim.close()

    # --- buckets

    def buckets(self) -> dict[str, dict[str, Any]]:
        """Every folder that can be a bucket, with what was saved about it."""
        saved = self._index.buckets()
        folders = (entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False))
        return {name: saved.get(name, {}) for name in sorted(folders) if is_bucket_name(name)}

    def has_bucket(self, bucket: str) -> bool:
        return is_bucket_name(bucket) and (self.root / bucket).is_dir()

    def save_bucket(self, bucket: str, attributes: Mapping[str, Any]) -> None:
        """Make the bucket if need be, and remember what belongs to it."""
        if not is_bucket_name(bucket):
            raise ValueError(f"not a bucket name: {bucket!r}")
        with self._index.lock, room():
            self._index.save_bucket(bucket, attributes)
            (self.root / bucket).mkdir(exist_ok=True)

    def drop_bucket(self, bucket: str) -> None:
        """Remove a bucket with all that is left in it."""
        with self._index.lock:
            gone = self._files.incoming()
            os.rename(self.root / bucket, gone)
            shutil.rmtree(gone, ignore_errors=True)
            for owner, _, file in self._index.all_aside():
                if owner == bucket:
                    self._files.forget_file(file)
            self._index.forget_bucket(bucket)

    # --- names

    def path_of(self, bucket: str, key: str) -> Path:
        """The file that holds an object, or would hold it; KeyNotInFolder if no file can."""
        return self._files.path_of(bucket, key)

    def kept_aside(self, bucket: str, prefix: str) -> list[str]:
        """The keys equal to or below `prefix` that lie outside the folder, where no step can see them."""
        below = prefix.rstrip("/") + "/" if prefix else ""
        return [key for key in self._index.outside(bucket) if key == prefix or key.startswith(below)]

    def is_empty(self, bucket: str) -> bool:
        return next(self.entries(bucket), None) is None

    def names(self, bucket: str) -> Iterator[str]:
        """All keys, in S3's order."""
        return (name for _, name in self.entries(bucket))

    def entries(self, bucket: str, prefix: str = "", delimiter: str = "", after: str = "") -> Iterator[tuple[str, str]]:
        """List as S3 does: pairs of an entry (a key or a common prefix) and the first key in it, past `after`."""
        return self._walker.entries(bucket, prefix, delimiter, after)

    # --- objects

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The object as it is now."""
        path = self._files.place_of(bucket, key)
        if path is not None and not key.endswith("/"):
            status = status_of(path)
            if status is not None and os.path.realpath(path) == str(path):
                if any(map(is_uncommitted, key.split("/"))) and self._index.is_of_steps_alone(bucket, key):
                    return None
                return self._index.described(StoredObject(bucket, key, path, signature_of(status)))
        return self._files.find_aside(bucket, key)

    def describe(self, bucket: str, keys: list[str]) -> dict[str, StoredObject]:
        """Several objects at once, keys in S3's order; those that are gone are left out."""
        if not keys:
            return {}
        described = self._index.describer(bucket, keys[0], keys[-1])
        found: dict[str, StoredObject] = {}
        for key in keys:
            path = self._files.place_of(bucket, key)
            status = None if path is None or key.endswith("/") else status_of(path)
            if path is None or status is None:
                stored = self._files.find_aside(bucket, key)
            else:
                stored = described(StoredObject(bucket, key, path, signature_of(status)))
            if stored is not None:
                found[key] = stored
        return found

    def refreshed(self, stored: StoredObject, status: os.stat_result) -> StoredObject:
        """The same object with the state that an open file of it shows."""
        if signature_of(status) == stored.signature:
            return stored
        return self._index.described(StoredObject(stored.bucket, stored.key, stored.path, signature_of(status)))

    def etag_of(self, stored: StoredObject) -> str:
        """The ETag, computed from the file once for each content."""
        (known,) = self.with_etags([stored])
        assert known.etag is not None
        return known.etag

    def with_etags(self, objects: Iterable[StoredObject]) -> list[StoredObject]:
        """The same objects with their ETags; those that are computed here are remembered together."""
        known, new = [], []
        for stored in objects:
            if stored.etag is None:
                etag, settled = digest(stored)
                known.append(replace(stored, etag=etag))
                if settled:
                    new.append(known[-1])
            else:
                known.append(stored)
        with contextlib.suppress(NoRoom), room():  # without room for it, it is computed again
            self._index.enter(new, by_client=False)
            self._index.forget_older_of_steps(new)
        return known

    def has(self, bucket: str, key: str) -> bool:
        """Whether there is such an object, or a folder of objects."""
        if not self.has_bucket(bucket):
            return False
        below = f"{key.rstrip('/')}/"
        return self.find(bucket, key) is not None or next(self.entries(bucket, below), None) is not None

    def get(self, bucket: str, key: str) -> bytes | None:
        """An object's content, None if there is none."""
        stored = self.find(bucket, key) if self.has_bucket(bucket) else None
        return self.read(stored) if stored is not None else None

    def read(self, stored: StoredObject) -> bytes:
        return stored.path.read_bytes() if stored.path is not None else b""

    def put(
        self, bucket: str, key: str, body: bytes, attributes: Mapping[str, Any] | None = None, etag: str | None = None
    ) -> StoredObject:
        """Store an object whole: a reader sees the old content or the new one."""
        if not self.has_bucket(bucket):
            raise FileNotFoundError(f"no bucket {bucket!r}")
        arrived = self._files.incoming()
        etag = etag or hashlib.md5(body, usedforsecurity=False).hexdigest()
        try:
            with room():
                arrived.write_bytes(body)
                with self._index.lock:
                    return self._enter(bucket, key, arrived, etag, dict(attributes or {}))
        finally:
            arrived.unlink(missing_ok=True)

    def _enter(self, bucket: str, key: str, arrived: Path, etag: str, attributes: dict[str, Any]) -> StoredObject:
        empty_marker = key.endswith("/") and arrived.stat().st_size == 0
        signature = (0, time.time_ns(), 0) if empty_marker else signature_of(arrived.stat())
        entered = StoredObject(bucket, key, None, signature, etag, attributes)
        self._index.enter([entered], by_client=True)
        try:
            path = self._files.take_in(bucket, key, None if empty_marker else arrived)
        except BaseException:
            self._index.forget_content(entered)
            raise
        self._index.forget_content(entered, others=True)
        return replace(entered, path=path)

    def save_attributes(self, stored: StoredObject, attributes: Mapping[str, Any]) -> None:
        """Remember what a client said of an object, unless it has been replaced meanwhile."""
        with self._index.lock:
            now = self.find(stored.bucket, stored.key)
            if now is not None and now.signature == stored.signature:
                etag = stored.etag or self.etag_of(stored)
                with room():
                    self._index.enter([replace(stored, etag=etag, attributes=attributes)], by_client=True)

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object and the folders that it leaves empty."""
        with self._index.lock:
            known = self.find(bucket, key)
            if known is None:
                return False
            if known.path is not None:  # first of all: on a full disk, this makes the room that the index needs
                known.path.unlink(missing_ok=True)
            self._files.forget_aside(bucket, key)
            self._index.forget_contents(bucket, key)
            self._files.vacate(bucket, key)
            return True

    def keep_version(self, stored: StoredObject) -> StoredObject:
        """The same content under a name of its own, so that it outlives a new version; forgotten at the next start."""
        if stored.path is None:
            return stored
        etag = self.etag_of(stored)  # now: later it would be remembered as that of the object in its place
        return replace(stored, path=self._files.keep(stored.path), etag=etag)


def _claim(path: Path) -> Any:
    file = open(path, "a+")  # noqa: SIM115 — held open for as long as the store lives
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FolderInUse(f"the data folder {path.parent.parent} is served by another emulator") from None
    return file
