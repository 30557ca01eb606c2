"""The example DAGs run as they are, by Airflow, on the emulator, with real Spark and a real day of flights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd
import pendulum
import pytest

from local.flights import flights_of
from tests.e2e.dags.stage import DAY, Run, Stage
from tests.integration.dags.jobs.day_of_flights import (
    BUSINESS,
    BUSINESS_KEY,
    KEY,
    assert_same,
    broken_rules,
    business_rows,
    carrier_delays,
    carriers_of,
    raw_rows,
    routes_of,
    true_flights,
)

pytestmark = [
    pytest.mark.slow,
    # What dag.test() itself provokes, in Airflow and in its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

ANALYTICS = {"Customer Analytics Processing", "Product Analytics Processing"}
ARCHIVED = ("customer-insights", "flights", "product-insights")
KEYS = {
    "clean": KEY,
    "business": BUSINESS_KEY,
    "flights": BUSINESS_KEY,
    "carriers": ["carrier"],
    "customer-insights": ["carrier"],
    "routes": ["route"],
    "product-insights": ["route"],
}


@dataclass(frozen=True)
class Day:
    """A run of the daily ETL on a day's CSV, and everything that it left behind for people and later jobs to read."""

    run: Run
    csv: bytes
    left: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    @cached_property
    def flights(self) -> pd.DataFrame:
        """The flights that count, by pandas."""
        return true_flights(raw_rows(self.csv), DAY)

    @cached_property
    def business(self) -> pd.DataFrame:
        """The rows of the business table, by pandas."""
        rows = business_rows(self.flights)
        return rows.assign(lost=rows.cancelled | rows.diverted)


def results_of(stage: Stage, run: Run, csv: bytes) -> Day:
    rejected = stage.keys("validation-results", f"{DAY}/rejected/")
    left = {
        "report": stage.json("validation-results", f"{DAY}/report.json"),
        "monitoring": stage.json("validation-results", f"{DAY}/monitoring.json"),
        "metrics": stage.json("cleansed-data", f"daily-metrics/{DAY}.json"),
        "rejected": [
            line for key in rejected if key.endswith(".json") for line in stage.lines("validation-results", key)
        ],
        "customers": stage.json("analytics-results", f"customer-insights/{DAY}/summary.json"),
        "products": stage.json("analytics-results", f"product-insights/{DAY}/summary.json"),
        "model": stage.json("model-registry", f"churn-prediction/{DAY}.json"),
        "archive": set(stage.keys("data-archive")),
        "to archive": {key for key in stage.keys("temp-processing") if key.endswith(".parquet")},
    }
    tables = {
        "clean": stage.parquet("cleansed-data", f"daily/{DAY}/"),
        "business": stage.parquet("business-data", f"flights/flight_date={DAY}/"),
        "carriers": stage.parquet("analytics-results", f"customer-insights/{DAY}/carriers/"),
        "routes": stage.parquet("analytics-results", f"product-insights/{DAY}/routes/"),
        **{name: stage.parquet("data-archive", f"2013/01/{name}-") for name in ARCHIVED},
    }
    return Day(run, csv, left, tables)


@pytest.fixture(scope="module")
def days(stage: Stage) -> dict[str, Day]:
    """The day as its true rows have landed, and then run once more as it has landed with planted faults."""
    place: Any = {"Bucket": "raw-data", "Key": f"daily/{DAY}/flights.csv"}
    (true,) = flights_of([date.fromisoformat(DAY)])
    landed = {"clean": true.csv(), "faulty": stage.s3.get_object(**place)["Body"].read()}
    found = {}
    for name, csv in landed.items():
        stage.s3.put_object(**place, Body=csv)
        found[name] = results_of(stage, stage.run("emr_daily_etl", run_conf={"day": DAY}), csv)
    return found


@pytest.fixture(params=["clean", "faulty"])
def day(request: pytest.FixtureRequest, days: dict[str, Day]) -> Day:
    return days[request.param]


def test_the_transient_cluster_computes_the_day_that_has_ended(stage: Stage) -> None:
    run = stage.run("emr_transient_spark", logical_date=pendulum.datetime(2013, 1, 2, 2, tz="America/New_York"))
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    raw = stage.s3.get_object(Bucket="raw-data", Key=f"daily/{DAY}/flights.csv")["Body"].read()
    delays = stage.parquet("analytics-results", f"carrier-delays/{DAY}/")
    assert_same(delays, carrier_delays(true_flights(raw_rows(raw), DAY)), "carrier", within=0.0501)
    assert delays.flights.sum() == stage.landed.rows - stage.landed.duplicates - stage.landed.broken
    assert run.tasks["cluster_report"] == "success"


def test_the_report_that_the_asset_schedules_ranks_the_carriers(stage: Stage) -> None:
    run = stage.run("emr_delay_report")
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    raw = stage.s3.get_object(Bucket="raw-data", Key=f"daily/{DAY}/flights.csv")["Body"].read()
    report = stage.parquet("analytics-results", "delay-report/")
    wanted = carrier_delays(true_flights(raw_rows(raw), DAY)).drop(columns="cancelled").assign(days=1)
    assert_same(report, wanted, "carrier", within=0.0501)
    assert report.arrival_delay.is_monotonic_decreasing


def test_the_daily_etl_succeeds_step_by_step_and_its_cluster_is_gone(day: Day) -> None:
    run = day.run
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    assert set(run.steps.values()) == {"COMPLETED"}
    names = list(run.steps)
    assert names[:3] == [
        "Data Quality Validation",
        "Data Deduplication and Cleansing",
        "Business Logic Transformation",
    ]
    assert set(names[3:5]) == ANALYTICS
    assert names[5:] == ["Data Quality Monitoring", "Archive Processed Data"]


