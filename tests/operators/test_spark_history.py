"""A click on a task's link leads to Spark's history, through Airflow's own web server and its login."""

from __future__ import annotations

import html
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from packaging.version import Version

from tests.airflow_of import AIRFLOW
from tests.operators.conftest import GROUPS, ROLES, states

pytestmark = pytest.mark.skipif(Version("3.1") > AIRFLOW, reason="Airflow 3.0 tells no click who it comes from")

RunDag = Callable[..., Any]


@pytest.fixture
def web(airflow: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Airflow's web server with its plugins, and a browser that nobody has logged in with."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of the tests, which is long enough for its use")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own
        from airflow.api_fastapi.app import create_app, purge_cached_app
        from starlette.testclient import TestClient

        yield TestClient(create_app(apps="core"), follow_redirects=False)
        purge_cached_app()


def log_in(web: Any, role: str | None) -> None:
    """As a user whom Airflow's own auth manager gives that role."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    web.cookies.set("_token", get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="somebody", role=role)))


@pytest.fixture
def ran(run_dag: RunDag, emr: Any) -> Iterator[tuple[Any, str]]:
    """The run of a Spark step, and its cluster, which runs."""
    sleep = {"Jar": "command-runner.jar", "Args": ["bash", "-c", "sleep 1000"]}
    cluster = emr.run_job_flow(
        Name="busy",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        Steps=[{"Name": "sleeps", "ActionOnFailure": "CONTINUE", "HadoopJarStep": sleep}],
        **ROLES,
    )["JobFlowId"]
    dag_run = run_dag("spark_history", cluster_id=cluster)
    assert set(states(dag_run).values()) == {"success"}
    yield dag_run, cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


def link(dag_run: Any, task_id: str) -> str:
    found: str = dag_run.get_task_instance(task_id).xcom_pull(task_ids=task_id, key="_link_EmrSparkHistoryLink")
    return found


def read(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address, timeout=60) as page:
        return page.status, page.read().decode()


def test_a_click_leads_who_may_read_the_task_to_sparks_history_and_keeps_the_address_nowhere(
    web: Any, ran: tuple[Any, str], emr: Any, caplog: pytest.LogCaptureFixture
) -> None:
    dag_run, cluster = ran
    assert link(dag_run, "none_of_sparks") == ""
    address = link(dag_run, "sparks")
    assert address.startswith("/emr-pipelines/spark-history/spark_history?")

    refused = web.get(address)
    assert (refused.status_code, "Log in to Airflow" in refused.text) == (401, True)
    log_in(web, role=None)
    refused = web.get(address)
    assert (refused.status_code, "who may read the task" in refused.text) == (403, True)
    for answer in (refused, web.get("/emr-pipelines/spark-history/spark_history")):
        assert "location" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"

    log_in(web, role="VIEWER")
    addresses = []
    for state in ("RUNNING", "TERMINATED"):
        if state == "TERMINATED":
            emr.terminate_job_flows(JobFlowIds=[cluster])
            emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig={"Delay": 1})
        answer = web.get(address)
        while answer.status_code == 503:  # the history server takes its time to start, and the page asks again
            assert "http-equiv" in answer.text
            answer = web.get(address)
        assert answer.status_code == 303, answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        addresses.append(answer.headers["location"])
        status, page = read(answer.headers["location"])
        assert (status, "History Server" in page) == (200, True)
    kept = dag_run.get_task_instance("sparks").xcom_pull(task_ids="sparks", key="emr_where")
    assert (kept["cluster_id"], kept["aws_conn_id"]) == (cluster, "aws_default")
    assert not any(address in f"{kept}{caplog.text}" for address in addresses)


def test_each_trouble_is_told_on_a_page_with_its_cause_and_the_way_out(
    web: Any, ran: tuple[Any, str], emr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = link(ran[0], "sparks")
    log_in(web, role="VIEWER")

    def told(address: str) -> tuple[int, str]:
        answer = web.get(address)
        assert answer.headers["content-type"].startswith("text/html")
        return answer.status_code, html.unescape(answer.text)

    status, page = told(address.replace("task_id=sparks", "task_id=another"))
    assert status == 404
    assert "has not started anything on EMR" in page
    status, page = told(address.partition("&")[0])
    assert status == 422
    assert "Lacking or wrong: task_id" in page

    def refused(code: str) -> Any:
        def raises(*arguments: Any) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "<b>not</b> allowed"}}, "CreatePersistentAppUI")

        with monkeypatch.context() as patched:
            patched.setattr("airflow_emr_pipelines.hooks.spark_history.SparkHistory.address", raises)
            return web.get(address)

    denied = refused("AccessDeniedException")
    assert denied.status_code == 502
    for words in ("With aws_default", "elasticmapreduce:DescribeCluster", "&lt;b&gt;not"):
        assert words in denied.text
    throttled = refused("ThrottlingException")
    assert (throttled.status_code, throttled.headers["retry-after"]) == (503, "5")
    invalid = refused("InvalidRequestException")
    assert (invalid.status_code, "at most 50 clusters" in invalid.text) == (502, True)

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    status, page = told(address)
    assert (status, "EMR was not reached" in page) == (502, True)


def test_the_plugin_loads_no_web_framework_and_no_client_until_its_page_is_asked_for() -> None:
    """Every process of Airflow imports it."""
    code = (
        "import sys, airflow.plugins_manager; before = set(sys.modules); import airflow_emr_pipelines.plugin;"
        "heavy = ('fastapi', 'boto3', 'botocore');"
        "print([name for name in set(sys.modules) - before if name.split('.')[0] in heavy])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip().splitlines()[-1] == "[]"
