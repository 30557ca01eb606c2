"""Clusters that take the place of one that has ended: found by its id, and made once by however many tasks need one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.values.keys import key_in_name, successor_key

log = logging.getLogger(__name__)


class Successors:
    """The successors of the clusters of one connection.

    :param deployment: our deployment id
    """

    def __init__(self, clusters: EmrClusters, deployment: str) -> None:
        self.clusters = clusters
        self.deployment = deployment

    def of(self, ended: ClusterReport) -> ClusterReport | None:
        """The cluster that took this one's place: the oldest with its key, since younger ones give way to it."""
        return self.clusters.find(self._key(ended), _created(ended), oldest=True) if ended.created else None

    def alive(self, ended: ClusterReport) -> list[str]:
        """The ids of those that took this one's place and have not ended.

        They are several where tasks made one each at the same time, and were killed before all but one gave way.
        """
        key = self._key(ended)
        return [cluster.id for cluster in self.clusters.unfinished() if key_in_name(cluster.name) == key]

    def make(self, ended: ClusterReport, render: Callable[..., dict[str, Any]]) -> ClusterReport:
        """Create a cluster in the place of one; several tasks that do so at the same time get the same one.

        EMR has no token that would keep two tasks from creating one each: each looks again, and ends its own when there
        is an older one.

        :param render: makes the request, given ``key`` and ``reveal``
        """
        key = self._key(ended)
        made = self.clusters.create(lambda reveal: render(key=key, reveal=reveal), key, _created(ended))
        oldest = self.of(ended)
        if oldest is None:  # not listed yet
            return self.clusters.hook.describe_cluster(made)
        if oldest.id != made:
            log.info("Cluster %s was created at the same time as %s, which is used", made, oldest.id)
            self.clusters.cancel([made])
        return oldest

    def _key(self, ended: ClusterReport) -> str:
        return successor_key(deployment=self.deployment, cluster_id=ended.id)


def _created(cluster: ClusterReport) -> datetime:
    assert cluster.created is not None  # DescribeCluster tells it of every cluster
    return datetime.fromisoformat(cluster.created)
