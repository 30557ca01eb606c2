"""Each operator calls what its class declares, and declares nothing that it never calls: policies are made of that.

The worlds here are the worst ones: tries are killed and repeated, clusters lost, steps fail, users end tasks.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import client

import airflow_emr_pipelines
from airflow_emr_pipelines import (
    EmrCancelStepsOperator,
    EmrClusterSensor,
    EmrCreateClusterOperator,
    EmrCreateSecurityConfigurationOperator,
    EmrDeleteSecurityConfigurationOperator,
    EmrFindClusterOperator,
    EmrModifyClusterOperator,
    EmrReadStepsOperator,
    EmrReapClustersOperator,
    EmrRunDocumentStepOperator,
    EmrRunReportOperator,
    EmrRunStepOperator,
    EmrSizeExecutorsOperator,
    EmrStepSensor,
    EmrTerminateClusterOperator,
    Fleet,
    FleetChange,
    Group,
    GroupChange,
    InstanceFleets,
    InstanceGroups,
    ManagedScaling,
    ShellStep,
)
from airflow_emr_pipelines.iam_policy.tasks import DagTask
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ScalingRule
from tests.boto3_of import knows
from tests.integration.faults.conftest import Account
from tests.integration.faults.tasks import cluster_of, create_task, report_task, step_task, terminate_task
from tests.integration.faults.world import KilledAt, Task
from tests.public_names import PUBLIC

PRICES = {"instances": {"m5.xlarge": {"on_demand": 0.192}}}
FAILING = "echo application_1700000000000_0001 was submitted; echo 'Error: no' >&2; exit 1"
RULES = AutoScaling(1, 4, [ScalingRule("grow", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 1)])

# Not where boto3 cannot ask for logs in CloudWatch: reading them is among the calls.
reads_all_logs = knows("RunJobFlowInput", "MonitoringConfiguration")


class Calls:
    """What tasks that are at work ask AWS for; what prepares the scene, and what the test itself asks, is left out."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file, self.listening, ours = file, False, os.getpid()
        base: Any = client.BaseClient
        send = base._make_api_call

        def record(client: Any, operation: str, parameters: Any) -> Any:
            if self.listening and os.getpid() != ours:
                with file.open("a") as lines:
                    lines.write(f"{operation}\n")
            return send(client, operation, parameters)

        monkeypatch.setattr(base, "_make_api_call", record)

    def of(self, work: Callable[[], Any], operator: Any) -> None:
        """Do the work of an operator, which must have declared, with its values, what is called meanwhile."""
        before = self.seen()
        self.file.unlink(missing_ok=True)
        self.listening = True
        work()
        self.listening = False
        made = self.seen()
        assert made <= DagTask(operator).operations(), "a call is made that is not declared"
        with self.file.open("a") as lines:
            lines.writelines(f"{operation}\n" for operation in before)

    def seen(self) -> set[str]:
        return set(self.file.read_text().split()) if self.file.exists() else set()


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(tmp_path / "calls", monkeypatch)


@pytest.fixture
def logs(emulator: Any) -> dict[str, Any]:
    """What a cluster says that has logs in S3 and in CloudWatch."""
    bucket = f"logs-{uuid.uuid4().hex[:8]}"
    emulator.client("s3").create_bucket(Bucket=bucket)
    return {
        "applications": ("Hadoop", "AmazonCloudWatchAgent"),
        "release_label": "emr-7.11.0",
        "log_uri": f"s3://{bucket}/",
        "monitoring": MonitoringConfiguration(cloud_watch=CloudWatchLogs(f"/emr/{bucket}")),
    }


def declared_by(operator: type[Any]) -> set[str]:
    return {name for names in operator.calls.values() for name in names}


def ended_by_user(task: Task) -> None:
    assert task.start().state == "deferred", task.log
    task.end_by_user()


def second_try(task: Task, killed_at: str) -> None:
    assert task.start(KilledAt(killed_at)).state == "killed"
    task.run()


def task_of(make: Callable[[], Any]) -> Task:
    return Task(make, retries=0)


@reads_all_logs
def test_creating_a_cluster(account: Account, name: str, calls: Calls, logs: dict[str, Any]) -> None:
    plain, protected = create_task(name), create_task(name, termination_protected=True)
    calls.of(lambda: second_try(plain, "RunJobFlow"), plain.make())
    calls.of(lambda: ended_by_user(protected), protected.make())
    cluster = cluster_of(name, **logs)
    with_steps = task_of(
        lambda: EmrCreateClusterOperator(task_id="task", cluster=cluster, steps=[ShellStep("x", FAILING)])
    )
    calls.of(with_steps.run, with_steps.make())
    assert "StepFailed" in with_steps.log[-1]
    assert calls.seen() == declared_by(EmrCreateClusterOperator)


