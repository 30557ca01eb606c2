"""moto's S3 backend with its buckets in the folder.

moto keeps a bucket's objects in `FakeBucket.keys`, a dictionary of lists of versions; here that dictionary is a view
of the folder, so that clients and running steps see each other's objects at once. Access lists of objects, older
versions, and bucket settings other than versioning and tags live in memory and are gone after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import InvalidBucketName
from moto.s3.models import FakeBucket, FakeKey, S3Backend

from airflow_emr_pipelines.emulator.s3.bucket_keys import FolderKeys
from airflow_emr_pipelines.emulator.s3.moto_responses import checked_key
from airflow_emr_pipelines.emulator.s3.names import is_bucket_name
from airflow_emr_pipelines.emulator.s3.request import RequestObjects
from airflow_emr_pipelines.emulator.s3.store import ObjectStore
from airflow_emr_pipelines.emulator.s3.stored_object import Signature

_bucket_class: type[Any] = FakeBucket  # which lacks an abstract method of its base, so that no checker lets one make it


class FolderBackend(S3Backend):
    """moto's S3 of one account, with its buckets in the folder."""

    store: ObjectStore
    request: RequestObjects

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
        return super().put_object(bucket_name, checked_key(key_name), *args, **kwargs)  # which may come by a form

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


def _is_in_folder(bucket: Any) -> bool:
    return isinstance(bucket, FakeBucket) and isinstance(bucket.keys, FolderKeys)
