"""The operator that says how much of a live cluster a Spark step may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.ec2.executors import (
    DRIVER_SHARE,
    EXECUTOR_SHARE,
    SPARE_CORES,
    check_shares,
    executors_for,
)
from airflow_emr_pipelines.specs.values import ids

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmrSizeExecutorsOperator(EmrCallOperator):
    """Work out executors for one Spark application from the nodes that a cluster has now.

    Executors are alike and nodes are not: their size is the one by which the nodes use most of their memory and cores.
    The nodes are the running instances of the core and task groups or fleets, or the primary node where there are none.
    Each value is an XCom of its own: ``size.output["executor_memory"]``. With dynamic allocation ``num_executors`` is
    what ``spark.dynamicAllocation.maxExecutors`` may be.

    :param cluster_id: the cluster, which has its nodes already
    :param driver_share: how much of a node's memory the driver takes: of the smallest one that runs executors
    :param executor_share: how much of each node's memory executors take together
    :param spare_cores: cores of each node that are left to the system and the driver
    :param executor_cores: of each executor; None for as many as its node has for it
    :returns: num_executors, executor_cores, executor_memory, executor_overhead, driver_memory, driver_overhead
    :raises InvalidSpec: there is no node yet, or a node is too small for Spark
    """

    calls: ClassVar[Calls] = {ALWAYS: ("DescribeCluster", "ListInstances", "ListSupportedInstanceTypes")}
    template_fields: Sequence[str] = ("cluster_id", *EmrCallOperator.template_fields)

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        driver_share: float = DRIVER_SHARE,
        executor_share: float = EXECUTOR_SHARE,
        spare_cores: int = SPARE_CORES,
        executor_cores: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        check_shares(driver_share, executor_share, spare_cores, executor_cores)
        self.cluster_id = ids.cluster_id("EmrSizeExecutorsOperator.cluster_id", cluster_id)
        self.driver_share = driver_share
        self.executor_share = executor_share
        self.spare_cores = spare_cores
        self.executor_cores = executor_cores

    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
        from airflow_emr_pipelines.hooks.ec2.nodes import live_nodes

        nodes = live_nodes(EmrHook(self.aws_conn_id, self.region_name), self.cluster_id)
        resources = executors_for(
            nodes,
            driver_share=self.driver_share,
            executor_share=self.executor_share,
            spare_cores=self.spare_cores,
            executor_cores=self.executor_cores,
        )
        self.log.info("The %d nodes of cluster %s have room for %s", len(nodes), self.cluster_id, resources)
        return resources.values()
