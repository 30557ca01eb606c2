"""The example DAGs run as they are, by Airflow, on the emulator, with real Spark and a real day of flights."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pendulum
import pytest

from local.flights import packaged_data
from tests.e2e.dags.stage import DAY, Run, Stage

pytestmark = [
    pytest.mark.slow,
    # What dag.test() itself provokes, in Airflow and in its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

ANALYTICS = {"Customer Analytics Processing", "Product Analytics Processing"}


def results_of(stage: Stage) -> dict[str, Any]:
    """Everything that a day leaves behind for people and later jobs to read."""
    return {
        "report": stage.json("validation-results", f"{DAY}/report.json"),
        "monitoring": stage.json("validation-results", f"{DAY}/monitoring.json"),
        "metrics": stage.json("cleansed-data", f"daily-metrics/{DAY}.json"),
        "clean files": stage.keys("cleansed-data", f"daily/{DAY}/"),
        "customers": stage.json("analytics-results", f"customer-insights/{DAY}/summary.json"),
        "products": stage.json("analytics-results", f"product-insights/{DAY}/summary.json"),
        "model": stage.json("model-registry", f"churn-prediction/{DAY}.json"),
        "archive": set(stage.keys("data-archive")),
        "to archive": {key for key in stage.keys("temp-processing") if key.endswith(".parquet")},
        "rows": len(stage.parquet("business-data", f"flights/flight_date={DAY}/")),
    }


@pytest.fixture(scope="module")
def daily(stage: Stage) -> Run:
    return stage.run("emr_daily_etl", run_conf={"day": DAY})


@pytest.fixture(scope="module")
def first_results(stage: Stage, daily: Run) -> dict[str, Any]:
    return results_of(stage)


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    """The day's real rows, with the seats of their aircraft where those are known."""
    data = packaged_data()
    all_flights, planes = pd.read_csv(data / "flights.csv.zip"), pd.read_csv(data / "planes.csv")
    day = all_flights[(all_flights.month == 1) & (all_flights.day == 1)]
    day = day.merge(planes[["tailnum", "seats"]], how="left", on="tailnum")
    return day.assign(lost=day.arr_delay.isna(), route=day.origin + "-" + day.dest)


def test_the_transient_cluster_computes_the_day_that_has_ended(stage: Stage, flights: pd.DataFrame) -> None:
    run = stage.run("emr_transient_spark", logical_date=pendulum.datetime(2013, 1, 2, 2, tz="America/New_York"))
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    delays = stage.parquet("analytics-results", f"carrier-delays/{DAY}/").set_index("carrier")
    assert set(flights.carrier) <= set(delays.index)
    # This small job takes the raw rows as they are, planted faults and all.
    assert delays.flights.sum() == len(flights) + stage.landed.duplicates + stage.landed.broken
    assert run.tasks["report"] == "success"


def test_the_report_that_the_asset_schedules_ranks_the_carriers(stage: Stage) -> None:
    run = stage.run("emr_delay_report")
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    delays = stage.parquet("analytics-results", "carrier-delays/").assign(days=1)
    report = stage.parquet("analytics-results", "delay-report/")
    expected = delays.sort_values(["arrival_delay", "carrier"], ascending=[False, True])[list(report.columns)]
    pd.testing.assert_frame_equal(report, expected.reset_index(drop=True), check_dtype=False)


def test_the_daily_etl_succeeds_step_by_step_and_its_cluster_is_gone(daily: Run) -> None:
    assert (daily.state, set(daily.tasks.values()), daily.clusters_alive) == ("success", {"success"}, 0)
    assert set(daily.steps.values()) == {"COMPLETED"}
    names = list(daily.steps)
    assert names[:3] == [
        "Data Quality Validation",
        "Data Deduplication and Cleansing",
        "Business Logic Transformation",
    ]
    assert set(names[3:5]) == ANALYTICS
    assert names[5:] == ["Data Quality Monitoring", "Archive Processed Data"]


def test_exactly_the_planted_faults_are_rejected_and_deduplicated(
    stage: Stage, first_results: dict[str, Any], flights: pd.DataFrame
) -> None:
    landed, report = stage.landed, first_results["report"]
    assert (report["rows_in"], report["rows_rejected"], report["passed"]) == (landed.rows, landed.broken, True)
    assert first_results["metrics"] == {
        "rows_in": landed.rows,
        "rows_rejected": landed.broken,
        "duplicates_removed": landed.duplicates,
        "rows_out": len(flights),
    }


