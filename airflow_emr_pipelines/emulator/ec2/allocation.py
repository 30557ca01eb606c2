"""Which instance types a fleet takes. There is no market here, so the same fleet always gets the same instances.

A fleet takes the first type of its order until its target is met, which it passes by less than that type's weight.
`diversified` takes all types in turns. The order is by Priority for the strategies that heed one, by price for those
that look for the lowest, where a type's size stands for its price, and else as the types are listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from math import inf
from typing import Any

from airflow_emr_pipelines.emulator.ec2.normalized_units import normalized_size

TypeConfig = Mapping[str, Any]

BY_PRIORITY = frozenset({"prioritized", "capacity-optimized-prioritized"})
BY_PRICE = frozenset({"lowest-price", "price-capacity-optimized"})


def weight_of(config: TypeConfig) -> int:
    return int(config.get("WeightedCapacity", 1))


def in_order(configs: Sequence[TypeConfig], strategy: str | None) -> list[TypeConfig]:
    """The instance types, the one to take first at first."""
    if strategy in BY_PRIORITY:
        return sorted(configs, key=lambda config: config.get("Priority", inf))
    if strategy in BY_PRICE:
        return sorted(configs, key=lambda config: normalized_size(config["InstanceType"]) / weight_of(config))
    return list(configs)


def allocate(configs: Sequence[TypeConfig], strategy: str | None, units: int) -> list[TypeConfig]:
    """The instance type of each instance that so many units need."""
    ordered = in_order(configs, strategy)
    chosen: list[TypeConfig] = []
    for config in cycle(ordered if strategy == "diversified" else ordered[:1]):
        if units <= 0:
            break
        chosen.append(config)
        units -= weight_of(config)
    return chosen
