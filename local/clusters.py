"""What EMR's API tells about the clusters and steps of a demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_emr_pipelines.specs.values.keys import without_key

ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")


@dataclass(frozen=True)
class RanStep:
    """A step, as ListSteps tells it."""

    id: str
    name: str
    state: str
    started: datetime | None
    ended: datetime | None
    cause: str

    @property
    def seconds(self) -> float | None:
        """How long it ran; None when it never did, or still does."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class RanCluster:
    """A cluster, as DescribeCluster tells it, with its steps in the order in which they started."""

    id: str
    name: str
    release: str
    state: str
    log_uri: str
    steps: tuple[RanStep, ...]

    @property
    def is_alive(self) -> bool:
        """Whether it still costs something."""
        return self.state not in ENDED


def clusters(emr: Any) -> list[RanCluster]:
    """All clusters, those that have ended too, the oldest first."""
    found = [entry for page in emr.get_paginator("list_clusters").paginate() for entry in page["Clusters"]]
    found.sort(key=lambda entry: (entry["Status"]["Timeline"]["CreationDateTime"], entry["Id"]))
    return [cluster(emr, entry["Id"]) for entry in found]


def cluster(emr: Any, cluster_id: str) -> RanCluster:
    """One cluster with its steps."""
    told = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    return RanCluster(
        id=cluster_id,
        name=without_key(told["Name"]),
        release=told["ReleaseLabel"],
        state=told["Status"]["State"],
        log_uri=told.get("LogUri", ""),
        steps=tuple(sorted(steps_of(emr, cluster_id), key=lambda step: (step.started is None, step.started, step.id))),
    )


def steps_of(emr: Any, cluster_id: str) -> Iterator[RanStep]:
    """The steps of a cluster, the newest first."""
    for page in emr.get_paginator("list_steps").paginate(ClusterId=cluster_id):
        for step in page["Steps"]:
            status = step["Status"]
            failure, change = status.get("FailureDetails", {}), status.get("StateChangeReason", {})
            yield RanStep(
                id=step["Id"],
                name=without_key(step["Name"]),
                state=status["State"],
                started=status["Timeline"].get("StartDateTime"),
                ended=status["Timeline"].get("EndDateTime"),
                cause=failure.get("Message") or failure.get("Reason") or change.get("Message") or "",
            )
