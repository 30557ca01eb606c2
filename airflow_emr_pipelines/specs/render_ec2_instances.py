"""How a cluster's instances look to Amazon EMR on EC2: groups, fleets, volumes, and their scaling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.fleets import (
    CapacityReservation,
    Fleet,
    InstanceFleets,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)
from airflow_emr_pipelines.specs.instances import EbsVolumes, Group, InstanceGroups
from airflow_emr_pipelines.specs.scaling import AutoScaling, ManagedScaling, ScalingRule

Request = dict[str, Any]


def render_instances(instances: InstanceGroups | InstanceFleets) -> Request:
    """The members of JobFlowInstancesConfig that say which instances there are."""
    if isinstance(instances, InstanceFleets):
        return {"InstanceFleets": list(_fleets(instances))}
    return {"InstanceGroups": list(_groups(instances))}


def _groups(groups: InstanceGroups) -> Iterator[Request]:
    yield render_group("MASTER", groups.primary, "Primary")
    if groups.core is not None:
        yield render_group("CORE", groups.core, "Core")
    for place, group in enumerate(groups.tasks, start=1):
        yield render_group("TASK", group, f"Task {place}")


def render_group(role: str, group: Group | str, name: str) -> Request:
    """An InstanceGroupConfig; ``name`` is for one that has none."""
    assert isinstance(group, Group)  # InstanceGroups has made one of a text
    return {
        "Name": group.name or name,
        "InstanceRole": role,
        "InstanceType": group.instance_type,
        "InstanceCount": group.count,
        "Market": "SPOT" if group.spot else "ON_DEMAND",
        **given(
            BidPrice=group.bid_price,
            Configurations=render_configurations(group.configurations),
            EbsConfiguration=_ebs(group),
            AutoScalingPolicy=render_auto_scaling(group.auto_scaling) if group.auto_scaling else None,
            CustomAmiId=group.custom_ami_id,
        ),
    }


def _fleets(fleets: InstanceFleets) -> Iterator[Request]:
    for role, name, fleet in (
        ("MASTER", "Primary", fleets.primary),
        ("CORE", "Core", fleets.core),
        ("TASK", "Task", fleets.task),
    ):
        if isinstance(fleet, Fleet):
            yield render_fleet(role, fleet, name)


def render_fleet(role: str, fleet: Fleet, name: str) -> Request:
    """An InstanceFleetConfig; ``name`` is for one that has none."""
    return {
        "Name": fleet.name or name,
        "InstanceFleetType": role,
        "TargetOnDemandCapacity": fleet.on_demand,
        "TargetSpotCapacity": fleet.spot,
        "InstanceTypeConfigs": [render_type(config, role) for config in fleet.instance_types],
        **given(
            LaunchSpecifications=given(
                SpotSpecification=_spot(fleet.spot_provisioning),
                OnDemandSpecification=_on_demand(fleet.on_demand_provisioning),
            ),
            ResizeSpecifications=render_resizing(fleet.spot_resizing, fleet.on_demand_resizing),
            Context=fleet.context,
        ),
    }


def render_type(config: InstanceTypeConfig | str, role: str) -> Request:
    """An InstanceTypeConfig."""
    assert isinstance(config, InstanceTypeConfig)  # Fleet has made one of a text
    return {
        "InstanceType": config.instance_type,
        **({} if role == "MASTER" else {"WeightedCapacity": config.weighted_capacity}),
        **given(
            BidPrice=config.bid_price,
            EbsConfiguration=_ebs(config),
            Configurations=render_configurations(config.configurations),
            CustomAmiId=config.custom_ami_id,
        ),
        **said(BidPriceAsPercentageOfOnDemandPrice=config.bid_price_percentage, Priority=config.priority),
    }


def _spot(spot: SpotProvisioning | None) -> Request | None:
    if spot is None:
        return None
    return {
        "TimeoutDurationMinutes": spot.timeout_minutes,
        "TimeoutAction": spot.timeout_action,
        **given(AllocationStrategy=spot.allocation_strategy),
    }


def _on_demand(on_demand: OnDemandProvisioning | None) -> Request | None:
    if on_demand is None:
        return None
    return {
        "AllocationStrategy": on_demand.allocation_strategy,
        **given(CapacityReservationOptions=_reservation(on_demand.capacity_reservation)),
    }


def render_resizing(spot: SpotResizing | None, on_demand: OnDemandResizing | None) -> Request:
    """An InstanceFleetResizingSpecifications."""
    return given(
        SpotResizeSpecification=_spot_resizing(spot), OnDemandResizeSpecification=_on_demand_resizing(on_demand)
    )


def _spot_resizing(spot: SpotResizing | None) -> Request | None:
    if spot is None:
        return None
    return given(TimeoutDurationMinutes=spot.timeout_minutes, AllocationStrategy=spot.allocation_strategy)


def _on_demand_resizing(on_demand: OnDemandResizing | None) -> Request | None:
    if on_demand is None:
        return None
    return given(
        TimeoutDurationMinutes=on_demand.timeout_minutes,
        AllocationStrategy=on_demand.allocation_strategy,
        CapacityReservationOptions=_reservation(on_demand.capacity_reservation),
    )


def _reservation(reservation: CapacityReservation | None) -> Request | None:
    if reservation is None:
        return None
    return given(
        UsageStrategy=reservation.usage_strategy,
        CapacityReservationPreference=reservation.preference,
        CapacityReservationResourceGroupArn=reservation.resource_group_arn,
    )


def _ebs(owner: Group | InstanceTypeConfig) -> Request:
    return {
        **given(EbsBlockDeviceConfigs=[_volumes(volumes) for volumes in owner.ebs]),
        **said(EbsOptimized=owner.ebs_optimized),
    }


def _volumes(volumes: EbsVolumes) -> Request:
    return {
        "VolumeSpecification": {
            "VolumeType": volumes.volume_type,
            "SizeInGB": volumes.size_gb,
            **given(Iops=volumes.iops, Throughput=volumes.throughput),
        },
        "VolumesPerInstance": volumes.per_instance,
    }


def render_managed_scaling(scaling: ManagedScaling, instances: object) -> Request:
    """A ManagedScalingPolicy for a cluster with these instances."""
    unit_type = "InstanceFleetUnits" if isinstance(instances, InstanceFleets) else "Instances"
    return {
        "ComputeLimits": {
            "UnitType": scaling.unit_type or unit_type,
            "MinimumCapacityUnits": scaling.minimum,
            "MaximumCapacityUnits": scaling.maximum,
            **said(
                MaximumOnDemandCapacityUnits=scaling.maximum_on_demand, MaximumCoreCapacityUnits=scaling.maximum_core
            ),
        },
        **given(
            ScalingStrategy=scaling.scaling_strategy,
            UtilizationPerformanceIndex=scaling.utilization_performance_index,
        ),
    }


def render_auto_scaling(scaling: AutoScaling) -> Request:
    """An AutoScalingPolicy."""
    return {
        "Constraints": {"MinCapacity": scaling.minimum, "MaxCapacity": scaling.maximum},
        "Rules": [_rule(rule) for rule in scaling.rules],
    }


def _rule(rule: ScalingRule) -> Request:
    return {
        "Name": rule.name,
        **given(Description=rule.description),
        "Action": {
            "SimpleScalingPolicyConfiguration": {
                "AdjustmentType": rule.adjustment_type,
                "ScalingAdjustment": rule.adjustment,
                "CoolDown": rule.cool_down,
            }
        },
        "Trigger": {
            "CloudWatchAlarmDefinition": {
                "ComparisonOperator": rule.comparison_operator,
                "EvaluationPeriods": rule.evaluation_periods,
                "MetricName": rule.metric_name,
                "Namespace": rule.namespace,
                "Period": rule.period,
                "Statistic": rule.statistic,
                "Threshold": rule.threshold,
                **given(Unit=rule.unit),
                **given(Dimensions=[{"Key": key, "Value": value} for key, value in rule.dimensions.items()]),
            }
        },
    }


def render_configurations(configurations: Sequence[Configuration]) -> list[Request]:
    """A list of Configuration."""
    return [
        {
            "Classification": configuration.classification,
            "Properties": dict(configuration.properties),
            **given(Configurations=render_configurations(configuration.configurations)),
        }
        for configuration in configurations
    ]


def given(**values: Any) -> Request:
    """The members that hold something."""
    return {name: value for name, value in values.items() if value}


def said(**values: Any) -> Mapping[str, Any]:
    """The members that were said, be it 0 or False."""
    return {name: value for name, value in values.items() if value is not None}
