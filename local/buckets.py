"""Buckets and objects of S3, made once however often they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any


def put(s3_client: Any, bucket: str, key: str, body: bytes) -> None:
    """Upload it, unless it lies there already: a file that is written anew is new input to the pipeline."""
    here = s3_client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    if [(found["Key"], found["ETag"]) for found in here] != [(key, etag)]:
        s3_client.put_object(Bucket=bucket, Key=key, Body=body)


def make_buckets(s3_client: Any, names: Iterable[str]) -> None:
    """Create the buckets that are not there yet."""
    present = {bucket["Name"] for bucket in s3_client.list_buckets()["Buckets"]}
    region = s3_client.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    for name in sorted(set(names) - present):
        s3_client.create_bucket(Bucket=name, **where)
