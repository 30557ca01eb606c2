"""What a cluster costs per hour, from prices that somebody says: the user, or AWS's price list."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, RootVolume
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, InstanceFleets, InstanceTypeConfig
from airflow_emr_pipelines.specs.ec2.instances import Group, InstanceGroups, instance_type
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_rendered

HOURS_A_MONTH = 730
"""As AWS's own calculators have it."""
WORKERS = "core and task"
"""The role of both where managed scaling sizes them together."""


@dataclass(frozen=True)
class InstancePrice:
    """USD per hour of an instance.

    :param on_demand: what EC2 asks
    :param emr: what EMR asks on top of it, on the spot market too
    :param spot: what EC2 asks on the spot market; None for not known
    """

    on_demand: float
    emr: float = 0.0
    spot: float | None = None

    def __post_init__(self) -> None:
        for name in ("on_demand", "emr"):
            _put(self, name, rules.number(f"InstancePrice.{name}", getattr(self, name), least=0))
        if self.spot is not None:
            _put(self, "spot", rules.number("InstancePrice.spot", self.spot, least=0))

    def per_hour(self, *, spot: bool = False) -> float:
        """EC2 and EMR together; a spot price that is not known is taken to be the on-demand one, which is the most."""
        return (self.spot if spot and self.spot is not None else self.on_demand) + self.emr


@dataclass(frozen=True)
class Prices:
    """What a region asks.

    :param instances: by instance type
    :param ebs_gb_month: USD for a GiB of EBS a month, the same for volumes of all types; None for not known
    """

    instances: Mapping[str, InstancePrice]
    ebs_gb_month: float | None = None

    def __post_init__(self) -> None:
        _put(self, "instances", rules.settings("Prices.instances", self.instances, name=instance_type, each=_price))
        if self.ebs_gb_month is not None:
            _put(self, "ebs_gb_month", rules.number("Prices.ebs_gb_month", self.ebs_gb_month, least=0))

    @classmethod
    def from_plain(cls, value: Any) -> Prices:
        """The prices that JSON says: ``{"instances": {"m5.xlarge": {"on_demand": 0.192, "emr": 0.048}}}``.

        :raises InvalidSpec: it is another thing, has a field that prices do not have, or a price that is none
        """
        given = _members(cls, "Prices", value)
        instances = given["instances"]
        if isinstance(instances, Mapping):
            given["instances"] = {
                name: InstancePrice(**_members(InstancePrice, f"Prices.instances[{name!r}]", price))
                for name, price in instances.items()
            }
        return cls(**given)


@dataclass(frozen=True)
class Between:
    """USD per hour, at the least and at the most.

    :param least: USD per hour
    :param most: USD per hour
    """

    least: float
    most: float

    def __add__(self, other: Between) -> Between:
        return Between(self.least + other.least, self.most + other.most)

    def __str__(self) -> str:
        least, most = f"{self.least:.2f}", f"{self.most:.2f}"
        return least if least == most else f"{least}–{most}"


@dataclass(frozen=True)
class HourlyCost:
    """What a running cluster costs per hour: EC2, EMR and the volumes that are asked for.

    The least and the most are what its scaling allows, and, with fleets, the instance types that EMR may choose.

    :param by_role: of primary, core and task; with managed scaling of ``core and task``
    :param unknown: what is not counted, or counted otherwise than it will be, in words
    """

    by_role: Mapping[str, Between]
    unknown: Sequence[str] = ()

    @property
    def total(self) -> Between:
        """All roles together."""
        return sum(self.by_role.values(), start=Between(0, 0))

    def __str__(self) -> str:
        roles = ", ".join(f"{role} {cost}" for role, cost in self.by_role.items())
        unknown = "".join(f"; {told}" for told in self.unknown)
        return f"{self.total} USD per hour ({roles}){unknown}"


