"""Instance groups of a cluster that lives: added, resized, reconfigured, told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import CORE, MASTER, TASK, Region, wait_until

CONFIGURATION = {"Classification": "spark-defaults", "Properties": {"spark.a": "1"}, "Configurations": []}


def listed(region: Region, cluster: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    return found


def group(region: Region, cluster: str, group_id: str) -> dict[str, Any]:
    return next(found for found in listed(region, cluster) if found["Id"] == group_id)


def wait_for(region: Region, cluster: str, group_id: str, running: int) -> dict[str, Any]:
    """The group when it runs again, with so many instances."""

    def is_there() -> bool:
        found = group(region, cluster, group_id)
        return (found["Status"]["State"], found["RunningInstanceCount"]) == ("RUNNING", running)

    wait_until(is_there)
    return group(region, cluster, group_id)


def instances(region: Region, cluster: str, group_id: str, *states: str) -> list[dict[str, Any]]:
    filters = {"InstanceStates": list(states)} if states else {}
    found: list[dict[str, Any]] = region.emr.list_instances(ClusterId=cluster, InstanceGroupId=group_id, **filters)[
        "Instances"
    ]
    return found


@pytest.fixture
def cluster(region: Region) -> str:
    """A cluster that waits, with all kinds of groups."""
    found = region.run(instances={"InstanceGroups": [MASTER, CORE, TASK]})
    region.wait(found, "WAITING")
    return found


def test_a_group_grows_and_shrinks(region: Region, cluster: str) -> None:
    core = listed(region, cluster)[1]["Id"]
    region.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": core, "InstanceCount": 5}])
    assert group(region, cluster, core)["RequestedInstanceCount"] == 5
    wait_for(region, cluster, core, 5)
    first = instances(region, cluster, core)[0]["Ec2InstanceId"]
    region.emr.modify_instance_groups(
        ClusterId=cluster,
        InstanceGroups=[
            {
                "InstanceGroupId": core,
                "InstanceCount": 4,
                "ShrinkPolicy": {"InstanceResizePolicy": {"InstancesToTerminate": [first]}},
            }
        ],
    )
    told = wait_for(region, cluster, core, 4)
    assert told["ShrinkPolicy"] == {"InstanceResizePolicy": {"InstancesToTerminate": [first]}}
    (gone,) = instances(region, cluster, core, "TERMINATED")
    assert gone["Ec2InstanceId"] == first
    assert "resize" in gone["Status"]["StateChangeReason"]["Message"]
    assert gone["Status"]["Timeline"]["ReadyDateTime"] <= gone["Status"]["Timeline"]["EndDateTime"]


def test_a_group_of_a_cluster_that_has_yet_to_start_is_not_changed(region: Region, tmp_path: Path) -> None:
    bucket, s3 = f"groups-{region.name}", region.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    s3.put_object(Bucket=bucket, Key="wait.sh", Body=f"until [ -e {tmp_path}/go ]; do sleep 0.05; done\n".encode())
    wait = {"Name": "wait", "ScriptBootstrapAction": {"Path": f"s3://{bucket}/wait.sh"}}
    cluster = region.run(instances={"InstanceGroups": [MASTER, CORE]}, BootstrapActions=[wait])
    change = {"InstanceGroupId": listed(region, cluster)[1]["Id"], "InstanceCount": 3}
    for _ in range(2):  # when it starts, and when it bootstraps
        with pytest.raises(ClientError) as refused:
            region.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[change])
        assert refused.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": "An instance group may only be modified when the cluster is running or waiting.",
        }
        region.wait(cluster, "BOOTSTRAPPING")
    (tmp_path / "go").touch()
    region.wait(cluster, "WAITING")
    region.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[change])
    wait_for(region, cluster, change["InstanceGroupId"], 3)


def test_a_group_needs_no_cluster_id_to_be_changed(region: Region, cluster: str) -> None:
    task = listed(region, cluster)[2]["Id"]
    region.emr.modify_instance_groups(InstanceGroups=[{"InstanceGroupId": task, "InstanceCount": 0}])
    assert wait_for(region, cluster, task, 0)["RequestedInstanceCount"] == 0


def test_named_instances_end(region: Region, cluster: str) -> None:
    task = listed(region, cluster)[2]["Id"]
    named = [found["Ec2InstanceId"] for found in instances(region, cluster, task)[:2]]
    region.emr.modify_instance_groups(
        ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": task, "EC2InstanceIdsToTerminate": named}]
    )
    assert wait_for(region, cluster, task, 1)["RequestedInstanceCount"] == 1
    assert [found["Ec2InstanceId"] for found in instances(region, cluster, task, "TERMINATED")] == named


def test_groups_are_added(region: Region, cluster: str) -> None:
    answer = region.emr.add_instance_groups(
        JobFlowId=cluster, InstanceGroups=[{**TASK, "Name": "more"}, {**TASK, "InstanceCount": 1}]
    )
    assert answer["JobFlowId"] == cluster
    assert answer["ClusterArn"].endswith(cluster)
    ids = answer["InstanceGroupIds"]
    assert [found["Id"] for found in listed(region, cluster)[3:]] == ids
    assert wait_for(region, cluster, ids[0], 3)["Name"] == "more"
    wait_for(region, cluster, ids[1], 1)


def test_a_group_is_reconfigured(region: Region, cluster: str) -> None:
    core = listed(region, cluster)[1]["Id"]
    region.emr.modify_instance_groups(
        ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": core, "Configurations": [CONFIGURATION]}]
    )

    def is_applied() -> bool:
        return bool(group(region, cluster, core)["LastSuccessfullyAppliedConfigurationsVersion"] == 1)

    wait_until(is_applied)
    told = group(region, cluster, core)
    assert told["Status"]["State"] == "RUNNING"
    assert (told["ConfigurationsVersion"], told["Configurations"]) == (1, [CONFIGURATION])
    assert told["LastSuccessfullyAppliedConfigurations"] == [CONFIGURATION]


def test_a_step_has_the_configurations_of_the_primary_group(region: Region) -> None:
    def exporting(**variables: str) -> list[dict[str, Any]]:
        export = {"Classification": "export", "Properties": variables, "Configurations": []}
        return [{"Classification": "spark-env", "Properties": {}, "Configurations": [export]}]

    cluster = region.run(
        Applications=[{"Name": "Spark"}],
        instances={"InstanceGroups": [{**MASTER, "Configurations": exporting(FROM_GROUP="g", CHANGED="g")}]},
        Configurations=exporting(FROM_CLUSTER="c", FROM_GROUP="c", CHANGED="c"),
    )
    region.wait(cluster, "WAITING")
    (told,) = listed(region, cluster)
    change = {"ReconfigurationType": "MERGE", "Configurations": exporting(CHANGED="new")}
    region.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": told["Id"], **change}])
    wait_until(lambda: bool(listed(region, cluster)[0]["LastSuccessfullyAppliedConfigurationsVersion"] == 1))
    s3, bucket = region.client("s3"), f"scripts-{region.name}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region.name})
    script = "import os; assert [os.environ[n] for n in ('FROM_CLUSTER', 'FROM_GROUP', 'CHANGED')] == ['c', 'g', 'new']"
    s3.put_object(Bucket=bucket, Key="environment.py", Body=script.encode())
    run = {"Jar": "command-runner.jar", "Args": ["spark-submit", f"s3://{bucket}/environment.py"]}
    (step,) = region.add(cluster, {"Name": "environment", "HadoopJarStep": run})
    ended = region.wait_step(cluster, step)["Status"]
    assert ended["State"] == "COMPLETED", ended


def test_instances_have_the_volumes_of_their_group(region: Region) -> None:
    volume = {"VolumeType": "gp3", "SizeInGB": 64}
    ebs = {"EbsBlockDeviceConfigs": [{"VolumesPerInstance": 2, "VolumeSpecification": volume}]}
    cluster = region.run(instances={"InstanceGroups": [MASTER, {**CORE, "EbsConfiguration": ebs}]})
    core = listed(region, cluster)[1]
    assert [device["Device"] for device in core["EbsBlockDevices"]] == ["/dev/sdb", "/dev/sdc"]
    found = [one["EbsVolumes"] for one in instances(region, cluster, core["Id"])]
    assert [[volume["Device"] for volume in volumes] for volumes in found] == [["/dev/sdb", "/dev/sdc"]] * 2
    assert len({volume["VolumeId"] for volumes in found for volume in volumes}) == 4


def test_normalized_hours_go_on_with_the_size(region: Region, cluster: str) -> None:
    before = region.describe(cluster)["NormalizedInstanceHours"]
    core = listed(region, cluster)[1]["Id"]
    region.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": core, "InstanceCount": 3}])
    wait_for(region, cluster, core, 3)
    assert region.describe(cluster)["NormalizedInstanceHours"] == before + 16


# --- refusals

ADD_REFUSED: list[tuple[str, list[dict[str, Any]]]] = [
    ("1 to 5 instance groups can be added at once, not 6", [dict(TASK)] * 6),
    ("1 to 5 instance groups can be added at once, not 0", []),
    ("MASTER instance group cannot be added", [dict(MASTER)]),
    ("at most one CORE", [dict(CORE)]),
    (
        "AutoScalingRole",
        [{**TASK, "AutoScalingPolicy": {"Constraints": {"MinCapacity": 0, "MaxCapacity": 1}, "Rules": []}}],
    ),
    ("BidPrice", [{**TASK, "Market": "ON_DEMAND"}]),
]


@pytest.fixture(scope="module")
def standing(region: Region) -> tuple[str, list[dict[str, Any]], list[str]]:
    """A cluster that waits, its groups, and the instances of its core group."""
    found = region.run(instances={"InstanceGroups": [MASTER, CORE]})
    region.wait(found, "WAITING")
    groups = listed(region, found)
    return found, groups, [one["Ec2InstanceId"] for one in instances(region, found, groups[1]["Id"])]


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    message: str = refusal.value.response["Error"]["Message"]
    return message


@pytest.mark.parametrize(("rule", "groups"), ADD_REFUSED)
def test_groups_that_break_a_rule_are_not_added(
    region: Region, standing: tuple[str, Any, Any], rule: str, groups: list[dict[str, Any]]
) -> None:
    message = refused(region.emr.add_instance_groups, JobFlowId=standing[0], InstanceGroups=groups)
    assert rule in message
    assert len(listed(region, standing[0])) == 2


def test_no_more_than_48_task_groups(region: Region) -> None:
    full = region.run(instances={"InstanceGroups": [MASTER, CORE, *[{**TASK, "InstanceCount": 0}] * 48]})
    assert "at most 48 TASK" in refused(region.emr.add_instance_groups, JobFlowId=full, InstanceGroups=[TASK])


def test_task_groups_need_a_core_group(region: Region) -> None:
    message = refused(region.emr.add_instance_groups, JobFlowId=region.run(), InstanceGroups=[TASK])
    assert "needs a CORE" in message


def test_changes_that_break_a_rule_change_nothing(region: Region, standing: tuple[str, Any, Any]) -> None:
    cluster, (master, core, *_), (first, second) = standing
    fine = {"InstanceGroupId": core["Id"], "InstanceCount": 3}
    for rule, change in (
        ("MASTER instance group cannot be resized", {"InstanceGroupId": master["Id"], "InstanceCount": 3}),
        ("0 to 2,000", {"InstanceGroupId": core["Id"], "InstanceCount": 2001}),
        ("'ig-NOTTHERE' is not valid", {"InstanceGroupId": "ig-NOTTHERE", "InstanceCount": 1}),
        ("i-1 is not in instance group", {"InstanceGroupId": core["Id"], "EC2InstanceIdsToTerminate": ["i-1"]}),
        ("ReconfigurationType needs", {"InstanceGroupId": core["Id"], "ReconfigurationType": "MERGE"}),
        (
            "both terminated and protected",
            {
                "InstanceGroupId": core["Id"],
                "InstanceCount": 1,
                "ShrinkPolicy": {
                    "InstanceResizePolicy": {"InstancesToTerminate": [first], "InstancesToProtect": [second, first]}
                },
            },
        ),
    ):
        message = refused(region.emr.modify_instance_groups, ClusterId=cluster, InstanceGroups=[fine, change])
        assert rule in message
        if "NOTTHERE" in rule:
            assert rule in refused(region.emr.modify_instance_groups, InstanceGroups=[change])
    assert "At least one" in refused(region.emr.modify_instance_groups, ClusterId=cluster)
    assert listed(region, cluster)[1]["RequestedInstanceCount"] == 2


def test_an_old_release_is_not_reconfigured(region: Region) -> None:
    cluster = region.run(ReleaseLabel="emr-5.20.0")
    region.wait(cluster, "WAITING")
    (primary,) = listed(region, cluster)
    change = {"InstanceGroupId": primary["Id"], "Configurations": [CONFIGURATION]}
    message = refused(region.emr.modify_instance_groups, ClusterId=cluster, InstanceGroups=[change])
    assert "from emr-5.21.0" in message
