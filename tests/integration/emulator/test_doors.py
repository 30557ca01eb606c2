"""Who may come in: no web page of a browser, and nobody who knows the emulator by a foreign name."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region, request, shell, wait_until

EVIL = "http://evil.example"
SIGNED = "AWS4-HMAC-SHA256 Credential=emulator/20300101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"
EMR_CALL = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "ElasticMapReduce.RunJobFlow",
    "Authorization": SIGNED.format("elasticmapreduce"),
}
OF_S3 = {"Authorization": SIGNED.format("s3")}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: str


def ask(url: str, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Said:
    """One request, with exactly these headers beside the body's length; Host is added when it is not among them."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": parts.netloc, **(headers or {})}
        for name, value in {**sent, **({} if body is None else {"Content-Length": str(len(body))})}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found: dict[str, list[str]] = {}
        for name, value in answer.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return Said(answer.status, {name: ", ".join(all_) for name, all_ in found.items()}, answer.read().decode())
    finally:
        connection.close()


def raw(url: str, head: str) -> bytes:
    """What is answered to a request that is sent as it is written."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port or 80), 30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"Connection: close\r\n\r\n")
        said = b""
        while more := connection.recv(65536):
            said += more
        return said


def wrote(said: Said) -> str:
    """What a refusal says, after a look at it: it is one, by name, and invites no page."""
    assert said.status == 403, said
    assert "ForeignRequestException" in said.body or "error" in json.loads(said.body)
    assert [name for name in said.headers if name.startswith("access-control-")] == []
    return said.body


def a_job_that_writes(file: Path) -> bytes:
    return json.dumps(request(shell(f"touch {file}"))).encode()


@pytest.fixture
def bucket(region: Region) -> str:
    """A bucket with the object ``job.py``."""
    name, s3 = f"doors-{uuid.uuid4().hex[:8]}", region.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_object(Bucket=name, Key="job.py", Body=b"mine")
    return name


def content(region: Region, bucket: str) -> bytes:
    found: bytes = region.client("s3").get_object(Bucket=bucket, Key="job.py")["Body"].read()
    return found


# --- pages


@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:8080", "itself", ""])
def test_a_request_with_an_origin_is_refused_and_starts_nothing(region: Region, tmp_path: Path, origin: str) -> None:
    before = len(region.emr.list_clusters()["Clusters"])
    headers = {**EMR_CALL, "Authorization": EMR_CALL["Authorization"].replace("us-east-1", region.name)}
    said = ask(
        region.url,
        "POST",
        "/",
        {**headers, "Origin": region.url if origin == "itself" else origin},
        a_job_that_writes(tmp_path / "owned"),
    )
    assert json.loads(wrote(said))["message"].startswith("Origin: ")
    assert len(region.emr.list_clusters()["Clusters"]) == before
    # The same request without that header is a client's.
    cluster = json.loads(ask(region.url, "POST", "/", headers, a_job_that_writes(tmp_path / "mine")).body)["JobFlowId"]
    wait_until((tmp_path / "mine").exists)
    region.end(cluster)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("path", ["/", "/a-bucket/job.py", "/_emulator/faults"])
@pytest.mark.parametrize("origin", [{"Origin": EVIL}, {}])
def test_no_preflight_is_answered(emulator: LocalEmulator, path: str, origin: dict[str, str]) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-target"}
    assert "Access-Control-Request-Method: POST: no page" in wrote(
        ask(emulator.url, "OPTIONS", path, {**asked, **origin})
    )


def test_what_a_bucket_lets_pages_do_lets_none_in(region: Region, bucket: str) -> None:
    rule = {"AllowedMethods": ["PUT", "GET"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
    region.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "PUT"}
    wrote(ask(region.url, "OPTIONS", f"/{bucket}/job.py", asked))
    wrote(ask(region.url, "PUT", f"/{bucket}/job.py", {"Origin": EVIL}, b"yours"))
    assert content(region, bucket) == b"mine"


def test_a_form_replaces_no_object(region: Region, bucket: str) -> None:
    boundary = "----form"
    parts = [("key", "job.py"), ("file", "yours")]
    body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts)
    form = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    sent = f"{body}--{boundary}--\r\n".encode()
    wrote(ask(region.url, "POST", f"/{bucket}", {**form, "Origin": EVIL}, sent))
    assert content(region, bucket) == b"mine"
    assert ask(region.url, "POST", f"/{bucket}", form, sent).status < 300
    assert content(region, bucket) == b"yours"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_a_page_of_elsewhere_asks_for_is_refused(region: Region, bucket: str, site: str, method: str) -> None:
    no_link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for path in (f"/{bucket}/job.py", "/_emulator/clusters"):
        assert f"Sec-Fetch-Site: {site}: " in wrote(ask(region.url, method, path, no_link))
    assert content(region, bucket) == b"mine"


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_or_our_own_page_reads_is_served(region: Region, bucket: str, site: str) -> None:
    headers = {**OF_S3, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    assert ask(region.url, "GET", f"/{bucket}/job.py", headers).body == "mine"
    del headers["Authorization"]
    assert ask(region.url, "GET", "/_emulator/health", headers).status == 200


def test_links_lead_to_pages_that_nobody_frames(region: Region, bucket: str) -> None:
    cluster = region.run()
    for path in (f"/_emulator/clusters/{cluster}", f"/{bucket}?list-type=2&prefix=logs/"):
        for site in ("cross-site", "same-site"):
            said = ask(region.url, "GET", path, {**LINK, "Sec-Fetch-Site": site})
            assert said.status == 200, said
            assert said.headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in said.headers["content-security-policy"]
        for kind in ("iframe", "frame", "object", "embed", "image", "empty"):
            wrote(ask(region.url, "GET", path, {**LINK, "Sec-Fetch-Dest": kind}))
        wrote(ask(region.url, "POST", path, LINK))
        wrote(ask(region.url, "GET", path, {**LINK, "Origin": EVIL}))
    region.end(cluster)


@pytest.mark.parametrize(
    "path",
    [
        "/{bucket}/job.py",
        "/{bucket}",
        "/{bucket}?list-type=2&prefix=&uploads",
        "/",
        "/sqs_us-east-1/?Action=CreateQueue&QueueName=q",
        "/moto-api/",
    ],
)
def test_a_link_leads_nowhere_else(region: Region, bucket: str, path: str) -> None:
    wrote(ask(region.url, "GET", path.format(bucket=bucket), LINK))


def test_a_page_that_is_stored_here_runs_no_program(region: Region, bucket: str) -> None:
    region.client("s3").put_object(Bucket=bucket, Key="page.html", Body=b"<script>1</script>", ContentType="text/html")
    said = ask(region.url, "GET", f"/{bucket}/page.html", OF_S3)
    assert said.body == "<script>1</script>"
    assert "sandbox" in said.headers["content-security-policy"].split(", ")


def test_no_fault_is_made_and_no_machine_taken_for_a_page(region: Region) -> None:
    cluster = region.run()
    fault = json.dumps({"operation": "*", "kind": "drop"}).encode()
    wrote(ask(region.url, "POST", "/_emulator/faults", {"Origin": EVIL, "Content-Type": "application/json"}, fault))
    wrote(ask(region.url, "DELETE", f"/_emulator/clusters/{cluster}", {"Origin": EVIL}))
    assert json.loads(ask(region.url, "GET", "/_emulator/faults").body)["faults"] == []
    region.wait(cluster, "WAITING")
    region.end(cluster)


def test_there_is_no_web_socket(emulator: LocalEmulator) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    wrote(ask(emulator.url, "GET", "/", {**upgrade, "Origin": EVIL}))
    assert ask(emulator.url, "GET", "/_emulator/health", upgrade).status == 200  # plain HTTP, as if it had not asked


# --- names


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:5555",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1:1:2",
        "127.0.0.1/evil",
        "127.0.0.1,evil.example",
        "localhost.",
        "evil.example.",
        ".localhost",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "192.0.2.1",
        "[::ffff:127.0.0.1]",
        "[::]",
        "[evil.example]",
        "::1",
        "bucket.127.0.0.1",
        "",
    ],
)
def test_a_foreign_name_leads_to_nothing(region: Region, bucket: str, host: str) -> None:
    for forwarded in ({}, {"X-Forwarded-Host": "127.0.0.1", "Forwarded": "host=127.0.0.1"}):
        headers = {"Host": host, **forwarded}
        for method, path in (
            ("GET", f"/{bucket}/job.py"),
            ("POST", "/_emulator/faults"),
            ("GET", "/_emulator/clusters"),
            ("DELETE", f"/{bucket}/job.py"),
        ):
            said = wrote(ask(region.url, method, path, {**headers, **({} if method == "GET" else EMR_CALL)}))
            assert "--allowed-host NAME" in said
    assert content(region, bucket) == b"mine"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:1", "localhost:5555", "LocalHost", "127.83.1.2:80", "[::1]:5555", "[::1]"]
)
def test_this_machines_own_names_lead_here(emulator: LocalEmulator, host: str) -> None:
    assert ask(emulator.url, "GET", "/_emulator/health", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.0\n",
        "GET / HTTP/1.1\nHost: 127.0.0.1\nHost: evil.example\n",
        "GET / HTTP/1.1\nHost: evil.example\nHost: 127.0.0.1\n",
        "GET http://127.0.0.1/ HTTP/1.1\nHost: evil.example\n",
    ],
)
def test_a_request_without_one_name_of_ours_is_refused(emulator: LocalEmulator, head: str) -> None:
    said = raw(emulator.url, head)
    assert said.split(b" ")[1] in (b"403", b"400"), said
    assert b"Buckets" not in said


def test_the_reason_is_told_in_the_words_of_the_client(emulator: LocalEmulator) -> None:
    given = {"Host": "emr.example"}
    said = ask(emulator.url, "POST", "/", {**EMR_CALL, **given})
    assert json.loads(said.body)["__type"] == said.headers["x-amzn-errortype"] == "ForeignRequestException"
    reason = "Host: emr.example: the emulator answers to 127.0.0.1, localhost"
    assert json.loads(said.body)["message"].startswith(reason)
    assert json.loads(ask(emulator.url, "GET", "/_emulator/health", given).body)["error"].startswith(reason)
    assert f"<Message>{reason}" in ask(emulator.url, "GET", "/", given).body
    long = ask(emulator.url, "GET", "/_emulator/health", {"Host": "x" * 5000 + "\xff<>"}).body
    assert len(long) < 500


@pytest.mark.parametrize("service", ["emr", "s3", "sts", "sqs", "iam"])
def test_boto3_tells_the_reason(region: Region, service: str) -> None:
    client = region.client(service)

    def from_elsewhere(request: Any, **_: Any) -> None:
        request.headers["Origin"] = EVIL

    client.meta.events.register("before-sign", from_elsewhere)
    calls = {
        "emr": "list_clusters",
        "s3": "list_buckets",
        "sts": "get_caller_identity",
        "sqs": "list_queues",
        "iam": "list_roles",
    }
    with pytest.raises(ClientError, match="no page of a browser") as refused:
        getattr(client, calls[service])()
    assert refused.value.response["Error"]["Code"] == "ForeignRequestException"


@pytest.mark.parametrize(
    "host", ["{}.localhost", "{}.localhost:5555", "{}.s3.localhost:5555", "{}.s3.us-east-1.localhost"]
)
def test_a_bucket_may_stand_before_the_name_for_who_is_no_browser(region: Region, bucket: str, host: str) -> None:
    named = {"Host": host.format(bucket), **OF_S3}
    assert ask(region.url, "GET", "/job.py", named).body == "mine"
    assert ask(region.url, "PUT", "/job.py", named, b"changed").status == 200
    assert content(region, bucket) == b"changed"
    for browser in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Mode": "navigate"}, {"Origin": EVIL}):
        wrote(ask(region.url, "GET", "/job.py", {**named, **browser}))
        wrote(ask(region.url, "PUT", "/job.py", {**named, **browser}, b"yours"))
    assert content(region, bucket) == b"changed"


# --- who asks


@pytest.mark.parametrize("value", ["8.8.8.8", "garbage", "", "127.0.0.1, 8.8.8.8", "::ffff:8.8.8.8", "unix:"])
def test_forwarded_headers_are_not_believed(region: Region, bucket: str, value: str) -> None:
    forwarded = {
        "X-Forwarded-For": value,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "Forwarded": f"for={value};host=evil.example",
    }
    for path, headers in (("/_emulator/faults", {}), ("/_emulator/health", {}), (f"/{bucket}/job.py", OF_S3)):
        assert ask(region.url, "GET", path, {**forwarded, **headers}).status == 200
    target = {"X-Amz-Target": "AmazonSQS.CreateQueue", "Content-Type": "application/x-amz-json-1.0"}
    signed = {"Authorization": SIGNED.format("sqs")}
    said = ask(region.url, "POST", "/", {**forwarded, **target, **signed}, b'{"QueueName": "forwarded"}')
    assert json.loads(said.body)["QueueUrl"].startswith(region.url)


# --- moto's own interface


@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/reset",
        "/moto-api/",
        "/moto-api/data.json",
        "/moto-api/recorder/start-recording",
        "/moto-api",
        "/%6doto-api/reset",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_motos_own_interface_is_refused_by_name(region: Region, bucket: str, path: str, method: str) -> None:
    for headers in ({}, {"Host": f"{bucket}.localhost"}, EMR_CALL, OF_S3):
        said = ask(region.url, method, path, headers, b"" if method == "POST" else None)
        assert said.status == 403
        assert "Start the emulator with --moto-api to have it." in json.loads(said.body)["message"]
    assert content(region, bucket) == b"mine"
