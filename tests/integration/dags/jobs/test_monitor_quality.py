"""Data Quality Monitoring measures the day, and is heard when a metric is too low."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import monitor_quality
import pandas as pd
import pytest
from lake import DataError
from moto import mock_aws
from pyspark.sql import SparkSession

from tests.conftest import JOBS
from tests.integration.dags.jobs.business_table import DAY, TABLE, flight, table_of

THRESHOLDS = JOBS / "quality-rules" / "alert-thresholds.json"
METRICS = "completeness,accuracy,consistency,timeliness"


def monitor(
    folder: Path,
    metrics: str = METRICS,
    *,
    rows_out: int,
    topic: str = "none",
    thresholds: Path = THRESHOLDS,
    results: tuple[str, ...] = (),
) -> dict[str, Any]:
    (folder / "metrics.json").write_text(json.dumps({"rows_out": rows_out}))
    arguments = [
        f"--source-table={TABLE}",
        f"--processing-date={DAY}",
        f"--metrics={metrics}",
        f"--alert-thresholds={thresholds}",
        *(f"--results={name}={folder}/{name}" for name in results),
        f"--cleansing-metrics={folder}/metrics.json",
        f"--report-output={folder}/report.json",
        f"--sns-topic={topic}",
    ]
    monitor_quality.main(monitor_quality.arguments(arguments))
    return report(folder)


def report(folder: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return written


def test_a_good_day_has_all_four_metrics_and_no_alert(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight(), flight("BB"))
    measured = monitor(lake_folder, rows_out=2)
    assert {name: metric["value"] for name, metric in measured["metrics"].items()} == dict.fromkeys(
        ("completeness", "accuracy", "consistency", "timeliness"), 1.0
    )
    assert (measured["rows"], measured["alerts"]) == (2, [])


def test_only_the_metrics_that_are_asked_for_are_measured(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight())
    assert list(monitor(lake_folder, "accuracy", rows_out=1)["metrics"]) == ["accuracy"]


def test_a_metric_is_the_mean_of_its_checks(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, *[flight()] * 8, flight(seats=None), flight(air_time=1))
    measured = monitor(lake_folder, "accuracy", rows_out=10)["metrics"]["accuracy"]
    assert measured == {"value": 0.9, "checks": {"aircraft_is_registered": 0.9, "speed_is_plausible": 0.9}}


def test_a_metric_below_its_minimum_ends_the_job_with_an_error_and_a_report(
    spark: SparkSession, lake_folder: Path
) -> None:
    table_of(spark, flight(), flight(carrier_name=None, dest_name=None))
    with pytest.raises(DataError, match=r"completeness is 0\.6667, at least 0\.95 is wanted"):
        monitor(lake_folder, rows_out=2)
    assert len(report(lake_folder)["alerts"]) == 1


def test_rows_that_were_lost_on_the_way_are_an_alert(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight())
    with pytest.raises(DataError, match=r"consistency is 0\.75"):
        monitor(lake_folder, rows_out=2)


def carriers(folder: Path, *rows: tuple[str, int, int, str | None, float, int]) -> None:
    """What the customers' analysis has left."""
    columns = ["carrier", "flights", "lost", "segment", "churn_risk", "lifetime_value"]
    where = folder / "customer_insights"
    where.mkdir(exist_ok=True)
    pd.DataFrame(list(rows), columns=columns).to_parquet(where / "part.parquet")
    (where / "_SUCCESS").touch()


GOOD = (("AA", 2, 1, "core, late", 0.4, 10), ("BB", 1, 0, "regular, punctual", 0.1, 5))


def test_the_results_of_the_analytics_are_measured_against_the_day(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight(), flight(flight=2), flight("BB"))
    carriers(lake_folder, *GOOD)
    result = monitor(lake_folder, rows_out=3, results=("customer_insights",))["results"]["customer_insights"]
    assert (result["value"], set(result["checks"].values()), len(result["checks"])) == (1.0, {1.0}, 6)
    for rows, broken in (
        (GOOD[:1], {"one_row_for_each_carrier": 0.0, "each_flight_counts_once": 0.0}),
        ((*GOOD, GOOD[1]), {"one_row_for_each_carrier": 0.0, "each_flight_counts_once": 0.0}),
        (
            (GOOD[0], ("BB", 1, 2, None, 1.2, -1)),
            dict.fromkeys(("lost", "segment", "churn_risk", "lifetime_value"), 0.5),
        ),
    ):
        carriers(lake_folder, *rows)
        with pytest.raises(DataError, match=r"customer_insights is 0\.\d+, at least 1\.0 is wanted"):
            monitor(lake_folder, rows_out=3, results=("customer_insights",))
        checks = report(lake_folder)["results"]["customer_insights"]["checks"]
        found = {name: value for name, value in checks.items() if value != 1.0}
        assert len(found) == len(broken)
        assert all(
            any(check.startswith(name) and found[check] == value for check in found) for name, value in broken.items()
        )
    with pytest.raises(DataError, match=r"product_insights is missing or was not written to its end"):
        monitor(lake_folder, rows_out=3, results=("product_insights",))


class Inbox:
    """A topic, and what somebody has got who subscribed to it."""

    def __init__(self) -> None:
        sns, self.sqs = boto3.client("sns", "eu-west-1"), boto3.client("sqs", "eu-west-1")
        self.topic: str = sns.create_topic(Name="alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=told["QueueArn"])

    def received(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sqs.receive_message(QueueUrl=self.queue).get("Messages", [])
        return found


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Inbox()


def test_an_alert_is_published_to_the_topic(spark: SparkSession, lake_folder: Path, inbox: Inbox) -> None:
    table_of(spark, flight(seats=None))
    with pytest.raises(DataError, match=r"accuracy is 0\.5"):
        monitor(lake_folder, rows_out=1, topic=inbox.topic)
    (received,) = inbox.received()
    envelope = json.loads(received["Body"])
    assert envelope["Subject"] == f"Data quality of {DAY}"
    assert json.loads(envelope["Message"]) == report(lake_folder)


def test_a_good_day_is_not_published(spark: SparkSession, lake_folder: Path, inbox: Inbox) -> None:
    table_of(spark, flight())
    assert monitor(lake_folder, rows_out=1, topic=inbox.topic)["alerts"] == []
    assert inbox.received() == []


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (None, "accuracy has no minimum and checks: KeyError"),
        ({"accuracy": {"checks": {"any": "true"}}}, "accuracy has no minimum and checks: KeyError"),
        (
            {"accuracy": {"minimum": "most", "checks": {"any": "true"}}},
            "accuracy has no minimum and checks: ValueError",
        ),
        ({"accuracy": {"minimum": 1, "checks": {}}}, "accuracy has no check"),
        ({"accuracy": {"minimum": 1, "checks": {"any": "seats >"}}}, "accuracy.any is no SQL: 'seats >'"),
    ],
)
def test_malformed_thresholds_are_refused_and_nothing_is_reported(
    spark: SparkSession, lake_folder: Path, metrics: Any, said: str
) -> None:
    table_of(spark, flight())
    file = lake_folder / "thresholds.json"
    file.write_text(json.dumps({} if metrics is None else {"metrics": metrics}))
    with pytest.raises(DataError, match=f"Malformed .*thresholds.json: {said}"):
        monitor(lake_folder, "accuracy", rows_out=1, thresholds=file)
    assert not (lake_folder / "report.json").exists()
