"""Steps that stand in a document in S3, on any compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_emr_pipelines.operators.ec2.documents import EmrReadStepsOperator, EmrRunDocumentStepOperator
from airflow_emr_pipelines.task_groups.compute import ClusterTasks, compute_of
from airflow_emr_pipelines.versions import respects_reschedules


class StepsFromDocument(NamedTuple):
    """The tasks, for further edges."""

    read: EmrReadStepsOperator
    group: ClusterTasks
    steps: Any
    """The mapped task: one instance a step of the document."""


def steps_from_document(
    cluster: ClusterTasks,
    document: str | Any,
    *,
    variables: Mapping[str, Any] | None = None,
    **operator_arguments: Any,
) -> StepsFromDocument:
    """read_steps >> the cluster's group with one mapped task, ``steps``, an instance for each step of the document.

    The document is read and checked before the group begins: a fault in it starts no step, and makes no cluster.

    :param cluster: ``transient_cluster(…)`` or ``existing_cluster(…)``, whose ``with`` has not begun
    :param document: where it lies, s3://bucket/key; .json is JSON, all else YAML
    :param variables: what its templates may read besides the run's dates, ids and params
    :param operator_arguments: of the steps' task: retries, pool, execution_timeout …
    """
    compute_of("steps_from_document.cluster", cluster)
    connection = {name: value for name, value in cluster.connection.items() if name in ("aws_conn_id", "region_name")}
    read = EmrReadStepsOperator(task_id="read_steps", document=document, variables=variables, **connection)
    with cluster:
        mapped = EmrRunDocumentStepOperator.partial(
            task_id="steps",
            cluster_id=cluster.cluster_id,
            successor=cluster.successor,
            map_index_template="{{ task.step['name'] }}",
            **{**cluster.connection, **operator_arguments},
        ).expand_kwargs(read.output)
        steps = respects_reschedules(mapped)
    read >> cluster
    return StepsFromDocument(read, cluster, steps)
