"""How a branch-merge is wired, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from airflow.sdk import DAG, TaskGroup, task

from airflow_emr_pipelines import Branch, ShellStep, branch_merge, existing_cluster, mapped_branch_merge
from airflow_emr_pipelines.errors import BranchesMissing, InvalidSpec
from airflow_emr_pipelines.operators.branches import BranchesEndedOperator, NoBranchMissingOperator
from tests.airflow_of import DagSerialization, check_cycle


def branch_of(value: Mapping[str, str]) -> Branch:
    name = value["name"]
    return Branch({"one": ShellStep(f"one {name}", "true"), "two": ShellStep(f"two {name}", "true")}, {"retries": 3})


def merge(made: str, missing: str) -> ShellStep:
    return ShellStep("Merge", f"echo {made} {missing}")


def edges(dag: DAG) -> dict[str, set[str]]:
    check_cycle(dag)
    DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {task.task_id.removeprefix("emr."): strip(task.downstream_task_ids) for task in dag.tasks}


def strip(task_ids: set[str]) -> set[str]:
    return {task_id.removeprefix("emr.") for task_id in task_ids}


def test_branches_run_side_by_side_and_meet() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1") as emr:
        merged = branch_merge(emr, {name: branch_of({"name": name}) for name in ("a", "b")}, merge, retries=2)
    assert edges(dag) == {
        "a.one": {"a.two"},
        "b.one": {"b.two"},
        "a.two": {"branches_ended"},
        "b.two": {"branches_ended"},
        "branches_ended": {"merge", "no_branch_missing"},
        "merge": {"no_branch_missing"},
        "no_branch_missing": set(),
    }
    assert merged.ended.trigger_rule == "all_done"
    assert merged.merge.trigger_rule == merged.verdict.trigger_rule == "all_success"
    assert {name: [task.task_id for task in chain] for name, chain in merged.branches.items()} == {
        "a": ["emr.a.one", "emr.a.two"],
        "b": ["emr.b.one", "emr.b.two"],
    }
    assert (merged.merge.retries, merged.verdict.retries, merged.branches["a"][0].retries) == (2, 0, 3)


def test_mapped_branches_have_one_chain_of_templates() -> None:
    with DAG("d", schedule=None) as dag:

        @task
        def find() -> list[dict[str, str]]:
            return [{"name": "a"}]

        found = find()
        with existing_cluster("emr", "j-1") as emr:
            merged = mapped_branch_merge(emr, found, branch_of, merge)
    assert edges(dag) == {
        "find": {"branch.one", "branches_ended"},
        "branch.one": {"branch.two"},
        "branch.two": {"branches_ended"},
        "branches_ended": {"merge", "no_branch_missing"},
        "merge": {"no_branch_missing"},
        "no_branch_missing": set(),
    }
    step: Any = merged.branches["branch"][0].step
    assert step["name"] == "one {{ ti.xcom_pull(task_ids='find')[ti.map_index]['name'] }}"


def test_every_way_to_ask_a_mapped_branch_for_a_value_gives_its_template() -> None:
    asked: list[Mapping[str, str]] = []

    def branch(value: Mapping[str, str]) -> Branch:
        asked.append(value)
        return branch_of(value)

    with DAG("d", schedule=None):

        @task
        def find() -> list[dict[str, str]]:
            return []

        found = find()
        with existing_cluster("emr", "j-1") as emr:
            mapped_branch_merge(emr, found, branch, merge)
    (value,) = asked
    assert value.get("queue") == value["queue"] == "{{ ti.xcom_pull(task_ids='find')[ti.map_index]['queue'] }}"
    assert "queue" in value


def test_two_merges_are_told_apart_by_their_groups() -> None:
    with DAG("d", schedule=None) as dag, existing_cluster("emr", "j-1") as emr:
        for group in ("north", "south"):
            with TaskGroup(group):
                branch_merge(emr, {"a": branch_of({"name": "a"})}, merge)
    assert edges(dag)["south.a.two"] == {"south.branches_ended"}
    step: Any = dag.get_task("emr.south.merge")
    assert "task_ids='emr.south.branches_ended'" in step.step["command"]


@pytest.mark.parametrize("name", ["", "a b", "a,b", "../a", "a.b", "{{ x }}", "_a", "a" * 65])
def test_a_branch_whose_name_is_more_than_a_word_is_refused(name: str) -> None:
    with DAG("d", schedule=None), existing_cluster("emr", "j-1") as emr:
        with pytest.raises(InvalidSpec, match="a branch is named by letters"):
            branch_merge(emr, {name: branch_of({"name": "a"})}, merge)
        emr.run(ShellStep("other", "true"))


def test_nothing_to_merge_is_refused() -> None:
    with DAG("d", schedule=None), existing_cluster("emr", "j-1") as emr:
        with pytest.raises(InvalidSpec, match="there is nothing to merge"):
            branch_merge(emr, {}, merge)
        with pytest.raises(InvalidSpec, match="pass branch_merge what is known now"):
            mapped_branch_merge(emr, [{"name": "a"}], branch_of, merge)
        with pytest.raises(InvalidSpec, match="a mapping of names to branches"):
            branch_merge(emr, [branch_of({"name": "a"})], merge)  # type: ignore[arg-type]
        with pytest.raises(InvalidSpec, match=r"branches\['a'\] = .*it is no Branch"):
            branch_merge(emr, {"a": ShellStep("a", "true")}, merge)  # type: ignore[dict-item]
        with pytest.raises(InvalidSpec, match="write lambda made, missing"):
            branch_merge(emr, {"a": branch_of({"name": "a"})}, ShellStep("a", "true"))  # type: ignore[arg-type]
        with pytest.raises(InvalidSpec, match="a branch has at least one step"):
            Branch([ShellStep("a", "true")])  # type: ignore[arg-type]
        found = BranchesEndedOperator(task_id="found").output
        with pytest.raises(InvalidSpec, match="it is no task's own output; let a task make the list as it is"):
            mapped_branch_merge(emr, found.map(str), branch_of, merge)
        with pytest.raises(InvalidSpec, match="a branch has at least one step"):
            Branch({})
        emr.run(ShellStep("other", "true"))


def test_the_verdict_names_who_is_missing_and_why() -> None:
    with pytest.raises(BranchesMissing, match=r"1 of the branches did not make it: b: emr.b.one ended failed"):
        NoBranchMissingOperator(task_id="t", ended={"missing": {"b": "emr.b.one ended failed"}}).execute({})
    NoBranchMissingOperator(task_id="t", ended={"missing": {}}).execute({})


def test_of_two_mapped_branches_with_one_name_none_stands_for_the_other() -> None:
    ended = BranchesEndedOperator(task_id="t", mapped=[{"name": "a"}, {"name": "b"}], task_ids=["one"])
    assert ended.places() == {"a": [("one", 0)], "b": [("one", 1)]}
    ended.mapped = [{"name": "a"}, {"name": "a"}]
    with pytest.raises(InvalidSpec, match="two branches have this name"):
        ended.places()
