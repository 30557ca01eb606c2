"""Steps one after the other, some of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.task_groups.compute import ClusterTasks, OneStep, compute_of


def etl_chain(
    cluster: ClusterTasks, *stages: OneStep | Sequence[OneStep], **operator_arguments: Any
) -> list[list[EmrRunStepOperator]]:
    """Each stage after the one before it; a stage is a step, or a list of steps that run side by side.

    To be called inside the cluster's ``with``. A stage starts when all steps of the one before it have ended well; one
    with ``on_failure="CONTINUE"`` ends well also when it fails.

    :param cluster: ``transient_cluster(…)`` or ``existing_cluster(…)``, within its ``with``
    :param stages: steps and lists of steps, in order
    :param operator_arguments: of all steps' tasks: retries, pool, execution_timeout …
    :returns: the tasks, stage by stage, for further edges
    """
    compute_of("etl_chain.cluster", cluster)
    rows = [list(stage) if isinstance(stage, Sequence) else [stage] for stage in stages]
    for place, row in enumerate(rows):
        if not row:
            raise InvalidSpec(
                f"etl_chain.stages[{place}]",
                row,
                "what comes after an empty stage would wait for nothing",
                "give it a step, or leave the stage out",
            )
    tasks = [[cluster.run(step, **operator_arguments) for step in row] for row in rows]
    for before, after in pairwise(tasks):
        for task in before:
            task >> after
    return tasks
