"""Tenant ETL: a tenant's own rules, its own folders, and no data where they are not good enough."""

from __future__ import annotations

import hashlib
import json
from argparse import Namespace
from datetime import date
from pathlib import Path
from typing import Any

import cross_tenant_analytics
import pandas as pd
import pytest
import tenancy
import tenant_etl
from hypothesis import given
from hypothesis import strategies as st
from lake import DataError
from pyspark.sql import SparkSession

from airflow_emr_pipelines.specs import tenants
from local.flights import DayOfFlights, flights_of, with_faults
from tests.conftest import JOBS
from tests.integration.dags.jobs.day_of_flights import assert_same, broken_rules, kept_by, raw_rows, true_flights

DAY = date(2013, 1, 1)
TOLD = ["carrier", "dest", "distance", "arr_delay"]
TYPES = {"carrier": "string", "dest": "string", "tailnum": "string", "distance": "int", "flight": "int", "year": "int"}


@pytest.fixture(scope="module")
def flights() -> DayOfFlights:
    (flights,) = flights_of([DAY])
    return flights


def rows_of(flights: DayOfFlights, tenant: str) -> tuple[str, ...]:
    origin = flights.header.split(",").index("origin")
    return tuple(line for line in flights.lines if line.split(",")[origin] == tenant)


def land(lake: Path, tenant: str, header: str, lines: tuple[str, ...], day: str = str(DAY)) -> None:
    folder = lake / tenant / "raw" / day
    folder.mkdir(parents=True)
    (folder / "flights.csv").write_bytes(DayOfFlights(DAY, header, lines).csv())


def run(lake: Path, tenant: str, rules: Any = None, **other: str) -> None:
    text = rules if isinstance(rules, str) else json.dumps(rules or {})
    (lake / tenant).mkdir(exist_ok=True)
    (lake / tenant / "rules.json").write_text(text)
    words = {
        "tenant-id": tenant,
        "source-path": f"{lake}/{tenant}/raw/",
        "target-path": f"{lake}/{tenant}/processed/",
        "processing-date": str(DAY),
        "processing-rules": f"{lake}/{tenant}/rules.json",
        "quality-threshold": "0.95",
        "resource-pool": tenant,
        "quality-report": f"{lake}/{tenant}/quality/",
        "schema-registry": str(JOBS / "schema-registry"),
        "quality-rules": str(JOBS / "quality-rules" / "standard.json"),
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    tenant_etl.main(tenant_etl.arguments([f"--{name}={value}" for name, value in words.items()]))


def processed(lake: Path, tenant: str, day: str = str(DAY)) -> pd.DataFrame:
    return pd.read_parquet(lake / tenant / "processed" / f"flight_date={day}")


def report(lake: Path, tenant: str, day: str = str(DAY)) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lake / tenant / "quality" / f"{day}.json").read_text())
    return found


def test_the_rows_are_those_that_the_tenants_rules_leave(lake_folder: Path, flights: DayOfFlights) -> None:
    land(lake_folder, "EWR", flights.header, rows_of(flights, "EWR"))
    rules = {
        "keep": [
            {"column": "distance", "is": ">=", "value": 1000},
            {"column": "carrier", "is": "in", "value": ["UA", "B6"]},
        ],
        "drop": ["year", "hour"],
        "mask": {"tailnum": "hash", "flight": "first 2", "origin": "redact"},
        "rename": {"dep_delay": "departure_delay"},
    }
    run(lake_folder, "EWR", rules)
    raw = pd.read_csv(lake_folder / "EWR" / "raw" / str(DAY) / "flights.csv")
    wanted = raw[(raw.distance >= 1000) & raw.carrier.isin(["UA", "B6"])]
    made = processed(lake_folder, "EWR")
    assert len(made) == len(wanted)
    assert not {"year", "hour", "dep_delay"} & set(made.columns)
    assert sorted(made.departure_delay.dropna()) == sorted(wanted.dep_delay.dropna())
    hashes = [hashlib.sha256(f"EWR:{tail}".encode()).hexdigest() for tail in wanted.tailnum.dropna()]
    assert sorted(made.tailnum.dropna()) == sorted(hashes)
    assert sorted(made.flight) == sorted(f"{str(number)[:2]}***" for number in wanted.flight)
    assert set(made.origin) == {"***"}
    assert made.cancelled.sum() == wanted.dep_time.isna().sum()
    told = report(lake_folder, "EWR")
    assert (told["rows_in"], told["rows_good"], told["rows_kept"]) == (len(raw), len(raw), len(wanted))
    assert told["duplicates_removed"] == 0
    assert (told["quality"], told["resource_pool"], told["passed"]) == (1.0, "EWR", True)


