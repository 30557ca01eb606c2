"""How groups and fleets get their instances, by the clock: sizes, states, spot timeouts, configurations, policies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.aws.transitions import IllegalTransition
from airflow_emr_pipelines.emulator.ec2.actions.groups import merged
from airflow_emr_pipelines.emulator.ec2.actions.instances import new_fleet
from airflow_emr_pipelines.emulator.ec2.allocation import allocate
from airflow_emr_pipelines.emulator.ec2.instances import (
    COLLECTION_TRANSITIONS,
    INSTANCE_TRANSITIONS,
    CollectionState,
    InstanceFleet,
    InstanceGroup,
)
from airflow_emr_pipelines.emulator.ec2.lifecycle import Delays
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.provisioning import SpotMarket
from airflow_emr_pipelines.specs.ec2.states import InstanceState
from tests.unit.emulator.ec2.small_world import COMPLETED, SmallWorld, settle, state
from tests.unit.emulator.ec2.test_any_schedule import recorded_faults

MASTER = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
CORE = {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 2}
TASK = {"InstanceRole": "TASK", "InstanceType": "m5.xlarge", "InstanceCount": 2, "Market": "SPOT"}
PRIMARY_FLEET = {
    "InstanceFleetType": "MASTER",
    "TargetOnDemandCapacity": 1,
    "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
}
SLOW = Delays(start=10, bootstrap=10, terminate=10, resize=10, minute=60)


def group_cluster(*groups: Mapping[str, Any]) -> dict[str, Any]:
    return {"Instances": {"InstanceGroups": [MASTER, *groups], "KeepJobFlowAliveWhenNoSteps": True}}


def fleet(role: str = "CORE", *, on_demand: int = 0, spot: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "InstanceFleetType": role,
        "TargetOnDemandCapacity": on_demand,
        "TargetSpotCapacity": spot,
        "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
        **more,
    }


def fleet_cluster(*fleets: Mapping[str, Any]) -> dict[str, Any]:
    return {"Instances": {"InstanceFleets": [PRIMARY_FLEET, *fleets], "KeepJobFlowAliveWhenNoSteps": True}}


def spot_timeout(action: str, minutes: int = 5) -> dict[str, Any]:
    return {"LaunchSpecifications": {"SpotSpecification": {"TimeoutDurationMinutes": minutes, "TimeoutAction": action}}}


def in_a_slow_world(*, spot: int | None = None) -> Callable[[Callable[[SmallWorld], Awaitable[None]]], Any]:
    """Run a test where every delay is ten seconds, and so many spot instances can be had."""

    def wrapped(test: Callable[[SmallWorld], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            async def world() -> None:
                slow = SmallWorld(SLOW, SpotMarket(spot))
                await test(slow)
                await slow.lifecycles.close()

            asyncio.run(world())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return wrapped


def states(one: InstanceGroup | InstanceFleet) -> list[str]:
    return [instance.state.value for instance in one.instances]


async def ready(world: SmallWorld, **changes: Any) -> Cluster:
    cluster = await world.run_job_flow(**changes)
    await world.clock.advance(20)
    assert state(cluster) == "WAITING"
    return cluster


async def resize(world: SmallWorld, cluster: Cluster, group: InstanceGroup, **change: Any) -> None:
    change = {"InstanceGroupId": group.id, **change}
    await world.call("ModifyInstanceGroups", ClusterId=cluster.id, InstanceGroups=[change])


# --- the start


@in_a_slow_world()
async def test_groups_and_instances_start_with_their_cluster(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(**group_cluster(CORE, TASK))
    for expected in ("PROVISIONING", "BOOTSTRAPPING", "RUNNING"):
        assert [group.state.value for group in cluster.groups] == [expected] * 3
        assert [states(group) for group in cluster.groups] == [[expected], [expected] * 2, [expected] * 2]
        await world.clock.advance(10)
    assert {group.ready for group in cluster.groups} == {cluster.ready}
    assert len({one.address for group in cluster.groups for one in group.instances}) == 5


@in_a_slow_world()
async def test_groups_and_instances_end_with_their_cluster(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster(CORE))
    await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
    core = cluster.groups[1]
    assert (core.state.value, states(core)) == ("TERMINATING", ["RUNNING"] * 2)
    await world.clock.advance(10)
    assert (core.state.value, states(core)) == ("TERMINATED", ["TERMINATED"] * 2)
    assert {one.ended for one in core.instances} == {core.ended} == {cluster.ended}
    assert core.instances[0].reason == {"Code": "CLUSTER_TERMINATED", "Message": "Terminated by user request"}


@in_a_slow_world(spot=1)
async def test_a_cluster_waits_for_core_instances_but_not_for_task_instances(world: SmallWorld) -> None:
    spot_core = {**CORE, "InstanceCount": 1, "Market": "SPOT"}
    cluster = await ready(world, **group_cluster(spot_core, TASK))
    core, task = cluster.groups[1:]
    assert (states(core), states(task)) == (["RUNNING"], ["AWAITING_FULFILLMENT"] * 2)
    assert (core.state.value, task.state.value) == ("RUNNING", "PROVISIONING")
    waits = await world.run_job_flow(**group_cluster(spot_core))
    await world.clock.advance(1000)
    assert state(waits) == "STARTING"
    await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
    await world.clock.advance(20)
    assert state(waits) == "WAITING"


# --- another size


@in_a_slow_world()
async def test_a_group_grows_in_the_time_of_a_resize(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster(CORE))
    core = cluster.groups[1]
    await resize(world, cluster, core, InstanceCount=4)
    assert (core.state.value, states(core)) == ("RESIZING", ["RUNNING"] * 2 + ["PROVISIONING"] * 2)
    await world.clock.advance(5)
    assert (core.state.value, states(core)) == ("RESIZING", ["RUNNING"] * 2 + ["BOOTSTRAPPING"] * 2)
    await world.clock.advance(4)
    assert core.state.value == "RESIZING"
    await world.clock.advance(1)
    assert (core.state.value, states(core)) == ("RUNNING", ["RUNNING"] * 4)


@in_a_slow_world()
async def test_a_group_shrinks_by_the_newest_that_are_not_protected(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster({**CORE, "InstanceCount": 4}))
    core = cluster.groups[1]
    first, second, third, fourth = [str(one.ec2_id) for one in core.instances]
    policy = {"InstancesToTerminate": [first], "InstancesToProtect": [fourth]}
    await resize(world, cluster, core, InstanceCount=2, ShrinkPolicy={"InstanceResizePolicy": policy})
    assert (core.state.value, states(core)) == ("RESIZING", ["RUNNING"] * 4)
    await world.clock.advance(10)
    assert core.state.value == "RUNNING"
    assert [one.ec2_id for one in core.instances if one.state is InstanceState.RUNNING] == [second, fourth]
    assert core.instances[2].ec2_id == third
    assert core.instances[2].ended is not None


@in_a_slow_world()
async def test_named_instances_end_and_are_not_replaced(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster({**CORE, "InstanceCount": 3}))
    core = cluster.groups[1]
    await resize(world, cluster, core, EC2InstanceIdsToTerminate=[core.instances[0].ec2_id])
    await world.clock.advance(10)
    assert (core.count, states(core)) == (2, ["TERMINATED", "RUNNING", "RUNNING"])


@in_a_slow_world()
async def test_an_instance_that_is_ending_already_counts_once_however_often_it_is_named(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster({**CORE, "InstanceCount": 3}))
    core = cluster.groups[1]
    newest = core.instances[2].ec2_id
    await resize(world, cluster, core, Configurations=[{"Classification": "spark-defaults"}])  # which sizes wait for
    await resize(world, cluster, core, InstanceCount=2)
    for _ in range(2):
        await resize(world, cluster, core, EC2InstanceIdsToTerminate=[newest])
    await world.clock.advance(30)
    assert (core.count, states(core)) == (2, ["RUNNING", "RUNNING", "TERMINATED"])


@in_a_slow_world()
async def test_the_size_can_be_changed_again_while_it_changes(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster(CORE))
    core = cluster.groups[1]
    await resize(world, cluster, core, InstanceCount=5)
    await world.clock.advance(3)
    await resize(world, cluster, core, InstanceCount=3)
    await world.clock.advance(20)
    assert core.state.value == "RUNNING"
    assert len(core.staying) == 3
    assert {one.state for one in core.staying} == {InstanceState.RUNNING}


@in_a_slow_world()
async def test_a_group_added_to_a_cluster_comes_up_by_itself(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster(CORE))
    await world.call("AddInstanceGroups", JobFlowId=cluster.id, InstanceGroups=[TASK])
    task = cluster.groups[2]
    for expected in ("PROVISIONING", "BOOTSTRAPPING", "RUNNING"):
        assert (task.state.value, states(task)) == (expected, [expected] * 2)
        await world.clock.advance(5)
    assert task.ready is not None
    assert cluster.ready is not None
    assert (task.ready - cluster.ready).total_seconds() == 10


# --- fleets


def test_a_fleet_takes_its_first_type_until_the_target_is_met() -> None:
    small, big = (
        {"InstanceType": "m5.large", "WeightedCapacity": 2},
        {"InstanceType": "m5.4xlarge", "WeightedCapacity": 8},
    )
    assert allocate([big, small], None, 17) == [big] * 3
    assert allocate([small, big], "capacity-optimized", 3) == [small] * 2
    assert allocate([big, small], "lowest-price", 5) == [small] * 3  # 4 / 2 is less than 32 / 8
    assert allocate([big, small], "diversified", 12) == [big, small, big]
    assert allocate([small], None, 0) == []
    ranked = [{**small, "Priority": 1.0}, {**big, "Priority": 0.0}]
    assert allocate(ranked, "prioritized", 8) == [ranked[1]]
    assert allocate(ranked, "capacity-optimized-prioritized", 8) == [ranked[1]]
    assert allocate([small, {**big, "Priority": 5}], "prioritized", 8)[0]["InstanceType"] == "m5.4xlarge"


WEIGHTS = st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True)
TARGETS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6)
STRATEGIES = st.sampled_from([None, "lowest-price", "diversified", "prioritized"])


@given(weights=WEIGHTS, targets=TARGETS, strategy=STRATEGIES)
def test_whatever_the_targets_they_are_met_and_passed_by_less_than_one_instance(
    weights: list[int], targets: list[tuple[int, int]], strategy: str | None
) -> None:
    types = [{"InstanceType": f"m{weight}.xlarge", "WeightedCapacity": weight} for weight in weights]
    launch = {name: {"AllocationStrategy": strategy} for name in ("OnDemandSpecification", "SpotSpecification")}
    config = fleet(InstanceTypeConfigs=types, LaunchSpecifications=launch if strategy else {})
    now = datetime(2013, 1, 1, tzinfo=timezone.utc)
    one = new_fleet(config, now)
    for on_demand, spot in targets:
        one.target = {"ON_DEMAND": on_demand, "SPOT": spot}
        for instance in one.surplus():
            instance.leaving = True
        one.instances.extend(one.missing(now))
        for market, target in one.target.items():
            assert 0 <= one.units(market, one.staying) - target < max(weights)
        assert one.missing(now) == []


@in_a_slow_world()
async def test_a_fleet_counts_units_by_market(world: SmallWorld) -> None:
    types = [{"InstanceType": "m5.2xlarge", "WeightedCapacity": 4}, {"InstanceType": "m5.xlarge"}]
    cluster = await ready(world, **fleet_cluster(fleet(on_demand=5, spot=4, InstanceTypeConfigs=types)))
    core = cluster.fleets[1]
    assert [(one.type, one.market, one.weight) for one in core.instances] == [
        ("m5.2xlarge", "ON_DEMAND", 4),
        ("m5.2xlarge", "ON_DEMAND", 4),
        ("m5.2xlarge", "SPOT", 4),
    ]
    assert (core.provisioned("ON_DEMAND"), core.provisioned("SPOT")) == (8, 4)


@in_a_slow_world()
async def test_a_fleet_shrinks_as_far_as_its_target_stays_met(world: SmallWorld) -> None:
    types = [{"InstanceType": "m5.2xlarge", "WeightedCapacity": 4}]
    cluster = await ready(world, **fleet_cluster(fleet(on_demand=12, InstanceTypeConfigs=types)))
    core = cluster.fleets[1]
    change = {"InstanceFleetId": core.id, "TargetOnDemandCapacity": 5}
    await world.call("ModifyInstanceFleet", ClusterId=cluster.id, InstanceFleet=change)
    assert core.state.value == "RESIZING"
    await world.clock.advance(10)
    assert (core.state.value, core.provisioned("ON_DEMAND"), states(core)[-1]) == ("RUNNING", 8, "TERMINATED")


@in_a_slow_world(spot=1)
async def test_spot_instances_that_do_not_come_in_time_become_on_demand(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(**fleet_cluster(fleet(spot=3, **spot_timeout("SWITCH_TO_ON_DEMAND"))))
    core = cluster.fleets[1]
    await world.clock.advance(299)
    assert (state(cluster), states(core)) == ("STARTING", ["PROVISIONING"] + ["AWAITING_FULFILLMENT"] * 2)
    await world.clock.advance(30)
    assert state(cluster) == "WAITING"
    assert (core.provisioned("ON_DEMAND"), core.provisioned("SPOT")) == (2, 1)
    assert core.target == {"ON_DEMAND": 0, "SPOT": 3}
    change = {"InstanceFleetId": core.id, "TargetSpotCapacity": 1}
    await world.call("ModifyInstanceFleet", ClusterId=cluster.id, InstanceFleet=change)
    await world.clock.advance(10)
    assert (core.provisioned("ON_DEMAND"), core.provisioned("SPOT")) == (0, 1)


@in_a_slow_world(spot=1)
async def test_spot_instances_that_do_not_come_in_time_end_the_cluster(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(**fleet_cluster(fleet(spot=3, **spot_timeout("TERMINATE_CLUSTER", 10))))
    await world.clock.advance(599)
    assert state(cluster) == "STARTING"
    await world.clock.advance(20)
    assert state(cluster) == "TERMINATED_WITH_ERRORS"
    assert cluster.end is not None
    assert cluster.end.code == "INSTANCE_FLEET_TIMEOUT"
    assert "2 units for the CORE instance fleet" in cluster.end.message
    assert world.lifecycles.market.taken == 0


@in_a_slow_world(spot=1)
async def test_a_resize_that_runs_into_its_timeout_suspends_the_fleet(world: SmallWorld) -> None:
    slow = {"SpotResizeSpecification": {"TimeoutDurationMinutes": 5}}
    cluster = await ready(world, **fleet_cluster(fleet(on_demand=1, ResizeSpecifications=slow)))
    core = cluster.fleets[1]
    change = {"InstanceFleetId": core.id, "TargetSpotCapacity": 3}
    await world.call("ModifyInstanceFleet", ClusterId=cluster.id, InstanceFleet=change)
    await world.clock.advance(299)
    assert (core.state.value, core.provisioned("SPOT"), len(core.awaiting)) == ("RESIZING", 1, 2)
    await world.clock.advance(1)
    assert (core.state.value, core.provisioned("SPOT"), core.awaiting) == ("SUSPENDED", 1, [])
    assert core.suspended is not None
    assert "2 units" in core.suspended
    assert state(cluster) == "WAITING"
    await world.call("ModifyInstanceFleet", ClusterId=cluster.id, InstanceFleet={**change, "TargetSpotCapacity": 1})
    assert core.state.value == "RUNNING"


@in_a_slow_world(spot=2)
async def test_spot_instances_that_are_given_back_go_to_who_waits(world: SmallWorld) -> None:
    first = await ready(world, **group_cluster(CORE, TASK))
    second = await ready(world, **group_cluster(CORE, TASK))
    assert states(second.groups[2]) == ["AWAITING_FULFILLMENT"] * 2
    await resize(world, first, first.groups[2], InstanceCount=1)
    await world.clock.advance(20)
    assert states(second.groups[2]) == ["RUNNING", "AWAITING_FULFILLMENT"]
    assert second.groups[2].state.value == "PROVISIONING"
    await world.call("TerminateJobFlows", JobFlowIds=[first.id])
    await world.clock.advance(20)
    assert (states(second.groups[2]), second.groups[2].state.value) == (["RUNNING"] * 2, "RUNNING")


FLEET_EVENTS = st.one_of(
    st.tuples(st.just("target"), st.integers(1, 2), st.integers(0, 6), st.integers(0, 6)),
    st.tuples(st.just("types"), st.integers(1, 2), st.sampled_from(["a", "b"])),
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 10, 60, 400])),
)


@settings(max_examples=100, deadline=None)
@given(
    events=st.lists(FLEET_EVENTS, min_size=3, max_size=15),
    spot=st.sampled_from([0, 1, 4, None]),
    action=st.sampled_from(["SWITCH_TO_ON_DEMAND", "TERMINATE_CLUSTER"]),
    first=st.tuples(st.integers(1, 5), st.integers(0, 5)),
)
def test_any_schedule_of_changes_keeps_fleets_to_their_state_machines(
    events: list[tuple[Any, ...]], spot: int | None, action: str, first: tuple[int, int]
) -> None:
    async def scenario() -> None:
        world = SmallWorld(SLOW, SpotMarket(spot))
        resize = {"ResizeSpecifications": {"SpotResizeSpecification": {"TimeoutDurationMinutes": 5}}}
        more = {**spot_timeout(action), **resize}
        asked = [fleet(role, on_demand=first[0], spot=first[1], **more) for role in ("CORE", "TASK")]
        cluster = await world.run_job_flow(**fleet_cluster(*asked))
        for kind, *rest in [*events, ("pass", 400), ("pass", 400)]:
            if kind == "pass":
                await world.clock.advance(rest[0])
            else:
                change: dict[str, Any] = {"InstanceFleetId": cluster.fleets[rest[0]].id}
                if kind == "target":
                    change |= {"TargetOnDemandCapacity": rest[1], "TargetSpotCapacity": rest[2]}
                else:
                    change["InstanceTypeConfigs"] = [
                        {"InstanceType": "m5.xlarge", "Configurations": [spark(x=rest[1])]}
                    ]
                with contextlib.suppress(Refused):
                    await world.call("ModifyInstanceFleet", ClusterId=cluster.id, InstanceFleet=change)
            check_fleets(world, cluster)
        if cluster.end is None:
            assert {one.state.value for one in cluster.fleets} <= {"RUNNING", "SUSPENDED"}
            for one in cluster.fleets:
                assert one.provisioned("ON_DEMAND") == one.wanted("ON_DEMAND")
                assert one.suspended or one.provisioned("SPOT") == one.wanted("SPOT")
        await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
        await world.clock.advance(100)
        assert cluster.state.finished
        assert world.lifecycles.market.taken == 0
        await world.lifecycles.close()

    with recorded_faults() as faults:
        asyncio.run(scenario())
    assert faults == []


def check_fleets(world: SmallWorld, cluster: Cluster) -> None:
    everyone = [instance for one in cluster.fleets for instance in one.instances]
    taken = [one for one in everyone if one.market == "SPOT" and one.ec2_id and not one.ended]
    assert len(taken) == world.lifecycles.market.taken
    assert world.lifecycles.market.limit is None or len(taken) <= world.lifecycles.market.limit
    assert all((instance.ended is not None) == (instance.state.value == "TERMINATED") for instance in everyone)


# --- configurations


def spark(**properties: str) -> dict[str, Any]:
    return {"Classification": "spark-defaults", "Properties": properties}


@in_a_slow_world()
async def test_configurations_of_the_primary_group_hold_for_steps_when_they_are_applied(world: SmallWorld) -> None:
    primary = {**MASTER, "Configurations": [spark(b="group")]}
    request = {"InstanceGroups": [primary], "KeepJobFlowAliveWhenNoSteps": True}
    cluster = await ready(world, Instances=request, Configurations=[spark(a="cluster", b="cluster")])
    assert list(world.runner.setups[-1].configurations) == [spark(a="cluster", b="cluster"), spark(b="group")]
    group = cluster.groups[0]
    await resize(world, cluster, group, Configurations=[spark(b="new")])
    assert (group.state.value, group.version, group.applied) == ("RECONFIGURING", 1, 0)
    await world.clock.advance(9)
    assert list(world.runner.setups[-1].configurations)[-1] == spark(b="group")
    await world.clock.advance(1)
    assert (group.state.value, group.version, group.applied) == ("RUNNING", 1, 1)
    assert list(world.runner.setups[-1].configurations)[-1] == spark(b="new")
    assert world.runner.setups[-1].primary_instance_id == group.instances[0].ec2_id


@in_a_slow_world()
async def test_a_resize_and_a_reconfiguration_wait_for_each_other(world: SmallWorld) -> None:
    cluster = await ready(world, **group_cluster(CORE))
    core = cluster.groups[1]
    await resize(world, cluster, core, InstanceCount=3)
    await resize(world, cluster, core, Configurations=[spark(a="1")])
    seen = [core.state.value]
    await world.clock.advance(10)
    await resize(world, cluster, core, InstanceCount=4)
    seen.append(core.state.value)
    assert len(core.instances) == 3
    await world.clock.advance(10)
    seen.append(core.state.value)
    await world.clock.advance(10)
    seen.append(core.state.value)
    assert seen == ["RESIZING", "RECONFIGURING", "RESIZING", "RUNNING"]
    assert (len(core.instances), core.applied) == (4, 1)


@in_a_slow_world(spot=0)
async def test_a_fleet_that_comes_up_while_it_shrinks_is_reconfigured_after_that(world: SmallWorld) -> None:
    cluster = await ready(world, **fleet_cluster(fleet(on_demand=1), fleet("TASK", on_demand=1, spot=1)))
    task = cluster.fleets[2]
    assert task.state.value == "PROVISIONING"
    change = {"TargetOnDemandCapacity": 0, "TargetSpotCapacity": 0}
    types = [{"InstanceType": "m5.xlarge", "Configurations": [spark(a="1")]}]
    await world.call(
        "ModifyInstanceFleet",
        ClusterId=cluster.id,
        InstanceFleet={"InstanceFleetId": task.id, **change, "InstanceTypeConfigs": types},
    )
    seen = []
    for _ in range(3):
        seen.append(task.state.value)
        await world.clock.advance(10)
    assert seen == ["RESIZING", "RECONFIGURING", "RUNNING"]
    assert states(task) == ["TERMINATED"] * 2


def test_merging_adds_and_outranks() -> None:
    env = {"Classification": "hadoop-env", "Configurations": [{"Classification": "export", "Properties": {"A": "1"}}]}
    new = {"Classification": "hadoop-env", "Configurations": [{"Classification": "export", "Properties": {"B": "2"}}]}
    (first, second) = merged([spark(a="1", b="1"), env], [spark(b="2"), new])
    assert first["Properties"] == {"a": "1", "b": "2"}
    assert second["Configurations"][0]["Properties"] == {"A": "1", "B": "2"}


@in_a_slow_world()
async def test_other_configurations_of_types_in_use_reconfigure_a_fleet(world: SmallWorld) -> None:
    cluster = await ready(world, **fleet_cluster(fleet(on_demand=1)))
    primary, core = cluster.fleets
    for one, reconfigured in (
        (core, [{"InstanceType": "m5.xlarge", "Configurations": [spark(a="1")]}]),
        (primary, None),
    ):
        types = reconfigured or [{"InstanceType": "m5.xlarge"}, {"InstanceType": "m5.2xlarge"}]
        await world.call(
            "ModifyInstanceFleet",
            ClusterId=cluster.id,
            InstanceFleet={"InstanceFleetId": one.id, "InstanceTypeConfigs": types},
        )
        assert one.state.value == ("RECONFIGURING" if reconfigured else "RUNNING")
        assert one.type_configs == types


# --- policies

POLICY = {
    "Constraints": {"MinCapacity": 1, "MaxCapacity": 3},
    "Rules": [
        {
            "Name": "out",
            "Action": {"SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 1}},
            "Trigger": {
                "CloudWatchAlarmDefinition": {
                    "ComparisonOperator": "LESS_THAN",
                    "MetricName": "YARNMemoryAvailablePercentage",
                    "Period": 300,
                    "Threshold": 15.0,
                }
            },
        }
    ],
}


@in_a_slow_world()
async def test_an_automatic_scaling_policy_is_attached_and_detached(world: SmallWorld) -> None:
    cluster = await ready(world, AutoScalingRole="r", **group_cluster(CORE))
    core = cluster.groups[1]
    answer = await world.call(
        "PutAutoScalingPolicy", ClusterId=cluster.id, InstanceGroupId=core.id, AutoScalingPolicy=POLICY
    )
    assert answer["AutoScalingPolicy"]["Status"]["State"] == "PENDING"
    assert answer["AutoScalingPolicy"]["Rules"] == POLICY["Rules"]
    seen = []
    for _ in range(2):
        seen.append(core.auto_scaling and core.auto_scaling.state.value)
        await world.clock.advance(10)
    await world.call("RemoveAutoScalingPolicy", ClusterId=cluster.id, InstanceGroupId=core.id)
    for _ in range(2):
        seen.append(core.auto_scaling and core.auto_scaling.state.value)
        await world.clock.advance(10)
    assert seen == ["ATTACHING", "ATTACHED", "DETACHING", None]
    assert len(core.instances) == 2


# --- edges


def test_every_state_has_edges_and_the_last_have_none() -> None:
    assert COLLECTION_TRANSITIONS.keys() == set(CollectionState)
    assert INSTANCE_TRANSITIONS.keys() == set(InstanceState)
    assert [one for one, edges in COLLECTION_TRANSITIONS.items() if not edges] == [CollectionState.TERMINATED]
    assert [one for one, edges in INSTANCE_TRANSITIONS.items() if not edges] == [InstanceState.TERMINATED]


@in_a_slow_world()
async def test_a_move_along_no_edge_is_a_fault(world: SmallWorld) -> None:
    cluster = await ready(world)
    (group,) = cluster.groups
    with pytest.raises(IllegalTransition, match=r"ig-\w+: RUNNING -> BOOTSTRAPPING"):
        group.move(CollectionState.BOOTSTRAPPING, world.clock.now())
    with pytest.raises(IllegalTransition, match=r"instance ci-\w+: RUNNING -> PROVISIONING"):
        group.instances[0].move(InstanceState.PROVISIONING, world.clock.now())


@in_a_slow_world()
async def test_a_cluster_that_ends_while_it_bootstraps_takes_its_instances_along(world: SmallWorld) -> None:
    action = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/b.sh"}}
    cluster = await world.run_job_flow(BootstrapActions=[action], **group_cluster(CORE, TASK))
    await world.clock.advance(10)
    assert state(cluster) == "BOOTSTRAPPING"
    await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
    await world.clock.advance(10)
    world.runner.end(f"{cluster.id} b", COMPLETED)
    await settle()
    assert state(cluster) == "TERMINATED"
    assert {one.state.value for group in cluster.groups for one in group.instances} == {"TERMINATED"}
    assert world.lifecycles.market.taken == 0
