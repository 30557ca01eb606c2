"""What a cluster costs per hour, from prices that are said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.run_report.prices import Between, InstancePrice, Prices, hourly_cost, instance_types_of
from airflow_emr_pipelines.specs.ec2.cluster import (
    EbsVolumes,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    RootVolume,
)
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, InstanceTypeConfig
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule

PRICES = Prices(
    {
        "m5.xlarge": InstancePrice(0.2, 0.05, spot=0.08),
        "r5.xlarge": InstancePrice(0.25, 0.06),
        "r5.2xlarge": InstancePrice(0.5, 0.12, spot=0.2),
    },
    ebs_gb_month=0.073,  # 0.0001 USD for a GiB and hour
)
RULES = [ScalingRule("out", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 2)]


def cluster(instances: InstanceGroups | InstanceFleets, **fields: Any) -> EmrCluster:
    return EmrCluster("a", "emr-7.10.0", instances, **fields)


def roles(cost: Any) -> dict[str, tuple[float, float]]:
    return {role: (round(each.least, 4), round(each.most, 4)) for role, each in cost.by_role.items()}


def test_groups_cost_their_instances_with_the_charge_of_emr() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.2xlarge", 3), [Group("m5.xlarge", 4, spot=True), Group("m5.xlarge")])
    cost = hourly_cost(cluster(groups), PRICES)
    assert roles(cost) == {"primary": (0.25, 0.25), "core": (1.86, 1.86), "task": (0.77, 0.77)}
    assert round(cost.total.least, 4) == round(cost.total.most, 4) == 2.88
    assert cost.unknown == ()
    assert str(cost) == "2.88 USD per hour (primary 0.25, core 1.86, task 0.77)"


def test_rules_of_scaling_bound_a_group() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.2xlarge", 3, auto_scaling=AutoScaling(2, 10, RULES)))
    cost = hourly_cost(cluster(groups, auto_scaling_role="Scaling"), PRICES)
    assert roles(cost)["core"] == (1.24, 6.2)
    assert str(cost).startswith("1.49–6.45 USD per hour")


def test_managed_scaling_bounds_core_and_task_together() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.2xlarge", 3), [Group("m5.xlarge", 2)])
    cost = hourly_cost(cluster(groups, managed_scaling=ManagedScaling(2, 10)), PRICES)
    assert roles(cost) == {"primary": (0.25, 0.25), "core and task": (0.5, 6.2)}
    assert cost.unknown == ()


def test_the_spot_market_is_no_matter_where_nothing_is_on_it() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.xlarge", 3))
    assert hourly_cost(cluster(groups, managed_scaling=ManagedScaling(2, 10)), PRICES).unknown == ()


def test_above_the_most_on_demand_managed_scaling_is_on_the_spot_market() -> None:
    groups = InstanceGroups("m5.xlarge", Group("m5.xlarge", 3))
    limits = ManagedScaling(4, 10, maximum_on_demand=2)
    assert roles(hourly_cost(cluster(groups, managed_scaling=limits), PRICES))["core and task"] == (
        round(2 * 0.25 + 2 * 0.13, 4),
        round(2 * 0.25 + 8 * 0.13, 4),
    )


def test_limits_in_virtual_cpus_are_told_and_not_counted() -> None:
    limits = ManagedScaling(4, 64, unit_type="VCPU")
    cost = hourly_cost(cluster(InstanceGroups("m5.xlarge", Group("m5.xlarge", 3)), managed_scaling=limits), PRICES)
    assert roles(cost)["core"] == (0.75, 0.75)
    assert cost.unknown == ("managed scaling is not counted: its limits are not instances, or not known yet",)


def test_a_fleet_costs_between_its_cheapest_and_its_dearest_way_to_its_target() -> None:
    types = [InstanceTypeConfig("m5.xlarge", 1), InstanceTypeConfig("r5.2xlarge", 2)]
    fleets = InstanceFleets("m5.xlarge", Fleet(types, on_demand=3, spot=4))
    assert roles(hourly_cost(cluster(fleets), PRICES))["core"] == (
        round(3 * 0.25 + 4 * 0.13, 4),  # seven of the small ones
        round(2 * 0.62 + 2 * 0.32, 4),  # two large ones each: one unit more than the target on demand
    )


def test_managed_scaling_of_fleets_counts_units() -> None:
    types = [InstanceTypeConfig("r5.2xlarge", 2)]
    fleets = InstanceFleets("m5.xlarge", Fleet(types, on_demand=4))
    cost = hourly_cost(cluster(fleets, managed_scaling=ManagedScaling(2, 20)), PRICES)
    assert roles(cost)["core and task"] == (0.62, 6.2)


def test_volumes_are_counted_by_the_month_and_those_of_the_system_too() -> None:
    groups = InstanceGroups("m5.xlarge", Group("m5.xlarge", 2, ebs=[EbsVolumes(200, per_instance=2)]))
    cost = hourly_cost(cluster(groups, root_volume=RootVolume(50)), PRICES)
    assert roles(cost) == {"primary": (0.255, 0.255), "core": (0.59, 0.59)}


def test_what_is_not_known_is_told_once_each() -> None:
    tasks = [
        Group("p3.2xlarge", 2),
        Group("p3.2xlarge", 2),
        Group("r5.xlarge", 2, spot=True),
        Group("m5.xlarge", "{{ x }}"),
    ]
    groups = InstanceGroups("m5.xlarge", Group("m5.xlarge", ebs=[EbsVolumes(10)]), tasks)
    cost = hourly_cost(cluster(groups), Prices(PRICES.instances))
    assert cost.unknown == (
        "there is no price of EBS",
        "there is no price of p3.2xlarge",
        "the spot price of r5.xlarge is not known: the on-demand price is taken",
        "how many instances the task group has is not known before the task runs",
    )
    assert roles(cost)["task"] == (0.62, 0.62)


def test_a_type_without_a_price_is_no_way_to_a_fleets_target() -> None:
    fleets = InstanceFleets("m5.xlarge", Fleet(["p3.2xlarge", "m5.xlarge"], on_demand=2))
    cost = hourly_cost(cluster(fleets), PRICES)
    assert roles(cost)["core"] == (0.5, 0.5)
    assert cost.unknown == ("there is no price of p3.2xlarge",)


def test_on_the_spot_market_managed_scaling_grows_by_what_is_there_on_it() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.2xlarge", 2), [Group("m5.xlarge", 1, spot=True)])
    limits = ManagedScaling(2, 10, maximum_on_demand=2)
    cost = hourly_cost(cluster(groups, managed_scaling=limits), PRICES)
    assert roles(cost)["core and task"] == (1.24, round(2 * 0.62 + 8 * 0.13, 4))


def test_templates_are_told() -> None:
    late: Any = "{{ params.late }}"
    cost = hourly_cost(cluster(late, managed_scaling=ManagedScaling(1, 2)), PRICES)
    assert (cost.by_role, cost.unknown) == ({}, ("the instances are not known before the task runs",))
    types = "the instance types of a fleet, or their weights, are not known before the task runs"
    for fleet in (
        Fleet(late, on_demand=2),
        Fleet([late], on_demand=2),
        Fleet([InstanceTypeConfig("m5.xlarge", late)], on_demand=2),
    ):
        fleets = InstanceFleets("m5.xlarge", fleet)
        assert hourly_cost(cluster(fleets), PRICES).unknown == (types,)
        assert hourly_cost(cluster(fleets, managed_scaling=ManagedScaling(1, 2)), PRICES).unknown == (types,)
    fleets = InstanceFleets("m5.xlarge", Fleet(["m5.xlarge"], on_demand=late))
    cost = hourly_cost(cluster(fleets, managed_scaling=ManagedScaling(1, late)), PRICES)
    assert cost.by_role["core"] == Between(0, 0)
    assert [told.partition(" ")[0] for told in cost.unknown] == ["how", "managed"]
    volumes = Group("m5.xlarge", ebs=late)
    assert hourly_cost(cluster(InstanceGroups("m5.xlarge", volumes)), PRICES).by_role["core"] == Between(0.25, 0.25)


def test_prices_come_from_json() -> None:
    said = '{"instances": {"m5.xlarge": {"on_demand": 0.2, "emr": "0.05", "spot": 0.08}}, "ebs_gb_month": 0.073}'
    prices = Prices({"m5.xlarge": PRICES.instances["m5.xlarge"]}, 0.073)
    assert Prices.from_plain(json.loads(said)) == prices
    one = cluster(InstanceGroups("m5.xlarge"))
    assert hourly_cost(one, json.loads(said)) == hourly_cost(one, prices)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "Prices = .*: it is a mapping, not a list"),
        ({}, "Prices = .*: it lacks instances; add instances"),
        ({"instance": {}}, r"Prices\.instance = .*: there is no such field; did you mean instances\?"),
        ({"instances": []}, r"Prices\.instances = .*: it is a mapping"),
        ({"instances": {"m5.xlarge": 0.2}}, r"Prices\.instances\['m5\.xlarge'\] = 0\.2: it is a mapping"),
        ({"instances": {"m5.xlarge": {"emr": 0.2}}}, "it lacks on_demand"),
        ({"instances": {"m5.xlarge": {"ondemand": 0.2}}}, "no such field; did you mean on_demand"),
        ({"instances": {"m5": {"on_demand": 0.2}}}, "it is no EC2 instance type"),
        ({"instances": {"m5.xlarge": {"on_demand": "cheap"}}}, r"InstancePrice\.on_demand = 'cheap': it is a number"),
        ({"instances": {"m5.xlarge": {"on_demand": -1}}}, "it must be at least 0"),
        ({"instances": {"m5.xlarge": {"on_demand": 1, "spot": float("nan")}}}, r"InstancePrice\.spot"),
        ({"instances": {}, "ebs_gb_month": True}, r"Prices\.ebs_gb_month = True: it is a number"),
    ],
)
def test_what_is_no_price_is_refused(value: Any, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        Prices.from_plain(value)


def test_prices_of_another_kind_are_refused_when_written_down() -> None:
    wrong: Any = {"m5.xlarge": 0.2}
    with pytest.raises(InvalidSpec, match="it is no InstancePrice"):
        Prices(wrong)


def test_the_instance_types_of_a_cluster_are_named_once_each() -> None:
    groups = InstanceGroups("m5.xlarge", Group("r5.xlarge"), [Group("m5.xlarge"), Group("{{ params.machine }}")])
    assert instance_types_of(cluster(groups)) == ["m5.xlarge", "r5.xlarge"]
    late: Any = "{{ params.instances }}"
    assert instance_types_of(cluster(late)) == []
