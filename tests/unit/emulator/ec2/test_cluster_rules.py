"""What a cluster allows: changes until its end is asked for, and figures up to the bounds that EMR has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.aws.errors import Refused
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
