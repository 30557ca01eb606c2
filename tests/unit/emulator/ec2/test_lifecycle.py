"""A cluster's life by the clock: delays, idle ends, and faults of the emulator itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from airflow_emr_pipelines.emulator.aws.transitions import IllegalTransition
from airflow_emr_pipelines.emulator.ec2.lifecycle import Delays
from airflow_emr_pipelines.emulator.ec2.model import CLUSTER_TRANSITIONS, STEP_TRANSITIONS, Cluster
from airflow_emr_pipelines.emulator.ec2.responses import cluster_response, step_summary
from airflow_emr_pipelines.emulator.server import RESET
from airflow_emr_pipelines.specs.ec2.states import ClusterState, StepState
from tests.unit.emulator.ec2.small_world import COMPLETED, FAILED, PRIMARY, SmallWorld, settle, state, step

C, S = ClusterState, StepState


def in_a_small_world(test: Callable[[SmallWorld], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def world() -> None:
            small = SmallWorld()
            await test(small)
            await small.lifecycles.close()

        asyncio.run(world())

    return run


def of_idleness(cluster: Cluster) -> bool:
    return cluster.end is not None and "idle seconds" in cluster.end.message


def test_a_cluster_stays_in_its_states_as_long_as_it_is_told() -> None:
    async def scenario() -> None:
        world = SmallWorld(Delays(start=10, bootstrap=20, terminate=30))
        cluster = await world.run_job_flow()
        seen = []
        for _ in range(4):
            seen.append(state(cluster))
            await world.clock.advance(10)
        assert seen == ["STARTING", "BOOTSTRAPPING", "BOOTSTRAPPING", "WAITING"]
        await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
        await world.clock.advance(29)
        assert state(cluster) == "TERMINATING"
        await world.clock.advance(1)
        assert state(cluster) == "TERMINATED"
        assert cluster.ready is not None
        assert cluster.ended is not None
        assert (cluster.ready - cluster.created).total_seconds() == 30
        assert (cluster.ended - cluster.created).total_seconds() == 70

    asyncio.run(scenario())


def test_a_cluster_that_ends_by_itself_runs_on_after_its_last_step_as_long_as_it_is_told() -> None:
    async def scenario() -> None:
        world = SmallWorld(Delays(0, 0, 0, 0, end=40))
        cluster = await world.run_job_flow(step(), keep_alive=False)
        await world.end(cluster.steps[0], COMPLETED)
        await world.clock.advance(39)
        assert state(cluster) == "RUNNING"
        await world.call("AddJobFlowSteps", JobFlowId=cluster.id, Steps=[step()])
        await world.end(cluster.steps[1], FAILED)
        await world.clock.advance(39)
        assert (state(cluster), state(cluster.steps[1])) == ("RUNNING", "FAILED")
        await world.clock.advance(1)
        assert (state(cluster), cluster.end and cluster.end.message) == ("TERMINATED", "Steps completed with errors")
        without_steps = await world.run_job_flow(keep_alive=False)
        await world.clock.advance(39)
        assert state(without_steps) == "RUNNING"
        await world.clock.advance(1)
        assert state(without_steps) == "TERMINATED"
        await world.lifecycles.close()

    asyncio.run(scenario())


def test_the_end_does_not_wait_for_the_start() -> None:
    async def scenario() -> None:
        world = SmallWorld(Delays(start=1000, bootstrap=1000, terminate=0))
        starting, bootstrapping = await world.run_job_flow(), await world.run_job_flow()
        await world.call("TerminateJobFlows", JobFlowIds=[starting.id])
        await world.clock.advance(0)
        assert (state(starting), starting.ready) == ("TERMINATED", None)
        await world.clock.advance(1000)
        assert state(bootstrapping) == "BOOTSTRAPPING"
        await world.call("TerminateJobFlows", JobFlowIds=[bootstrapping.id])
        await world.clock.advance(0)
        assert state(bootstrapping) == "TERMINATED"

    asyncio.run(scenario())


# --- idle ends


@in_a_small_world
async def test_an_idle_cluster_ends_after_its_timeout(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(0)
    await world.clock.advance(59)
    assert state(cluster) == "WAITING"
    await world.clock.advance(1)
    assert state(cluster) == "TERMINATED"
    assert of_idleness(cluster)
    assert world.runner.released == [cluster.id]


@in_a_small_world
async def test_the_default_timeout_is_an_hour_and_none_is_none(world: SmallWorld) -> None:
    hour, for_ever = await world.run_job_flow(AutoTerminationPolicy={}), await world.run_job_flow()
    await world.clock.advance(3599)
    assert state(hour) == "WAITING"
    await world.clock.advance(1_000_000)
    assert (state(hour), state(for_ever)) == ("TERMINATED", "WAITING")


@in_a_small_world
async def test_a_step_makes_a_cluster_busy_and_the_time_begins_anew(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(59)
    await world.call("AddJobFlowSteps", JobFlowId=cluster.id, Steps=[step()])
    assert state(cluster) == "RUNNING"
    await world.clock.advance(10_000)
    assert state(cluster) == "RUNNING"
    await world.end(cluster.steps[0], COMPLETED)
    assert state(cluster) == "WAITING"
    await world.clock.advance(59)
    assert state(cluster) == "WAITING"
    await world.clock.advance(1)
    assert state(cluster) == "TERMINATED"


@in_a_small_world
async def test_a_policy_that_comes_late_counts_the_idle_time_so_far(world: SmallWorld) -> None:
    cluster = await world.run_job_flow()
    await world.clock.advance(100)
    await world.call("PutAutoTerminationPolicy", ClusterId=cluster.id, AutoTerminationPolicy={"IdleTimeout": 160})
    await world.clock.advance(59)
    assert state(cluster) == "WAITING"
    await world.call("PutAutoTerminationPolicy", ClusterId=cluster.id, AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(0)
    assert state(cluster) == "TERMINATED"


@in_a_small_world
async def test_a_policy_that_is_removed_ends_nothing(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(30)
    await world.call("RemoveAutoTerminationPolicy", ClusterId=cluster.id)
    await world.clock.advance(100_000)
    assert state(cluster) == "WAITING"


@in_a_small_world
async def test_three_primary_instances_outrank_the_policy(world: SmallWorld) -> None:
    groups = [{**PRIMARY, "InstanceCount": 3}]
    cluster = await world.run_job_flow(groups=groups, keep_alive=False, AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(100_000)
    assert state(cluster) == "WAITING"


@in_a_small_world
async def test_a_transient_cluster_does_not_wait_for_its_timeout(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(step(), keep_alive=False, AutoTerminationPolicy={"IdleTimeout": 60})
    await world.clock.advance(0)
    await world.end(cluster.steps[0], COMPLETED)
    await world.clock.advance(0)
    assert state(cluster) == "TERMINATED"
    assert not of_idleness(cluster)


# --- what the emulator itself may fail at


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("what", ["prepare", "bootstrap"])
def test_a_cluster_that_cannot_be_prepared_ends_with_errors(what: str) -> None:
    async def scenario() -> None:
        world = SmallWorld()
        world.runner.breaks.add(what)
        action = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/b.sh"}}
        cluster = await world.run_job_flow(step(), BootstrapActions=[action])
        await world.clock.advance(0)
        assert state(cluster) == "TERMINATED_WITH_ERRORS"
        assert cluster.end is not None
        assert cluster.end.code == "INTERNAL_ERROR"
        assert f"no space left for {what}" in cluster.end.message
        assert state(cluster.steps[0]) == "CANCELLED"

    asyncio.run(scenario())


@in_a_small_world
async def test_a_step_that_cannot_be_run_fails_and_says_why(world: SmallWorld) -> None:
    world.runner.breaks.add("run")
    cluster = await world.run_job_flow(step(), step())
    await world.clock.advance(0)
    assert [state(one) for one in cluster.steps] == ["FAILED", "FAILED"]
    assert "no space left for run" in step_summary(cluster.steps[0])["Status"]["FailureDetails"]["Message"]
    assert state(cluster) == "WAITING"


# --- how many steps run at once


@in_a_small_world
async def test_as_many_steps_run_at_once_as_the_concurrency_says_and_the_next_starts_when_one_ends(
    world: SmallWorld,
) -> None:
    cluster = await world.run_job_flow(*[step()] * 4, StepConcurrencyLevel=2)

    def states() -> list[str]:
        return [state(one) for one in cluster.steps]

    await world.clock.advance(0)
    assert states() == ["RUNNING", "RUNNING", "PENDING", "PENDING"]
    await world.end(cluster.steps[1], COMPLETED)
    assert states() == ["RUNNING", "COMPLETED", "RUNNING", "PENDING"]
    await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=1)
    await world.end(cluster.steps[0], COMPLETED)
    assert states() == ["COMPLETED", "COMPLETED", "RUNNING", "PENDING"]
    await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=3)
    assert states() == ["COMPLETED", "COMPLETED", "RUNNING", "RUNNING"]


@in_a_small_world
async def test_a_failed_step_cancels_those_that_wait_only_where_no_other_runs(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(step("CANCEL_AND_WAIT"), step("CANCEL_AND_WAIT"), step(), step())
    await world.clock.advance(0)
    await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=2)
    await world.call("ModifyCluster", ClusterId=cluster.id, StepConcurrencyLevel=1)
    await world.end(cluster.steps[0], FAILED)
    assert [state(one) for one in cluster.steps] == ["FAILED", "RUNNING", "PENDING", "PENDING"]
    await world.end(cluster.steps[1], FAILED)
    assert [state(one) for one in cluster.steps] == ["FAILED", "FAILED", "CANCELLED", "CANCELLED"]
    assert state(cluster) == "WAITING"


# --- cancelling


@in_a_small_world
async def test_a_step_that_does_not_obey_is_cancel_pending_and_may_still_fail(world: SmallWorld) -> None:
    world.runner.obeys = False
    cluster = await world.run_job_flow(step("TERMINATE_CLUSTER"))
    await world.clock.advance(0)
    (only,) = cluster.steps
    await world.call("CancelSteps", ClusterId=cluster.id, StepIds=[only.id])
    assert (state(only), world.runner.cancelled) == ("CANCEL_PENDING", [(only.id, False)])
    await world.call("CancelSteps", ClusterId=cluster.id, StepIds=[only.id])
    assert state(only) == "CANCEL_PENDING"
    await world.end(only, FAILED)
    assert state(only) == "CANCELLED"
    assert state(cluster) == "WAITING"


@in_a_small_world
async def test_the_end_of_a_cluster_kills_what_does_not_obey(world: SmallWorld) -> None:
    world.runner.obeys = False
    cluster = await world.run_job_flow(step())
    await world.clock.advance(0)
    await world.call("CancelSteps", ClusterId=cluster.id, StepIds=[cluster.steps[0].id])
    await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
    await world.clock.advance(0)
    assert (state(cluster), state(cluster.steps[0])) == ("TERMINATED", "CANCELLED")
    assert world.runner.cancelled[-1] == (cluster.steps[0].id, True)


# --- what it costs


@in_a_small_world
async def test_normalized_hours_are_begun_hours_by_the_size_of_the_instances(world: SmallWorld) -> None:
    groups = [
        {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
        {"InstanceRole": "CORE", "InstanceType": "m4.large", "InstanceCount": 3},
    ]
    cluster = await world.run_job_flow(Instances={"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True})

    def hours() -> int:
        found: int = cluster_response(cluster, world.clock.now())["NormalizedInstanceHours"]
        return found

    await world.clock.advance(1)
    assert hours() == 8 + 3 * 4
    await world.clock.advance(3600)
    assert hours() == 2 * (8 + 3 * 4)
    await world.call("TerminateJobFlows", JobFlowIds=[cluster.id])
    await world.clock.advance(100_000)
    assert hours() == 2 * (8 + 3 * 4)


# --- edges


def test_every_state_has_edges_and_the_last_have_none() -> None:
    assert CLUSTER_TRANSITIONS.keys() == set(ClusterState)
    assert STEP_TRANSITIONS.keys() == set(StepState)
    assert {state for state, edges in CLUSTER_TRANSITIONS.items() if not edges} == {s for s in C if s.finished}
    assert {state for state, edges in STEP_TRANSITIONS.items() if not edges} == {s for s in S if s.finished}


@in_a_small_world
async def test_a_move_along_no_edge_is_a_fault(world: SmallWorld) -> None:
    cluster = await world.run_job_flow(step())
    await settle()
    with pytest.raises(IllegalTransition, match=r"step s-\w+: RUNNING -> PENDING"):
        cluster.steps[0].move(S.PENDING, world.clock.now())
    with pytest.raises(IllegalTransition, match=r"cluster j-\w+: RUNNING -> STARTING"):
        cluster.move(C.STARTING, world.clock.now())


def test_a_reset_ends_a_cluster_too_that_begins_while_it_waits() -> None:
    async def scenario() -> None:
        world = SmallWorld(Delays(0, 0, terminate=30))
        first = await world.run_job_flow()
        resetting = asyncio.ensure_future(world.lifecycles.end_all(RESET))
        await settle()
        assert state(first) == C.TERMINATING
        late = await world.run_job_flow()
        await world.clock.advance(30)
        assert state(first) == C.TERMINATED_WITH_ERRORS
        assert not resetting.done()
        await world.clock.advance(30)
        assert resetting.done()
        assert state(late) == C.TERMINATED_WITH_ERRORS

    asyncio.run(scenario())
