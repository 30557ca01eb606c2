"""Branches that meet: what of them fails, is skipped or never begins, and what their merge is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.operators.conftest import states

RunDag = Callable[..., Any]

STATIC, MAPPED = "branches", "branches_found"


@pytest.fixture
def run(run_dag: RunDag, cluster_id: str, emr: Any) -> RunDag:
    """Runs a DAG of branches: the run, the states of its tasks, and what the merging step was told."""

    def run(dag_id: str, **params: Any) -> tuple[Any, dict[str, str], list[str]]:
        dag_run = run_dag(dag_id, cluster_id=cluster_id, **params)
        steps = emr.list_steps(ClusterId=cluster_id)["Steps"]
        merges = [step["Config"]["Args"] for step in steps if step["Name"].startswith("merge ")]
        told = [words[-1].partition(";")[0] for words in merges]
        return dag_run, {name.removeprefix("emr."): state for name, state in states(dag_run).items()}, told

    return run


def task(dag_id: str, name: str, which: str) -> str:
    return f"{name}.{which}" if dag_id == STATIC else f"branch.{which}[{'abc'.index(name)}]"


def outcome(dag_run: Any) -> Any:
    return dag_run.get_task_instance("emr.branches_ended").xcom_pull(task_ids="emr.branches_ended")


@pytest.mark.parametrize("dag_id", [STATIC, MAPPED])
def test_branches_that_all_make_it_are_merged(run: RunDag, dag_id: str) -> None:
    dag_run, seen, told = run(dag_id)
    assert (str(dag_run.state), set(seen.values())) == ("success", {"success"})
    assert outcome(dag_run) == {"made": ["a", "b", "c"], "missing": {}, "skipped": []}
    assert told == ["echo made=a,b,c missing="]


@pytest.mark.parametrize("dag_id", [STATIC, MAPPED])
def test_a_failed_branch_stops_neither_the_others_nor_the_merge_and_the_run_fails(run: RunDag, dag_id: str) -> None:
    dag_run, seen, told = run(dag_id, failing=["b"])
    failed, upstream = task(dag_id, "b", "first"), task(dag_id, "b", "second")
    assert {name: state for name, state in seen.items() if state != "success"} == {
        failed: "failed",
        upstream: "upstream_failed",
        "no_branch_missing": "failed",
    }
    assert str(dag_run.state) == "failed"
    why = {"b": f"emr.{failed.partition('[')[0]} ended failed"}
    assert outcome(dag_run) == {"made": ["a", "c"], "missing": why, "skipped": []}
    assert told == ["echo made=a,c missing=b"]


@pytest.mark.parametrize("dag_id", [STATIC, MAPPED])
def test_a_tolerated_failure_leaves_a_branch_without_its_data(run: RunDag, dag_id: str) -> None:
    dag_run, seen, told = run(dag_id, tolerated=["c"])
    assert [name for name, state in seen.items() if state != "success"] == ["no_branch_missing"]
    assert "failed, which was tolerated: " in outcome(dag_run)["missing"]["c"]
    assert told == ["echo made=a,b missing=c"]


@pytest.mark.parametrize("dag_id", [STATIC, MAPPED])
def test_without_any_branch_there_is_no_merge(run: RunDag, dag_id: str) -> None:
    dag_run, seen, told = run(dag_id, failing=["a", "b", "c"])
    assert (str(dag_run.state), told) == ("failed", [])
    assert (seen["branches_ended"], seen["merge"], seen["no_branch_missing"]) == (
        "failed",
        "upstream_failed",
        "upstream_failed",
    )


def test_a_branch_that_was_not_taken_is_not_missed(run: RunDag) -> None:
    dag_run, seen, told = run(STATIC, left_out=["a"])
    assert (str(dag_run.state), seen["a.first"], seen["a.second"]) == ("success", "skipped", "skipped")
    assert outcome(dag_run) == {"made": ["b", "c"], "missing": {}, "skipped": ["a"]}
    assert told == ["echo made=b,c missing="]


def test_when_nothing_is_found_nothing_is_merged_and_nothing_has_failed(run: RunDag) -> None:
    dag_run, seen, told = run(MAPPED, found=[])
    assert (str(dag_run.state), told) == ("success", [])
    assert (seen["branches_ended"], seen["merge"], seen["no_branch_missing"]) == ("skipped", "skipped", "skipped")


def test_a_merge_that_fails_fails_the_run(run: RunDag) -> None:
    dag_run, seen, _ = run(STATIC, merge="exit 5")
    assert (str(dag_run.state), seen["merge"], seen["no_branch_missing"]) == ("failed", "failed", "upstream_failed")


def test_no_merge_is_tried_on_a_cluster_that_never_came(run_dag: RunDag) -> None:
    dag_run = run_dag("branches_without_cluster")
    seen = states(dag_run)
    assert (str(dag_run.state), seen["emr.create_cluster"]) == ("failed", "failed")
    tasks = ("a.first", "b.second", "branches_ended", "merge", "no_branch_missing")
    assert {seen[f"emr.{name}"] for name in tasks} == {"upstream_failed"}


def test_in_a_mapped_group_each_has_branches_a_merge_and_a_report_of_its_own(run_dag: RunDag, emr: Any) -> None:
    dag_run = run_dag("branches_of_regions")
    seen = states(dag_run)
    assert {name: state for name, state in seen.items() if state != "success"} == {
        "region.emr.no_branch_missing[1]": "failed"
    }
    assert str(dag_run.state) == "failed"

    def left(task_id: str, region: int) -> Any:
        ti = dag_run.get_task_instance(f"region.emr.{task_id}", map_index=region)
        return ti.xcom_pull(task_ids=ti.task_id, map_indexes=region)

    assert [list(left("branches_ended", region)["missing"]) for region in (0, 1)] == [[], ["b"]]
    for region, told in enumerate(["made=a,b missing=", "made=a missing=b"]):
        (cluster,) = left("cluster_report", region)["clusters"]
        assert cluster["cluster_id"] == left("create_cluster", region)
        assert {step["name"] for step in cluster["steps"]} == {f"a of {region}", f"b of {region}", "merge"}
        assert cluster["tolerated"] == ["b of 1"][:region]
        (merged,) = (
            step["Config"]["Args"]
            for step in emr.list_steps(ClusterId=cluster["cluster_id"])["Steps"]
            if step["Name"].startswith("merge ")
        )
        assert merged[-1].startswith(f"echo {told};")
