"""Whatever clients do in whatever order: no state machine makes an illegal move, and every cluster can be ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.instances import CollectionState
from airflow_emr_pipelines.emulator.ec2.lifecycle import Delays
from airflow_emr_pipelines.emulator.ec2.model import Cluster, Step
from airflow_emr_pipelines.emulator.ec2.provisioning import SpotMarket
from airflow_emr_pipelines.specs.ec2.states import ClusterState, InstanceState, StepState
from tests.unit.emulator.ec2.small_world import COMPLETED, FAILED, SmallWorld, settle, step

WORDS = ["CONTINUE", "CANCEL_AND_WAIT", "TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"]
BOOTSTRAP = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/b.sh"}}

which = st.sampled_from([0, 0, 0, 1, 2, 5])
COMMON = [
    st.tuples(st.just("submit"), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.tuples(st.just("cancel"), which, st.booleans()),
    st.tuples(st.just("finish"), which, st.booleans()),
]
RARE = [
    st.tuples(st.just("bootstrapped"), st.sampled_from([True, True, False])),
    st.tuples(st.just("protect"), st.booleans()),
    st.tuples(st.just("idle"), st.integers(60, 100)),
    st.tuples(st.just("level"), st.integers(1, 3)),
    st.tuples(st.just("keep alive"), st.sampled_from([True, True, False])),
    st.tuples(st.just("pass"), st.integers(0, 120)),
    st.tuples(st.just("resize"), st.sampled_from([1, 2]), st.integers(0, 4)),
    st.tuples(st.just("end instance"), st.sampled_from([1, 2]), which),
    st.tuples(st.just("reconfigure"), st.integers(0, 2)),
    st.tuples(st.just("add group")),
    st.tuples(st.just("terminate")),
]
EVENTS = st.one_of(*COMMON * 5, *RARE)
CLUSTERS = st.fixed_dictionaries(
    {
        "keep_alive": st.sampled_from([True, True, False]),
        "StepConcurrencyLevel": st.integers(1, 3),
        "BootstrapActions": st.sampled_from([[], [], [BOOTSTRAP], [BOOTSTRAP] * 2]),
    }
)
STARTED = [("pass", 10), ("bootstrapped", True), ("bootstrapped", True), ("pass", 10)]
DELAYS = st.builds(Delays, *[st.sampled_from([0, 0, 10])] * 4, end=st.sampled_from([0, 0, 10]))
GROUPS = [
    {"InstanceRole": role, "InstanceType": "m5.xlarge", "InstanceCount": count, "Market": market}
    for role, count, market in (("MASTER", 1, "ON_DEMAND"), ("CORE", 2, "ON_DEMAND"), ("TASK", 2, "SPOT"))
]


class Watched:
    """A cluster, with what has been seen of it."""

    def __init__(self, world: SmallWorld, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self.ended: dict[str, StepState] = {}
        self.active_before = 0

    def active(self, number: int) -> Step | None:
        active = self.cluster.active_steps
        return active[number % len(active)] if active else None

    async def happen(self, event: tuple[Any, ...]) -> None:
        """One event; what EMR refuses has not happened."""
        kind, *rest = event
        world, cluster = self.world, self.cluster
        if kind == "submit":
            await world.call("AddJobFlowSteps", JobFlowId=cluster.id, Steps=[step(word) for word in rest[0]])
        elif kind == "cancel" and (chosen := self.active(rest[0])):
            option = "TERMINATE_PROCESS" if rest[1] else "SEND_INTERRUPT"
            await world.call("CancelSteps", ClusterId=cluster.id, StepIds=[chosen.id], StepCancellationOption=option)
        elif kind == "finish" and (chosen := self.active(rest[0])):
            await world.end(chosen, COMPLETED if rest[1] else FAILED)
        elif kind == "bootstrapped":
            world.runner.end(f"{cluster.id} b", COMPLETED if rest[0] else FAILED)
        elif kind == "protect":
            await world.call("SetTerminationProtection", JobFlowIds=[cluster.id], TerminationProtected=rest[0])
        elif kind == "idle":
            policy = {"IdleTimeout": rest[0]}
            await world.call("PutAutoTerminationPolicy", ClusterId=cluster.id, AutoTerminationPolicy=policy)
        elif kind == "level":
            await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=rest[0])
        elif kind == "keep alive":
            asked = {"JobFlowIds": [cluster.id], "KeepJobFlowAliveWhenNoSteps": rest[0]}
            await world.call("SetKeepJobFlowAliveWhenNoSteps", **asked)
        elif kind == "pass":
            await world.clock.advance(rest[0])
        elif kind == "resize":
            await self.modify(rest[0], InstanceCount=rest[1])
        elif kind == "end instance":
            present = [one.ec2_id for one in cluster.groups[rest[0]].staying if one.ec2_id]
            if present:
                await self.modify(rest[0], EC2InstanceIdsToTerminate=[present[rest[1] % len(present)]])
        elif kind == "reconfigure":
            await self.modify(rest[0], Configurations=[{"Classification": "spark-defaults"}])
        elif kind == "add group":
            await world.call("AddInstanceGroups", JobFlowId=cluster.id, InstanceGroups=[GROUPS[2]])
        elif kind == "terminate":
            await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
        await settle()

    async def modify(self, group: int, **change: Any) -> None:
        change = {"InstanceGroupId": self.cluster.groups[group].id, **change}
        await self.world.call("ModifyInstanceGroups", ClusterId=self.cluster.id, InstanceGroups=[change])

    def check_instances(self) -> None:
        cluster = self.cluster
        everyone = [instance for group in cluster.groups for instance in group.instances]
        spot = [one for one in everyone if one.market == "SPOT" and one.ec2_id and not one.ended]
        assert len(spot) == self.world.lifecycles.market.taken <= (self.world.lifecycles.market.limit or len(spot))
        if cluster.state.finished:
            assert {one.state for one in everyone} == {InstanceState.TERMINATED}
            assert {group.state for group in cluster.groups} == {CollectionState.TERMINATED}
        if cluster.end is None:
            for group in cluster.groups:
                assert group.unsettled or len(group.staying) == group.count
                settled = all(one.state is InstanceState.RUNNING for one in group.staying)
                if group.state is CollectionState.RUNNING:
                    assert settled
                    assert not group.unsettled
                    assert group.applied == group.version
        if cluster.state.usable:
            assert cluster.groups[0].ready

    def check(self) -> None:
        self.check_instances()
        cluster, states = self.cluster, [one.state for one in self.cluster.steps]
        assert cluster.end is None or cluster.end.code != "INTERNAL_ERROR", cluster.end
        active = [state for state in states if state in (StepState.RUNNING, StepState.CANCEL_PENDING)]
        assert len(active) <= max(cluster.step_concurrency, self.active_before)  # lowering the level ends nothing
        self.active_before = len(active)
        assert {
            one.id for one in cluster.steps if one.started and not one.ended
        } == self.world.runner.running.keys() - {f"{cluster.id} b"}
        for one in cluster.steps:
            assert self.ended.get(one.id, one.state) is one.state
            assert (one.ended is not None) == one.state.finished
            if one.state.finished:
                self.ended[one.id] = one.state
        started = [one.started for one in cluster.steps if one.started]
        assert started == sorted(started)
        assert (cluster.ended is not None) == cluster.state.finished
        if cluster.state.finished:
            assert all(state.finished for state in states)
            assert cluster.id in self.world.runner.released
        if cluster.state is ClusterState.WAITING:
            assert all(state.finished for state in states)
            assert cluster.keep_alive
        if cluster.end is None and cluster.state.usable and StepState.PENDING in states:
            assert len(active) >= cluster.step_concurrency


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    cluster=CLUSTERS,
    delays=DELAYS,
    first=st.lists(st.sampled_from(WORDS), max_size=3),
    events=st.lists(EVENTS, min_size=10, max_size=30),
    started=st.sampled_from([STARTED, STARTED, []]),
    obeys=st.booleans(),
    spot=st.sampled_from([None, 0, 1, 3]),
)
def test_any_schedule_keeps_to_the_state_machines(
    cluster: dict[str, Any],
    delays: Delays,
    first: list[str],
    events: list[tuple[Any, ...]],
    started: list[tuple[Any, ...]],
    obeys: bool,
    spot: int | None,
) -> None:
    async def scenario() -> None:
        world = SmallWorld(delays, SpotMarket(spot))
        world.runner.obeys = obeys
        words = first if cluster["StepConcurrencyLevel"] == 1 else ["CONTINUE"] * len(first)
        watched = Watched(world, await world.run_job_flow(*[step(word) for word in words], groups=GROUPS, **cluster))
        watched.check()
        for event in [*started, *events, ("protect", False), ("terminate",), ("pass", 1000)]:
            with contextlib.suppress(Refused):
                await watched.happen(event)
            watched.check()
        assert watched.cluster.state.finished
        await world.lifecycles.close()

    with recorded_faults() as faults:
        asyncio.run(scenario())
    assert faults == []


@contextlib.contextmanager
def recorded_faults() -> Any:
    """What the emulator logs as a fault of its own."""
    faults: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: faults.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("airflow_emr_pipelines.emulator.ec2.lifecycle")
    logger.addHandler(handler)
    try:
        yield faults
    finally:
        logger.removeHandler(handler)


def test_faults_would_be_seen() -> None:
    async def scenario() -> None:
        world = SmallWorld()
        cluster = await world.run_job_flow(step())
        cluster.steps[0].state = StepState.FAILED  # behind everybody's back
        await world.end(cluster.steps[0], COMPLETED)
        await world.lifecycles.close()

    with recorded_faults() as faults:
        asyncio.run(scenario())
    assert faults == ["A background task of the emulator failed"]
