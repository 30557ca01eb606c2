"""DAGs under Airflow's real scheduler and triggerer: a cluster with real Spark, and users who end what waits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from packaging.version import Version

from local.local_airflow import LocalAirflow
from local.processes import wait_until
from local.report import exception_of
from local.seed import seed
from tests.airflow_of import AIRFLOW
from tests.conftest import DAG_FOLDERS, clusters_of
from tests.integration.operators.conftest import standing_cluster

pytestmark = pytest.mark.slow

DAY = "2013-01-01"
DEPLOYMENT = "scheduled"
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
        retries=3,  # more than it needs: a loaded Airflow may use one up
        retry_delay=timedelta(0),
    )

with DAG("told_step", schedule=None, params={"cluster_id": "j-NONE", "pid_file": "", "marker": ""}):
    for name, deferrable in (("deferred", True), ("waiting", False)):
        TellingOperator(
            task_id=name,
            step=ShellStep(name, "until test -e {{ params.marker }}; do sleep 0.2; done"),
            cluster_id="{{ params.cluster_id }}",
            deferrable=deferrable,
            retries=2,
            retry_delay=timedelta(0),
        )
"""


TESTED = """
import os
import time
from pathlib import Path

from airflow.sdk import DAG, BaseOperatorLink
from airflow_emr_pipelines import EmrRunStepOperator, ShellStep

class Held(BaseOperatorLink):
    '''Keeps the task's process from its end until a triggerer watches the step, too.'''

    name = "Held"

    def get_link(self, operator, *, ti_key):
        logs = Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
        for _ in range(1200):
            if any("is RUNNING" in file.read_text() for file in logs.glob("dag_id=tested/**/*.trigger.*.log")):
                return ""
            time.sleep(0.1)
        raise TimeoutError("No triggerer has looked at the step")

class HeldOperator(EmrRunStepOperator):
    operator_extra_links = (Held(),)

LINE = "until test -e {{ params.marker }}; do sleep 0.2; done"
with DAG("tested", schedule=None, params={"cluster_id": "j-NONE", "marker": ""}):
    HeldOperator(task_id="held", step=ShellStep("held", LINE), cluster_id="{{ params.cluster_id }}")
"""


PIPELINE = """
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG
from airflow_emr_pipelines import EmrCluster, InstanceGroups, ShellStep, transient_cluster

NAME = Path(__file__).stem
TIMES_OUT = NAME == "timed_out"
IDLE = 3600 if TIMES_OUT else 60
CLUSTER = EmrCluster("{{ params.name }}", "emr-7.10.0", InstanceGroups("m5.xlarge"), idle_timeout=IDLE)
LONG = ShellStep("long", "until test -e {{ params.marker }}; do sleep 0.2; done")

with DAG(
    NAME,
    schedule=None,
    params={"name": "", "marker": ""},
    dagrun_timeout=timedelta(seconds=60) if TIMES_OUT else None,
):
    with transient_cluster("pipeline", CLUSTER) as cluster:
        cluster.run(LONG, "long") >> cluster.run(ShellStep("after", "true"), "after")
"""
"""Named for its file, since a user deletes one of them and another is too slow."""

LATE_EXECUTOR = """
import time

from airflow.executors.local_executor import LocalExecutor

SECONDS = 5.0

class LateExecutor(LocalExecutor):
    '''Tells the scheduler of the end of a process of the DAG ``late`` seconds later, as under load; at the worst moment
    where its task is queued again before.'''

    late = {}

    def queue_workload(self, workload, session=None):
        if workload.ti.key in self.late:
            self.late[workload.ti.key] = 0.0
        super().queue_workload(workload, session)

    def change_state(self, key, state, *more, **words):
        if key.dag_id == "late" and state == "success":
            self.late[key] = time.monotonic() + SECONDS
        else:
            super().change_state(key, state, *more, **words)

    def sync(self):
        super().sync()
        for key in [key for key, due in self.late.items() if due < time.monotonic()]:
            del self.late[key]
            super().change_state(key, "success")
"""

