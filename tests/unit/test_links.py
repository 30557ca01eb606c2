"""Links lead to where a task said its job is, at AWS in each of its partitions and at the emulator."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from airflow.sdk.execution_time.xcom import XCom

from airflow_emr_pipelines import EmrCreateClusterOperator, EmrRunStepOperator
from airflow_emr_pipelines.links import LINK_XCOM, EmrConsoleLink, EmrLogsLink, EmrSparkHistoryLink
from airflow_emr_pipelines.operators.waiting import EmrOperator
from airflow_emr_pipelines.provider_info import get_provider_info

AWS = {
    "region": "eu-west-1",
    "partition": "aws",
    "endpoint_url": None,
    "cluster_id": "j-1",
    "log_uri": "s3://logs/emr/",
}
EMULATOR = {**AWS, "endpoint_url": "http://127.0.0.1:5555/"}


class Key(NamedTuple):
    dag_id: str
    task_id: str
    run_id: str
    try_number: int
    map_index: int


def test_the_console_shows_the_cluster() -> None:
    address = "https://console.aws.amazon.com/emr/home?region=eu-west-1#/clusterDetails/j-1"
    assert EmrConsoleLink().address(AWS) == address


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-new", "console.aws.amazon.com"),
    ],
)
def test_each_partition_has_its_console(partition: str, host: str) -> None:
    where = {**AWS, "partition": partition}
    assert urlsplit(EmrConsoleLink().address(where)).hostname == host
    assert urlsplit(EmrLogsLink().address(where)).hostname == host


def test_the_emulator_describes_the_cluster_itself() -> None:
    assert EmrConsoleLink().address(EMULATOR) == "http://127.0.0.1:5555/_emulator/clusters/j-1"


def test_the_logs_of_a_step_are_its_folder_and_those_of_a_cluster_the_one_above() -> None:
    step = urlsplit(EmrLogsLink().address({**AWS, "step_id": "s-1"}))
    assert (step.hostname, step.path) == ("console.aws.amazon.com", "/s3/buckets/logs")
    assert parse_qs(step.query) == {"region": ["eu-west-1"], "prefix": ["emr/j-1/steps/s-1/"]}
    assert parse_qs(urlsplit(EmrLogsLink().address(AWS)).query)["prefix"] == ["emr/j-1/"]


@pytest.mark.parametrize("log_uri", ["s3://logs", "s3://logs/", "s3n://logs/"])
def test_a_bucket_alone_is_a_log_uri(log_uri: str) -> None:
    link = urlsplit(EmrLogsLink().address({**AWS, "log_uri": log_uri}))
    assert link.path == "/s3/buckets/logs"
    assert parse_qs(link.query)["prefix"] == ["j-1/"]


def test_a_folder_with_odd_characters_is_still_one_folder() -> None:
    link = urlsplit(EmrLogsLink().address({**AWS, "log_uri": "s3://logs/team a&b/#1/"}))
    assert parse_qs(link.query)["prefix"] == ["team a&b/#1/j-1/"]
    assert link.fragment == ""


def test_the_emulators_logs_are_listed_by_its_s3() -> None:
    link = urlsplit(EmrLogsLink().address({**EMULATOR, "step_id": "s-1"}))
    assert (link.netloc, link.path) == ("127.0.0.1:5555", "/logs")
    assert parse_qs(link.query) == {"list-type": ["2"], "prefix": ["emr/j-1/steps/s-1/"]}


def test_without_a_log_uri_there_is_no_link_to_logs() -> None:
    assert EmrLogsLink().address({**AWS, "log_uri": None}) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint_url": "javascript:alert(1)//"},
        {"endpoint_url": "javascript://127.0.0.1:5555/%0aalert(1)"},
        {"endpoint_url": "data:text/html,x"},
        {"endpoint_url": "//attacker.example"},
        {"endpoint_url": "http://127.0.0.1:5555@attacker.example"},
        {"endpoint_url": "http://127.0.0.1:5555/?next=x"},
        {"endpoint_url": "http://127.0.0.1:5555/#"},
        {"endpoint_url": "http://127.0.0.1\\@attacker.example"},
        {"endpoint_url": " http://127.0.0.1:5555"},
        {"endpoint_url": "http://127.0.0.1:5555\n"},
        {"endpoint_url": 5555},
        {"endpoint_url": ["http://127.0.0.1:5555"]},
        {"cluster_id": "../../moto-api/reset"},
        {"cluster_id": None},
        {"step_id": "s-1/../.."},
        {"endpoint_url": None, "region": "eu-west-1&x=y#"},
        {"endpoint_url": None, "region": None},
    ],
    ids=str,
)
def test_of_what_has_not_its_form_no_link_is_made(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    operator: EmrOperator[Any] = EmrOperator(task_id="run")
    key = Key("daily", "run", "manual", 1, -1)
    links = (EmrConsoleLink(), EmrLogsLink(), EmrSparkHistoryLink())
    for said, made in (({**EMULATOR, "spark": True}, True), ({**EMULATOR, "spark": True, **changes}, False)):
        monkeypatch.setattr(XCom, "get_value", lambda said=said, **asked: said)
        assert [bool(link.get_link(operator, ti_key=key)) for link in links] == [made] * 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "endpoint", ["http://emulator:5555", "http://[::1]:5555/", "https://vpce-1.elasticmapreduce.example.com"]
)
def test_the_emulator_and_other_endpoints_are_linked_wherever_they_are(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(XCom, "get_value", lambda **asked: {**EMULATOR, "endpoint_url": endpoint})
    key = Key("daily", "run", "manual", 1, -1)
    link = EmrConsoleLink().get_link(EmrOperator(task_id="run"), ti_key=key)  # type: ignore[arg-type]
    assert link == f"{endpoint.rstrip('/')}/_emulator/clusters/j-1"


@pytest.mark.parametrize("log_uri", ["javascript:x", "s3://logs?x=y", "s3://[", "s3://", 7, ["s3://logs"]])
def test_of_what_is_no_folder_no_link_to_logs_is_made(log_uri: Any) -> None:
    assert EmrLogsLink().address({**AWS, "log_uri": log_uri}) == ""


@pytest.mark.parametrize(("said", "link"), [(None, ""), ("j-1", ""), (EMULATOR, EmrConsoleLink().address(EMULATOR))])
def test_a_link_is_made_of_what_the_task_said_and_is_empty_until_then(
    said: Any, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def get_value(**question: Any) -> Any:
        asked.append(question)
        return said

    monkeypatch.setattr(XCom, "get_value", get_value)
    operator: EmrOperator[Any] = EmrOperator(task_id="run")
    key = object()
    assert EmrConsoleLink().get_link(operator, ti_key=key) == link  # type: ignore[arg-type]
    assert asked == [{"key": LINK_XCOM, "ti_key": key}]


def test_the_operators_links_are_those_that_airflow_is_told_of() -> None:
    """Airflow's web server refuses links of classes that no provider names."""
    kinds = (EmrOperator, EmrRunStepOperator, EmrCreateClusterOperator)
    links = [link for kind in kinds for link in kind.operator_extra_links]
    classes = {f"{type(link).__module__}.{type(link).__qualname__}" for link in links}
    assert classes == set(get_provider_info()["extra-links"])


@pytest.mark.parametrize("base_url", ["", "https://airflow.example/team"])
def test_the_link_to_sparks_history_names_the_task_and_holds_no_address_of_emr(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    monkeypatch.setattr(XCom, "get_value", lambda **asked: {**EMULATOR, "spark": True})
    key = Key("daily", "group.run", "manual__2026-01-01T00:00:00+00:00", 1, 3)
    link = EmrSparkHistoryLink().get_link(EmrOperator(task_id="run"), ti_key=key)  # type: ignore[arg-type]
    assert link.startswith(f"{base_url}/emr-pipelines/spark-history/daily?")
    assert dict(parse_qsl(urlsplit(link).query)) == {"run_id": key.run_id, "task_id": "group.run", "map_index": "3"}


@pytest.mark.parametrize("said", [None, "j-1", EMULATOR, {**EMULATOR, "spark": False}])
def test_where_no_spark_runs_there_is_no_link_to_its_history(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XCom, "get_value", lambda **asked: said)
    key = Key("daily", "run", "manual", 1, -1)
    assert EmrSparkHistoryLink().get_link(EmrOperator(task_id="run"), ti_key=key) == ""  # type: ignore[arg-type]
