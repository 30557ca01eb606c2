"""A step whose cluster is lost gets another one, together with the other steps of its pipeline."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.integration.faults.conftest import Account, comes_true
from tests.integration.faults.tasks import (
    cluster_of,
    create_task,
    report_task,
    slow_then_quick,
    step_task,
    terminate_task,
)
from tests.integration.faults.world import Ending, KilledAt, Task


@pytest.fixture
def first(account: Account, name: str) -> str:
    """The cluster that the pipeline's setup has made."""
    return str(create_task(name).run().value)


def test_a_retried_step_runs_on_a_new_cluster_which_the_teardown_ends(
    account: Account, name: str, first: str, tmp_path: Path
) -> None:
    marker = tmp_path / "begun"
    task = step_task(first, slow_then_quick(marker), successor=cluster_of(name))
    task.start()
    assert comes_true(marker.exists)
    account.lose(first)
    lost = task.resume(task.watch().value)
    assert lost.error.startswith("StepLost"), lost
    assert task.run().state == "success", task.log
    (second,) = account.clusters(name, alive=True)
    assert [state for _, state in account.steps(second)] == ["COMPLETED"]
    following = step_task(first, successor=cluster_of(name))
    assert following.run().state == "success", following.log
    assert account.clusters(name) == [first, second]
    assert terminate_task(first).run().state == "success"
    assert account.clusters(name, alive=True) == []
    report = report_task(first, prices={"instances": {"m5.xlarge": {"on_demand": 3600}}}).run()
    told = report.value["clusters"]
    assert [cluster["cluster_id"] for cluster in told] == [first, second], report
    assert [step["state"] for step in told[1]["steps"]] == ["COMPLETED", "COMPLETED"]
    assert report.value["cost_usd"] == sum(cluster["cost_usd"] for cluster in told) > 0


def test_what_completed_before_the_loss_is_not_run_again(account: Account, name: str, first: str) -> None:
    task = step_task(first, successor=cluster_of(name))
    task.start()
    account.until_step_is(first, "COMPLETED")
    account.lose(first)
    assert task.run().state == "success", task.log
    assert account.clusters(name) == [first]


def test_steps_that_need_one_at_the_same_time_share_it(account: Account, name: str, first: str) -> None:
    account.lose(first)
    tasks = [step_task(first, successor=cluster_of(name)) for _ in range(4)]
    endings: list[Ending] = []

    def run(task: Task) -> None:
        endings.append(task.run())

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ending.state for ending in endings] == ["success"] * 4, [task.log for task in tasks]
    (second,) = account.clusters(name, alive=True)
    assert [state for _, state in account.steps(second)] == ["COMPLETED"] * 4
    assert terminate_task(first).run().state == "success"
    assert account.clusters(name, alive=True) == []


@pytest.mark.parametrize("at", [KilledAt("RunJobFlow"), KilledAt("AddJobFlowSteps")], ids=str)
def test_a_task_that_is_killed_while_it_makes_one_makes_no_second(
    account: Account, name: str, first: str, at: KilledAt
) -> None:
    account.lose(first)
    task = step_task(first, successor=cluster_of(name))
    task.run(at)
    assert task.run_to_the_end().state == "success", task.log
    (second,) = account.clusters(name, alive=True)
    assert [state for _, state in account.steps(second)] == ["COMPLETED"]
    assert terminate_task(first).run().state == "success"


def test_a_cluster_that_a_user_ended_is_not_replaced_unless_the_task_is_cleared(
    account: Account, name: str, first: str
) -> None:
    account.emr.terminate_job_flows(JobFlowIds=[first])
    task = step_task(first, retries=0, successor=cluster_of(name))
    refused = task.run()
    assert refused.error.startswith("ClusterGone"), refused
    task.clear()
    assert task.run().state == "success", task.log
    assert terminate_task(first).run().state == "success"
    assert account.clusters(name, alive=True) == []


@pytest.mark.parametrize("replaced", [True, False])
def test_a_cluster_that_is_lost_right_before_the_step_is_added_is_a_loss(
    account: Account, name: str, first: str, replaced: bool
) -> None:
    task = step_task(first, deferrable=False, successor=cluster_of(name) if replaced else None)
    go_on = task.stand_still(KilledAt("DescribeCluster"))
    account.lose(first)
    ending = go_on()
    assert ending.state == "success" if replaced else ending.error.startswith("ClusterLost"), ending
    assert terminate_task(first).run().state == "success"
    assert account.clusters(name, alive=True) == []


def test_without_a_successor_the_loss_is_told(account: Account, first: str) -> None:
    account.lose(first)
    assert step_task(first).run().error.startswith("ClusterLost")
