"""An object of the folder as moto handles one: what it keeps of a client's words, and where its content comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, BinaryIO

from moto.s3.models import FakeBucket, FakeKey

from airflow_emr_pipelines.emulator.s3.store import ObjectStore
from airflow_emr_pipelines.emulator.s3.stored_object import Signature, StoredObject

# What moto keeps as plain attributes of an object and a client may have set.
_ATTRIBUTES = (
    "_storage_class",
    "_version_id",
    "website_redirect_location",
    "checksum_algorithm",
    "checksum_value",
    "checksum_type",
    "checksum_parts",
    "encryption",
    "kms_key_id",
    "bucket_key_enabled",
    "lock_mode",
    "lock_legal_status",
    "lock_until",
)


class FolderKey(FakeKey):
    """An object of the folder, as moto handles one; reads its content from the file."""

    def __init__(self, store: ObjectStore, stored: StoredObject, bucket: FakeBucket, *, current: bool = True) -> None:
        super().__init__(
            stored.key,
            b"",
            account_id=bucket.account_id,
            region_name=bucket.region_name,
            bucket_name=bucket.name,
            is_versioned=bucket.is_versioned,
            version_id=_version_of(stored.signature) if bucket.is_versioned else "null",
        )
        self.dispose()  # of the buffer that an object in memory would have
        self.store = store
        self.stored = stored
        self.current = current
        self._file: BinaryIO | None = None
        self._take_attributes(stored.attributes)
        self.last_modified = datetime.fromtimestamp(stored.modified, tz=timezone.utc).replace(tzinfo=None)
        self.contentsize = stored.size

    def _take_attributes(self, saved: Mapping[str, Any]) -> None:
        for name in _ATTRIBUTES:
            if name in saved:
                setattr(self, name, saved[name])
        self._metadata.update(saved.get("metadata", {}))
        if "expiry" in saved:
            self._expiry = datetime.fromisoformat(saved["expiry"])
            self._status = "RESTORED"
        if "upload" in saved:
            self.multipart = CompletedUpload(self, saved["upload"])  # type: ignore[assignment]

    def open(self) -> None:
        """Hold the file as it is now: what is said of the object and what is read from it stay one."""
        if self.stored.path is None:
            return
        self._file = self.stored.path.open("rb")
        self.stored = self.store.refreshed(self.stored, os.fstat(self._file.fileno()))
        self.contentsize = self.stored.size

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def value(self) -> bytes:
        if self._file is None:
            return self.store.read(self.stored)
        with self.lock:
            self._file.seek(0)
            return self._file.read()

    @value.setter
    def value(self, new_value: bytes) -> None:
        """Contents come by `FolderKeys.setlist` only; moto's constructor sets an empty one."""

    @property
    def etag(self) -> str:
        if self._etag is None:
            self._etag = self.store.etag_of(self.stored)
        return f'"{self._etag}"'

    def dispose(self, garbage: bool = False) -> None:
        if not self.disposed:
            self._value_buffer.close()
            self.disposed = True

    def __deepcopy__(self, memo: dict[int, Any]) -> FolderKey:
        twin = object.__new__(FolderKey)
        twin.__dict__.update(self.__dict__, _file=None)
        return twin


class CompletedUpload:
    """What remains of a multipart upload: its id and where the parts begin and end."""

    def __init__(self, key: FolderKey, saved: Mapping[str, Any]) -> None:
        self.key = key
        self.id: str = saved["id"]
        self.sizes: list[int] = saved["sizes"]
        self.partlist = list(range(1, len(self.sizes) + 1))
        self.parts = self

    def __getitem__(self, number: int | str) -> FakeKey:
        start = sum(self.sizes[: int(number) - 1])
        part = FakeKey(
            self.key.name,
            self.key.value[start : start + self.sizes[int(number) - 1]],
            account_id=self.key.account_id,
            region_name=self.key.region_name,
            bucket_name=self.key.bucket_name,
            etag=self.key.etag.strip('"'),
        )
        part.disposed = True  # its buffer goes with it
        return part

    def dispose(self) -> None:
        """Nothing is held."""


def attributes_of(key: FakeKey) -> dict[str, Any]:
    """What a client said of an object, as it is saved."""
    attributes: dict[str, Any] = {
        name: value for name in _ATTRIBUTES if (value := getattr(key, name, None)) not in (None, "null")
    }
    attributes["metadata"] = dict(key.metadata.items())
    if key._expiry is not None:
        attributes["expiry"] = key._expiry.isoformat()
    upload = key.multipart
    if isinstance(upload, CompletedUpload):
        attributes["upload"] = {"id": upload.id, "sizes": upload.sizes}
    elif upload is not None:
        attributes["upload"] = {"id": upload.id, "sizes": [upload.parts[number].size for number in upload.partlist]}
    return attributes


def _version_of(signature: Signature) -> str:
    """A version id for what a step wrote: another one for each content."""
    size, modified, inode = signature
    return f"{modified:x}.{inode:x}.{size:x}"
