"""Scaling policies: kept, told, refused. Nothing scales by itself here."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import CORE, MASTER, TASK, Region, wait_until

LIMITS = {"UnitType": "Instances", "MinimumCapacityUnits": 2, "MaximumCapacityUnits": 10}
RULE: dict[str, Any] = {
    "Name": "out",
    "Description": "more when memory is short",
    "Action": {
        "SimpleScalingPolicyConfiguration": {
            "AdjustmentType": "CHANGE_IN_CAPACITY",
            "ScalingAdjustment": 1,
            "CoolDown": 300,
        }
    },
    "Trigger": {
        "CloudWatchAlarmDefinition": {
            "ComparisonOperator": "LESS_THAN",
            "EvaluationPeriods": 1,
            "MetricName": "YARNMemoryAvailablePercentage",
            "Period": 300,
            "Threshold": 15.0,
            "Dimensions": [{"Key": "JobFlowId", "Value": "${emr.clusterId}"}],
        }
    },
}
POLICY = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 8}, "Rules": [RULE]}


def managed(**changes: Any) -> dict[str, Any]:
    return {"ComputeLimits": {**LIMITS, **changes}}


def rules(**changes: Any) -> dict[str, Any]:
    """A policy whose rule is changed: by member of the rule, of its action's configuration, or of its alarm."""
    rule = copy.deepcopy(RULE)
    inner = (
        rule["Action"]["SimpleScalingPolicyConfiguration"],
        rule["Trigger"]["CloudWatchAlarmDefinition"],
        rule["Action"],
    )
    for name, value in changes.items():
        next((part for part in (*inner[:2], rule) if name in part), inner[2])[name] = value
    return {**POLICY, "Rules": [rule]}


@pytest.fixture(scope="module")
def cluster(region: Region) -> str:
    """A cluster of all kinds of groups that may scale."""
    found = region.run(instances={"InstanceGroups": [MASTER, CORE, TASK]}, AutoScalingRole="scaling")
    region.wait(found, "WAITING")
    return found


@pytest.fixture(scope="module")
def groups(region: Region, cluster: str) -> dict[str, str]:
    """The ids of its groups by role."""
    found = region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    return {group["InstanceGroupType"]: group["Id"] for group in found}


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    message: str = refusal.value.response["Error"]["Message"]
    return message


def policy_of(region: Region, cluster: str, group_id: str) -> dict[str, Any] | None:
    for group in region.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]:
        if group["Id"] == group_id:
            found: dict[str, Any] | None = group.get("AutoScalingPolicy")
            return found
    raise AssertionError(group_id)


# --- managed scaling


def test_a_managed_scaling_policy_is_put_told_and_removed(region: Region) -> None:
    advanced = {**managed(MaximumCoreCapacityUnits=3), "ScalingStrategy": "ADVANCED", "UtilizationPerformanceIndex": 75}
    cluster = region.run(ManagedScalingPolicy=managed())
    told = region.emr.get_managed_scaling_policy(ClusterId=cluster)
    assert told["ManagedScalingPolicy"] == managed()
    region.emr.put_managed_scaling_policy(ClusterId=cluster, ManagedScalingPolicy=advanced)
    assert region.emr.get_managed_scaling_policy(ClusterId=cluster)["ManagedScalingPolicy"] == advanced
    region.emr.remove_managed_scaling_policy(ClusterId=cluster)
    assert "ManagedScalingPolicy" not in region.emr.get_managed_scaling_policy(ClusterId=cluster)


MANAGED_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("needs ComputeLimits", {}),
    ("Instances or VCPU for instance groups, not InstanceFleetUnits", managed(UnitType="InstanceFleetUnits")),
    ("min capacity cannot be negative", managed(MinimumCapacityUnits=-1)),
    ("min capacity cannot be higher than max capacity", managed(MinimumCapacityUnits=11)),
    ("max On-Demand capacity cannot be higher than max capacity", managed(MaximumOnDemandCapacityUnits=11)),
    ("max Core capacity cannot be higher than max capacity", managed(MaximumCoreCapacityUnits=11)),
    ("max Core capacity cannot be negative", managed(MaximumCoreCapacityUnits=-1)),
    ("ADVANCED and UtilizationPerformanceIndex", {**managed(), "ScalingStrategy": "ADVANCED"}),
    ("ADVANCED and UtilizationPerformanceIndex", {**managed(), "UtilizationPerformanceIndex": 50}),
    (
        "UtilizationPerformanceIndex must be one of 1, 25, 50, 75, 100",
        {**managed(), "ScalingStrategy": "ADVANCED", "UtilizationPerformanceIndex": 60},
    ),
]


@pytest.mark.parametrize(("rule", "policy"), MANAGED_REFUSED)
def test_a_managed_scaling_policy_that_breaks_a_rule_is_refused(
    region: Region, cluster: str, rule: str, policy: dict[str, Any]
) -> None:
    put = region.emr.put_managed_scaling_policy
    assert rule in refused(put, ClusterId=cluster, ManagedScalingPolicy=policy)
    assert "ManagedScalingPolicy" not in region.emr.get_managed_scaling_policy(ClusterId=cluster)


@pytest.mark.parametrize("release", ["emr-5.29.0", "emr-6.0.0"])
def test_managed_scaling_needs_its_release(region: Region, release: str) -> None:
    cluster = region.run(ReleaseLabel=release)
    message = refused(region.emr.put_managed_scaling_policy, ClusterId=cluster, ManagedScalingPolicy=managed())
    assert "from emr-5.30.0, except in emr-6.0.0" in message


