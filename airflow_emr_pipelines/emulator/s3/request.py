"""The objects that one request handles, until what it has said about them is saved."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from moto.s3.models import FakeKey, s3_backends

from airflow_emr_pipelines.emulator.s3.keys import FolderKey
from airflow_emr_pipelines.emulator.s3.stored_object import Signature, StoredObject

if TYPE_CHECKING:
    from airflow_emr_pipelines.emulator.s3.backend import FolderBackend
    from airflow_emr_pipelines.emulator.s3.bucket_keys import FolderKeys


class RequestObjects(threading.local):
    """Of each thread its own: the same key is the same value until the request is over."""

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
        for bucket_and_key, key in self.keys.items():
            keys, stored = self._held[bucket_and_key]
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


def _backend_of(key: FakeKey) -> FolderBackend:
    return cast("FolderBackend", s3_backends[key.account_id][key.partition])
