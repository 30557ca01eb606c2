"""ModifyCluster: how many steps run at once, and what becomes of the actions of failed steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import Region, shell, states


def until(gate: Path, then: str = "true") -> str:
    """A line that waits for a file."""
    return f"until test -e {gate}; do sleep 0.02; done; {then}"


def level(region: Region, cluster: str, wanted: int) -> int:
    told: int = region.emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=wanted)["StepConcurrencyLevel"]
    return told


def test_a_raised_level_starts_waiting_steps(region: Region, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cluster = region.run(*[shell(until(gate)) for _ in range(3)])
    first, second, third = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, first, "RUNNING")
    assert level(region, cluster, 2) == 2
    region.wait_step(cluster, second, "RUNNING")
    assert states(region.steps(cluster)) == ["RUNNING", "RUNNING", "PENDING"]
    assert region.describe(cluster)["StepConcurrencyLevel"] == 2
    gate.touch()
    region.wait_step(cluster, third, "COMPLETED")


@pytest.mark.parametrize("word", ["CANCEL_AND_WAIT", "TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_a_raised_level_disarms_steps_that_are_queued(region: Region, tmp_path: Path, word: str) -> None:
    gate = tmp_path / "gate"
    cluster = region.run(shell(until(gate, "exit 3"), on_failure=word), shell("true"), shell("true"))
    level(region, cluster, 2)
    gate.touch()
    ids = [step["Id"] for step in region.steps(cluster)]
    for step in ids:
        region.wait_step(cluster, step)
    assert states(region.steps(cluster)) == ["FAILED", "COMPLETED", "COMPLETED"]
    region.wait(cluster, "WAITING")


def two_running_at_level_one(region: Region, gate: Path, word: str) -> str:
    """A cluster whose level was lowered while two steps run; the older fails as soon as there is the gate."""
    cluster = region.run(shell(until(gate, "exit 3"), on_failure=word), shell("sleep 1000"), shell("true"))
    level(region, cluster, 2)
    for step in region.steps(cluster)[:2]:
        region.wait_step(cluster, step["Id"], "RUNNING")
    assert level(region, cluster, 1) == 1
    gate.touch()
    return cluster


def test_a_lowered_level_leaves_what_runs_and_cancels_nothing_for_it(region: Region, tmp_path: Path) -> None:
    cluster = two_running_at_level_one(region, tmp_path / "gate", "CANCEL_AND_WAIT")
    failed, running, waiting = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, failed, "FAILED")
    assert states(region.steps(cluster)) == ["FAILED", "RUNNING", "PENDING"]
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[running], StepCancellationOption="TERMINATE_PROCESS")
    region.wait_step(cluster, waiting, "COMPLETED")


@pytest.mark.parametrize("word", ["TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_at_a_lowered_level_a_step_may_still_end_the_cluster(region: Region, tmp_path: Path, word: str) -> None:
    cluster = two_running_at_level_one(region, tmp_path / "gate", word)
    reason = region.wait(cluster, "TERMINATED_WITH_ERRORS")["Status"]["StateChangeReason"]
    assert reason["Code"] == "STEP_FAILURE"
    assert states(region.steps(cluster)) == ["FAILED", "CANCELLED", "CANCELLED"]


def test_after_the_level_is_lowered_other_actions_are_accepted_again(region: Region) -> None:
    cluster = region.run(StepConcurrencyLevel=2)
    with pytest.raises(ClientError, match="only CONTINUE is"):
        region.add(cluster, shell("true", on_failure="CANCEL_AND_WAIT"))
    level(region, cluster, 1)
    region.add(cluster, shell("true", on_failure="CANCEL_AND_WAIT"))


@pytest.mark.parametrize(
    ("release", "wanted", "why"),
    [
        ("emr-7.10.0", 0, "between 1 and 256, not 0"),
        ("emr-7.10.0", 257, "between 1 and 256, not 257"),
        ("emr-5.27.0", 2, r"from emr-5\.28\.0"),
    ],
)
def test_a_level_that_breaks_a_rule_changes_nothing(region: Region, release: str, wanted: int, why: str) -> None:
    cluster = region.run(ReleaseLabel=release)
    with pytest.raises(ClientError, match=why) as refused:
        level(region, cluster, wanted)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert region.describe(cluster)["StepConcurrencyLevel"] == 1


def test_extended_support_is_told_back(region: Region) -> None:
    cluster = region.run()
    assert "ExtendedSupport" not in region.describe(cluster)
    told: dict[str, Any] = region.emr.modify_cluster(ClusterId=cluster, ExtendedSupport=True)
    assert (told["ExtendedSupport"], told["StepConcurrencyLevel"]) == (True, 1)
    assert region.describe(cluster)["ExtendedSupport"] is True


def test_a_cluster_that_is_not_there_or_has_ended_is_not_modified(region: Region) -> None:
    cluster = region.run()
    region.end(cluster)
    for name, why in (("j-NOTTHERE", "'j-NOTTHERE' is not valid"), (cluster, "may not be modified")):
        with pytest.raises(ClientError, match=why) as refused:
            level(region, name, 2)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
