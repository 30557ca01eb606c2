"""What an error of a call to AWS says about the request: refused, throttled, never sent, or unclear."""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import Enum

from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

THROTTLING = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "EKSRequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
SERVER_FAULT = {"InternalFailure", "InternalServerError", "InternalServerException", "ServiceUnavailable"}

FULL = "Maximum number of active steps"
"""How EMR's ValidationException begins when a cluster has 256 steps that have not ended: there is room again later."""

REQUEST_TIMEOUT, TOO_MANY_REQUESTS = 408, 429


class ErrorKind(Enum):
    """What an error says about the request that got it, and so what may be done next."""

    REFUSED = "the service, or botocore, refused the request: sending it again changes nothing"
    THROTTLED = "nothing was done, and the same request may be sent later"
    NOT_SENT = "the request did not reach the service"
    EXPIRED = "the session has expired: new credentials are needed"
    UNCLEAR = "the request may or may not have taken effect"


def classify(error: Exception) -> ErrorKind:
    """What an exception says about the request that raised it."""
    if isinstance(error, botocore.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        full = str(error.response.get("Error", {}).get("Message", "")).startswith(FULL)
        if code in THROTTLING or status == TOO_MANY_REQUESTS or full:
            return ErrorKind.THROTTLED
        if code in EXPIRED:
            return ErrorKind.EXPIRED
        unclear = code in SERVER_FAULT or status >= 500 or status == REQUEST_TIMEOUT
        return ErrorKind.UNCLEAR if unclear else ErrorKind.REFUSED
    if isinstance(
        error, (botocore.EndpointConnectionError, botocore.ConnectTimeoutError, botocore.ProxyConnectionError)
    ):
        return ErrorKind.NOT_SENT
    if isinstance(error, botocore.SSLError):
        return ErrorKind.REFUSED if "CERTIFICATE_VERIFY_FAILED" in str(error) else ErrorKind.UNCLEAR
    if isinstance(error, (botocore.HTTPClientError, botocore.ResponseStreamingError)):
        return ErrorKind.UNCLEAR
    # An answer that cannot be read, or lacks what was asked for: botocore takes a proxy's page with status 200 for one.
    return ErrorKind.UNCLEAR if isinstance(error, (ResponseParserError, LookupError)) else ErrorKind.REFUSED


def code_of(error: BaseException) -> str:
    """The error code of an answer, or an empty text."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, botocore.ClientError) else ""


def pauses(first: float = 1.0, longest: float = 30.0) -> Iterator[float]:
    """Seconds to pause between tries: doubling, with jitter so that many clients do not come back at once."""
    pause = first
    while True:
        yield random.uniform(pause / 2, pause)
        pause = min(pause * 2, longest)
