"""What came of a run, and why it failed, in words and tables."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

from local.api import AirflowApi, Task
from local.clusters import RanCluster, RanStep
from local.report import Results, causes, steps_text

BEGUN = datetime(2013, 1, 1, tzinfo=timezone.utc)
RESULTS = Results(
    quality={"rows_in": 1000, "rules": [{"name": "known_carrier", "failed": 3}, {"name": "positive", "failed": 0}]},
    cleansing={"rows_in": 1000, "rows_rejected": 3, "duplicates_removed": 2, "rows_out": 995},
    insights=[{"title": "Carriers", "columns": ["carrier", "flights"], "rows": [["UA", 165]]}],
)


class Api:
    """Answers for a run with the given tasks; every task's log holds the same events."""

    def __init__(self, tasks: list[Task], log: list[dict[str, Any]]) -> None:
        self._tasks, self._log = tasks, log

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        return self._tasks

    def log(self, dag_id: str, run_id: str, task: Task) -> list[dict[str, Any]]:
        return self._log


def step(state: str, start: float | None, end: float | None, *, cause: str = "") -> RanStep:
    started, ended = (None if at is None else BEGUN + timedelta(seconds=at) for at in (start, end))
    return RanStep("s-1", "Validate", state, started, ended, cause)


def cluster(*steps: RanStep, state: str = "TERMINATED") -> RanCluster:
    return RanCluster("j-1", "pipeline", "emr-7.10.0", state, "s3://emr-logs/", steps)


def causes_of(
    *clusters: RanCluster, tasks: tuple[Task, ...] = (), log: list[dict[str, Any]] | None = None
) -> list[str]:
    api = cast(AirflowApi, Api(list(tasks), log or []))
    return list(causes(api, "etl", "run", list(clusters), Path("logs")))


def test_results_show_rows_and_the_rules_that_were_broken() -> None:
    lines = [line.split() for line in RESULTS.text("2013-01-01").splitlines()]
    assert ["rows", "in", "1,000"] in lines
    assert ["rejected", "3"] in lines
    assert ["by", "known_carrier", "3"] in lines
    assert not any("positive" in line for line in lines)
    assert ["duplicates", "removed", "2"] in lines
    assert ["rows", "out", "995"] in lines
    assert ["UA", "165"] in lines


def test_steps_are_drawn_on_one_scale_of_time() -> None:
    drawn = steps_text(cluster(step("COMPLETED", 5, 65), step("COMPLETED", 35, 65), step("CANCELLED", None, None)))
    first, second, never = drawn.splitlines()[-3:]
    assert first.split()[-4:] == ["COMPLETED", "0:00", "60.0", "█" * 30]
    assert second.split()[-4:] == ["COMPLETED", "0:30", "30.0", "·" * 15 + "█" * 15]
    assert never.split()[-1] == "CANCELLED"


def test_a_cluster_without_a_step_is_said_to_have_run_none() -> None:
    assert "ran no step" in steps_text(cluster())


def test_nothing_is_wrong_with_a_run_whose_steps_completed_on_clusters_that_ended() -> None:
    tasks = (Task("a", "success", 1, -1, None, None), Task("b", "skipped", 0, -1, None, None))
    assert causes_of(cluster(step("COMPLETED", 0, 1)), tasks=tasks) == []


def test_a_failed_task_is_told_with_the_exception_in_its_log() -> None:
    log: list[dict[str, Any]] = [
        {"event": "Task failed", "error_detail": [{"exc_type": "StepFailed", "exc_value": "exit code 1"}]},
        {"event": "after it"},
    ]
    failed = Task("pipeline.validate", "failed", 2, -1, None, None)
    first, second = causes_of(tasks=(failed,), log=log)
    assert first == "Task pipeline.validate failed: StepFailed: exit code 1"
    assert str(Path("logs") / "dag_id=etl" / "run_id=run" / "task_id=pipeline.validate") in second


def test_a_failed_task_without_an_exception_is_told_all_the_same() -> None:
    assert "holds no exception" in causes_of(tasks=(Task("a", "failed", 1, -1, None, None),))[0]


def test_a_step_that_failed_is_wrong_even_where_the_task_tolerates_it() -> None:
    (told,) = causes_of(cluster(step("FAILED", 0, 1, cause="no such file")))
    assert told == "Step Validate (s-1 on j-1) ended FAILED: no such file"


def test_a_cluster_that_is_still_there_is_wrong() -> None:
    assert causes_of(cluster(state="WAITING")) == ["Cluster j-1 is still WAITING."]
