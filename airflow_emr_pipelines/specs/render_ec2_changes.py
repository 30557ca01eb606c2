"""How changes of groups and fleets look to Amazon EMR on EC2."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.specs.changes import FleetChange, GroupChange
from airflow_emr_pipelines.specs.render_ec2_instances import (
    given,
    render_configurations,
    render_resizing,
    render_type,
    said,
)


def render_group_change(change: GroupChange, group_id: str) -> dict[str, Any]:
    """An InstanceGroupModifyConfig, without the scaling rules, which have a request of their own."""
    shrink = {
        **said(DecommissionTimeout=change.decommission_timeout),
        **given(
            InstanceResizePolicy={
                **given(
                    InstancesToTerminate=list(change.instances_to_terminate),
                    InstancesToProtect=list(change.instances_to_protect),
                ),
                **said(InstanceTerminationTimeout=change.instance_termination_timeout),
            }
        ),
    }
    request = {"InstanceGroupId": group_id, **said(InstanceCount=change.count), **given(ShrinkPolicy=shrink)}
    if change.configurations is not None:
        request["ReconfigurationType"] = change.reconfiguration_type
        request["Configurations"] = render_configurations(change.configurations)
    return request


def render_fleet_change(change: FleetChange, fleet_id: str, role: str) -> dict[str, Any]:
    """An InstanceFleetModifyConfig."""
    return {
        "InstanceFleetId": fleet_id,
        **said(TargetOnDemandCapacity=change.on_demand, TargetSpotCapacity=change.spot),
        **given(
            ResizeSpecifications=render_resizing(change.spot_resizing, change.on_demand_resizing),
            InstanceTypeConfigs=[render_type(config, role) for config in change.instance_types or ()],
        ),
    }
