"""How clusters, groups, instances and steps look in EMR's answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from string import ascii_lowercase
from typing import Any

from airflow_emr_pipelines.emulator.model import Cluster, Instance, InstanceGroup, Step
from airflow_emr_pipelines.specs.states import ClusterState, StepState

Answer = dict[str, Any]

AS_REQUESTED = (
    "Name",
    "ReleaseLabel",
    "LogUri",
    "ServiceRole",
    "ScaleDownBehavior",
    "CustomAmiId",
    "EbsRootVolumeSize",
    "EbsRootVolumeIops",
    "EbsRootVolumeThroughput",
    "RepoUpgradeOnBoot",
    "OSReleaseLabel",
    "ExtendedSupport",
)
"""What DescribeCluster says as RunJobFlow was told."""
NETWORK = (
    "Ec2KeyName",
    "EmrManagedMasterSecurityGroup",
    "EmrManagedSlaveSecurityGroup",
    "ServiceAccessSecurityGroup",
    "AdditionalMasterSecurityGroups",
    "AdditionalSlaveSecurityGroups",
)
MESSAGES = {ClusterState.WAITING: "Cluster ready to run steps.", ClusterState.RUNNING: "Running step"}
GROUP_STATES = {
    ClusterState.STARTING: "PROVISIONING",
    ClusterState.BOOTSTRAPPING: "BOOTSTRAPPING",
    ClusterState.RUNNING: "RUNNING",
    ClusterState.WAITING: "RUNNING",
    ClusterState.TERMINATING: "TERMINATING",
    ClusterState.TERMINATED: "TERMINATED",
    ClusterState.TERMINATED_WITH_ERRORS: "TERMINATED",
}
SIZES = {"medium": 2, "large": 4, "xlarge": 8}
"""Normalized instance hours of an hour: m1.small is 1, each size twice the one before it."""


def cluster_answer(cluster: Cluster, now: datetime) -> Answer:
    """A cluster as DescribeCluster tells it."""
    request = cluster.request
    return {
        **cluster_summary(cluster, now),
        **{name: request[name] for name in AS_REQUESTED if name in request},
        "Ec2InstanceAttributes": _network(cluster),
        "InstanceCollectionType": "INSTANCE_GROUP",
        "AutoTerminate": not cluster.keep_alive,
        "TerminationProtected": cluster.protected,
        "UnhealthyNodeReplacement": cluster.unhealthy_node_replacement,
        "VisibleToAllUsers": cluster.visible,
        "SecurityConfiguration": cluster.security_configuration,
        "Applications": [{"Name": application["Name"]} for application in request.get("Applications", ())],
        "Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()],
        "Configurations": request.get("Configurations", []),
        "MasterPublicDnsName": _dns(cluster.primary.instances[0], cluster.region) if cluster.ready else None,
        "StepConcurrencyLevel": cluster.step_concurrency,
    }


def cluster_summary(cluster: Cluster, now: datetime) -> Answer:
    """A cluster as ListClusters tells it."""
    end = cluster.end if cluster.terminating_since else None
    timeline = {"CreationDateTime": cluster.created, "ReadyDateTime": cluster.ready, "EndDateTime": cluster.ended}
    reason = {"Code": end.code, "Message": end.message} if end else {"Message": MESSAGES.get(cluster.state)}
    return {
        "Id": cluster.id,
        "Name": cluster.request["Name"],
        "ClusterArn": cluster.arn,
        "NormalizedInstanceHours": _normalized_hours(cluster, now),
        "Status": {
            "State": cluster.state.value,
            "StateChangeReason": reason,
            "Timeline": timeline,
            "ErrorDetails": list(end.details) if end and end.details else None,
        },
    }


def group_answer(cluster: Cluster, group: InstanceGroup) -> Answer:
    """An instance group as ListInstanceGroups tells it."""
    config = group.config
    running = len(group.instances) if cluster.state.usable or cluster.state is ClusterState.BOOTSTRAPPING else 0
    return {
        "Id": group.id,
        "Name": config.get("Name"),
        "Market": config.get("Market", "ON_DEMAND"),
        "InstanceGroupType": config["InstanceRole"],
        "BidPrice": config.get("BidPrice"),
        "InstanceType": config["InstanceType"],
        "RequestedInstanceCount": config["InstanceCount"],
        "RunningInstanceCount": running,
        "Status": {
            "State": GROUP_STATES[cluster.state],
            "StateChangeReason": _instance_reason(cluster),
            "Timeline": _timeline(cluster),
        },
        "Configurations": config.get("Configurations", []),
        "EbsBlockDevices": _volumes(config.get("EbsConfiguration", {})),
        "EbsOptimized": config.get("EbsConfiguration", {}).get("EbsOptimized"),
        "CustomAmiId": config.get("CustomAmiId"),
        "ShrinkPolicy": {},
    }


def instance_answer(cluster: Cluster, group: InstanceGroup, instance: Instance) -> Answer:
    """An instance as ListInstances tells it."""
    ended = cluster.state in (ClusterState.TERMINATED, ClusterState.TERMINATED_WITH_ERRORS)
    state = "TERMINATED" if ended else GROUP_STATES[cluster.state].replace("TERMINATING", "RUNNING")
    dashed = instance.address.replace(".", "-")
    return {
        "Id": instance.id,
        "Ec2InstanceId": instance.ec2_id,
        "PublicDnsName": _dns(instance, cluster.region),
        "PrivateDnsName": f"ip-{dashed}.{cluster.region}.compute.internal",
        "PrivateIpAddress": instance.address,
        "Status": {"State": state, "StateChangeReason": _instance_reason(cluster), "Timeline": _timeline(cluster)},
        "InstanceGroupId": group.id,
        "Market": group.config.get("Market", "ON_DEMAND"),
        "InstanceType": group.config["InstanceType"],
        "EbsVolumes": [],
    }


def bootstrap_answer(config: Mapping[str, Any]) -> Answer:
    """A bootstrap action as ListBootstrapActions tells it."""
    script = config["ScriptBootstrapAction"]
    return {"Name": config["Name"], "ScriptPath": script["Path"], "Args": script.get("Args", [])}


def step_answer(step: Step) -> Answer:
    """A step as DescribeStep and ListSteps tell it."""
    config = {name: step.config.get(name) for name in ("Jar", "Properties", "MainClass", "Args")}
    failed = step.state is StepState.FAILED
    return {
        "Id": step.id,
        "Name": step.name,
        "Config": {**config, "Args": step.config.get("Args", [])},
        "ActionOnFailure": step.action_on_failure,
        "LogUri": step.logs.get("LogUri"),
        "EncryptionKeyArn": step.logs.get("EncryptionKeyArn"),
        "Status": {
            "State": step.state.value,
            "StateChangeReason": {"Code": "NONE", "Message": step.message} if step.message else {},
            "FailureDetails": dict(step.failure) if failed and step.failure else None,
            "Timeline": {"CreationDateTime": step.created, "StartDateTime": step.started, "EndDateTime": step.ended},
        },
        "AdditionalInfo": (
            {"ResourceManager": "YARN", "ResourceManagerApplicationIds": list(step.application_ids)}
            if step.application_ids
            else None
        ),
    }


def _network(cluster: Cluster) -> Answer:
    instances = cluster.instances
    subnets = [instances["Ec2SubnetId"]] if "Ec2SubnetId" in instances else instances.get("Ec2SubnetIds", [])
    zone = instances.get("Placement", {}).get("AvailabilityZone")
    return {
        **{name: instances[name] for name in NETWORK if name in instances},
        "Ec2SubnetId": subnets[0] if subnets else None,
        "RequestedEc2SubnetIds": subnets,
        "Ec2AvailabilityZone": zone or f"{cluster.region}a",
        "RequestedEc2AvailabilityZones": [zone] if zone else [],
        "IamInstanceProfile": cluster.request.get("JobFlowRole"),
    }


def _volumes(config: Mapping[str, Any]) -> list[Answer]:
    devices = config.get("EbsBlockDeviceConfigs", ())
    volumes = [device["VolumeSpecification"] for device in devices for _ in range(device.get("VolumesPerInstance", 1))]
    return [
        {"VolumeSpecification": volume, "Device": f"/dev/sd{letter}"}
        for volume, letter in zip(volumes, ascii_lowercase[1:], strict=False)
    ]


def _instance_reason(cluster: Cluster) -> Answer:
    if not cluster.terminating_since or cluster.end is None:
        return {}
    return {"Code": "CLUSTER_TERMINATED", "Message": cluster.end.message}


def _timeline(cluster: Cluster) -> Answer:
    return {"CreationDateTime": cluster.created, "ReadyDateTime": cluster.ready, "EndDateTime": cluster.ended}


def _dns(instance: Instance, region: str) -> str:
    dashed = instance.address.replace(".", "-")
    return f"ec2-{dashed}.{'compute-1' if region == 'us-east-1' else f'{region}.compute'}.amazonaws.com"


def _normalized_hours(cluster: Cluster, now: datetime) -> int:
    """Hours of m1.small, begun ones whole, since the cluster was ready."""
    if cluster.ready is None:
        return 0
    hours = math.ceil(((cluster.ended or now) - cluster.ready).total_seconds() / 3600)
    return sum(len(group.instances) * _weight(group.config["InstanceType"]) for group in cluster.groups) * hours


def _weight(instance_type: str) -> int:
    size = instance_type.partition(".")[2]
    if size in SIZES:
        return SIZES[size]
    times = size.removesuffix("xlarge")
    return 8 * int(times) if times.isdigit() else 1
