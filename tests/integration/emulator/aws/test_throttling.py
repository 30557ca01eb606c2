"""AWS's rates, as clients meet them: refused calls, and clients that try again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region


@pytest.fixture
def limited(limited_emulator: LocalEmulator) -> Region:
    return Region(limited_emulator.url)


def refusals(calls: int, call: Callable[[], Any]) -> list[dict[str, Any]]:
    """The answers that refuse."""
    found = []
    for _ in range(calls):
        try:
            call()
        except ClientError as error:
            found.append({**error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]})
    return found


def test_a_client_that_does_not_try_again_is_refused_beyond_the_rate(limited: Region) -> None:
    cluster, began = limited.run(), time.monotonic()
    refused = refusals(40, lambda: limited.describe(cluster))
    assert refused[0] == {"Code": "ThrottlingException", "Message": "Rate exceeded", "Status": 400}
    # One more each second is let through.
    assert 30 - (time.monotonic() - began) - 1 <= len(refused) <= 30


def test_other_regions_and_other_services_go_on(limited: Region) -> None:
    assert refusals(40, limited.emr.list_clusters)
    elsewhere = Region(limited.url)
    assert refusals(10, elsewhere.emr.list_clusters) == []
    assert refusals(40, limited.client("sts").get_caller_identity) == []


def test_a_refused_call_has_done_nothing(limited: Region) -> None:
    cluster = limited.run()
    tags = iter(range(20))

    def tag() -> None:
        limited.emr.add_tags(ResourceId=cluster, Tags=[{"Key": f"tag {next(tags)}", "Value": ""}])

    refused = refusals(15, tag)
    assert refused
    assert len(limited.describe(cluster)["Tags"]) == 15 - len(refused)


def test_boto3s_own_retries_get_every_call_through(limited: Region) -> None:
    random.seed(1)  # from which botocore draws its pauses
    cluster, tries = limited.run(), []
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": limited.name}
    emr = boto3.client("emr", endpoint_url=limited.url, config=Config(), **credentials)
    emr.meta.events.register("before-send.emr.DescribeCluster", lambda **_: tries.append(1))
    for _ in range(13):
        assert emr.describe_cluster(ClusterId=cluster)["Cluster"]["Id"] == cluster
    assert len(tries) > 13


def test_the_shared_emulator_of_the_tests_has_no_limits(region: Region) -> None:
    assert refusals(60, region.emr.list_clusters) == []
