"""The ML chain: its order, what stands behind it, and the steps that it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_emr_pipelines import ShellStep, existing_cluster, ml_chain
from airflow_emr_pipelines.errors import InvalidSpec

NAMES = ("features", "split", "tuning", "training", "validation")


def steps(**other: Any) -> dict[str, Any]:
    return {**{name: ShellStep(name.title(), "true") for name in NAMES}, **other}


def edges_of(dag: DAG) -> dict[str, set[str]]:
    return {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}


def test_each_step_follows_the_one_whose_work_it_needs_and_promotion_is_last() -> None:
    with DAG("ml") as dag:
        promote = EmptyOperator(task_id="promote")
        with existing_cluster("pipeline", "j-1") as cluster:
            chain = ml_chain(cluster, **steps(), promote=promote, retries=3)
    assert edges_of(dag) == {
        "pipeline.features": {"pipeline.split"},
        "pipeline.split": {"pipeline.tuning"},
        "pipeline.tuning": {"pipeline.training"},
        "pipeline.training": {"pipeline.validation"},
        "pipeline.validation": {"promote"},
        "promote": set(),
    }
    assert [task.task_id for task in chain if task] == [f"pipeline.{name}" for name in NAMES]
    assert {task.retries for task in chain if task} == {3}
    assert promote.trigger_rule == "all_success"


def test_a_chain_without_tuning_or_promotion_goes_from_the_split_to_the_training() -> None:
    with DAG("ml") as dag, existing_cluster("pipeline", "j-1") as cluster:
        chain = ml_chain(cluster, **steps(tuning=None))
    assert chain.tuning is None
    assert edges_of(dag)["pipeline.split"] == {"pipeline.training"}
    assert edges_of(dag)["pipeline.validation"] == set()


def test_promotion_may_be_a_step_on_the_cluster() -> None:
    with DAG("ml") as dag, existing_cluster("pipeline", "j-1") as cluster:
        ml_chain(cluster, **steps(), promote=cluster.run(ShellStep("Promote", "true")))
    assert edges_of(dag)["pipeline.validation"] == {"pipeline.promote"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", ["CONTINUE", "{{ params.on_failure }}"])
def test_a_step_whose_failure_may_be_tolerated_is_refused(name: str, word: str) -> None:
    tolerant = ShellStep(name.title(), "true", on_failure=word)
    with DAG("ml") as dag, pytest.raises(InvalidSpec, match=rf"ml_chain\({name}\).on_failure"):
        with existing_cluster("pipeline", "j-1") as cluster:
            ml_chain(cluster, **steps(**{name: tolerant}))
    assert dag.tasks == []


def test_a_step_may_be_a_mapping_and_may_end_the_cluster() -> None:
    validation = {"kind": "shell", "name": "Validation", "command": "true", "on_failure": "TERMINATE_CLUSTER"}
    with DAG("ml"), existing_cluster("pipeline", "j-1") as cluster:
        chain = ml_chain(cluster, **steps(validation=validation))
    assert chain.validation.task_id == "pipeline.validation"
