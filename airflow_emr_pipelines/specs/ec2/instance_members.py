"""The instances of a cluster of EMR on EC2: which member of a request each field is, in both directions."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import (
    CapacityReservation,
    Fleet,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)
from airflow_emr_pipelines.specs.ec2.instances import EbsVolumes, Group
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
from airflow_emr_pipelines.specs.values.members import Form, ListOf, Member, Pairs, Structure
from airflow_emr_pipelines.specs.values.rules import choice

ALARM = "Trigger.CloudWatchAlarmDefinition"
ADJUSTMENT = "Action.SimpleScalingPolicyConfiguration"


class Market(Form):
    """The form of ``spot``, None where a request does not say."""

    def render(self, spot: Any) -> str:
        return "SPOT" if spot else "ON_DEMAND"

    def read(self, path: str, value: Any) -> bool | None:
        market = choice(path, value, choices=("ON_DEMAND", "SPOT", ""))
        return market == "SPOT" if market else None


class Configurations(Form):
    """The form of configurations, which may hold others."""

    def render(self, values: Any) -> Any:
        return ListOf(CONFIGURATION).render(values)

    def read(self, path: str, values: Any) -> Any:
        return ListOf(CONFIGURATION).read(path, values)


CONFIGURATION = Structure(
    Configuration,
    Member("classification", "Classification", required=True),
    Member("properties", "Properties", empty=True),
    Member("configurations", "Configurations", Configurations()),
)
VOLUMES = Structure(
    EbsVolumes,
    Member("volume_type", "VolumeSpecification.VolumeType", required=True),
    Member("size_gb", "VolumeSpecification.SizeInGB", required=True),
    Member("iops", "VolumeSpecification.Iops"),
    Member("throughput", "VolumeSpecification.Throughput"),
    Member("per_instance", "VolumesPerInstance"),
)
MACHINE = (
    Member("ebs", "EbsConfiguration.EbsBlockDeviceConfigs", ListOf(VOLUMES)),
    Member("ebs_optimized", "EbsConfiguration.EbsOptimized"),
    Member("configurations", "Configurations", Configurations()),
    Member("custom_ami_id", "CustomAmiId"),
)
"""What a group and an instance type of a fleet share."""

AUTO_SCALING = Structure(
    AutoScaling,
    Member("minimum", "Constraints.MinCapacity", required=True),
    Member("maximum", "Constraints.MaxCapacity", required=True),
    Member(
        "rules",
        "Rules",
        ListOf(
            Structure(
                ScalingRule,
                Member("name", "Name", required=True),
                Member("description", "Description"),
                Member("adjustment", f"{ADJUSTMENT}.ScalingAdjustment", required=True),
                Member("adjustment_type", f"{ADJUSTMENT}.AdjustmentType"),
                Member("cool_down", f"{ADJUSTMENT}.CoolDown", absent=0),
                Member("comparison_operator", f"{ALARM}.ComparisonOperator", required=True),
                Member("metric_name", f"{ALARM}.MetricName", required=True),
                Member("threshold", f"{ALARM}.Threshold", required=True),
                Member("evaluation_periods", f"{ALARM}.EvaluationPeriods"),
                Member("period", f"{ALARM}.Period"),
                Member("statistic", f"{ALARM}.Statistic"),
                Member("namespace", f"{ALARM}.Namespace"),
                Member("unit", f"{ALARM}.Unit"),
                Member("dimensions", f"{ALARM}.Dimensions", Pairs(), absent={}),
                refused={"Action.Market": "instance groups scale in their own market: leave it out"},
            )
        ),
    ),
)
MANAGED_SCALING = Structure(
    ManagedScaling,
    Member("unit_type", "ComputeLimits.UnitType"),
    Member("minimum", "ComputeLimits.MinimumCapacityUnits", required=True),
    Member("maximum", "ComputeLimits.MaximumCapacityUnits", required=True),
    Member("maximum_on_demand", "ComputeLimits.MaximumOnDemandCapacityUnits"),
    Member("maximum_core", "ComputeLimits.MaximumCoreCapacityUnits"),
    Member("scaling_strategy", "ScalingStrategy"),
    Member("utilization_performance_index", "UtilizationPerformanceIndex"),
)
GROUP = Structure(
    Group,
    Member("name", "Name"),
    Member("instance_type", "InstanceType", required=True),
    Member("count", "InstanceCount"),
    Member("spot", "Market", Market()),
    Member("bid_price", "BidPrice"),
    Member("auto_scaling", "AutoScalingPolicy", AUTO_SCALING),
    *MACHINE,
)
INSTANCE_TYPES = ListOf(
    Structure(
        InstanceTypeConfig,
        Member("instance_type", "InstanceType", required=True),
        Member("weighted_capacity", "WeightedCapacity"),
        Member("bid_price", "BidPrice"),
        Member("bid_price_percentage", "BidPriceAsPercentageOfOnDemandPrice"),
        Member("priority", "Priority"),
        *MACHINE,
    )
)
RESERVATION = Structure(
    CapacityReservation,
    Member("preference", "CapacityReservationPreference"),
    Member("resource_group_arn", "CapacityReservationResourceGroupArn"),
    Member("usage_strategy", "UsageStrategy", absent=None),
)
SPOT_PROVISIONING = Structure(
    SpotProvisioning,
    Member("timeout_minutes", "TimeoutDurationMinutes", required=True),
    Member("timeout_action", "TimeoutAction", required=True),
    Member("allocation_strategy", "AllocationStrategy"),
    refused={"BlockDurationMinutes": "EC2 has no spot blocks since 2022: leave it out"},
)
ON_DEMAND_PROVISIONING = Structure(
    OnDemandProvisioning,
    Member("allocation_strategy", "AllocationStrategy", required=True),
    Member("capacity_reservation", "CapacityReservationOptions", RESERVATION),
)
SPOT_RESIZING = Structure(
    SpotResizing,
    Member("timeout_minutes", "TimeoutDurationMinutes"),
    Member("allocation_strategy", "AllocationStrategy"),
)
ON_DEMAND_RESIZING = Structure(
    OnDemandResizing,
    Member("timeout_minutes", "TimeoutDurationMinutes"),
    Member("allocation_strategy", "AllocationStrategy"),
    Member("capacity_reservation", "CapacityReservationOptions", RESERVATION),
)
SIZE = (
    Member("on_demand", "TargetOnDemandCapacity"),
    Member("spot", "TargetSpotCapacity"),
    Member("spot_resizing", "ResizeSpecifications.SpotResizeSpecification", SPOT_RESIZING),
    Member("on_demand_resizing", "ResizeSpecifications.OnDemandResizeSpecification", ON_DEMAND_RESIZING),
)
"""What a fleet and a change of one share."""
FLEET = Structure(
    Fleet,
    Member("name", "Name"),
    Member("instance_types", "InstanceTypeConfigs", INSTANCE_TYPES, absent=()),
    *SIZE,
    Member("spot_provisioning", "LaunchSpecifications.SpotSpecification", SPOT_PROVISIONING),
    Member("on_demand_provisioning", "LaunchSpecifications.OnDemandSpecification", ON_DEMAND_PROVISIONING),
    Member("context", "Context"),
)
