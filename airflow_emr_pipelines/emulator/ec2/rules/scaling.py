"""Policies by which a cluster changes its size, or ends when it is idle."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from

PERFORMANCE_INDICES = (1, 25, 50, 75, 100)
METRIC_SECONDS = 300
"""How often EMR's metrics come."""
ONE_KIND = "A cluster has either a managed scaling policy or automatic scaling policies, not both."
NO_POLICY_FOR_FLEETS = "Automatic scaling policies are for instance groups, not for instance fleets."


def auto_termination(policy: Request, release: Release) -> None:
    """Refuse an auto-termination policy that EMR would refuse."""
    if release < (5, 30, 0) or (6, 0, 0) <= release < (6, 1, 0):
        raise Refused("Auto-termination is supported from emr-5.30.0 and emr-6.1.0.")
    if not 60 <= policy.get("IdleTimeout", 3600) <= 604_800:
        raise Refused("IdleTimeout must be between 60 and 604800 seconds.")


def managed_scaling(policy: Request, release: Release, *, fleets: bool, automatic: bool) -> None:
    """Refuse a managed scaling policy that EMR would refuse; `automatic`: there is the other kind of policy."""
    supported_from("Managed scaling", (5, 30, 0), release, but=[(6, 0, 0)])
    if automatic:
        raise Refused(ONE_KIND)
    limits = policy.get("ComputeLimits")
    if limits is None:
        raise Refused("A managed scaling policy needs ComputeLimits.")
    _limits(limits, fleets=fleets)
    index, advanced = policy.get("UtilizationPerformanceIndex"), policy.get("ScalingStrategy") == "ADVANCED"
    if advanced != (index is not None):
        raise Refused("ScalingStrategy ADVANCED and UtilizationPerformanceIndex must be specified together.")
    if index is not None and index not in PERFORMANCE_INDICES:
        raise Refused(f"UtilizationPerformanceIndex must be one of {', '.join(map(str, PERFORMANCE_INDICES))}.")


def _limits(limits: Request, *, fleets: bool) -> None:
    invalid = "Invalid configuration for managed scaling."
    unit, least, most = limits["UnitType"], limits["MinimumCapacityUnits"], limits["MaximumCapacityUnits"]
    if fleets != (unit == "InstanceFleetUnits"):
        words = "InstanceFleetUnits for instance fleets" if fleets else "Instances or VCPU for instance groups"
        raise Refused(f"{invalid} The UnitType is {words}, not {unit}.")
    if least < 0:
        raise Refused(f"{invalid} The min capacity cannot be negative.")
    if least > most:
        raise Refused(f"{invalid} The min capacity cannot be higher than max capacity.")
    for member, what in (("MaximumOnDemandCapacityUnits", "On-Demand"), ("MaximumCoreCapacityUnits", "Core")):
        if limits.get(member, 0) > most:
            raise Refused(f"{invalid} The max {what} capacity cannot be higher than max capacity.")
        if limits.get(member, 0) < 0:
            raise Refused(f"{invalid} The max {what} capacity cannot be negative.")


def group_policies(groups: Sequence[Request], role: str | None, *, managed: bool) -> None:
    """Refuse the automatic scaling policies of groups that EMR would refuse; `role` is the AutoScalingRole."""
    for group in groups:
        if "AutoScalingPolicy" in group:
            auto_scaling(group["AutoScalingPolicy"], group["InstanceRole"], role, managed=managed)


def auto_scaling(policy: Request, group_role: str, scaling_role: str | None, *, managed: bool) -> None:
    """Refuse an automatic scaling policy that EMR would refuse; `managed`: there is the other kind of policy."""
    if group_role == "MASTER":
        raise Refused("Automatic scaling policies are for CORE and TASK instance groups, not for MASTER.")
    if not scaling_role:
        raise Refused("An automatic scaling policy needs a cluster with an AutoScalingRole, which RunJobFlow sets.")
    if managed:
        raise Refused(ONE_KIND)
    least, most = policy["Constraints"]["MinCapacity"], policy["Constraints"]["MaxCapacity"]
    if not 0 <= least <= most:
        raise Refused(f"MinCapacity must be between 0 and MaxCapacity, which is {most}, not {least}.")
    if not policy["Rules"]:
        raise Refused("An automatic scaling policy needs at least one rule.")
    names = [rule["Name"] for rule in policy["Rules"]]
    for rule in policy["Rules"]:
        if names.count(rule["Name"]) > 1:
            raise Refused(f"The rule name {rule['Name']} must be unique within the scaling policy.")
        _rule(rule)


def _rule(rule: Request) -> None:
    name, action = rule["Name"], rule["Action"]
    if "Market" in action:
        raise Refused(f"The Market of rule {name} is not available for instance groups.")
    change = action["SimpleScalingPolicyConfiguration"]
    if change.get("AdjustmentType") == "EXACT_CAPACITY" and change["ScalingAdjustment"] < 1:
        raise Refused(f"The ScalingAdjustment of rule {name} must be positive with EXACT_CAPACITY.")
    if change.get("CoolDown", 0) < 0:
        raise Refused(f"The CoolDown of rule {name} must not be negative.")
    alarm = rule["Trigger"]["CloudWatchAlarmDefinition"]
    if alarm["Period"] != METRIC_SECONDS:
        raise Refused(f"The Period of rule {name} must be {METRIC_SECONDS} seconds, as EMR's metrics come.")
    if alarm.get("EvaluationPeriods", 1) < 1:
        raise Refused(f"The EvaluationPeriods of rule {name} must be at least 1.")