def hourly_cost(cluster: EmrCluster, prices: Prices | Mapping[str, Any]) -> HourlyCost:
    """What a cluster costs per hour as long as it runs.

    EMR's volumes for instances of which nothing is said, and IOPS, throughput and traffic, are not counted.

    :param cluster: which cluster; what of it is a template is not counted, and named
    :param prices: what instances cost, or the same as a mapping, as ``Prices.from_plain`` takes it
    """
    rules.instance("hourly_cost.cluster", cluster, kind=EmrCluster)
    return _Reckoning(cluster, prices if isinstance(prices, Prices) else Prices.from_plain(prices)).cost()


def instance_types_of(cluster: EmrCluster) -> list[str]:
    """The instance types that a cluster may have, each once, as far as they are known.

    :param cluster: which cluster
    """
    instances = cluster.instances
    known_types = [one.instance_type for _, one in instances.each()] if is_rendered(instances) else []
    return sorted({name for name in known_types if is_rendered(name)})


@dataclass(frozen=True)
class _Units:
    """A way to get units of capacity: an instance type, how many units one instance is, and its price."""

    units: int
    price: float

    def cost_of(self, units: int) -> float:
        return math.ceil(units / self.units) * self.price


class _Reckoning:
    """The estimate of one cluster, with what was not known along the way."""

    def __init__(self, cluster: EmrCluster, prices: Prices) -> None:
        self.cluster, self.prices = cluster, prices
        self.unknown: dict[str, None] = {}  # in order, each once

    def cost(self) -> HourlyCost:
        instances = self.cluster.instances
        if isinstance(instances, InstanceGroups):
            by_role = self._groups(instances)
        elif isinstance(instances, InstanceFleets):
            by_role = self._fleets(instances)
        else:
            by_role = {}
            self._note("the instances are not known before the task runs")
        if by_role and isinstance(self.cluster.managed_scaling, ManagedScaling):
            workers = self._managed(self.cluster.managed_scaling, instances)
            if workers is not None:
                by_role = {**{role: cost for role, cost in by_role.items() if role == "primary"}, WORKERS: workers}
        return HourlyCost(by_role, tuple(self.unknown))

    def _groups(self, groups: InstanceGroups) -> dict[str, Between]:
        by_role: dict[str, Between] = {}
        for role, group in groups.each():
            by_role[role] = by_role.get(role, Between(0, 0)) + self._group(role, group)
        return by_role

    def _group(self, role: str, group: Group) -> Between:
        scaling, one = group.auto_scaling, self._one(group, spot=bool(group.spot))
        least, most = (scaling.minimum, scaling.maximum) if isinstance(scaling, AutoScaling) else (group.count,) * 2
        if not isinstance(least, int) or not isinstance(most, int):
            self._note(f"how many instances the {role} group has is not known before the task runs")
            return Between(0, 0)
        return Between(least * one, most * one)

    def _fleets(self, fleets: InstanceFleets) -> dict[str, Between]:
        found = (("primary", fleets.primary), ("core", fleets.core), ("task", fleets.task))
        return {role: self._fleet(role, fleet) for role, fleet in found if isinstance(fleet, Fleet)}

    def _fleet(self, role: str, fleet: Fleet) -> Between:
        cost = Between(0, 0)
        for target, spot in ((fleet.on_demand, False), (fleet.spot, True)):
            if not isinstance(target, int):
                self._note(f"how many units the {role} fleet has is not known before the task runs")
            elif target:
                cost += self._between(self._ways(fleet.instance_types, spot=spot), target, target)
        return cost

    def _managed(self, scaling: ManagedScaling, instances: Any) -> Between | None:
        """Core and task together, within the limits; None where those say nothing about instances."""
        limits = (scaling.minimum, scaling.maximum, scaling.maximum_on_demand or 0)
        if scaling.unit_type == "VCPU" or not all(isinstance(limit, int) for limit in limits):
            self._note("managed scaling is not counted: its limits are not instances, or not known yet")
            return None
        least, most = int(scaling.minimum), int(scaling.maximum)
        on_demand = most if scaling.maximum_on_demand is None else int(scaling.maximum_on_demand)
        cost = Between(0, 0)
        for spot, fewest, many in (
            (False, min(least, on_demand), min(most, on_demand)),
            (True, max(least - on_demand, 0), max(most - on_demand, 0)),
        ):
            if many:
                cost += self._between(self._ways(_workers(instances, spot=spot), spot=spot), fewest, many)
        return cost

    def _ways(self, configs: Any, *, spot: bool) -> list[_Units]:
        """Each way that has a price."""
        ways = []
        found: Sequence[Any] = configs if isinstance(configs, (tuple, list)) else (None,)
        for config in found:
            units = _weight(config)
            if not units:
                self._note("the instance types of a fleet, or their weights, are not known before the task runs")
                continue
            way = _Units(units, self._one(config, spot=spot))
            if config.instance_type in self.prices.instances:
                ways.append(way)
        return ways

    def _between(self, ways: Sequence[_Units], least: int, most: int) -> Between:
        """So many units, all of them got one way."""
        return Between(
            min((way.cost_of(least) for way in ways), default=0), max((way.cost_of(most) for way in ways), default=0)
        )

    def _one(self, owner: Group | InstanceTypeConfig, *, spot: bool) -> float:
        """An instance with its volumes."""
        price = self.prices.instances.get(owner.instance_type)
        if price is None:
            self._note(f"there is no price of {owner.instance_type}")
        elif spot and price.spot is None:
            self._note(f"the spot price of {owner.instance_type} is not known: the on-demand price is taken")
        return (price.per_hour(spot=spot) if price else 0.0) + self._volumes(owner)

    def _volumes(self, owner: Group | InstanceTypeConfig) -> float:
        gib = sum(_gib(self.cluster.root_volume, owner.ebs))
        if gib and self.prices.ebs_gb_month is None:
            self._note("there is no price of EBS")
        return gib * (self.prices.ebs_gb_month or 0.0) / HOURS_A_MONTH

    def _note(self, told: str) -> None:
        self.unknown[told] = None


