"""Every operation that is emulated answers in botocore's shapes, and the tests' watch over all answers sees faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.session import Session

from local.local_emulator import LocalEmulator
from tests.integration.emulator.aws.shapes import faults_of_answer
from tests.integration.emulator.ec2.test_operations import NOT_EMULATED, OPERATIONS
from tests.integration.emulator.region import CORE, MASTER, Region, shell

MODEL = Session().get_service_model("emr")
TYPES = [{"InstanceType": "m5.xlarge"}]
FLEETS = [
    {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": TYPES},
    {"InstanceFleetType": "CORE", "TargetOnDemandCapacity": 2, "InstanceTypeConfigs": TYPES},
]
SCALING_RULE: Mapping[str, Any] = {
    "Name": "out",
    "Action": {
        "SimpleScalingPolicyConfiguration": {
            "AdjustmentType": "CHANGE_IN_CAPACITY",
            "ScalingAdjustment": 1,
            "CoolDown": 300,
        }
    },
    "Trigger": {
        "CloudWatchAlarmDefinition": {
            "ComparisonOperator": "LESS_THAN",
            "MetricName": "YARNMemoryAvailablePercentage",
            "Period": 300,
            "Threshold": 15.0,
        }
    },
}
SECURITY = {"EncryptionConfiguration": {"EnableInTransitEncryption": False, "EnableAtRestEncryption": False}}


@pytest.fixture
def region(emulator: LocalEmulator) -> Region:
    """With a record of its own of what was answered."""
    return Region(emulator.url)


def test_every_emulated_operation_answers_in_its_shape(region: Region) -> None:
    emr = region.emr
    bootstrapped = region.run(BootstrapActions=[{"Name": "b", "ScriptBootstrapAction": {"Path": "s3://no-bucket/b"}}])
    scaling = region.run(
        shell("exit 3"),
        shell("sleep 1000"),
        instances={"InstanceGroups": [MASTER, CORE]},
        Applications=[{"Name": "Spark"}],
        AutoScalingRole="scaling",
        Tags=[{"Key": "team", "Value": "data"}],
    )
    fleets = region.run(instances={"InstanceGroups": [], "InstanceFleets": FLEETS})
    for cluster in (scaling, fleets):
        region.wait(cluster, "WAITING", "RUNNING")
    everything_of_a_cluster(region, scaling)
    everything_of_fleets(region, fleets)
    everything_of_a_region(region)
    emr.list_bootstrap_actions(ClusterId=bootstrapped)
    emr.terminate_job_flows(JobFlowIds=[scaling, fleets])
    for cluster, end in ((bootstrapped, "TERMINATED_WITH_ERRORS"), (scaling, "TERMINATED"), (fleets, "TERMINATED")):
        region.wait(cluster, end)
        emr.list_instances(ClusterId=cluster)
    emr.describe_job_flows(JobFlowIds=[bootstrapped, scaling])
    region.steps(scaling)
    assert region.answers.succeeded == set(OPERATIONS) - NOT_EMULATED


def everything_of_a_cluster(region: Region, cluster: str) -> None:
    emr, one = region.emr, {"ClusterId": cluster}
    core = next(
        group["Id"]
        for group in emr.list_instance_groups(**one)["InstanceGroups"]
        if group["InstanceGroupType"] == "CORE"
    )
    emr.modify_cluster(**one, StepConcurrencyLevel=3)
    task = {**CORE, "InstanceRole": "TASK", "InstanceCount": 1}
    emr.add_instance_groups(JobFlowId=cluster, InstanceGroups=[task])
    emr.modify_instance_groups(**one, InstanceGroups=[{"InstanceGroupId": core, "InstanceCount": 3}])
    emr.put_auto_scaling_policy(
        **one,
        InstanceGroupId=core,
        AutoScalingPolicy={"Constraints": {"MinCapacity": 1, "MaxCapacity": 8}, "Rules": [SCALING_RULE]},
    )
    emr.list_instance_groups(**one)
    emr.remove_auto_scaling_policy(**one, InstanceGroupId=core)
    emr.put_auto_termination_policy(**one, AutoTerminationPolicy={"IdleTimeout": 3600})
    emr.get_auto_termination_policy(**one)
    emr.remove_auto_termination_policy(**one)
    emr.add_tags(ResourceId=cluster, Tags=[{"Key": "a", "Value": "b"}])
    emr.remove_tags(ResourceId=cluster, TagKeys=["a"])
    added = region.add(cluster, shell("true"), shell("sleep 1000"))
    emr.describe_step(**one, StepId=added[0])
    emr.cancel_steps(**one, StepIds=added[1:])
    switch = {"JobFlowIds": [cluster]}
    emr.set_termination_protection(**switch, TerminationProtected=False)
    emr.set_visible_to_all_users(**switch, VisibleToAllUsers=True)
    emr.set_unhealthy_node_replacement(**switch, UnhealthyNodeReplacement=True)
    emr.set_keep_job_flow_alive_when_no_steps(**switch, KeepJobFlowAliveWhenNoSteps=True)
    emr.get_on_cluster_app_ui_presigned_url(**one, OnClusterAppUIType="SparkHistoryServer", DryRun=True)
    arn = region.describe(cluster)["ClusterArn"]
    ui = emr.create_persistent_app_ui(TargetResourceArn=arn)["PersistentAppUIId"]
    emr.describe_persistent_app_ui(PersistentAppUIId=ui)
    emr.get_persistent_app_ui_presigned_url(PersistentAppUIId=ui)


def everything_of_fleets(region: Region, cluster: str) -> None:
    emr, one = region.emr, {"ClusterId": cluster}
    task = {"InstanceFleetType": "TASK", "TargetSpotCapacity": 1, "InstanceTypeConfigs": TYPES}
    added = emr.add_instance_fleet(**one, InstanceFleet=task)["InstanceFleetId"]
    emr.modify_instance_fleet(**one, InstanceFleet={"InstanceFleetId": added, "TargetSpotCapacity": 2})
    emr.list_instance_fleets(**one)
    limits = {"UnitType": "InstanceFleetUnits", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 5}
    emr.put_managed_scaling_policy(**one, ManagedScalingPolicy={"ComputeLimits": limits})
    emr.get_managed_scaling_policy(**one)
    emr.remove_managed_scaling_policy(**one)


def everything_of_a_region(region: Region) -> None:
    emr = region.emr
    emr.create_security_configuration(Name="shapes", SecurityConfiguration=json.dumps(SECURITY))
    emr.describe_security_configuration(Name="shapes")
    emr.list_security_configurations()
    emr.delete_security_configuration(Name="shapes")
    access = emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"]
    emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=access)
    emr.list_clusters()
    emr.list_release_labels()
    emr.describe_release_label(ReleaseLabel="emr-7.10.0")
    emr.list_supported_instance_types(ReleaseLabel="emr-7.10.0")


@pytest.mark.parametrize(
    ("operation", "status", "body", "fault"),
    [
        ("ListClusters", 200, {"Clusters": [{"Id": 5}]}, ".Clusters[0].Id: 5 is no string"),
        ("ListClusters", 200, {"Clusters": None}, ".Clusters: None is no list"),
        ("ListClusters", 200, {"Flusters": []}, ".Flusters: unknown"),
        ("ModifyCluster", 200, {"StepConcurrencyLevel": True}, ".StepConcurrencyLevel: True is no integer"),
        ("DescribeStep", 200, {"Step": {"Status": {"State": "DONE"}}}, "is none of"),
        ("DescribeSecurityConfiguration", 200, {"Name": "\u0001"}, ".Name: '\\x01' does not match"),
        ("DescribeCluster", 200, {"Cluster": {"ClusterArn": "arn"}}, "is not between 20 and 2048"),
        ("CreateSecurityConfiguration", 200, {"Name": "n"}, ".CreationDateTime: missing"),
        ("TerminateJobFlows", 200, {}, "where nothing is answered"),
        ("DescribeCluster", 400, {"__type": "NoSuchCluster", "message": "m"}, "NoSuchCluster is no error"),
        ("DescribeCluster", 400, {"__type": "InvalidRequestException", "message": "m"}, ".message: unknown"),
        ("DescribeCluster", 400, {"__type": "ValidationException", "Message": "m"}, "has ['Message']"),
    ],
)
def test_an_answer_in_another_shape_is_seen(operation: str, status: int, body: Any, fault: str) -> None:
    (found,) = faults_of_answer(MODEL.operation_model(operation), status, json.dumps(body).encode())
    assert fault in found
