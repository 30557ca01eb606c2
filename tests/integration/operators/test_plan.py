"""What is planned is what is sent: the requests of real runs are recorded and set beside the plan of the same run."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import botocore.client
import pendulum
import pytest

from airflow_emr_pipelines.plan.plan import Plan, plan_of
from airflow_emr_pipelines.plan.requests import KEY
from airflow_emr_pipelines.specs.values.keys import RUN_TAG, key_in_name
from tests.airflow_of import DagBag, make_known
from tests.conftest import DAG_FOLDERS

WHEN = pendulum.datetime(2026, 1, 31)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The requests that go out meanwhile."""
    requests: list[tuple[str, dict[str, Any]]] = []
    client_type: Any = botocore.client.BaseClient
    send = client_type._make_api_call

    def record(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation in ("RunJobFlow", "AddJobFlowSteps"):
            requests.append((operation, json.loads(json.dumps(request))))
        return send(client, operation, request)

    monkeypatch.setattr(client_type, "_make_api_call", record)
    return requests


def planned_and_run(dag_id: str, params: dict[str, Any]) -> tuple[Plan, Any]:
    bag = DagBag(str(DAG_FOLDERS["tests"] / "planned.py"))
    make_known(bag, "tests")
    dag = bag.dags[dag_id]
    return plan_of(dag, logical_date=WHEN, params=params), dag.test(logical_date=WHEN, run_conf=params)


def without_the_run(request: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """A request with the words of a plan for what only a run knows."""
    text = json.dumps(request)
    key = next(
        filter(None, map(key_in_name, (request.get("Name", ""), *(s["Name"] for s in request.get("Steps", ())))))
    )
    same: dict[str, Any] = json.loads(text.replace(key, KEY))
    for tag in same.get("Tags", ()):
        if tag["Key"] == RUN_TAG:
            tag["Value"] = f"plan__{plan.logical_date}"
    if "JobFlowId" in same:
        same["JobFlowId"] = "<output of task emr.create_cluster>"
    return same


def counted(requests: list[tuple[str, Any]]) -> Counter[str]:
    return Counter(f"{operation} {json.dumps(request, sort_keys=True)}" for operation, request in requests)


def test_every_request_of_a_run_is_as_planned(
    airflow: None, sent: list[tuple[str, dict[str, Any]]], log_bucket: str
) -> None:
    plan, run = planned_and_run("planned", {"who": "somebody", "log_uri": f"s3://{log_bucket}/"})
    assert (str(run.state), plan.errors, plan.warnings) == ("success", (), ())
    recorded = [(operation, without_the_run(request, plan)) for operation, request in sent]
    for_told = next(request for _, request in recorded if request.get("Steps", [{}])[0].get("Name") == f"Told [{KEY}]")
    command = for_told["Steps"][0]["HadoopJarStep"]["Args"]
    assert command[-1] == "echo one"  # which only the run knows
    command[-1] = "<first of task words>"
    assert counted(recorded) == counted([(r.operation, r.body) for r in plan.requests])
    assert plan.request_of("emr.told").unknown == ("<output of task emr.create_cluster>", "<first of task words>")


def test_steps_in_the_request_of_their_cluster_are_as_planned(
    airflow: None, sent: list[tuple[str, dict[str, Any]]], log_bucket: str
) -> None:
    plan, run = planned_and_run("planned_with_its_steps", {"who": "all", "log_uri": f"s3://{log_bucket}/"})
    assert (str(run.state), plan.errors) == ("success", ())
    recorded = [(operation, without_the_run(request, plan)) for operation, request in sent]
    assert recorded == [(r.operation, json.loads(json.dumps(r.body))) for r in plan.requests]
