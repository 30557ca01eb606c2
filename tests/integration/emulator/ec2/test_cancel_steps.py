"""CancelSteps: pending and running steps, by a word or by force."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import MASTER, Region, shell, states, wait_until


@pytest.fixture(scope="module")
def cluster(region: Region) -> str:
    return region.run(StepConcurrencyLevel=20)


def cancel(region: Region, cluster: str, *ids: str, **options: str) -> list[dict[str, str]]:
    infos: list[dict[str, str]] = region.emr.cancel_steps(ClusterId=cluster, StepIds=list(ids), **options)[
        "CancelStepsInfoList"
    ]
    return infos


def test_a_pending_step_is_cancelled_and_never_starts(region: Region) -> None:
    cluster = region.run(shell("sleep 1000"), shell("true"))
    first, second = [step["Id"] for step in region.steps(cluster)]
    assert cancel(region, cluster, second) == [{"StepId": second, "Status": "SUBMITTED"}]
    cancelled = region.wait_step(cluster, second)
    assert cancelled["Status"]["State"] == "CANCELLED"
    assert cancelled["Status"]["StateChangeReason"] == {"Code": "NONE", "Message": "Cancelled by user"}
    assert "StartDateTime" not in cancelled["Status"]["Timeline"]
    cancel(region, cluster, first, StepCancellationOption="TERMINATE_PROCESS")
    assert region.wait_step(cluster, first)["Status"]["State"] == "CANCELLED"


def test_a_step_is_cancelled_by_sigterm_when_nothing_else_is_said(region: Region, cluster: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    (step,) = region.add(cluster, shell(f"trap 'echo TERM > {said}; exit 1' TERM; echo on > {said}; sleep 1000 & wait"))
    wait_for(said, "on")
    cancel(region, cluster, step)
    assert region.wait_step(cluster, step)["Status"]["State"] == "CANCELLED"
    assert said.read_text() == "TERM\n"


def test_a_step_may_end_well_although_it_is_cancelled(region: Region, cluster: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    (step,) = region.add(cluster, shell(f"trap 'exit 0' TERM; echo on > {said}; sleep 1000 & wait"))
    wait_for(said, "on")
    cancel(region, cluster, step)
    assert region.wait_step(cluster, step)["Status"]["State"] == "COMPLETED"


def test_a_step_that_ignores_the_interrupt_is_ended_by_force(region: Region, cluster: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    (step,) = region.add(cluster, shell(f"trap '' TERM; echo on > {said}; while :; do sleep 0.1; done"))
    wait_for(said, "on")
    cancel(region, cluster, step, StepCancellationOption="SEND_INTERRUPT")
    assert region.step(cluster, step)["Status"]["State"] == "CANCEL_PENDING"
    assert cancel(region, cluster, step, StepCancellationOption="TERMINATE_PROCESS")[0]["Status"] == "SUBMITTED"
    assert region.wait_step(cluster, step)["Status"]["State"] == "CANCELLED"


def test_a_step_can_be_cancelled_the_moment_it_is_submitted(region: Region, cluster: str) -> None:
    ids = [region.add(cluster, shell("sleep 1000"))[0] for _ in range(10)]
    for step in ids:
        cancel(region, cluster, step)
    ended = [region.wait_step(cluster, step) for step in ids]
    assert states(ended) == ["CANCELLED"] * 10


def test_each_step_has_an_answer_of_its_own(region: Region, cluster: str) -> None:
    done, runs = region.add(cluster, shell("true"), shell("sleep 1000"))
    region.wait_step(cluster, done)
    infos = cancel(region, cluster, done, "s-NOTTHERE", runs)
    assert [(info["StepId"], info["Status"]) for info in infos] == [
        (done, "FAILED"),
        ("s-NOTTHERE", "FAILED"),
        (runs, "SUBMITTED"),
    ]
    assert infos[0]["Reason"] == f"Step {done} has ended COMPLETED and cannot be cancelled."
    assert infos[1]["Reason"] == "Step id 's-NOTTHERE' is not valid."
    assert region.wait_step(cluster, runs)["Status"]["State"] == "CANCELLED"


@pytest.mark.parametrize(
    ("release", "pending", "running"),
    [
        ("emr-5.0.0", "FAILED", "FAILED"),
        ("emr-5.27.0", "SUBMITTED", "FAILED"),
        ("emr-5.28.0", "SUBMITTED", "SUBMITTED"),
    ],
)
def test_old_releases_cannot_cancel(region: Region, release: str, pending: str, running: str) -> None:
    groups = [{**MASTER, "InstanceType": "m4.xlarge"}]
    instances = {"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True}
    cluster = region.run(shell("sleep 1000"), shell("true"), instances=instances, ReleaseLabel=release)
    runs, waits = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, runs, "RUNNING")
    assert [info["Status"] for info in cancel(region, cluster, runs, waits)] == [running, pending]


@pytest.mark.parametrize("ids", [[], ["s-1"] * 257])
def test_1_to_256_steps_are_cancelled_in_a_call(region: Region, cluster: str, ids: list[str]) -> None:
    with pytest.raises(ClientError, match="1 to 256 step ids") as refused:
        cancel(region, cluster, *ids)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_nothing_is_cancelled_on_a_cluster_that_has_ended(region: Region) -> None:
    cluster = region.run(shell("true"), instances={"KeepJobFlowAliveWhenNoSteps": False})
    region.wait(cluster, "TERMINATED")
    with pytest.raises(ClientError, match="may not be modified"):
        cancel(region, cluster, region.steps(cluster)[0]["Id"])


def wait_for(file: Path, text: str) -> None:
    wait_until(lambda: file.exists() and file.read_text().strip() == text)
