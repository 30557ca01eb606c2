"""moto's S3 on a folder: the object `key` of `bucket` is the file `<root>/<bucket>/<key>`.

Everything that depends on moto's inside stands in this file. moto keeps a bucket's objects in `FakeBucket.keys`, a
dictionary of lists of versions; here that dictionary is a view of the folder, so that clients and running steps see
each other's objects at once. Access lists of objects, older versions, and bucket settings other than versioning and
tags live in memory and are gone after a restart.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

import moto.s3.models as moto_s3
from moto.core.common_models import BaseModel
from moto.core.common_types import TYPE_RESPONSE
from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.exceptions import InvalidBucketName, S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from airflow_emr_pipelines.emulator.host.room import NoRoom
from airflow_emr_pipelines.emulator.s3 import listings
from airflow_emr_pipelines.emulator.s3.refusals import S3Refusal, insufficient_storage, key_too_long
from airflow_emr_pipelines.emulator.s3.store import ObjectStore, Signature, StoredObject, is_bucket_name

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Version = FakeKey | FakeDeleteMarker

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
_LISTING_BATCH = 500
_bucket_class: type[Any] = FakeBucket  # which lacks an abstract method of its base, so that no checker lets one make it


class _Refused(S3ClientError):
    """A refusal that moto has no exception for."""

    def __init__(self, refusal: S3Refusal) -> None:
        super().__init__(refusal.code, refusal.message)
        self.refusal = refusal


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
            self.multipart = _CompletedUpload(self, saved["upload"])  # type: ignore[assignment]

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


class _CompletedUpload:
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


class FolderKeys:
    """A bucket's objects: the mapping of keys to lists of versions that moto works on."""

    def __init__(self, store: ObjectStore, bucket: FakeBucket, request: _Request) -> None:
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
                    self._bucket.name, key, current.value, _attributes_of(current), current.etag.strip('"')
                )
            except NoRoom:
                raise _Refused(insufficient_storage()) from None
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

    def listed(self, prefix: str, delimiter: str, after: str, limit: int) -> _Listed:
        """The part of the bucket that one page of a listing needs."""
        entries = self._store.entries(self._bucket.name, prefix, delimiter, after)
        page = dict(itertools.islice(entries, limit))
        described = self._store.with_etags(self._described(page.values()))
        return _Listed(list(page), {stored.key: self._as_key(stored) for stored in described}, list(page.values()))

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
        attributes = _attributes_of(key) | ({"tags": dict(tags)} if tags else {})
        if attributes != stored.attributes:
            self._store.save_attributes(stored, attributes)
        if key.acl is not None and len(key.acl.grants) != 1:
            self._access_lists[key.name] = (stored.signature, key.acl)
        else:
            self._access_lists.pop(key.name, None)


class _Listed:
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


