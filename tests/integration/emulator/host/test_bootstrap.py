"""Bootstrap actions run for real, before anything else, and their failure ends the cluster."""

from __future__ import annotations

import gzip
from typing import Any

import psutil
import pytest

from tests.conftest import clusters_of
from tests.integration.emulator.region import Region, shell, wait_until


@pytest.fixture(scope="module")
def bucket(region: Region) -> str:
    name = f"bootstrap-{region.name}"
    region.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region.name})
    return name


@pytest.fixture(scope="module")
def s3(region: Region) -> Any:
    return region.client("s3")


def action(s3: Any, bucket: str, name: str, script: str, *args: str) -> dict[str, Any]:
    s3.put_object(Bucket=bucket, Key=f"{name}.sh", Body=f"#!/bin/bash\n{script}\n".encode())
    return {"Name": name, "ScriptBootstrapAction": {"Path": f"s3://{bucket}/{name}.sh", "Args": list(args)}}


def test_actions_run_one_after_the_other_before_the_first_step(region: Region, s3: Any, bucket: str) -> None:
    first = action(s3, bucket, "first", 'echo "first $1" >> ~/said', "a b")
    second = action(s3, bucket, "second", "echo second >> ~/said; echo installed")
    cluster = region.run(shell("cat ~/said"), BootstrapActions=[first, second], LogUri=f"s3://{bucket}/logs/")
    (step,) = region.steps(cluster)
    assert region.wait_step(cluster, step["Id"])["Status"]["State"] == "COMPLETED"
    assert log(s3, bucket, f"{cluster}/steps/{step['Id']}/stdout") == "first a b\nsecond\n"
    instance = region.emr.list_instances(ClusterId=cluster)["Instances"][0]["Ec2InstanceId"]
    assert log(s3, bucket, f"{cluster}/node/{instance}/bootstrap-actions/2/stdout") == "installed\n"


def test_a_failed_action_ends_the_cluster_and_says_which_it_was(region: Region, s3: Any, bucket: str) -> None:
    fine = action(s3, bucket, "fine", "true")
    broken = action(s3, bucket, "broken", "echo cannot find pip >&2; exit 7")
    never = action(s3, bucket, "never", "true")
    cluster = region.run(shell("true"), BootstrapActions=[fine, broken, never], LogUri=f"s3://{bucket}/logs/")
    ended = region.wait(cluster, "TERMINATED_WITH_ERRORS")
    instance = region.emr.list_instances(ClusterId=cluster)["Instances"][0]["Ec2InstanceId"]
    reason = ended["Status"]["StateChangeReason"]
    assert reason["Code"] == "BOOTSTRAP_FAILURE"
    assert reason["Message"] == (
        f"On the master instance ({instance}), bootstrap action 2 returned a non-zero return code"
    )
    (detail,) = ended["Status"]["ErrorDetails"]
    assert detail["ErrorCode"] == "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"
    (data,) = detail["ErrorData"]
    assert (data["primary-instance-id"], data["bootstrap-action"], data["name"]) == (instance, "2", "broken")
    assert "cannot find pip" in data["message"]
    told = f"{cluster}/node/{instance}/bootstrap-actions"
    assert data["log-file"] == f"s3://{bucket}/logs/{told}/2/stderr.gz"
    assert "cannot find pip" in log(s3, bucket, f"{told}/2/stderr")
    assert not s3.list_objects_v2(Bucket=bucket, Prefix=f"logs/{told}/3/").get("Contents")
    assert region.steps(cluster)[0]["Status"]["State"] == "CANCELLED"
    assert "ReadyDateTime" not in ended["Status"]["Timeline"]
    summary = next(
        found for found in clusters_of(region.emr, ClusterStates=["TERMINATED_WITH_ERRORS"]) if found["Id"] == cluster
    )
    assert summary["Status"]["ErrorDetails"] == [detail]


def test_a_script_that_is_not_there_ends_the_cluster(region: Region, bucket: str) -> None:
    missing = {"Name": "missing", "ScriptBootstrapAction": {"Path": f"s3://{bucket}/nothing.sh"}}
    ended = region.wait(region.run(BootstrapActions=[missing]), "TERMINATED_WITH_ERRORS")
    assert ended["Status"]["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    assert "nothing.sh" in ended["Status"]["ErrorDetails"][0]["ErrorData"][0]["message"]


def test_a_cluster_can_be_ended_in_the_middle_of_an_action(region: Region, s3: Any, bucket: str, tmp_path: Any) -> None:
    started = tmp_path / "started"
    long = action(s3, bucket, "long", 'touch "$1"; sleep 1000', str(started))
    clusters = [region.run(BootstrapActions=[long]) for _ in range(3)]  # several at once have actions of one number
    wait_until(started.exists)
    for cluster in clusters:
        ended = region.end(cluster)
        assert ended["Status"]["StateChangeReason"]["Code"] == "USER_REQUEST"


def test_what_an_action_leaves_running_lives_as_long_as_the_cluster_however_far_it_went(
    region: Region, s3: Any, bucket: str, tmp_path: Any
) -> None:
    told = tmp_path / "pid"
    daemon = action(s3, bucket, "daemon", "setsid env -i sh -c 'echo $$ > '$1'; exec sleep 1000' &", str(told))
    cluster = region.run(BootstrapActions=[daemon])
    region.wait(cluster, "WAITING")
    wait_until(lambda: told.exists() and told.read_text().strip() != "")
    daemon_pid = int(told.read_text())
    assert psutil.pid_exists(daemon_pid)
    region.end(cluster)
    wait_until(lambda: not psutil.pid_exists(daemon_pid))


def log(s3: Any, bucket: str, name: str) -> str:
    body = s3.get_object(Bucket=bucket, Key=f"logs/{name}.gz")["Body"].read()
    return gzip.decompress(body).decode()
