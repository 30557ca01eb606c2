"""What the emulator tells of clusters, groups, instances and steps: pages, filters, order, waiters."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import CORE, MASTER, TASK, Region, shell, states

FAST = {"Delay": 0.05, "MaxAttempts": 200}


@pytest.fixture(scope="module")
def many_clusters(emulator: LocalEmulator) -> Any:
    """A region with 60 clusters."""
    region = Region(emulator.url)
    ids = [region.run(Name=f"cluster {number}") for number in range(60)]
    yield region, ids
    for start in range(0, 60, 10):
        region.emr.terminate_job_flows(JobFlowIds=ids[start : start + 10])


def test_clusters_come_in_pages_of_fifty_the_newest_first(many_clusters: tuple[Region, list[str]]) -> None:
    region, ids = many_clusters
    pages = list(region.emr.get_paginator("list_clusters").paginate())
    assert [len(page["Clusters"]) for page in pages] == [50, 10]
    assert "Marker" not in pages[-1]
    found = [cluster["Id"] for page in pages for cluster in page["Clusters"]]
    assert found == ids[::-1]


def test_clusters_are_filtered_by_state_and_time(many_clusters: tuple[Region, list[str]]) -> None:
    region, ids = many_clusters
    for cluster in ids:
        region.wait(cluster, "WAITING")
    region.end(ids[7])
    assert [cluster["Id"] for cluster in listed(region, ClusterStates=["TERMINATED"])] == [ids[7]]
    assert len(listed(region, ClusterStates=["WAITING", "RUNNING"])) == 59
    created = region.describe(ids[30])["Status"]["Timeline"]["CreationDateTime"]
    before = {cluster["Id"] for cluster in listed(region, CreatedBefore=created - timedelta(milliseconds=1))}
    after = {cluster["Id"] for cluster in listed(region, CreatedAfter=created - timedelta(milliseconds=1))}
    assert before | after == set(ids)
    assert ids[30] in after
    assert ids[30] not in before
    assert before & after <= set(ids[29:32])  # the wire has whole milliseconds


def listed(region: Region, **filters: Any) -> list[dict[str, Any]]:
    pages = region.emr.get_paginator("list_clusters").paginate(**filters)
    return [cluster for page in pages for cluster in page["Clusters"]]


# --- one cluster


def test_what_emr_chose_of_the_network_is_told_and_the_same_for_the_clusters_of_a_region(region: Region) -> None:
    told = [region.describe(region.run())["Ec2InstanceAttributes"] for _ in range(2)]
    assert told[0] == told[1]
    for member, kind in (("Master", "sg"), ("Slave", "sg")):
        assert re.fullmatch(rf"{kind}-[0-9a-f]{{17}}", told[0][f"EmrManaged{member}SecurityGroup"])
    assert re.fullmatch(r"subnet-[0-9a-f]{17}", told[0]["Ec2SubnetId"])
    assert told[0]["EmrManagedMasterSecurityGroup"] != told[0]["EmrManagedSlaveSecurityGroup"]
    assert (told[0]["Ec2AvailabilityZone"], told[0]["RequestedEc2SubnetIds"]) == (f"{region.name}a", [])
    zone = {"InstanceGroups": [MASTER], "Placement": {"AvailabilityZone": f"{region.name}b"}}
    elsewhere = region.describe(region.run(instances=zone))["Ec2InstanceAttributes"]
    assert elsewhere["Ec2AvailabilityZone"] == f"{region.name}b"
    assert elsewhere["Ec2SubnetId"] != told[0]["Ec2SubnetId"]
    assert elsewhere["EmrManagedMasterSecurityGroup"] == told[0]["EmrManagedMasterSecurityGroup"]


def test_a_cluster_is_described_as_it_was_asked_for(region: Region) -> None:
    configuration = {
        "Classification": "hadoop-env",
        "Properties": {},
        "Configurations": [{"Classification": "export", "Properties": {"JAVA_HOME": "/j"}, "Configurations": []}],
    }
    cluster = region.run(
        Name="whole",
        LogUri="s3://logs/emr/",
        Applications=[{"Name": "Hadoop"}, {"Name": "Spark"}],
        Configurations=[configuration],
        Tags=[{"Key": "team", "Value": "data"}],
        StepConcurrencyLevel=3,
        ScaleDownBehavior="TERMINATE_AT_TASK_COMPLETION",
        CustomAmiId="ami-1",
        EbsRootVolumeSize=50,
        OSReleaseLabel="2023.1",
        VisibleToAllUsers=True,
        instances={
            "InstanceGroups": [CORE, MASTER],
            "Ec2KeyName": "key",
            "Ec2SubnetIds": ["subnet-1"],
            "EmrManagedMasterSecurityGroup": "sg-1",
            "EmrManagedSlaveSecurityGroup": "sg-2",
            "AdditionalMasterSecurityGroups": ["sg-3"],
            "TerminationProtected": True,
            "UnhealthyNodeReplacement": True,
        },
    )
    region.wait(cluster, "WAITING")
    told = region.describe(cluster)
    assert told.pop("ClusterArn") == f"arn:aws:elasticmapreduce:{region.name}:123456789012:cluster/{cluster}"
    assert told.pop("Status").keys() == {"State", "StateChangeReason", "Timeline"}
    primary = region.emr.list_instances(ClusterId=cluster, InstanceGroupTypes=["MASTER"])["Instances"][0]
    assert told.pop("MasterPublicDnsName") == primary["PublicDnsName"]
    assert told == {
        "Id": cluster,
        "Name": "whole",
        "LogUri": "s3://logs/emr/",
        "ReleaseLabel": "emr-7.10.0",
        "InstanceCollectionType": "INSTANCE_GROUP",
        "Ec2InstanceAttributes": {
            "Ec2KeyName": "key",
            "Ec2SubnetId": "subnet-1",
            "RequestedEc2SubnetIds": ["subnet-1"],
            "Ec2AvailabilityZone": f"{region.name}a",
            "RequestedEc2AvailabilityZones": [],
            "IamInstanceProfile": "EMR_EC2_DefaultRole",
            "EmrManagedMasterSecurityGroup": "sg-1",
            "EmrManagedSlaveSecurityGroup": "sg-2",
            "AdditionalMasterSecurityGroups": ["sg-3"],
        },
        "AutoTerminate": False,
        "TerminationProtected": True,
        "UnhealthyNodeReplacement": True,
        "VisibleToAllUsers": True,
        "Applications": [{"Name": "Hadoop"}, {"Name": "Spark"}],
        "Tags": [{"Key": "team", "Value": "data"}],
        "ServiceRole": "EMR_DefaultRole",
        "NormalizedInstanceHours": 8 + 2 * 16,
        "Configurations": [configuration],
        "ScaleDownBehavior": "TERMINATE_AT_TASK_COMPLETION",
        "CustomAmiId": "ami-1",
        "EbsRootVolumeSize": 50,
        "OSReleaseLabel": "2023.1",
        "StepConcurrencyLevel": 3,
        "KerberosAttributes": {},
        "PlacementGroups": [],
    }
    summary = next(found for found in listed(region) if found["Id"] == cluster)
    assert summary.keys() == {"Id", "Name", "ClusterArn", "NormalizedInstanceHours", "Status"}


def test_what_a_cluster_is_asked_for_is_told_whatever_comes_of_it_here(region: Region) -> None:
    asked = {
        "AutoScalingRole": "EMR_AutoScaling_DefaultRole",
        "LogEncryptionKmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
        "LogUri": "s3://logs/",
        "MonitoringConfiguration": {
            "CloudWatchLogConfiguration": {"Enabled": False, "LogTypes": {"STEP_LOGS": ["STDOUT"]}},
            "S3LoggingConfiguration": {"LogTypeUploadPolicy": {"system-logs": "on-customer-s3only"}},
        },
        "SessionEnabled": True,
        "CustomAmiId": "ami-1",
        "RepoUpgradeOnBoot": "NONE",
        "EbsRootVolumeSize": 20,
        "EbsRootVolumeIops": 3000,
        "EbsRootVolumeThroughput": 125,
        "ExtendedSupport": True,
    }
    told = region.describe(region.run(**asked, PlacementGroupConfigs=[{"InstanceRole": "MASTER"}]))
    assert {name: told[name] for name in asked} == asked
    assert told["PlacementGroups"] == [{"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}]


def test_a_cluster_can_be_asked_for_in_the_old_form(region: Region) -> None:
    old = {
        "InstanceGroups": [],
        "MasterInstanceType": "m5.xlarge",
        "SlaveInstanceType": "r5.xlarge",
        "InstanceCount": 3,
    }
    cluster = region.run(instances=old)
    groups = region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    assert [
        (group["InstanceGroupType"], group["InstanceType"], group["RequestedInstanceCount"]) for group in groups
    ] == [("MASTER", "m5.xlarge", 1), ("CORE", "r5.xlarge", 2)]


def test_three_primary_instances_are_protected_and_stay(region: Region) -> None:
    groups = {"InstanceGroups": [{**MASTER, "InstanceCount": 3}], "KeepJobFlowAliveWhenNoSteps": False}
    cluster = region.run(instances=groups)
    told = region.wait(cluster, "WAITING")
    assert (told["TerminationProtected"], told["AutoTerminate"]) == (True, False)


def test_groups_are_listed_with_their_volumes_and_states(region: Region) -> None:
    volume = {"VolumeType": "gp3", "SizeInGB": 64, "Throughput": 200}
    ebs = {
        "EbsOptimized": True,
        "EbsBlockDeviceConfigs": [{"VolumeSpecification": volume, "VolumesPerInstance": 2}],
    }
    configurations = [{"Classification": "yarn-site", "Properties": {"a": "b"}}]
    core = {**CORE, "Name": "workers", "EbsConfiguration": ebs, "Configurations": configurations}
    cluster = region.run(instances={"InstanceGroups": [MASTER, core, TASK]})
    region.wait(cluster, "WAITING")
    primary, workers, spot = region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    assert (primary["Status"]["State"], primary["RunningInstanceCount"], primary["Market"]) == (
        "RUNNING",
        1,
        "ON_DEMAND",
    )
    assert (workers["Name"], workers["RunningInstanceCount"], workers["EbsOptimized"]) == ("workers", 2, True)
    assert workers["Configurations"] == configurations
    assert workers["EbsBlockDevices"] == [
        {"VolumeSpecification": volume, "Device": "/dev/sdb"},
        {"VolumeSpecification": volume, "Device": "/dev/sdc"},
    ]
    assert (spot["Market"], spot["BidPrice"]) == ("SPOT", "0.1")
    region.end(cluster)
    for group in region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]:
        assert (group["Status"]["State"], group["RunningInstanceCount"]) == ("TERMINATED", 0)
        assert group["Status"]["StateChangeReason"]["Code"] == "CLUSTER_TERMINATED"


def test_instances_are_listed_and_filtered(region: Region) -> None:
    cluster = region.run(instances={"InstanceGroups": [MASTER, CORE, TASK]})
    region.wait(cluster, "WAITING")

    def instances(**filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = region.emr.list_instances(ClusterId=cluster, **filters)["Instances"]
        return found

    everyone = instances()
    assert len({instance["PrivateIpAddress"] for instance in everyone}) == len(everyone) == 6
    assert len({instance["Ec2InstanceId"] for instance in everyone}) == 6
    assert {instance["Status"]["State"] for instance in everyone} == {"RUNNING"}
    assert len(instances(InstanceGroupTypes=["CORE", "TASK"])) == 5
    task = next(instance for instance in everyone if instance["Market"] == "SPOT")
    assert len(instances(InstanceGroupId=task["InstanceGroupId"])) == 3
    assert instances(InstanceGroupId="ig-NOTTHERE") == []
    assert instances(InstanceStates=["TERMINATED"]) == []
    region.end(cluster)
    assert len(instances(InstanceStates=["TERMINATED"])) == 6


def test_bootstrap_actions_are_listed(region: Region) -> None:
    actions = [
        {"Name": "one", "ScriptBootstrapAction": {"Path": "s3://nowhere/1.sh", "Args": ["a", "b"]}},
        {"Name": "two", "ScriptBootstrapAction": {"Path": "s3://nowhere/2.sh"}},
    ]
    cluster = region.run(BootstrapActions=actions)
    assert region.emr.list_bootstrap_actions(ClusterId=cluster)["BootstrapActions"] == [
        {"Name": "one", "ScriptPath": "s3://nowhere/1.sh", "Args": ["a", "b"]},
        {"Name": "two", "ScriptPath": "s3://nowhere/2.sh", "Args": []},
    ]


# --- steps


@pytest.fixture(scope="module")
def many_steps(region: Region) -> tuple[str, list[str]]:
    """A cluster whose first step runs, and 119 others wait."""
    cluster = region.run()
    ids = [
        step for _ in range(3) for step in region.add(cluster, *[shell("sleep 1000", name=str(n)) for n in range(40)])
    ]
    region.wait_step(cluster, ids[0], "RUNNING")
    return cluster, ids


def test_steps_come_in_pages_of_fifty_newest_first(region: Region, many_steps: tuple[str, list[str]]) -> None:
    cluster, ids = many_steps
    pages = list(region.emr.get_paginator("list_steps").paginate(ClusterId=cluster))
    assert [len(page["Steps"]) for page in pages] == [50, 50, 20]
    assert [step["Id"] for page in pages for step in page["Steps"]] == ids[::-1]
    assert "Marker" not in pages[-1]


def test_steps_are_filtered_by_id(region: Region, many_steps: tuple[str, list[str]]) -> None:
    cluster, ids = many_steps
    found = region.emr.list_steps(ClusterId=cluster, StepIds=ids[5:15])["Steps"]
    assert sorted(step["Id"] for step in found) == sorted(ids[5:15])
    with pytest.raises(ClientError, match="At most 10 step ids") as refused:
        region.emr.list_steps(ClusterId=cluster, StepIds=ids[:11])
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    with pytest.raises(ClientError, match="cannot be specified together"):
        region.emr.list_steps(ClusterId=cluster, StepIds=ids[:1], StepStates=["RUNNING"])


def test_steps_are_filtered_by_state(region: Region, many_steps: tuple[str, list[str]]) -> None:
    cluster, ids = many_steps
    assert [step["Id"] for step in region.steps(cluster, StepStates=["RUNNING"])] == ids[:1]
    assert len(region.steps(cluster, StepStates=["PENDING"])) == 119
    assert len(region.steps(cluster, StepStates=["PENDING", "RUNNING"])) == 120
    assert region.steps(cluster, StepStates=["COMPLETED"]) == []


def test_what_happens_between_two_pages_shifts_nothing(region: Region) -> None:
    cluster = region.run()
    runs, *wait = region.add(cluster, *[shell("sleep 1000")] * 70)
    region.wait_step(cluster, runs, "RUNNING")
    asked = {"ClusterId": cluster, "StepStates": ["PENDING"]}
    first = region.emr.list_steps(**asked)
    region.emr.cancel_steps(ClusterId=cluster, StepIds=wait[30:40])
    region.add(cluster, shell("true"))
    second = region.emr.list_steps(Marker=first["Marker"], **asked)
    assert [step["Id"] for page in (first, second) for step in page["Steps"]] == wait[::-1]


def test_a_step_is_described_as_it_was_asked_for(region: Region) -> None:
    run = {
        "Jar": "s3://jars/a.jar",
        "MainClass": "a.Main",
        "Args": ["x", "é"],
        "Properties": [{"Key": "k", "Value": "v"}],
    }
    cluster = region.run()
    (step,) = region.add(cluster, {"Name": "jar", "HadoopJarStep": run})
    told = region.wait_step(cluster, step)
    assert told["Config"] == {
        "Jar": "s3://jars/a.jar",
        "MainClass": "a.Main",
        "Args": ["x", "é"],
        "Properties": {"k": "v"},
    }
    assert told["ActionOnFailure"] == "CONTINUE"
    listed = region.steps(cluster)
    assert listed == [told]


def test_a_failed_step_says_why_and_where(region: Region, emulator: LocalEmulator) -> None:
    bucket = f"logs-{region.name}"
    emulator.client("s3").create_bucket(Bucket=bucket)
    cluster = region.run(shell("echo no such table >&2; exit 4"), LogUri=f"s3://{bucket}/emr/")
    (step,) = region.steps(cluster)
    failed = region.wait_step(cluster, step["Id"])["Status"]
    assert failed["State"] == "FAILED"
    assert failed["StateChangeReason"] == {}
    assert "no such table" in failed["FailureDetails"]["Message"]
    assert failed["FailureDetails"]["LogFile"] == f"s3://{bucket}/emr/{cluster}/steps/{step['Id']}/stderr.gz"


# --- botocore's waiters


def test_the_waiters_of_clusters_know_our_states(region: Region) -> None:
    cluster = region.run()
    region.emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig=FAST)
    region.emr.terminate_job_flows(JobFlowIds=[cluster])
    region.emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig=FAST)
    failed = region.run(shell("exit 1", on_failure="TERMINATE_CLUSTER"))
    with pytest.raises(WaiterError, match="TERMINATED_WITH_ERRORS"):
        region.emr.get_waiter("cluster_terminated").wait(ClusterId=failed, WaiterConfig=FAST)


def test_the_waiter_of_steps_knows_our_states(region: Region) -> None:
    cluster = region.run(shell("true"), shell("exit 1"))
    good, bad = [step["Id"] for step in region.steps(cluster)]
    waiter = region.emr.get_waiter("step_complete")
    waiter.wait(ClusterId=cluster, StepId=good, WaiterConfig=FAST)
    with pytest.raises(WaiterError, match="FAILED"):
        waiter.wait(ClusterId=cluster, StepId=bad, WaiterConfig=FAST)
    assert states(region.steps(cluster)) == ["COMPLETED", "FAILED"]
