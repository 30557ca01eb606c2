"""The address of Spark's history is asked for in the order that finds the most, of the task's own cluster alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_emr_pipelines.errors import NotOfTheTask, SparkHistoryNotReady
from airflow_emr_pipelines.hooks.ec2 import spark_history
from airflow_emr_pipelines.hooks.ec2.spark_history import Owner, SparkHistory
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState
from airflow_emr_pipelines.specs.values.keys import DAG_TAG, RUN_TAG, job_key, name_with_key

REFUSED = ClientError({"Error": {"Code": "InvalidRequestException", "Message": "no"}}, "GetPersistentAppUI…")
KEY = {"deployment": "", "dag_id": "daily", "run_id": "manual~1", "start_date": "2026-01-01", "task_id": "run"}
OWNER = Owner("daily", "manual~1", job_key(**KEY, map_index=-1, max_tries=0), "j-1")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "GetOnClusterAppUI…")


class Emr:
    """EMR and our hook of it, with the answers that it is to give."""

    def __init__(self, *, state: str = "TERMINATED", on_cluster: Any = REFUSED, persistent: tuple[Any, ...]) -> None:
        self.conn = self
        self.state, self.on_cluster = state, on_cluster
        self.persistent = iter(persistent)
        self.asked: list[str] = []
        self.numbers = itertools.count(1)
        self.applications: tuple[str, ...] = ()
        self.application: str | None = None
        self.step_name = "a"
        self.tags: dict[str, str] = {}

    def describe_cluster(self, **request: Any) -> Any:
        tags = [{"Key": name, "Value": value} for name, value in self.tags.items()]
        status = {"State": self.state}
        return {"Cluster": {"Id": "j-1", "ClusterArn": f"arn:{id(self)}", "Status": status, "Tags": tags}}

    def list_steps(self, cluster_id: str, **filters: Any) -> Any:
        yield [StepReport(cluster_id, "s-1", self.step_name, StepState.COMPLETED, application_ids=self.applications)]

    def get_on_cluster_app_ui_presigned_url(self, **request: Any) -> Any:
        self.asked.append("on cluster")
        return _given(self.on_cluster)

    def create_persistent_app_ui(self, **request: Any) -> Any:
        self.asked.append("create")
        return {"PersistentAppUIId": f"p-{next(self.numbers)}"}

    def get_persistent_app_ui_presigned_url(self, **request: Any) -> Any:
        self.asked.append(request["PersistentAppUIId"])
        self.application = request.get("ApplicationId")
        return _given(next(self.persistent))

    def describe_persistent_app_ui(self, **request: Any) -> Any:
        return {"PersistentAppUI": {"PersistentAppUIStatus": "STARTING", "LastStateChangeReason": "it takes a while"}}


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return {"PresignedURLReady": answer is not None, "PresignedURL": answer}


def history(emr: Emr, **settings: Any) -> SparkHistory:
    return SparkHistory(emr, sleep=lambda seconds: None, **settings)  # type: ignore[arg-type]


def test_a_cluster_that_runs_tells_its_history_itself() -> None:
    emr = Emr(state="RUNNING", on_cluster="https://live", persistent=())
    assert history(emr).address("j-1", None, OWNER) == "https://live"
    assert emr.asked == ["on cluster"]


@pytest.mark.parametrize("on_cluster", [REFUSED, None], ids=["refused", "not ready"])
def test_where_the_cluster_does_not_tell_it_emr_does(on_cluster: Any) -> None:
    emr = Emr(state="WAITING", on_cluster=on_cluster, persistent=("https://kept",))
    assert history(emr).address("j-1", None, OWNER) == "https://kept"
    assert emr.asked == ["on cluster", "create", "p-1"]


def test_an_answer_that_is_no_refusal_is_not_taken_for_one() -> None:
    emr = Emr(state="WAITING", on_cluster=THROTTLED, persistent=())
    with pytest.raises(ClientError, match="Rate exceeded"):
        history(emr).address("j-1", None, OWNER)
    assert emr.asked == ["on cluster"]


def test_one_interface_serves_a_cluster_until_emr_does_not_know_it_any_more() -> None:
    emr = Emr(persistent=("https://1", "https://2", REFUSED, "https://3"))
    assert [history(emr).address("j-1", None, OWNER) for _ in range(3)] == ["https://1", "https://2", "https://3"]
    assert emr.asked == ["create", "p-1", "p-1", "p-1", "create", "p-2"]


def test_it_is_waited_for_and_who_waits_too_long_is_told_why_and_finds_the_same_interface_later() -> None:
    emr = Emr(persistent=(None, None, "https://ready", *[None] * 11, "https://later"))
    assert history(emr).address("j-1", None, OWNER) == "https://ready"
    seconds = itertools.count()
    with pytest.raises(SparkHistoryNotReady, match="p-1 is STARTING: it takes a while"):
        history(emr, patience=10.0, clock=lambda: next(seconds)).address("j-1", None, OWNER)
    assert history(emr).address("j-1", None, OWNER) == "https://later"
    assert emr.asked.count("create") == 1


@pytest.mark.parametrize(
    ("applications", "wanted"), [((), None), (("application_1",), "application_1"), (("a", "b"), None)]
)
def test_the_history_of_a_step_with_one_application_is_that_applications(
    applications: tuple[str, ...], wanted: str | None
) -> None:
    emr = Emr(persistent=("https://kept",))
    emr.applications = applications
    history(emr).address("j-1", "s-1", OWNER)
    assert emr.application == wanted


TAGS = {DAG_TAG: "daily", RUN_TAG: "manual_1"}


@pytest.mark.parametrize(
    ("cluster_id", "tags", "name", "own"),
    [
        ("j-1", {}, "a", True),
        (None, TAGS, "a", True),
        (None, {}, name_with_key("a", job_key(**KEY, map_index=-1, max_tries=7)), True),
        ("j-2", {}, "a", False),
        (None, {**TAGS, RUN_TAG: "manual_2"}, "a", False),
        (None, {**TAGS, DAG_TAG: "another"}, "a", False),
        (None, {DAG_TAG: "daily"}, "a", False),
        (None, {}, name_with_key("a", job_key(**KEY, map_index=3, max_tries=0)), False),
    ],
)
def test_a_cluster_is_the_tasks_by_its_field_the_clusters_tags_or_the_steps_key(
    cluster_id: str | None, tags: dict[str, str], name: str, own: bool
) -> None:
    emr = Emr(persistent=("https://kept",))
    emr.tags, emr.step_name = tags, name
    owner = Owner(OWNER.dag_id, OWNER.run_id, OWNER.key, cluster_id)
    if own:
        assert history(emr).address("j-1", "s-1", owner) == "https://kept"
        return
    with pytest.raises(NotOfTheTask, match="Cluster j-1 is not shown to be the task's own"):
        history(emr).address("j-1", "s-1", owner)
    assert emr.asked == []


@pytest.fixture(autouse=True)
def nothing_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_history, "_made", {})
