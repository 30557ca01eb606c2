"""A step's logs are found where EMR puts them, waited for while they are on their way, and never in the way."""

from __future__ import annotations

import dataclasses
import gzip
import io
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody
from moto import mock_aws

from airflow_emr_pipelines.logs.files import KEPT, LARGEST, LogFile, StepLogs, log_folder, step_log_address
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState

APPLICATION = "application_1795242520582_0007"
CONTAINER = "container_1795242520582_0007_01_000001"
STEP = "j-1/steps/s-1"


def report(*application_ids: str) -> StepReport:
    return StepReport("j-1", "s-1", "Validate", StepState.FAILED, application_ids=application_ids)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="emr-logs")
        yield client


class Clock:
    """Time that passes only by sleeping, and what happens meanwhile."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.happens = list(happens)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        if self.happens:
            self.happens.pop(0)()


def put(s3: Any, key: str, text: str, *, pack: bool = True) -> None:
    content = text.encode()
    s3.put_object(Bucket="emr-logs", Key=key, Body=gzip.compress(content) if pack else content)


def wait(logs: StepLogs, clock: Clock, seconds: float = 300) -> dict[str, tuple[str, ...]]:
    return {file.name: file.lines for file in logs.wait(seconds, sleep=clock.sleep, clock=clock)}


@pytest.mark.parametrize("log_uri", ["s3://emr-logs", "s3://emr-logs/", "s3n://emr-logs/", "s3a://emr-logs"])
def test_the_folder_is_found_however_the_log_uri_is_written(log_uri: str) -> None:
    assert step_log_address(log_uri, "j-1", "s-1") == "s3://emr-logs/j-1/steps/s-1/"
    assert log_folder(f"{log_uri.rstrip('/')}/emr/daily/") == "s3://emr-logs/emr/daily"


def test_logs_are_read_gzipped_or_not(s3: Any) -> None:
    put(s3, f"emr/{STEP}/controller.gz", "started\nended\n")
    put(s3, f"emr/{STEP}/stderr", "oh no", pack=False)
    assert StepLogs(s3, "s3://emr-logs/emr/", report()).read() == [
        LogFile("controller", f"s3://emr-logs/emr/{STEP}/controller.gz", ("started", "ended")),
        LogFile("stderr", f"s3://emr-logs/emr/{STEP}/stderr", ("oh no",)),
    ]


def test_a_step_with_a_log_uri_of_its_own_is_looked_for_there_and_its_driver_in_both(s3: Any) -> None:
    own = dataclasses.replace(report(APPLICATION), log_uri="s3n://emr-logs/own/")
    put(s3, f"own/{STEP}/controller.gz", "--deploy-mode cluster")
    put(s3, f"own/{STEP}/stderr.gz", "own")
    put(s3, f"{STEP}/stderr.gz", "another's")
    put(s3, f"j-1/containers/{APPLICATION}/{CONTAINER}/stderr.gz", "the driver")
    logs = StepLogs(s3, "s3://emr-logs", own)
    assert logs.address == "s3://emr-logs/own/j-1/steps/s-1/"
    read = wait(logs, Clock())
    assert read["stderr"] == ("own",)
    assert read["driver stderr"] == ("the driver",)


def test_logs_that_are_there_are_not_waited_for(s3: Any) -> None:
    put(s3, f"{STEP}/controller.gz", "started")
    put(s3, f"{STEP}/stderr.gz", "")
    clock = Clock()
    assert wait(StepLogs(s3, "s3://emr-logs", report()), clock) == {"controller": ("started",), "stderr": ()}
    assert clock.slept == []


def test_logs_that_are_under_way_are_waited_for(s3: Any) -> None:
    clock = Clock(
        lambda: put(s3, f"{STEP}/stderr.gz", "oh no"),
        lambda: put(s3, f"{STEP}/controller.gz", "ended"),
    )
    assert wait(StepLogs(s3, "s3://emr-logs", report()), clock) == {"controller": ("ended",), "stderr": ("oh no",)}
    assert clock.slept == [10, 10]


def test_after_the_time_there_is_what_there_is(s3: Any) -> None:
    put(s3, f"{STEP}/stdout.gz", "hello")
    clock = Clock()
    assert wait(StepLogs(s3, "s3://emr-logs", report()), clock, 25) == {"stdout": ("hello",)}
    assert clock.slept == [10, 10, 5]


def test_the_driver_of_cluster_mode_is_waited_for_since_it_alone_knows_why(s3: Any) -> None:
    put(
        s3,
        f"{STEP}/controller.gz",
        "INFO startExec 'command-runner.jar spark-submit --deploy-mode cluster s3://a/b.py'",
    )
    put(s3, f"{STEP}/stderr.gz", f"INFO Client: Submitted application {APPLICATION}")
    folder = f"j-1/containers/{APPLICATION}"

    def upload() -> None:
        put(s3, f"{folder}/{CONTAINER}/stdout.gz", "ValueError: no day")
        put(s3, f"{folder}/{CONTAINER}/stderr.gz", "ERROR ApplicationMaster")
        put(s3, f"{folder}/{CONTAINER}/prelaunch.out.gz", "setting up")
        put(s3, f"{folder}/{CONTAINER[:-1]}2/stdout.gz", "an executor")

    clock = Clock(upload)
    found = wait(StepLogs(s3, "s3://emr-logs", report()), clock)
    assert found["driver stdout"] == ("ValueError: no day",)
    assert found["driver stderr"] == ("ERROR ApplicationMaster",)
    assert set(found) == {"controller", "stderr", "driver stdout", "driver stderr"}
    assert clock.slept == [10]


def test_a_submission_that_never_became_an_application_has_no_driver_to_wait_for(s3: Any) -> None:
    put(s3, f"{STEP}/controller.gz", "spark-submit --deploy-mode cluster s3://apps/missing.py")
    put(s3, f"{STEP}/stderr.gz", "FileNotFoundException: s3://apps/missing.py")
    clock = Clock()
    wait(StepLogs(s3, "s3://emr-logs", report()), clock)
    assert clock.slept == []


def test_emr_tells_the_application_when_the_log_does_not(s3: Any) -> None:
    put(s3, f"j-1/containers/{APPLICATION}/{CONTAINER}/stdout.gz", "ValueError: no day")
    assert [file.name for file in StepLogs(s3, "s3://emr-logs", report(APPLICATION)).read_driver([])] == [
        "driver stdout"
    ]


def test_containers_of_a_restarted_resource_manager_are_driver_containers_too(s3: Any) -> None:
    put(s3, f"j-1/containers/{APPLICATION}/container_e02_1795242520582_0007_02_000001/stderr.gz", "second attempt")
    (driver,) = StepLogs(s3, "s3://emr-logs", report(APPLICATION)).read_driver([])
    assert (driver.name, driver.lines) == ("driver stderr", ("second attempt",))


def test_a_bucket_that_is_not_there_is_said_and_not_waited_for(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    assert wait(StepLogs(s3, "s3://lgos/emr", report()), clock) == {}
    assert clock.slept == []
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "s3://lgos: " in said
    assert "NoSuchBucket" in said


def refused(**_: Any) -> Any:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")


def unreachable(**_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://s3.amazonaws.com")


@pytest.mark.parametrize("get_object", [refused, unreachable])
def test_a_log_that_cannot_be_read_is_said_once_and_is_no_error_of_its_own(
    get_object: Any, caplog: pytest.LogCaptureFixture
) -> None:
    paginator = SimpleNamespace(paginate=get_object)
    client = SimpleNamespace(get_object=get_object, get_paginator=lambda _: paginator)
    clock = Clock()
    assert wait(StepLogs(client, "s3://emr-logs", report(APPLICATION)), clock, 30) == {}
    assert clock.slept == [10, 10, 10]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said)) == 9  # four files, gzipped or not, and the list of the containers


def test_of_a_damaged_file_there_is_what_lies_before_the_damage(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    whole = gzip.compress(b"first\n") + gzip.compress(b"second\n")
    s3.put_object(Bucket="emr-logs", Key=f"{STEP}/stderr.gz", Body=whole + b"no gzip at all")
    s3.put_object(
        Bucket="emr-logs", Key=f"{STEP}/stdout.gz", Body=gzip.compress(b"cut off" * 100)[:-8]
    )  # the checksum is missing
    found = {file.name: file.lines for file in StepLogs(s3, "s3://emr-logs", report()).read()}
    assert found["stderr"] == ("first", "second")
    assert found["stdout"][0].startswith("cut off")
    assert "is damaged" in caplog.text


def test_of_a_long_log_the_last_lines_are_kept(s3: Any) -> None:
    lines = [f"line {number:>9}" for number in range(3 * KEPT // 15)]
    put(s3, f"{STEP}/stderr.gz", "\n".join(lines))
    (file,) = StepLogs(s3, "s3://emr-logs", report()).read()
    assert KEPT // 16 < len(file.lines) < len(lines)
    assert list(file.lines) == lines[-len(file.lines) :]


class HugeLogs:
    """An S3 with objects that are too large to be fetched."""

    def __init__(self) -> None:
        self.ranges: list[str] = []

    def get_object(self, *, Key: str, Range: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - S3's own names
        content = b"f of a line\nthe last line\n" if Range else b""
        self.ranges.append(Range)
        answer: dict[str, Any] = {"ContentLength": len(content) if Range else LARGEST + 1}
        if Range:
            answer["ContentRange"] = f"bytes 1-{len(content)}/{LARGEST + 1}"
        return {**answer, "Body": StreamingBody(io.BytesIO(content), len(content))}


def test_of_a_huge_log_the_end_is_fetched_where_it_is_not_compressed(caplog: pytest.LogCaptureFixture) -> None:
    s3 = HugeLogs()
    logs = StepLogs(s3, "s3://emr-logs", report()).read()
    assert [file.lines for file in logs] == [("the last line",)] * 4
    assert set(s3.ranges) == {"", f"bytes=-{KEPT}"}
    assert f"stderr.gz has {LARGEST + 1} bytes and is not read here" in caplog.text
