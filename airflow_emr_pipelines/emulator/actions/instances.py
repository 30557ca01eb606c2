"""Instance groups and instances."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from ipaddress import IPv4Address

from airflow_emr_pipelines.emulator.actions.registry import PAGE, Answer, Emr, Request, action, by_id, page
from airflow_emr_pipelines.emulator.answers import group_answer, instance_answer
from airflow_emr_pipelines.emulator.errors import Refused
from airflow_emr_pipelines.emulator.model import HEX, Instance, InstanceGroup, new_id

INSTANCES_PAGE = 2000
FIRST_ADDRESS = IPv4Address("10.0.0.1")


@action
async def list_instance_groups(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("ListInstanceGroups", request["ClusterId"])
    found, marker = page(cluster.groups, by_id, request, PAGE)
    return {"InstanceGroups": [group_answer(cluster, group) for group in found], "Marker": marker}


@action
async def list_instances(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("ListInstances", request["ClusterId"])
    if "InstanceFleetId" in request or "InstanceFleetType" in request:
        raise Refused("Instance fleets and instance groups are mutually exclusive.")
    roles, states = request.get("InstanceGroupTypes"), request.get("InstanceStates")
    answers = [
        instance_answer(cluster, group, instance)
        for group in cluster.groups
        if request.get("InstanceGroupId") in (None, group.id) and (not roles or group.config["InstanceRole"] in roles)
        for instance in group.instances
    ]
    found, marker = page(
        answers,
        lambda answer: str(answer["Id"]),
        request,
        INSTANCES_PAGE,
        lambda answer: not states or answer["Status"]["State"] in states,
    )
    return {"Instances": found, "Marker": marker}


def group_configs(instances: Request) -> list[Request]:
    """The instance groups; the old form of one type for all is the same as two groups."""
    if instances.get("InstanceGroups"):
        return list(instances["InstanceGroups"])
    core_type = instances.get("SlaveInstanceType") or instances["MasterInstanceType"]
    roles = [("MASTER", instances["MasterInstanceType"], 1), ("CORE", core_type, instances["InstanceCount"] - 1)]
    return [
        {
            "Name": role.lower(),
            "InstanceRole": role,
            "InstanceType": kind,
            "InstanceCount": count,
            "Market": "ON_DEMAND",
        }
        for role, kind, count in roles
        if count
    ]


def new_groups(configs: Sequence[Request]) -> list[InstanceGroup]:
    numbers = itertools.count()
    return [
        InstanceGroup(
            new_id("ig-"),
            config,
            [
                Instance(new_id("ci-"), new_id("i-", 17, HEX), str(FIRST_ADDRESS + next(numbers)))
                for _ in range(config["InstanceCount"])
            ],
        )
        for config in configs
    ]
