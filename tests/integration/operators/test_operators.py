"""The operators and sensors as a user's DAG meets them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.airflow_of import reads_what_is_printed
from tests.boto3_of import knows
from tests.conftest import clusters_of
from tests.integration.operators.conftest import GROUPS, ROLES, announced, states

RunDag = Callable[..., Any]
MODES = ("deferred", "waiting")


@pytest.fixture
def printed(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What Airflow has logged since the last call."""
    return lambda: "".join(capfd.readouterr())


def steps_of(emr: Any, cluster_id: str) -> list[Any]:
    return list(emr.list_steps(ClusterId=cluster_id)["Steps"])


def add_step(emr: Any, cluster_id: str, command: str) -> str:
    step = {"Jar": "command-runner.jar", "Args": ["bash", "-c", command]}
    added = emr.add_job_flow_steps(
        JobFlowId=cluster_id, Steps=[{"Name": "foreign", "ActionOnFailure": "CONTINUE", "HadoopJarStep": step}]
    )
    return str(added["StepIds"][0])


def test_values_come_from_templates_and_from_other_tasks_whole_and_in_parts(
    run_dag: RunDag, cluster_id: str, emr: Any, printed: Callable[[], str]
) -> None:
    dag_run = run_dag("data_from_other_tasks", cluster_id=cluster_id)
    assert set(states(dag_run).values()) == {"success"}, printed()
    steps = steps_of(emr, cluster_id)
    seen = {step["Name"].split(" [")[0]: step["Config"]["Args"] for step in steps}
    mapped = [step["Config"]["Args"][-1] for step in steps if step["Name"].startswith("Mapped [")]
    assert sorted(mapped) == ["north", "south"]
    assert seen["says data_from_other_tasks"][-1] == "echo one"
    # What another task has sent is data: it is not rendered again.
    assert seen["a"][-1] == "echo a {{ ds }}"
    assert announced(dag_run) == ["s3://results/announced"]
    assert "made" in printed(), "show_logs=always puts the step's output into the task log"


@knows("StepConfig", "StepMonitoringConfiguration")
def test_a_step_is_sent_to_its_own_region_only_and_its_logs_are_read_where_it_has_them(
    run_dag: RunDag, cluster_id: str, emr: Any, log_bucket: str, printed: Callable[[], str]
) -> None:
    dag_run = run_dag("places_of_a_step", cluster_id=cluster_id, log_uri=f"s3://{log_bucket}/")
    log = printed()
    assert states(dag_run) == {"another_region": "failed", "own_logs": "success"}, log
    assert "script-runner.jar is read from the cluster's own region" in log
    (step,) = steps_of(emr, cluster_id)
    assert step["LogUri"] == f"s3://{log_bucket}/own/"
    assert f"s3://{log_bucket}/own/{cluster_id}/steps/{step['Id']}/stdout.gz" in log
    assert "said elsewhere" in log


@pytest.mark.parametrize("mode", MODES)
def test_the_execution_timeout_cancels_the_step_and_fails_the_task(
    run_dag: RunDag, cluster_id: str, emr: Any, mode: str, printed: Callable[[], str]
) -> None:
    dag_run = run_dag(f"deadline_{mode}", cluster_id=cluster_id)
    assert states(dag_run) == {"slow": "failed"}
    (step,) = steps_of(emr, cluster_id)
    assert step["Status"]["State"] in ("CANCEL_PENDING", "CANCELLED")
    log = printed()
    assert "AirflowTaskTimeout" in log or "did not end within 6 s" in log


@pytest.mark.parametrize("mode", MODES)
def test_sensors_see_what_somebody_else_started_and_cancel_nothing(
    run_dag: RunDag, cluster_id: str, emr: Any, mode: str, printed: Callable[[], str]
) -> None:
    step_id = add_step(emr, cluster_id, "true")
    dag_run = run_dag(f"sensors_{mode}", cluster_id=cluster_id, step_id=step_id)
    log = printed()
    assert states(dag_run) == {
        "cluster": "success",
        "step": "success",
        "too_late": "failed",
        "too_late_but_soft": "skipped",
    }, log
    assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"] == "WAITING"


@pytest.mark.parametrize("mode", MODES)
def test_a_step_sensor_tells_why_the_step_failed(
    run_dag: RunDag, cluster_id: str, emr: Any, mode: str, printed: Callable[[], str]
) -> None:
    step_id = add_step(emr, cluster_id, "echo the disk is full >&2; exit 1")
    dag_run = run_dag(f"sensors_{mode}", cluster_id=cluster_id, step_id=step_id)
    assert states(dag_run)["step"] == "failed"
    assert "the disk is full" in printed()


