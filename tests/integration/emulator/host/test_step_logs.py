"""A step may have a log address of its own, beside or without one of its cluster's."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.integration.emulator.region import Region, shell

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
FILES = {f"{name}.gz" for name in ("controller", "syslog", "stdout", "stderr")}


def with_logs(step: dict[str, Any], **where: str) -> dict[str, Any]:
    return {**step, "StepMonitoringConfiguration": {"S3MonitoringConfiguration": where}}


@pytest.fixture(scope="module")
def buckets(region: Region) -> tuple[str, str]:
    """A bucket for the cluster's logs, and one for a step's."""
    names = (f"cluster-{region.name}", f"step-{region.name}")
    for name in names:
        place = {"LocationConstraint": region.name}
        region.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return names


def stored(region: Region, bucket: str, cluster: str) -> dict[str, bytes]:
    """What is below the cluster's id, wherever that is in the bucket."""
    s3 = region.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if f"{cluster}/" in key}


def test_the_logs_of_a_step_go_where_it_wants_them(region: Region, buckets: tuple[str, str]) -> None:
    cluster_bucket, step_bucket = buckets
    own = {"LogUri": f"s3://{step_bucket}/mine/", "EncryptionKeyArn": KEY}
    cluster = region.run(LogUri=f"s3://{cluster_bucket}/")
    apart, together = region.add(
        cluster, with_logs(shell("echo apart; echo no such table >&2; exit 1"), **own), shell("echo together")
    )
    failed = region.wait_step(cluster, apart)
    region.wait_step(cluster, together, "COMPLETED")
    assert (failed["LogUri"], failed["EncryptionKeyArn"]) == (own["LogUri"], KEY)
    listed = {step["Id"]: step.get("LogUri") for step in region.steps(cluster)}
    assert listed == {apart: own["LogUri"], together: None}
    place = f"mine/{cluster}/steps/{apart}"
    assert failed["Status"]["FailureDetails"]["LogFile"] == f"s3://{step_bucket}/{place}/stderr.gz"
    there = stored(region, step_bucket, cluster)
    assert there.keys() == {f"{place}/{file}" for file in FILES}
    assert gzip.decompress(there[f"{place}/stdout.gz"]) == b"apart\n"
    others = stored(region, cluster_bucket, cluster)
    assert others.keys() == {f"{cluster}/steps/{together}/{file}" for file in FILES}


def test_a_step_may_have_logs_on_a_cluster_that_has_none(region: Region, buckets: tuple[str, str]) -> None:
    _, step_bucket = buckets
    cluster = region.run(with_logs(shell("echo here"), LogUri=f"s3://{step_bucket}"), shell("echo nowhere"))
    here, nowhere = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, nowhere, "COMPLETED")
    assert stored(region, step_bucket, cluster).keys() == {f"{cluster}/steps/{here}/{file}" for file in FILES}