class _Request(threading.local):
    """The objects that one request handles: the same key is the same value until the request is over."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], FakeKey] = {}
        self.buckets: set[str] = set()
        self._held: dict[tuple[str, str], tuple[FolderKeys, StoredObject]] = {}

    def hold(
        self,
        keys: FolderKeys,
        key: FakeKey,
        stored: StoredObject | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        stored = stored or (key.stored if isinstance(key, FolderKey) else None)
        assert stored is not None
        self.keys[stored.bucket, stored.key] = key
        self._held[stored.bucket, stored.key] = keys, stored
        self._bring_tags(key, stored.signature, tags or {})

    def _bring_tags(self, key: FakeKey, signature: Signature, tags: Mapping[str, str]) -> None:
        backend = _backend_of(key)
        if backend.tagged.get(key.arn) == signature or not (tags or backend.tagger.has_tags(key.arn)):
            return
        backend.tagger.delete_all_tags_for_resource(key.arn)
        backend.tagger.tag_resource(key.arn, [{"Key": name, "Value": value} for name, value in tags.items()])
        backend.tagged[key.arn] = signature

    def drop(self, bucket: str, key: str) -> None:
        held = self.keys.pop((bucket, key), None)
        self._held.pop((bucket, key), None)
        if isinstance(held, FolderKey):
            held.close()

    def save(self) -> None:
        """Remember what the request has said about its objects."""
        for where, key in self.keys.items():
            keys, stored = self._held[where]
            backend = _backend_of(key)
            tags = backend.tagger.get_tag_dict_for_resource(key.arn)
            keys.save(key, stored, tags)
            if tags:
                backend.tagged[key.arn] = stored.signature

    def forget(self) -> None:
        """Let go of what the request held, however it ended."""
        for key in self.keys.values():
            if isinstance(key, FolderKey):
                key.close()
            else:
                key.dispose()
        self.keys.clear()
        self._held.clear()
        self.buckets.clear()


class FolderBackend(S3Backend):
    """moto's S3 of one account, with its buckets in the folder."""

    store: ObjectStore
    request: _Request

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # moto keeps tags in one place for all requests: which content those of an object belong to.
        self.tagged: dict[str, Signature] = {}
        for name, saved in self.store.buckets().items():
            if saved.get("account", DEFAULT_ACCOUNT_ID) == account_id and saved.get("partition", "aws") == region_name:
                self._reappear(name, saved)

    def _reappear(self, name: str, saved: Mapping[str, Any]) -> None:
        bucket: FakeBucket = _bucket_class(name, self.account_id, saved.get("region", "us-east-1"))
        bucket.creation_date = (
            datetime.fromisoformat(saved["created"]) if "created" in saved else datetime.now(tz=timezone.utc)
        )
        bucket.versioning_status = saved.get("versioning")
        bucket.object_lock_enabled = saved.get("object_lock", False)
        self._put_in_folder(bucket)
        if saved.get("tags"):
            self.put_bucket_tagging(name, saved["tags"])

    def _put_in_folder(self, bucket: FakeBucket) -> None:
        bucket.keys = FolderKeys(self.store, bucket, self.request)  # type: ignore[assignment]
        self.buckets[bucket.name] = bucket
        self.save_bucket(bucket)

    def save_bucket(self, bucket: FakeBucket) -> None:
        self.store.save_bucket(
            bucket.name,
            {
                "account": self.account_id,
                "partition": self.partition,
                "region": bucket.region_name,
                "created": bucket.creation_date.isoformat(),
                "versioning": bucket.versioning_status,
                "object_lock": bucket.object_lock_enabled,
                "tags": self.tagger.get_tag_dict_for_resource(bucket.arn),
            },
        )

    def get_bucket(self, bucket_name: str) -> FakeBucket:
        self.request.buckets.add(bucket_name)
        return super().get_bucket(bucket_name)

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:
        if not is_bucket_name(bucket_name):
            raise InvalidBucketName()
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        self._put_in_folder(bucket)
        return bucket

    def put_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        return super().put_object(bucket_name, _short(key_name), *args, **kwargs)  # which may come by a form

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        bucket = super().delete_bucket(bucket_name)
        if bucket is not None and self.store.has_bucket(bucket_name):
            self.store.drop_bucket(bucket_name)
        return bucket

    def list_objects(
        self, bucket: Any, prefix: str | None, delimiter: str | None, marker: str | None, max_keys: int | None
    ) -> Any:
        if not _is_in_folder(bucket) or max_keys is None:
            return super().list_objects(bucket, prefix, delimiter, marker, max_keys)
        after = (self._pagination_tokens.get(marker) or marker) if marker else ""
        page = bucket.keys.listed(prefix or "", delimiter or "", after, max_keys + 1)
        # moto counts keys only; a page is made of keys and common prefixes.
        entries = page.cut(max_keys)
        keys, prefixes, _, _ = super().list_objects(page, prefix, delimiter, None, None)
        _, is_truncated, next_marker = self._truncate_result(entries[max_keys - 1 :], 1 if max_keys else 0)
        return keys, prefixes, is_truncated, next_marker

    def list_objects_v2(
        self,
        bucket: Any,
        prefix: str | None,
        delimiter: str | None,
        continuation_token: str | None,
        start_after: str | None,
        max_keys: int,
    ) -> Any:
        if _is_in_folder(bucket):
            after = self._pagination_tokens.get(continuation_token) if continuation_token else start_after
            bucket = bucket.keys.listed(prefix or "", delimiter or "", after or "", max_keys + 1)
        return super().list_objects_v2(bucket, prefix, delimiter, continuation_token, start_after, max_keys)

    def reset(self) -> None:
        """What moto's own reset means: all buckets of the account are gone."""
        for name in list(self.buckets):
            self.store.drop_bucket(name)
        super().reset()