LATE = """
import os

from airflow.sdk import DAG
from airflow_emr_pipelines import EmrCluster, EmrCreateClusterOperator, EmrRunStepOperator, InstanceGroups, ShellStep

# In the processes of this file's tasks alone, and far above what the late executor takes on a busy machine.
os.environ["AIRFLOW__EMR_PIPELINES__LEAST_DEFERRAL_SECONDS"] = "30"
CLUSTER = EmrCluster("late", "emr-7.10.0", InstanceGroups("m5.xlarge"), idle_timeout=3600)

with DAG("late", schedule=None, params={"cluster_id": ""}, default_args={"retries": 0}):
    for name, line in (("good", "true"), ("bad", "exit 7")):
        EmrRunStepOperator(task_id=name, step=ShellStep(name, line), cluster_id="{{ params.cluster_id }}")
    EmrCreateClusterOperator(task_id="create", cluster=CLUSTER)
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, emulator: Any) -> Iterator[LocalAirflow]:
    folder = tmp_path_factory.mktemp("scheduled")
    shutil.copytree(DAG_FOLDERS["examples"], folder / "dags")
    (folder / "dags" / "long_step.py").write_text(LONG_STEP)
    (folder / "dags" / "late.py").write_text(LATE)
    (folder / "dags" / "tested.py").write_text(TESTED)
    for name in ("pipeline", "deleted", "timed_out"):
        (folder / "dags" / f"{name}.py").write_text(PIPELINE)
    (folder / "home" / "config").mkdir(parents=True)
    (folder / "home" / "config" / "late_executor.py").write_text(LATE_EXECUTOR)
    options = {
        "AIRFLOW__EMR_PIPELINES__DEPLOYMENT": DEPLOYMENT,
        "AIRFLOW__EMR_PIPELINES__POLL_SECONDS": "0.5",
        "AIRFLOW__EMR_PIPELINES__CALLS_PER_SECOND": "10",
        "AIRFLOW__EMR_PIPELINES__LEAST_DEFERRAL_SECONDS": "3",
        "AIRFLOW__CORE__EXECUTOR": "late_executor.LateExecutor",
        # How soon a new triggerer takes over what a dead one watched.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    }
    if Version("3.1") > AIRFLOW:
        # On a busy machine it may fail a task that is back from the triggerer before the scheduler knew it deferred.
        options |= {"AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "1", "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "0"}
    with LocalAirflow(folder / "home", folder / "dags", env={**emulator.environment, **options}) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def timed_out(airflow: LocalAirflow, emulator: Any, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Begun first, so that its minute passes while other tests have theirs."""
    return Pipeline(airflow, emulator.client("emr"), tmp_path_factory.mktemp("timed-out"), "timed_out")


@pytest.fixture(scope="module", autouse=True)
def late(airflow: LocalAirflow, emulator: Any, log_bucket: str, timed_out: Pipeline) -> str:
    """A run of the DAG ``late``, begun early, so that its seconds pass while other tests have theirs."""
    # Until the first task has begun, Airflow's server makes ready what tasks ask of it: on a busy machine it answers
    # nobody for a minute.
    wait_while_it_runs(airflow, lambda: bool(timed_out.clusters()), "the first task")
    airflow.wait_for_dag("late")
    cluster = standing_cluster(emulator.client("emr"), log_bucket)
    return airflow.api.trigger("late", {"cluster_id": cluster})


@pytest.fixture
def until(airflow: LocalAirflow) -> Callable[[Callable[[], bool], str], None]:
    """Waits until something is so, while Airflow runs."""
    return partial(wait_while_it_runs, airflow)


def wait_while_it_runs(airflow: LocalAirflow, condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, what, processes=airflow.components, timeout=240, log=airflow.log_of("scheduler"))


def state_of(airflow: LocalAirflow, dag_id: str, run_id: str, task_id: str) -> str | None:
    return next(task.state for task in airflow.api.tasks(dag_id, run_id) if task.id == task_id)


def transient_spark_clusters(emr: Any) -> dict[str, dict[str, Any]]:
    """The clusters of the smallest pipeline, by id."""
    return {found["Id"]: found for found in clusters_of(emr) if found["Name"].startswith("transient-spark [")}


