"""What clusters do by themselves: start, work, wait and end."""

from __future__ import annotations

import pytest

from tests.integration.emulator.region import Region, shell, states


def reason(cluster: dict[str, object]) -> tuple[str, str]:
    status: dict[str, dict[str, str]] = cluster["Status"]  # type: ignore[assignment]
    return status["State"], status["StateChangeReason"].get("Code", "")  # type: ignore[return-value]


def test_a_cluster_without_steps_that_stays_alive_waits(region: Region) -> None:
    cluster = region.wait(region.run(), "WAITING")
    assert cluster["Status"]["StateChangeReason"] == {"Message": "Cluster ready to run steps."}
    timeline = cluster["Status"]["Timeline"]
    assert timeline["CreationDateTime"] < timeline["ReadyDateTime"]
    assert "EndDateTime" not in timeline


def test_a_cluster_without_steps_that_does_not_stay_alive_ends(region: Region) -> None:
    cluster = region.wait(region.run(instances={"KeepJobFlowAliveWhenNoSteps": False}), "TERMINATED")
    assert reason(cluster) == ("TERMINATED", "ALL_STEPS_COMPLETED")
    assert cluster["AutoTerminate"] is True


def test_a_transient_cluster_ends_after_its_last_step(region: Region) -> None:
    cluster = region.run(shell("true"), shell("true"), instances={"KeepJobFlowAliveWhenNoSteps": False})
    ended = region.wait(cluster, "TERMINATED")
    assert reason(ended) == ("TERMINATED", "ALL_STEPS_COMPLETED")
    assert states(region.steps(cluster)) == ["COMPLETED", "COMPLETED"]
    steps = [step["Status"]["Timeline"] for step in region.steps(cluster)]
    assert steps[0]["EndDateTime"] <= steps[1]["StartDateTime"]
    assert steps[1]["EndDateTime"] <= ended["Status"]["Timeline"]["EndDateTime"]


def test_protection_does_not_hold_a_transient_cluster_after_its_last_step(region: Region) -> None:
    instances = {"KeepJobFlowAliveWhenNoSteps": False, "TerminationProtected": True}
    ended = region.wait(region.run(shell("true"), instances=instances), "TERMINATED")
    assert reason(ended) == ("TERMINATED", "ALL_STEPS_COMPLETED")
    assert ended["TerminationProtected"] is True


def test_the_end_of_a_cluster_cancels_its_steps(region: Region) -> None:
    cluster = region.run(shell("sleep 1000"), shell("true"))
    first, second = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, first, "RUNNING")
    assert reason(region.end(cluster)) == ("TERMINATED", "USER_REQUEST")
    assert states(region.steps(cluster)) == ["CANCELLED", "CANCELLED"]
    assert "StartDateTime" in region.step(cluster, first)["Status"]["Timeline"]
    assert "StartDateTime" not in region.step(cluster, second)["Status"]["Timeline"]


@pytest.mark.parametrize("moment", ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"])
def test_a_cluster_can_be_ended_at_any_time(region: Region, moment: str) -> None:
    cluster = region.run(*([shell("sleep 1000")] if moment == "RUNNING" else []))
    region.wait(cluster, *(["STARTING", "BOOTSTRAPPING"] if moment == "BOOTSTRAPPING" else [moment]))
    ended = region.end(cluster)
    assert reason(ended) == ("TERMINATED", "USER_REQUEST")
    assert "EndDateTime" in ended["Status"]["Timeline"]


def test_a_waiting_cluster_runs_again_when_a_step_comes(region: Region) -> None:
    cluster = region.run()
    region.wait(cluster, "WAITING")
    (step,) = region.add(cluster, shell("sleep 1000"))
    region.wait(cluster, "RUNNING")
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[step], StepCancellationOption="TERMINATE_PROCESS")
    region.wait(cluster, "WAITING")
    assert states(region.steps(cluster)) == ["CANCELLED"]


def test_a_step_works_in_the_region_of_its_cluster(region: Region) -> None:
    is_there = f'test "$AWS_REGION $AWS_DEFAULT_REGION" = "{region.name} {region.name}"'
    cluster = region.run(shell(f"{is_there} && aws s3 mb s3://made-in-{region.name}"))
    (step,) = region.steps(cluster)
    assert region.wait_step(cluster, step["Id"])["Status"]["State"] == "COMPLETED"


# --- how many at once


