"""Carrier Delays: a day of flights in, a row a carrier out, and nothing of a day without flights."""

from __future__ import annotations

from pathlib import Path

import carrier_delays
import pytest
from pyspark.sql import SparkSession

HEADER = "carrier,dep_time,arr_delay\n"


def run(folder: Path, flights: str) -> None:
    (folder / "day").mkdir()
    (folder / "day" / "flights.csv").write_text(HEADER + flights)
    carrier_delays.main(carrier_delays.arguments([f"--input={folder}/day", f"--output={folder}/delays"]))


def test_each_carrier_has_its_flights_cancellations_and_mean_delay(spark: SparkSession, lake_folder: Path) -> None:
    run(lake_folder, "AA,900,10\nAA,NA,NA\nAA,910,-5\nUA,905,3\n")
    rows = spark.read.parquet(str(lake_folder / "delays")).orderBy("carrier").collect()
    assert [tuple(row) for row in rows] == [("AA", 3, 1, 2.5), ("UA", 1, 0, 3.0)]


def test_an_empty_day_is_an_error_and_leaves_no_output(lake_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"Empty day: the files in .*/day hold no row"):
        run(lake_folder, "")
    assert not (lake_folder / "delays").exists()
