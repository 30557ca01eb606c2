"""A stream and a batch that tell the same: brought up to date, compared, and joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.task_groups.compute import ClusterTasks, OneStep, compute_of, refuse_tolerance


class StreamBatch(NamedTuple):
    """The tasks of a stream-batch reconciliation, to wire further."""

    late_data: EmrRunStepOperator
    reconcile: EmrRunStepOperator
    join: EmrRunStepOperator


def stream_batch(
    compute: ClusterTasks,
    *,
    late_data: OneStep,
    reconcile: OneStep,
    join: OneStep,
    outlets: Sequence[Any] = (),
    **operator_arguments: Any,
) -> StreamBatch:
    """late_data >> reconcile >> join, on one compute; to be called inside its ``with``.

    The others read what the late-data step has written, so that step may not be one whose failure is tolerated
    (``on_failure="CONTINUE"``); the reconciliation only reports and may be. It comes after the late data: what it would
    correct before, they may put right.

    :param compute: where the steps run
    :param late_data: processes what has come in since it last ran
    :param reconcile: compares what the stream has made of that with what the batch says
    :param join: makes one of both sides
    :param outlets: the assets that the join writes
    :param operator_arguments: of all three tasks: retries, pool, execution_timeout …
    """
    compute_of("stream_batch.compute", compute)
    why = "the join would take what an earlier run has written for what there is"
    refuse_tolerance("stream_batch(late_data)", late_data, why)
    tasks = StreamBatch(
        compute.run(late_data, **operator_arguments),
        compute.run(reconcile, **operator_arguments),
        compute.run(join, outlets=list(outlets), **operator_arguments),
    )
    tasks.late_data >> tasks.reconcile >> tasks.join
    return tasks