class BucketFolder:
    """moto's S3, keeping its objects as files of one folder that running steps read and write too.

    There is one per process: it takes the place of moto's own S3 until it is closed.
    """

    def __init__(self, root: Path) -> None:
        self.store = ObjectStore(root)
        self._request = _Request()
        self._original = s3_backends.backend
        backend = type("BackendOfTheFolder", (FolderBackend,), {"store": self.store, "request": self._request})
        s3_backends.clear()
        s3_backends.bucket_accounts.clear()
        s3_backends.backend = backend
        _forget_instances()
        self._serialized = S3Response.serialized
        self._parse_key_name = S3Response.parse_key_name
        S3Response.serialized = _written(S3Response.serialized)  # type: ignore[method-assign]
        S3Response.parse_key_name = _checked(S3Response.parse_key_name)  # type: ignore[method-assign]
        for saved in self.store.buckets().values():
            s3_backends[saved.get("account", DEFAULT_ACCOUNT_ID)][saved.get("partition", "aws")]

    @property
    def root(self) -> Path:
        return self.store.root

    def buckets(self) -> list[str]:
        """The names of all buckets."""
        return list(self.store.buckets())

    def has_bucket(self, bucket: str) -> bool:
        return self.store.has_bucket(bucket)

    def path_of(self, bucket: str, key: str) -> Path:
        """The file that holds an object, or would hold it."""
        return self.store.path_of(bucket, key)

    def put(self, bucket: str, key: str, body: bytes, *, content_type: str = "binary/octet-stream") -> None:
        """Store an object; the bucket must exist."""
        self.store.put(bucket, key, body, {"metadata": {"Content-Type": content_type}})

    def get(self, bucket: str, key: str) -> bytes | None:
        """An object's content, None if there is none."""
        stored = self.store.find(bucket, key) if self.store.has_bucket(bucket) else None
        return self.store.read(stored) if stored is not None else None

    def has(self, bucket: str, key: str) -> bool:
        """Whether there is such an object, or a folder of objects."""
        if not self.store.has_bucket(bucket):
            return False
        below = f"{key.rstrip('/')}/"
        return self.store.find(bucket, key) is not None or next(self.store.entries(bucket, below), None) is not None

    def wsgi_app(self) -> WsgiApp:
        """moto's server for S3, STS and all its other services."""
        # EMR's default roles have policies of AWS's own.
        default_user_config["iam"]["load_aws_managed_policies"] = True
        dispatcher = DomainDispatcherApplication(create_backend_app)

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            _tell_raw_path(environ)
            try:
                return self._answer(dispatcher, environ, start_response)
            except NoRoom:
                refusal = insufficient_storage()
                start_response(refusal.status_line, list(refusal.headers.items()))
                return [refusal.body()]

        return app

    def _answer(self, app: WsgiApp, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The answer, once all that the request has changed is saved."""
        started: list[tuple[Any, ...]] = []
        changed = environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        try:
            answer = list(app(environ, lambda *start: started.append(start)))
        finally:
            try:
                if changed:
                    self._request.save()
                    self._save_buckets(self._request.buckets)
            finally:
                self._request.forget()
        start_response(*started[-1])
        return answer

    def _save_buckets(self, names: Iterable[str]) -> None:
        for name in names:
            partition, account = s3_backends.bucket_accounts.get(name, (None, None))
            backend = s3_backends[account][partition] if account and partition else None
            if isinstance(backend, FolderBackend) and name in backend.buckets:
                backend.save_bucket(backend.buckets[name])

    def close(self) -> None:
        """Give moto its own S3 back and let go of the folder."""
        s3_backends.clear()
        s3_backends.bucket_accounts.clear()
        s3_backends.backend = self._original
        S3Response.serialized = self._serialized  # type: ignore[method-assign]
        S3Response.parse_key_name = self._parse_key_name  # type: ignore[method-assign]
        self.store.close()


def _attributes_of(key: FakeKey) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        name: value for name in _ATTRIBUTES if (value := getattr(key, name, None)) not in (None, "null")
    }
    attributes["metadata"] = dict(key.metadata.items())
    if key._expiry is not None:
        attributes["expiry"] = key._expiry.isoformat()
    upload = key.multipart
    if isinstance(upload, _CompletedUpload):
        attributes["upload"] = {"id": upload.id, "sizes": upload.sizes}
    elif upload is not None:
        attributes["upload"] = {"id": upload.id, "sizes": [upload.parts[number].size for number in upload.partlist]}
    return attributes


def _tell_raw_path(environ: dict[str, Any]) -> None:
    """The path as it was sent, which moto needs for keys with a question mark, and the step from ASGI to WSGI loses."""
    scope = environ.get("asgi.scope", {})
    if scope.get("raw_path"):
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        environ["RAW_URI"] = environ["REQUEST_URI"] = scope["raw_path"].decode("ascii", "replace") + query


def _short(key: str) -> str:
    """The key, unless it is longer than S3's may be."""
    refusal = key_too_long(key)
    if refusal is not None:
        raise _Refused(refusal)
    return key


def _checked(parse_key_name: Callable[[S3Response], str]) -> Any:
    """moto's way of finding the key that a request is about, which no request can do without."""
    return lambda response: _short(parse_key_name(response))


def _written(serialized: Callable[[BaseResponse, ActionResult], TYPE_RESPONSE]) -> Any:
    """moto's way of writing an answer, but for those that can be long, and for our own refusals."""

    def write(response: BaseResponse, answer: ActionResult) -> TYPE_RESPONSE:
        if isinstance(answer.result, _Refused):
            refusal = answer.result.refusal
            return refusal.status, refusal.headers, refusal.body()
        if response.data.get("Action") in listings.LISTINGS and isinstance(answer.result, dict):
            return 200, {**listings.HEADERS, **response.response_headers}, listings.written(answer.result)
        return serialized(response, answer)

    return write


def _is_in_folder(bucket: Any) -> bool:
    return isinstance(bucket, FakeBucket) and isinstance(bucket.keys, FolderKeys)


def _version_of(signature: Signature) -> str:
    """A version id for what a step wrote: another one for each content."""
    size, modified, inode = signature
    return f"{modified:x}.{inode:x}.{size:x}"


def _backend_of(key: FakeKey) -> FolderBackend:
    backend = s3_backends[key.account_id][key.partition]
    assert isinstance(backend, FolderBackend)
    return backend


def _forget_instances() -> None:
    """moto remembers every value it ever made, for its dashboard; with one value a listed object that is a leak."""
    models = [copied for copied in vars(moto_s3).values() if isinstance(copied, type) and issubclass(copied, BaseModel)]
    for model in {*models, FolderKey}:
        model.instances_tracked = deque(maxlen=0)  # type: ignore[attr-defined]


__all__ = ["BucketFolder", "WsgiApp"]
