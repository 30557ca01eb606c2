"""A report tells what a run's cluster did and cost, after its end, and leaves the run's own end as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from airflow_emr_pipelines import EmrRunReportOperator
from airflow_emr_pipelines.errors import InvalidSpec
from tests.integration.operators.conftest import states

pytestmark = pytest.mark.filterwarnings("ignore")


def report_of(dag_run: Any) -> dict[str, Any]:
    found: dict[str, Any] = dag_run.get_task_instance("emr.cluster_report").xcom_pull(task_ids="emr.cluster_report")
    return found


@pytest.mark.parametrize(("end", "state"), [("well", "success"), ("badly", "failed")])
def test_the_report_comes_after_the_clusters_end_and_a_failed_run_stays_failed(
    emulator: Any, run_dag: Callable[..., Any], log_bucket: str, end: str, state: str
) -> None:
    run = run_dag(f"reported_{end}", log_uri=f"s3://{log_bucket}/", folder=f"s3://{log_bucket}/reports")
    seen = states(run)
    assert str(run.state) == state
    assert (seen["emr.terminate_cluster"], seen["emr.cluster_report"]) == ("success", "success")
    report = report_of(run)
    (cluster,) = report["clusters"]
    assert cluster["state"] == "TERMINATED"
    assert [(step["name"], step["state"], step["tolerated"]) for step in cluster["steps"]] == [
        ("Tolerated", "FAILED", True),
        ("<Last> {1}", "COMPLETED" if end == "well" else "FAILED", False),
    ]
    assert cluster["tolerated"] == ["Tolerated"]
    assert 0 < cluster["step_seconds"] < cluster["life_seconds"]
    assert cluster["idle_seconds"] == pytest.approx(cluster["life_seconds"] - cluster["step_seconds"])
    (hours,) = cluster["instances"]
    assert (hours["instance_type"], hours["market"], hours["instances"]) == ("m5.xlarge", "ON_DEMAND", 3)
    assert 0 < hours["hours"] <= 3 * cluster["life_seconds"] / 3600
    assert report["cost_usd"] == pytest.approx(hours["hours"] * 0.24)
    s3 = emulator.client("s3")
    listed = s3.list_objects_v2(Bucket=log_bucket, Prefix=f"reports/reported_{end}/")["Contents"]
    files = {item["Key"].rpartition("/")[2]: item["Key"] for item in listed}
    assert sorted(f"s3://{log_bucket}/{key}" for key in files.values()) == sorted(report["files"])
    bodies = {name: s3.get_object(Bucket=log_bucket, Key=key)["Body"].read() for name, key in files.items()}
    assert json.loads(bodies["report.json"])["clusters"] == report["clusters"]
    assert "<Last> {1}" in "".join(ElementTree.fromstring(bodies["timeline.svg"]).itertext())


def test_a_cluster_that_never_took_steps_is_reported_and_the_run_fails(run_dag: Callable[..., Any]) -> None:
    run = run_dag("reported_without_a_cluster")
    assert str(run.state) == "failed"
    assert states(run)["emr.cluster_report"] == "success"
    (cluster,) = report_of(run)["clusters"]
    assert cluster["state"] == "TERMINATED_WITH_ERRORS"
    assert (cluster["steps"], cluster["startup_seconds"]) == ([], None)


@pytest.mark.parametrize(("map_index", "below"), [(None, ""), (-1, ""), (0, "0/"), (1, "1/")])
def test_each_mapped_report_has_a_folder_of_its_own(
    airflow: None, log_bucket: str, map_index: int | None, below: str
) -> None:
    folder = f"s3://{log_bucket}/reports"
    ti = SimpleNamespace(dag_id="d", run_id="manual__2013-01-01", task_id="report", map_index=map_index)
    context: Any = {"ti": ti, "dag": SimpleNamespace(tasks=[])}
    report = EmrRunReportOperator(task_id="report", cluster_id=None, folder=folder).execute(context)
    place = f"{folder}/d/manual__2013-01-01/report/{below}"
    assert report == {"clusters": [], "cost_usd": None, "files": [f"{place}report.json", f"{place}timeline.svg"]}


def test_prices_that_are_no_prices_are_refused_when_they_are_written_down() -> None:
    wrong: list[Any] = ["awd", [], {"instances": {"m5.xlarge": 3}}]
    for prices in wrong:
        with pytest.raises(InvalidSpec, match="Prices"):
            EmrRunReportOperator(task_id="report", cluster_id="j-1", prices=prices)
    assert EmrRunReportOperator(task_id="report", cluster_id="j-1", prices="{{ params.prices }}").prices
