"""Logs of steps in CloudWatch Logs."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region, shell


@pytest.fixture(scope="module")
def region(emulator: LocalEmulator) -> Region:
    """A region that exists: CloudWatch Logs knows no others."""
    return Region(emulator.url, "ap-south-1")


WITH_AGENT = {"ReleaseLabel": "emr-7.11.0", "Applications": [{"Name": "Spark"}, {"Name": "AmazonCloudWatchAgent"}]}


def run_step(region: Region, configuration: Mapping[str, Any]) -> tuple[str, str]:
    """A cluster with that CloudWatchLogConfiguration, and a step of it that has ended."""
    cluster = region.run(
        shell("for n in 1 2 3; do echo out $n; echo; done; echo err >&2"),
        instances={"KeepJobFlowAliveWhenNoSteps": False},
        MonitoringConfiguration={"CloudWatchLogConfiguration": configuration},
        **WITH_AGENT,
    )
    (step,) = region.steps(cluster)
    assert region.wait_step(cluster, step["Id"])["Status"]["State"] == "COMPLETED"
    return cluster, step["Id"]


def streams(region: Region, group: str) -> dict[str, list[str]]:
    """The messages of each stream of a group."""
    logs = region.client("logs")
    names = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    return {
        name: [
            event["message"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
        ]
        for name in names
    }


def test_the_logs_of_steps_are_written_to_cloud_watch(region: Region) -> None:
    cluster, step = run_step(region, {"Enabled": True, "LogGroupName": "emr-steps", "LogStreamNamePrefix": "daily"})
    told = region.describe(cluster)["MonitoringConfiguration"]["CloudWatchLogConfiguration"]
    assert told == {"Enabled": True, "LogGroupName": "emr-steps", "LogStreamNamePrefix": "daily"}
    assert streams(region, "emr-steps") == {
        f"daily/{cluster}/steps/{step}/stdout": ["out 1", "out 2", "out 3"],
        f"daily/{cluster}/steps/{step}/stderr": ["err"],
    }


def test_only_the_logs_asked_for_are_written(region: Region) -> None:
    asked = {"Enabled": True, "LogGroupName": "some", "LogTypes": {"STEP_LOGS": ["STDERR"]}}
    cluster, step = run_step(region, asked)
    assert streams(region, "some") == {f"{cluster}/steps/{step}/stderr": ["err"]}


def test_the_log_of_a_driver_in_cluster_mode_has_a_stream_of_its_own(region: Region) -> None:
    s3, bucket = region.client("s3"), f"apps-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_object(Bucket=bucket, Key="driver.py", Body=b"print('of the driver')")
    args = ["spark-submit", "--deploy-mode", "cluster", f"s3://{bucket}/driver.py"]
    types = {"SPARK_DRIVER": ["STDOUT"]}
    cluster = region.run(
        {"Name": "driver", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": args}},
        MonitoringConfiguration={
            "CloudWatchLogConfiguration": {"Enabled": True, "LogGroupName": "drivers", "LogTypes": types}
        },
        **WITH_AGENT,
    )
    (step,) = region.steps(cluster)
    ended = region.wait_step(cluster, step["Id"])
    assert ended["Status"]["State"] == "COMPLETED", ended
    (application,) = ended["AdditionalInfo"]["ResourceManagerApplicationIds"]
    ((name, messages),) = streams(region, "drivers").items()
    assert name.startswith(f"{cluster}/containers/{application}/container_")
    assert name.endswith("/stdout")
    assert "of the driver" in messages
    region.end(cluster)


def test_nothing_is_written_when_it_is_off(region: Region) -> None:
    run_step(region, {"Enabled": False, "LogGroupName": "off"})
    assert region.client("logs").describe_log_groups(logGroupNamePrefix="off")["logGroups"] == []


def test_logs_that_cannot_be_written_fail_no_step_and_are_complained_of(region: Region) -> None:
    s3, bucket = region.client("s3"), f"logs-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    cluster = region.run(
        shell("true"),
        LogUri=f"s3://{bucket}/",
        instances={"KeepJobFlowAliveWhenNoSteps": False},
        MonitoringConfiguration={"CloudWatchLogConfiguration": {"Enabled": True, "LogGroupName": "n" * 600}},
        **WITH_AGENT,
    )
    (step,) = region.steps(cluster)
    assert region.wait_step(cluster, step["Id"])["Status"]["State"] == "COMPLETED"
    body = s3.get_object(Bucket=bucket, Key=f"{cluster}/steps/{step['Id']}/controller.gz")["Body"].read()
    assert "WARN logs are not written to CloudWatch Logs" in gzip.decompress(body).decode()
