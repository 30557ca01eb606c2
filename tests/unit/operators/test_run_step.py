"""A step is run and seen through on any compute: here on one that is none of AWS's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines import EmrRunStepOperator, OnFailure, ShellStep, SparkStep, versions
from airflow_emr_pipelines.errors import StepCancelled, StepFailed, StepLost
from airflow_emr_pipelines.hooks.compute import JobCompute, JobLogs
from airflow_emr_pipelines.links import LINK_XCOM
from airflow_emr_pipelines.logs.files import LogFile
from airflow_emr_pipelines.operators.run_step import RunStep
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.reports import Report
from airflow_emr_pipelines.specs.values.keys import key_in_name, name_with_key
from airflow_emr_pipelines.triggers.jobs import JobKind, JobsTrigger
from airflow_emr_pipelines.versions import TaskDeferred
from tests.unit.small_compute import SmallCompute, step


class Grid(SmallCompute, JobCompute[StepReport]):
    """A compute on which each job ends as it is to."""

    backend = "ec2"  # whose links there are
    submission, listing, noun, runs_on = "StartJob", "ListJobs", "job", "grid"

    def __init__(self, ends: str = "COMPLETED") -> None:
        super().__init__()
        self.ends = ends
        self.jobs: dict[str, StepReport] = {}
        self.log: list[str] = []
        self.logs = JobLogs()
        self.ended = False

    def send(self, request: Mapping[str, Any], token: str | None) -> str:
        job_id = f"job-{len(self.jobs) + 1}"
        self.jobs[job_id] = step(job_id, "RUNNING", request["Name"])
        self.log.append(f"start {job_id}")
        return job_id

    def find(self, key: str, since: datetime) -> StepReport | None:
        return next((job for job in reversed(self.jobs.values()) if key_in_name(job.name) == key), None)

    def unfinished(self) -> list[StepReport]:
        return [job for job in self.jobs.values() if not job.state.finished]

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
        for job_id in ids:
            if not self.jobs[job_id].state.finished:
                self.jobs[job_id] = step(job_id, self.ends, self.jobs[job_id].name)
        return {job_id: self.jobs[job_id] for job_id in ids}, 1

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        for job_id in ids:
            self.log.append(f"cancel {job_id}")
            self.jobs[job_id] = step(job_id, "CANCELLED", self.jobs[job_id].name)

    def log_files(self, report: StepReport, *, log: Any) -> JobLogs:
        return self.logs


class RunOnGrid(RunStep[StepReport]):
    """What a further compute has to say of itself."""

    waits_for = JobKind("grid.Grid", "job_id", ("place",), StepReport.from_event)
    backend = EC2
    operation = "StartJob"
    request_fields = {"step": ShellStep}  # noqa: RUF012
    hook = None
    grid: Grid

    @classmethod
    def request(
        cls, fields: Mapping[str, Any], *, key: str, tags: Mapping[str, str], region: str | None
    ) -> dict[str, Any]:
        return {"Name": name_with_key(fields["step"].name, key)}

    def compute(self) -> Grid:
        return self.grid

    def compute_of(self, report: StepReport) -> Grid:
        return self.grid

    def end_compute(self, report: StepReport) -> None:
        if self.grid.ended:
            raise RuntimeError("denied")
        self.grid.ended = True

    def result(self, report: StepReport) -> dict[str, Any]:
        return {"job_id": report.id, "tolerated": False}


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> Grid:
    grid = Grid()
    monkeypatch.setattr(JobsTrigger, "compute", lambda trigger: grid)
    return grid


def context(try_number: int = 1, max_tries: int = 0) -> Any:
    started = datetime(2026, 1, 1, tzinfo=timezone.utc)
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=try_number,
        max_tries=max_tries,
        start_date=datetime.now(timezone.utc),
        xcom_push=lambda key, value: pushed.update({key: value}),
        xcom_pull=lambda key, task_ids, map_indexes: pushed.get(key),
        pushed=pushed,
    )
    return {"ti": ti, "dag_run": SimpleNamespace(start_date=started)}


def task(grid: Grid, word: OnFailure = OnFailure.CANCEL_AND_WAIT) -> RunOnGrid:
    made = RunOnGrid(task_id="t", step=ShellStep("one", "true", on_failure=word), deferrable=False, poll_seconds=0)
    made.grid = grid
    return made


def test_a_step_is_run_and_its_place_is_put_down_for_the_links(grid: Grid) -> None:
    run = context()
    assert task(grid).execute(run) == {"job_id": "job-1", "tolerated": False}
    put_down = run["ti"].pushed[LINK_XCOM]
    assert (put_down["place"], put_down["job_id"], put_down["backend"]) == ("here", "job-1", "small")


@pytest.mark.parametrize(
    ("log_uri", "said"),
    [
        ("s3n://emr-logs/", "Its logs arrive in s3://emr-logs/j-1/steps/s-1/, some minutes late"),
        (None, "Its logs are nowhere to be read, since its cluster has no log URI"),
    ],
)
@pytest.mark.parametrize("spark", [True, False])
def test_a_step_that_completed_says_where_its_logs_and_its_spark_ui_are(
    log_uri: str | None, said: str, spark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    log = SimpleNamespace(info=lambda text, *values: told.append(text % values))
    monkeypatch.setattr(EmrRunStepOperator, "log", log)
    step_to_run = SparkStep("one", "s3://apps/one.py") if spark else ShellStep("one", "true")
    made = EmrRunStepOperator(task_id="t", step=step_to_run, cluster_id="j-1")
    run = context()
    run["ti"].xcom_push(LINK_XCOM, {"cluster_id": "j-9", "log_uri": log_uri})
    made.conclude(run, step("s-1", "COMPLETED"))
    page = "/emr-pipelines/spark-history/d?run_id=r&task_id=t&map_index=-1"
    history = [f"Its Spark UI is the task's link Spark history: {page}"] if versions.CLICKS_CARRY_THE_LOGIN else []
    assert told[1:] == [said, *(history if spark else [])]


def test_a_retry_takes_a_job_over_that_still_runs_and_follows_one_that_failed(grid: Grid) -> None:
    grid.ends = "FAILED"
    with pytest.raises(StepFailed):
        task(grid).execute(context(1, 3))
    grid.ends = "COMPLETED"
    assert task(grid).execute(context(2, 3))["job_id"] == "job-2"
    assert task(grid).execute(context(3, 3))["job_id"] == "job-2"
    assert grid.log == ["start job-1", "start job-2"]


def test_a_retry_waits_for_no_job_that_has_completed(grid: Grid) -> None:
    """Airflow may lose the try that comes back from a wait, and after the same wait the next one too."""
    deferring, grid.ends = task(grid), "RUNNING"
    deferring.deferrable = True
    for try_number in (1, 2):
        with pytest.raises(TaskDeferred):
            deferring.execute(context(try_number, 2))
    grid.ends = "COMPLETED"
    assert deferring.execute(context(3, 2)) == {"job_id": "job-1", "tolerated": False}
    assert grid.log == ["start job-1"]


def test_a_retry_that_cannot_look_waits(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    deferring = task(grid)
    deferring.deferrable = True
    monkeypatch.setattr(grid, "reports", lambda ids: 1 / 0)
    for try_number in (1, 2):
        with pytest.raises(TaskDeferred):
            deferring.execute(context(try_number, 1))


def test_what_a_task_left_running_before_it_was_cleared_is_ended_first(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", "here")
    task(grid).execute(context(1, 0))
    grid.jobs["job-1"] = step("job-1", "RUNNING", grid.jobs["job-1"].name)
    assert task(grid).execute(context(2, 1))["job_id"] == "job-2"
    assert grid.log == ["start job-1", "cancel job-1", "start job-2"]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
@pytest.mark.parametrize("last_try", [True, False])
def test_a_failure_that_is_to_be_tolerated_is_so_in_the_last_try_and_where_nobody_cancelled(
    grid: Grid, state: str, last_try: bool
) -> None:
    grid.ends = state
    grid.logs = JobLogs(
        (LogFile("stderr", "s3://logs/stderr", ("Traceback (most recent call last):", "ValueError: no")),)
    )
    tolerant, run = task(grid, OnFailure.CONTINUE), context(1, 0 if last_try else 1)
    if state == "FAILED" and last_try:
        assert tolerant.execute(run) == {"job_id": "job-1", "tolerated": True, "cause": "ValueError: no"}
    else:
        with pytest.raises(StepCancelled if state == "CANCELLED" else StepFailed):
            tolerant.execute(run)


@pytest.mark.parametrize("denied", [True, False])
def test_what_the_step_ran_on_is_ended_where_its_word_is_so_and_the_failure_is_told_though_that_fails(
    grid: Grid, denied: bool
) -> None:
    grid.ends, grid.ended = "FAILED", denied
    with pytest.raises(StepFailed):
        task(grid, OnFailure.TERMINATE_CLUSTER).execute(context())
    assert grid.ended


def test_what_was_lost_is_no_fault_of_the_step(grid: Grid) -> None:
    grid.ends, grid.logs = "FAILED", JobLogs(lost="the grid was lost")
    with pytest.raises(StepLost, match="the grid was lost"):
        task(grid).execute(context())