# --- automatic scaling


def test_an_automatic_scaling_policy_is_put_told_and_removed(
    region: Region, cluster: str, groups: dict[str, str]
) -> None:
    asked = {"ClusterId": cluster, "InstanceGroupId": groups["TASK"]}
    answer = region.emr.put_auto_scaling_policy(AutoScalingPolicy=POLICY, **asked)
    assert {name: answer[name] for name in asked} == asked
    assert answer["ClusterArn"].endswith(cluster)
    assert answer["AutoScalingPolicy"]["Status"]["State"] == "PENDING"

    def is_attached() -> bool:
        told = policy_of(region, cluster, groups["TASK"])
        return told is not None and told["Status"]["State"] == "ATTACHED"

    wait_until(is_attached)
    told = policy_of(region, cluster, groups["TASK"])
    assert told is not None
    del told["Status"]
    assert told == POLICY
    region.emr.remove_auto_scaling_policy(**asked)
    wait_until(lambda: policy_of(region, cluster, groups["TASK"]) is None)


def test_a_new_group_may_bring_its_policy(region: Region, cluster: str) -> None:
    asked = [MASTER, {**CORE, "AutoScalingPolicy": POLICY}]
    made = region.run(instances={"InstanceGroups": asked}, AutoScalingRole="scaling")
    assert region.describe(made)["AutoScalingRole"] == "scaling"
    core = region.emr.list_instance_groups(ClusterId=made)["InstanceGroups"][1]
    assert core["AutoScalingPolicy"]["Constraints"] == POLICY["Constraints"]
    answer = region.emr.add_instance_groups(JobFlowId=cluster, InstanceGroups=[{**TASK, "AutoScalingPolicy": POLICY}])
    (added,) = answer["InstanceGroupIds"]
    assert policy_of(region, cluster, added) is not None
    region.emr.remove_auto_scaling_policy(ClusterId=cluster, InstanceGroupId=added)
    wait_until(lambda: policy_of(region, cluster, added) is None)


AUTO_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("MinCapacity must be between 0 and MaxCapacity", {**POLICY, "Constraints": {"MinCapacity": 3, "MaxCapacity": 2}}),
    ("at least one rule", {**POLICY, "Rules": []}),
    ("rule name out must be unique", {**POLICY, "Rules": [RULE, RULE]}),
    ("Market of rule out", rules(Market="SPOT")),
    ("Period of rule out must be 300", rules(Period=60)),
    ("EvaluationPeriods of rule out", rules(EvaluationPeriods=0)),
    ("CoolDown of rule out", rules(CoolDown=-1)),
    ("positive with EXACT_CAPACITY", rules(AdjustmentType="EXACT_CAPACITY", ScalingAdjustment=-1)),
]


@pytest.mark.parametrize(("rule", "policy"), AUTO_REFUSED)
def test_an_automatic_scaling_policy_that_breaks_a_rule_is_refused(
    region: Region, cluster: str, groups: dict[str, str], rule: str, policy: dict[str, Any]
) -> None:
    put = region.emr.put_auto_scaling_policy
    assert rule in refused(put, ClusterId=cluster, InstanceGroupId=groups["CORE"], AutoScalingPolicy=policy)
    new = [MASTER, {**CORE, "AutoScalingPolicy": policy}]
    with pytest.raises(ClientError, match="ValidationException"):
        region.run(instances={"InstanceGroups": new}, AutoScalingRole="scaling")
    assert policy_of(region, cluster, groups["CORE"]) is None


def test_automatic_scaling_is_for_groups_that_exist_and_may_scale(
    region: Region, cluster: str, groups: dict[str, str]
) -> None:
    put = region.emr.put_auto_scaling_policy
    asked = {"ClusterId": cluster, "AutoScalingPolicy": POLICY}
    assert "not for MASTER" in refused(put, InstanceGroupId=groups["MASTER"], **asked)
    assert "'ig-NOTTHERE' is not valid" in refused(put, InstanceGroupId="ig-NOTTHERE", **asked)
    without = region.run(instances={"InstanceGroups": [MASTER, CORE]})
    core = region.emr.list_instance_groups(ClusterId=without)["InstanceGroups"][1]["Id"]
    message = refused(put, ClusterId=without, InstanceGroupId=core, AutoScalingPolicy=POLICY)
    assert "AutoScalingRole" in message


def test_a_cluster_has_one_kind_of_policy(region: Region) -> None:
    asked = [MASTER, {**CORE, "AutoScalingPolicy": POLICY}]
    with pytest.raises(ClientError, match="either a managed scaling policy or automatic"):
        region.run(instances={"InstanceGroups": asked}, AutoScalingRole="scaling", ManagedScalingPolicy=managed())
    automatic = region.run(instances={"InstanceGroups": asked}, AutoScalingRole="scaling")
    put = region.emr.put_managed_scaling_policy
    assert "not both" in refused(put, ClusterId=automatic, ManagedScalingPolicy=managed())
    by_emr = region.run(
        instances={"InstanceGroups": [MASTER, CORE]}, AutoScalingRole="scaling", ManagedScalingPolicy=managed()
    )
    core = region.emr.list_instance_groups(ClusterId=by_emr)["InstanceGroups"][1]["Id"]
    message = refused(
        region.emr.put_auto_scaling_policy, ClusterId=by_emr, InstanceGroupId=core, AutoScalingPolicy=POLICY
    )
    assert "not both" in message