def test_a_failed_bootstrap_action_is_told_with_its_reason_and_leaves_no_cluster(
    run_dag: RunDag, emulator: Any, emr: Any, log_bucket: str, printed: Callable[[], str]
) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="bootstrap")
    s3.put_object(Bucket="bootstrap", Key="broken.sh", Body=b'echo "$1" is bad >&2\nexit 9\n')
    dag_run = run_dag("bootstrap_fails", log_uri=f"s3://{log_bucket}/")
    assert states(dag_run)["emr.create_cluster"] == "failed"
    assert states(dag_run)["emr.never"] == "upstream_failed"
    log = printed()
    assert "ClusterFailed" in log
    assert "BOOTSTRAP_FAILURE" in log
    ours = [cluster for cluster in clusters_of(emr) if cluster["Name"].startswith("bootstraps")]
    assert [cluster["Status"]["State"] for cluster in ours] == ["TERMINATED_WITH_ERRORS"]


@reads_what_is_printed
def test_steps_in_the_request_are_waited_for_and_judged_each(
    run_dag: RunDag, emr: Any, log_bucket: str, printed: Callable[[], str]
) -> None:
    before = {cluster["Id"] for cluster in clusters_of(emr)}
    dag_run = run_dag("steps_in_the_request", log_uri=f"s3://{log_bucket}/")
    log = printed()
    assert states(dag_run) == {"good": "success", "bad": "failed"}, log
    made = [found["Name"].split(" [")[0] for found in clusters_of(emr) if found["Id"] not in before]
    assert (made.count("good"), made.count("bad")) == (1, 2), "a retry runs the failed steps anew, on a new cluster"
    assert "StepFailed" in log
    assert "(four [" in log


def test_a_tolerated_failure_announces_no_data_in_either_mode(run_dag: RunDag, cluster_id: str) -> None:
    dag_run = run_dag("tolerated", cluster_id=cluster_id)
    assert states(dag_run) == dict.fromkeys(
        ("deferred", "waiting", "mapped_deferred[0]", "mapped_waiting[0]"), "success"
    )
    assert announced(dag_run) == []


def test_termination_is_content_with_what_is_gone_or_never_was(run_dag: RunDag, cluster_id: str, emr: Any) -> None:
    for _ in range(2):
        dag_run = run_dag("terminate", cluster_id=cluster_id)
        assert set(states(dag_run).values()) == {"success"}
        assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"] == "TERMINATED"


def test_protection_is_not_taken_off_somebody_elses_cluster(
    run_dag: RunDag, emr: Any, printed: Callable[[], str]
) -> None:
    foreign = emr.run_job_flow(
        Name="foreign",
        ReleaseLabel="emr-7.10.0",
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True, "TerminationProtected": True},
        **ROLES,
    )["JobFlowId"]
    try:
        dag_run = run_dag("terminate", cluster_id=foreign)
        assert states(dag_run)["end"] == "failed"
        assert "was not made by this deployment" in printed()
        assert emr.describe_cluster(ClusterId=foreign)["Cluster"]["TerminationProtected"]
    finally:
        emr.set_termination_protection(JobFlowIds=[foreign], TerminationProtected=False)
        emr.terminate_job_flows(JobFlowIds=[foreign])


def test_a_cluster_that_is_gone_takes_no_step_and_the_error_says_why(
    run_dag: RunDag, cluster_id: str, emr: Any, printed: Callable[[], str]
) -> None:
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    emr.get_waiter("cluster_terminated").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1})
    assert states(run_dag("one_step", cluster_id=cluster_id)) == {"step": "failed"}
    log = printed()
    assert "ClusterGone" in log
    assert "Terminated by user request" in log


def test_a_retry_takes_over_the_step_of_a_try_that_died_after_submitting_it(
    run_dag: RunDag, cluster_id: str, emr: Any
) -> None:
    dag_run = run_dag("crash_after_submission", cluster_id=cluster_id)
    assert states(dag_run) == {"step": "success"}
    assert dag_run.get_task_instance("step").try_number == 2
    assert [step["Status"]["State"] for step in steps_of(emr, cluster_id)] == ["COMPLETED"]


def test_the_links_lead_to_the_cluster_and_to_the_logs(
    run_dag: RunDag, cluster_id: str, emr: Any, log_bucket: str
) -> None:
    dag_run = run_dag("one_step", cluster_id=cluster_id)
    ti = dag_run.get_task_instance("step")
    console = ti.xcom_pull(task_ids="step", key="_link_EmrConsoleLink")
    logs = ti.xcom_pull(task_ids="step", key="_link_EmrLogsLink")
    with urllib.request.urlopen(console) as page:
        assert json.load(page)["Cluster"]["Id"] == cluster_id
    with urllib.request.urlopen(logs) as page:
        assert b"stderr.gz" in page.read()
