"""A job is run once for each key, whatever dies on the way, whichever answer is lost, and whoever uses the cluster."""

from __future__ import annotations

import pytest

from tests.integration.faults.conftest import Account, comes_true
from tests.integration.faults.tasks import create_task, neighbour_of, step_task, terminate_task
from tests.integration.faults.world import Ending, KilledAt, Task


def ran_beside(account: Account, cluster: str, ending: Ending, neighbour: Task) -> bool:
    """Whether a task and its neighbour, which waits for its step, have had a step each, and it ran to success once."""
    assert neighbour.deferral is not None
    assert ending.value["step_id"] != neighbour.deferral[1]["job"]["step_id"], "the task took over its neighbour's step"
    return comes_true(lambda: [state for _, state in account.steps(cluster)] == ["COMPLETED"] * 2) and list(
        account.completed(cluster).values()
    ) == [1, 1]


STEP_KILLS = [
    KilledAt("DescribeCluster"),
    KilledAt("AddJobFlowSteps", answered=False),
    KilledAt("AddJobFlowSteps"),
    KilledAt("ListSteps"),
    KilledAt("ListSteps", 2),
]


@pytest.mark.parametrize("at", STEP_KILLS, ids=str)
@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "waiting"])
def test_a_step_whose_process_is_killed_runs_once(
    account: Account, standing: str, at: KilledAt, deferrable: bool
) -> None:
    task = step_task(standing, "sleep 0.3", deferrable=deferrable)
    neighbour = neighbour_of(task, standing, "sleep 0.1")
    task.run(at)
    assert neighbour.start().state == "deferred"
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    assert ran_beside(account, standing, ending, neighbour), account.steps(standing)


CREATE_KILLS = [
    KilledAt("RunJobFlow", answered=False),
    KilledAt("RunJobFlow"),
    KilledAt("DescribeCluster"),
    KilledAt("DescribeCluster", 2),
]


@pytest.mark.parametrize("at", CREATE_KILLS, ids=str)
def test_a_cluster_whose_creator_is_killed_is_made_once_and_goes(account: Account, name: str, at: KilledAt) -> None:
    task = create_task(name)
    task.run(at)
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    assert account.clusters(name) == [ending.value]
    assert terminate_task(ending.value).run().state == "success"
    assert account.clusters(name, alive=True) == []


@pytest.fixture
def airflow_gives_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that stands still is followed by another after no time, so that nothing holds for a minute."""
    monkeypatch.setattr("airflow_emr_pipelines.hooks.sending.STALE_SECONDS", 0.0)


@pytest.mark.usefixtures("airflow_gives_up_at_once")
@pytest.mark.parametrize("at", [KilledAt("DescribeCluster"), KilledAt("AddJobFlowSteps")], ids=str)
@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "waiting"])
def test_two_tries_that_are_alive_at_once_run_one_step(
    account: Account, standing: str, at: KilledAt, deferrable: bool
) -> None:
    task = step_task(standing, "sleep 0.3", deferrable=deferrable)
    neighbour = neighbour_of(task, standing, "sleep 0.1")
    go_on = task.stand_still(at)
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    assert neighbour.start().state == "deferred"
    assert go_on().state == ("deferred" if deferrable else "success"), task.log
    assert ran_beside(account, standing, ending, neighbour), account.steps(standing)


@pytest.mark.usefixtures("airflow_gives_up_at_once")
@pytest.mark.parametrize("at", [KilledAt("ListClusters"), KilledAt("RunJobFlow")], ids=str)
def test_two_tries_that_are_alive_at_once_make_one_cluster(account: Account, name: str, at: KilledAt) -> None:
    task = create_task(name)
    task.run(KilledAt("RunJobFlow", answered=False))
    go_on = task.stand_still(at)
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    late = go_on()
    assert (late.state, late.value) == ("success", ending.value), task.log
    assert account.clusters(name) == [ending.value]
    assert terminate_task(ending.value).run().state == "success"


@pytest.mark.parametrize("kind", ["lose_answer", "drop", "error"])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_lost_answers_make_no_second_step(account: Account, standing: str, kind: str, times: int) -> None:
    task = step_task(standing)
    neighbour = neighbour_of(task, standing, "sleep 0.1")
    assert neighbour.start().state == "deferred"
    account.fault("AddJobFlowSteps", kind, times=times)
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    assert ran_beside(account, standing, ending, neighbour), account.steps(standing)


def test_a_step_waits_for_room_on_a_cluster_that_has_as_many_as_emr_takes(account: Account, standing: str) -> None:
    full = "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."
    account.fault("AddJobFlowSteps", "error", times=3, code="ValidationException", message=full, status=400)
    task = step_task(standing, retries=0)
    assert task.run().state == "success", task.log


@pytest.mark.parametrize("operation", ["DescribeCluster", "ListSteps"])
def test_trouble_that_lasts_before_a_step_is_added_fails_no_task(
    account: Account, standing: str, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    task = step_task(standing, retries=1)
    task.start(KilledAt("AddJobFlowSteps"))
    account.fault(operation, "error", times=5)
    assert task.run().state == "success", task.log
    assert list(account.completed(standing).values()) == [1]


@pytest.mark.parametrize("kind", ["lose_answer", "drop", "error"])
def test_lost_answers_make_no_second_cluster(account: Account, name: str, kind: str) -> None:
    account.fault("RunJobFlow", kind, times=2)
    task = create_task(name)
    ending = task.run_to_the_end()
    assert ending.state == "success", task.log
    assert account.clusters(name) == [ending.value]
    assert terminate_task(ending.value).run().state == "success"
