from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2 import aws_lists
from airflow_emr_pipelines.specs.ec2.cluster import EbsVolumes, InstanceFleets
from airflow_emr_pipelines.specs.ec2.fleets import (
    CapacityReservation,
    Fleet,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)

MANY = [name for name in aws_lists.types() if name.endswith(".2xlarge")]
SIX = MANY[:6]


def fleet(**fields: Any) -> Fleet:
    return Fleet(**{"instance_types": ["m5.xlarge"], "on_demand": 2, **fields})


def test_a_text_is_an_instance_type_of_weight_one() -> None:
    assert fleet() == Fleet([InstanceTypeConfig("m5.xlarge", 1)], on_demand=2)
    assert InstanceFleets("m5.xlarge").primary == Fleet(["m5.xlarge"], on_demand=1)


def test_an_allocation_strategy_allows_thirty_types() -> None:
    thirty = MANY[:30]
    for strategy in (
        {"on_demand_provisioning": OnDemandProvisioning()},
        {"spot_provisioning": SpotProvisioning(30, allocation_strategy="capacity-optimized")},
    ):
        assert len(fleet(instance_types=thirty, **strategy).instance_types) == 30


def test_targets_from_templates_wait() -> None:
    late = fleet(on_demand="{{ params.n }}", spot="{{ params.m }}")
    primary = fleet(on_demand="{{ params.n }}")
    fleets = InstanceFleets(primary, late)
    assert (fleets.primary, fleets.core) == (primary, late)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(
            lambda: InstanceFleets(fleet(on_demand=2)),
            r"primary = 'on_demand=2, spot=0': .*target of exactly 1",
            id="a primary fleet has a target of exactly 1",
        ),
        pytest.param(
            lambda: InstanceFleets(fleet(on_demand=1, spot=1)),
            "target of exactly 1, on demand or spot",
            id="a primary fleet is on demand or spot, not both",
        ),
        pytest.param(
            lambda: InstanceFleets(fleet(on_demand=0)),
            "target of exactly 1",
            id="a primary fleet has an instance",
        ),
        pytest.param(
            lambda: InstanceFleets(fleet(instance_types=[InstanceTypeConfig("m5.xlarge", 2)], on_demand=1)),
            "weight 1",
            id="types of a primary fleet weigh 1",
        ),
        pytest.param(
            lambda: InstanceFleets("m5.xlarge", fleet(on_demand=0)),
            r"InstanceFleets\.core = .*both 0",
            id="a core fleet has a target",
        ),
        pytest.param(
            lambda: InstanceFleets("m5.xlarge", fleet(), fleet(on_demand=0)),
            r"InstanceFleets\.task = .*both 0",
            id="a task fleet has a target",
        ),
        pytest.param(
            lambda: InstanceFleets("m5.xlarge", task=fleet()),
            "needs a core fleet",
            id="a task fleet needs a core fleet",
        ),
        pytest.param(
            lambda: InstanceFleets("m5.xlarge", [fleet()]),  # type: ignore[arg-type]
            r"InstanceFleets\.core = .*it is no Fleet",
            id="there is one fleet for each role",
        ),
        pytest.param(
            lambda: InstanceFleets(
                "m5.xlarge", fleet(instance_types=[InstanceTypeConfig("m5.xlarge", ebs=[EbsVolumes(4)])])
            ),
            r"InstanceFleets\.core = '4 GiB': .*at least 5 GiB",
            id="volumes of core instances have 5 GiB",
        ),
        pytest.param(
            lambda: InstanceTypeConfig("m5.xlarge", ebs=[EbsVolumes(9)], ebs_optimized=True),
            r"'9 GiB': .*at least 10 GiB",
            id="volumes of EBS-optimized instances have 10 GiB",
        ),
        pytest.param(
            lambda: fleet(instance_types=SIX),
            "at most 5 types, or 30 with an allocation strategy",
            id="a fleet has at most 5 types without an allocation strategy",
        ),
        pytest.param(
            lambda: fleet(instance_types=SIX, spot_provisioning=SpotProvisioning(30)),
            "at most 5 types",
            id="a timeout is no allocation strategy",
        ),
        pytest.param(
            lambda: fleet(
                instance_types=MANY[:31],
                on_demand_provisioning=OnDemandProvisioning(),
            ),
            "= 31: a fleet has at most 5 types, or 30",
            id="a fleet has at most 30 types with an allocation strategy",
        ),
        pytest.param(lambda: fleet(instance_types=[]), "at least one instance type", id="a fleet has a type"),
        pytest.param(lambda: fleet(instance_types="m5.xlarge"), "it is a list", id="the types are a list"),
        pytest.param(
            lambda: fleet(instance_types=["m5.xlarge", "m5.xlarge"]), "named twice", id="a type is named once"
        ),
        pytest.param(lambda: fleet(spot=-1), "of at least 0", id="targets are not negative"),
        pytest.param(
            lambda: InstanceTypeConfig("m5.xlarge", 0),
            "weighted_capacity = 0: .*at least 1",
            id="weights are at least 1",
        ),
        pytest.param(
            lambda: InstanceTypeConfig("m5.xlarge", bid_price="0.1", bid_price_percentage=50),
            "a price or a percentage",
            id="a bid is a price or a percentage",
        ),
        pytest.param(
            lambda: InstanceTypeConfig("m5.xlarge", bid_price="cheap"), "USD an hour", id="a bid is in USD an hour"
        ),
        pytest.param(lambda: InstanceTypeConfig("m5.xlarge", priority=-1), "at least 0", id="priorities start at 0"),
        pytest.param(lambda: SpotProvisioning(4), "from 5 to 1,440", id="a spot timeout has at least 5 minutes"),
        pytest.param(lambda: SpotProvisioning(1441), "from 5 to 1,440", id="a spot timeout has at most 1440 minutes"),
        pytest.param(
            lambda: SpotProvisioning(30, "WAIT"),
            "none of SWITCH_TO_ON_DEMAND, TERMINATE_CLUSTER",
            id="a spot timeout switches to on demand or terminates the cluster",
        ),
        pytest.param(
            lambda: SpotProvisioning(30, allocation_strategy="cheapest"),
            "none of capacity-optimized, price-capacity-optimized, lowest-price, diversified",
            id="there are five allocation strategies for spot",
        ),
        pytest.param(
            lambda: OnDemandProvisioning("diversified"),
            "none of lowest-price, prioritized",
            id="there are two allocation strategies for on demand",
        ),
        pytest.param(lambda: SpotResizing(4), "from 5 to 10,080", id="a spot resize timeout has at least 5 minutes"),
        pytest.param(
            lambda: OnDemandResizing(10_081),
            "from 5 to 10,080",
            id="an on-demand resize timeout has at most 10080 minutes",
        ),
        pytest.param(
            lambda: OnDemandResizing(allocation_strategy="diversified"),
            "none of lowest-price, prioritized",
            id="an on-demand resize has an on-demand strategy",
        ),
        pytest.param(
            lambda: CapacityReservation("targeted"),
            "none of open, none",
            id="a capacity reservation is open or none",
        ),
        pytest.param(
            lambda: CapacityReservation(usage_strategy="last"),
            "none of use-capacity-reservations-first",
            id="capacity reservations are used first",
        ),
    ],
)
def test_a_fleet_that_emr_would_refuse(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        make()