def test_the_masks_of_two_tenants_cannot_be_joined(lake_folder: Path, flights: DayOfFlights) -> None:
    for tenant in ("EWR", "JFK"):
        land(lake_folder, tenant, flights.header, rows_of(flights, "EWR"))
        run(lake_folder, tenant, {"mask": {"tailnum": "hash"}})
    one, other = (set(processed(lake_folder, tenant).tailnum.dropna()) for tenant in ("EWR", "JFK"))
    assert len(one) == len(other) > 0
    assert not one & other


def test_nothing_of_another_tenant_is_read(lake_folder: Path, flights: DayOfFlights) -> None:
    land(lake_folder, "EWR", flights.header, rows_of(flights, "EWR"))
    land(lake_folder, "EWR_2", "poison", ("what nobody can read",))
    land(lake_folder, "JFK", "poison", ("what nobody can read",))
    run(lake_folder, "EWR")
    assert set(processed(lake_folder, "EWR").origin) == {"EWR"}
    assert {path.name for path in (lake_folder / "JFK").iterdir()} == {"raw"}


@pytest.mark.parametrize("path", ["source_path", "target_path", "processing_rules", "quality_report"])
@pytest.mark.parametrize(
    "address",
    ["{lake}/JFK/raw/", "{lake}/*/raw/", "{lake}/EWR/../JFK/raw/", "{lake}/{{EWR,JFK}}/raw/", "{lake}/EWR_2/raw/"],
)
def test_a_path_that_is_not_the_tenants_own_is_refused(lake_folder: Path, path: str, address: str) -> None:
    option = path.replace("_", "-")
    with pytest.raises(DataError, match=rf"--{option} .* (is not in a folder of tenant EWR|may mean more than one)"):
        run(lake_folder, "EWR", **{path: address.format(lake=lake_folder)})
    assert not (lake_folder / "EWR" / "processed").exists()


def test_a_tenant_without_data_is_a_clear_failure(lake_folder: Path) -> None:
    with pytest.raises(DataError, match=r"Tenant EWR has no data for 2013-01-01: .*/EWR/raw/2013-01-01 holds no file"):
        run(lake_folder, "EWR")


def test_too_few_good_rows_leave_what_was_there(lake_folder: Path, flights: DayOfFlights) -> None:
    faulty = with_faults(flights, 7)
    lines = rows_of(faulty, "JFK")
    land(lake_folder, "JFK", faulty.header, lines)
    run(lake_folder, "JFK", quality_threshold="0.95")
    before = processed(lake_folder, "JFK")
    with pytest.raises(DataError, match=rf"Tenant JFK: 9\d\.\d\d% of {len(lines)} rows are good; 99.90% are wanted"):
        run(lake_folder, "JFK", quality_threshold="0.999")
    assert report(lake_folder, "JFK")["passed"] is False
    pd.testing.assert_frame_equal(processed(lake_folder, "JFK"), before)


def test_a_file_without_rows_is_not_good_enough(lake_folder: Path, flights: DayOfFlights) -> None:
    land(lake_folder, "LGA", flights.header, ())
    with pytest.raises(DataError, match=r"Tenant LGA: 0\.00% of 0 rows are good"):
        run(lake_folder, "LGA", quality_threshold="0")


def test_a_tenant_that_keeps_nothing_has_failed(lake_folder: Path, flights: DayOfFlights) -> None:
    land(lake_folder, "LGA", flights.header, rows_of(flights, "LGA"))
    with pytest.raises(DataError, match="Tenant LGA keeps none of its 240 good rows"):
        run(lake_folder, "LGA", {"keep": [{"column": "distance", "is": "<", "value": 0}]})
    assert not (lake_folder / "LGA" / "processed").exists()