def test_exactly_the_broken_rows_are_rejected_each_by_the_rules_that_it_breaks(day: Day) -> None:
    raw, report = raw_rows(day.csv), day.left["report"]
    broken = broken_rules(raw, DAY)
    rejected = int(broken.any(axis=1).sum())
    assert (report["rows_in"], report["rows_rejected"], report["passed"]) == (len(raw), rejected, True)
    assert {rule["name"]: rule["failed"] for rule in report["rules"]} == broken.sum().to_dict()
    told = sorted(sorted(json.loads(line)["broken_rules"]) for line in day.left["rejected"])
    assert told == sorted(sorted(broken.columns[row]) for row in broken.to_numpy() if row.any())
    assert day.left["metrics"] == {
        "rows_in": len(raw),
        "rows_rejected": rejected,
        "duplicates_removed": len(raw) - rejected - len(day.flights),
        "rows_out": len(day.flights),
    }


def test_the_faults_are_those_that_were_planted(stage: Stage, days: dict[str, Day]) -> None:
    landed, metrics = stage.landed, days["faulty"].left["metrics"]
    assert (metrics["rows_in"], metrics["rows_rejected"]) == (landed.rows, landed.broken)
    assert metrics["duplicates_removed"] == landed.duplicates
    assert days["clean"].left["metrics"]["rows_in"] == metrics["rows_out"] == 842


def test_the_clean_rows_are_the_flights_that_count(day: Day) -> None:
    assert_same(day.tables["clean"], day.flights, *KEY)


def test_the_business_table_holds_the_flights_enriched(day: Day) -> None:
    assert_same(day.tables["business"], day.business[BUSINESS], *BUSINESS_KEY)
    assert day.tables["business"].wind_speed.notna().any()


def test_the_carriers_are_those_that_pandas_finds(day: Day) -> None:
    carriers, told = carriers_of(day.business), day.tables["carriers"]
    assert_same(told, carriers[["carrier", "name", "flights", "lost", "segment"]], "carrier")
    assert_same(told, carriers[["carrier", "arrival_delay", "churn_risk"]], "carrier", within=0.0501)
    assert_same(told, carriers[["carrier", "seat_miles", "lifetime_value"]], "carrier", within=1)
    best = carriers.sort_values("lifetime_value", ascending=False).head(5)
    customers = pd.DataFrame(day.left["customers"]["rows"], columns=day.left["customers"]["columns"])
    assert list(customers.carrier) == list(best.carrier)
    assert list(customers.churn_risk) == pytest.approx(list(best.churn_risk), abs=1e-9)
    assert day.left["model"]["loss_rate"] == pytest.approx(day.business.lost.mean())


def test_the_routes_are_those_that_pandas_finds(day: Day) -> None:
    routes, told = routes_of(day.business), day.tables["routes"]
    assert_same(told, routes[["route", "flights", "lost", "trend", "goes_with"]], "route")
    assert_same(told, routes[["route", "arrival_delay"]], "route", within=0.0501)
    assert_same(told, routes[["route", "seats", "spare_seats"]], "route", within=1)
    busiest = routes.sort_values(["flights", "route"], ascending=[False, True]).head(5)
    products = pd.DataFrame(day.left["products"]["rows"], columns=day.left["products"]["columns"])
    assert list(zip(products.route, products.flights, strict=True)) == list(
        zip(busiest.route, busiest.flights, strict=True)
    )


def test_the_monitored_metrics_are_those_of_the_real_day(day: Day) -> None:
    monitoring = day.left["monitoring"]
    assert (monitoring["rows"], monitoring["alerts"]) == (len(day.flights), [])
    results = {name: result["value"] for name, result in monitoring["results"].items()}
    assert results == {"customer_insights": 1.0, "product_insights": 1.0}
    registered = (day.business.cancelled | day.business.seats.notna()).mean()
    assert monitoring["metrics"]["accuracy"]["checks"]["aircraft_is_registered"] == round(registered, 4)


def test_what_was_processed_is_archived_under_its_month_and_cleared_away(day: Day) -> None:
    assert day.left["archive"] == {f"2013/01/{name}-{DAY}.parquet" for name in ARCHIVED}
    assert day.left["to archive"] == set()
    assert_same(day.tables["flights"], day.business[BUSINESS], *BUSINESS_KEY)
    assert_same(day.tables["customer-insights"], day.tables["carriers"], "carrier")
    assert_same(day.tables["product-insights"], day.tables["routes"], "route")


def test_a_rerun_of_the_day_changes_nothing_though_faults_were_planted_meanwhile(days: dict[str, Day]) -> None:
    clean, faulty = days["clean"], days["faulty"]
    counts = {"report", "metrics", "rejected"}
    assert {key: value for key, value in clean.left.items() if key not in counts} == {
        key: value for key, value in faulty.left.items() if key not in counts
    }
    for name, table in clean.tables.items():
        assert_same(faulty.tables[name], table, *KEYS[name])


def test_a_day_that_has_not_landed_fails_at_the_validation_and_leaves_no_cluster(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stage.run("emr_daily_etl", run_conf={"day": "2013-12-31"})
    assert (run.state, run.clusters_alive) == ("failed", 0)
    assert run.steps == {"Data Quality Validation": "FAILED"}
    assert run.tasks["data_quality_validation"] == "failed"
    assert run.tasks["terminate_cluster"] == "success"
    assert list(run.tasks.values()).count("upstream_failed") == 6
    cause = "lake.DataError: No input for 2013-12-31: s3://raw-data/daily/2013-12-31 holds no file."
    said = capsys.readouterr().out
    assert f"{cause} Step s-" in said
    assert "ended FAILED. Log: s3://emr-logs/" in said
