"""A RunJobFlow as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.clusters import step_concurrency
from airflow_emr_pipelines.emulator.ec2.rules.fleets import instance_fleets, types_of
from airflow_emr_pipelines.emulator.ec2.rules.groups import asked_groups, instance_groups
from airflow_emr_pipelines.emulator.ec2.rules.logs import logging
from airflow_emr_pipelines.emulator.ec2.rules.releases import (
    Release,
    Request,
    applications,
    release_in,
    supported_from,
    supported_types,
)
from airflow_emr_pipelines.emulator.ec2.rules.scaling import auto_termination, group_policies, managed_scaling
from airflow_emr_pipelines.emulator.ec2.rules.security import kerberos, runtime_role
from airflow_emr_pipelines.emulator.ec2.rules.steps import steps
from airflow_emr_pipelines.emulator.ec2.rules.tags import tags
from airflow_emr_pipelines.emulator.ec2.rules.volumes import root_volume

FORBIDDEN_IN_NAME = re.compile(r"[<>$|`]")
SUBNETS = ("Ec2SubnetId", "Ec2SubnetIds")
OF_EARLIER_RELEASES = ("SupportedProducts", "NewSupportedProducts")


def new_cluster(request: Request, security: Request, region: str) -> None:
    """Refuse a RunJobFlow that EMR would refuse; `security` is what its security configuration says."""
    _name_and_release(request)
    label, instances = request["ReleaseLabel"], request["Instances"]
    release = release_in(region, label)
    applications(request.get("Applications", ()), label)
    _instances(instances, release)
    _zones(instances.get("Placement", {}), region)
    _scaling(request, release)
    _software(request, release)
    kerberos(request, security)
    if "StepExecutionRoleArn" in request:
        primaries = 3 if has_three_primaries(instances) else 1
        runtime_role(security, release, request.get("Steps", ()), primaries=primaries)
    concurrency = request.get("StepConcurrencyLevel", 1)
    step_concurrency(concurrency, release)
    logging(request, release)
    tags(request.get("Tags", ()), {})
    steps(request.get("Steps", ()), concurrency, active=0)
    supported_types(_types(instances), label)


def has_three_primaries(instances: Request) -> bool:
    """Such a cluster is protected and stays alive without steps, whatever the request says."""
    groups = instances.get("InstanceGroups", ())
    return any(group["InstanceRole"] == "MASTER" and group["InstanceCount"] == 3 for group in groups)


def _name_and_release(request: Request) -> None:
    if not request["Name"]:
        raise Refused("The cluster's name must not be empty.")
    if found := FORBIDDEN_IN_NAME.search(request["Name"]):
        raise Refused(f"The cluster's name must not contain {found.group(0)}.")
    if "ReleaseLabel" in request and "AmiVersion" in request:
        raise Refused("ReleaseLabel and AmiVersion cannot be specified together.")
    if "ReleaseLabel" not in request:
        raise Refused("A ReleaseLabel is required; AMI versions 2.x and 3.x are not available any more.")
    for member in OF_EARLIER_RELEASES:
        if request.get(member):
            raise Refused(f"{member} is for AMI versions 2.x and 3.x; use Applications.")
    if not request.get("ServiceRole") or not request.get("JobFlowRole"):
        raise Refused("ServiceRole and JobFlowRole are required.")


def _instances(instances: Request, release: Release) -> None:
    groups, fleets = instances.get("InstanceGroups", ()), instances.get("InstanceFleets", ())
    in_old_form = bool(instances.get("MasterInstanceType") or instances.get("InstanceCount"))
    if fleets and groups:
        raise Refused("InstanceGroups and InstanceFleets cannot be specified together.")
    if groups or fleets:
        if in_old_form:
            form = "InstanceFleets" if fleets else "InstanceGroups"
            raise Refused(f"MasterInstanceType and InstanceCount cannot be specified with {form}.")
    elif not instances.get("MasterInstanceType") or instances.get("InstanceCount", 0) < 1:
        raise Refused("Instance groups, instance fleets, or MasterInstanceType and InstanceCount are required.")
    _network(instances, fleets=bool(fleets))
    if fleets:
        instance_fleets(fleets, release)
    else:
        instance_groups(asked_groups(instances), release)


def _types(instances: Request) -> Iterator[str]:
    for fleet in instances.get("InstanceFleets", ()):
        yield from types_of(fleet)
    yield from (group["InstanceType"] for group in asked_groups(instances))


def _zones(placement: Request, region: str) -> None:
    for zone in filter(None, (placement.get("AvailabilityZone"), *placement.get("AvailabilityZones", ()))):
        if zone == region or not zone.startswith(region):
            raise Refused(f"The Availability Zone {zone} is invalid: it is no zone of {region}.")


def _network(instances: Request, *, fleets: bool) -> None:
    placement = instances.get("Placement", {})
    if all(instances.get(member) for member in SUBNETS):
        raise Refused("Ec2SubnetId and Ec2SubnetIds cannot be specified together.")
    if placement and any(instances.get(member) for member in SUBNETS):
        raise Refused("Placement and a subnet cannot be specified together.")
    if placement.get("AvailabilityZone") and placement.get("AvailabilityZones"):
        raise Refused("AvailabilityZone and AvailabilityZones cannot be specified together.")
    if not fleets:
        if len(instances.get("Ec2SubnetIds", ())) > 1:
            raise Refused("Several subnets are for instance fleets; instance groups use one.")
        if len(placement.get("AvailabilityZones", ())) > 1:
            raise Refused("Several Availability Zones are for instance fleets; instance groups use one.")
    if bool(instances.get("EmrManagedMasterSecurityGroup")) != bool(instances.get("EmrManagedSlaveSecurityGroup")):
        raise Refused("EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup must be specified together.")


def _scaling(request: Request, release: Release) -> None:
    groups, fleets = request["Instances"].get("InstanceGroups", ()), request["Instances"].get("InstanceFleets", ())
    automatic = any("AutoScalingPolicy" in group for group in groups)
    managed = "ManagedScalingPolicy" in request
    group_policies(groups, request.get("AutoScalingRole"), managed=managed)
    if managed:
        managed_scaling(request["ManagedScalingPolicy"], release, fleets=bool(fleets), automatic=automatic)
    if "AutoTerminationPolicy" in request:
        auto_termination(request["AutoTerminationPolicy"], release)
    behavior = request.get("ScaleDownBehavior")
    if behavior:
        first = (5, 1, 0) if behavior == "TERMINATE_AT_INSTANCE_HOUR" else (4, 1, 0)
        supported_from(f"ScaleDownBehavior {behavior}", first, release)


def _software(request: Request, release: Release) -> None:
    if len(request.get("BootstrapActions", ())) > 16:
        raise Refused("A cluster can have at most 16 bootstrap actions.")
    instances = request["Instances"]
    types = [config for fleet in instances.get("InstanceFleets", ()) for config in fleet.get("InstanceTypeConfigs", ())]
    if any("CustomAmiId" in part for part in (request, *instances.get("InstanceGroups", ()), *types)):
        supported_from("CustomAmiId", (5, 7, 0), release)
    root_volume(request, release)
    for group in request.get("PlacementGroupConfigs", ()):
        supported_from("PlacementGroupConfigs", (5, 23, 0), release)
        if group["InstanceRole"] != "MASTER" or group.get("PlacementStrategy", "SPREAD") != "SPREAD":
            raise Refused("PlacementGroupConfigs support only the InstanceRole MASTER with the strategy SPREAD.")
