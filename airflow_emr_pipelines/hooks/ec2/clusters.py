"""The clusters of one connection: made once by key, watched, and ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime, timezone
from typing import Any

from airflow_emr_pipelines.errors import ClusterFailed
from airflow_emr_pipelines.hooks.compute import Submitting
from airflow_emr_pipelines.hooks.ec2.compute import EmrCompute
from airflow_emr_pipelines.hooks.ec2.emr import CLOCKS_APART, EmrHook
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState
from airflow_emr_pipelines.specs.values.keys import DEPLOYMENT_TAG, key_in_name, without_key
from airflow_emr_pipelines.specs.values.tags import legal_value

BEFORE_EMR = datetime(2009, 1, 1, tzinfo=timezone.utc)
"""A cluster that lives may be of any age."""
ALIVE = tuple(state.value for state in ClusterState if state.accepts_steps)

log = logging.getLogger(__name__)


class EmrClusters(EmrCompute[ClusterReport], Submitting[ClusterReport]):
    """Clusters as jobs of an AWS account and region.

    :param cluster_id: the one that is watched; each is asked for by its own DescribeCluster
    """

    submission, listing = "RunJobFlow", "ListClusters"

    def __init__(
        self,
        aws_conn_id: str | None,
        region_name: str | None,
        cluster_id: str | None = None,
        hook: EmrHook | None = None,
    ) -> None:
        super().__init__(aws_conn_id, region_name, hook)
        self.cluster_id = cluster_id

    @classmethod
    def of(
        cls, job: Mapping[str, Any], aws_conn_id: str | None, region_name: str | None, hook: EmrHook | None = None
    ) -> EmrClusters:
        return cls(aws_conn_id, region_name, str(job["cluster_id"]), hook)

    @property
    def fields(self) -> dict[str, Any]:
        return {} if self.cluster_id is None else {"cluster_id": self.cluster_id}

    @property
    def identity(self) -> Hashable:
        return ("cluster", self.account, self.cluster_id)

    def send(self, request: Mapping[str, Any], token: str | None) -> str:
        return self.hook.run_job_flow(request)

    def create(
        self,
        render: Callable[[Reveal], Mapping[str, Any]],
        key: str,
        since: datetime,
        *,
        earlier: str | None = None,
        unsent: float | None = None,
    ) -> str:
        """The id of the one cluster that a request made. Its secrets are in clear from here to EMR, nowhere else."""
        from airflow_emr_pipelines.hooks.ec2.secrets import Secrets

        secrets = Secrets()
        with secrets.untold():
            return self.submit(render(secrets.reveal), key, since, earlier=earlier, unsent=unsent)

    def find(self, key: str, since: datetime, *, oldest: bool = False) -> ClusterReport | None:
        """The newest cluster with that key in its name, or the oldest, of those created since then.

        :param since: when the key's DAG run started: nothing older carries the key
        """
        found = [
            cluster
            for cluster in self.hook.list_clusters(created_after=since - CLOCKS_APART)
            if key_in_name(cluster.name) == key
        ]
        in_order = sorted(found, key=lambda cluster: (cluster.created or "", cluster.id), reverse=not oldest)
        return self.hook.describe_cluster(in_order[0].id) if in_order else None

    def unfinished(self) -> list[ClusterReport]:
        """The clusters of the account and region that take steps, or will, whoever made them."""
        return list(self.hook.list_clusters(created_after=BEFORE_EMR, states=ALIVE))

    def named(self, name: str) -> list[str]:
        """The ids of the clusters that have not ended and have that name, with or without a key behind it."""
        return sorted(one.id for one in self.unfinished() if name in (one.name, without_key(one.name)))

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, ClusterReport | Exception], int]:
        return {cluster_id: self.hook.describe_cluster(cluster_id) for cluster_id in ids}, len(ids)

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        for cluster_id in ids:
            self.end(cluster_id)

    def end(self, cluster_id: str, *, deployment: str | None = None) -> ClusterReport:
        """Ask for the cluster's end unless it is ending already; what it was before.

        :param deployment: our deployment id: protection is taken off a cluster that carries it, and off no other.
            None: the caller made the cluster itself.
        :raises ClusterFailed: the cluster is protected and not ours.
        """
        cluster = self.hook.describe_cluster(cluster_id)
        if cluster.state.finished or cluster.state.value == "TERMINATING":
            return cluster
        if cluster.termination_protected:
            if deployment is not None and cluster.tags.get(DEPLOYMENT_TAG) != legal_value(deployment):
                raise ClusterFailed(
                    cluster_id,
                    cluster.name,
                    cluster.state.value,
                    "TERMINATION_PROTECTED",
                    "the cluster is protected against termination and was not made by this deployment; take the "
                    "protection off with SetTerminationProtection to let it be ended",
                    None,
                )
            log.info("Taking termination protection off cluster %s, which this deployment made", cluster_id)
            self.hook.unlock(cluster_id)
        log.info("Terminating cluster %s (%s)", cluster_id, cluster.name)
        self.hook.terminate(cluster_id)
        return cluster