def test_the_smallest_pipeline_runs_green_and_leaves_results_logs_and_no_cluster(
    airflow: LocalAirflow, emulator: Any, until: Callable[[Callable[[], bool], str], None]
) -> None:
    s3, emr = emulator.client("s3"), emulator.client("emr")
    seed([DAY], s3_client=s3)
    before = transient_spark_clusters(emr)
    airflow.wait_for_dag("emr_transient_spark")
    run_id = airflow.api.trigger("emr_transient_spark", {"day": DAY})
    until(lambda: airflow.api.run_state("emr_transient_spark", run_id) in ("success", "failed"), "the run")
    states = {task.id: task.state for task in airflow.api.tasks("emr_transient_spark", run_id)}
    failed = [task for task in airflow.api.tasks("emr_transient_spark", run_id) if task.state == "failed"]
    causes = [exception_of(airflow.api, "emr_transient_spark", run_id, task) for task in failed]
    assert set(states.values()) == {"success"}, causes

    (cluster,) = [found for cluster_id, found in transient_spark_clusters(emr).items() if cluster_id not in before]
    assert cluster["Status"]["State"] == "TERMINATED"
    results = s3.list_objects_v2(Bucket="analytics-results", Prefix=f"carrier-delays/{DAY}/")["Contents"]
    assert any(found["Key"].endswith("_SUCCESS") for found in results)
    logs = s3.list_objects_v2(Bucket="emr-logs", Prefix=f"{cluster['Id']}/")["Contents"]
    assert {"controller.gz", "stderr.gz", "stdout.gz", "syslog.gz"} <= {Path(found["Key"]).name for found in logs}


def most_at_once(clusters: list[dict[str, Any]]) -> int:
    """How many of the clusters, which have ended, were there at the same time."""
    timelines = [found["Status"]["Timeline"] for found in clusters]
    lives = [(timeline["CreationDateTime"], timeline["EndDateTime"]) for timeline in timelines]
    return max(len([start for start, end in lives if start <= moment < end]) for moment, _ in lives)