def test_the_business_table_holds_the_true_rows_enriched(stage: Stage, daily: Run, flights: pd.DataFrame) -> None:
    table = stage.parquet("business-data", f"flights/flight_date={DAY}/")
    assert len(table) == len(flights)
    assert table.cancelled.sum() == flights.dep_time.isna().sum()
    assert table.diverted.sum() == (flights.lost & flights.dep_time.notna()).sum()
    assert table.distance.sum() == flights.distance.sum()
    assert table.seats.sum() == flights.seats.sum()
    assert table.carrier_name.notna().all()
    assert table.wind_speed.notna().any()
    assert set(table.region) == {"EWR", "JFK", "LGA"}


def test_the_most_valuable_carriers_are_those_that_pandas_finds(
    first_results: dict[str, Any], flights: pd.DataFrame
) -> None:
    seats = flights.seats.fillna(flights.groupby("carrier").seats.transform("mean")).fillna(flights.seats.mean())
    carriers = (
        flights.assign(seat_miles=(flights.distance * seats).where(~flights.lost, 0))
        .groupby("carrier")
        .agg(flights=("flight", "size"), lost=("lost", "sum"), seat_miles=("seat_miles", "sum"))
    )
    weight, common = carriers.flights.mean(), flights.lost.mean()
    risk = ((carriers.lost + weight * common) / (carriers.flights + weight)).round(4)
    value = (carriers.seat_miles * (1 - risk) / (0.01 + risk)).sort_values(ascending=False)
    customers = pd.DataFrame(first_results["customers"]["rows"], columns=first_results["customers"]["columns"])
    assert list(customers.carrier) == list(value.index[:5])
    assert list(customers.lifetime_value) == pytest.approx(list(value.iloc[:5]), abs=1)
    assert list(customers.churn_risk) == list(risk[customers.carrier])
    assert list(customers.flights) == list(carriers.flights[customers.carrier])
    assert first_results["model"]["loss_rate"] == pytest.approx(common)


def test_the_busiest_routes_are_those_that_pandas_finds(first_results: dict[str, Any], flights: pd.DataFrame) -> None:
    count = flights.groupby("route").size().reset_index(name="flights")
    busiest = count.sort_values(["flights", "route"], ascending=[False, True]).head(5)
    products = pd.DataFrame(first_results["products"]["rows"], columns=first_results["products"]["columns"])
    assert list(zip(products.route, products.flights, strict=True)) == list(
        zip(busiest.route, busiest.flights, strict=True)
    )
    seats = flights.assign(seats=flights.seats.fillna(flights.seats.mean())).groupby("route").seats.sum()
    assert list(products.seats) == pytest.approx(list(seats[products.route]), abs=1)
    assert set(products.trend) == {"no history"}


def test_the_monitored_metrics_are_those_of_the_real_day(first_results: dict[str, Any], flights: pd.DataFrame) -> None:
    monitoring = first_results["monitoring"]
    assert (monitoring["rows"], monitoring["alerts"]) == (len(flights), [])
    registered = (flights.dep_time.isna() | flights.seats.notna()).mean()
    assert monitoring["metrics"]["accuracy"]["checks"]["aircraft_is_registered"] == round(registered, 4)


def test_what_was_processed_is_archived_under_its_month_and_cleared_away(
    stage: Stage, first_results: dict[str, Any], flights: pd.DataFrame
) -> None:
    assert first_results["archive"] == {
        f"2013/01/{name}-{DAY}.parquet" for name in ("customer-insights", "flights", "product-insights")
    }
    assert first_results["to archive"] == set()
    assert len(stage.parquet("data-archive", "2013/01/flights")) == len(flights)
    assert len(stage.parquet("data-archive", "2013/01/customer-insights")) == flights.carrier.nunique()


def test_a_rerun_of_the_day_changes_nothing(stage: Stage, first_results: dict[str, Any]) -> None:
    rerun = stage.run("emr_daily_etl", run_conf={"day": DAY})
    assert (rerun.state, set(rerun.steps.values())) == ("success", {"COMPLETED"})
    assert results_of(stage) == first_results


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
    assert f"ended FAILED: {cause} Log: s3://emr-logs/" in capsys.readouterr().out
