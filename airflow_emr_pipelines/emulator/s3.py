"""S3 with one truth: the object `key` of `bucket` is the file `<root>/<bucket>/<key>`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BucketFolder:
    """moto's S3, keeping its objects as files of one folder that running steps read and write too."""

    def __init__(self, root: Path) -> None:
        raise NotImplementedError

    def buckets(self) -> list[str]:
        """The names of all buckets."""
        raise NotImplementedError

    def path_of(self, bucket: str, key: str) -> Path:
        """The file that holds an object, or would hold it."""
        raise NotImplementedError

    def put(self, bucket: str, key: str, body: bytes, *, content_type: str = "binary/octet-stream") -> None:
        """Store an object; the bucket must exist."""
        raise NotImplementedError

    def wsgi_app(self) -> WsgiApp:
        """moto's server for S3, STS and all its other services."""
        raise NotImplementedError
