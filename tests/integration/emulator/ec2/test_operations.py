"""Every operation that botocore knows of EMR is either emulated or refused by its name."""

from __future__ import annotations

import contextlib
import http.client
import json
from urllib.parse import urlsplit

import pytest
from botocore.session import Session

from local.local_emulator import LocalEmulator

OPERATIONS = sorted(Session().get_service_model("emr").operation_names)
NOT_EMULATED = {
    *("CreateStudio", "DeleteStudio", "DescribeStudio", "ListStudios", "UpdateStudio"),
    *("CreateStudioSessionMapping", "DeleteStudioSessionMapping", "GetStudioSessionMapping"),
    *("ListStudioSessionMappings", "UpdateStudioSessionMapping"),
    *("DescribeNotebookExecution", "ListNotebookExecutions", "StartNotebookExecution", "StopNotebookExecution"),
    *("GetSession", "GetSessionEndpoint", "ListSessions", "StartSession", "TerminateSession"),
    "GetClusterSessionCredentials",
}
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=emulator/20300101/us-east-1/elasticmapreduce/aws4_request, "
    "SignedHeaders=host, Signature="
)


def asked_for_nothing(emulator: LocalEmulator, operation: str) -> str | None:
    """The code of the refusal of a request without parameters; None if it is answered."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": AUTHORIZATION,
        "X-Amz-Target": f"ElasticMapReduce.{operation}",
    }
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
    if status == 200:
        return None
    assert status == 400
    refused = json.loads(body)
    if refused["__type"] == "NotEmulatedException":
        assert refused["message"] == f"The emulator does not emulate ElasticMapReduce {operation}."
    return str(refused["__type"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_emulated_or_refused_by_name(emulator: LocalEmulator, operation: str) -> None:
    code = asked_for_nothing(emulator, operation)
    if operation in NOT_EMULATED:
        assert code == "NotEmulatedException"
    else:
        assert code in (None, "ValidationException", "InvalidRequestException")


def test_what_is_not_emulated_is_known_to_botocore() -> None:
    assert set(OPERATIONS) >= NOT_EMULATED
