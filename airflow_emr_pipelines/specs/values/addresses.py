"""Rules for addresses of files and folders, as a cluster can read them."""

from __future__ import annotations

import re
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import list_element, text
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_template

S3 = ("s3", "s3n", "s3a")
OTHER_SCHEMES = ("hdfs", "local", "file", "https", "http")
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):/")


def s3_folder(field: str, value: Any) -> Any:
    """A folder s3://bucket/path, or a whole bucket."""
    return _s3(field, value, file=False) if _can_be_judged(field, value) else value


def s3_file(field: str, value: Any) -> Any:
    """A file s3://bucket/path."""
    return _s3(field, value, file=True) if _can_be_judged(field, value) else value


def file(field: str, value: Any) -> Any:
    """A file that the cluster can read: in S3, in HDFS, on the web, or at a path on its nodes."""
    return _place(field, value, file=True) if _can_be_judged(field, value) else value


def folder(field: str, value: Any) -> Any:
    """A folder that the cluster can read: in S3, in HDFS, or at a path on its nodes."""
    return _place(field, value, file=False) if _can_be_judged(field, value) else value


def node_path(field: str, value: Any) -> Any:
    """A file on the primary node, which the program opens as it would any file there."""
    text(field, value)
    if is_rendered(value) and not value.startswith("/"):
        raise InvalidSpec(
            field,
            value,
            "it is read as a file of the primary node",
            "put it there by a bootstrap action, and write its absolute path",
        )
    return value


def shipped_file(field: str, value: Any) -> Any:
    """A file that a program brings to its nodes; ``archive.zip#name`` has that name there."""
    list_element(field, value)
    file(field, value.partition("#")[0] if is_rendered(value) else value)
    return value


def bucket_and_key(address: str) -> tuple[str, str]:
    """The bucket of an S3 address, and the key or prefix that is behind it."""
    bucket, _, key = address.partition("://")[2].partition("/")
    return bucket, key


def _can_be_judged(field: str, value: Any) -> bool:
    """A template that starts with a scheme shows enough to judge: authors see the error before the DAG ever runs."""
    if is_rendered(value):
        text(field, value)
        return True
    return is_template(value) and SCHEME.match(value) is not None


def _place(field: str, address: str, *, file: bool) -> str:
    scheme = SCHEME.match(address)
    if scheme and scheme.group(1) in OTHER_SCHEMES:
        return _trimmed(field, address)
    if scheme or address.lower().startswith("s3:"):
        return _s3(field, address, file=file)
    if address.startswith("/") and not address.startswith("//"):
        return _trimmed(field, address)
    raise InvalidSpec(
        field,
        address,
        f"the cluster cannot read a {'file' if file else 'folder'} of this machine",
        "upload it and write s3://bucket/path, or write an absolute path on the cluster's nodes",
    )


def _s3(field: str, address: str, *, file: bool) -> str:
    right = "s3://bucket/path/to/file" if file else "s3://bucket/path/"
    scheme, slashes, rest = address.partition("://")
    if not slashes or scheme not in S3:
        raise InvalidSpec(field, address, "it is no S3 address", f"write {right}, with two slashes and in lower case")
    bucket, slash, key = rest.partition("/")
    if not is_rendered(bucket):
        return address
    if not BUCKET.fullmatch(bucket):
        raise InvalidSpec(
            field,
            address,
            f"{bucket!r} is no bucket name, which has 3 to 63 of a-z, 0-9, dot and hyphen",
            f"write {right}",
        )
    if file and (not slash or not key.strip("/")):
        raise InvalidSpec(field, address, "it names a bucket and no file in it", f"write s3://{bucket}/path/to/file")
    if file and key.endswith("/"):
        raise InvalidSpec(field, address, "it names a folder, not a file", f"write {address}file")
    return _trimmed(field, address)


def _trimmed(field: str, address: str) -> str:
    if address != address.strip():
        raise InvalidSpec(field, address, "it starts or ends with white space, which is part of a name", "take it away")
    return address