def test_rules_that_are_no_json_are_refused(lake_folder: Path, flights: DayOfFlights) -> None:
    land(lake_folder, "LGA", flights.header, rows_of(flights, "LGA")[:3])
    with pytest.raises(DataError, match=r"rules\.json is not valid JSON"):
        run(lake_folder, "LGA", "{keep: 1}")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "they are no object"),
        ({"keeps": []}, "keeps: choose from keep, drop, mask, rename"),
        ({"keep": "distance > 0"}, "keep and drop are lists"),
        ({"keep": [{"column": "distance"}]}, "a condition of keep has column, is and value"),
        ({"keep": [{"column": "distance", "is": "like", "value": "1"}]}, "not 'like'"),
        ({"keep": [{"column": "distance", "is": "in", "value": 1}]}, "in and not in take a list"),
        ({"keep": [{"column": "distance", "is": "=", "value": [1]}]}, "others one value"),
        ({"drop": ["colour"]}, "there is no column colour"),
        ({"mask": {"flight": "rot13"}}, "mask knows hash, redact, first 2, not rot13"),
        ({"drop": ["year"], "rename": {"year": "y"}}, "year cannot be dropped and masked or renamed"),
        ({"drop": ["tailnum"]}, "the platform's analytics need tailnum"),
        ({"rename": {"dest": "destination"}}, "the platform's analytics need dest"),
        ({"mask": {"tailnum": "redact"}}, "only texts are masked, by hash"),
        ({"mask": {"distance": "hash"}}, "only texts are masked, by hash"),
        ({"rename": {"year": "carrier"}}, "carrier would be there twice"),
    ],
)
def test_malformed_rules_are_refused_with_the_reason(rules: Any, said: str) -> None:
    with pytest.raises(DataError, match=rf"Malformed rules rules\.json: .*{said}"):
        tenancy.checked_rules(rules, TYPES, "rules.json")


@pytest.mark.parametrize("name", sorted(path.name for path in (JOBS / "tenant-configs").iterdir()))
def test_the_rules_of_the_examples_are_used_whole(lake_folder: Path, flights: DayOfFlights, name: str) -> None:
    rules = json.loads((JOBS / "tenant-configs" / name / "rules.json").read_text())
    land(lake_folder, name, flights.header, rows_of(flights, name))
    run(lake_folder, name, rules)
    made = processed(lake_folder, name)
    assert not set(rules["drop"]) & set(made.columns)
    assert set(rules["rename"].values()) <= set(made.columns)
    assert 0 < len(made) <= len(rows_of(flights, name))


def test_a_flight_that_is_reported_several_times_counts_once_for_the_tenants_and_their_merge(
    lake_folder: Path, spark: SparkSession
) -> None:
    (true,) = flights_of([date(2013, 3, 8)])
    faulty, day = with_faults(true, 7), str(true.day)
    flights = true_flights(raw_rows(faulty.csv()), day)
    for tenant, count in (("EWR", 354), ("JFK", 296), ("LGA", 283)):
        lines = rows_of(faulty, tenant)
        land(lake_folder, tenant, faulty.header, lines, day)
        rules = json.loads((JOBS / "tenant-configs" / tenant / "rules.json").read_text())
        run(lake_folder, tenant, rules, processing_date=day)
        wanted, made = kept_by(tenant, flights), processed(lake_folder, tenant, day)
        assert len(made) == count
        assert_same(made, wanted[TOLD].assign(cancelled=wanted.dep_time.isna()), *TOLD)
        told = report(lake_folder, tenant, day)
        good = ~broken_rules(raw_rows(DayOfFlights(true.day, faulty.header, lines).csv()), day).any(axis=1)
        own = (flights.origin == tenant).sum()
        assert told["rows_good"] == good.sum() > told["rows_good"] - told["duplicates_removed"] == own
        assert told["rows_kept"] == count

    options = Namespace(source_path=f"{lake_folder}/*/processed/", tenants=["EWR", "JFK", "LGA"], processing_date=day)
    numbers = cross_tenant_analytics.true_numbers(cross_tenant_analytics.rows_of(spark, options), (-9999, 9999))
    kept = pd.concat([kept_by(tenant, flights) for tenant in options.tenants])
    assert sum(numbers[f"{length}_flights"] for length in ("short", "medium", "long")) == 354 + 296 + 283
    assert (numbers["cancelled"], numbers["arrived"]) == (kept.dep_time.isna().sum(), kept.arr_delay.notna().sum())
    assert (numbers["late"], numbers["delay_minutes"]) == ((kept.arr_delay >= 15).sum(), kept.arr_delay.sum())


def test_the_jobs_and_the_dags_have_one_rule_for_ids() -> None:
    assert (tenancy.TENANT_ID.pattern, tenancy.TENANT_ID.flags) == (tenants.TENANT_ID.pattern, tenants.TENANT_ID.flags)


@given(st.text(), st.from_regex(tenants.TENANT_ID, fullmatch=True))
def test_a_path_that_is_taken_is_one_folder_under_the_tenants_name(path: str, tenant: str) -> None:
    try:
        tenancy.check_own(tenant, source_path=f"s3://tenant-data/{path}/raw")
    except DataError:
        return
    segments = f"s3://tenant-data/{path}/raw".split("/")
    assert tenant in segments
    assert not {".", ".."} & set(segments)
    assert not set("*?[]{}\\") & set(path)
