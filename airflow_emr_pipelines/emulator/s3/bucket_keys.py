"""A bucket's objects as the mapping that moto works on: a view of the folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from airflow_emr_pipelines.emulator.host.room import NoRoom
from airflow_emr_pipelines.emulator.s3.keys import FolderKey, attributes_of
from airflow_emr_pipelines.emulator.s3.moto_responses import Refused
from airflow_emr_pipelines.emulator.s3.refusals import insufficient_storage
from airflow_emr_pipelines.emulator.s3.request import RequestObjects
from airflow_emr_pipelines.emulator.s3.store import ObjectStore
from airflow_emr_pipelines.emulator.s3.stored_object import Signature, StoredObject

Version = FakeKey | FakeDeleteMarker
_LISTING_BATCH = 500


class FolderKeys:
    """A bucket's objects: the mapping of keys to lists of versions that moto works on."""

    def __init__(self, store: ObjectStore, bucket: FakeBucket, request: RequestObjects) -> None:
        self._store = store
        self._bucket = bucket
        self._request = request
        self._older: dict[str, list[Version]] = {}
        self._access_lists: dict[str, tuple[Signature, Any]] = {}

    def getlist(self, key: str, default: Any = None) -> Any:
        older = self._older.get(key, [])
        current = self._current(key)
        if current is not None:
            return [*older, current]
        if not older:
            return default
        if isinstance(older[-1], FakeKey):  # a step removed the object: that is a deletion, not an undoing
            older.append(FakeDeleteMarker(older[-1]))
        return list(older)

    def _current(self, key: str) -> FakeKey | None:
        seen = self._request.keys.get((self._bucket.name, key))
        if seen is not None:
            return seen
        stored = self._store.find(self._bucket.name, key)
        if stored is None:
            return None
        found = self._as_key(stored)
        try:
            found.open()
        except FileNotFoundError:
            return None
        self._request.hold(self, found, tags=stored.attributes.get("tags", {}))
        return found

    def _as_key(self, stored: StoredObject) -> FolderKey:
        key = FolderKey(self._store, stored, self._bucket)
        signature, access_list = self._access_lists.get(stored.key, (None, None))
        if signature == stored.signature:
            key.set_acl(access_list)
        return key

    def setlist(self, key: str, versions: Any) -> None:
        """Store what is new; the last version is the current one, which the folder holds."""
        versions = list(versions) if isinstance(versions, list | tuple) else [versions]
        older = [self._set_apart(version) for version in versions[:-1]]
        current = versions[-1] if versions else None
        if current is None or isinstance(current, FakeDeleteMarker):
            self._store.delete(self._bucket.name, key)
            self._request.drop(self._bucket.name, key)
            older += [current] if current is not None else []
        elif not (isinstance(current, FolderKey) and current.current):
            try:
                stored = self._store.put(
                    self._bucket.name, key, current.value, attributes_of(current), current.etag.strip('"')
                )
            except NoRoom:
                raise Refused(insufficient_storage()) from None
            self._request.drop(self._bucket.name, key)
            self._request.hold(self, current, stored=stored)
        if older:
            self._older[key] = older
        else:
            self._older.pop(key, None)

    def _set_apart(self, version: Version) -> Version:
        if not (isinstance(version, FolderKey) and version.current):
            return version
        kept = FolderKey(self._store, self._store.keep_version(version.stored), self._bucket, current=False)
        kept._version_id = version._version_id
        return kept

    def pop(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._older.pop(key, None)
        self._access_lists.pop(key, None)
        self._request.drop(self._bucket.name, key)
        self._store.delete(self._bucket.name, key)

    def __getitem__(self, key: str) -> Version:
        versions = self.getlist(key)
        if not versions:
            raise KeyError(key)
        last: Version = versions[-1]
        return last

    def __setitem__(self, key: str, value: Version) -> None:
        self.setlist(key, [*self.getlist(key, []), value])

    def get(self, key: str, default: Any = None) -> Any:
        versions = self.getlist(key)
        return versions[-1] if versions else default

    def __contains__(self, key: str) -> bool:
        return bool(self.getlist(key))

    def __bool__(self) -> bool:
        return bool(self._older) or not self._store.is_empty(self._bucket.name)

    def __len__(self) -> int:
        return sum(1 for _ in self.items())

    def item_size(self) -> int:
        return sum(key.size for key in self.values() if isinstance(key, FakeKey))

    def items(self) -> Iterator[tuple[str, Version]]:
        placed = set()
        for stored in self._described(self._store.names(self._bucket.name)):
            placed.add(stored.key)
            yield stored.key, self._as_key(stored)
        for key in sorted(self._older.keys() - placed):
            yield key, self[key]

    def values(self) -> Iterator[Version]:
        return (value for _, value in self.items())

    def iterlists(self) -> Iterator[tuple[str, list[Version]]]:
        for key, last in self.items():
            older = self._older.get(key, [])
            yield key, list(older) if last in older else [*older, last]

    def listed(self, prefix: str, delimiter: str, after: str, limit: int) -> ListingPage:
        """The part of the bucket that one page of a listing needs."""
        entries = self._store.entries(self._bucket.name, prefix, delimiter, after)
        page = dict(itertools.islice(entries, limit))
        described = self._store.with_etags(self._described(page.values()))
        return ListingPage(list(page), {stored.key: self._as_key(stored) for stored in described}, list(page.values()))

    def _described(self, names: Iterable[str]) -> Iterator[StoredObject]:
        batch: list[str] = []
        for name in names:
            batch.append(name)
            if len(batch) == _LISTING_BATCH:
                yield from self._store.describe(self._bucket.name, batch).values()
                batch = []
        yield from self._store.describe(self._bucket.name, batch).values()

    def save(self, key: FakeKey, stored: StoredObject, tags: Mapping[str, str]) -> None:
        """Remember what a request has said about an object."""
        attributes = attributes_of(key) | ({"tags": dict(tags)} if tags else {})
        if attributes != stored.attributes:
            self._store.save_attributes(stored, attributes)
        if key.acl is not None and len(key.acl.grants) != 1:
            self._access_lists[key.name] = (stored.signature, key.acl)
        else:
            self._access_lists.pop(key.name, None)


class ListingPage:
    """A stand-in for a bucket that shows moto's listing only the page it is about to make."""

    def __init__(self, entries: list[str], found: dict[str, FolderKey], names: list[str]) -> None:
        self.keys = self
        self._entries, self._found, self._names = entries, found, names

    def cut(self, size: int) -> list[str]:
        """Show no more than so many entries; returns all that there were."""
        entries, self._entries, self._names = self._entries, self._entries[:size], self._names[:size]
        return entries

    def items(self) -> list[tuple[str, FolderKey]]:
        return [(name, self._found[name]) for name in self._names if name in self._found]
