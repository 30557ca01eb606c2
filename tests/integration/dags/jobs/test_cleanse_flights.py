"""Data Deduplication and Cleansing keeps each flight once, does only what is new, and is the same after a rerun."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import cleanse_flights
import pytest
from lake import DataError
from pyspark.sql import SparkSession

from local.flights import DayOfFlights, flights_of, packaged_data, with_faults
from tests.conftest import JOBS

DAY = date(2013, 1, 1)


class Day:
    """One day's raw folder and all that the job makes of it."""

    def __init__(self, folder: Path, spark: SparkSession, rules: Path | None = None) -> None:
        self.folder, self.spark = folder, spark
        self.raw, self.clean = folder / "raw", folder / "clean"
        self.metrics_file, self.checkpoint = folder / "metrics.json", folder / "checkpoints" / f"{DAY}.json"
        self.rules = rules or JOBS / "quality-rules" / "standard.json"
        self.raw.mkdir()
        self.reference = folder / "reference"
        self.reference.mkdir()
        (self.reference / "airlines.csv").write_bytes((packaged_data() / "airlines.csv").read_bytes())

    def land(self, flights: DayOfFlights, name: str = "flights.csv") -> None:
        (self.raw / name).write_bytes(flights.csv())

    def cleanse(self, **other: str) -> dict[str, int]:
        words = {
            "source": str(self.raw),
            "target": str(self.clean),
            "processing-date": str(DAY),
            "schema-registry": str(JOBS / "schema-registry"),
            "quality-rules": str(self.rules),
            "dedup-strategy": "latest_timestamp",
            "partition-columns": "date,region",
            "checkpoint-location": str(self.checkpoint.parent),
            "metrics-output": str(self.metrics_file),
            "reference-source": str(self.reference),
            "reference-target": str(self.folder / "clean-reference"),
            "reference-tables": "airlines",
            **{name.replace("_", "-"): value for name, value in other.items()},
        }
        cleanse_flights.main(cleanse_flights.arguments([f"--{name}={value}" for name, value in words.items()]))
        metrics: dict[str, int] = json.loads(self.metrics_file.read_text())
        return metrics

    def rows(self) -> list[dict[str, Any]]:
        """The clean rows with the fields and in the words of the raw file."""
        clean = self.spark.read.parquet(str(self.clean))
        return [
            row.asDict() for row in clean.selectExpr("*", "date_format(updated_at, 'HH') AS hour_reported").collect()
        ]

    def files(self) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in self.clean.rglob("*.parquet")}


@pytest.fixture
def day(lake_folder: Path, spark: SparkSession) -> Day:
    return Day(lake_folder, spark)


def true_day() -> DayOfFlights:
    (flights,) = flights_of([DAY])
    return flights


def part_of(flights: DayOfFlights, first: int, last: int) -> DayOfFlights:
    return DayOfFlights(flights.day, flights.header, flights.lines[first:last])


def raw_rows(flights: DayOfFlights) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(flights.csv().decode())))


def words(row: dict[str, Any], columns: list[str]) -> tuple[str, ...]:
    return tuple("NA" if row[column] is None else str(row[column]) for column in columns)


def test_planted_faults_vanish_and_the_true_rows_stay(day: Day) -> None:
    faulty = with_faults(true_day(), 7)
    day.land(faulty)
    assert day.cleanse() == {
        "rows_in": faulty.rows,
        "rows_rejected": faulty.broken,
        "duplicates_removed": faulty.duplicates,
        "rows_out": 842,
    }
    columns = [column for column in faulty.header.split(",") if column not in ("time_hour", "updated_at")]
    assert sorted(words(row, columns) for row in day.rows()) == sorted(
        words(row, columns) for row in raw_rows(true_day())
    )


def test_rows_lie_in_a_folder_for_each_partition(day: Day) -> None:
    day.land(true_day())
    day.cleanse()
    regions = {path.parent.relative_to(day.clean).as_posix() for path in day.clean.rglob("*.parquet")}
    assert regions == {f"date=2013-01-01/region={airport}" for airport in ("EWR", "JFK", "LGA")}


def test_the_earliest_report_can_be_kept_instead(day: Day) -> None:
    faulty = with_faults(true_day(), 7)
    day.land(faulty)
    day.cleanse(dedup_strategy="earliest_timestamp")
    kept = [row["hour_reported"] for row in day.rows()]
    assert kept.count("08") == faulty.duplicates // 2
    assert len(kept) == 842


def test_a_rerun_finds_nothing_new_and_leaves_the_outputs_alone(day: Day) -> None:
    day.land(with_faults(true_day(), 7))
    first, files = day.cleanse(), day.files()
    assert day.cleanse() == first
    assert day.files() == files


