"""Changes are told once, and only those that somebody wants to see."""

from __future__ import annotations

import pytest

from local.api import Task
from local.clusters import RanCluster, RanStep
from local.progress import Progress, clock


def task(state: str | None, *, try_number: int = 1, map_index: int = -1) -> Task:
    return Task("pipeline.validate", state, try_number, map_index, None, None)


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()[1:]) for line in capsys.readouterr().out.splitlines()]


def test_a_task_is_followed_from_its_start_over_its_wait_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for state in (None, "scheduled", "queued", "running", "running", "deferred", "queued", "running", "success"):
        progress.show_tasks([task(state)])
    assert told(capsys) == [
        "task pipeline.validate running",
        "task pipeline.validate waiting, on no worker",
        "task pipeline.validate success",
    ]


def test_a_second_try_and_a_mapped_task_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.show_tasks([task("running"), task("running", try_number=2), task("running", map_index=3)])
    assert told(capsys) == [
        "task pipeline.validate running",
        "task pipeline.validate (try 2) running",
        "task pipeline.validate[3] running",
    ]


def test_clusters_and_steps_are_told_when_they_change(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for cluster_state, step_state in (("STARTING", None), ("RUNNING", "RUNNING"), ("RUNNING", "COMPLETED")):
        steps = (RanStep("s-1", "Validate", step_state, None, None, ""),) if step_state else ()
        progress.show_clusters([RanCluster("j-1", "pipeline", "emr-7.10.0", cluster_state, "s3://logs/", steps)])
    assert told(capsys) == [
        "cluster j-1 STARTING",
        "cluster j-1 RUNNING",
        "step Validate RUNNING",
        "step Validate COMPLETED",
    ]


def test_a_clock_shows_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0, 7.9, 67, 3600)] == ["0:00", "0:07", "1:07", "60:00"]
