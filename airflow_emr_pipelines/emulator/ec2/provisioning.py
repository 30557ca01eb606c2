"""Gives a cluster's groups and fleets the instances that they ask for, and takes back what they need no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from airflow_emr_pipelines.emulator.ec2.auto_scaling import PolicyState
from airflow_emr_pipelines.emulator.ec2.instances import (
    NOT_FULFILLED,
    RESIZED,
    SPOT,
    Collection,
    CollectionState,
    Instance,
    InstanceFleet,
    InstanceGroup,
)
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, End
from airflow_emr_pipelines.specs.ec2.states import ClusterState, InstanceState

C, G, N = ClusterState, CollectionState, InstanceState

ON_THE_WAY_UP = (G.PROVISIONING, G.BOOTSTRAPPING, G.RUNNING)


@dataclass
class SpotMarket:
    """The spot instances that can be had at once, by all clusters together; without a limit when it is None."""

    limit: int | None = None
    taken: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)
    """Set when there is room again."""

    def take(self) -> bool:
        if self.limit is not None and self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken -= 1
        for event in self.waiting:
            event.set()


class Provisioning:
    """The instances of one cluster."""

    def __init__(
        self,
        cluster: Cluster,
        market: SpotMarket,
        clock: Clock,
        *,
        resize_seconds: float,
        minute_seconds: float,
        reconfigured: Callable[[Collection], None],
    ) -> None:
        self.cluster, self.market, self.clock = cluster, market, clock
        self.resize = timedelta(seconds=resize_seconds)
        self.minute = timedelta(seconds=minute_seconds)
        self.reconfigured = reconfigured

    @property
    def can_start(self) -> bool:
        """Whether the cluster has its primary and core instances; it does not wait for those for tasks."""
        needed = [one for one in self.cluster.collections if one.role != "TASK"]
        return not any(one.unsettled or one.awaiting for one in needed)

    async def run(self) -> None:
        """Move on what is due, until the cluster has ended."""
        self.market.waiting.add(self.cluster.reshaped)
        try:
            while not self.cluster.state.finished:
                self.cluster.reshaped.clear()
                due = self.advance()
                left = None if due is None else max(0.0, (due - self.clock.now()).total_seconds())
                await self.clock.pass_or(self.cluster.reshaped, left)
        finally:
            self.market.waiting.discard(self.cluster.reshaped)

    def advance(self) -> datetime | None:
        """Do all that is due now; when there is more to do, apart from what happens outside."""
        now = self.clock.now()
        if self.cluster.state is C.TERMINATING or self.cluster.state.finished:
            self._end(now)
            return None
        dues = [self._advance(one, now) for one in self.cluster.collections]
        return min((due for due in dues if due is not None), default=None)

    def _advance(self, one: Collection, now: datetime) -> datetime | None:
        self._reconfigure(one, now)
        if one.unsettled and one.state is not G.RECONFIGURING:
            self._settle(one, now)
        self._fulfil(one, now)
        if (deadline := self._deadline(one)) is not None and deadline <= now:
            self._give_up(one, now)
            deadline = None
        for instance in one.instances:
            self._advance_instance(instance, now)
        self._follow(one, now)
        self._reconfigure(one, now)
        scaling = self._advance_policy(one, now)
        coming = [instance.due for instance in one.instances if instance.state is not N.TERMINATED]
        dues = [deadline, one.applied_at, scaling, *coming]
        return min((due for due in dues if due is not None and due > now), default=None)

    # --- size

    def _settle(self, one: Collection, now: datetime) -> None:
        """Ask for the instances that the target lacks, and let those go that it does not need."""
        one.unsettled = False
        for instance in one.surplus():
            self._let_go(instance, now)
        new = one.missing(now)
        one.instances.extend(new)
        if one.ready is not None:
            one.resized, one.suspended = now, None
        self.cluster.changed.set()  # a cluster that waits for less may be able to start

    def _let_go(self, instance: Instance, now: datetime) -> None:
        if instance.state is N.AWAITING_FULFILLMENT:
            self._terminate(instance, now, NOT_FULFILLED)
        else:
            instance.leaving, instance.due, instance.reason = True, now + self.resize, RESIZED

    def _fulfil(self, one: Collection, now: datetime) -> None:
        for instance in one.awaiting:
            if instance.market == SPOT and not self.market.take():
                continue
            instance.move(N.PROVISIONING, now)
            instance.address = next(self.cluster.addresses)
            instance.due = now if self.cluster.state is C.STARTING else now + self.resize / 2
            self.cluster.changed.set()

    def _deadline(self, one: Collection) -> datetime | None:
        """When the spot instances of a fleet must be there at the latest."""
        if not isinstance(one, InstanceFleet) or not one.awaiting:
            return None
        if one.ready is None:
            since, spec = one.created, one.config.get("LaunchSpecifications", {}).get("SpotSpecification", {})
        else:
            since, spec = one.resized or one.ready, one.resize_specifications.get("SpotResizeSpecification", {})
        minutes = spec.get("TimeoutDurationMinutes")
        return None if minutes is None else since + minutes * self.minute

    def _give_up(self, one: Collection, now: datetime) -> None:
        """Do what a fleet wants done when its spot instances did not come in time."""
        assert isinstance(one, InstanceFleet)
        lacking = one.wanted(SPOT) - one.units(SPOT, [i for i in one.staying if i not in one.awaiting])
        for instance in one.awaiting:
            self._terminate(instance, now, NOT_FULFILLED)
        what = f"Spot capacity of {lacking} units for the {one.role} instance fleet ({one.id}) could not be provisioned"
        if one.ready is not None:
            one.suspended = f"{what} within the resize timeout"
        elif one.config["LaunchSpecifications"]["SpotSpecification"]["TimeoutAction"] == "SWITCH_TO_ON_DEMAND":
            one.switched += lacking
            one.instances.extend(one.missing(now))
            self._fulfil(one, now)
        else:
            self.cluster.ask_for_end(
                End("INSTANCE_FLEET_TIMEOUT", f"{what} within the provisioning timeout", with_errors=True)
            )

    # --- states

    def _advance_instance(self, instance: Instance, now: datetime) -> None:
        while instance.due is not None and instance.due <= now:
            if instance.leaving:
                self._terminate(instance, now, instance.reason)
            elif instance.state is N.PROVISIONING and self.cluster.state is not C.STARTING:
                instance.move(N.BOOTSTRAPPING, now)
                instance.due = now + self.resize / 2 if self.cluster.ready else now
            elif instance.state is N.BOOTSTRAPPING and self.cluster.ready:
                instance.move(N.RUNNING, now)
                instance.due = None
            else:
                return

    def _follow(self, one: Collection, now: datetime) -> None:
        """Let a group or fleet be in the state that its instances say."""
        aim = self._aim(one)
        if aim in ON_THE_WAY_UP and one.state in ON_THE_WAY_UP:
            for state in ON_THE_WAY_UP[ON_THE_WAY_UP.index(one.state) + 1 : ON_THE_WAY_UP.index(aim) + 1]:
                one.move(state, now)
            aim = self._aim(one) if one.ready else one.state  # it may have come up while its size changed
        if aim is G.SUSPENDED and one.state is G.RUNNING:
            one.move(G.RESIZING, now)
        if aim is not one.state:
            one.move(aim, now)

    def _aim(self, one: Collection) -> CollectionState:
        states = {instance.state for instance in one.instances if instance.state is not N.TERMINATED}
        if one.ready is None:
            if self.cluster.state is C.STARTING or states & {N.AWAITING_FULFILLMENT, N.PROVISIONING}:
                return G.PROVISIONING
            return G.BOOTSTRAPPING if not self.cluster.ready or N.BOOTSTRAPPING in states else G.RUNNING
        if one.applied_at is not None:
            return G.RECONFIGURING
        if states - {N.RUNNING} or any(instance.leaving for instance in one.instances if not instance.ended):
            return G.RESIZING
        return G.SUSPENDED if one.suspended else G.RUNNING

    def _reconfigure(self, one: Collection, now: datetime) -> None:
        """Apply new Configurations; a resize that is under way is waited for, and the other way round."""
        if one.applied_at is not None and one.applied_at <= now:
            one.applied_at, one.applied = None, one.version
            if isinstance(one, InstanceGroup):
                one.applied_configurations = one.configurations
            self._follow(one, now)
            self.reconfigured(one)
        if one.applied_at is None and one.applied < one.version and one.state in (G.RUNNING, G.SUSPENDED):
            if one.unsettled:
                return
            one.applied_at = now + self.resize
            self._follow(one, now)
            if self.resize == timedelta(0):
                self._reconfigure(one, now)

    def _advance_policy(self, one: Collection, now: datetime) -> datetime | None:
        if not isinstance(one, InstanceGroup) or one.auto_scaling is None or one.ready is None:
            return None
        due = one.auto_scaling.advance(now, self.resize)
        if one.auto_scaling.state is PolicyState.DETACHED:
            one.auto_scaling = None
        return due

    # --- ends

    def _terminate(self, instance: Instance, now: datetime, reason: Mapping[str, str]) -> None:
        if instance.market == SPOT and instance.state is not N.AWAITING_FULFILLMENT:
            self.market.give_back()
        instance.move(N.TERMINATED, now)
        instance.reason, instance.due = reason, None

    def _end(self, now: datetime) -> None:
        """The cluster ends: what waits is given up, what runs goes with the cluster."""
        end = self.cluster.end
        reason = {"Code": "CLUSTER_TERMINATED", "Message": end.message if end else ""}
        for one in self.cluster.collections:
            if one.state not in (G.TERMINATING, G.TERMINATED):
                one.move(G.TERMINATING, now)
            for instance in one.instances:
                waits = instance.state is N.AWAITING_FULFILLMENT
                if instance.state is not N.TERMINATED and (waits or self.cluster.state.finished):
                    self._terminate(instance, now, reason)
            if self.cluster.state.finished and one.state is not G.TERMINATED:
                one.move(G.TERMINATED, now)
