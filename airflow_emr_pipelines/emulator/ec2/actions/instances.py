"""Instances, and what every group and fleet starts as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action, page
from airflow_emr_pipelines.emulator.ec2.auto_scaling import AutoScaling
from airflow_emr_pipelines.emulator.ec2.ids import new_id
from airflow_emr_pipelines.emulator.ec2.instances import ON_DEMAND, SPOT, Collection, InstanceFleet, InstanceGroup
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.responses import instance_response

INSTANCES_PAGE = 2000
OF_GROUPS, OF_FLEETS = ("InstanceGroupId", "InstanceGroupTypes"), ("InstanceFleetId", "InstanceFleetType")
EXCLUSIVE = "Instance fleets and instance groups are mutually exclusive."


@action
async def list_instances(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    asks_for_groups = any(member in request for member in OF_GROUPS)
    asks_for_fleets = any(member in request for member in OF_FLEETS)
    if asks_for_fleets if not cluster.has_fleets else asks_for_groups:
        raise Refused(EXCLUSIVE)
    states = request.get("InstanceStates")
    listed = [
        instance_response(cluster, one, instance)
        for one in cluster.collections
        if _is_wanted(one, request)
        for instance in one.instances
    ]
    found, marker = page(
        listed,
        lambda body: str(body["Id"]),
        request,
        INSTANCES_PAGE,
        lambda body: not states or body["Status"]["State"] in states,
    )
    return {"Instances": found, "Marker": marker}


def _is_wanted(one: Collection, request: Request) -> bool:
    wanted_id = request.get("InstanceGroupId", request.get("InstanceFleetId", one.id))
    roles = request.get("InstanceGroupTypes") or [request.get("InstanceFleetType", one.role)]
    return one.id == wanted_id and one.role in roles


def groups_of(cluster: Cluster) -> list[InstanceGroup]:
    """The cluster's groups, refused if it has fleets."""
    if cluster.has_fleets:
        raise Refused(EXCLUSIVE)
    return cluster.groups


def fleets_of(cluster: Cluster) -> list[InstanceFleet]:
    """The cluster's fleets, refused if it has groups."""
    if not cluster.has_fleets:
        raise Refused(EXCLUSIVE)
    return cluster.fleets


def new_collections(instances: Request, now: datetime) -> list[Collection]:
    """What a new cluster is to have, without its instances."""
    if instances.get("InstanceFleets"):
        return [new_fleet(config, now) for config in instances["InstanceFleets"]]
    return [new_group(config, now) for config in rules.asked_groups(instances)]


def new_group(config: Request, now: datetime) -> InstanceGroup:
    configurations: Sequence[Request] = config.get("Configurations", ())
    return InstanceGroup(
        id=new_id("ig-"),
        role=config["InstanceRole"],
        name=config.get("Name"),
        created=now,
        config=config,
        count=config["InstanceCount"],
        configurations=configurations,
        applied_configurations=configurations,
        auto_scaling=AutoScaling(config["AutoScalingPolicy"]) if "AutoScalingPolicy" in config else None,
    )


def new_fleet(config: Request, now: datetime) -> InstanceFleet:
    return InstanceFleet(
        id=new_id("if-"),
        role=config["InstanceFleetType"],
        name=config.get("Name"),
        created=now,
        config=config,
        target={ON_DEMAND: config.get("TargetOnDemandCapacity", 0), SPOT: config.get("TargetSpotCapacity", 0)},
        type_configs=config.get("InstanceTypeConfigs", ()),
        resize_specifications=config.get("ResizeSpecifications", {}),
        context=config.get("Context"),
    )
