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
from tests.integration.operators.conftest import GROUPS, ROLES, states

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
def busy(emr: Any) -> Iterator[str]:
    """A cluster that runs a step which does not end, so that no other starts."""
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


@pytest.fixture
def ran(run_dag: RunDag, busy: str) -> tuple[Any, str]:
    """The run of a Spark step, and its cluster, which runs."""
    dag_run = run_dag("spark_history", cluster_id=busy)
    assert set(states(dag_run).values()) == {"success"}
    return dag_run, busy


def set_xcom(dag_run: Any, task_id: str, map_index: int = -1, **changes: Any) -> None:
    """What who may write XComs of a DAG can do to what a task has put down."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    task = {"dag_id": dag_run.dag_id, "run_id": dag_run.run_id, "task_id": task_id, "map_index": map_index}
    with create_session() as session:
        found = session.scalars(select(XComModel).filter_by(**task, key="emr_where")).one()
        said = {**XComModel.deserialize_value(found), **changes}
        XComModel.set("emr_where", said, **task, session=session)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """With what EMR is asked for a history: connection, Region, endpoint, cluster and step."""
    from airflow_emr_pipelines.hooks.ec2.spark_history import SparkHistory

    calls: list[tuple[Any, ...]] = []

    def address(self: SparkHistory, cluster_id: str, step_id: str | None, owner: Any) -> str:
        where = self.hook.endpoint()
        calls.append((self.hook.aws_conn_id, where["region"], where["endpoint_url"], cluster_id, step_id))
        return "https://history"

    monkeypatch.setattr(SparkHistory, "address", address)
    return calls


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


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_have_emr_asked(
    web: Any, ran: tuple[Any, str], asked: list[tuple[Any, ...]], site: str
) -> None:
    address = link(ran[0], "sparks")
    log_in(web, role="VIEWER")
    refused = web.get(address, headers={"Sec-Fetch-Site": site})
    assert (refused.status_code, "click its link Spark history" in refused.text, asked) == (403, True, [])
    assert web.get(address, headers={"Sec-Fetch-Site": "same-origin"}).headers["location"] == "https://history"
    assert len(asked) == 1


def test_a_click_asks_with_the_tasks_own_connection_and_refuses_another_one(
    web: Any, run_dag: RunDag, busy: str, emulator: Any, asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the DAG says it, or as the task has rendered it, also where the task or its group is mapped."""
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", '{"conn_type": "aws"}')
    dag_run = run_dag("spark_history_by_connection", cluster_id=busy)
    assert set(states(dag_run).values()) == {"success"}
    log_in(web, role="VIEWER")
    own = {
        ("rendered", -1): "aws_default",
        ("of_all", 0): "other",
        ("of_each", 0): "aws_default",
        ("of_each", 1): "other",
        ("group.in_group", 0): "other",
    }
    for (task_id, map_index), connection in own.items():
        query = {"run_id": dag_run.run_id, "task_id": task_id, "map_index": map_index}
        set_xcom(dag_run, task_id, map_index, endpoint_url="http://attacker.example")
        answer = web.get("/emr-pipelines/spark-history/spark_history_by_connection", params=query)
        assert (answer.status_code, answer.headers.get("location")) == (303, "https://history"), answer.text
        assert asked.pop()[:4] == (connection, "us-east-1", emulator.url, busy)
        for another in ({"aws_default": "other", "other": "aws_default"}[connection], "<b>secret</b>", None):
            set_xcom(dag_run, task_id, map_index, aws_conn_id=another)
            refused = web.get("/emr-pipelines/spark-history/spark_history_by_connection", params=query)
            named = {None: "boto3&#x27;s own", "<b>secret</b>": "what is no name"}.get(another, another)
            told = f"The task uses {connection} as its connection, and the XCom emr_where names {named}."
            assert (refused.status_code, told in refused.text) == (403, True), refused.text
    assert asked == []


def test_a_region_or_an_id_that_cannot_be_the_tasks_is_refused_before_emr_is_asked(
    web: Any, ran: tuple[Any, str], asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": {"region_name": "us-east-1"}}')
    dag_run, _ = ran
    address = link(dag_run, "sparks")
    log_in(web, role="VIEWER")
    kept = dag_run.get_task_instance("sparks").xcom_pull(task_ids="sparks", key="emr_where")
    for changes, status, told in (
        ({"region": "eu-west-1"}, 403, "The task uses us-east-1 as its Region, and the XCom emr_where names eu-west-1"),
        ({"region": "us-east-1.attacker.example/"}, 403, "names what is no name"),
        ({"region": ["us-east-1"]}, 403, "names what is no name"),
        ({"cluster_id": "../j-1"}, 404, "has not started anything on EMR"),
        ({"cluster_id": 7}, 404, "has not started anything on EMR"),
        ({"step_id": "s-1&x"}, 404, "has not started anything on EMR"),
    ):
        set_xcom(dag_run, "sparks", **{**kept, **changes})
        refused = web.get(address)
        assert (refused.status_code, told in refused.text) == (status, True), (changes, refused.text)
    assert asked == []
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")  # nothing but the XCom tells the Region then
    set_xcom(dag_run, "sparks", **{**kept, "region": "us-east-1.attacker.example"})
    refused = web.get(address)
    assert (refused.status_code, asked) == (403, []), refused.text
    set_xcom(dag_run, "sparks", **{**kept, "region": "us-west-2"})
    assert (web.get(address).status_code, asked.pop()[1]) == (303, "us-west-2")


def test_the_history_of_anothers_cluster_is_refused(web: Any, ran: tuple[Any, str], emr: Any) -> None:
    another = emr.run_job_flow(
        Name="another's",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        **ROLES,
    )["JobFlowId"]
    dag_run, cluster = ran
    log_in(web, role="VIEWER")
    set_xcom(dag_run, "sparks", cluster_id=another, step_id=None)
    refused = web.get(link(dag_run, "sparks"))
    emr.terminate_job_flows(JobFlowIds=[another])
    assert (refused.status_code, f"Cluster {another} is not shown" in refused.text) == (403, True), refused.text
    assert cluster not in refused.text


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
        def raises(*_: Any) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "<b>not</b> allowed"}}, "CreatePersistentAppUI")

        with monkeypatch.context() as patched:
            patched.setattr("airflow_emr_pipelines.hooks.ec2.spark_history.SparkHistory.address", raises)
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
        "import sys, airflow.plugins_manager; before = set(sys.modules); import airflow_emr_pipelines.ui.plugin;"
        "heavy = ('fastapi', 'boto3', 'botocore');"
        "print([name for name in set(sys.modules) - before if name.split('.')[0] in heavy])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip().splitlines()[-1] == "[]"
