"""What a cluster allows: changes until its end is asked for, and figures up to the bounds that EMR has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.aws.errors import NOT_MODIFIABLE, Refused
from airflow_emr_pipelines.emulator.ec2.lifecycle import Delays
from tests.unit.emulator.ec2.small_world import PRIMARY, SmallWorld, state, step
from tests.unit.emulator.ec2.test_lifecycle import in_a_small_world

CORE = {**PRIMARY, "InstanceRole": "CORE"}
CHANGES: dict[str, dict[str, Any]] = {
    "AddJobFlowSteps": {"Steps": [step()]},
    "AddInstanceGroups": {"InstanceGroups": [CORE]},
    "CancelSteps": {"StepIds": ["s-1"]},
    "ModifyCluster": {"StepConcurrencyLevel": 2},
    "PutManagedScalingPolicy": {"ManagedScalingPolicy": {}},
    "SetTerminationProtection": {"TerminationProtected": True},
    "AddTags": {"Tags": [{"Key": "a", "Value": "b"}]},
}


@pytest.mark.parametrize("operation", CHANGES)
def test_a_cluster_that_was_asked_to_end_is_not_changed_though_it_has_not_begun_to(operation: str) -> None:
    async def scenario() -> None:
        world = SmallWorld()
        cluster = await world.run_job_flow()
        await world.clock.advance(0)
        named = {"JobFlowId": cluster.id, "JobFlowIds": [cluster.id], "ClusterId": cluster.id, "ResourceId": cluster.id}

        async def change() -> None:
            assert (state(cluster), cluster.end is not None) == ("WAITING", True), "both came in the same moment"
            with pytest.raises(Refused, match="shutting down, terminated, or finished may not be modified"):
                await world.call(operation, **named, **CHANGES[operation])

        await asyncio.gather(world.call("TerminateJobFlows", JobFlowIds=[cluster.id]), change())
        assert (cluster.steps, cluster.tags, cluster.step_concurrency, cluster.protected) == ([], {}, 1, False)

    asyncio.run(scenario())


def test_groups_and_fleets_are_changed_of_a_cluster_that_runs_alone() -> None:
    types = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
    fleets = [{"InstanceFleetType": role, "TargetOnDemandCapacity": 1, **types} for role in ("MASTER", "CORE")]

    async def scenario() -> None:
        world = SmallWorld(Delays(10, 10, 10, 0))
        groups = await world.run_job_flow(groups=[PRIMARY, CORE])
        fleet = await world.run_job_flow(Instances={"InstanceFleets": fleets, "KeepJobFlowAliveWhenNoSteps": True})
        group_change = {"InstanceGroupId": groups.groups[1].id, "InstanceCount": 2}
        fleet_change = {"InstanceFleetId": fleet.fleets[1].id, "TargetOnDemandCapacity": 2}

        async def change() -> list[str]:
            said = []
            for operation, asked in (
                ("ModifyInstanceGroups", {"InstanceGroups": [group_change]}),
                ("ModifyInstanceGroups", {"ClusterId": groups.id, "InstanceGroups": [group_change]}),
                ("ModifyInstanceFleet", {"ClusterId": fleet.id, "InstanceFleet": fleet_change}),
            ):
                try:
                    await world.call(operation, **asked)
                except Refused as refused:
                    said.append(str(refused))
            return said

        of = "An instance {} may only be modified when the cluster is running or waiting."
        for expected in ("STARTING", "BOOTSTRAPPING"):
            assert (state(groups), state(fleet)) == (expected, expected)
            assert await change() == [of.format("group"), of.format("group"), of.format("fleet")]
            await world.clock.advance(10)
        assert (state(groups), await change()) == ("WAITING", [])
        assert (groups.groups[1].count, fleet.fleets[1].target["ON_DEMAND"]) == (2, 2)
        await world.call("TerminateJobFlows", JobFlowIds=[groups.id, fleet.id])
        for expected in ("TERMINATING", "TERMINATED"):
            assert state(groups) == expected
            assert await change() == [of.format("group"), of.format("group"), NOT_MODIFIABLE]
            await world.clock.advance(10)
        await world.lifecycles.close()

    asyncio.run(scenario())


@in_a_small_world
async def test_a_cluster_runs_one_to_256_steps_at_once(world: SmallWorld) -> None:
    cluster = await world.run_job_flow()
    for level in (1, 256):
        answer = await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=level)
        assert answer["StepConcurrencyLevel"] == level
    for level in (0, 257):
        with pytest.raises(Refused, match=f"between 1 and 256, not {level}"):
            await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=level)
    assert cluster.step_concurrency == 256


@in_a_small_world
async def test_a_cluster_is_idle_for_a_minute_to_a_week(world: SmallWorld) -> None:
    cluster = await world.run_job_flow()

    async def put(seconds: int) -> None:
        await world.call(
            "PutAutoTerminationPolicy", ClusterId=cluster.id, AutoTerminationPolicy={"IdleTimeout": seconds}
        )

    for seconds in (604_800, 60):
        await put(seconds)
        assert cluster.idle_timeout == seconds
    for seconds in (59, 604_801):
        with pytest.raises(Refused, match="between 60 and 604800"):
            await put(seconds)
    assert cluster.idle_timeout == 60


@in_a_small_world
async def test_a_group_has_up_to_2000_instances(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(groups=[PRIMARY, {**CORE, "InstanceCount": 2000}])
    assert cluster.groups[1].count == 2000
    with pytest.raises(Refused, match="0 to 2,000 instances"):
        await world.run_job_flow(groups=[PRIMARY, {**CORE, "InstanceCount": 2001}])
    change = {"InstanceGroupId": cluster.groups[1].id, "InstanceCount": 2001}
    with pytest.raises(Refused, match="0 to 2,000 instances"):
        await world.call("ModifyInstanceGroups", ClusterId=cluster.id, InstanceGroups=[change])
    assert cluster.groups[1].count == 2000


@in_a_small_world
async def test_instances_are_told_by_pages_of_2000(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(groups=[PRIMARY, {**CORE, "InstanceCount": 2000}])
    first = await world.call("ListInstances", ClusterId=cluster.id)
    second = await world.call("ListInstances", ClusterId=cluster.id, Marker=first["Marker"])
    assert (len(first["Instances"]), len(second["Instances"]), second["Marker"]) == (2000, 1, None)
