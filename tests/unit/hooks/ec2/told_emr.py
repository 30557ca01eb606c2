"""A connection to an EMR that holds what the test says, and remembers what it was asked to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.values.keys import name_with_key

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def key(letter: str) -> str:
    """A key of which only the letter matters."""
    return letter * 22


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def cluster(
    cluster_id: str, state: str = "WAITING", *, of: str | None = None, created: datetime = NOON, **fields: Any
) -> ClusterReport:
    """A cluster, with that key in its name."""
    name = name_with_key("daily", of) if of else "daily"
    status = {"State": state, "Timeline": {"CreationDateTime": created}}
    return replace(ClusterReport.from_answer({"Id": cluster_id, "Name": name, "Status": status}), **fields)


def step(step_id: str, state: str = "RUNNING", *, of: str | None = None, created: datetime = NOON) -> StepReport:
    """A step of the cluster j-1, with that key in its name."""
    name = name_with_key("clean", of) if of else "clean"
    status = {"State": state, "Timeline": {"CreationDateTime": created}}
    return StepReport.from_answer("j-1", {"Id": step_id, "Name": name, "Status": status})


class ToldEmr(EmrHook):
    """An account with these clusters, and the steps of one of them, j-1, newest first.

    What it is asked to do is kept in ``done``, as ``terminate j-1``; what is put into ``faults`` under such words is
    raised instead, one at a time, and what is put into ``lost`` is raised when it has been done.
    """

    def __init__(self, *clusters: ClusterReport, steps: Sequence[StepReport] = (), page: int = 50) -> None:
        self.clusters = {cluster.id: cluster for cluster in clusters}
        self.steps = list(steps)
        self.page = page
        self.unlisted: set[str] = set()
        """Clusters that ListClusters does not tell of yet."""
        self.refused: dict[str, str] = {}
        """Why CancelSteps would not, by step id."""
        self.done: list[str] = []
        self.faults: defaultdict[str, list[Exception]] = defaultdict(list)
        self.lost: defaultdict[str, list[Exception]] = defaultdict(list)

    def run_job_flow(self, request: Mapping[str, Any]) -> str:
        self._begin("create")
        made = replace(cluster(f"j-made-{len(self.clusters)}"), name=request["Name"])
        self.clusters[made.id] = made
        self._end("create")
        return made.id

    def describe_cluster(self, cluster_id: str) -> ClusterReport:
        self._begin(f"describe {cluster_id}")
        return self.clusters[cluster_id]

    def list_clusters(self, *, created_after: datetime, states: Sequence[str] = ()) -> Iterator[ClusterReport]:
        if self.faults["list clusters"]:
            raise self.faults["list clusters"].pop(0)
        for one in list(self.clusters.values()):
            created = datetime.fromisoformat(one.created or "")
            if created >= created_after and (not states or one.state.value in states) and one.id not in self.unlisted:
                yield one

    def terminate(self, cluster_id: str) -> None:
        self._begin(f"terminate {cluster_id}")
        self.clusters[cluster_id] = cluster(cluster_id, "TERMINATING")

    def unlock(self, cluster_id: str) -> None:
        self._begin(f"unlock {cluster_id}")

    def add_step(self, cluster_id: str, step: Mapping[str, Any], *, execution_role_arn: str | None = None) -> str:
        assert cluster_id == "j-1"
        self._begin("add")
        made = StepReport.from_answer(
            cluster_id, {"Id": f"s-made-{len(self.steps)}", "Name": step["Name"], "Status": {"State": "PENDING"}}
        )
        self.steps.insert(0, made)
        self._end("add")
        return made.id

    def list_steps(self, cluster_id: str, **filters: Any) -> Iterator[list[StepReport]]:
        assert cluster_id == "j-1"
        states, ids = filters.get("StepStates"), filters.get("StepIds")
        wanted = [
            one
            for one in self.steps
            if (states is None or one.state.value in states) and (ids is None or one.id in ids)
        ]
        for first in range(0, len(wanted), self.page):
            self._begin("list steps")
            yield wanted[first : first + self.page]

    def cancel_steps(self, cluster_id: str, step_ids: Sequence[str], *, kill: bool = False) -> dict[str, str]:
        assert cluster_id == "j-1"
        self._begin(f"{'kill' if kill else 'interrupt'} {' '.join(step_ids)}")
        return self.refused

    def _begin(self, what: str) -> None:
        if self.faults[what]:
            raise self.faults[what].pop(0)
        self.done.append(what)

    def _end(self, what: str) -> None:
        if self.lost[what]:
            raise self.lost[what].pop(0)