def test_a_backfill_of_three_days_makes_each_days_results_on_a_cluster_of_its_own(
    airflow: LocalAirflow, emulator: Any, until: Callable[[Callable[[], bool], str], None]
) -> None:
    """As docs/backfill.md has it: the window ends at the midnight after the last day."""
    days, dag_id = ["2013-01-02", "2013-01-03", "2013-01-04"], "emr_transient_spark"
    s3, emr = emulator.client("s3"), emulator.client("emr")
    seed(days, s3_client=s3)
    airflow.wait_for_dag(dag_id)
    clusters, runs = transient_spark_clusters(emr), set(airflow.api.runs(dag_id))
    window = ["--from-date", "2013-01-02", "--to-date", "2013-01-05", "--max-active-runs", "2"]
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", dag_id, *window]
    done = subprocess.run(command, env=airflow.environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    new = set(airflow.api.runs(dag_id)) - runs
    assert len(new) == len(days)
    until(lambda: {airflow.api.run_state(dag_id, run_id) for run_id in new} <= {"success", "failed"}, "the runs")
    assert {run_id: airflow.api.run_state(dag_id, run_id) for run_id in new} == dict.fromkeys(new, "success")

    made = [found for cluster_id, found in transient_spark_clusters(emr).items() if cluster_id not in clusters]
    assert [found["Status"]["State"] for found in made] == ["TERMINATED"] * len(days)
    assert most_at_once(made) <= 2, "as many as --max-active-runs says"
    for day in days:
        results = s3.list_objects_v2(Bucket="analytics-results", Prefix=f"carrier-delays/{day}/")["Contents"]
        assert any(found["Key"].endswith("_SUCCESS") for found in results)


def long_step_on(airflow: LocalAirflow, cluster_id: str, until: Any) -> str:
    airflow.wait_for_dag("long_step")
    run_id = airflow.api.trigger("long_step", {"cluster_id": cluster_id})
    until(lambda: seen_running(airflow, "long_step", run_id), "the triggerer's first look at the step")
    return run_id


def seen_running(airflow: LocalAirflow, dag_id: str, run_id: str) -> bool:
    """Whether the trigger says in the log of the task ``long`` that the step runs."""
    for task in airflow.api.tasks(dag_id, run_id):
        if task.state == "deferred" and task.id.endswith("long"):
            return any("is RUNNING" in event["event"] for event in airflow.api.log(dag_id, run_id, task))
    return False


def step_states(emr: Any, cluster_id: str) -> list[tuple[str, str]]:
    """Name and state of the cluster's steps, the newest first."""
    return [(step["Name"], step["Status"]["State"]) for step in emr.list_steps(ClusterId=cluster_id)["Steps"]]


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_step_whose_waiting_task_a_user_marks_is_cancelled(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, state: str
) -> None:
    run_id = long_step_on(airflow, cluster_id, until)
    assert [state for _, state in step_states(emr, cluster_id)] == ["RUNNING"]
    airflow.api.mark("long_step", run_id, "long", state)
    until(lambda: [state for _, state in step_states(emr, cluster_id)] == ["CANCELLED"], "the step's cancellation")
    assert state_of(airflow, "long_step", run_id, "long") == state


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
    until(lambda: seen_running(airflow, "long_step", run_id), "the triggerer's first look at the new step")
    airflow.api.mark("long_step", run_id, "long", "failed")
    until(lambda: {state for _, state in step_states(emr, cluster_id)} == {"CANCELLED"}, "the new step's cancellation")


def test_the_steps_of_a_document_wait_for_those_that_they_depend_on(
    airflow: LocalAirflow, emulator: Any, emr: Any, cluster_id: str, log_bucket: str, until: Any
) -> None:
    lines = {"first": "sleep 3", "broken": "exit 1", "second": "sleep 1", "never": "true"}
    after = {"first": [], "broken": [], "second": ["first"], "never": ["broken", "second"]}
    steps = [
        {"kind": "shell", "name": name, "command": line, "depends_on": after[name]} for name, line in lines.items()
    ]
    emulator.client("s3").put_object(Bucket=log_bucket, Key="steps.json", Body=json.dumps(steps).encode())
    conf = {"cluster": cluster_id, "document": f"s3://{log_bucket}/steps.json"}
    airflow.wait_for_dag("emr_scheduled_steps")
    run_id = airflow.api.trigger("emr_scheduled_steps", conf)
    until(lambda: airflow.api.run_state("emr_scheduled_steps", run_id) == "failed", "the run's failure")
    tasks = airflow.api.tasks("emr_scheduled_steps", run_id)
    states = {task.map_index: task.state for task in tasks if task.id == "pipeline.steps"}
    assert states == {0: "success", 1: "failed", 2: "success", 3: "failed"}
    ran = {step["Name"].split(" [")[0]: step["Status"] for step in emr.list_steps(ClusterId=cluster_id)["Steps"]}
    assert {name: status["State"] for name, status in ran.items()} == {
        "first": "COMPLETED",
        "broken": "FAILED",
        "second": "COMPLETED",
    }
    assert ran["first"]["Timeline"]["EndDateTime"] <= ran["second"]["Timeline"]["StartDateTime"]


def test_a_retry_of_a_task_that_has_waited_runs_its_failed_step_anew(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, tmp_path: Path
) -> None:
    airflow.wait_for_dag("flaky_step")
    run_id = airflow.api.trigger("flaky_step", {"cluster_id": cluster_id, "marker": str(tmp_path / "marker")})
    until(lambda: airflow.api.run_state("flaky_step", run_id) in ("success", "failed"), "the run")
    assert airflow.api.run_state("flaky_step", run_id) == "success"
    assert [state for _, state in step_states(emr, cluster_id)] == ["COMPLETED", "FAILED"]


def test_an_end_that_airflow_hears_of_late_costs_no_try_no_cause_and_no_cluster(
    airflow: LocalAirflow, emr: Any, until: Any, late: str
) -> None:
    """The end of the process that deferred is told under the same key as that of the one that resumes: told while the
    task is queued again, or runs, it fails the try."""
    until(lambda: airflow.api.run_state("late", late) in ("success", "failed"), "the run's end")
    tasks = {task.id: task for task in airflow.api.tasks("late", late)}
    causes = {name: exception_of(airflow.api, "late", late, task) for name, task in tasks.items()}
    states = {name: task.state for name, task in tasks.items()}
    assert states == {"good": "success", "bad": "failed", "create": "success"}, causes
    assert "exit code 7" in causes["bad"]
    (cluster,) = [found for found in clusters_of(emr) if found["Name"].startswith("late [")]
    assert cluster["Status"]["State"] == "WAITING"


def test_a_dag_that_is_tested_beside_a_triggerer_keeps_its_step(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, tmp_path: Path
) -> None:
    """``airflow dags test`` watches its triggers itself; the triggerer starts them as well, and is told of a kill."""
    airflow.wait_for_dag("tested")
    airflow.api.pause("tested")  # or the scheduler would run its tasks, too
    marker = tmp_path / "marker"
    conf = json.dumps({"cluster_id": cluster_id, "marker": str(marker)})
    command = [sys.executable, "-m", "airflow", "dags", "test", "tested", "--conf", conf]
    output = (tmp_path / "output").open("w+")
    with output, subprocess.Popen(command, env=airflow.environment, stdout=output, stderr=output) as tested:
        logs = Path(airflow.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])

        def is_let_go() -> bool:
            assert tested.poll() is None, Path(output.name).read_text()
            return any("completed" in file.read_text() for file in logs.glob("dag_id=tested/**/*.trigger.*.log"))

        until(is_let_go, "the triggerer's last word on the step")
        marker.touch()
        assert tested.wait(timeout=120) == 0, Path(output.name).read_text()
    assert [state for _, state in step_states(emr, cluster_id)] == ["COMPLETED"]


