"""Nothing is left behind, however a task ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.faults.conftest import Account, comes_true
from tests.integration.faults.tasks import create_task, step_task, terminate_task

DEAF = "trap '' TERM; touch {}; while true; do sleep 0.1; done"


def test_a_step_that_is_deaf_to_the_interrupt_is_killed(
    account: Account, standing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__CANCEL_GRACE_SECONDS", "1")
    task = step_task(standing, DEAF.format(tmp_path / "deaf"))
    assert task.start().state == "deferred"
    assert comes_true((tmp_path / "deaf").exists)
    task.end_by_user()
    assert account.until_step_is(standing, "CANCELLED")


def test_such_a_step_is_killed_in_time_when_airflow_ends_the_worker_that_waits_for_it(
    account: Account, standing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.operators.waiting.GRACE_OF_A_KILLED_TASK", 0.5)
    task = step_task(standing, DEAF.format(tmp_path / "deaf"), deferrable=False)
    task.end_in_the_worker((tmp_path / "deaf").exists)
    assert account.until_step_is(standing, "CANCELLED"), task.log


def test_a_retry_kills_what_a_killed_worker_has_only_interrupted(
    account: Account, standing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__CANCEL_GRACE_SECONDS", "1")
    task = step_task(standing, f"test -e {tmp_path}/deaf || {{ {DEAF.format(tmp_path / 'deaf')}; }}")
    assert task.start().state == "deferred"
    assert comes_true((tmp_path / "deaf").exists)
    (step,) = account.emr.list_steps(ClusterId=standing)["Steps"]
    account.emr.cancel_steps(ClusterId=standing, StepIds=[step["Id"]])
    assert task.run_to_the_end().state == "success", task.log
    assert [state for _, state in account.steps(standing)] == ["CANCELLED", "COMPLETED"]


def test_an_event_that_says_nothing_cancels_the_step(account: Account, standing: str) -> None:
    task = step_task(standing, "sleep 1000")
    assert task.start().state == "deferred"
    assert task.resume(None).error.startswith("BadTriggerEvent")
    assert account.until_step_is(standing, "CANCELLED")


def test_a_deadline_cancels_the_step(account: Account, standing: str) -> None:
    task = step_task(standing, "sleep 1000", execution_timeout=timedelta(seconds=1))
    ending = task.run()
    assert ending.error.startswith("DeadlineExceeded"), task.log
    assert account.until_step_is(standing, "CANCELLED")


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "lose_answer"])
def test_a_cancellation_is_asked_for_until_it_is_heard(account: Account, standing: str, kind: str) -> None:
    task = step_task(standing, "sleep 1000")
    task.start()
    account.until_step_is(standing, "RUNNING")
    account.fault("CancelSteps", kind, times=4)
    task.end_by_user()
    assert account.until_step_is(standing, "CANCELLED")


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "lose_answer"])
@pytest.mark.parametrize("operation", ["TerminateJobFlows", "DescribeCluster"])
def test_a_termination_is_asked_for_until_it_is_heard(account: Account, name: str, operation: str, kind: str) -> None:
    cluster = create_task(name).run().value
    account.fault(operation, kind, times=6)
    ending = terminate_task(cluster).run()
    assert ending.state == "success", ending
    assert account.clusters(name, alive=True) == []


@pytest.mark.parametrize(
    ("operation", "code", "protected"),
    [
        ("TerminateJobFlows", "ValidationException", False),
        ("TerminateJobFlows", "AccessDeniedException", True),
        ("DescribeCluster", "AccessDeniedException", False),
    ],
)
def test_a_termination_that_is_refused_for_a_while_is_asked_for_again_by_the_teardowns_retries(
    account: Account, name: str, operation: str, code: str, protected: bool
) -> None:
    cluster = create_task(name, termination_protected=protected).run().value
    account.fault(operation, "error", times=3, code=code, message="not now", status=400)
    task = terminate_task(cluster)
    for _ in range(3):
        refused = task.run()
        assert "not now" in refused.error, refused
        assert account.clusters(name, alive=True) == [cluster]
    assert task.run_to_the_end().state == "success", task.log
    assert account.clusters(name, alive=True) == []


def test_a_termination_that_is_refused_for_good_fails_the_teardown_soon(account: Account, name: str) -> None:
    cluster = create_task(name).run().value
    account.fault("TerminateJobFlows", "error", code="AccessDeniedException", message="not you", status=400)
    task = terminate_task(cluster)
    assert "not you" in task.run_to_the_end().error
    assert task.try_number == 4
    account.well()
    assert terminate_task(cluster).run().state == "success"


def test_a_protected_cluster_of_ours_is_unlocked_and_ended(account: Account, name: str) -> None:
    cluster = create_task(name, termination_protected=True).run().value
    account.fault("SetTerminationProtection", "throttle", times=3)
    assert terminate_task(cluster).run().state == "success"
    assert account.clusters(name, alive=True) == []


def test_a_creation_that_fails_half_way_leaves_no_cluster(account: Account, name: str) -> None:
    account.fault("DescribeCluster", "error", times=1, code="AccessDeniedException", message="no", status=400)
    ending = create_task(name).run()
    assert ending.error.startswith("WatchRefused"), ending
    assert len(account.clusters(name)) == 1
    assert account.clusters(name, alive=True) == []


def test_a_creation_that_a_user_ends_leaves_no_cluster(account: Account, name: str) -> None:
    task = create_task(name)
    task.start()
    task.end_by_user()
    assert account.clusters(name, alive=True) == []


def test_a_cluster_that_was_never_made_is_gone(account: Account) -> None:
    assert terminate_task(None).run().state == "success"
