"""S3's listings as XML, for a page of a thousand objects in a fraction of the time that moto's serializer takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

LISTINGS = frozenset({"ListObjects", "ListObjectsV2"})
HEADERS: Mapping[str, str] = {"Content-Type": "application/xml"}
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'


def written(listing: Mapping[str, Any]) -> str:
    """A listing with its members named as S3 names them; what is None is left out."""
    return f"{_HEAD}{''.join(_members(listing))}</ListBucketResult>"


def _members(structure: Mapping[str, Any]) -> Iterator[str]:
    for name, value in structure.items():
        for part in value if isinstance(value, list) else (value,):
            if part is not None:
                yield f"<{name}>{''.join(_content(part))}</{name}>"


def _content(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        return _members(value)
    return (str(value).lower() if isinstance(value, bool) else escape(str(value)),)
