"""Clusters that outlived their DAG run: found by their tags, and ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from botocore.exceptions import ClientError

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.hooks.sending import retry_until_clear
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.values.keys import DAG_TAG, DEPLOYMENT_TAG, KEY_TAG, RUN_TAG, TASK_TAG
from airflow_emr_pipelines.specs.values.tags import legal_value

log = logging.getLogger(__name__)

RunIsOver = Callable[[str, str], "bool | None"]
"""Whether the run of that DAG id and run id has ended; None when there is no such run."""


@dataclass(frozen=True)
class Finding:
    """A live cluster, and whether it is to be ended."""

    cluster: ClusterReport
    orphaned: bool
    why: str


class Reaper:
    """Ends the clusters of this deployment whose DAG run is over.

    Whatever is not surely one of those is left alone: another deployment's, what carries no tags of ours, a cluster
    whose run is not known here, and one that is younger than ``older_than``.

    :param clusters: the clusters of one connection
    :param deployment: our deployment id
    :param run_is_over: what Airflow says of a run
    :param older_than: the age from which a cluster is looked at, which leaves time to a teardown that is on its way
    :raises InvalidSpec: there is no deployment id: other Airflows of the account may have none either
    """

    def __init__(
        self, clusters: EmrClusters, deployment: str, run_is_over: RunIsOver, *, older_than: timedelta
    ) -> None:
        if not deployment:
            raise InvalidSpec(
                "deployment",
                deployment,
                "without it a cluster of ours cannot be told from one of another Airflow",
                "set [emr_pipelines] deployment in Airflow's configuration, before the clusters are made",
            )
        self._clusters = clusters
        self._deployment = legal_value(deployment)
        self._run_is_over = run_is_over
        self._older_than = older_than

    def find(self) -> list[Finding]:
        """All live clusters of the account and region, with a verdict each."""
        return list(self._findings())

    def end(self, findings: Sequence[Finding]) -> list[str]:
        """Terminate the orphaned clusters among those; the ids of those that could not be."""
        failed = []
        for cluster in (finding.cluster for finding in findings if finding.orphaned):
            try:
                self._end(cluster.id)
            except Exception as error:
                log.error("Cluster %s could not be terminated: %s", cluster.id, error)
                failed.append(cluster.id)
        return failed

    def _end(self, cluster_id: str) -> None:
        retry_until_clear(
            lambda: self._clusters.end(cluster_id, deployment=self._deployment), operation="TerminateJobFlows"
        )

    def _findings(self) -> Iterator[Finding]:
        alive = retry_until_clear(self._clusters.unfinished, operation="ListClusters")
        for summary in sorted(alive, key=lambda cluster: cluster.created or ""):
            try:
                cluster = self._described(summary.id)
            except ClientError as error:  # such as one that IAM shows to others only
                yield Finding(summary, False, f"it cannot be looked at: {error}")
            else:
                yield self._judge(cluster)

    def _described(self, cluster_id: str) -> ClusterReport:
        return retry_until_clear(lambda: self._clusters.hook.describe_cluster(cluster_id), operation="DescribeCluster")

    def _judge(self, cluster: ClusterReport) -> Finding:
        tags = cluster.tags
        if not {KEY_TAG, DEPLOYMENT_TAG, DAG_TAG, RUN_TAG, TASK_TAG} <= tags.keys():
            return Finding(cluster, False, "it carries no tags of this package")
        if tags[DEPLOYMENT_TAG] != self._deployment:
            return Finding(cluster, False, f"it is of deployment {tags[DEPLOYMENT_TAG] or '(none)'}")
        if not cluster.state.accepts_steps:
            return Finding(cluster, False, f"it is {cluster.state.value}")
        if cluster.created is None or _age(cluster.created) < self._older_than:
            return Finding(cluster, False, f"it is younger than {self._older_than}")
        run = f"run {tags[RUN_TAG]} of DAG {tags[DAG_TAG]}"
        over = self._run_is_over(tags[DAG_TAG], tags[RUN_TAG])
        if over is None:
            return Finding(cluster, False, f"{run} is not known here")
        return Finding(cluster, over, f"{run} is over" if over else f"{run} has not ended")


def _age(created: str) -> timedelta:
    return datetime.now(timezone.utc) - datetime.fromisoformat(created)