class Pipeline:
    """A run of a transient cluster with a long step, which ends when it is let, and one that follows."""

    def __init__(self, airflow: LocalAirflow, emr: Any, folder: Path, dag_id: str) -> None:
        self.airflow, self.emr, self.dag_id = airflow, emr, dag_id
        self.name, self.marker = f"{dag_id}-{uuid.uuid4().hex[:8]}", folder / f"{dag_id}-{uuid.uuid4().hex[:8]}"
        airflow.wait_for_dag(dag_id)
        self.run_id = airflow.api.trigger(dag_id, {"name": self.name, "marker": str(self.marker)})

    def until_it_waits(self) -> None:
        """Its long step runs, and the triggerer has seen that."""
        self._until(lambda: seen_running(self.airflow, self.dag_id, self.run_id), f"the long step of {self.dag_id}")

    def let_the_long_step_end(self) -> None:
        self.marker.touch()

    def until_it_is_over(self) -> str:
        """The state in which the run has ended."""
        self._until(lambda: self._state() in ("success", "failed"), f"the end of the run of {self.dag_id}")
        return self._state()

    def until_clusters_are(self, *states: str) -> None:
        """The states of the clusters that it has had, the oldest first."""
        self._until(lambda: list(self.clusters().values()) == list(states), f"clusters of {self.dag_id}: {states}")

    def until_steps_are(self, *steps: tuple[str, str]) -> None:
        self._until(lambda: self.steps() == list(steps), f"steps of {self.dag_id}: {steps}")

    def clusters(self) -> dict[str, str]:
        """The state of each of its clusters, by id."""
        named = [found for found in clusters_of(self.emr) if found["Name"].startswith(f"{self.name} [")]
        in_order = sorted(named, key=lambda found: found["Status"]["Timeline"]["CreationDateTime"])
        return {found["Id"]: found["Status"]["State"] for found in in_order}

    def steps(self) -> list[tuple[str, str]]:
        """The user's name and the state of each step on its clusters, the oldest first."""
        found = [step for cluster in self.clusters() for step in step_states(self.emr, cluster)[::-1]]
        return [(name.split(" [")[0], state) for name, state in found]

    def causes(self) -> dict[str, str | None]:
        """The exception of each task that has failed."""
        tasks = self.airflow.api.tasks(self.dag_id, self.run_id)
        return {
            task.id: exception_of(self.airflow.api, self.dag_id, self.run_id, task)
            for task in tasks
            if task.state in ("failed", "upstream_failed")
        }

    def _state(self) -> str:
        return self.airflow.api.run_state(self.dag_id, self.run_id)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        wait_while_it_runs(self.airflow, condition, what)


@pytest.fixture
def pipeline(airflow: LocalAirflow, emr: Any, tmp_path: Path) -> Callable[[str], Pipeline]:
    return partial(Pipeline, airflow, emr, tmp_path)


def test_a_run_that_a_user_marks_has_its_step_cancelled_and_its_cluster_ended_and_may_be_cleared(
    airflow: LocalAirflow, pipeline: Callable[[str], Pipeline]
) -> None:
    failed, succeeded = pipeline("pipeline"), pipeline("pipeline")
    for run, state in ((failed, "failed"), (succeeded, "success")):
        run.until_it_waits()
        airflow.api.mark_run("pipeline", run.run_id, state)
    for run in (failed, succeeded):
        run.until_clusters_are("TERMINATED")
        run.until_steps_are(("long", "CANCELLED"))
        run.until_it_is_over()

    failed.let_the_long_step_end()
    airflow.api.clear("pipeline", failed.run_id, "pipeline.long", downstream=True)
    failed.until_clusters_are("TERMINATED", "TERMINATED")
    assert failed.until_it_is_over() == "success", failed.causes()
    assert failed.steps() == [("long", "CANCELLED"), ("long", "COMPLETED"), ("after", "COMPLETED")]


