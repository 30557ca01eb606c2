"""Any schedule of faults, kills, retries and clears: each key runs to success at most once, and no cluster is left."""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from airflow_emr_pipelines.specs.values.keys import OF_TASK
from tests.integration.faults.conftest import Account
from tests.integration.faults.tasks import create_task, neighbour_of, step_task, terminate_task
from tests.integration.faults.world import Ending, KilledAt, Task

SCHEDULES = int(os.environ.get("FAULT_SCHEDULES", "6"))
"""How many are drawn; `make soak` draws more."""
STEPS = 8
FOR_EVER = 1000
"""Retries: whether there are any left is not what is looked at here."""

CALLS = (
    "RunJobFlow",
    "AddJobFlowSteps",
    "DescribeCluster",
    "ListClusters",
    "ListSteps",
    "CancelSteps",
    "TerminateJobFlows",
)
kills = st.one_of(
    st.none(), st.builds(KilledAt, st.sampled_from(CALLS), number=st.integers(1, 3), answered=st.booleans())
)
neighbours = st.integers(0, 1)
kinds = st.sampled_from(["throttle", "error", "drop", "lose_answer"])


class Pipeline(RuleBasedStateMachine):
    """A cluster's creation, two tasks with a step each on it, and its termination."""

    account: Account

    def __init__(self) -> None:
        super().__init__()
        self.name = f"any-{uuid.uuid4().hex[:8]}"
        self.create = create_task(self.name, retries=FOR_EVER)
        self.cluster_id: str | None = None
        self.steps: list[Task] = []
        self.done: dict[int, Ending] = {}

    @rule(operation=st.sampled_from(CALLS), kind=kinds, times=st.integers(1, 3), skip=st.integers(0, 2))
    def fault(self, operation: str, kind: str, times: int, skip: int) -> None:
        self.account.fault(operation, kind, times=times, skip=skip)

    @precondition(lambda self: self.cluster_id is None)
    @rule(kill=kills)
    def try_to_create(self, kill: KilledAt | None) -> None:
        ending = self.create.run(kill)
        if ending.state == "success":
            self.cluster_id = ending.value
            one = step_task(ending.value, "sleep 0.1", retries=FOR_EVER)
            self.steps = [one, neighbour_of(one, ending.value, "sleep 0.1")]

    @precondition(lambda self: self.steps)
    @rule(which=neighbours, kill=kills)
    def try_a_step(self, which: int, kill: KilledAt | None) -> None:
        if which not in self.done:
            ending = self.steps[which].run(kill)
            if ending.state == "success":
                self.done[which] = ending

    @precondition(lambda self: self.steps)
    @rule(which=neighbours, ended=st.sampled_from(["by a user", "in the gap"]), run_is_over=st.booleans())
    def clear_a_step_while_it_is_deferred(self, which: int, ended: str, run_is_over: bool) -> None:
        if which not in self.done:
            if self.steps[which].start().state == "deferred" and ended == "by a user":
                self.steps[which].end_by_user()
            self.steps[which].clear(run_is_over=run_is_over)

    @precondition(lambda self: self.done)
    @rule(which=neighbours)
    def clear_a_step_that_succeeded(self, which: int) -> None:
        if self.done.pop(which, None):
            self.steps[which].clear()

    @precondition(lambda self: self.cluster_id is None)
    @rule()
    def clear_the_creation_while_it_is_deferred(self) -> None:
        self.create.start()
        self.create.clear()

    @invariant()
    def each_key_runs_to_success_at_most_once(self) -> None:
        for cluster in self.account.clusters(self.name):
            completed = self.account.completed(cluster)
            assert all(times == 1 for times in completed.values()), (completed, self.story())

    @invariant()
    def no_two_steps_of_a_task_run_at_the_same_time(self) -> None:
        for cluster in self.account.clusters(self.name):
            steps = self.account.steps(cluster)
            tasks = [key[:OF_TASK] for key, state in steps if state in ("PENDING", "RUNNING")]
            assert len(tasks) == len(set(tasks)), (steps, self.story())

    @invariant()
    def no_task_takes_its_neighbours_step_for_its_own(self) -> None:
        taken = [ending.value["step_id"] for ending in self.done.values()]
        assert len(taken) == len(set(taken)), self.story()

    def teardown(self) -> None:
        """The service is well again: the run goes on to its end, and its teardown runs."""
        self.account.well()
        while self.cluster_id is None:
            self.try_to_create(None)
        for which in range(2):
            while which not in self.done:
                self.try_a_step(which, None)
        self.each_key_runs_to_success_at_most_once()
        self.no_task_takes_its_neighbours_step_for_its_own()
        assert account_alive(self.account, self.name) == [self.cluster_id], self.story()
        assert terminate_task(self.cluster_id).run_to_the_end().state == "success", self.story()
        assert account_alive(self.account, self.name) == [], self.story()

    def story(self) -> str:
        return "\n".join([*self.create.log, *(line for step in self.steps for line in step.log)])


def account_alive(account: Account, name: str) -> list[str]:
    return account.clusters(name, alive=True)


@pytest.fixture
def pipeline(account: Account, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", "faults")
    return type("Pipeline", (Pipeline,), {"account": account})


@pytest.mark.timeout(0)
def test_any_schedule_keeps_the_promises(pipeline: Any) -> None:
    run_state_machine_as_test(
        pipeline,
        settings=settings(
            max_examples=SCHEDULES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
