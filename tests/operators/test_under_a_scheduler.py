"""DAGs under Airflow's real scheduler and triggerer: a cluster with real Spark, and users who end what waits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from packaging.version import Version

from airflow_emr_pipelines.local.local_airflow import LocalAirflow
from airflow_emr_pipelines.local.processes import wait_until
from airflow_emr_pipelines.local.report import exception_of
from airflow_emr_pipelines.local.seed import seed
from tests.airflow_of import AIRFLOW
from tests.conftest import DAG_FOLDERS, clusters_of

pytestmark = pytest.mark.slow

DAY = "2013-01-01"
LONG_STEP = """
import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG
from airflow_emr_pipelines import EmrRunStepOperator, ShellStep

with DAG("long_step", schedule=None, params={"cluster_id": "j-NONE"}):
    EmrRunStepOperator(task_id="long", step=ShellStep("long", "sleep 1000"), cluster_id="{{ params.cluster_id }}")

class TellingOperator(EmrRunStepOperator):
    def execute(self, context):
        if not self.deferrable:
            Path(context["params"]["pid_file"]).write_text(str(os.getpid()))
        return super().execute(context)

with DAG("flaky_step", schedule=None, params={"cluster_id": "j-NONE", "marker": ""}):
    EmrRunStepOperator(
        task_id="flaky",
        step=ShellStep("flaky", "test -e {{ params.marker }} || { touch {{ params.marker }}; exit 1; }"),
        cluster_id="{{ params.cluster_id }}",
        retries=1,
        retry_delay=timedelta(0),
    )

