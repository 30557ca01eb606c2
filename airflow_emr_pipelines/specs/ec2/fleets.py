"""The instances of a cluster, as fleets: several instance types for each role, chosen by EMR."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.configurations import Configuration, configuration
from airflow_emr_pipelines.specs.ec2.instances import (
    EbsVolumes,
    ami,
    check_core_volumes,
    check_volumes,
    instance_type,
    price,
    volumes,
)
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

SpotStrategy = Literal[
    "capacity-optimized",
    "price-capacity-optimized",
    "lowest-price",
    "diversified",
    "capacity-optimized-prioritized",
]
OnDemandStrategy = Literal["lowest-price", "prioritized"]
TimeoutAction = Literal["SWITCH_TO_ON_DEMAND", "TERMINATE_CLUSTER"]
Preference = Literal["open", "none"]
UsageStrategy = Literal["use-capacity-reservations-first"]
SPOT_STRATEGIES = get_args(SpotStrategy)
ON_DEMAND_STRATEGIES = get_args(OnDemandStrategy)
MOST_TYPES = 5
MOST_TYPES_BY_STRATEGY = 30


@dataclass(frozen=True)
class InstanceTypeConfig(Spec):
    """An instance type that a fleet may take.

    :param instance_type: the EC2 type, such as m5.xlarge
    :param weighted_capacity: units of the fleet's target that one instance makes up
    :param bid_price: USD an hour, as a text
    :param bid_price_percentage: of the on-demand price; 100 where neither is given
    :param priority: for the prioritized strategies: 0 is taken first
    :param ebs: the volumes that each instance gets; EMR's own where none are named
    :param ebs_optimized: instances optimized for EBS; None for what the type does by itself
    :param configurations: settings of applications on these instances, over the cluster's
    :param custom_ami_id: the image of these instances, in place of the cluster's
    """

    kind = "instance_type_config"

    instance_type: str
    weighted_capacity: int | str = 1
    _: KW_ONLY
    bid_price: str | None = None
    bid_price_percentage: float | int | str | None = None
    priority: float | int | str | None = None
    ebs: Sequence[EbsVolumes] = ()
    ebs_optimized: bool | str | None = None
    configurations: Sequence[Configuration] = ()
    custom_ami_id: str | None = None

    def __post_init__(self) -> None:
        self.check(instance_type, "instance_type")
        self.check(rules.whole, "weighted_capacity", least=1)
        self.check(price, "bid_price")
        self.check(rules.number, "bid_price_percentage", "priority", least=0)
        self.check(rules.words, "ebs", each=volumes)
        self.check(rules.truth, "ebs_optimized")
        self.check(rules.words, "configurations", each=configuration)
        self.check(ami, "custom_ami_id")
        check_volumes(self)
        if self.bid_price is not None and self.bid_price_percentage is not None:
            self.refuse("bid_price", "a bid is a price or a percentage", "leave one of them out")


@dataclass(frozen=True)
class SpotProvisioning(Spec):
    """How spot instances are sought when the cluster starts.

    :param timeout_minutes: how long, 5 to 1,440
    :param timeout_action: then go on with on-demand instances, or end the cluster
    :param allocation_strategy: how EMR chooses among the types: capacity-optimized, price-capacity-optimized,
        capacity-optimized-prioritized, lowest-price or diversified; None for EMR's choice
    """

    kind = "spot_provisioning"

    timeout_minutes: int | str
    timeout_action: TimeoutAction | str = "SWITCH_TO_ON_DEMAND"
    _: KW_ONLY
    allocation_strategy: SpotStrategy | str | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "timeout_minutes", least=5, most=1440)
        self.check(rules.choice, "timeout_action", choices=get_args(TimeoutAction))
        self.check(rules.choice, "allocation_strategy", choices=SPOT_STRATEGIES)


@dataclass(frozen=True)
class CapacityReservation(Spec):
    """Capacity that is reserved in EC2.

    :param preference: open (any that fits) or none
    :param resource_group_arn: the group of reservations to use
    :param usage_strategy: reservations are used before other on-demand capacity; None leaves it to the preference
    """

    kind = "capacity_reservation"

    preference: Preference | str | None = None
    resource_group_arn: str | None = None
    usage_strategy: UsageStrategy | str | None = "use-capacity-reservations-first"

    def __post_init__(self) -> None:
        self.check(rules.choice, "preference", choices=get_args(Preference))
        self.check(rules.text, "resource_group_arn", limit=rules.NAME_LIMIT)
        if self.usage_strategy is not None:
            self.check(rules.choice, "usage_strategy", choices=get_args(UsageStrategy))


@dataclass(frozen=True)
class OnDemandProvisioning(Spec):
    """How on-demand instances are chosen when the cluster starts.

    :param allocation_strategy: how EMR chooses among the types: lowest-price, or prioritized by their ``priority``
    :param capacity_reservation: capacity reserved in EC2 that is to be used
    """

    kind = "on_demand_provisioning"

    allocation_strategy: OnDemandStrategy | str = "lowest-price"
    _: KW_ONLY
    capacity_reservation: CapacityReservation | None = None

    def __post_init__(self) -> None:
        self.check(rules.choice, "allocation_strategy", choices=ON_DEMAND_STRATEGIES)
        self.check(rules.instance, "capacity_reservation", kind=CapacityReservation)


@dataclass(frozen=True)
class SpotResizing(Spec):
    """How spot instances are sought when the fleet grows later.

    :param timeout_minutes: how long, 5 to 10,080; then the fleet stays as it is
    :param allocation_strategy: how EMR chooses among the types: capacity-optimized, price-capacity-optimized,
        capacity-optimized-prioritized, lowest-price or diversified; None for EMR's choice
    """

    kind = "spot_resizing"

    timeout_minutes: int | str | None = None
    _: KW_ONLY
    allocation_strategy: SpotStrategy | str | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "timeout_minutes", least=5, most=10_080)
        self.check(rules.choice, "allocation_strategy", choices=SPOT_STRATEGIES)


@dataclass(frozen=True)
class OnDemandResizing(Spec):
    """How on-demand instances are sought when the fleet grows later.

    :param timeout_minutes: how long, 5 to 10,080; then the fleet stays as it is
    :param allocation_strategy: how EMR chooses among the types: lowest-price, or prioritized by their ``priority``;
        None for EMR's choice
    :param capacity_reservation: capacity reserved in EC2 that is to be used
    """

    kind = "on_demand_resizing"

    timeout_minutes: int | str | None = None
    _: KW_ONLY
    allocation_strategy: OnDemandStrategy | str | None = None
    capacity_reservation: CapacityReservation | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "timeout_minutes", least=5, most=10_080)
        self.check(rules.choice, "allocation_strategy", choices=ON_DEMAND_STRATEGIES)
        self.check(rules.instance, "capacity_reservation", kind=CapacityReservation)


@dataclass(frozen=True)
class Fleet(Spec):
    """Instances of several types, until their weights make up the targets; the last one may overshoot.

    :param instance_types: at most 5, or 30 with an allocation strategy; a text means that type with weight 1
    :param on_demand: target of on-demand units
    :param spot: target of spot units
    :param name: what EMR's console shows of the fleet
    :param spot_provisioning: how spot instances are sought when the cluster starts
    :param on_demand_provisioning: how on-demand instances are chosen when the cluster starts
    :param spot_resizing: how spot instances are sought when it grows later
    :param on_demand_resizing: how on-demand instances are sought when it grows later
    :param context: reserved for EMR
    """

    kind = "fleet"

    instance_types: Sequence[InstanceTypeConfig | str]
    _: KW_ONLY
    on_demand: int | str = 0
    spot: int | str = 0
    name: str | None = None
    spot_provisioning: SpotProvisioning | None = None
    on_demand_provisioning: OnDemandProvisioning | None = None
    spot_resizing: SpotResizing | None = None
    on_demand_resizing: OnDemandResizing | None = None
    context: str | None = None

    def __post_init__(self) -> None:
        self.check(rules.words, "instance_types", each=fleet_type)
        self.check(rules.whole, "on_demand", "spot", least=0)
        self.check(rules.text, "name", "context", limit=rules.NAME_LIMIT)
        for name, kind in (
            ("spot_provisioning", SpotProvisioning),
            ("on_demand_provisioning", OnDemandProvisioning),
            ("spot_resizing", SpotResizing),
            ("on_demand_resizing", OnDemandResizing),
        ):
            self.check(rules.instance, name, kind=kind)
        if isinstance(self.instance_types, tuple):
            self._check_types(self.instance_types)

    @property
    def by_strategy(self) -> bool:
        """Whether it has an allocation strategy."""
        launch = (self.spot_provisioning, self.on_demand_provisioning)
        parts = [part for part in launch if isinstance(part, (SpotProvisioning, OnDemandProvisioning))]
        return any(part.allocation_strategy for part in parts)

    def _check_types(self, types: tuple[Any, ...]) -> None:
        if not types:
            self.refuse("instance_types", "a fleet has at least one instance type", "name one", value="none")
        most = MOST_TYPES_BY_STRATEGY if self.by_strategy else MOST_TYPES
        if len(types) > most:
            self.refuse(
                "instance_types",
                f"a fleet has at most {MOST_TYPES} types, or {MOST_TYPES_BY_STRATEGY} with an allocation strategy",
                "name fewer, or add on_demand_provisioning=OnDemandProvisioning()",
                value=len(types),
            )
        names = [
            kind.instance_type
            for kind in types
            if isinstance(kind, InstanceTypeConfig) and is_rendered(kind.instance_type)
        ]
        if len(set(names)) < len(names):
            self.refuse("instance_types", "an instance type is named twice", "name each once", value=names)


@dataclass(frozen=True)
class InstanceFleets(Spec):
    """A fleet for each role. A text is a primary fleet of one on-demand instance.

    :param primary: one instance, on demand or on the spot market
    :param core: instances that hold HDFS and work
    :param task: instances that only work; it needs a core fleet
    """

    kind = "instance_fleets"

    primary: Fleet | str
    core: Fleet | None = None
    task: Fleet | None = None

    def __post_init__(self) -> None:
        if is_text(self.primary):
            object.__setattr__(self, "primary", Fleet([self.primary], on_demand=1))
        self.check(rules.instance, "primary", "core", "task", kind=Fleet)
        if isinstance(self.primary, Fleet):
            self._check_primary(self.primary)
        if self.task is not None and self.core is None:
            self.refuse(
                "task", "a task fleet needs a core fleet, which holds HDFS", "give core as well", value="a fleet"
            )
        for role in ("core", "task"):
            fleet = getattr(self, role)
            if isinstance(fleet, Fleet) and (fleet.on_demand, fleet.spot) == (0, 0):
                self.refuse(role, "its targets are both 0", "say on_demand= or spot=", value="no capacity")
        check_core_volumes(self)

    def _check_primary(self, fleet: Fleet) -> None:
        if isinstance(fleet.on_demand, int) and isinstance(fleet.spot, int) and {fleet.on_demand, fleet.spot} != {0, 1}:
            self.refuse(
                "primary",
                "a primary fleet has a target of exactly 1, on demand or spot",
                "write on_demand=1 or spot=1",
                value=f"on_demand={fleet.on_demand}, spot={fleet.spot}",
            )
        for config in fleet.instance_types if isinstance(fleet.instance_types, tuple) else ():
            if (
                isinstance(config, InstanceTypeConfig)
                and is_rendered(config.weighted_capacity)
                and config.weighted_capacity != 1
            ):
                self.refuse("primary", "types of a primary fleet have weight 1", "leave the weight out", value=config)

    @property
    def primaries(self) -> int:
        """How many primary instances there are."""
        return 1

    def each(self) -> Iterator[tuple[str, InstanceTypeConfig]]:
        """Every instance type that is known, with its role."""
        for role in ("primary", "core", "task"):
            fleet = getattr(self, role)
            if isinstance(fleet, Fleet) and isinstance(fleet.instance_types, tuple):
                yield from ((role, config) for config in fleet.instance_types if isinstance(config, InstanceTypeConfig))

    @property
    def by_strategy(self) -> bool:
        """Whether a fleet has an allocation strategy."""
        fleets = [fleet for fleet in (self.primary, self.core, self.task) if isinstance(fleet, Fleet)]
        return any(fleet.by_strategy for fleet in fleets)


def fleet_type(field: str, value: Any) -> Any:
    """An element of a list of a fleet's instance types."""
    if is_text(value):
        return InstanceTypeConfig(value)
    if isinstance(value, InstanceTypeConfig) or not is_rendered(value):
        return value
    raise InvalidSpec(
        field, value, "it is an InstanceTypeConfig or an instance type", 'write InstanceTypeConfig("m5.xlarge", 4)'
    )
