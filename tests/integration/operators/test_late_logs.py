"""Logs that come late are waited for, no longer than is set, and that none came is said."""

from __future__ import annotations

import gzip
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.logs import files as logs
from airflow_emr_pipelines.operators import job_logs
from airflow_emr_pipelines.operators.job_logs import failure_of, show_logs
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from tests.integration.operators.test_cloud_watch_logs import Told

CONTROLLER = "2026-11-21T06:28:04.007Z INFO waitProcessCompletion ended with exit code 1"
SPEAKING = "Traceback (most recent call last):\nValueError: no day with password=hunter2 set\n"
LATE_SECONDS = 1.0


class Bucket:
    """A bucket of the emulator, into which the logs of a step are put when they come."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.name = s3, f"late-{uuid.uuid4().hex[:8]}"
        s3.create_bucket(Bucket=self.name)

    @property
    def folder(self) -> str:
        return f"s3://{self.name}/j-1/steps/s-1/"

    def put(self, speaking: str = SPEAKING) -> None:
        for name, text in (("stdout", speaking), ("stderr", ""), ("controller", CONTROLLER)):
            body = gzip.compress(text.encode())
            self.s3.put_object(Bucket=self.name, Key=f"j-1/steps/s-1/{name}.gz", Body=body)

    def steps(self) -> EmrSteps:
        """Those of a connection that knows the cluster, and reads the bucket."""
        described = {"Id": "j-1", "Name": "c", "Status": {"State": "WAITING"}, "LogUri": f"s3://{self.name}/"}
        report = ClusterReport.from_answer(described)
        hook: Any = SimpleNamespace(describe_cluster=lambda cluster_id: report, s3=EmrHook().s3)
        return EmrSteps("j-1", None, None, hook)


def step(state: str) -> StepReport:
    started = {"StartDateTime": datetime(2026, 11, 21, tzinfo=timezone.utc)}
    status = {"State": state, "FailureDetails": {"Reason": "Unknown Error"}, "Timeline": started}
    return StepReport.from_answer("j-1", {"Id": "s-1", "Name": "s", "Status": status})


def wait_for_logs(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__LOG_WAIT_SECONDS", str(seconds))


@pytest.fixture
def bucket(airflow: None, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setattr(logs, "LOOK_AGAIN_SECONDS", 0.1)
    return Bucket(emulator.client("s3"))


@pytest.fixture
def arriving(bucket: Bucket) -> Iterator[Callable[[], None]]:
    """Lets the logs come a second after it was called."""
    timers: list[threading.Timer] = []

    def start() -> None:
        timers.append(threading.Timer(LATE_SECONDS, bucket.put))
        timers[-1].start()

    yield start
    for timer in timers:
        timer.join()


def test_logs_that_come_late_tell_the_cause_and_its_place(
    bucket: Bucket, arriving: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_logs(monkeypatch, 60)
    told, start = Told(), time.monotonic()
    arriving()
    failure = failure_of(bucket.steps(), step("FAILED"), log=told.log)
    assert LATE_SECONDS <= time.monotonic() - start < 60
    assert failure.cause == "ValueError: no day with password=*** set"
    assert failure.log == f"{bucket.folder}stdout.gz"
    assert str(failure).endswith(f"Log: {bucket.folder}stdout.gz")
    assert "The probable cause stands in the stdout of step s-1: ValueError: no day with password=*** set" in told.lines
    assert "hunter2" not in "".join(told.lines) + str(failure)


def test_a_success_shows_the_tail_of_logs_that_come_late(
    bucket: Bucket, arriving: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_logs(monkeypatch, 60)
    told = Told()
    arriving()
    show_logs(bucket.steps(), step("COMPLETED"), log=told.log, level=logging.INFO)
    group = told.lines.index("::group::stdout of step s-1, last 2 of 2 lines")
    assert told.lines[group + 1 : group + 4] == [
        f"{bucket.folder}stdout.gz",
        "Traceback (most recent call last):",
        "ValueError: no day with password=*** set",
    ]


def test_a_line_without_an_end_is_cut_and_its_secret_is_masked_wherever_the_cut_falls(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_logs(monkeypatch, 60)
    told = Told()
    long = "x" * (job_logs.LONGEST_LINE - 22) + " https://me:hunter2hunter2hunter2@host/ " + "x" * 100_000
    bucket.put(long)
    show_logs(bucket.steps(), step("COMPLETED"), log=told.log, level=logging.INFO)
    (shown,) = [line for line in told.lines if "xxx" in line]
    assert shown.endswith(f" https://me:***@host/ … (a line of {len(long)} characters)"), shown[-100:]


def test_logs_that_never_come_are_said_to_be_missing_after_the_time(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_logs(monkeypatch, 0.5)
    told, start = Told(), time.monotonic()
    failure = failure_of(bucket.steps(), step("FAILED"), log=told.log)
    assert time.monotonic() - start >= 0.5
    assert failure.cause == "neither EMR's failure details nor the logs say why"
    assert failure.log is None
    assert f"No logs of step s-1 under {bucket.folder} after 0.5 s" in told.lines


def test_a_secret_over_several_lines_is_masked_where_the_tail_begins_in_the_middle_of_it(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_logs(monkeypatch, 60)
    told = Told()
    key = ["-----BEGIN PRIVATE KEY-----", *["MIIEowIBAAKCAQEA" * 4] * 60, "-----END PRIVATE KEY-----"]
    bucket.put("\n".join([*key, "- name: DB_PASSWORD", "  value: hunter2", "api_key: |", "  hunter2"]))
    failure = failure_of(bucket.steps(), step("FAILED"), log=told.log)
    shown = "\n".join(told.lines) + str(failure)
    assert "::group::stdout of step s-1, last 50 of 66 lines" in told.lines
    assert "-----END PRIVATE KEY-----" in shown
    assert "hunter2" not in shown
    assert "MIIE" not in shown
