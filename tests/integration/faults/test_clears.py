"""A cleared task runs anew, and nothing of before goes on beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.faults.conftest import Account, comes_true
from tests.integration.faults.tasks import create_task, slow_then_quick, step_task, terminate_task
from tests.integration.faults.world import KilledAt


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a step makes when it has begun."""
    return tmp_path / "begun"


@pytest.mark.parametrize("told", [True, False], ids=["the trigger is told", "nobody is told"])
def test_a_clear_while_deferred_ends_the_old_step_before_the_new_one_starts(
    account: Account, standing: str, marker: Path, told: bool
) -> None:
    task = step_task(standing, slow_then_quick(marker))
    assert task.start().state == "deferred"
    assert comes_true(marker.exists)
    if told:
        task.end_by_user()
    task.clear()
    assert task.run().state == "success", task.log
    (old, new) = account.emr.list_steps(ClusterId=standing)["Steps"][::-1]
    assert [step["Status"]["State"] for step in (old, new)] == ["CANCELLED", "COMPLETED"]
    assert old["Status"]["Timeline"]["EndDateTime"] <= new["Status"]["Timeline"]["CreationDateTime"]


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", "faults")


@pytest.mark.usefixtures("deployment")
def test_what_a_killed_worker_left_running_ends_before_its_task_runs_anew_though_its_run_was_over(
    account: Account, standing: str, marker: Path
) -> None:
    task = step_task(standing, slow_then_quick(marker), retries=0, deferrable=False)
    assert task.start(KilledAt("ListSteps")).state == "killed"
    assert comes_true(marker.exists)
    task.clear(run_is_over=True)
    assert task.run().state == "success", task.log
    assert [state for _, state in account.steps(standing)] == ["CANCELLED", "COMPLETED"]


@pytest.mark.usefixtures("deployment")
def test_a_creation_that_is_cleared_after_its_run_was_over_ends_its_old_cluster(account: Account, name: str) -> None:
    task = create_task(name, retries=0)
    assert task.start(KilledAt("RunJobFlow")).state == "killed"
    task.clear(run_is_over=True)
    new = task.run()
    assert account.clusters(name, alive=True) == [new.value], task.log
    assert terminate_task(new.value).run().state == "success"


def test_a_run_of_the_same_name_in_another_airflow_is_left_alone(account: Account, standing: str) -> None:
    """Neither has a deployment id."""
    theirs, ours = step_task(standing, "sleep 1000"), step_task(standing)
    ours.run_id = theirs.run_id
    theirs.start()
    ours.run()
    ours.clear()
    assert ours.run().state == "success"
    assert [state for _, state in account.steps(standing)] == ["RUNNING", "COMPLETED", "COMPLETED"]


def test_the_kill_of_a_cleared_try_that_comes_late_leaves_the_new_step_alone(
    account: Account, standing: str, marker: Path
) -> None:
    task = step_task(standing, slow_then_quick(marker))
    task.start()
    assert comes_true(marker.exists)
    old = task.deferral
    task.clear()
    task.start()
    new, task.deferral = task.deferral, old
    task.end_by_user()
    task.deferral = new
    assert task.resume(task.watch().value).state == "success", task.log
    assert [state for _, state in account.steps(standing)] == ["CANCELLED", "COMPLETED"]


def test_a_cleared_success_and_a_cleared_failure_run_anew(account: Account, standing: str) -> None:
    task = step_task(standing, 'test -e "$HOME/twice" || { touch "$HOME/twice"; exit 3; }', retries=0)
    endings = []
    for _ in range(3):
        endings.append(task.run().state)
        task.clear()
    assert endings == ["failed", "success", "success"]
    keys = [key for key, _ in account.steps(standing)]
    assert [state for _, state in account.steps(standing)] == ["FAILED", "COMPLETED", "COMPLETED"]
    assert len(set(keys)) == 3


def test_a_retry_after_a_real_failure_runs_anew_under_its_key(account: Account, standing: str) -> None:
    task = step_task(standing, 'test -e "$HOME/third" || { touch "$HOME/third"; exit 3; }')
    assert task.run().state == "failed"
    assert task.run().state == "success"
    (first, second) = account.steps(standing)
    assert (first[1], second[1]) == ("FAILED", "COMPLETED")
    assert first[0] == second[0]


def test_a_cleared_creation_ends_its_old_cluster(account: Account, name: str) -> None:
    task = create_task(name)
    assert task.start().state == "deferred"
    (old,) = account.clusters(name)
    task.clear()
    new = task.run()
    assert new.state == "success", task.log
    assert new.value != old
    assert account.clusters(name, alive=True) == [new.value]
    assert terminate_task(new.value).run().state == "success"


def test_a_run_that_is_made_again_has_keys_of_its_own(account: Account, standing: str) -> None:
    first = step_task(standing)
    again = step_task(standing)
    again.run_id = first.run_id
    assert [task.run().state for task in (first, again)] == ["success", "success"]
    keys: Any = [key for key, _ in account.steps(standing)]
    assert len(set(keys)) == 2