@reads_all_logs
def test_running_a_step(account: Account, standing: str, name: str, calls: Calls, logs: dict[str, Any]) -> None:
    plain, killed = step_task(standing), step_task(standing, "sleep 1000")
    calls.of(lambda: second_try(plain, "AddJobFlowSteps"), plain.make())
    calls.of(lambda: ended_by_user(killed), killed.make())
    cluster = str(create_task(name, termination_protected=True, **logs).run().value)
    fatal = ShellStep("fatal", FAILING, on_failure="TERMINATE_CLUSTER")
    failing = task_of(lambda: EmrRunStepOperator(task_id="task", step=fatal, cluster_id=cluster))
    calls.of(failing.run, failing.make())
    assert "StepFailed" in failing.log[-1]
    assert account.clusters(name, alive=True) == []

    lost = str(create_task(name).run().value)
    account.lose(lost)
    account.fault("RunJobFlow", "delay", delay=2, times=2)  # both have looked before either has made one
    tasks = [step_task(lost, successor=cluster_of(name, termination_protected=True)) for _ in range(2)]

    def at_the_same_time() -> None:
        threads = [threading.Thread(target=task.run) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    calls.of(at_the_same_time, tasks[0].make())
    terminate_task(lost).run()
    assert calls.seen() == declared_by(EmrRunStepOperator)


def test_ending_a_cluster(account: Account, name: str, calls: Calls) -> None:
    for fields in ({}, {"termination_protected": True}):
        cluster = str(create_task(name, **fields).run().value)
        end = terminate_task(cluster)
        calls.of(end.run, end.make())
        calls.of(end.run, end.make())  # it has ended: what took its place is looked for
    assert calls.seen() == declared_by(EmrTerminateClusterOperator)


def test_cancelling_steps(account: Account, standing: str, calls: Calls) -> None:
    step_task(standing, "sleep 1000").start()
    account.until_step_is(standing, "RUNNING")
    (step,) = account.emr.list_steps(ClusterId=standing)["Steps"]
    cancel = task_of(lambda: EmrCancelStepsOperator(task_id="task", cluster_id=standing, step_ids=[step["Id"]]))
    calls.of(cancel.run, cancel.make())
    assert account.steps(standing)[0][1] == "CANCELLED"
    assert calls.seen() == declared_by(EmrCancelStepsOperator)


CHANGES_OF_GROUPS: list[dict[str, Any]] = [
    {"step_concurrency": 5},
    {"termination_protected": True},
    {"termination_protected": False},
    {"unhealthy_node_replacement": True},
    {"unhealthy_node_replacement": False},
    {"idle_timeout": 600},
    {"idle_timeout": False},
    {"managed_scaling": ManagedScaling(1, 5)},
    {"managed_scaling": False},
    {"groups": [GroupChange("CORE", count=2)]},
    {"groups": [GroupChange("CORE", auto_scaling=RULES)]},
    {"groups": [GroupChange("CORE", auto_scaling=False)]},
    {"task_groups": [Group("m5.xlarge", count=1, name="more")]},
    {"task_groups": [Group("m5.xlarge", count=2, name="more", auto_scaling=RULES)]},
    {"keep_alive": True},
    {"keep_alive": False},
]
CHANGES_OF_FLEETS: list[dict[str, Any]] = [
    {"fleets": [FleetChange("CORE", on_demand=2)]},
    {"task_fleet": Fleet(["m5.xlarge"], on_demand=1)},
    {"task_fleet": Fleet(["m5.xlarge"], on_demand=2)},
]


def test_modifying_a_cluster(account: Account, name: str, calls: Calls) -> None:
    groups = InstanceGroups("m5.xlarge", core=Group("m5.xlarge", count=1))
    fleets = InstanceFleets(Fleet(["m5.xlarge"], on_demand=1), core=Fleet(["m5.xlarge"], on_demand=1))
    for instances, changes in ((groups, CHANGES_OF_GROUPS), (fleets, CHANGES_OF_FLEETS)):
        create = create_task(name, instances=instances, auto_scaling_role="EMR_AutoScaling_DefaultRole")
        cluster = str(create.run().value)
        for change in changes:

            def make(cluster: str = cluster, change: dict[str, Any] = change) -> Any:
                return EmrModifyClusterOperator(task_id="task", cluster_id=cluster, **change)

            modify = task_of(make)
            calls.of(modify.run, modify.make())
            assert "success" in modify.log[-1], (change, modify.log)
        terminate_task(cluster).run()
    assert calls.seen() == declared_by(EmrModifyClusterOperator)


class InAirflow(Task):
    """A task that may ask Airflow for DAG runs: all have ended."""

    def _context(self) -> Any:
        context = super()._context()
        context["ti"].get_dr_count = lambda **_: 1
        return context


def test_reaping_clusters(account: Account, name: str, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__EMR_PIPELINES__DEPLOYMENT", name)
    create_task(name, termination_protected=True).run()
    for terminate in (False, True):

        def make(terminate: bool = terminate) -> Any:
            return EmrReapClustersOperator(task_id="task", terminate=terminate, older_than=timedelta(0))

        reap = InAirflow(make, retries=0)
        calls.of(reap.run, reap.make())
    assert account.clusters(name, alive=True) == []
    assert calls.seen() == declared_by(EmrReapClustersOperator)


@pytest.mark.parametrize("operator", [EmrCreateSecurityConfigurationOperator, EmrDeleteSecurityConfigurationOperator])
def test_security_configurations(account: Account, name: str, calls: Calls, operator: type[Any]) -> None:
    content = {"InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": 2}}
    told = {"security_configuration": content} if operator is EmrCreateSecurityConfigurationOperator else {}
    task = task_of(lambda: operator(task_id="task", name=name, **told))
    for _ in range(2):
        calls.of(task.run, task.make())
    assert calls.seen() == declared_by(operator)


def test_watching_a_cluster(account: Account, standing: str, calls: Calls) -> None:
    watch = task_of(lambda: EmrClusterSensor(task_id="task", cluster_id=standing, poke_interval=0.1))
    calls.of(watch.run, watch.make())
    assert calls.seen() == declared_by(EmrClusterSensor)


@reads_all_logs
def test_watching_a_step(account: Account, name: str, calls: Calls, logs: dict[str, Any]) -> None:
    cluster = str(create_task(name, **logs).run().value)
    step_task(cluster, FAILING, retries=0).run()
    (step,) = account.emr.list_steps(ClusterId=cluster)["Steps"]
    watch = task_of(lambda: EmrStepSensor(task_id="task", cluster_id=cluster, step_id=step["Id"], poke_interval=0.1))
    calls.of(watch.run, watch.make())
    assert "StepFailed" in watch.log[-1]
    terminate_task(cluster).run()
    assert calls.seen() == declared_by(EmrStepSensor)


def test_reporting_of_a_run(account: Account, name: str, calls: Calls, logs: dict[str, Any]) -> None:
    cluster = str(create_task(name).run().value)
    terminate_task(cluster).run()  # what took its place is looked for
    told: list[dict[str, Any]] = [{}, {"folder": f"{logs['log_uri']}reports/", "prices": PRICES}, {"prices": "aws"}]
    for fields, state in zip(told, ("success", "success", "failed"), strict=True):  # the emulator has no price list
        report = report_task(cluster, **fields)
        calls.of(report.run, report.make())
        assert state in report.log[-1], report.log
    assert calls.seen() == declared_by(EmrRunReportOperator)


def test_finding_a_cluster_and_sizing_executors_for_it(account: Account, name: str, calls: Calls) -> None:
    cluster = str(create_task(name).run().value)
    for told in (cluster, name):

        def make(told: str = told) -> Any:
            return EmrFindClusterOperator(task_id="task", cluster=told)

        find = task_of(make)
        calls.of(find.run, find.make())
        assert cluster in find.log[-1], find.log
    assert calls.seen() == declared_by(EmrFindClusterOperator)
    calls.file.unlink()
    size = task_of(lambda: EmrSizeExecutorsOperator(task_id="task", cluster_id=cluster))
    calls.of(size.run, size.make())
    assert "executor_memory" in size.log[-1], size.log
    terminate_task(cluster).run()
    assert calls.seen() == declared_by(EmrSizeExecutorsOperator)


class OfARun(Task):
    """A task that may ask for the dates, ids and params of its run."""

    def _context(self) -> Any:
        when = datetime(2013, 1, 1, tzinfo=timezone.utc)
        run = SimpleNamespace(dag_id="faults", run_id=self.run_id, logical_date=when)
        run.data_interval_start = run.data_interval_end = when
        return {**super()._context(), "dag_run": run, "params": {}}


def test_reading_the_steps_of_a_document(account: Account, emulator: Any, calls: Calls, logs: dict[str, Any]) -> None:
    document = f"{logs['log_uri']}steps.yaml"
    body = b"[{kind: shell, name: Say, command: 'echo {{ ds }}'}]"
    emulator.client("s3").put_object(Bucket=document.split("/")[2], Key="steps.yaml", Body=body)
    read = OfARun(lambda: EmrReadStepsOperator(task_id="task", document=document), retries=0)
    calls.of(read.run, read.make())
    assert "echo 2013-01-01" in read.log[-1], read.log
    assert calls.seen() == declared_by(EmrReadStepsOperator)
    assert EmrRunDocumentStepOperator.calls is EmrRunStepOperator.calls  # what runs them is the same


def test_every_operator_and_sensor_says_what_it_calls() -> None:
    public = (getattr(airflow_emr_pipelines, name) for name in PUBLIC)
    tasks = [value for value in public if "aws_conn_id" in getattr(value, "template_fields", ())]
    assert len(tasks) > 9
    assert [task.__name__ for task in tasks if not getattr(task, "calls", None)] == []
