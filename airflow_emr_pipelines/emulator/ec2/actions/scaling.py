"""Scaling policies. They are kept and told; nothing scales by itself, for there are no metrics of YARN to do so by."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.groups import group_named
from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action
from airflow_emr_pipelines.emulator.ec2.auto_scaling import AutoScaling, PolicyState
from airflow_emr_pipelines.emulator.ec2.responses import auto_scaling_response


@action
async def put_managed_scaling_policy(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    policy = request["ManagedScalingPolicy"]
    rules.managed_scaling(
        policy,
        rules.release_of(cluster.request["ReleaseLabel"]),
        fleets=cluster.has_fleets,
        automatic=any(group.auto_scaling for group in cluster.groups),
    )
    cluster.managed_scaling = policy
    return {}


@action
async def get_managed_scaling_policy(emr: Emr, request: Request) -> ResponseBody:
    return {"ManagedScalingPolicy": emr.cluster(request["ClusterId"]).managed_scaling}


@action
async def remove_managed_scaling_policy(emr: Emr, request: Request) -> ResponseBody:
    emr.modifiable_cluster(request["ClusterId"]).managed_scaling = None
    return {}


@action
async def put_auto_scaling_policy(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    if cluster.has_fleets:
        raise Refused(rules.NO_POLICY_FOR_FLEETS)
    group = group_named(cluster, request["InstanceGroupId"])
    rules.auto_scaling(
        request["AutoScalingPolicy"],
        group.role,
        cluster.request.get("AutoScalingRole"),
        managed=cluster.managed_scaling is not None,
    )
    group.auto_scaling = AutoScaling(request["AutoScalingPolicy"])
    response = {
        "ClusterId": cluster.id,
        "InstanceGroupId": group.id,
        "AutoScalingPolicy": auto_scaling_response(group.auto_scaling),
        "ClusterArn": cluster.arn,
    }
    emr.lifecycles.reshape(cluster)
    return response


@action
async def remove_auto_scaling_policy(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    if cluster.has_fleets:
        raise Refused(rules.NO_POLICY_FOR_FLEETS)
    group = group_named(cluster, request["InstanceGroupId"])
    if group.auto_scaling is not None and group.auto_scaling.state is not PolicyState.DETACHING:
        group.auto_scaling.detach()
        emr.lifecycles.reshape(cluster)
    return {}
