"""Steps that somebody else has added are cancelled, as a user's DAG has it done."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_emr_pipelines import EmrCancelStepsOperator
from airflow_emr_pipelines.errors import InvalidSpec, StepsNotCancelled
from tests.integration.operators.conftest import GROUPS, ROLES, states

RunDag = Callable[..., Any]
MODES = ("deferred", "waiting")


@pytest.fixture
def old_cluster_id(emr: Any) -> Any:
    """A cluster of the last release but one that cannot cancel running steps."""
    cluster = emr.run_job_flow(
        Name="old",
        ReleaseLabel="emr-5.27.1",
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        **ROLES,
    )["JobFlowId"]
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


def add(emr: Any, cluster_id: str, *commands: str) -> list[str]:
    steps = [
        {
            "Name": command,
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["bash", "-c", command]},
        }
        for command in commands
    ]
    return list(emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=steps)["StepIds"])


def state(emr: Any, cluster_id: str, step_id: str) -> str:
    return str(emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"]["Status"]["State"])


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def wait_until(emr: Any, cluster_id: str, step_id: str, wanted: str) -> None:
    wait_for(lambda: state(emr, cluster_id, step_id) == wanted)


def result(dag_run: Any) -> Any:
    return dag_run.get_task_instance("cancel").xcom_pull(task_ids="cancel")


@pytest.mark.parametrize("mode", MODES)
def test_running_steps_are_cancelled_and_those_that_have_ended_are_let_be(
    run_dag: RunDag, cluster_id: str, emr: Any, mode: str
) -> None:
    done, running = add(emr, cluster_id, "true", "sleep 1000")
    wait_until(emr, cluster_id, done, "COMPLETED")
    wait_until(emr, cluster_id, running, "RUNNING")
    dag_run = run_dag(f"cancel_{mode}", cluster_id=cluster_id, step_ids=[done, running, running])
    assert states(dag_run) == {"cancel": "success"}
    assert result(dag_run) == {done: "COMPLETED", running: "CANCELLED"}
    # A retry, or a second run, asks for what is so already.
    assert result(run_dag(f"cancel_{mode}", cluster_id=cluster_id, step_ids=[running])) == {running: "CANCELLED"}


@pytest.mark.parametrize("mode", MODES)
def test_what_does_not_heed_an_interrupt_is_waited_for_in_time_and_can_be_killed(
    run_dag: RunDag, cluster_id: str, emr: Any, mode: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    deaf = tmp_path / "deaf"
    (step_id,) = add(emr, cluster_id, f"trap '' TERM INT; touch {deaf}; while true; do sleep 0.1; done")
    wait_for(deaf.exists)
    dag_run = run_dag(f"cancel_in_time_{mode}", cluster_id=cluster_id, step_ids=[step_id])
    log = "".join(capfd.readouterr())
    assert states(dag_run) == {"cancel": "failed"}
    assert "AirflowTaskTimeout" in log or "did not end within 5 s" in log
    assert state(emr, cluster_id, step_id) == "CANCEL_PENDING"
    dag_run = run_dag(f"cancel_{mode}", cluster_id=cluster_id, step_ids=[step_id], option="TERMINATE_PROCESS")
    assert result(dag_run) == {step_id: "CANCELLED"}


def test_a_step_that_emr_does_not_know_cancels_none(
    run_dag: RunDag, cluster_id: str, emr: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    (step_id,) = add(emr, cluster_id, "sleep 1000")
    dag_run = run_dag("cancel_deferred", cluster_id=cluster_id, step_ids=[step_id, "s-UNKNOWN"])
    assert states(dag_run) == {"cancel": "failed"}
    log = "".join(capfd.readouterr())
    assert "StepsNotCancelled" in log
    assert "s-UNKNOWN" in log
    assert state(emr, cluster_id, step_id) in ("PENDING", "RUNNING")


def test_a_release_that_cannot_cancel_running_steps_is_told_with_the_one_that_can(
    run_dag: RunDag, old_cluster_id: str, emr: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    running, pending = add(emr, old_cluster_id, "sleep 1000", "true")
    wait_until(emr, old_cluster_id, running, "RUNNING")
    dag_run = run_dag("cancel_deferred", cluster_id=old_cluster_id, step_ids=[running, pending])
    assert states(dag_run) == {"cancel": "failed"}
    assert "emr-5.27.1 cannot cancel it" in (log := "".join(capfd.readouterr()))
    assert "emr-5.28.0" in log
    assert result(run_dag("cancel_deferred", cluster_id=old_cluster_id, step_ids=[pending])) == {pending: "CANCELLED"}


def test_ids_of_another_task_are_cancelled_one_a_mapped_task(run_dag: RunDag, cluster_id: str, emr: Any) -> None:
    ids = add(emr, cluster_id, "sleep 1000", "sleep 1001")
    dag_run = run_dag("cancel_each", cluster_id=cluster_id, step_ids=ids)
    assert states(dag_run) == {"one_by_one": "success", "cancel[0]": "success", "cancel[1]": "success"}
    assert {state(emr, cluster_id, step_id) for step_id in ids} == {"CANCELLED"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"step_ids": []}, "EMR cancels 1 to 256 steps at once"),
        ({"step_ids": [f"s-{number}" for number in range(257)]}, "257 ids"),
        ({"step_ids": "s-1"}, r'write step_ids=\["s-1"\]'),
        ({"step_ids": ["s-1"], "step_cancellation_option": "KILL"}, "it is none of SEND_INTERRUPT, TERMINATE_PROCESS"),
    ],
)
def test_bad_input_is_refused_where_it_is_written(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        EmrCancelStepsOperator(task_id="cancel", cluster_id="j-1", **fields)


def test_the_error_names_each_step_and_why() -> None:
    assert str(StepsNotCancelled("j-1", {"s-1": "no", "s-2": "never"})).endswith("j-1: s-1: no; s-2: never")
