"""Clusters and steps as state machines. They move only by the transitions that stand here; the clock is an argument."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from ipaddress import IPv4Address
from itertools import count
from typing import Any

from airflow_emr_pipelines.emulator.aws.transitions import transition
from airflow_emr_pipelines.emulator.ec2.instances import Collection, Instance, InstanceFleet, InstanceGroup
from airflow_emr_pipelines.specs.ec2.states import ClusterState, StepState

C, S = ClusterState, StepState

CLUSTER_TRANSITIONS: Mapping[ClusterState, frozenset[ClusterState]] = {
    C.STARTING: frozenset({C.BOOTSTRAPPING, C.TERMINATING}),
    C.BOOTSTRAPPING: frozenset({C.RUNNING, C.TERMINATING}),
    C.RUNNING: frozenset({C.WAITING, C.TERMINATING}),
    C.WAITING: frozenset({C.RUNNING, C.TERMINATING}),
    C.TERMINATING: frozenset({C.TERMINATED, C.TERMINATED_WITH_ERRORS}),
    C.TERMINATED: frozenset(),
    C.TERMINATED_WITH_ERRORS: frozenset(),
}
STEP_TRANSITIONS: Mapping[StepState, frozenset[StepState]] = {
    S.PENDING: frozenset({S.RUNNING, S.CANCELLED}),
    S.RUNNING: frozenset({S.CANCEL_PENDING, S.COMPLETED, S.FAILED, S.CANCELLED}),
    S.CANCEL_PENDING: frozenset({S.CANCELLED, S.COMPLETED, S.FAILED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELLED: frozenset(),
    S.INTERRUPTED: frozenset(),
}
OF_THE_LIVING = ("changed", "reshaped", "addresses")
FIRST_ADDRESS = IPv4Address("10.0.0.1")


class Clock:
    """The time, and waiting for it to pass."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    async def pass_or(self, event: asyncio.Event, seconds: float | None) -> None:
        """Wait until the event is set, at most so many seconds."""
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except asyncio.TimeoutError:
            return


@dataclass
class Step:
    """A step of a cluster, and what has become of it."""

    id: str
    name: str
    config: Mapping[str, Any]
    """HadoopJarStep, with Properties as a map."""
    action_on_failure: str
    created: datetime
    logs: Mapping[str, str] = field(default_factory=dict)
    """S3MonitoringConfiguration: a log address of the step's own."""
    execution_role: str | None = None
    state: StepState = S.PENDING
    started: datetime | None = None
    ended: datetime | None = None
    message: str | None = None
    failure: Mapping[str, str] | None = None
    """FailureDetails."""
    application_ids: Sequence[str] = ()

    def move(self, state: StepState, now: datetime) -> None:
        self.state = transition(STEP_TRANSITIONS, f"step {self.id}", self.state, state)
        if state is S.RUNNING:
            self.started = now
        if state.finished:
            self.ended = now


@dataclass(frozen=True)
class End:
    """Why a cluster ends."""

    code: str
    message: str
    with_errors: bool = False
    details: Sequence[Mapping[str, Any]] = ()