def test_a_late_file_is_merged_with_what_was_clean_already(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    true, faulty = true_day(), with_faults(true_day(), 7)
    day.land(part_of(faulty, 0, 500))
    day.cleanse()
    day.land(part_of(faulty, 500, faulty.rows), "late.csv")
    metrics = day.cleanse()
    assert "1 of 2 files are new" in capsys.readouterr().out
    assert metrics == {
        "rows_in": faulty.rows,
        "rows_rejected": faulty.broken,
        "duplicates_removed": faulty.duplicates,
        "rows_out": true.rows,
    }
    assert {row["source_file"] for row in day.rows()} == {"flights.csv", "late.csv"}


def test_a_later_report_of_a_flight_replaces_the_earlier_one(day: Day) -> None:
    true = true_day()
    day.land(true)
    day.cleanse()
    correction = raw_rows(true)[0] | {"tailnum": "N00001", "updated_at": "2013-01-03T06:00:00Z"}
    day.land(DayOfFlights(DAY, true.header, (",".join(correction.values()),)), "correction.csv")
    assert day.cleanse()["rows_out"] == 842
    assert [row["flight"] for row in day.rows() if row["tailnum"] == "N00001"] == [int(correction["flight"])]


def test_a_lost_checkpoint_is_rebuilt_from_the_outputs(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    day.land(with_faults(true_day(), 7))
    first, files = day.cleanse(), day.files()
    before = json.loads(day.checkpoint.read_text())
    day.checkpoint.unlink()
    assert day.cleanse() == first
    assert "0 of 1 files are new" in capsys.readouterr().out.splitlines()[-1]
    assert day.files() == files
    assert json.loads(day.checkpoint.read_text()) == before


def test_a_checkpoint_that_is_lost_while_the_rules_change_means_that_the_day_is_done_anew(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    day.land(with_faults(true_day(), 7))
    day.cleanse()
    day.checkpoint.unlink()
    day.cleanse(dedup_strategy="earliest_timestamp")
    assert "1 of 1 files are new" in capsys.readouterr().out.splitlines()[-1]
    assert "08" in [row["hour_reported"] for row in day.rows()]


def test_without_checkpoint_and_metrics_the_day_is_done_anew(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    day.land(true_day())
    first = day.cleanse()
    day.checkpoint.unlink()
    day.metrics_file.unlink()
    assert day.cleanse() == first
    assert "1 of 1 files are new" in capsys.readouterr().out.splitlines()[-1]


def test_a_file_that_changed_means_that_the_day_is_done_anew(day: Day) -> None:
    true = true_day()
    day.land(true)
    day.cleanse()
    day.land(part_of(true, 0, 800))
    assert day.cleanse() == {"rows_in": 800, "rows_rejected": 0, "duplicates_removed": 0, "rows_out": 800}


def test_other_rules_mean_that_the_day_is_done_anew(day: Day) -> None:
    day.land(true_day())
    day.cleanse()
    stricter = json.loads(day.rules.read_text())
    stricter["rules"].append({"name": "no_kennedy", "valid_if": "origin <> 'JFK'"})
    day.rules = day.folder / "stricter.json"
    day.rules.write_text(json.dumps(stricter))
    kennedy = sum(row["origin"] == "JFK" for row in raw_rows(true_day()))
    assert day.cleanse() == {
        "rows_in": 842,
        "rows_rejected": kennedy,
        "duplicates_removed": 0,
        "rows_out": 842 - kennedy,
    }


def test_a_run_that_died_while_writing_is_made_good(day: Day) -> None:
    day.land(true_day())
    first = day.cleanse()
    (day.clean / "_settings.json").unlink()
    next(day.clean.rglob("*.parquet")).unlink()
    assert day.cleanse() == first
    assert len(day.rows()) == 842


def test_reference_tables_are_copied_once_and_again_when_they_change(day: Day, spark: SparkSession) -> None:
    day.land(true_day())
    day.cleanse()
    airlines = day.folder / "clean-reference" / "airlines"
    assert spark.read.parquet(str(airlines)).count() == 16
    first = {path.name for path in airlines.glob("*.parquet")}
    day.cleanse()
    assert {path.name for path in airlines.glob("*.parquet")} == first
    with (day.reference / "airlines.csv").open("a") as table:
        table.write("ZZ,Zeppelin Lines\n")
    os.utime(day.reference / "airlines.csv", (0, 0))
    day.cleanse()
    assert spark.read.parquet(str(airlines)).count() == 17


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, r"There is no reference table .*/reference/airlines.csv"),
        ("carrier,name\n", r"The reference table .*/reference/airlines.csv has no good row"),
        ("carrier,name\nAA,NA\n", r"The reference table .*/reference/airlines.csv has no good row"),
    ],
    ids=["missing", "empty", "broken"],
)
def test_without_a_reference_table_nothing_is_written_for_the_day(day: Day, table: str | None, said: str) -> None:
    day.land(true_day())
    airlines = day.reference / "airlines.csv"
    airlines.unlink() if table is None else airlines.write_text(table)
    with pytest.raises(DataError, match=said):
        day.cleanse()
    assert not any(
        path.exists() for path in (day.clean, day.metrics_file, day.checkpoint, day.folder / "clean-reference")
    )


def test_a_missing_day_is_an_error(day: Day) -> None:
    with pytest.raises(DataError, match="No input for 2013-01-01"):
        day.cleanse()


def test_a_day_without_a_good_row_is_an_error_and_writes_nothing(day: Day) -> None:
    true = true_day()
    day.land(DayOfFlights(DAY, true.header, tuple(line.replace("2013,", "2003,", 1) for line in true.lines)))
    with pytest.raises(DataError, match="No good row for 2013-01-01 among 842 rows"):
        day.cleanse()
    assert not day.clean.exists()
