"""How changes of groups and fleets look to Amazon EMR on EC2."""

from __future__ import annotations

from airflow_emr_pipelines.specs.ec2.changes import FleetChange, GroupChange
from airflow_emr_pipelines.specs.ec2.instance_members import INSTANCE_TYPES, SIZE, Configurations
from airflow_emr_pipelines.specs.ec2.render.instances import without_weights
from airflow_emr_pipelines.specs.values.members import Member, Request, Structure

RESIZING = "ShrinkPolicy.InstanceResizePolicy"
GROUP_CHANGE = Structure(
    GroupChange,
    Member("count", "InstanceCount"),
    Member("decommission_timeout", "ShrinkPolicy.DecommissionTimeout"),
    Member("instances_to_terminate", f"{RESIZING}.InstancesToTerminate"),
    Member("instances_to_protect", f"{RESIZING}.InstancesToProtect"),
    Member("instance_termination_timeout", f"{RESIZING}.InstanceTerminationTimeout"),
    Member("configurations", "Configurations", Configurations(), empty=True),
)
FLEET_CHANGE = Structure(FleetChange, *SIZE, Member("instance_types", "InstanceTypeConfigs", INSTANCE_TYPES))


def render_group_change(change: GroupChange, group_id: str) -> Request:
    """An InstanceGroupModifyConfig, without the scaling rules, which have a request of their own."""
    request = {"InstanceGroupId": group_id, **GROUP_CHANGE.render(change)}
    if change.configurations is not None:
        request["ReconfigurationType"] = change.reconfiguration_type
    return request


def render_fleet_change(change: FleetChange, fleet_id: str, role: str) -> Request:
    """An InstanceFleetModifyConfig."""
    return {"InstanceFleetId": fleet_id, **without_weights(role, FLEET_CHANGE.render(change))}
