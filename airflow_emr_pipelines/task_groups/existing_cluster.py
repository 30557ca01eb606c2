"""Steps on a cluster that stands already and is left standing."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.task_groups.compute import UNSET, ClusterTasks


def existing_cluster(
    group_id: str,
    cluster_id: str | Any,
    *,
    aws_conn_id: str | None = UNSET,
    region_name: str | None = UNSET,
    deferrable: bool = UNSET,
    poll_seconds: float | None = UNSET,
    **task_group_arguments: Any,
) -> ClusterTasks:
    """A group of tasks on a cluster that somebody else made and ends.

    :param group_id: the group's id, put before its tasks' ids
    :param cluster_id: the cluster's id: text, a template, or another task's output
    :param aws_conn_id: the AWS connection of all tasks of the group; None for boto3's own credential chain
    :param region_name: the AWS region; None for the connection's
    :param deferrable: wait in the triggerer, which costs no worker slot; False waits in the worker
    :param poll_seconds: seconds between two looks, at the least; None for ``[emr_pipelines] poll_seconds``
    :param task_group_arguments: whatever a TaskGroup takes, such as default_args and tooltip
    """
    ids.cluster_id(f"existing_cluster({group_id!r}).cluster_id", cluster_id)
    connection = {
        "aws_conn_id": aws_conn_id,
        "region_name": region_name,
        "deferrable": deferrable,
        "poll_seconds": poll_seconds,
    }
    group = ClusterTasks(group_id, connection=connection, **task_group_arguments)
    group.cluster_id = cluster_id
    return group
