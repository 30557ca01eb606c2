"""What a failed step means, in every position of a DAG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.operators.conftest import announced, states

RunDag = Callable[..., Any]
ALWAYS = {
    "emr.not_taken": "skipped",
    "emr.after_not_taken": "skipped",
    "emr.stopped": "skipped",
    "emr.after_stopped": "skipped",
    "emr.first": "success",
    "emr.left": "success",
    "emr.mapped[0]": "success",
    "emr.mapped[2]": "success",
    "emr.before_last": "success",
    "emr.tidy": "success",
}
FAILING = (
    "root",
    "middle",
    "right",
    "mapped[1]",
    "taken",
    "gone",
    "before_group",
    "last",
    "before_teardown",
    "retried",
)
FOLLOWING = (
    "after_root",
    "after_middle",
    "merge",
    "after_mapped",
    "after_taken",
    "after_gone",
    "following.a",
    "following.b",
    "after_retried",
)


def steps_named(emr: Any, cluster_id: str, name: str) -> list[Any]:
    pages = emr.get_paginator("list_steps").paginate(ClusterId=cluster_id)
    return [step for page in pages for step in page["Steps"] if step["Name"].startswith(f"{name} [")]


def test_continue_lets_the_dag_go_on_wherever_the_step_stands(run_dag: RunDag, cluster_id: str, emr: Any) -> None:
    dag_run = run_dag("failure_words", word="CONTINUE", cluster_id=cluster_id)
    seen = states(dag_run)
    assert {name: seen[name] for name in ALWAYS} == ALWAYS
    assert {name: seen[f"emr.{name}"] for name in FAILING} == dict.fromkeys(FAILING, "success")
    assert {name: seen[f"emr.{name}"] for name in FOLLOWING} == dict.fromkeys(FOLLOWING, "success")
    assert str(dag_run.state) == "success"

    result = dag_run.get_task_instance("emr.middle").xcom_pull(task_ids="emr.middle")
    assert result["state"] == "FAILED"
    assert result["tolerated"] is True
    assert "no such input" in result["cause"]
    assert announced(dag_run) == []
    beside = {(ti.task_id, ti.map_index): ti.rendered_map_index for ti in dag_run.get_task_instances()}
    assert beside["emr.middle", -1] == "failure tolerated"
    assert [beside["emr.mapped", index] for index in range(3)] == ["0", "1: failure tolerated", "2"]
    links = {
        name: dag_run.get_task_instance(name).xcom_pull(task_ids=name, key="_link_EmrToleratedLink")
        for name in ("emr.middle", "emr.first")
    }
    assert "s-" in links["emr.middle"]
    assert not links["emr.first"]

    failing = steps_named(emr, cluster_id, "failing")
    assert len(failing) == len(FAILING) + 1, "the retried task submits a second step, under the same key"
    assert len({step["Name"] for step in failing}) == len(FAILING)
    assert {step["ActionOnFailure"] for step in failing} == {"CONTINUE"}


def test_cancel_and_wait_stops_what_follows_and_nothing_else(run_dag: RunDag, cluster_id: str) -> None:
    dag_run = run_dag("failure_words_in_the_worker", word="CANCEL_AND_WAIT", cluster_id=cluster_id)
    seen = states(dag_run)
    assert {name: seen[name] for name in ALWAYS} == ALWAYS
    assert {name: seen[f"emr.{name}"] for name in FAILING} == dict.fromkeys(FAILING, "failed")
    assert {name: seen[f"emr.{name}"] for name in FOLLOWING} == dict.fromkeys(FOLLOWING, "upstream_failed")
    assert str(dag_run.state) == "failed"


def test_terminate_cluster_fails_the_task_and_ends_a_cluster_of_ours_though_it_is_protected(
    run_dag: RunDag, emr: Any
) -> None:
    dag_run = run_dag("terminate_cluster_word")
    seen = states(dag_run)
    assert seen == {
        "emr.create_cluster": "success",
        "emr.fail": "failed",
        "emr.never": "upstream_failed",
        "emr.steps_ended": "success",
        "emr.terminate_cluster": "success",
    }
    created = dag_run.get_task_instance("emr.fail").xcom_pull(task_ids="emr.create_cluster")
    cluster = emr.describe_cluster(ClusterId=created)["Cluster"]
    assert cluster["Status"]["State"] == "TERMINATED"