def _workers(instances: InstanceGroups | InstanceFleets, *, spot: bool) -> list[Any]:
    """The core and task instances of a market; those of both where there are none of it yet."""
    if isinstance(instances, InstanceGroups):
        workers = [group for role, group in instances.each() if role != "primary"]
        return [group for group in workers if bool(group.spot) is spot] or workers
    fleets = [fleet for fleet in (instances.core, instances.task) if isinstance(fleet, Fleet)]
    fleets = [fleet for fleet in fleets if (fleet.spot if spot else fleet.on_demand)] or fleets
    types = [fleet.instance_types if isinstance(fleet.instance_types, tuple) else (None,) for fleet in fleets]
    return list(itertools.chain.from_iterable(types))


def _gib(root: RootVolume | None, volumes: Any) -> Iterator[int]:
    if isinstance(root, RootVolume) and isinstance(root.size_gb, int):
        yield root.size_gb
    for each in volumes if isinstance(volumes, tuple) else ():
        if isinstance(each.size_gb, int) and isinstance(each.per_instance, int):
            yield each.size_gb * each.per_instance


def _weight(config: Any) -> int:
    """The units that an instance is; 0 for not known."""
    weight = 1 if isinstance(config, Group) else getattr(config, "weighted_capacity", 0)
    return weight if isinstance(weight, int) else 0


def _put(frozen: object, name: str, value: object) -> None:
    object.__setattr__(frozen, name, value)


def _price(field: str, value: Any) -> Any:
    return rules.instance(field, value, kind=InstancePrice)


def _members(kind: type[Any], field: str, value: Any) -> dict[str, Any]:
    """The fields that a mapping gives a value of that kind."""
    if not isinstance(value, Mapping):
        raise InvalidSpec(field, value, f"it is a mapping, not {rules.article(value)}", 'write {"name": …}')
    names = [each.name for each in fields(kind)]
    for name in value:
        if name not in names:
            raise InvalidSpec(f"{field}.{name}", value[name], "there is no such field", rules.nearest(name, names))
    if names[0] not in value:
        raise InvalidSpec(field, sorted(value), f"it lacks {names[0]}", f"add {names[0]}")
    return dict(value)
