"""Instance fleets: of a new cluster, added to one, changed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused, not_emulated
from airflow_emr_pipelines.emulator.ec2.rules.groups import bid_price, instance_type
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from
from airflow_emr_pipelines.emulator.ec2.rules.volumes import volumes

ON_DEMAND, SPOT = "OnDemandSpecification", "SpotSpecification"
MOST_TYPES, MOST_TYPES_WITH_STRATEGY = 5, 30
SPOT_BLOCKS = (60, 120, 180, 240, 300, 360)
LAUNCH_MINUTES, RESIZE_MINUTES = (5, 1440), (5, 10_080)
MOST_INSTANCES = 4000
"""More are not made here for one fleet. Of groups EMR itself has a limit."""


def instance_fleets(fleets: Sequence[Request], release: Release) -> None:
    """Refuse the fleets of a new cluster that EMR would refuse."""
    supports_fleets(release)
    roles = [fleet["InstanceFleetType"] for fleet in fleets]
    if "MASTER" not in roles:
        raise Refused("A cluster has exactly one MASTER instance fleet.")
    for role in roles:
        if roles.count(role) > 1:
            raise Refused(f"A cluster has at most one {role} instance fleet.")
    if "TASK" in roles and "CORE" not in roles:
        raise Refused("A cluster with a TASK instance fleet needs a CORE instance fleet.")
    for fleet in fleets:
        instance_fleet(fleet, release)


def supports_fleets(release: Release) -> None:
    supported_from("The instance fleet configuration", (4, 8, 0), release)
    if (5, 0, 0) <= release < (5, 1, 0):
        raise Refused("The instance fleet configuration is not supported in emr-5.0.x.")


def instance_fleet(fleet: Request, release: Release) -> None:
    """Refuse a fleet that EMR would refuse, whichever others there are."""
    role = fleet["InstanceFleetType"]
    on_demand, spot = fleet.get("TargetOnDemandCapacity", 0), fleet.get("TargetSpotCapacity", 0)
    if role == "MASTER" and sorted((on_demand, spot)) != [0, 1]:
        raise Refused(
            "The MASTER instance fleet has a target capacity of exactly 1, either TargetOnDemandCapacity or "
            "TargetSpotCapacity."
        )
    if not on_demand and not spot:
        raise Refused("At least one of TargetOnDemandCapacity and TargetSpotCapacity must be greater than 0.")
    launch = fleet.get("LaunchSpecifications", {})
    _launch(launch, release)
    _resize(fleet.get("ResizeSpecifications", {}))
    strategies = [launch.get(name, {}).get("AllocationStrategy") for name in (ON_DEMAND, SPOT)]
    type_configs(fleet.get("InstanceTypeConfigs", ()), role, with_strategy=any(strategies))
    _capacity((on_demand, spot), fleet["InstanceTypeConfigs"])


def types_of(fleet: Request) -> list[str]:
    """The instance types that a fleet, or a change of one, names."""
    return [config["InstanceType"] for config in fleet.get("InstanceTypeConfigs", ())]


def type_configs(configs: Sequence[Request], role: str, *, with_strategy: bool) -> None:
    """Refuse instance types of a fleet that EMR would refuse."""
    if not configs:
        raise Refused("An instance fleet needs at least one of InstanceTypeConfigs.")
    if not with_strategy and len(configs) > MOST_TYPES:
        raise Refused(f"An instance fleet without an allocation strategy has at most {MOST_TYPES} instance types.")
    if len(configs) > MOST_TYPES_WITH_STRATEGY:
        raise Refused(f"An instance fleet has at most {MOST_TYPES_WITH_STRATEGY} instance types.")
    names = [config["InstanceType"] for config in configs]
    for config in configs:
        instance_type(config["InstanceType"])
        if names.count(config["InstanceType"]) > 1:
            raise Refused(f"The instance type {config['InstanceType']} can be specified only once in a fleet.")
        weight = config.get("WeightedCapacity", 1)
        if role == "MASTER" and weight != 1:
            raise Refused("The WeightedCapacity in a MASTER instance fleet is 1.")
        if weight < 1:
            raise Refused("WeightedCapacity must be 1 or greater.")
        if "BidPrice" in config:
            if "BidPriceAsPercentageOfOnDemandPrice" in config:
                raise Refused("BidPrice and BidPriceAsPercentageOfOnDemandPrice cannot be specified together.")
            bid_price(config["BidPrice"])
        volumes(config.get("EbsConfiguration", {}), role)


def _capacity(targets: Sequence[int], configs: Sequence[Request]) -> None:
    if sum(targets) > MOST_INSTANCES * min(config.get("WeightedCapacity", 1) for config in configs):
        raise not_emulated(f"an instance fleet that may need more than {MOST_INSTANCES:,} instances")


def _launch(launch: Request, release: Release) -> None:
    for name in (ON_DEMAND, SPOT):
        if launch.get(name, {}).get("AllocationStrategy"):
            supported_from("An allocation strategy", (5, 12, 1), release)
    spot = launch.get(SPOT)
    if spot is None:
        return
    _minutes(SPOT, spot["TimeoutDurationMinutes"], LAUNCH_MINUTES)
    if spot.get("BlockDurationMinutes", SPOT_BLOCKS[0]) not in SPOT_BLOCKS:
        raise Refused(f"BlockDurationMinutes must be one of {', '.join(map(str, SPOT_BLOCKS))}.")


def _resize(resize: Request) -> None:
    for name in ("SpotResizeSpecification", "OnDemandResizeSpecification"):
        if "TimeoutDurationMinutes" in resize.get(name, {}):
            _minutes(name, resize[name]["TimeoutDurationMinutes"], RESIZE_MINUTES)


def _minutes(name: str, minutes: int, bounds: tuple[int, int]) -> None:
    least, most = bounds
    if not least <= minutes <= most:
        raise Refused(f"The TimeoutDurationMinutes of a {name} must be between {least} and {most}.")


def added_fleet(fleet: Request, present_roles: Sequence[str], release: Release) -> None:
    """Refuse an AddInstanceFleet that EMR would refuse."""
    role = fleet["InstanceFleetType"]
    if role in present_roles:
        raise Refused(f"A cluster has at most one {role} instance fleet.")
    if role == "TASK" and "CORE" not in present_roles:
        raise Refused("A cluster with a TASK instance fleet needs a CORE instance fleet.")
    instance_fleet(fleet, release)


def modified_fleet(
    change: Request, role: str, targets: Sequence[int], configs: Sequence[Request], *, with_strategy: bool
) -> None:
    """Refuse a ModifyInstanceFleet that EMR would refuse; `targets` and `configs` are what the fleet would have."""
    resized = "TargetOnDemandCapacity" in change or "TargetSpotCapacity" in change
    if role == "MASTER" and resized:
        raise Refused("The MASTER instance fleet cannot be resized.")
    if not resized and not change.get("InstanceTypeConfigs") and "ResizeSpecifications" not in change:
        raise Refused("A new target capacity, InstanceTypeConfigs or ResizeSpecifications must be specified.")
    _resize(change.get("ResizeSpecifications", {}))
    if "InstanceTypeConfigs" in change:
        type_configs(change["InstanceTypeConfigs"], role, with_strategy=with_strategy)
    _capacity(targets, configs)
