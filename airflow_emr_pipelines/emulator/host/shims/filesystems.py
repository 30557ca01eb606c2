"""Where copies come from and go to: objects, by the S3 API, and files of the cluster's HDFS or of this machine."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

S3_SCHEMES = ("s3", "s3a", "s3n")
HDFS = "AIRFLOW_EMR_HDFS"


@cache
def s3_client() -> Any:
    """A client of the emulator's S3, one for all file systems; its address and credentials stand in the environment."""
    return boto3.client("s3")


@dataclass(frozen=True)
class Found:
    """A file or object, by its whole address and by its path below what was listed."""

    address: str
    path: str
    size: int


class FileSystem(ABC):
    """A tree of files."""

    @abstractmethod
    def files(self, address: str) -> Iterator[Found]:
        """All files at and below an address."""

    @abstractmethod
    def is_file(self, address: str) -> bool:
        """Whether an address is that of a file."""

    @abstractmethod
    def is_folder(self, address: str) -> bool:
        """Whether there is something below an address, or could be: an empty bucket is a folder, too."""

    @abstractmethod
    def open(self, address: str) -> IO[bytes]: ...

    @abstractmethod
    def write(self, address: str, body: IO[bytes], **options: str) -> None: ...

    @abstractmethod
    def delete(self, address: str) -> None: ...


def in_words(error: Exception) -> str:
    """An error with its kind, and with the bucket that S3's own words leave out."""
    bucket = error.response["Error"].get("BucketName") if isinstance(error, ClientError) else None
    return f"{type(error).__name__}: {error}" + (f": {bucket}" if bucket else "")


class S3FileSystem(FileSystem):
    """Buckets."""

    def __init__(self) -> None:
        self.client = s3_client()

    @staticmethod
    def split(address: str) -> tuple[str, str]:
        """Bucket and key."""
        bucket, _, key = address.partition("://")[2].partition("/")
        return bucket, key

    def files(self, address: str) -> Iterator[Found]:
        bucket, key = self.split(address)
        scheme = address.partition("://")[0]
        below = f"{key.rstrip('/')}/" if key.rstrip("/") else ""
        if key and not key.endswith("/"):
            size = self.size(bucket, key)
            if size is not None:
                yield Found(f"{scheme}://{bucket}/{key}", key.rsplit("/", 1)[-1], size)
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below):
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):
                    yield Found(f"{scheme}://{bucket}/{found['Key']}", found["Key"][len(below) :], found["Size"])

    def is_file(self, address: str) -> bool:
        bucket, key = self.split(address)
        return bool(key) and not key.endswith("/") and self.size(bucket, key) is not None

    def is_folder(self, address: str) -> bool:
        bucket, key = self.split(address.rstrip("/"))
        below = f"{key}/" if key else ""
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=below, MaxKeys=1)
        return not key or bool(found.get("Contents"))

    def size(self, bucket: str, key: str) -> int | None:
        """An object's size; None if there is no such object."""
        try:
            return int(self.client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise

    def open(self, address: str) -> IO[bytes]:
        bucket, key = self.split(address)
        body: IO[bytes] = self.client.get_object(Bucket=bucket, Key=key)["Body"]
        return body

    def write(self, address: str, body: IO[bytes], **options: str) -> None:
        bucket, key = self.split(address)
        self.client.upload_fileobj(body, bucket, key, ExtraArgs=options)

    def copy(self, source: str, target: str, **options: str) -> None:
        """Within S3, with what is known about the object."""
        bucket, key = self.split(source)
        to_bucket, to_key = self.split(target)
        self.client.copy({"Bucket": bucket, "Key": key}, to_bucket, to_key, ExtraArgs=options)

    def delete(self, address: str) -> None:
        bucket, key = self.split(address)
        self.client.delete_object(Bucket=bucket, Key=key)


class LocalFileSystem(FileSystem):
    """The cluster's HDFS, or with file:// addresses the files of this machine."""

    def path(self, address: str) -> Path:
        parts = urlsplit(address)
        if parts.scheme == "file":
            return Path(parts.path)
        if parts.netloc not in ("", "nn"):
            raise ValueError(f"{address}: the emulator has one HDFS for each cluster; write hdfs:///path")
        inside = parts.path if parts.path.startswith("/") else f"/user/hadoop/{parts.path}"
        return Path(os.environ[HDFS] + os.path.normpath(inside))

    def files(self, address: str) -> Iterator[Found]:
        top = self.path(address)
        if top.is_file():
            yield Found(address, top.name, top.stat().st_size)
        for path in sorted(top.rglob("*")):
            if path.is_file():
                below = path.relative_to(top).as_posix()
                yield Found(f"{address.rstrip('/')}/{below}", below, path.stat().st_size)

    def is_file(self, address: str) -> bool:
        return self.path(address).is_file()

    def is_folder(self, address: str) -> bool:
        return self.path(address).is_dir()

    def open(self, address: str) -> IO[bytes]:
        return self.path(address).open("rb")

    def write(self, address: str, body: IO[bytes], **options: str) -> None:
        path = self.path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(body, file)

    def delete(self, address: str) -> None:
        self.path(address).unlink()


def filesystem_of(address: str) -> FileSystem:
    """What an address leads to; one without a scheme is in HDFS, as on a cluster."""
    scheme = urlsplit(address).scheme
    if scheme in S3_SCHEMES:
        return S3FileSystem()
    if scheme in ("", "hdfs", "file"):
        return LocalFileSystem()
    raise ValueError(f"{address}: there is no file system for the scheme {scheme!r}")
