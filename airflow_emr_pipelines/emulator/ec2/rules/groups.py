"""Instance groups: of a new cluster, added to one, changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from
from airflow_emr_pipelines.emulator.ec2.rules.volumes import volumes

INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
USD = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
MOST_TASK_GROUPS = 48
MOST_ADDED = 5
MOST_INSTANCES = 2000


def asked_groups(instances: Request) -> Sequence[Request]:
    """The groups that a request asks for; the old form of one type for all is the same as two groups."""
    groups: Sequence[Request] = instances.get("InstanceGroups", ())
    if groups or not instances.get("MasterInstanceType"):
        return groups
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


def instance_groups(groups: Sequence[Request], release: Release) -> None:
    """Refuse the groups of a new cluster that EMR would refuse."""
    roles = [group["InstanceRole"] for group in groups]
    if groups and roles.count("MASTER") != 1:
        raise Refused("A cluster has exactly one MASTER instance group.")
    several_groups(roles)
    if "TASK" in roles and "CORE" not in roles:
        raise Refused("A cluster with TASK instance groups needs a CORE instance group.")
    for group in groups:
        if group["InstanceRole"] == "MASTER":
            if group["InstanceCount"] not in (1, 3):
                raise Refused("The MASTER instance group has 1 or 3 instances.")
            if group["InstanceCount"] == 3:
                supported_from("A cluster with three primary instances", (5, 23, 0), release)
        instance_group(group)


def several_groups(roles: Sequence[str]) -> None:
    """Refuse more groups of a role than a cluster has."""
    if roles.count("CORE") > 1:
        raise Refused("A cluster has at most one CORE instance group.")
    if roles.count("TASK") > MOST_TASK_GROUPS:
        raise Refused(f"A cluster has at most {MOST_TASK_GROUPS} TASK instance groups.")


def instance_group(group: Request) -> None:
    """Refuse a group that EMR would refuse, whichever others there are."""
    instance_count(group["InstanceCount"])
    instance_type(group["InstanceType"])
    if group.get("BidPrice"):
        if group.get("Market") != "SPOT":
            raise Refused("A BidPrice is for the SPOT market.")
        bid_price(group["BidPrice"])
    volumes(group.get("EbsConfiguration", {}), group["InstanceRole"])


def instance_count(count: int) -> None:
    if not 0 <= count <= MOST_INSTANCES:
        raise Refused(f"An instance group has 0 to {MOST_INSTANCES:,} instances.")


def instance_type(name: str) -> None:
    if not INSTANCE_TYPE.fullmatch(name):
        raise Refused(f"The instance type {name} is invalid.")


def bid_price(price: str) -> None:
    if not USD.fullmatch(price):
        raise Refused(f"The BidPrice {price!r} is invalid: it is an amount of USD, such as 0.08.")


def added_groups(new: Sequence[Request], present_roles: Sequence[str]) -> None:
    """Refuse an AddInstanceGroups that EMR would refuse."""
    if not 1 <= len(new) <= MOST_ADDED:
        raise Refused(f"1 to {MOST_ADDED} instance groups can be added at once, not {len(new)}.")
    roles = [group["InstanceRole"] for group in new]
    if "MASTER" in roles:
        raise Refused("A MASTER instance group cannot be added to a cluster.")
    several_groups([*present_roles, *roles])
    if "CORE" not in [*present_roles, *roles]:
        raise Refused("A cluster with TASK instance groups needs a CORE instance group.")
    for group in new:
        instance_group(group)


def modified_group(change: Request, role: str, present: Sequence[str], release: Release) -> None:
    """Refuse a change of a group that EMR would refuse; `present` are the EC2 ids of its instances."""
    shrink = change.get("ShrinkPolicy", {}).get("InstanceResizePolicy", {})
    ending = [*change.get("EC2InstanceIdsToTerminate", ()), *shrink.get("InstancesToTerminate", ())]
    if role == "MASTER" and ("InstanceCount" in change or ending):
        raise Refused("The MASTER instance group cannot be resized.")
    instance_count(change.get("InstanceCount", 0))
    if "Configurations" in change:
        supported_from("The reconfiguration of an instance group", (5, 21, 0), release)
    elif "ReconfigurationType" in change:
        raise Refused("ReconfigurationType needs Configurations.")
    for instance in [*ending, *shrink.get("InstancesToProtect", ())]:
        if instance not in present:
            raise Refused(f"The instance {instance} is not in instance group {change['InstanceGroupId']}.")
    if both := {*ending} & {*shrink.get("InstancesToProtect", ())}:
        raise Refused(f"The instances {', '.join(sorted(both))} cannot be both terminated and protected.")
