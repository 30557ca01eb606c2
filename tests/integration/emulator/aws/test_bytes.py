"""The bytes between a client and the emulator, where a client that is not boto3 could tell it from EMR."""

from __future__ import annotations

import json
import re
import socket
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import clusters_of
from tests.integration.emulator.region import Region, request, shell

SCOPE = "20300101/{region}/elasticmapreduce/aws4_request"
SIGNED = "AWS4-HMAC-SHA256 Credential=x/{scope}, SignedHeaders=host, Signature=0"
CONNECTIONS = 100


class Wire:
    """One connection."""

    def __init__(self, region: Region) -> None:
        self.address = urlsplit(region.url)
        self.connection = HTTPConnection(str(self.address.hostname), self.address.port, timeout=30)
        scope = SCOPE.format(region=region.name)
        self.headers = {"Content-Type": "application/x-amz-json-1.1", "Authorization": SIGNED.format(scope=scope)}

    def ask(
        self, operation: str, body: Any = None, *, method: str = "POST", **changed: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in small letters, body; a header changed to None is left out."""
        headers = {**self.headers, "X-Amz-Target": f"ElasticMapReduce.{operation}"}
        headers |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
        for name in [name for name, value in changed.items() if value is None]:
            del headers[name.replace("_", "-")]
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.connection.request(method, "/", content, headers)
        answer = self.connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def raw(self, operation: str, body: bytes, *more: str) -> bytes:
        """A request as it goes over the connection."""
        headers: Mapping[str, str] = {
            **self.headers,
            "Host": self.address.netloc,
            "X-Amz-Target": f"ElasticMapReduce.{operation}",
            "Content-Length": str(len(body)),
        }
        lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), *more, "", ""]
        return "\r\n".join(lines).encode() + body

    def socket(self) -> socket.socket:
        return socket.create_connection((str(self.address.hostname), self.address.port or 80), timeout=30)


@pytest.fixture
def wire(region: Region) -> Iterator[Wire]:
    opened = Wire(region)
    yield opened
    opened.connection.close()


# --- answers


def test_an_answer_has_the_headers_of_the_json_protocol(wire: Wire) -> None:
    status, headers, body = wire.ask("ListClusters")
    assert status == 200
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["content-length"] == str(len(body))
    assert uuid.UUID(headers["x-amzn-requestid"]).version == 4
    parsedate_to_datetime(headers["date"])
    of_every_answer = {"x-frame-options", "content-security-policy"}
    assert headers.keys() - of_every_answer == {"content-type", "content-length", "x-amzn-requestid", "date"}
    assert json.loads(body).keys() == {"Clusters"}


def test_each_answer_has_a_request_id_of_its_own(wire: Wire) -> None:
    assert len({wire.ask("ListClusters")[1]["x-amzn-requestid"] for _ in range(5)}) == 5


def test_an_operation_without_an_answer_answers_no_byte_and_one_with_an_empty_answer_an_empty_object(
    wire: Wire, region: Region
) -> None:
    cluster = region.run()
    status, headers, body = wire.ask("AddTags", {"ResourceId": cluster, "Tags": []})
    assert (status, body) == (200, b"{}")
    status, headers, body = wire.ask("TerminateJobFlows", {"JobFlowIds": [cluster]})
    assert (status, headers["content-length"], body) == (200, "0", b"")


def test_times_are_numbers_of_seconds_with_milliseconds(wire: Wire, region: Region) -> None:
    for _ in range(10):
        told = wire.ask("DescribeCluster", {"ClusterId": region.run(Name="timed")})[2].decode()
        assert re.search(r'"CreationDateTime":\d{10}(\.\d{1,3})?[,}]', told), told


# --- refusals


def test_a_refusal_names_its_type_in_body_and_header(wire: Wire) -> None:
    status, headers, body = wire.ask("TerminateJobFlows", {"JobFlowIds": ["j-NONE"]})
    assert status == 400
    assert headers["x-amzn-errortype"] == "ValidationException"
    assert json.loads(body) == {
        "__type": "ValidationException",
        "message": "Specified job flow ID does not exist.",
    }
    status, headers, body = wire.ask("DescribeCluster", {"ClusterId": "j-NONE"})
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidRequestException")
    assert json.loads(body).keys() == {"__type", "ErrorCode", "Message"}


def test_an_operation_that_emr_does_not_have_is_unknown(wire: Wire) -> None:
    status, headers, body = wire.ask("MakeCoffee")
    assert (status, headers["content-type"]) == (400, "application/x-amz-json-1.1")
    assert json.loads(body) == {"__type": "UnknownOperationException"}


def test_a_request_that_nobody_signed_is_refused(wire: Wire) -> None:
    status, _, body = wire.ask("ListClusters", Authorization=None)
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("authorization", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=x, Signature=0", "AWS x:y"])
def test_a_signature_without_a_scope_is_refused(wire: Wire, authorization: str) -> None:
    status, _, body = wire.ask("ListClusters", Authorization=authorization)
    assert (status, json.loads(body)["__type"]) == (400, "IncompleteSignatureException")


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "application/x-amz-json-1.0"])
def test_a_request_of_another_protocol_is_no_operation(wire: Wire, content_type: str | None) -> None:
    status, _, body = wire.ask("ListClusters", Content_Type=content_type)
    assert (status, body) == (404, b"<UnknownOperationException/>\n")


def test_the_content_type_may_say_more(wire: Wire) -> None:
    assert wire.ask("ListClusters", Content_Type="Application/X-Amz-Json-1.1; charset=utf-8")[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_operations_are_asked_for_by_post(wire: Wire, method: str) -> None:
    assert wire.ask("ListClusters", method=method)[0] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_only_looks_whether_somebody_is_there_is_told_so(wire: Wire, method: str) -> None:
    wire.connection.request(method, "/")
    answer = wire.connection.getresponse()
    answer.read()
    assert answer.status == 200


# --- connections


def test_a_connection_serves_many_requests_refused_ones_too(wire: Wire) -> None:
    wire.ask("ListClusters")
    first = wire.connection.sock
    for operation in ("MakeCoffee", "ListClusters", "DescribeCluster", "ListClusters") * 5:
        wire.ask(operation)
    assert wire.ask("ListClusters", b"{")[0] == 400
    assert wire.ask("ListClusters")[0] == 200
    assert wire.connection.sock is first


def test_requests_that_follow_each_other_before_the_answers_are_all_answered(wire: Wire) -> None:
    with wire.socket() as sent:
        sent.sendall(wire.raw("ListClusters", b"{}") * 3 + wire.raw("MakeCoffee", b"{}", "Connection: close"))
        told = b"".join(iter(lambda: sent.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"200", b"200", b"200", b"400"]


def test_a_client_may_wait_to_be_told_to_go_on(wire: Wire) -> None:
    whole = wire.raw("ListClusters", b"{}", "Expect: 100-continue", "Connection: close")
    head, body = whole[:-2], whole[-2:]
    with wire.socket() as sent:
        sent.sendall(head)
        assert sent.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sent.sendall(body)
        assert sent.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_slow_clients_and_those_that_leave_hold_nobody_up(wire: Wire, region: Region) -> None:
    body = json.dumps(request(Name="slow")).encode()
    whole = wire.raw("RunJobFlow", body, "Connection: close")
    with ExitStack() as stack:
        slow = [stack.enter_context(wire.socket()) for _ in range(20)]
        for number, sent in enumerate(slow):
            sent.sendall(whole[: len(whole) - 1 - 40 * number])
        assert wire.ask("ListClusters")[0] == 200
        for sent in slow[1:]:
            sent.close()
        slow[0].sendall(whole[-1:])
        assert b'"JobFlowId"' in b"".join(iter(lambda: slow[0].recv(65536), b""))
    assert [found["Name"] for found in clusters_of(region.emr)].count("slow") == 1


def test_a_hundred_connections_at_once_are_all_served(wire: Wire, region: Region) -> None:
    cluster = region.run()
    whole = wire.raw("DescribeCluster", json.dumps({"ClusterId": cluster}).encode(), "Connection: close")

    def answer(sent: socket.socket) -> bytes:
        sent.sendall(whole)
        return b"".join(iter(lambda: sent.recv(65536), b""))

    with ExitStack() as stack, ThreadPoolExecutor(CONNECTIONS) as threads:
        opened = [stack.enter_context(wire.socket()) for _ in range(CONNECTIONS)]
        told = list(threads.map(answer, opened))
    assert all(each.startswith(b"HTTP/1.1 200 OK") and cluster.encode() in each for each in told)


def test_large_requests_are_judged_like_small_ones(wire: Wire, region: Region) -> None:
    cluster = region.run(StepConcurrencyLevel=1)
    # 256 steps, each with arguments of just under EMR's limit of 10,280 characters.
    steps = [shell(f"exit 0 # {'x' * 10_000}", name=f"large {number}") for number in range(256)]
    steps[0] = shell("sleep 1000", name="first")
    status, _, body = wire.ask("AddJobFlowSteps", {"JobFlowId": cluster, "Steps": steps})
    assert status == 200, body
    assert len(json.loads(body)["StepIds"]) == 256
    status, _, body = wire.ask("DescribeCluster", {"ClusterId": cluster, "Unknown": "x" * 16_000_000})
    assert status == 200
    region.end(cluster)
