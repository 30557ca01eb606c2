"""The tasks that faults happen to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunReportOperator,
    EmrRunStepOperator,
    EmrTerminateClusterOperator,
    InstanceGroups,
    ShellStep,
)
from tests.integration.faults.world import Task


def cluster_of(name: str, **fields: Any) -> EmrCluster:
    """A small cluster."""
    return EmrCluster(name, **{"release_label": "emr-7.10.0", "instances": InstanceGroups("m5.xlarge"), **fields})


def slow_then_quick(marker: Path) -> str:
    """A line of shell that does not end when it is run first, and makes the marker when it has begun."""
    return f"test -e {marker} || {{ touch {marker}; sleep 1000; }}"


def step_task(cluster_id: str, command: str = "true", *, retries: int = 3, **arguments: Any) -> Task:
    """Runs a line of shell as a step."""

    def make() -> Any:
        step = ShellStep("once", command)
        return EmrRunStepOperator(task_id="task", step=step, cluster_id=cluster_id, poll_seconds=0.1, **arguments)

    return Task(make, retries=retries)


def neighbour_of(task: Task, cluster_id: str, command: str = "true", **arguments: Any) -> Task:
    """Another task of the same DAG run, whose step is on the same cluster."""
    neighbour = step_task(cluster_id, command, retries=task.retries, **arguments)
    return replace(neighbour, run_id=task.run_id, started=task.started, task_id="neighbour")


def create_task(name: str, *, retries: int = 3, **fields: Any) -> Task:
    """Creates a cluster of that name."""

    def make() -> Any:
        return EmrCreateClusterOperator(task_id="create", cluster=cluster_of(name, **fields), poll_seconds=0.1)

    return Task(make, retries=retries, task_id="create")


def terminate_task(cluster_id: str | None) -> Task:
    """Terminates a cluster, with the retries that its operator has when nobody says how many."""

    def make() -> Any:
        return EmrTerminateClusterOperator(task_id="end", cluster_id=cluster_id, poll_seconds=0.1)

    return Task(make, retries=make().retries)


def report_task(cluster_id: str, **arguments: Any) -> Task:
    """Tells what a cluster, and those that took its place, did."""
    return OfADag(
        lambda: EmrRunReportOperator(task_id="task", cluster_id=cluster_id, **arguments), retries=0, task_id="report"
    )


class OfADag(Task):
    """A task that may ask which tasks its DAG has: none but itself."""

    def _context(self) -> Any:
        return {**super()._context(), "dag": SimpleNamespace(tasks=[])}
