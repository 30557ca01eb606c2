"""Carrier Delays: a day of flights in, a row a carrier out, nothing of a day without flights; and their report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import carrier_delays
import delay_report
import pandas as pd
import pytest
from lake import DataError
from pyspark.sql import SparkSession

from local.flights import DayOfFlights, flights_of, with_faults
from tests.conftest import JOBS
from tests.integration.dags.jobs import day_of_flights

BEFORE, DAY = date(2013, 3, 7), date(2013, 3, 8)


@pytest.fixture(scope="module")
def days() -> dict[date, DayOfFlights]:
    """A day of true rows, and one with faults."""
    clean, true = flights_of([BEFORE, DAY])
    return {BEFORE: clean, DAY: with_faults(true, 7)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession, days: dict[date, DayOfFlights]) -> Path:
    """The delays of both days."""
    folder = tmp_path_factory.mktemp("lake")
    for flights in days.values():
        run(folder, flights)
    return folder


def run(folder: Path, flights: DayOfFlights) -> None:
    source = folder / "daily" / str(flights.day)
    source.mkdir(parents=True)
    (source / "flights.csv").write_bytes(flights.csv())
    compute(folder, flights.day)


def compute(folder: Path, day: date) -> None:
    words = {
        "input": folder / "daily" / str(day),
        "output": folder / "delays" / str(day),
        "processing-date": day,
        "schema-registry": JOBS / "schema-registry",
        "quality-rules": JOBS / "quality-rules" / "standard.json",
    }
    carrier_delays.main(carrier_delays.arguments([f"--{name}={value}" for name, value in words.items()]))


def wanted(flights: DayOfFlights) -> pd.DataFrame:
    """What pandas finds in the CSV."""
    rows = day_of_flights.raw_rows(flights.csv())
    return day_of_flights.carrier_delays(day_of_flights.true_flights(rows, str(flights.day)))


@pytest.mark.parametrize(("day", "rows", "flights"), [(BEFORE, 980, 980), (DAY, 1028, 979)])
def test_each_carrier_has_its_flights_once_and_broken_rows_do_not_count(
    lake: Path, days: dict[date, DayOfFlights], day: date, rows: int, flights: int
) -> None:
    delays = pd.read_parquet(lake / "delays" / str(day))
    day_of_flights.assert_same(delays, wanted(days[day]), "carrier", within=0.0501)
    assert (days[day].rows, delays.flights.sum(), delays.carrier.isna().any()) == (rows, flights, False)


def test_the_report_of_all_days_counts_a_days_mean_as_often_as_flights_have_left(
    lake: Path, days: dict[date, DayOfFlights]
) -> None:
    delay_report.main(delay_report.arguments([f"--input={lake}/delays", f"--output={lake}/report"]))
    told = pd.concat([wanted(flights) for flights in days.values()])
    left = (told.flights - told.cancelled).where(told.arrival_delay.notna())
    told = told.assign(days=1, left=left, minutes=told.arrival_delay * left)
    told = told.groupby("carrier", as_index=False)[["days", "flights", "left", "minutes"]].sum()
    told = told.assign(arrival_delay=told.minutes / told.left).drop(columns=["left", "minutes"])
    day_of_flights.assert_same(pd.read_parquet(lake / "report"), told, "carrier", within=0.1001)


@pytest.mark.parametrize("lines", [(), (",".join(["2013", "3", "8", *["NA"] * 17]),)])
def test_a_day_without_a_good_row_is_an_error_and_leaves_no_output(
    lake_folder: Path, days: dict[date, DayOfFlights], lines: tuple[str, ...]
) -> None:
    with pytest.raises(DataError, match=r"Empty day 2013-03-08: the files in .*/2013-03-08 hold no good row"):
        run(lake_folder, DayOfFlights(DAY, days[DAY].header, lines))
    assert not (lake_folder / "delays").exists()


def test_a_day_that_has_not_landed_is_an_error(lake_folder: Path) -> None:
    with pytest.raises(DataError, match=r"No input for 2013-03-08: .*/2013-03-08 holds no file"):
        compute(lake_folder, DAY)
