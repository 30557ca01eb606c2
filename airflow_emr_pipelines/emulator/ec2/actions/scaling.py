"""Scaling policies. They are kept and told; nothing scales by itself, for there are no metrics of YARN to do so by."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.groups import group_named
from airflow_emr_pipelines.emulator.ec2.actions.registry import Answer, Emr, Request, action
from airflow_emr_pipelines.emulator.ec2.auto_scaling import AutoScaling, PolicyState
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.responses import auto_scaling_answer


@action
async def put_managed_scaling_policy(emr: Emr, request: Request) -> Answer:
    cluster = _modifiable(emr, "PutManagedScalingPolicy", request)
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
async def get_managed_scaling_policy(emr: Emr, request: Request) -> Answer:
    return {"ManagedScalingPolicy": emr.cluster("GetManagedScalingPolicy", request["ClusterId"]).managed_scaling}


@action
async def remove_managed_scaling_policy(emr: Emr, request: Request) -> Answer:
    _modifiable(emr, "RemoveManagedScalingPolicy", request).managed_scaling = None
    return {}


@action
async def put_auto_scaling_policy(emr: Emr, request: Request) -> Answer:
    cluster = _modifiable(emr, "PutAutoScalingPolicy", request)
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
    answer = {
        "ClusterId": cluster.id,
        "InstanceGroupId": group.id,
        "AutoScalingPolicy": auto_scaling_answer(group.auto_scaling),
        "ClusterArn": cluster.arn,
    }
    emr.lives.reshape(cluster)
    return answer


@action
async def remove_auto_scaling_policy(emr: Emr, request: Request) -> Answer:
    cluster = _modifiable(emr, "RemoveAutoScalingPolicy", request)
    if cluster.has_fleets:
        raise Refused(rules.NO_POLICY_FOR_FLEETS)
    group = group_named(cluster, request["InstanceGroupId"])
    if group.auto_scaling is not None and group.auto_scaling.state is not PolicyState.DETACHING:
        group.auto_scaling.detach()
        emr.lives.reshape(cluster)
    return {}


def _modifiable(emr: Emr, operation: str, request: Request) -> Cluster:
    cluster = emr.cluster(operation, request["ClusterId"])
    rules.modifiable(cluster)
    return cluster
