"""S3 of the emulator with more clients that stand still than it has threads, and with keys that are too long."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator

CLIENTS = 40
MIB = 1024**2
SIGNED = "AWS4-HMAC-SHA256 Credential=emulator/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def s3(emulator: LocalEmulator) -> Any:
    return emulator.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"stress-{next(NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


@contextlib.contextmanager
def clients(emulator: LocalEmulator, request: str) -> Iterator[list[socket.socket]]:
    """Connections on which a request has begun, and no more is sent or read."""
    where = urlsplit(emulator.url)
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(CLIENTS):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((where.hostname, where.port))
            client.sendall(request.replace("\n", "\r\n").encode())
            opened.append(client)
        yield opened


def answers(emulator: LocalEmulator, path: str) -> int:
    where = urlsplit(emulator.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def test_uploads_that_stand_still_hold_nobody_else_up(emulator: LocalEmulator, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    half = f"PUT /{bucket}/half HTTP/1.1\nHost: localhost\nAuthorization: {SIGNED}\nContent-Length: 1000\n\nhalf"
    with clients(emulator, half) as standing:
        assert answers(emulator, f"/{bucket}/k") == 200
        for client in standing:
            client.sendall(b"x" * (1000 - len("half")))
        assert {client.recv(12) for client in standing} == {b"HTTP/1.1 200"}


def test_downloads_that_nobody_reads_hold_nobody_else_up(emulator: LocalEmulator, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="large", Body=b"x" * (8 * MIB), ACL="public-read")
    with clients(emulator, f"GET /{bucket}/large HTTP/1.1\nHost: localhost\n\n") as standing:
        assert {client.recv(12) for client in standing} == {b"HTTP/1.1 200"}
        assert answers(emulator, f"/{bucket}/large") == 200


LONG = "é" * 512 + "x"
CALLS: dict[str, Callable[[Any, str], object]] = {
    "put": lambda s3, bucket: s3.put_object(Bucket=bucket, Key=LONG, Body=b"x"),
    "get": lambda s3, bucket: s3.get_object(Bucket=bucket, Key=LONG),
    "delete": lambda s3, bucket: s3.delete_object(Bucket=bucket, Key=LONG),
    "copy": lambda s3, bucket: s3.copy_object(Bucket=bucket, Key=LONG, CopySource={"Bucket": bucket, "Key": "k"}),
    "multipart": lambda s3, bucket: s3.create_multipart_upload(Bucket=bucket, Key=LONG),
    "tags": lambda s3, bucket: s3.get_object_tagging(Bucket=bucket, Key=LONG),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_key_of_more_than_1024_bytes_is_too_long(s3: Any, bucket: str, call: Callable[[Any, str], object]) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with pytest.raises(ClientError) as refused:
        call(s3, bucket)
    error: Any = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("KeyTooLongError", "Your key is too long")
    assert (error["Size"], error["MaxSizeAllowed"]) == ("1025", "1024")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_head_of_such_a_key_is_a_bad_request(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="400"):
        s3.head_object(Bucket=bucket, Key=LONG)


def test_a_key_of_1024_bytes_is_none_too_long(s3: Any, bucket: str) -> None:
    key = "é" * 512
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    s3.delete_object(Bucket=bucket, Key=key)


def test_a_form_may_not_bring_such_a_key_either(emulator: LocalEmulator, s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, "k")
    fields = {**form["fields"], "key": LONG, "file": "x"}
    begin = "--b\r\nContent-Disposition: form-data; name="
    parts = "".join(f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    where = urlsplit(emulator.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    with contextlib.closing(connection):
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        connection.request("POST", f"/{bucket}", f"{parts}--b--\r\n".encode(), kind)
        answer = connection.getresponse()
        assert (answer.status, b"<Code>KeyTooLongError</Code>" in answer.read()) == (400, True)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
