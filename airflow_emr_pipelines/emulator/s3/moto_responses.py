"""How moto's S3 answers, but for what it has no words for, is slow at, or lets pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, BaseResponse
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from airflow_emr_pipelines.emulator.s3 import listings
from airflow_emr_pipelines.emulator.s3.refusals import S3Refusal, key_too_long


class Refused(S3ClientError):
    """A refusal that moto has no exception for."""

    def __init__(self, refusal: S3Refusal) -> None:
        super().__init__(refusal.code, refusal.message)
        self.refusal = refusal


def checked_key(key: str) -> str:
    """The key, unless it is longer than S3's may be."""
    refusal = key_too_long(key)
    if refusal is not None:
        raise Refused(refusal)
    return key


def with_key_checked(parse_key_name: Callable[[S3Response], str]) -> Any:
    """moto's way of finding the key that a request is about, which no request can do without."""
    return lambda response: checked_key(parse_key_name(response))


def with_listings_written(serialized: Callable[[BaseResponse, ActionResult], TYPE_RESPONSE]) -> Any:
    """moto's way of writing an answer, but for those that can be long, and for our own refusals."""

    def write(response: BaseResponse, outcome: ActionResult) -> TYPE_RESPONSE:
        if isinstance(outcome.result, Refused):
            refusal = outcome.result.refusal
            return refusal.status, refusal.headers, refusal.body()
        action = response.data.get("Action")
        if action in listings.LISTINGS and isinstance(outcome.result, dict):
            encoding = response.querystring.get("encoding-type", [None])[0]
            listing = listings.written(outcome.result, action, encoding)
            return 200, {**listings.HEADERS, **response.response_headers}, listing
        return serialized(response, outcome)

    return write