with DAG("short_step", schedule=None, params={"cluster_id": "j-NONE", "pid_file": ""}):
    for name, deferrable in (("deferred", True), ("waiting", False)):
        TellingOperator(
            task_id=name,
            step=ShellStep(name, "sleep 12"),
            cluster_id="{{ params.cluster_id }}",
            deferrable=deferrable,
            retries=2,
            retry_delay=timedelta(0),
        )
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, emulator: Any) -> Iterator[LocalAirflow]:
    folder = tmp_path_factory.mktemp("scheduled")
    shutil.copytree(DAG_FOLDERS["examples"], folder / "dags")
    (folder / "dags" / "long_step.py").write_text(LONG_STEP)
    options = {
        "AIRFLOW__EMR_PIPELINES__POLL_SECONDS": "0.5",
        "AIRFLOW__EMR_PIPELINES__CALLS_PER_SECOND": "10",
        # How soon a new triggerer takes over what a dead one watched.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    }
    if Version("3.1") > AIRFLOW:
        # On a busy machine it may fail a task that is back from the triggerer before the scheduler knew it deferred.
        options |= {"AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "1", "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "0"}
    with LocalAirflow(folder / "home", folder / "dags", env={**emulator.environment, **options}) as running:
        yield running


@pytest.fixture
def until(airflow: LocalAirflow) -> Callable[[Callable[[], bool], str], None]:
    """Waits until something is so, while Airflow runs."""

    def wait(condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, what, processes=airflow.components, timeout=120, log=airflow.log_of("scheduler"))

    return wait


def state_of(airflow: LocalAirflow, dag_id: str, run_id: str, task_id: str) -> str | None:
    return next(task.state for task in airflow.api.tasks(dag_id, run_id) if task.id == task_id)


def test_the_smallest_pipeline_runs_green_and_leaves_results_logs_and_no_cluster(
    airflow: LocalAirflow, emulator: Any, until: Callable[[Callable[[], bool], str], None]
) -> None:
    s3, emr = emulator.client("s3"), emulator.client("emr")
    seed([DAY], s3_client=s3)
    before = {cluster["Id"] for cluster in clusters_of(emr)}
    airflow.wait_for_dag("emr_transient_spark")
    run_id = airflow.api.trigger("emr_transient_spark", {"day": DAY})
    until(lambda: airflow.api.run_state("emr_transient_spark", run_id) in ("success", "failed"), "the run")
    states = {task.id: task.state for task in airflow.api.tasks("emr_transient_spark", run_id)}
    failed = [task for task in airflow.api.tasks("emr_transient_spark", run_id) if task.state == "failed"]
    causes = [exception_of(airflow.api, "emr_transient_spark", run_id, task) for task in failed]
    assert set(states.values()) == {"success"}, causes

    (cluster,) = [found for found in clusters_of(emr) if found["Id"] not in before]
    assert cluster["Status"]["State"] == "TERMINATED"
    results = s3.list_objects_v2(Bucket="analytics-results", Prefix=f"carrier-delays/{DAY}/")["Contents"]
    assert any(found["Key"].endswith("_SUCCESS") for found in results)
    logs = s3.list_objects_v2(Bucket="emr-logs", Prefix=f"{cluster['Id']}/")["Contents"]
    assert {"controller.gz", "stderr.gz", "stdout.gz", "syslog.gz"} <= {Path(found["Key"]).name for found in logs}


def test_a_backfill_of_three_days_makes_each_days_results_on_a_cluster_of_its_own(
    airflow: LocalAirflow, emulator: Any, until: Callable[[Callable[[], bool], str], None]
) -> None:
    """As docs/backfill.md has it: the window ends at the midnight after the last day."""
    days, dag_id = ["2013-01-02", "2013-01-03", "2013-01-04"], "emr_transient_spark"
    s3, emr = emulator.client("s3"), emulator.client("emr")
    seed(days, s3_client=s3)
    airflow.wait_for_dag(dag_id)
    clusters, runs = {cluster["Id"] for cluster in clusters_of(emr)}, set(airflow.api.runs(dag_id))
    window = ["--from-date", "2013-01-02", "--to-date", "2013-01-05", "--max-active-runs", "2"]
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", dag_id, *window]
    done = subprocess.run(command, env=airflow.environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    new = set(airflow.api.runs(dag_id)) - runs
    assert len(new) == len(days)
    until(lambda: {airflow.api.run_state(dag_id, run_id) for run_id in new} <= {"success", "failed"}, "the runs")
    assert {run_id: airflow.api.run_state(dag_id, run_id) for run_id in new} == dict.fromkeys(new, "success")

    ended = [found["Status"]["State"] for found in clusters_of(emr) if found["Id"] not in clusters]
    assert ended == ["TERMINATED"] * len(days)
    for day in days:
        results = s3.list_objects_v2(Bucket="analytics-results", Prefix=f"carrier-delays/{day}/")["Contents"]
        assert any(found["Key"].endswith("_SUCCESS") for found in results)


def long_step_on(airflow: LocalAirflow, cluster_id: str, until: Any) -> str:
    airflow.wait_for_dag("long_step")
    run_id = airflow.api.trigger("long_step", {"cluster_id": cluster_id})
    until(lambda: seen_running(airflow, run_id), "the triggerer's first look at the step")
    return run_id


def seen_running(airflow: LocalAirflow, run_id: str) -> bool:
    """Whether the trigger says in the task's log that the step runs."""
    for task in airflow.api.tasks("long_step", run_id):
        if task.state == "deferred":
            return any("is RUNNING" in event["event"] for event in airflow.api.log("long_step", run_id, task))
    return False


def step_states(emr: Any, cluster_id: str) -> list[tuple[str, str]]:
    """Name and state of the cluster's steps, the newest first."""
    return [(step["Name"], step["Status"]["State"]) for step in emr.list_steps(ClusterId=cluster_id)["Steps"]]


def test_a_step_whose_waiting_task_a_user_fails_is_cancelled(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any
) -> None:
    run_id = long_step_on(airflow, cluster_id, until)
    assert [state for _, state in step_states(emr, cluster_id)] == ["RUNNING"]
    airflow.api.mark("long_step", run_id, "long", "failed")
    until(lambda: [state for _, state in step_states(emr, cluster_id)] == ["CANCELLED"], "the step's cancellation")
    assert state_of(airflow, "long_step", run_id, "long") == "failed"


def test_a_cleared_waiting_task_runs_anew_and_only_its_old_step_is_cancelled(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any
) -> None:
    run_id = long_step_on(airflow, cluster_id, until)
    assert [state for _, state in step_states(emr, cluster_id)] == ["RUNNING"]
    airflow.api.clear("long_step", run_id, "long")
    until(
        lambda: [state for _, state in step_states(emr, cluster_id)] == ["RUNNING", "CANCELLED"],
        "the new step beside the old one's cancellation",
    )
    (new, _), (old, _) = step_states(emr, cluster_id)
    assert new != old, "a clear makes a new key"
    until(lambda: seen_running(airflow, run_id), "the triggerer's first look at the new step")
    airflow.api.mark("long_step", run_id, "long", "failed")
    until(lambda: {state for _, state in step_states(emr, cluster_id)} == {"CANCELLED"}, "the new step's cancellation")


def test_a_retry_of_a_task_that_has_waited_runs_its_failed_step_anew(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, tmp_path: Path
) -> None:
    airflow.wait_for_dag("flaky_step")
    run_id = airflow.api.trigger("flaky_step", {"cluster_id": cluster_id, "marker": str(tmp_path / "marker")})
    until(lambda: airflow.api.run_state("flaky_step", run_id) in ("success", "failed"), "the run")
    assert airflow.api.run_state("flaky_step", run_id) == "success"
    assert [state for _, state in step_states(emr, cluster_id)] == ["COMPLETED", "FAILED"]


@pytest.mark.skipif(Version("3.1") > AIRFLOW, reason="Airflow 3.0 fails a task whose process is killed, with no retry")
def test_a_killed_worker_and_a_killed_triggerer_leave_one_step_of_each_task_and_a_green_run(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, tmp_path: Path
) -> None:
    airflow.wait_for_dag("short_step")
    pid_file = tmp_path / "pid"
    run_id = airflow.api.trigger("short_step", {"cluster_id": cluster_id, "pid_file": str(pid_file)})
    until(lambda: [state for _, state in step_states(emr, cluster_id)] == ["RUNNING"] * 2, "both steps")
    until(lambda: state_of(airflow, "short_step", run_id, "deferred") == "deferred", "the deferral")
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    triggerer = next(component for component in airflow.components if "triggerer" in component.name)
    for process in psutil.Process(triggerer.pid).children(recursive=True):
        process.kill()
    wait_until(lambda: not triggerer.is_running, "the triggerer's end", processes=(), timeout=30, log=triggerer.log)
    airflow.start()
    until(lambda: airflow.api.run_state("short_step", run_id) in ("success", "failed"), "the run")
    assert airflow.api.run_state("short_step", run_id) == "success"
    assert [state for _, state in step_states(emr, cluster_id)] == ["COMPLETED"] * 2
