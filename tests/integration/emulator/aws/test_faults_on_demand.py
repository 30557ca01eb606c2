"""Faults that the emulator makes when it is told to."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

ONCE = Config(retries={"total_max_attempts": 1})
CLUSTER: dict[str, Any] = {
    "Name": "faulty",
    "ReleaseLabel": "emr-7.10.0",
    "Instances": {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]},
    "ServiceRole": "EMR_DefaultRole",
    "JobFlowRole": "EMR_EC2_DefaultRole",
}


class Faulty:
    """The session's emulator, which can be told to make faults."""

    def __init__(self, emulator: Any) -> None:
        self.url = emulator.url
        self.emr = boto3.client("emr", endpoint_url=self.url, config=ONCE)
        self.s3 = boto3.client("s3", endpoint_url=self.url, config=ONCE)

    def ask(self, method: str, told: object = None, content_type: str = "application/json") -> Any:
        body = None if told is None else json.dumps(told).encode()
        request = urllib.request.Request(
            f"{self.url}/_emulator/faults", body, {"Content-Type": content_type}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["faults"]

    def make(self, operation: str, kind: str, **told: object) -> None:
        self.ask("POST", {"operation": operation, "kind": kind, **told})


@pytest.fixture
def faulty(emulator: Any) -> Iterator[Faulty]:
    faulty = Faulty(emulator)
    yield faulty
    faulty.ask("DELETE")


def test_a_throttled_request_does_nothing_and_the_next_passes(faulty: Faulty) -> None:
    faulty.make("ListClusters", "throttle", times=1)
    with pytest.raises(ClientError, match=r"ThrottlingException.*Rate exceeded"):
        faulty.emr.list_clusters()
    assert "Clusters" in faulty.emr.list_clusters()
    assert [fault["hits"] for fault in faulty.ask("GET")] == [1]


def test_an_error_has_the_code_and_status_that_were_given(faulty: Faulty) -> None:
    faulty.make("ListClusters", "error", code="ExpiredTokenException", message="The token has expired", status=400)
    with pytest.raises(ClientError) as raised:
        faulty.emr.list_clusters()
    assert raised.value.response["Error"]["Code"] == "ExpiredTokenException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_dropped_request_made_no_cluster_and_one_whose_answer_was_lost_did(faulty: Faulty) -> None:
    def made() -> int:
        pages = faulty.emr.get_paginator("list_clusters").paginate()
        return sum(cluster["Name"] == CLUSTER["Name"] for page in pages for cluster in page["Clusters"])

    before = made()
    counts = []
    for kind in ("drop", "lose_answer"):
        faulty.make("RunJobFlow", kind, times=1)
        with pytest.raises(ConnectionClosedError):
            faulty.emr.run_job_flow(**CLUSTER)
        counts.append(made() - before)
    assert counts == [0, 1]


def test_other_services_are_named_by_their_names(faulty: Faulty) -> None:
    faulty.make("s3", "lose_answer", times=1)
    with pytest.raises(ConnectionClosedError):
        faulty.s3.create_bucket(Bucket="made-without-a-word")
    assert faulty.s3.head_bucket(Bucket="made-without-a-word")
    faulty.make("s3", "drop", times=1)
    with pytest.raises(ConnectionClosedError):
        faulty.s3.head_bucket(Bucket="made-without-a-word")


def test_an_answer_can_be_late(faulty: Faulty) -> None:
    faulty.make("ListClusters", "delay", delay=0.5, times=1)
    began = time.monotonic()
    faulty.emr.list_clusters()
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(
    ("told", "content_type", "status"),
    [
        ({"operation": "*", "kind": "burn"}, "application/json", 400),
        (["drop"], "application/json", 400),
        ({"operation": "*", "kind": "drop"}, "text/plain", 415),
    ],
)
def test_what_is_no_fault_is_refused(faulty: Faulty, told: object, content_type: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        faulty.ask("POST", told, content_type)
    assert refused.value.code == status
    assert "error" in json.load(refused.value)
    assert faulty.ask("GET") == []
