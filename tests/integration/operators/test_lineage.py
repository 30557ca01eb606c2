"""Spark steps are told by OpenLineage's own provider which task has started them, and where their events go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_emr_pipelines import ShellStep, SparkStep
from airflow_emr_pipelines.operators import lineage
from airflow_emr_pipelines.operators.lineage import Lineage
from tests.integration.operators.conftest import GROUPS, ROLES, states

pytest.importorskip("airflow.providers.openlineage", reason="OpenLineage's provider comes with the extra dev")

RunDag = Callable[..., Any]
KEY = "not-to-be-told"
TRANSPORT = {"type": "http", "url": "http://127.0.0.1:9", "auth": {"type": "api_key", "apiKey": KEY}}


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A transport by configuration, over which nothing is sent."""
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(TRANSPORT))
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "tests")
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__DISABLED", "True")  # Airflow itself sends nothing
    forget()
    yield
    forget()


def forget() -> None:
    """Let the provider read its configuration anew, which it does once in a process."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins.listener import get_openlineage_listener

    for cached in (get_openlineage_listener, *vars(conf).values()):
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


def settings_of(emr: Any, cluster_id: str) -> dict[str, dict[str, str]]:
    """What each step says of OpenLineage, by the step's name."""
    steps = emr.list_steps(ClusterId=cluster_id)["Steps"]
    return {step["Name"].split(" [")[0]: _settings(step["Config"]["Args"]) for step in steps}


def _settings(arguments: list[str]) -> dict[str, str]:
    words = [word.removeprefix("--conf=") for word in arguments]
    pairs = [word.partition("=") for word in words if word.startswith("spark.openlineage.")]
    return {name.removeprefix("spark.openlineage."): value for name, _, value in pairs}


@pytest.fixture
def busy_id(emr: Any) -> Iterator[str]:
    """A cluster whose one step keeps all others waiting."""
    sleep = {"Jar": "command-runner.jar", "Args": ["bash", "-c", "sleep 1000"]}
    cluster = emr.run_job_flow(
        Name="busy",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        Steps=[{"Name": "sleeps", "ActionOnFailure": "CONTINUE", "HadoopJarStep": sleep}],
        **ROLES,
    )["JobFlowId"]
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


def rendered(dag_run: Any, task_id: str) -> str:
    """What Airflow's UI shows of a task's fields."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    return json.dumps(RenderedTaskInstanceFields.get_templated_fields(dag_run.get_task_instance(task_id)))


def test_each_kind_of_spark_step_is_told_and_what_it_says_itself_is_let_be(
    run_dag: RunDag, busy_id: str, emr: Any, transport: None, caplog: pytest.LogCaptureFixture
) -> None:
    dag_run = run_dag("lineage", cluster_id=busy_id)
    assert set(states(dag_run).values()) == {"success"}
    told = settings_of(emr, busy_id)
    for name in ("submitted", "sql"):
        assert told[name]["parentJobNamespace"] == told[name]["rootParentJobNamespace"] == "tests"
        assert (told[name]["parentJobName"], told[name]["rootParentJobName"]) == (f"lineage.{name}", "lineage")
        assert told[name]["parentRunId"] != told[name]["rootParentRunId"]
        assert (told[name]["transport.type"], told[name]["transport.url"]) == ("http", "http://127.0.0.1:9")
        assert told[name]["transport.auth.apiKey"] == f"Bearer {KEY}"
    assert told["own_words"] == {"parentJobName": "mine", "transport.type": "console"}
    assert told["command"]["parentJobName"] == "mine"
    assert "parentRunId" not in told["command"]
    assert told["command"]["transport.url"] == "http://127.0.0.1:9"
    assert told["shell"] == {}

    assert "OpenLineage's settings are given to step submitted" in caplog.text
    assert KEY not in caplog.text
    shown = rendered(dag_run, "submitted")
    assert "spark.app.name" in shown
    assert "openlineage" not in shown


def test_airflows_configuration_decides_where_the_operator_does_not(
    run_dag: RunDag, busy_id: str, emr: Any, transport: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__SPARK_INJECT_PARENT_JOB_INFO", "True")
    dag_run = run_dag("lineage_by_configuration", cluster_id=busy_id)
    made = dag_run.get_task_instance("in_the_request").xcom_pull(task_ids="in_the_request")
    try:
        told = settings_of(emr, busy_id)
        assert told["submitted"]["parentJobName"] == "lineage_by_configuration.by_configuration"
        assert not any(name.startswith("transport") for name in told["submitted"])
        assert told["sql"] == {}
        assert settings_of(emr, made)["sql"]["parentJobName"] == "lineage_by_configuration.in_the_request"
    finally:
        emr.terminate_job_flows(JobFlowIds=[made])


def test_airflows_logs_do_not_show_the_transports_key_also_where_a_task_comes_back_to_be_judged(
    transport: None,
) -> None:
    from airflow.sdk._shared.secrets_masker import redact, reset_secrets_masker

    command = f"spark-submit --conf spark.openlineage.transport.auth.apiKey=Bearer {KEY} a.py"
    reset_secrets_masker()
    assert redact(command) == command
    Lineage(transport_info=False).hide()
    assert redact(command) == command
    Lineage(transport_info=True).hide()
    assert KEY not in str(redact(command))


STEP = SparkStep("a", "s3://apps/a.py", conf={"spark.app.name": "a"})


def test_without_the_provider_nothing_is_given_and_only_who_asked_for_it_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda name: None)
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__SPARK_INJECT_PARENT_JOB_INFO", "True")
    context: Any = {}
    assert Lineage().given_to(STEP, context) is STEP
    assert caplog.text == ""
    assert Lineage(parent_job_info=True).given_to(STEP, context) is STEP
    assert "openlineage_inject_parent_job_info is set, and apache-airflow-providers-openlineage is not" in caplog.text


def test_lineage_that_cannot_be_had_costs_no_step(caplog: pytest.LogCaptureFixture) -> None:
    context: Any = {}  # without a task instance there is nothing to tell
    assert Lineage(parent_job_info=True).given_to(STEP, context) is STEP
    assert "OpenLineage's settings are not given to step a: KeyError" in caplog.text


def test_a_step_that_is_none_of_sparks_is_not_looked_at() -> None:
    context: Any = {}
    step = ShellStep("a", "spark-submit a.py")
    assert Lineage(True, True).given_to(step, context) is step
