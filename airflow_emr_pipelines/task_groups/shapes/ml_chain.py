"""A chain of steps from raw data to a judged model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.task_groups.compute import ClusterTasks, OneStep, compute_of, refuse_tolerance

NEEDED = "what follows in the chain needs what this step makes, and promotion needs a validation that passed"


class MlChain(NamedTuple):
    """The chain's tasks, for further edges."""

    features: EmrRunStepOperator
    split: EmrRunStepOperator
    tuning: EmrRunStepOperator | None
    training: EmrRunStepOperator
    validation: EmrRunStepOperator


def ml_chain(
    cluster: ClusterTasks,
    *,
    features: OneStep,
    split: OneStep,
    training: OneStep,
    validation: OneStep,
    tuning: OneStep | None = None,
    promote: Any = None,
    **operator_arguments: Any,
) -> MlChain:
    """features >> split >> tuning >> training >> validation >> promote, each on what the one before it has made.

    To be called inside the cluster's ``with``. A failure ends the chain: no step may be one that carries on
    (``on_failure="CONTINUE"``), since a tolerated failure would let a model that was not validated be promoted.

    :param cluster: ``transient_cluster(…)`` or ``existing_cluster(…)``, within its ``with``
    :param features: makes the features of the raw data
    :param split: parts them into training, validation and test data
    :param training: trains the model
    :param validation: the step that fails when the model is not good enough
    :param tuning: the search for parameters; a chain without one trains right after the split
    :param promote: the task, or group, that puts the model to use, on the cluster or outside it
    :param operator_arguments: of all steps' tasks: retries, pool, execution_timeout …
    """
    compute_of("ml_chain.cluster", cluster)
    given = {"features": features, "split": split, "tuning": tuning, "training": training, "validation": validation}
    steps = {name: step for name, step in given.items() if step is not None}
    for name, step in steps.items():
        refuse_tolerance(f"ml_chain({name})", step, NEEDED)
    tasks = {name: cluster.run(step, **operator_arguments) for name, step in steps.items()}
    chain = [*tasks.values(), *([] if promote is None else [promote])]
    for before, after in pairwise(chain):
        before >> after
    return MlChain(tasks["features"], tasks["split"], tasks.get("tuning"), tasks["training"], tasks["validation"])
