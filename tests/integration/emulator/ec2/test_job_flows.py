"""DescribeJobFlows: the same clusters in the words of EMR's first years."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import CORE, MASTER, Region, shell, wait_until


@pytest.fixture(scope="module")
def ways(emulator: LocalEmulator) -> tuple[Region, dict[str, str]]:
    """A region in which clusters have ended in every way; by the state that they are told to be in."""
    region = Region(emulator.url)
    transient = {"KeepJobFlowAliveWhenNoSteps": False}
    ways = {
        "COMPLETED": region.run(shell("true"), instances=transient),
        "FAILED": region.run(shell("exit 1", on_failure="TERMINATE_CLUSTER"), instances=transient),
        "TERMINATED": region.run(),
        "WAITING": region.run(),
    }
    region.wait(ways["WAITING"], "WAITING")
    region.end(ways["TERMINATED"])
    region.wait(ways["COMPLETED"], "TERMINATED")
    region.wait(ways["FAILED"], "TERMINATED_WITH_ERRORS")
    return region, ways


def found(region: Region, **asked: Any) -> dict[str, str]:
    """The job flows that are told, with their states."""
    flows = region.emr.describe_job_flows(**asked)["JobFlows"]
    return {flow["JobFlowId"]: flow["ExecutionStatusDetail"]["State"] for flow in flows}


def test_states_tell_how_a_cluster_ended(ways: tuple[Region, dict[str, str]]) -> None:
    region, clusters = ways
    assert found(region) == {cluster: state for state, cluster in clusters.items()}


def test_job_flows_are_found_by_id_state_and_time(ways: tuple[Region, dict[str, str]]) -> None:
    region, clusters = ways
    for state, cluster in clusters.items():
        assert found(region, JobFlowStates=[state]) == {cluster: state}
        assert found(region, JobFlowIds=[cluster]) == {cluster: state}
    assert found(region, JobFlowIds=[clusters["FAILED"]], JobFlowStates=["WAITING"]) == {}
    assert found(region, JobFlowStates=["STARTING", "SHUTTING_DOWN"]) == {}
    created = [region.describe(cluster)["Status"]["Timeline"]["CreationDateTime"] for cluster in clusters.values()]
    before, after = min(created) - timedelta(seconds=2), max(created) + timedelta(seconds=2)
    everything = {*clusters.values()}
    for asked, expected in (
        ({"CreatedAfter": before}, everything),
        ({"CreatedBefore": after}, everything),
        ({"CreatedAfter": before, "CreatedBefore": after}, everything),
        ({"CreatedAfter": after}, set()),
        ({"CreatedBefore": before}, set()),
    ):
        assert found(region, **asked).keys() == expected


def test_job_flows_that_cannot_be_asked_for(ways: tuple[Region, dict[str, str]]) -> None:
    region, clusters = ways
    with pytest.raises(ClientError, match="Specified job flow ID does not exist") as refused:
        region.emr.describe_job_flows(JobFlowIds=[clusters["WAITING"], "j-NOTTHERE"])
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="enum value set"):
        region.emr.describe_job_flows(JobFlowStates=["TERMINATING"])
    with pytest.raises(ClientError, match="CreatedAfter must not be later"):
        region.emr.describe_job_flows(CreatedAfter="2026-01-02", CreatedBefore="2026-01-01")


def test_a_job_flow_is_told_with_its_groups_steps_and_bootstrap_actions(region: Region, tmp_path: Path) -> None:
    ready, gate = tmp_path / "ready", tmp_path / "gate"
    s3 = region.client("s3")
    s3.create_bucket(Bucket="job-flow", CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_object(Bucket="job-flow", Key="b.sh", Body=b"true\n")
    bootstrap = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://job-flow/b.sh", "Args": ["1"]}}
    step = shell(f"trap '' TERM; touch {ready}; until test -e {gate}; do sleep 0.02; done")
    step["ActionOnFailure"] = "CANCEL_AND_WAIT"
    step["HadoopJarStep"]["Properties"] = [{"Key": "k", "Value": "v"}]
    cluster = region.run(
        step,
        instances={"InstanceGroups": [MASTER, CORE], "TerminationProtected": True, "Ec2KeyName": "key"},
        BootstrapActions=[bootstrap],
        LogUri="s3://job-flow/logs/",
        ScaleDownBehavior="TERMINATE_AT_TASK_COMPLETION",
    )
    step_id = region.steps(cluster)[0]["Id"]
    wait_until(ready.exists)
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[step_id])
    (flow,) = region.emr.describe_job_flows(JobFlowIds=[cluster])["JobFlows"]
    told = region.describe(cluster)
    assert (flow["Name"], flow["LogUri"], flow["ServiceRole"]) == ("test", "s3://job-flow/logs/", "EMR_DefaultRole")
    assert flow["ScaleDownBehavior"] == "TERMINATE_AT_TASK_COMPLETION"
    assert flow["VisibleToAllUsers"] is True
    assert flow["BootstrapActions"] == [{"BootstrapActionConfig": bootstrap}]
    status = flow["ExecutionStatusDetail"]
    assert (status["State"], status["LastStateChangeReason"]) == ("RUNNING", "Running step")
    assert status["ReadyDateTime"] == told["Status"]["Timeline"]["ReadyDateTime"]
    instances = flow["Instances"]
    assert (instances["MasterInstanceType"], instances["SlaveInstanceType"]) == ("m5.xlarge", "r5.2xlarge")
    assert instances["InstanceCount"] == 3
    assert instances["MasterPublicDnsName"] == told["MasterPublicDnsName"]
    assert (instances["TerminationProtected"], instances["KeepJobFlowAliveWhenNoSteps"]) == (True, True)
    assert instances["Ec2KeyName"] == "key"
    assert [
        (group["InstanceRole"], group["InstanceRequestCount"], group["InstanceRunningCount"], group["State"])
        for group in instances["InstanceGroups"]
    ] == [("MASTER", 1, 1, "RUNNING"), ("CORE", 2, 2, "RUNNING")]
    (told_step,) = flow["Steps"]
    assert told_step["StepConfig"] == step
    assert region.step(cluster, step_id)["Status"]["State"] == "CANCEL_PENDING"
    assert told_step["ExecutionStatusDetail"]["State"] == "RUNNING"
    gate.touch()
    region.wait_step(cluster, step_id)


def test_of_fleets_the_primary_instance_is_told(region: Region) -> None:
    primary = {
        "InstanceFleetType": "MASTER",
        "TargetOnDemandCapacity": 1,
        "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
    }
    cluster = region.run(instances={"InstanceGroups": [], "InstanceFleets": [primary]})
    region.wait(cluster, "WAITING")
    (flow,) = region.emr.describe_job_flows(JobFlowIds=[cluster])["JobFlows"]
    assert flow["Instances"]["MasterInstanceType"] == "m5.xlarge"
    assert (flow["Instances"]["InstanceCount"], flow["Instances"]["InstanceGroups"]) == (1, [])