@dataclass(eq=False)
class Cluster:
    """A cluster: what was asked for, and what has become of it."""

    id: str
    arn: str
    region: str
    request: Mapping[str, Any]
    """What RunJobFlow was asked for."""
    collections: list[Collection]
    """Its instance groups, or its instance fleets."""
    created: datetime
    tags: dict[str, str]
    was_tagged: bool = False
    """It had a tag that was taken off."""
    steps: list[Step] = field(default_factory=list)
    state: ClusterState = C.STARTING
    ready: datetime | None = None
    ended: datetime | None = None
    end: End | None = None
    terminating_since: datetime | None = None
    protected: bool = False
    keep_alive_when_no_steps: bool = False
    visible: bool = True
    unhealthy_node_replacement: bool | None = None
    step_concurrency: int = 1
    extended_support: bool | None = None
    security_configuration: str | None = None
    security: Mapping[str, Any] = field(default_factory=dict)
    """What its security configuration says."""
    managed_scaling: Mapping[str, Any] | None = None
    idle_timeout: int | None = None
    idle_since: datetime | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something happened that the cluster's lifecycle must look at."""
    reshaped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something happened that who provides its instances must look at."""
    ui_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """Who knows it may see what its applications show of themselves."""
    addresses: Iterator[str] = field(default_factory=lambda: (str(FIRST_ADDRESS + number) for number in count()))

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of one that has ended: nothing happens to it any more."""
        return {name: value for name, value in vars(self).items() if name not in OF_THE_LIVING}

    def __setstate__(self, kept: Mapping[str, Any]) -> None:
        vars(self).update(kept, changed=asyncio.Event(), reshaped=asyncio.Event(), addresses=iter(()))

    @property
    def instances(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.request["Instances"]
        return found

    @property
    def has_fleets(self) -> bool:
        return bool(self.fleets)

    @property
    def groups(self) -> list[InstanceGroup]:
        return [one for one in self.collections if isinstance(one, InstanceGroup)]

    @property
    def fleets(self) -> list[InstanceFleet]:
        return [one for one in self.collections if isinstance(one, InstanceFleet)]

    @property
    def primary(self) -> Collection:
        return next(one for one in self.collections if one.role == "MASTER")

    @property
    def primary_instance(self) -> Instance | None:
        """The first primary instance, as soon as EC2 has given it."""
        return next((instance for instance in self.primary.instances if instance.ec2_id), None)

    @property
    def primaries(self) -> int:
        """How many primary instances it was asked for."""
        return self.primary.count if isinstance(self.primary, InstanceGroup) else 1

    @property
    def keep_alive(self) -> bool:
        """Whether it waits for more steps after its last; with three primary instances it always does."""
        return self.keep_alive_when_no_steps or self.primaries > 1

    @property
    def active_steps(self) -> list[Step]:
        return [step for step in self.steps if not step.state.finished]

    def move(self, state: ClusterState, now: datetime) -> None:
        self.state = transition(CLUSTER_TRANSITIONS, f"cluster {self.id}", self.state, state)
        if state.usable and self.ready is None:
            self.ready = now
        if state is C.TERMINATING:
            self.terminating_since = now
        if state.finished:
            self.ended = now

    def ask_for_end(self, end: End) -> None:
        """The first reason stands."""
        if self.end is None:
            self.end = end
        self.changed.set()


@dataclass(frozen=True)
class SecurityConfiguration:
    """A named setting that clusters refer to; `text` is its JSON as it was sent."""

    name: str
    text: str
    created: datetime

    @property
    def content(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True)
class PersistentAppUi:
    """A user interface of a cluster's applications that outlives the cluster."""

    id: str
    cluster_id: str
    created: datetime
    tags: Sequence[Mapping[str, str]] = ()


@dataclass
class Settings:
    """What an account has in one region besides clusters."""

    security_configurations: dict[str, SecurityConfiguration] = field(default_factory=dict)
    app_uis: dict[str, PersistentAppUi] = field(default_factory=dict)
    block_public_access: tuple[Mapping[str, Any], datetime] | None = None
    """BlockPublicAccessConfiguration, and since when; None as long as it is what AWS starts with."""


class Clusters:
    """All clusters of one account, by region."""

    def __init__(self) -> None:
        self._clusters: dict[str, Cluster] = {}
        self._settings: defaultdict[str, Settings] = defaultdict(Settings)

    def settings(self, region: str) -> Settings:
        return self._settings[region]

    def forget_all(self) -> None:
        """Be an account that never had anything; its clusters must have ended."""
        self._clusters.clear()
        self._settings.clear()

    def add(self, cluster: Cluster) -> None:
        self._clusters[cluster.id] = cluster

    def get(self, region: str, cluster_id: str) -> Cluster | None:
        found = self._clusters.get(cluster_id)
        return found if found is not None and found.region == region else None

    def of(self, region: str) -> list[Cluster]:
        """Those of a region, oldest first."""
        return [cluster for cluster in self._clusters.values() if cluster.region == region]

    def all(self) -> list[Cluster]:
        return list(self._clusters.values())
