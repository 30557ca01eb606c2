"""Every operation that botocore knows of EMR is either emulated or refused by its name."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from botocore.session import Session

from airflow_emr_pipelines.local.local_emulator import LocalEmulator

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
    try:
        with urllib.request.urlopen(urllib.request.Request(emulator.url, b"{}", headers), timeout=30):
            return None
    except urllib.error.HTTPError as error:
        with error:
            assert error.code == 400
            answer = json.load(error)
    if answer["__type"] == "NotEmulatedException":
        assert answer["message"] == f"The emulator does not emulate ElasticMapReduce {operation}."
    return str(answer["__type"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_emulated_or_refused_by_name(emulator: LocalEmulator, operation: str) -> None:
    code = asked_for_nothing(emulator, operation)
    if operation in NOT_EMULATED:
        assert code == "NotEmulatedException"
    else:
        assert code in (None, "ValidationException", "InvalidRequestException")


def test_what_is_not_emulated_is_known_to_botocore() -> None:
    assert NOT_EMULATED <= set(OPERATIONS)
