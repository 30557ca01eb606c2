"""How a chain of steps is wired, and what it refuses."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG

from airflow_emr_pipelines import ShellStep, etl_chain, existing_cluster
from airflow_emr_pipelines.errors import InvalidSpec


def step(name: str) -> ShellStep:
    return ShellStep(name, "true")


def test_stages_follow_each_other_and_a_list_runs_side_by_side() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1") as emr:
        stages = etl_chain(emr, step("a"), [step("b"), step("c")], [step("d"), step("e")], step("f"), retries=4)
    edges = {task.task_id[-1]: {name[-1] for name in task.downstream_task_ids} for task in dag.tasks}
    assert edges == {"a": set("bc"), "b": set("de"), "c": set("de"), "d": set("f"), "e": set("f"), "f": set()}
    assert [[task.task_id for task in stage] for stage in stages] == [
        ["emr.a"],
        ["emr.b", "emr.c"],
        ["emr.d", "emr.e"],
        ["emr.f"],
    ]
    assert {task.retries for task in dag.tasks} == {4}


def test_a_step_may_be_a_dictionary() -> None:
    with DAG("d", schedule=None), existing_cluster("emr", "j-1") as emr:
        ((first,), (second,)) = etl_chain(emr, {"kind": "shell", "name": "a", "command": "true"}, step("b"))
    assert first.downstream_task_ids == {second.task_id}


def test_an_empty_stage_is_refused_before_any_task_is_made() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1") as emr:
        with pytest.raises(InvalidSpec, match=r"stages\[1\] = \[\]: what comes after an empty stage"):
            etl_chain(emr, step("a"), [], step("b"))
        assert dag.task_ids == []
