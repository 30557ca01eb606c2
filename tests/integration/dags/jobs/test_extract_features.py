"""Feature Extraction: features are told by what was known when a flight left, and by nothing later."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import extract_features
import pandas as pd
import pytest
from lake import DataError
from pyspark.sql import SparkSession

from local.flights import REFERENCE_TABLES, flights_of, packaged_data
from tests.conftest import JOBS

DAYS = [date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 3)]
DEFINITIONS = JOBS / "ml-configs" / "features.yaml"


@pytest.fixture(scope="module")
def days() -> dict[date, pd.DataFrame]:
    """Every fourth flight of three days, as text."""
    return {
        flights.day: pd.read_csv(io.BytesIO(flights.csv()), dtype=str, keep_default_na=False).iloc[::4]
        for flights in flights_of(DAYS)
    }


Extracted = tuple[pd.DataFrame, dict[str, Any]]


class Extraction:
    """A raw folder, and what the job makes of it."""

    def __init__(self, folder: Path, spark: SparkSession) -> None:
        self.folder, self.spark = folder, spark
        (folder / "raw" / "reference").mkdir(parents=True)
        for table in REFERENCE_TABLES:
            (folder / "raw" / "reference" / f"{table}.csv").symlink_to(packaged_data() / f"{table}.csv")

    def land(self, days: Mapping[date, pd.DataFrame]) -> None:
        for day, flights in days.items():
            folder = self.folder / "raw" / "daily" / str(day)
            folder.mkdir(parents=True, exist_ok=True)
            flights.to_csv(folder / "flights.csv", index=False)

    def run(self, **other: str) -> pd.DataFrame:
        words = {
            "raw-data": str(self.folder / "raw"),
            "feature-definitions": str(DEFINITIONS),
            "processing-date": "2013-01-03",
            "history-days": "3",
            "schema-registry": str(JOBS / "schema-registry"),
            "quality-rules": str(JOBS / "quality-rules" / "standard.json"),
            "windows": "1d,7d",
            "aggregations": "sum,avg,count,stddev",
            "categorical-encoding": "target_encoding",
            "missing-values": "interpolation",
            "target-path": str(self.folder / "features"),
            "report-output": str(self.folder / "features.json"),
            **{name.replace("_", "-"): value for name, value in other.items()},
        }
        extract_features.main(extract_features.arguments([f"--{name}={value}" for name, value in words.items()]))
        rows = pd.read_parquet(self.folder / "features").set_index("flight_id").sort_index()
        assert isinstance(rows, pd.DataFrame)
        return rows

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "features.json").read_text())
        return found


@pytest.fixture
def extraction(lake_folder: Path, spark: SparkSession) -> Extraction:
    return Extraction(lake_folder, spark)


def a_day_later(flights: pd.DataFrame) -> pd.DataFrame:
    """The same flights, each a day late on arrival: all good rows, and all late."""
    arrived = flights.arr_delay != "NA"
    later = (pd.to_numeric(flights.arr_delay, errors="coerce") + 1440).astype("Int64").astype(str)
    return flights.assign(arr_delay=flights.arr_delay.where(~arrived, later))


@pytest.fixture(scope="module")
def true(spark: SparkSession, days: dict[date, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    """What is extracted from the days as they were."""
    extraction = Extraction(tmp_path_factory.mktemp("true"), spark)
    extraction.land(days)
    return extraction.run(), extraction.report()


def test_features_are_those_that_pandas_finds(true: Extracted, days: dict[date, pd.DataFrame]) -> None:
    found, report = true
    raw = pd.concat(days.values()).replace("NA", None)
    raw = raw.assign(delay=pd.to_numeric(raw.arr_delay), day=pd.to_numeric(raw.day), late=None)
    arrived = raw[raw.delay.notna()].assign(late=lambda rows: rows.delay >= 15)
    expected = arrived[arrived.day > 1]
    assert len(found) == len(expected)
    assert found.label.sum() == expected.late.sum()
    assert (report["rows_in"], report["rows_out"]) == (len(raw), len(expected))
    assert report["without_target"] == raw.delay.isna().sum()
    assert not found.isna().any().any()

    third = found[found.flight_date == date(2013, 1, 3)]
    before = arrived[arrived.day < 3]
    yesterday = arrived[arrived.day == 2].groupby("origin").delay.agg(["sum", "mean", "count", "std"])
    so_far = before.groupby("carrier").delay.agg(["sum", "mean", "count", "std"])
    for column, group, table in (
        ("origin", "origin_arr_delay_{}_1d", yesterday),
        ("carrier", "carrier_arr_delay_{}_7d", so_far),
    ):
        for word, name in (("sum", "sum"), ("avg", "mean"), ("count", "count"), ("stddev", "std")):
            wanted = third[column].map(table[name]).fillna(0.0).astype(float)
            pd.testing.assert_series_equal(third[group.format(word)], wanted, check_names=False)

    late = before.groupby("carrier").late.agg(["sum", "count"]).astype(float)
    late = late.reindex(third.carrier.unique(), fill_value=0.0)
    share = (late["sum"] + 20 * before.late.mean()) / (late["count"] + 20)
    pd.testing.assert_series_equal(third.carrier_target_share, third.carrier.map(share), check_names=False)


def test_neither_the_own_nor_a_later_target_reaches_a_feature(
    true: Extracted, extraction: Extraction, days: dict[date, pd.DataFrame]
) -> None:
    features, _ = true
    extraction.land({**days, DAYS[2]: a_day_later(days[DAYS[2]])})
    last_day_late = extraction.run()
    changed = features.flight_date == DAYS[2]
    assert last_day_late[changed].label.eq(1).all()
    assert features[changed].label.eq(0).any()
    pd.testing.assert_frame_equal(features.drop(columns="label"), last_day_late.drop(columns="label"))

    extraction.land({**days, DAYS[1]: a_day_later(days[DAYS[1]])})
    day_before_late = extraction.run()
    assert day_before_late[changed].carrier_target_share.ne(features[changed].carrier_target_share).all()
    pd.testing.assert_frame_equal(
        features[~changed].drop(columns="label"), day_before_late[~changed].drop(columns="label")
    )


@pytest.mark.parametrize(
    ("how", "expected"), [("interpolation", [10, 10, 15, 20, 20]), ("last_observation", [10, 10, 10, 20, 20])]
)
def test_missing_weather_is_filled_in(spark: SparkSession, how: str, expected: list[float]) -> None:
    observed = [None, 10.0, None, 20.0, None]
    rows = [("JFK", datetime(2013, 1, 1, hour, tzinfo=timezone.utc), temp) for hour, temp in enumerate(observed)]
    frame = spark.createDataFrame(rows, "origin STRING, time_hour TIMESTAMP, temp DOUBLE")
    filled = frame.select("time_hour", extract_features.filled_in("temp", how).alias("temp")).orderBy("time_hour")
    assert [row["temp"] for row in filled.collect()] == expected


@pytest.mark.parametrize("landed", [{}, {DAYS[1]: 0}], ids=["no file", "no row"])
def test_a_day_without_flights_is_named(
    extraction: Extraction, days: dict[date, pd.DataFrame], landed: dict[date, int]
) -> None:
    extraction.land({day: days[day] for day in DAYS[:1] + DAYS[2:]})
    extraction.land({day: days[day].head(rows) for day, rows in landed.items()})
    with pytest.raises(DataError, match=r"No flights of 2013-01-02 in .*: 3 days up to 2013-01-03 were asked for"):
        extraction.run()


def test_a_missing_reference_table_is_named(extraction: Extraction, days: dict[date, pd.DataFrame]) -> None:
    extraction.land(days)
    (extraction.folder / "raw" / "reference" / "planes.csv").unlink()
    with pytest.raises(DataError, match=r"There is no reference table .*/reference/planes.csv"):
        extraction.run()


def test_days_of_cancelled_flights_are_an_error_and_leave_no_features(
    extraction: Extraction, days: dict[date, pd.DataFrame]
) -> None:
    cancelled = dict.fromkeys(("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"), "NA")
    extraction.land({day: flights.assign(**cancelled) for day, flights in days.items()})
    with pytest.raises(DataError, match="No flight to learn from: none with a target after the first of the 3 days"):
        extraction.run()
    assert not (extraction.folder / "features").exists()


def test_weather_that_nobody_observed_is_an_error_and_leaves_no_features(
    extraction: Extraction, days: dict[date, pd.DataFrame]
) -> None:
    extraction.land(days)
    weather = extraction.folder / "raw" / "reference" / "weather.csv"
    observed = pd.read_csv(weather, dtype=str, keep_default_na=False)
    weather.unlink()
    observed.assign(visib=observed.visib.where(observed.origin != "JFK", "NA")).to_csv(weather, index=False)
    with pytest.raises(DataError, match="There is no value for all or some flights of the feature visib"):
        extraction.run()
    assert not (extraction.folder / "features").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target: [", "is not valid YAML"),
        ("target: late", "has to say target, flight, weather, aircraft, history, target_encoding, groups, and nothing"),
        (DEFINITIONS.read_text().replace("{by: [origin], of: arr_delay}", "arr_delay"), "each of history is written"),
        (DEFINITIONS.read_text().replace("weight: 20", "wait: 20"), "target_encoding has weight and by"),
    ],
)
def test_malformed_definitions_are_refused(extraction: Extraction, text: str, message: str) -> None:
    path = extraction.folder / "features.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        extraction.run(feature_definitions=str(path))


@pytest.mark.parametrize(
    "wrong", [{"windows": "1w"}, {"aggregations": "median"}, {"history_days": "1"}, {"processing_date": "yesterday"}]
)
def test_arguments_that_mean_nothing_are_refused(
    extraction: Extraction, wrong: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        extraction.run(**wrong)
    assert next(iter(wrong.values())) in capsys.readouterr().err
