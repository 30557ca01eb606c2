"""A chain of steps from raw data to a judged model."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.steps import EmrRunStepOperator
from airflow_emr_pipelines.specs.steps import OnFailure, Step
from airflow_emr_pipelines.task_groups.compute import ClusterTasks


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
    features: Step | Mapping[str, Any],
    split: Step | Mapping[str, Any],
    training: Step | Mapping[str, Any],
    validation: Step | Mapping[str, Any],
    tuning: Step | Mapping[str, Any] | None = None,
    promote: Any = None,
    **operator_arguments: Any,
) -> MlChain:
    """features >> split >> tuning >> training >> validation >> promote, each on what the one before it has made.

    To be called inside the cluster's ``with``. A failure ends the chain: no step may be one that carries on
    (``on_failure="CONTINUE"``), since a tolerated failure would let a model that was not validated be promoted.

    :param validation: the step that fails when the model is not good enough
    :param tuning: the search for parameters; a chain without one trains right after the split
    :param promote: the task, or group, that puts the model to use, on the cluster or outside it
    :param operator_arguments: of all steps' tasks: retries, pool, execution_timeout …
    """
    given = {"features": features, "split": split, "tuning": tuning, "training": training, "validation": validation}
    steps = {name: step for name, step in given.items() if step is not None}
    for name, step in steps.items():
        _check_that_failure_ends_the_chain(name, step)
    tasks = {name: cluster.run(step, **operator_arguments) for name, step in steps.items()}
    chain = [*tasks.values(), *([] if promote is None else [promote])]
    for before, after in pairwise(chain):
        before >> after
    return MlChain(tasks["features"], tasks["split"], tasks.get("tuning"), tasks["training"], tasks["validation"])


def _check_that_failure_ends_the_chain(name: str, step: Step | Mapping[str, Any]) -> None:
    on_failure = step.get("on_failure") if isinstance(step, Mapping) else step.on_failure
    if on_failure is not None and on_failure not in (OnFailure.CANCEL_AND_WAIT, OnFailure.TERMINATE_CLUSTER):
        raise InvalidSpec(
            f"ml_chain({name}).on_failure",
            on_failure,
            "what follows in the chain needs what this step makes, and promotion needs a validation that passed",
            "leave it out, or write CANCEL_AND_WAIT or TERMINATE_CLUSTER",
        )
