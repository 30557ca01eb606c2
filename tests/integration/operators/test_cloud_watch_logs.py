"""The cause of a failure, from logs in CloudWatch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.operators.job_logs import failure_of
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from tests.boto3_of import knows
from tests.integration.operators.conftest import GROUPS, ROLES

pytestmark = knows("RunJobFlowInput", "MonitoringConfiguration")

FAILING = "echo some words; echo 'Error: the table is empty' >&2; exit 3"


@pytest.fixture
def group() -> str:
    return f"/emr/{uuid.uuid4().hex[:8]}"


@pytest.fixture
def watched(emr: Any, group: str) -> Iterator[str]:
    """A cluster whose logs are in CloudWatch and nowhere else."""
    cluster = emr.run_job_flow(
        Name="watched",
        ReleaseLabel="emr-7.11.0",
        Applications=[{"Name": "AmazonCloudWatchAgent"}],
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        MonitoringConfiguration={
            "CloudWatchLogConfiguration": {"Enabled": True, "LogGroupName": group, "LogStreamNamePrefix": "daily"}
        },
        **ROLES,
    )["JobFlowId"]
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


class Told:
    """What a task's log was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.log = SimpleNamespace(info=self._say, warning=self._say, log=lambda level, *words: self._say(*words))

    def _say(self, text: str, *values: object) -> None:
        self.lines.append(text % values)


def ended_step(
    hook: EmrHook, cluster_id: str, command: Sequence[str] = ("bash", "-c", FAILING), seconds: float = 30
) -> StepReport:
    step = {"Jar": "command-runner.jar", "Args": list(command)}
    hook.add_step(cluster_id, {"Name": "failing", "ActionOnFailure": "CONTINUE", "HadoopJarStep": step})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        (report,) = next(hook.list_steps(cluster_id))
        if report.state.finished:
            return report
        time.sleep(0.1)
    raise AssertionError("the step has not ended")


def test_the_cause_is_found_at_once_and_the_tails_are_shown(airflow: None, watched: str, group: str) -> None:
    hook, told = EmrHook(), Told()
    failure = failure_of(EmrSteps(watched, None, None, hook), ended_step(hook, watched), log=told.log)
    assert failure.cause == "Error: the table is empty"
    assert failure.log is not None
    assert failure.log.startswith(f"CloudWatch {group} daily/{watched}/")
    assert "some words" in told.lines


def test_logs_that_cannot_be_read_are_said_to_be_missing(
    airflow: None, watched: str, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    hook, told = EmrHook(), Told()
    report = ended_step(hook, watched)
    hook.logs.delete_log_group(logGroupName=group)
    failure_of(EmrSteps(watched, None, None, hook), report, log=told.log)
    assert any("Cannot read the logs" in record.message for record in caplog.records)
    assert any("nowhere to be read" in line for line in told.lines)
