"""DescribeJobFlows, the verb of EMR's first years, in its own words for states."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action
from airflow_emr_pipelines.emulator.ec2.instances import InstanceGroup
from airflow_emr_pipelines.emulator.ec2.model import Cluster, Step
from airflow_emr_pipelines.emulator.ec2.responses import cluster_response, group_response
from airflow_emr_pipelines.specs.ec2.states import ClusterState, StepState

MOST = 512
KEPT, KEPT_AFTER_END = timedelta(days=61), timedelta(weeks=2)


@action
async def describe_job_flows(emr: Emr, request: Request) -> ResponseBody:
    now, ids = emr.clock.now(), request.get("JobFlowIds") or ()
    for cluster_id in ids:
        emr.cluster(cluster_id)
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    if after is not None and before is not None and after > before:
        raise Refused("CreatedAfter must not be later than CreatedBefore.")
    states = request.get("JobFlowStates")
    asked = any((ids, states, after, before))

    def wanted(cluster: Cluster) -> bool:
        if not asked and cluster.ended is not None and cluster.created < now - KEPT_AFTER_END:
            return False
        return (
            cluster.created >= now - KEPT
            and (not ids or cluster.id in ids)
            and (not states or _state(cluster) in states)
            and (after is None or cluster.created >= after)
            and (before is None or cluster.created <= before)
        )

    found = list(filter(wanted, emr.clusters.of(emr.region)[::-1]))
    return {"JobFlows": [_job_flow(cluster, now) for cluster in found[:MOST]]}


def _state(cluster: Cluster) -> str:
    """JobFlowExecutionState has no TERMINATING, and tells apart how a cluster ended."""
    if cluster.state is ClusterState.TERMINATING:
        return "SHUTTING_DOWN"
    if cluster.state is ClusterState.TERMINATED_WITH_ERRORS:
        return "FAILED"
    if cluster.state is ClusterState.TERMINATED and cluster.end is not None:
        return "COMPLETED" if cluster.end.code == "ALL_STEPS_COMPLETED" else "TERMINATED"
    same: str = cluster.state.value
    return same


def _job_flow(cluster: Cluster, now: datetime) -> ResponseBody:
    described, request = cluster_response(cluster, now), cluster.request
    timeline, reason = described["Status"]["Timeline"], described["Status"]["StateChangeReason"]
    asked = ("Name", "LogUri", "LogEncryptionKmsKeyId", "JobFlowRole", "ServiceRole", "AutoScalingRole")
    return {
        "JobFlowId": cluster.id,
        **{member: request.get(member) for member in (*asked, "ScaleDownBehavior")},
        "ExecutionStatusDetail": {
            "State": _state(cluster),
            **timeline,
            "StartDateTime": cluster.primary_instance and cluster.primary_instance.created,
            "LastStateChangeReason": reason["Message"],
        },
        "Instances": _instances(cluster, described),
        "Steps": [_step(step) for step in cluster.steps],
        "BootstrapActions": [{"BootstrapActionConfig": config} for config in request.get("BootstrapActions", ())],
        "SupportedProducts": [],
        "VisibleToAllUsers": cluster.visible,
    }


def _instances(cluster: Cluster, described: dict[str, Any]) -> ResponseBody:
    """Of a cluster of fleets there is no more than its primary instance to tell in these words."""
    primary, network = cluster.primary_instance, described["Ec2InstanceAttributes"]
    types = {group.role: group.config["InstanceType"] for group in cluster.groups}
    types.setdefault("MASTER", primary.type if primary else _first_type(cluster))
    return {
        "MasterInstanceType": types["MASTER"],
        "MasterPublicDnsName": described["MasterPublicDnsName"],
        "MasterInstanceId": primary.ec2_id if primary else None,
        "SlaveInstanceType": types.get("CORE", types["MASTER"]),
        "InstanceCount": sum(len(one.staying) for one in cluster.collections),
        "InstanceGroups": [_group(cluster, group) for group in cluster.groups],
        "NormalizedInstanceHours": described["NormalizedInstanceHours"],
        "Ec2KeyName": network.get("Ec2KeyName"),
        "Ec2SubnetId": network["Ec2SubnetId"],
        "Placement": {"AvailabilityZone": network["Ec2AvailabilityZone"]},
        "KeepJobFlowAliveWhenNoSteps": cluster.keep_alive,
        "TerminationProtected": cluster.protected,
        "UnhealthyNodeReplacement": cluster.unhealthy_node_replacement,
    }


def _first_type(cluster: Cluster) -> str:
    found: str = cluster.fleets[0].type_configs[0]["InstanceType"]
    return found


def _group(cluster: Cluster, group: InstanceGroup) -> ResponseBody:
    described = group_response(cluster, group)
    return {
        "InstanceGroupId": group.id,
        "InstanceRole": group.role,
        **{name: described[name] for name in ("Name", "Market", "BidPrice", "InstanceType", "CustomAmiId")},
        "InstanceRequestCount": described["RequestedInstanceCount"],
        "InstanceRunningCount": described["RunningInstanceCount"],
        "State": described["Status"]["State"],
        "LastStateChangeReason": described["Status"]["StateChangeReason"].get("Message"),
        **described["Status"]["Timeline"],
    }


def _step(step: Step) -> ResponseBody:
    """StepExecutionState knows no step that is being cancelled: it runs."""
    properties = [{"Key": key, "Value": value} for key, value in step.config.get("Properties", {}).items()]
    state = StepState.RUNNING if step.state is StepState.CANCEL_PENDING else step.state
    return {
        "StepConfig": {
            "Name": step.name,
            "ActionOnFailure": step.action_on_failure,
            "HadoopJarStep": {**step.config, "Properties": properties},
        },
        "ExecutionStatusDetail": {
            "State": state.value,
            "CreationDateTime": step.created,
            "StartDateTime": step.started,
            "EndDateTime": step.ended,
            "LastStateChangeReason": step.message,
        },
    }
