"""How a cluster's instances look to Amazon EMR on EC2: groups, fleets, and their scaling."""

from __future__ import annotations

from airflow_emr_pipelines.specs.ec2.fleets import Fleet, InstanceFleets
from airflow_emr_pipelines.specs.ec2.instance_members import FLEET, GROUP, MANAGED_SCALING
from airflow_emr_pipelines.specs.ec2.instances import Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.scaling import ManagedScaling
from airflow_emr_pipelines.specs.values.members import Request


def render_instances(instances: InstanceGroups | InstanceFleets) -> Request:
    """The members of JobFlowInstancesConfig that say which instances there are."""
    if isinstance(instances, InstanceFleets):
        fleets = {"MASTER": instances.primary, "CORE": instances.core, "TASK": instances.task}
        named = {"MASTER": "Primary", "CORE": "Core", "TASK": "Task"}
        return {"InstanceFleets": [render_fleet(role, fleet, named[role]) for role, fleet in fleets.items() if fleet]}
    rendered = [render_group("MASTER", instances.primary, "Primary")]
    if instances.core is not None:
        rendered.append(render_group("CORE", instances.core, "Core"))
    rendered += [render_group("TASK", group, f"Task {place}") for place, group in enumerate(instances.tasks, start=1)]
    return {"InstanceGroups": rendered}


def render_group(role: str, group: Group | str, name: str) -> Request:
    """An InstanceGroupConfig; ``name`` is for one that has none."""
    return {"Name": name, "InstanceRole": role, **GROUP.render(group)}


def render_fleet(role: str, fleet: Fleet | str, name: str) -> Request:
    """An InstanceFleetConfig; ``name`` is for one that has none."""
    return {"Name": name, "InstanceFleetType": role, **without_weights(role, FLEET.render(fleet))}


def without_weights(role: str, request: Request) -> Request:
    """The request for a fleet of this role: types of a primary fleet have no weights."""
    for config in request.get("InstanceTypeConfigs", ()) if role == "MASTER" else ():
        del config["WeightedCapacity"]
    return request


def render_managed_scaling(scaling: ManagedScaling, instances: object) -> Request:
    """A ManagedScalingPolicy for a cluster with these instances."""
    request = MANAGED_SCALING.render(scaling)
    unit_type = "InstanceFleetUnits" if isinstance(instances, InstanceFleets) else "Instances"
    request["ComputeLimits"].setdefault("UnitType", unit_type)
    return request
