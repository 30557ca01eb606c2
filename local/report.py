"""What came of a run: its results, its steps, where everything lies, or why it failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.cli.table import bar, table
from local.api import AirflowApi, Task
from local.clusters import RanCluster
from local.progress import clock

INSIGHTS = ("customer-insights", "product-insights")


class MissingResult(Exception):
    """A file that a job should have written is not in S3."""


@dataclass(frozen=True)
class Results:
    """The files that the jobs of the daily ETL write for whoever wants to know what came of a day."""

    quality: dict[str, Any]
    cleansing: dict[str, Any]
    insights: list[dict[str, Any]]

    @classmethod
    def read(cls, s3: Any, day: str) -> Results:
        """The results of a day; MissingResult when one is not there."""
        return cls(
            quality=read_json(s3, "validation-results", f"{day}/report.json"),
            cleansing=read_json(s3, "cleansed-data", f"daily-metrics/{day}.json"),
            insights=[read_json(s3, "analytics-results", f"{name}/{day}/summary.json") for name in INSIGHTS],
        )

    def text(self, day: str) -> str:
        """The results as tables."""
        rows = [
            ("rows in", self.quality["rows_in"]),
            ("rejected", self.cleansing["rows_rejected"]),
            *((f"  by {rule['name']}", rule["failed"]) for rule in self.quality["rules"] if rule["failed"]),
            ("duplicates removed", self.cleansing["duplicates_removed"]),
            ("rows out", self.cleansing["rows_out"]),
        ]
        parts = [table((f"flights of {day}", "rows"), rows)]
        parts += [f"  {found['title']}\n{table(found['columns'], found['rows'])}" for found in self.insights]
        return "\n\n".join(parts)


def read_json(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    """A JSON object from S3."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        raise MissingResult(f"s3://{bucket}/{key} is missing") from None
    found: dict[str, Any] = json.loads(body)
    return found


def steps_text(cluster: RanCluster) -> str:
    """The steps of a cluster on one scale of time: those that overlap are seen to."""
    times = [time for step in cluster.steps for time in (step.started, step.ended) if time is not None]
    if not times:
        return f"  cluster {cluster.id} ({cluster.name}, {cluster.release}) ran no step"
    first, total = min(times), max((max(times) - min(times)).total_seconds(), 0.001)
    rows = []
    for step in cluster.steps:
        start = (step.started - first).total_seconds() if step.started else None
        seconds = step.seconds
        drawn = "" if start is None or seconds is None else bar(start, start + seconds, total)
        begun = "" if start is None else clock(start)
        rows.append((step.name, step.state, begun, "" if seconds is None else f"{seconds:7.1f}", drawn))
    title = f"steps on cluster {cluster.id} ({cluster.release})"
    return table((title, "state", "start", "seconds", ""), rows)


def causes(api: AirflowApi, dag_id: str, run_id: str, clusters: list[RanCluster], logs: Path) -> Iterator[str]:
    """Why the run is not what it should be: nothing when it is."""
    for task in api.tasks(dag_id, run_id):
        if task.state == "failed":
            yield f"Task {task.label} failed: {exception_of(api, dag_id, run_id, task)}"
            yield f"    its log: {logs / f'dag_id={dag_id}' / f'run_id={run_id}' / f'task_id={task.id}'}"
    for cluster in clusters:
        for step in cluster.steps:
            if step.state != "COMPLETED":
                cause = step.cause or "no reason told"
                yield f"Step {step.name} ({step.id} on {cluster.id}) ended {step.state}: {cause}"
        if cluster.is_alive:
            yield f"Cluster {cluster.id} is still {cluster.state}."


def exception_of(api: AirflowApi, dag_id: str, run_id: str, task: Task) -> str:
    """The exception that ended a task's latest try, from its log."""
    for event in reversed(api.log(dag_id, run_id, task)):
        for error in event.get("error_detail") or ():
            return f"{error['exc_type']}: {error['exc_value']}"
    return "its log holds no exception"
