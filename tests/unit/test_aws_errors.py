"""What an error of a call says about the request decides whether it may be sent again."""

from __future__ import annotations

import itertools
from typing import Any

import boto3
import pytest
from botocore import exceptions as botocore
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from airflow_emr_pipelines.aws_errors import ErrorKind, classify, code_of, pauses
from airflow_emr_pipelines.errors import StepFailed

URL = "https://elasticmapreduce.eu-west-1.amazonaws.com/"


FULL = "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."


def answer(code: str, status: int = 400, message: str = "said so") -> botocore.ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.ClientError(response, "RunJobFlow")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answer("ValidationException"), ErrorKind.REFUSED),
        (answer("ValidationException", message=FULL), ErrorKind.THROTTLED),
        (answer("InvalidRequestException"), ErrorKind.REFUSED),
        (answer("AccessDeniedException"), ErrorKind.REFUSED),
        (answer("UnrecognizedClientException"), ErrorKind.REFUSED),
        (answer("ThrottlingException"), ErrorKind.THROTTLED),
        (answer("Throttling"), ErrorKind.THROTTLED),
        (answer("SlowDown", 503), ErrorKind.THROTTLED),
        (answer("SomethingNew", 429), ErrorKind.THROTTLED),
        (answer("ExpiredTokenException"), ErrorKind.EXPIRED),
        (answer("ExpiredToken", 403), ErrorKind.EXPIRED),
        (answer("RequestExpired"), ErrorKind.EXPIRED),
        (answer("InternalServerException", 500), ErrorKind.UNCLEAR),
        (answer("InternalFailure"), ErrorKind.UNCLEAR),
        (answer("SomethingNew", 499), ErrorKind.REFUSED),
        (answer("SomethingNew", 500), ErrorKind.UNCLEAR),
        (answer("SomethingNew", 502), ErrorKind.UNCLEAR),
        (answer("RequestTimeout", 408), ErrorKind.UNCLEAR),
        (botocore.EndpointConnectionError(endpoint_url=URL), ErrorKind.NOT_SENT),
        (botocore.ConnectTimeoutError(endpoint_url=URL), ErrorKind.NOT_SENT),
        (botocore.ProxyConnectionError(proxy_url=URL), ErrorKind.NOT_SENT),
        (
            botocore.SSLError(endpoint_url=URL, error=OSError("EOF occurred in violation of protocol")),
            ErrorKind.UNCLEAR,
        ),
        (botocore.SSLError(endpoint_url=URL, error=OSError("CERTIFICATE_VERIFY_FAILED")), ErrorKind.REFUSED),
        (botocore.ReadTimeoutError(endpoint_url=URL), ErrorKind.UNCLEAR),
        (botocore.ConnectionClosedError(endpoint_url=URL), ErrorKind.UNCLEAR),
        (botocore.ResponseStreamingError(error="reset"), ErrorKind.UNCLEAR),
        (botocore.NoCredentialsError(), ErrorKind.REFUSED),
        (botocore.NoRegionError(), ErrorKind.REFUSED),
        (botocore.ParamValidationError(report="Missing required parameter"), ErrorKind.REFUSED),
        (ValueError("not about AWS at all"), ErrorKind.REFUSED),
    ],
    ids=lambda value: getattr(value, "name", str(value))[:60],
)
def test_each_error_has_its_meaning(error: Exception, expected: ErrorKind) -> None:
    assert classify(error) is expected


class Page:
    """A body that is no answer of AWS."""

    def stream(self) -> Any:
        yield b"<html>502 from a proxy</html>"


@pytest.mark.parametrize("status", [200, 502])
def test_a_page_of_a_proxy_instead_of_an_answer_says_nothing(status: int) -> None:
    client = boto3.client(
        "emr",
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    page = AWSResponse(URL, status, HTTPHeaders(), Page())
    client.meta.events.register("before-send.emr.*", lambda **_: page)
    with pytest.raises((botocore.ClientError, LookupError)) as caught:
        client.run_job_flow(Name="x", Instances={})["JobFlowId"]
    assert classify(caught.value) is ErrorKind.UNCLEAR


def test_only_an_answer_has_a_code() -> None:
    assert code_of(answer("ValidationException")) == "ValidationException"
    assert code_of(botocore.ClientError({}, "RunJobFlow")) == ""
    assert code_of(botocore.NoRegionError()) == ""
    assert code_of(StepFailed("j-1", "s-1", "x", "FAILED", "y", None)) == ""


def test_an_answer_without_a_code_is_a_refusal() -> None:
    assert classify(botocore.ClientError({}, "RunJobFlow")) is ErrorKind.REFUSED


def test_pauses_double_up_to_a_limit_and_differ_between_clients() -> None:
    longest = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    taken = [list(itertools.islice(pauses(1.0, 10.0), len(longest))) for _ in range(20)]
    for pause in taken:
        assert all(bound / 2 <= seconds <= bound for seconds, bound in zip(pause, longest, strict=True))
    assert len({tuple(pause) for pause in taken}) == len(taken)
