"""The operator that finds a cluster which stands already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.ec2.failures import cluster_gone_error
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.values import rules

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmrFindClusterOperator(EmrCallOperator):
    """The id of the one cluster that is meant, and can take steps.

    :param cluster: its id, which starts with ``j-``, or its name; of a cluster that an EmrCreateClusterOperator made,
        the name without the key behind it will do
    :returns: the cluster's id
    :raises InvalidSpec: no cluster that is alive has that name, or several have; their ids are told
    :raises ClusterGone: the cluster with that id cannot take steps any more
    """

    calls: ClassVar[Calls] = {ALWAYS: ("DescribeCluster", "ListClusters")}
    template_fields: Sequence[str] = ("cluster", *EmrCallOperator.template_fields)

    def __init__(self, *, cluster: str | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = rules.text("EmrFindClusterOperator.cluster", cluster)

    def execute(self, context: Context) -> str:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters

        clusters = EmrClusters(self.aws_conn_id, self.region_name)
        if str(self.cluster).startswith("j-"):
            found = clusters.hook.describe_cluster(self.cluster)
            if not found.state.accepts_steps:
                raise cluster_gone_error(found)
            return found.id
        ids = clusters.named(self.cluster)
        if len(ids) == 1:
            self.log.info("Cluster %s has the name %s", ids[0], self.cluster)
            return ids[0]
        raise InvalidSpec(
            "cluster",
            self.cluster,
            f"{len(ids)} clusters that are alive have that name: {', '.join(ids)}" if ids else "no live cluster has it",
            "give the id of one that is to take the steps, j-…",
        )
