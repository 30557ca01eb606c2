"""Customer Analytics Processing: each type of analysis is really computed, and only those that are asked for."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import customer_analytics
import pytest
from lake import DataError, rows_of_day
from pyspark.sql import SparkSession

from tests.integration.dags.jobs.business_table import DAY, TABLE, cancelled, flight, table_of


def analyse(folder: Path, spark: SparkSession, types: str, day: str = DAY) -> dict[str, dict[str, Any]]:
    """The carriers by their code."""
    arguments = [
        f"--source-table={TABLE}",
        f"--processing-date={day}",
        f"--target-path={folder}/results",
        f"--analytics-types={types}",
        f"--model-registry={folder}/models",
        f"--archive-path={folder}/archive",
    ]
    customer_analytics.main(customer_analytics.arguments(arguments))
    rows = spark.read.parquet(f"{folder}/results/carriers").collect()
    return {row["carrier"]: row.asDict() for row in rows}


def model(folder: Path, day: str = DAY) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "models" / f"{day}.json").read_text())
    return found


def test_segments_are_thirds_by_size_and_halves_by_punctuality(spark: SparkSession, lake_folder: Path) -> None:
    table_of(
        spark,
        *[flight("AA", arr_delay=30)] * 3,
        *[flight("BB", arr_delay=0)] * 2,
        flight("CC", arr_delay=-10),
    )
    carriers = analyse(lake_folder, spark, "segmentation")
    assert {code: row["segment"] for code, row in carriers.items()} == {
        "AA": "core, late",
        "BB": "regular, punctual",
        "CC": "occasional, punctual",
    }
    assert "churn_risk" not in carriers["AA"]
    assert "lifetime_value" not in carriers["AA"]
    assert not (lake_folder / "models").exists()


def test_churn_risk_is_the_own_share_of_lost_flights_drawn_to_the_common_one(
    spark: SparkSession, lake_folder: Path
) -> None:
    table_of(spark, *[flight("AA")] * 7, cancelled("AA"), flight("BB", diverted=True), flight("BB"))
    carriers = analyse(lake_folder, spark, "churn_prediction")
    # 2 of 10 flights are lost, an average carrier has 5.
    assert carriers["AA"]["churn_risk"] == pytest.approx((1 + 5 * 0.2) / (8 + 5), abs=1e-4)
    assert carriers["BB"]["churn_risk"] == pytest.approx((1 + 5 * 0.2) / (2 + 5), abs=1e-4)
    assert model(lake_folder) == {
        "model": "churn_prediction",
        "day": DAY,
        "follows": None,
        "flights": 10.0,
        "lost": 2.0,
        "weight": 5.0,
        "loss_rate": 0.2,
    }


def test_the_model_goes_on_from_the_newest_day_before(spark: SparkSession, lake_folder: Path) -> None:
    for day, lost in (("2013-01-05", 9.0), ("2013-01-06", 1.0), ("2013-01-09", 9.0)):
        (lake_folder / "models").mkdir(exist_ok=True)
        (lake_folder / f"models/{day}.json").write_text(json.dumps({"day": day, "flights": 10.0, "lost": lost}))
    table_of(spark, *[flight("AA")] * 9, cancelled("AA"))
    analyse(lake_folder, spark, "churn_prediction")
    first = model(lake_folder)
    assert (first["follows"], first["flights"]) == ("2013-01-06", pytest.approx(10 + 0.81 * 10))
    assert first["lost"] == pytest.approx(1 + 0.81 * 1)
    analyse(lake_folder, spark, "churn_prediction")
    assert model(lake_folder) == first


def test_lifetime_value_is_seat_miles_over_the_days_that_are_expected(spark: SparkSession, lake_folder: Path) -> None:
    table_of(
        spark,
        flight("AA", distance=1000, seats=100),
        flight("AA", distance=500, seats=None),  # counts with the carrier's 100 seats
        flight("BB", distance=500, seats=None),  # counts with the fleet's 150 seats
        flight("CC", distance=500, seats=200),
        cancelled("CC", distance=9000, seats=None),  # nobody was carried
    )
    carriers = analyse(lake_folder, spark, "lifetime_value")
    risk = (0 + 5 / 3 * 0.2) / (2 + 5 / 3)
    kept = 1 - round(risk, 4)
    assert carriers["AA"]["lifetime_value"] == math.floor(150_000 * kept / (1.01 - kept) + 0.5)
    assert {code: row["seat_miles"] for code, row in carriers.items()} == {"AA": 150_000, "BB": 75_000, "CC": 100_000}
    assert "churn_risk" not in carriers["AA"]


def test_the_summary_shows_the_five_most_valuable_carriers(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, *[flight(code, distance=100 * number) for number, code in enumerate("ABCDEFG", 1)])
    analyse(lake_folder, spark, "segmentation,churn_prediction,lifetime_value")
    summary = json.loads((lake_folder / "results/summary.json").read_text())
    assert summary["title"] == f"Carriers on {DAY}"
    assert summary["columns"] == [
        "carrier",
        "name",
        "flights",
        "arrival_delay",
        "segment",
        "churn_risk",
        "lifetime_value",
    ]
    assert [row[0] for row in summary["rows"]] == ["G", "F", "E", "D", "C"]


def test_what_is_to_be_archived_has_one_name_a_day(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight(), flight("BB"))
    for _ in range(2):
        analyse(lake_folder, spark, "segmentation")
    names = {path.name for path in (lake_folder / "archive").iterdir() if not path.name.startswith(".")}
    assert names == {f"customer-insights-{DAY}.parquet", f"flights-{DAY}.parquet"}
    assert spark.read.parquet(f"{lake_folder}/archive/flights-{DAY}.parquet").count() == 2


def test_a_day_that_is_not_in_the_table_is_an_error(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight())
    with pytest.raises(DataError, match="has no row for 2013-02-01"):
        analyse(lake_folder, spark, "segmentation", day="2013-02-01")
    for table in ("of_nobody", "no_database.flights"):  # as before the first transformation
        with pytest.raises(DataError, match=f"The table {table} has no row for 2013-02-01"):
            rows_of_day(spark, table, "2013-02-01")


def test_an_unknown_type_is_refused(lake_folder: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        analyse(lake_folder, spark, "segmentation,astrology")
    assert "astrology: choose from segmentation, churn_prediction, lifetime_value" in capsys.readouterr().err
