"""Data Quality Validation refuses what is broken, counts it, and says so."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import quality
import validate_quality
from lake import DataError
from pyspark.sql import SparkSession

from local.flights import BREAKS, DayOfFlights, flights_of, with_faults
from tests.conftest import JOBS

DAY = date(2013, 1, 1)
REGISTRY = str(JOBS / "schema-registry")
RULES = str(JOBS / "quality-rules" / "standard.json")


def land(folder: Path, flights: DayOfFlights) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flights.csv").write_bytes(flights.csv())
    return folder


def validate(raw: Path, output: Path, **other: str) -> dict[str, Any]:
    words = {
        "input-path": str(raw),
        "processing-date": str(DAY),
        "schema-registry": REGISTRY,
        "quality-rules": RULES,
        "validation-output": str(output),
        "failure-threshold": "0.05",
        "detailed-report": "true",
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    try:
        validate_quality.main(validate_quality.arguments([f"--{name}={value}" for name, value in words.items()]))
    finally:
        written = output / "report.json"
        report: dict[str, Any] = json.loads(written.read_text()) if written.exists() else {}
    return report


def test_every_real_row_of_the_year_is_good(spark: SparkSession, lake_folder: Path) -> None:
    days = [DAY + timedelta(days=number) for number in range(365)]
    for flights in flights_of(days):
        (lake_folder / f"{flights.day}.csv").write_bytes(flights.csv())
    schema = quality.schema_of(spark, REGISTRY, "flights")
    rules = [rule for rule in quality.rules_of(spark, RULES) if rule["name"] != "belongs_to_the_day"]
    judged = quality.judge(quality.read_raw(spark, [str(lake_folder)], schema), schema, rules, str(DAY))
    assert judged.count() == 336_776
    assert judged.filter(quality.is_broken()).collect() == []


def test_exactly_the_planted_faults_are_rejected(lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    faulty = with_faults(true, 7)
    report = validate(land(lake_folder / "raw", faulty), lake_folder / "out")
    assert (report["rows_in"], report["rows_rejected"]) == (842 + faulty.duplicates + faulty.broken, faulty.broken)
    assert report["failure_rate"] == round(faulty.broken / faulty.rows, 6)
    assert report["passed"] is True
    parts = [part.read_text() for part in (lake_folder / "out/rejected").glob("part-*")]
    rejected = [json.loads(line) for part in parts for line in part.splitlines()]
    assert len(rejected) == faulty.broken
    assert all(row["broken_rules"] for row in rejected)


def test_each_kind_of_planted_fault_breaks_a_rule(spark: SparkSession, lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    columns = true.header.split(",")
    row = dict(zip(columns, true.lines[0].split(","), strict=True))
    broken = tuple(",".join({**row, **spoil(row)}.values()) for spoil in BREAKS)
    raw = land(lake_folder, DayOfFlights(DAY, true.header, (*broken, true.lines[0])))
    schema, rules = quality.schema_of(spark, REGISTRY, "flights"), quality.rules_of(spark, RULES)
    judged = quality.judge(quality.read_raw(spark, [str(raw)], schema), schema, rules, str(DAY))
    assert [bool(row[quality.BROKEN_RULES]) for row in judged.collect()] == [True] * len(broken) + [False]


def test_a_line_with_a_field_too_many_is_broken(spark: SparkSession, lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", DayOfFlights(DAY, true.header, (true.lines[0], true.lines[1] + ",more")))
    report = validate(raw, lake_folder / "out", failure_threshold="0.5")
    assert report["rules"][0] == {"name": "schema", "failed": 1}


def test_too_many_broken_rows_end_the_job_with_an_error_and_a_report(lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", with_faults(true, 7))
    with pytest.raises(DataError, match=r"17 of 884 rows are broken \(1.92%\); 1.00% are tolerated"):
        validate(raw, lake_folder / "out", failure_threshold="0.01")
    report = json.loads((lake_folder / "out/report.json").read_text())
    assert report["passed"] is False


def test_a_report_without_detail_keeps_no_rejected_rows(lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", with_faults(true, 7))
    validate(raw, lake_folder / "out")
    validate(raw, lake_folder / "out", detailed_report="false")
    assert [path.name for path in (lake_folder / "out").iterdir() if not path.name.startswith(".")] == ["report.json"]


def test_a_missing_day_is_an_error_that_names_its_folder(lake_folder: Path) -> None:
    with pytest.raises(DataError, match=r"No input for 2013-01-01: .*/nothing holds no file"):
        validate(lake_folder / "nothing", lake_folder / "out")


def test_an_empty_day_is_an_error_and_is_reported(lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", DayOfFlights(DAY, true.header, ()))
    with pytest.raises(DataError, match="Empty day 2013-01-01"):
        validate(raw, lake_folder / "out")
    report = json.loads((lake_folder / "out/report.json").read_text())
    assert (report["rows_in"], report["passed"]) == (0, False)


def test_another_header_is_refused(lake_folder: Path) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", DayOfFlights(DAY, true.header.replace("carrier", "airline"), true.lines))
    with pytest.raises(Exception, match="CSV header does not conform to the schema"):
        validate(raw, lake_folder / "out")


RULE = {"name": "far", "valid_if": "distance > 0"}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("{", r"rules.json is not valid JSON"),
        ("[]", r"Malformed .*rules.json: it is an object with a list of rules"),
        ({"rule": [RULE]}, r"Malformed .*rules.json: it is an object with a list of rules"),
        ({"rules": [RULE, {"name": "near"}]}, r"each of rules has name and valid_if, not \{'name': 'near'\}"),
        ({"rules": [{**RULE, "valid_if": "distance > > 0"}]}, r"far is no SQL: 'distance > > 0'. .*PARSE_SYNTAX_ERROR"),
    ],
)
def test_malformed_rules_are_refused_and_nothing_is_reported(lake_folder: Path, rules: Any, said: str) -> None:
    (true,) = flights_of([DAY])
    raw = land(lake_folder / "raw", true)
    file = lake_folder / "rules.json"
    file.write_text(rules if isinstance(rules, str) else json.dumps(rules))
    with pytest.raises(DataError, match=said):
        validate(raw, lake_folder / "out", quality_rules=str(file))
    assert not (lake_folder / "out").exists()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"columns": []}, "it is an object with columns and missing_value"),
        ({"columns": [{"name": "year"}], "missing_value": "NA"}, "each of columns has name and type"),
        ({"columns": [], "missing_value": "NA", "derived": [{"name": "date", "expression": "("}]}, "date is no SQL"),
    ],
)
def test_a_malformed_schema_is_refused(spark: SparkSession, lake_folder: Path, schema: Any, said: str) -> None:
    (lake_folder / "flights.json").write_text(json.dumps(schema))
    with pytest.raises(DataError, match=f"Malformed .*flights.json: {said}"):
        quality.schema_of(spark, str(lake_folder), "flights")