def test_a_run_whose_dag_is_paused_goes_on_later_and_its_tasks_may_be_cleared_when_it_is_over(
    airflow: LocalAirflow, pipeline: Callable[[str], Pipeline]
) -> None:
    run = pipeline("pipeline")
    run.until_it_waits()
    airflow.api.pause("pipeline")
    run.let_the_long_step_end()
    run.until_clusters_are("WAITING")
    assert run.steps() == [("long", "COMPLETED")]
    airflow.api.pause("pipeline", False)
    assert run.until_it_is_over() == "success", run.causes()
    run.until_clusters_are("TERMINATED")
    assert run.steps() == [("long", "COMPLETED"), ("after", "COMPLETED")]

    airflow.api.clear("pipeline", run.run_id, "pipeline.after", downstream=True)
    run.until_clusters_are("TERMINATED", "TERMINATED")
    assert run.until_it_is_over() == "success", run.causes()
    assert run.steps() == [("long", "COMPLETED"), ("after", "COMPLETED"), ("after", "COMPLETED")]


@pytest.fixture(scope="module")
def deleted(airflow: LocalAirflow, emulator: Any, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The DAG is deleted while its step runs.

    Airflow's scheduler dies of a run that is deleted while it looks at it, so the DAG is paused until it looks no more.
    """
    run = Pipeline(airflow, emulator.client("emr"), tmp_path_factory.mktemp("deleted"), "deleted")
    run.until_it_waits()
    airflow.api.pause("deleted")
    paused = datetime.now(timezone.utc)
    wait_while_it_runs(airflow, lambda: has_come_round(airflow, paused), "a round of the scheduler without the DAG")
    (airflow.dags_folder / "deleted.py").unlink()
    airflow.api.delete_dag("deleted")
    return run


def has_come_round(airflow: LocalAirflow, since: datetime) -> bool:
    """Whether the scheduler has told of itself since then, which it does between two rounds."""
    told = airflow.api.health()["scheduler"].heartbeat
    return told is not None and told > since


def reap(airflow: LocalAirflow) -> str:
    """What ``airflow emr reap --terminate`` says, as it is called where Airflow 3.0 knows no commands of ours."""
    command = [sys.executable, "-m", "airflow_emr_pipelines.cli", "reap", "--terminate", "--older-than", "0"]
    done = subprocess.run(command, env=airflow.environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_reaper_ends_the_cluster_of_a_run_that_timed_out(airflow: LocalAirflow, timed_out: Pipeline) -> None:
    assert timed_out.until_it_is_over() == "failed"
    timed_out.until_steps_are(("long", "CANCELLED"))
    assert set(timed_out.clusters().values()) <= {"RUNNING", "WAITING"}, "Airflow has skipped the teardown"
    reap(airflow)
    timed_out.until_clusters_are("TERMINATED")


def test_the_reaper_leaves_the_cluster_of_a_deleted_dag_alone(airflow: LocalAirflow, deleted: Pipeline) -> None:
    deleted.until_steps_are(("long", "CANCELLED"))
    assert f"run {deleted.run_id} of DAG deleted is not known here" in reap(airflow)


@pytest.mark.skipif(Version("3.1") > AIRFLOW, reason="Airflow 3.0 fails a task whose process is killed, with no retry")
def test_a_killed_worker_and_a_killed_triggerer_leave_one_step_of_each_task_and_a_green_run(
    airflow: LocalAirflow, emr: Any, cluster_id: str, until: Any, tmp_path: Path
) -> None:
    airflow.wait_for_dag("told_step")
    pid_file, marker = tmp_path / "pid", tmp_path / "marker"
    conf = {"cluster_id": cluster_id, "pid_file": str(pid_file), "marker": str(marker)}
    run_id = airflow.api.trigger("told_step", conf)
    until(lambda: [state for _, state in step_states(emr, cluster_id)] == ["RUNNING"] * 2, "both steps")
    until(lambda: state_of(airflow, "told_step", run_id, "deferred") == "deferred", "the deferral")
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    triggerer = next(component for component in airflow.components if "triggerer" in component.name)
    for process in psutil.Process(triggerer.pid).children(recursive=True):
        process.kill()
    wait_until(lambda: not triggerer.is_running, "the triggerer's end", processes=(), timeout=30, log=triggerer.log)
    airflow.start()
    marker.touch()
    until(lambda: airflow.api.run_state("told_step", run_id) in ("success", "failed"), "the run")
    assert airflow.api.run_state("told_step", run_id) == "success"
    assert [state for _, state in step_states(emr, cluster_id)] == ["COMPLETED"] * 2


def test_the_idle_policy_ends_the_cluster_of_a_deleted_dag(deleted: Pipeline, emr: Any) -> None:
    deleted.until_clusters_are("TERMINATED")
    (cluster,) = deleted.clusters()
    reason = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["StateChangeReason"]
    assert reason["Message"] == "Auto-terminated after 60 idle seconds"
