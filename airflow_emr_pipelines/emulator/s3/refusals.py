"""Answers of S3 that refuse a request, where moto has none: S3's codes and wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from xml.sax.saxutils import escape

LONGEST_KEY = 1024  # bytes of UTF-8
LARGEST_UPLOAD = 5 * 1024**3


@dataclass(frozen=True)
class S3Refusal:
    """An error answer in S3's protocol; `more` are the elements that only this error has."""

    code: str
    message: str
    status: int = 400
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def headers(self) -> dict[str, str]:
        return {"content-type": "application/xml", "content-length": str(len(self.body()))}

    def body(self) -> bytes:
        members = {"Code": self.code, "Message": self.message, **self.more}
        elements = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{elements}</Error>'.encode()


def key_too_long(key: str) -> S3Refusal | None:
    """The refusal of a key that is longer than S3 allows."""
    size = len(key.encode(errors="surrogatepass"))
    if size <= LONGEST_KEY:
        return None
    more = {"Size": size, "MaxSizeAllowed": LONGEST_KEY}
    return S3Refusal("KeyTooLongError", "Your key is too long", more=more)


def malformed_xml() -> S3Refusal:
    return S3Refusal(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )


def entity_too_large(size: int) -> S3Refusal:
    more = {"ProposedSize": size, "MaxSizeAllowed": LARGEST_UPLOAD}
    return S3Refusal("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", more=more)


def request_timeout() -> S3Refusal:
    return S3Refusal(
        "RequestTimeout",
        "Your socket connection to the server was not read from or written to within the timeout period. "
        "Idle connections will be closed.",
    )


def access_denied() -> S3Refusal:
    return S3Refusal(
        "AccessDenied",
        "Access Denied: a request without a signature may do what the bucket's policy or the object's access list lets "
        "everybody do, and no request what a policy denies. Use a client that signs, as boto3 and the AWS CLI do, or "
        "a presigned URL.",
        403,
    )


def insufficient_storage() -> S3Refusal:
    """S3 is never full; a status that no client answers by trying again."""
    return S3Refusal(
        "InsufficientStorage",
        "There is no room left on the disk of the emulator's data folder. Delete objects, or make room on that disk.",
        507,
    )