def test_two_steps_run_at_once_at_level_two_and_a_third_waits(region: Region, tmp_path: object) -> None:
    cluster = region.run(StepConcurrencyLevel=2)
    gate = f"until test -e {tmp_path}/gate; do sleep 0.02; done"
    ids = region.add(cluster, *[shell(gate, name=str(number)) for number in range(3)])
    for step in ids[:2]:
        region.wait_step(cluster, step, "RUNNING")
    assert states(region.steps(cluster)) == ["RUNNING", "RUNNING", "PENDING"]
    assert region.describe(cluster)["StepConcurrencyLevel"] == 2
    with open(f"{tmp_path}/gate", "w"):
        pass
    for step in ids:
        assert region.wait_step(cluster, step)["Status"]["State"] == "COMPLETED"
    first, second, third = [step["Status"]["Timeline"] for step in region.steps(cluster)]
    assert max(first["StartDateTime"], second["StartDateTime"]) < min(first["EndDateTime"], second["EndDateTime"])
    assert third["StartDateTime"] >= min(first["EndDateTime"], second["EndDateTime"])


def test_steps_start_in_the_order_of_their_submission(region: Region) -> None:
    cluster = region.run()
    ids = region.add(cluster, *[shell("true") for _ in range(4)])
    region.wait_step(cluster, ids[-1])
    starts = [step["Status"]["Timeline"]["StartDateTime"] for step in region.steps(cluster)]
    assert starts == sorted(starts)


# --- what a failed step means at level 1


def after_a_failure(region: Region, on_failure: str, **instances: bool) -> tuple[str, list[str]]:
    cluster = region.run(
        shell("exit 3", on_failure=on_failure), shell("true"), shell("true"), instances=instances or None
    )
    first, *_, last = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, last)
    failed = region.step(cluster, first)
    assert failed["Status"]["State"] == "FAILED"
    assert failed["ActionOnFailure"] == on_failure
    assert "exit code 3" in failed["Status"]["FailureDetails"]["Message"]
    return cluster, states(region.steps(cluster))


def test_continue_goes_on_with_the_next_step(region: Region) -> None:
    cluster, ended = after_a_failure(region, "CONTINUE")
    assert ended == ["FAILED", "COMPLETED", "COMPLETED"]
    region.wait(cluster, "WAITING")


def test_continue_does_not_spoil_the_end_of_a_transient_cluster(region: Region) -> None:
    cluster, _ = after_a_failure(region, "CONTINUE", KeepJobFlowAliveWhenNoSteps=False)
    ended = region.wait(cluster, "TERMINATED")
    assert ended["Status"]["StateChangeReason"] == {
        "Code": "ALL_STEPS_COMPLETED",
        "Message": "Steps completed with errors",
    }


def test_cancel_and_wait_cancels_the_other_steps(region: Region) -> None:
    cluster, ended = after_a_failure(region, "CANCEL_AND_WAIT")
    assert ended == ["FAILED", "CANCELLED", "CANCELLED"]
    region.wait(cluster, "WAITING")
    (again,) = region.add(cluster, shell("true"))
    assert region.wait_step(cluster, again)["Status"]["State"] == "COMPLETED"


def test_cancel_and_wait_ends_a_transient_cluster(region: Region) -> None:
    cluster, ended = after_a_failure(region, "CANCEL_AND_WAIT", KeepJobFlowAliveWhenNoSteps=False)
    assert ended == ["FAILED", "CANCELLED", "CANCELLED"]
    region.wait(cluster, "TERMINATED")


@pytest.mark.parametrize("word", ["TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_terminate_cluster_ends_the_cluster_with_errors(region: Region, word: str) -> None:
    cluster, ended = after_a_failure(region, word)
    assert ended == ["FAILED", "CANCELLED", "CANCELLED"]
    assert reason(region.wait(cluster, "TERMINATED_WITH_ERRORS")) == ("TERMINATED_WITH_ERRORS", "STEP_FAILURE")


def test_protection_holds_a_cluster_whose_step_would_end_it(region: Region) -> None:
    cluster, ended = after_a_failure(
        region, "TERMINATE_CLUSTER", KeepJobFlowAliveWhenNoSteps=True, TerminationProtected=True
    )
    assert ended == ["FAILED", "CANCELLED", "CANCELLED"]
    region.wait(cluster, "WAITING")


def test_protection_does_not_hold_a_transient_cluster_whose_step_ends_it(region: Region) -> None:
    cluster, _ = after_a_failure(
        region, "TERMINATE_CLUSTER", KeepJobFlowAliveWhenNoSteps=False, TerminationProtected=True
    )
    assert reason(region.wait(cluster, "TERMINATED_WITH_ERRORS")) == ("TERMINATED_WITH_ERRORS", "STEP_FAILURE")


def test_a_step_that_is_cancelled_does_not_act_on_failure(region: Region) -> None:
    cluster = region.run(shell("sleep 1000", on_failure="TERMINATE_CLUSTER"), shell("true"))
    first, second = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, first, "RUNNING")
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[first], StepCancellationOption="TERMINATE_PROCESS")
    assert region.wait_step(cluster, second)["Status"]["State"] == "COMPLETED"
    assert region.step(cluster, first)["Status"]["State"] == "CANCELLED"
