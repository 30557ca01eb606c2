"""How clusters, groups, instances and steps look in EMR's responses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow_emr_pipelines.emulator.aws.wire import HIDDEN
from airflow_emr_pipelines.emulator.ec2.auto_scaling import AutoScaling
from airflow_emr_pipelines.emulator.ec2.instances import (
    ON_DEMAND,
    SPOT,
    Collection,
    Instance,
    InstanceFleet,
    InstanceGroup,
    devices,
)
from airflow_emr_pipelines.emulator.ec2.model import Cluster, Step
from airflow_emr_pipelines.emulator.ec2.networks import network_of
from airflow_emr_pipelines.emulator.ec2.normalized_units import normalized_size
from airflow_emr_pipelines.specs.ec2.states import ClusterState, InstanceState, StepState

ResponseBody = dict[str, Any]

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
    "AutoScalingRole",
    "LogEncryptionKmsKeyId",
    "MonitoringConfiguration",
    "SessionEnabled",
)
"""What DescribeCluster says as RunJobFlow was asked for it."""
NETWORK = (
    "Ec2KeyName",
    "ServiceAccessSecurityGroup",
    "AdditionalMasterSecurityGroups",
    "AdditionalSlaveSecurityGroups",
)
MESSAGES = {ClusterState.WAITING: "Cluster ready to run steps.", ClusterState.RUNNING: "Running step"}
SECRETS = ("KdcAdminPassword", "CrossRealmTrustPrincipalPassword", "ADDomainJoinPassword")


def without_secrets(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """A RunJobFlow as it is kept and shown: nobody who asks is shown its passwords."""
    if "KerberosAttributes" not in request:
        return request
    attributes = {name: HIDDEN if name in SECRETS else value for name, value in request["KerberosAttributes"].items()}
    return {**request, "KerberosAttributes": attributes}


def cluster_response(cluster: Cluster, now: datetime) -> ResponseBody:
    """A cluster as DescribeCluster tells it."""
    request, primary = cluster.request, cluster.primary_instance
    return {
        **cluster_summary(cluster, now),
        **{name: request[name] for name in AS_REQUESTED if name in request},
        "Ec2InstanceAttributes": _network(cluster),
        "InstanceCollectionType": cluster.primary.KIND,
        "AutoTerminate": not cluster.keep_alive,
        "TerminationProtected": cluster.protected,
        "UnhealthyNodeReplacement": cluster.unhealthy_node_replacement,
        "VisibleToAllUsers": cluster.visible,
        "SecurityConfiguration": cluster.security_configuration,
        "Applications": [{"Name": application["Name"]} for application in request.get("Applications", ())],
        "Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()],
        "Configurations": request.get("Configurations", []),
        "MasterPublicDnsName": _dns(primary, cluster.region) if cluster.ready and primary else None,
        "StepConcurrencyLevel": cluster.step_concurrency,
        "ExtendedSupport": cluster.extended_support,
        "KerberosAttributes": request.get("KerberosAttributes", {}),
        "PlacementGroups": [
            {"PlacementStrategy": "SPREAD", **group} for group in request.get("PlacementGroupConfigs", ())
        ],
    }


def cluster_summary(cluster: Cluster, now: datetime) -> ResponseBody:
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


def group_response(cluster: Cluster, group: InstanceGroup) -> ResponseBody:
    """An instance group as ListInstanceGroups tells it."""
    config, ebs = group.config, group.config.get("EbsConfiguration", {})
    return {
        "Id": group.id,
        "Name": group.name,
        "Market": group.market,
        "InstanceGroupType": group.role,
        "BidPrice": config.get("BidPrice"),
        "InstanceType": config["InstanceType"],
        "RequestedInstanceCount": group.count,
        "RunningInstanceCount": sum(instance.state is InstanceState.RUNNING for instance in group.instances),
        "Status": _status(cluster, group),
        "Configurations": group.configurations,
        "ConfigurationsVersion": group.version,
        "LastSuccessfullyAppliedConfigurations": group.applied_configurations,
        "LastSuccessfullyAppliedConfigurationsVersion": group.applied,
        "EbsBlockDevices": _volumes(ebs),
        "EbsOptimized": ebs.get("EbsOptimized"),
        "CustomAmiId": config.get("CustomAmiId"),
        "ShrinkPolicy": group.shrink_policy,
        "AutoScalingPolicy": auto_scaling_response(group.auto_scaling) if group.auto_scaling else None,
    }


def auto_scaling_response(scaling: AutoScaling) -> ResponseBody:
    """An automatic scaling policy as PutAutoScalingPolicy and ListInstanceGroups tell it."""
    return {
        "Status": {"State": scaling.state.value, "StateChangeReason": {"Code": "USER_REQUEST"}},
        **scaling.policy,
    }


def fleet_response(cluster: Cluster, fleet: InstanceFleet) -> ResponseBody:
    """An instance fleet as ListInstanceFleets tells it."""
    return {
        "Id": fleet.id,
        "Name": fleet.name,
        "Status": _status(cluster, fleet),
        "InstanceFleetType": fleet.role,
        "TargetOnDemandCapacity": fleet.target[ON_DEMAND],
        "TargetSpotCapacity": fleet.target[SPOT],
        "ProvisionedOnDemandCapacity": fleet.provisioned(ON_DEMAND),
        "ProvisionedSpotCapacity": fleet.provisioned(SPOT),
        "InstanceTypeSpecifications": [_type_response(config) for config in fleet.type_configs],
        "LaunchSpecifications": fleet.config.get("LaunchSpecifications"),
        "ResizeSpecifications": fleet.resize_specifications or None,
        "Context": fleet.context,
    }


def _type_response(config: Mapping[str, Any]) -> ResponseBody:
    ebs = config.get("EbsConfiguration", {})
    bids = "BidPrice" in config or "BidPriceAsPercentageOfOnDemandPrice" in config
    return {
        "BidPriceAsPercentageOfOnDemandPrice": None if bids else 100.0,
        "WeightedCapacity": 1,
        **{name: value for name, value in config.items() if name != "EbsConfiguration"},
        "EbsBlockDevices": _volumes(ebs),
        "EbsOptimized": ebs.get("EbsOptimized"),
    }


def private_dns_name(instance: Instance, region: str) -> str:
    """The name of an instance within its network."""
    return f"ip-{instance.address.replace('.', '-')}.{region}.compute.internal"


def instance_response(cluster: Cluster, one: Collection, instance: Instance) -> ResponseBody:
    """An instance as ListInstances tells it."""
    timeline = {
        "CreationDateTime": instance.created,
        "ReadyDateTime": instance.ready,
        "EndDateTime": instance.ended,
    }
    places = {
        "Ec2InstanceId": instance.ec2_id,
        "PublicDnsName": _dns(instance, cluster.region),
        "PublicIpAddress": instance.address,
        "PrivateDnsName": private_dns_name(instance, cluster.region),
        "PrivateIpAddress": instance.address,
        "EbsVolumes": instance.volumes,
    }
    return {
        "Id": instance.id,
        **(places if instance.ec2_id else {}),
        "Status": {
            "State": instance.state.value,
            "StateChangeReason": instance.reason if instance.ended else {},
            "Timeline": timeline,
        },
        "InstanceGroupId" if isinstance(one, InstanceGroup) else "InstanceFleetId": one.id,
        "Market": instance.market,
        "InstanceType": instance.type,
    }


def bootstrap_response(config: Mapping[str, Any]) -> ResponseBody:
    """A bootstrap action as ListBootstrapActions tells it."""
    script = config["ScriptBootstrapAction"]
    return {"Name": config["Name"], "ScriptPath": script["Path"], "Args": script.get("Args", [])}


def step_response(step: Step) -> ResponseBody:
    """A step as DescribeStep tells it."""
    return {**step_summary(step), "ExecutionRoleArn": step.execution_role}


def step_summary(step: Step) -> ResponseBody:
    """A step as ListSteps tells it."""
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


def _network(cluster: Cluster) -> ResponseBody:
    instances = cluster.instances
    return {
        **{name: instances[name] for name in NETWORK if name in instances},
        **network_of(instances, cluster.region),
        "IamInstanceProfile": cluster.request.get("JobFlowRole"),
    }


def _volumes(ebs: Mapping[str, Any]) -> list[ResponseBody]:
    return [{"VolumeSpecification": volume, "Device": device} for device, volume in devices(ebs)]


def _status(cluster: Cluster, one: Collection) -> ResponseBody:
    reason: ResponseBody = {"Message": one.suspended} if one.suspended else {}
    if cluster.terminating_since and cluster.end is not None:
        reason = {"Code": "CLUSTER_TERMINATED", "Message": cluster.end.message}
    timeline = {"CreationDateTime": one.created, "ReadyDateTime": one.ready, "EndDateTime": one.ended}
    return {"State": one.state.value, "StateChangeReason": reason, "Timeline": timeline}


def _dns(instance: Instance, region: str) -> str:
    dashed = instance.address.replace(".", "-")
    return f"ec2-{dashed}.{'compute-1' if region == 'us-east-1' else f'{region}.compute'}.amazonaws.com"


def _normalized_hours(cluster: Cluster, now: datetime) -> int:
    """Hours of m1.small: for each instance those since it was ready, begun ones whole."""
    return sum(
        math.ceil(((instance.ended or now) - instance.ready).total_seconds() / 3600) * normalized_size(instance.type)
        for one in cluster.collections
        for instance in one.instances
        if instance.ready is not None
    )
