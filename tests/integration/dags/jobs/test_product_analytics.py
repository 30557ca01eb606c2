"""Product Analytics Processing: each type of analysis is really computed, and only those that are asked for."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import product_analytics
import pytest
from lake import DataError
from pyspark.sql import SparkSession

from tests.integration.dags.jobs.business_table import DAY, TABLE, cancelled, flight, table_of


def analyse(folder: Path, spark: SparkSession, types: str) -> dict[str, dict[str, Any]]:
    """The routes by their name."""
    arguments = [
        f"--source-table={TABLE}",
        f"--processing-date={DAY}",
        f"--target-path={folder}/results",
        f"--analytics-types={types}",
        f"--archive-path={folder}/archive",
    ]
    product_analytics.main(product_analytics.arguments(arguments))
    rows = spark.read.parquet(f"{folder}/results/routes").collect()
    return {row["route"]: row.asDict() for row in rows}


def test_a_route_goes_with_the_one_that_the_same_carriers_fly(spark: SparkSession, lake_folder: Path) -> None:
    table_of(
        spark,
        *[flight("AA", "MIA")] * 3,
        flight("BB", "MIA"),
        *[flight("AA", "SEA")] * 3,
        flight("AA", "BOS"),
        *[flight("BB", "BOS")] * 3,
        flight("CC", "HNL"),
    )
    routes = analyse(lake_folder, spark, "recommendation")
    assert {name: row["goes_with"] for name, row in routes.items()} == {
        "JFK-MIA": "JFK-SEA",
        "JFK-SEA": "JFK-MIA",
        "JFK-BOS": "JFK-MIA",
        "JFK-HNL": None,
    }
    assert not {"trend", "spare_seats"} & set(routes["JFK-MIA"])


def test_a_trend_compares_with_the_mean_of_the_days_that_are_there(spark: SparkSession, lake_folder: Path) -> None:
    before, long_ago = {"flight_date": "2013-01-07"}, {"flight_date": "2012-12-31"}
    table_of(
        spark,
        *[flight(dest="MIA")] * 3,
        *[flight(dest="MIA", **before)] * 2,
        *[flight(dest="MIA", flight_date="2013-01-01")] * 2,
        flight(dest="SEA"),
        *[flight(dest="SEA", **before)] * 4,
        flight(dest="BOS"),
        *[flight(dest="BOS", **before)] * 2,
        flight(dest="HNL"),
        *[flight(dest="HNL", **long_ago)] * 9,
    )
    routes = analyse(lake_folder, spark, "trend_analysis")
    assert {name: row["trend"] for name, row in routes.items()} == {
        "JFK-MIA": "rising",
        "JFK-SEA": "falling",
        "JFK-BOS": "steady",
        "JFK-HNL": "new",
    }


def test_the_first_day_has_no_trend(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight())
    assert analyse(lake_folder, spark, "trend_analysis")["JFK-MIA"]["trend"] == "no history"


def test_spare_seats_cover_the_lost_flights_to_expect(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, *[flight(dest="MIA", seats=200)] * 9, cancelled(dest="MIA", seats=200), *[flight(dest="SEA")] * 10)
    routes = analyse(lake_folder, spark, "inventory_optimization")
    rate = (1 + 10 * 1 / 20) / (10 + 10)
    lost = 10 * rate + 1.645 * math.sqrt(10 * rate * (1 - rate))
    assert routes["JFK-MIA"]["spare_seats"] == math.ceil(lost * 200)
    assert routes["JFK-SEA"]["spare_seats"] < routes["JFK-MIA"]["spare_seats"]


def test_the_summary_shows_the_five_busiest_routes(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, *[flight(dest=dest) for number, dest in enumerate("ABCDEFG", 1) for _ in range(number)])
    analyse(lake_folder, spark, "recommendation,trend_analysis,inventory_optimization")
    summary = json.loads((lake_folder / "results/summary.json").read_text())
    assert summary["title"] == f"Routes on {DAY}"
    assert set(summary["columns"]) == {
        "route",
        "flights",
        "arrival_delay",
        "seats",
        "trend",
        "goes_with",
        "spare_seats",
    }
    assert [row[summary["columns"].index("route")] for row in summary["rows"]] == [f"JFK-{dest}" for dest in "GFEDC"]


def test_a_day_that_is_not_in_the_table_is_an_error(spark: SparkSession, lake_folder: Path) -> None:
    table_of(spark, flight(flight_date="2013-01-01"))
    with pytest.raises(DataError, match=f"has no row for {DAY}"):
        analyse(lake_folder, spark, "recommendation")
