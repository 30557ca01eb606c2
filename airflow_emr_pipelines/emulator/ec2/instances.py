"""Instances, and the groups and fleets that they belong to, as state machines. The clock is an argument.

EMR has three more states of a group, ARRESTED, SHUTTING_DOWN and ENDED; nothing that happens here leads to them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from string import ascii_lowercase
from typing import Any, ClassVar

from airflow_emr_pipelines.emulator.aws.transitions import transition
from airflow_emr_pipelines.emulator.ec2.allocation import allocate, weight_of
from airflow_emr_pipelines.emulator.ec2.auto_scaling import AutoScaling
from airflow_emr_pipelines.emulator.ec2.ids import HEX, new_id
from airflow_emr_pipelines.specs.ec2.states import InstanceState

Configurations = Sequence[Mapping[str, Any]]

ON_DEMAND, SPOT = "ON_DEMAND", "SPOT"
RESIZED = {"Message": "Instance was terminated by a resize of its group or fleet"}
NOT_FULFILLED = {"Message": "The spot request was cancelled"}


class CollectionState(str, Enum):
    """Of an instance group or an instance fleet."""

    PROVISIONING = "PROVISIONING"
    BOOTSTRAPPING = "BOOTSTRAPPING"
    RUNNING = "RUNNING"
    RESIZING = "RESIZING"
    RECONFIGURING = "RECONFIGURING"
    SUSPENDED = "SUSPENDED"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"


N, G = InstanceState, CollectionState

INSTANCE_TRANSITIONS: Mapping[InstanceState, frozenset[InstanceState]] = {
    N.AWAITING_FULFILLMENT: frozenset({N.PROVISIONING, N.TERMINATED}),
    N.PROVISIONING: frozenset({N.BOOTSTRAPPING, N.TERMINATED}),
    N.BOOTSTRAPPING: frozenset({N.RUNNING, N.TERMINATED}),
    N.RUNNING: frozenset({N.TERMINATED}),
    N.TERMINATED: frozenset(),
}
COLLECTION_TRANSITIONS: Mapping[CollectionState, frozenset[CollectionState]] = {
    G.PROVISIONING: frozenset({G.BOOTSTRAPPING, G.TERMINATING}),
    G.BOOTSTRAPPING: frozenset({G.RUNNING, G.TERMINATING}),
    G.RUNNING: frozenset({G.RESIZING, G.RECONFIGURING, G.TERMINATING}),
    G.RESIZING: frozenset({G.RUNNING, G.SUSPENDED, G.TERMINATING}),
    G.RECONFIGURING: frozenset({G.RUNNING, G.SUSPENDED, G.TERMINATING}),
    G.SUSPENDED: frozenset({G.RESIZING, G.RUNNING, G.RECONFIGURING, G.TERMINATING}),
    G.TERMINATING: frozenset({G.TERMINATED}),
    G.TERMINATED: frozenset(),
}


@dataclass(eq=False)
class Instance:
    """A machine of a cluster, or a request for one."""

    id: str
    type: str
    market: str
    created: datetime
    weight: int = 1
    volumes: Sequence[Mapping[str, str]] = ()
    """EbsVolumes."""
    state: InstanceState = N.AWAITING_FULFILLMENT
    ec2_id: str | None = None
    """None as long as EC2 has not given it."""
    address: str = ""
    due: datetime | None = None
    """When it may move on."""
    leaving: bool = False
    ready: datetime | None = None
    ended: datetime | None = None
    reason: Mapping[str, str] = field(default_factory=dict)

    @property
    def stays(self) -> bool:
        return self.state is not N.TERMINATED and not self.leaving

    def move(self, state: InstanceState, now: datetime) -> None:
        self.state = transition(INSTANCE_TRANSITIONS, f"instance {self.id}", self.state, state)
        if state is N.PROVISIONING:
            self.ec2_id = new_id("i-", 17, HEX)
        if state is N.RUNNING:
            self.ready = now
        if state is N.TERMINATED:
            self.ended = now


@dataclass(eq=False)
class Collection(ABC):
    """An instance group or an instance fleet."""

    KIND: ClassVar[str]

    id: str
    role: str
    name: str | None
    created: datetime
    instances: list[Instance] = field(default_factory=list)
    state: CollectionState = G.PROVISIONING
    unsettled: bool = True
    """Another size was asked for, and nothing done about it yet."""
    resized: datetime | None = None
    """When the last resize began."""
    suspended: str | None = None
    """Why a resize could not be completed."""
    version: int = 0
    """Counts the Configurations asked for; `applied` is the last that the instances have."""
    applied: int = 0
    applied_at: datetime | None = None
    """When the reconfiguration under way is done."""
    ready: datetime | None = None
    ended: datetime | None = None

    @property
    def staying(self) -> list[Instance]:
        return [instance for instance in self.instances if instance.stays]

    @property
    def awaiting(self) -> list[Instance]:
        return [instance for instance in self.staying if instance.state is N.AWAITING_FULFILLMENT]

    def move(self, state: CollectionState, now: datetime) -> None:
        self.state = transition(COLLECTION_TRANSITIONS, self.id, self.state, state)
        if state is G.RUNNING and self.ready is None:
            self.ready = now
        if state is G.TERMINATED:
            self.ended = now

    @abstractmethod
    def missing(self, now: datetime) -> list[Instance]:
        """New instances, as many as the target needs."""

    @abstractmethod
    def surplus(self) -> list[Instance]:
        """The instances that the target does not need."""

    @abstractmethod
    def configurations_of(self, instance: Instance) -> Configurations:
        """The Configurations that the group or fleet has for an instance."""


@dataclass(eq=False)
class InstanceGroup(Collection):
    """Instances of one type and market, as many as its count says."""

    KIND = "INSTANCE_GROUP"

    config: Mapping[str, Any] = field(default_factory=dict)
    """What the group was asked for."""
    count: int = 0
    configurations: Configurations = ()
    applied_configurations: Configurations = ()
    shrink_policy: Mapping[str, Any] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    """EC2 ids of instances that the last resize ends, whatever the size."""
    auto_scaling: AutoScaling | None = None

    @property
    def market(self) -> str:
        return str(self.config.get("Market", ON_DEMAND))

    def missing(self, now: datetime) -> list[Instance]:
        lacking = self.count - len(self.staying)
        volumes = self.config.get("EbsConfiguration", {})
        return [new_instance(self.config["InstanceType"], self.market, now, volumes) for _ in range(lacking)]

    def surplus(self) -> list[Instance]:
        """Those that are to end in any case, those that the ShrinkPolicy names, then the newest it does not protect."""
        policy = self.shrink_policy.get("InstanceResizePolicy", {})
        named, kept = policy.get("InstancesToTerminate", ()), policy.get("InstancesToProtect", ())
        ending = [instance for instance in self.staying if instance.ec2_id in self.ending]
        free = [
            one for one in reversed(self.staying) if one not in ending and (not one.ec2_id or one.ec2_id not in kept)
        ]
        free.sort(key=lambda instance: instance.ec2_id not in named)
        return [*ending, *free[: max(0, len(self.staying) - len(ending) - self.count)]]

    def configurations_of(self, instance: Instance) -> Configurations:
        return self.applied_configurations


@dataclass(eq=False)
class InstanceFleet(Collection):
    """Instances of several types, until their weights make up the target of each market."""

    KIND = "INSTANCE_FLEET"

    config: Mapping[str, Any] = field(default_factory=dict)
    """What the fleet was asked for."""
    target: dict[str, int] = field(default_factory=dict)
    """Units by market."""
    switched: int = 0
    """Units of the spot target that are on-demand instances since spot ones could not be had."""
    type_configs: Configurations = ()
    resize_specifications: Mapping[str, Any] = field(default_factory=dict)
    context: str | None = None

    def units(self, market: str, instances: Iterable[Instance]) -> int:
        return sum(instance.weight for instance in instances if instance.market == market)

    def provisioned(self, market: str) -> int:
        """The units of the instances that run."""
        return self.units(market, [instance for instance in self.instances if instance.state is N.RUNNING])

    def wanted(self, market: str) -> int:
        return self.target[market] + (self.switched if market == ON_DEMAND else -self.switched)

    def strategy(self, market: str) -> str | None:
        word = "OnDemand" if market == ON_DEMAND else "Spot"
        launch = self.config.get("LaunchSpecifications", {}).get(f"{word}Specification", {})
        resize = self.resize_specifications.get(f"{word}ResizeSpecification", {}) if self.ready else {}
        found: str | None = resize.get("AllocationStrategy") or launch.get("AllocationStrategy")
        return found

    def missing(self, now: datetime) -> list[Instance]:
        return [
            new_instance(config["InstanceType"], market, now, config.get("EbsConfiguration", {}), weight_of(config))
            for market in (ON_DEMAND, SPOT)
            for config in allocate(
                self.type_configs,
                self.strategy(market),
                self.wanted(market) - self.units(market, self.staying),
            )
        ]

    def surplus(self) -> list[Instance]:
        """The newest, as far as the target stays met without them."""
        found = []
        for market in (ON_DEMAND, SPOT):
            over = self.units(market, self.staying) - self.wanted(market)
            for instance in reversed(self.staying):
                if instance.market == market and instance.weight <= over:
                    found.append(instance)
                    over -= instance.weight
        return found

    def configurations_of(self, instance: Instance) -> Configurations:
        found = [config for config in self.type_configs if config["InstanceType"] == instance.type]
        return found[0].get("Configurations", ()) if found else ()


def new_instance(instance_type: str, market: str, now: datetime, ebs: Mapping[str, Any], weight: int = 1) -> Instance:
    volumes = [{"Device": device, "VolumeId": new_id("vol-", 17, HEX)} for device, _ in devices(ebs)]
    return Instance(new_id("ci-"), instance_type, market, now, weight, volumes)


def devices(ebs: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Device and VolumeSpecification of each volume of an EbsConfiguration."""
    configs = ebs.get("EbsBlockDeviceConfigs", ())
    volumes = [config["VolumeSpecification"] for config in configs for _ in range(config.get("VolumesPerInstance", 1))]
    return [(f"/dev/sd{letter}", volume) for letter, volume in zip(ascii_lowercase[1:], volumes, strict=False)]
