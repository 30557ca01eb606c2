"""The DAGs over tenants: one of the static list has no data, and its folder is gone when tenants are discovered."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pandas as pd
import pytest

from local.flights import flights_of, with_faults
from local.inputs import tenants
from local.seed import checked_day
from tests.conftest import clusters_of
from tests.e2e.dags.stage import Run, Stage
from tests.integration.dags.jobs.day_of_flights import (
    NEEDED,
    assert_same,
    broken_rules,
    kept_by,
    raw_rows,
    tenant_carriers,
    true_flights,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

FAULTY, CLEAN = "2013-03-08", "2013-02-03"
MERGE = "Cross-Tenant Aggregated Analytics"


@pytest.fixture(scope="module")
def raw(stage: Stage) -> dict[str, pd.DataFrame]:
    """All rows of both days, landed for each tenant but LGA, whose folder has none of the faulty day."""
    clean, true = flights_of([checked_day(CLEAN), checked_day(FAULTY)])
    faulty = with_faults(true, 7)
    for day in (clean, faulty):
        tenants.land(stage.s3, day)
    stage.s3.delete_object(Bucket="tenant-data", Key=f"LGA/raw/{FAULTY}/flights.csv")
    return {CLEAN: raw_rows(clean.csv()), FAULTY: raw_rows(faulty.csv())}


@pytest.fixture(scope="module")
def flights(raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {day: true_flights(rows, day) for day, rows in raw.items()}


@pytest.fixture(scope="module")
def static(stage: Stage, raw: dict[str, pd.DataFrame]) -> Run:
    return stage.run("emr_multi_tenant", run_conf={"day": FAULTY})


@pytest.fixture(scope="module")
def discovered(stage: Stage, static: Run) -> Run:
    """LGA has left: nothing of it is in the bucket any more."""
    for key in stage.keys("tenant-data", "LGA/"):
        stage.s3.delete_object(Bucket="tenant-data", Key=key)
    return stage.run("emr_multi_tenant_discovered", run_conf={"day": CLEAN})


def near_the_truth(report: dict[str, Any], flights: pd.DataFrame) -> bool:
    """Whether the numbers are the true ones but for noise: more than 40 scales off is less than one in 10^17."""
    rows = pd.concat([kept_by(tenant, flights) for tenant in report["tenants"]])
    named = rows[rows.tailnum.notna()].groupby(["origin", "tailnum"])
    counted = named.size().clip(upper=report["privacy"]["max_contributions_per_tenant"]).sum()
    total = int(counted + rows.tailnum.isna().sum())
    scales = [number["scale"] for number in report["privacy"]["numbers"] if number["name"].endswith("_flights")]
    return bool(abs(report["numbers"]["flights"] - total) < 40 * sum(scales))


def test_one_tenant_without_data_leaves_the_others_and_the_merge_running(static: Run) -> None:
    assert static.clusters_alive == 0
    assert {name: state for name, state in static.tasks.items() if state != "success"} == {
        "LGA.etl": "failed",
        "LGA.analytics": "upstream_failed",
        "no_branch_missing": "failed",
    }
    assert {name: state for name, state in static.steps.items() if state != "COMPLETED"} == {"Tenant ETL LGA": "FAILED"}
    assert list(static.steps)[-1] == MERGE


def test_the_run_is_not_green_and_says_who_is_missing_and_why(static: Run) -> None:
    assert static.state == "failed"
    assert static.xcom("pipeline.branches_ended") == {
        "made": ["EWR", "JFK"],
        "missing": {"LGA": "pipeline.LGA.etl ended failed"},
        "skipped": [],
    }


def test_the_platforms_numbers_name_the_missing_and_are_near_the_truth(
    stage: Stage, static: Run, flights: dict[str, pd.DataFrame]
) -> None:
    report = stage.json("analytics-results", f"cross-tenant/{FAULTY}.json")
    assert (report["tenants"], report["missing_tenants"]) == (["EWR", "JFK"], ["LGA"])
    account = report["privacy"]
    assert (account["epsilon"], account["spent"], account["rows_of_one_unit"]) == (1.0, pytest.approx(1.0), 4)
    assert near_the_truth(report, flights[FAULTY])


@pytest.mark.parametrize(
    ("tenant", "day", "count"), [("EWR", FAULTY, 354), ("JFK", FAULTY, 296), ("EWR", CLEAN, 293), ("JFK", CLEAN, 271)]
)
def test_a_tenants_data_are_its_own_as_its_rules_want_them(
    stage: Stage,
    discovered: Run,
    raw: dict[str, pd.DataFrame],
    flights: dict[str, pd.DataFrame],
    tenant: str,
    day: str,
    count: int,
) -> None:
    rows = stage.parquet("tenant-data", f"{tenant}/processed/flight_date={day}/")
    wanted = kept_by(tenant, flights[day])
    masked = [None if pd.isna(name) else sha256(f"{tenant}:{name}".encode()).hexdigest() for name in wanted.tailnum]
    told = wanted.assign(tailnum=masked, cancelled=wanted.dep_time.isna())
    assert_same(rows, told[[*NEEDED, "origin", "arr_time", "air_time"]], *NEEDED)
    assert len(rows) == count
    assert "departure_delay" in rows.columns if tenant == "EWR" else set(rows.flight) == {"***"}
    quality = stage.json("tenant-data", f"{tenant}/quality/{day}.json")
    own = raw[day][raw[day].origin == tenant]
    assert (quality["rows_in"], quality["rows_kept"]) == (len(own), len(wanted))
    assert quality["rows_good"] == (~broken_rules(own, day).any(axis=1)).sum()
    assert quality["rows_good"] - quality["duplicates_removed"] == (flights[day].origin == tenant).sum()


@pytest.mark.parametrize("day", [FAULTY, CLEAN])
@pytest.mark.parametrize("tenant", ["EWR", "JFK"])
def test_a_tenants_analytics_are_what_pandas_finds(
    stage: Stage, discovered: Run, flights: dict[str, pd.DataFrame], tenant: str, day: str
) -> None:
    table = stage.parquet("tenant-data", f"{tenant}/analytics/carriers/flight_date={day}/")
    assert_same(table, tenant_carriers(kept_by(tenant, flights[day])), "carrier")


def test_a_tenants_steps_have_its_role_queue_and_logs(stage: Stage, static: Run) -> None:
    cluster = static.xcom("pipeline.EWR.etl")["cluster_id"]
    steps = {step["Name"].rpartition(" [")[0]: step for step in stage.steps(cluster)}
    for tenant in ("EWR", "JFK"):
        for name in (f"Tenant ETL {tenant}", f"Tenant Analytics {tenant}"):
            step = stage.emr.describe_step(ClusterId=cluster, StepId=steps[name]["Id"])["Step"]
            assert step["ExecutionRoleArn"] == f"arn:aws:iam::111122223333:role/tenant-{tenant}"
            assert stage.keys("emr-logs", f"tenants/{tenant}/{cluster}/steps/{step['Id']}/")
        words = steps[f"Tenant ETL {tenant}"]["Config"]["Args"]
        assert words[words.index("--queue") + 1] == tenant
        assert "--quality-threshold=0.95" in words
    assert "--quality-threshold=0.9" in steps["Tenant ETL LGA"]["Config"]["Args"]


def test_discovered_tenants_are_those_in_the_bucket(
    stage: Stage, discovered: Run, flights: dict[str, pd.DataFrame]
) -> None:
    assert (discovered.state, discovered.clusters_alive) == ("success", 0)
    assert {name for name, state in discovered.tasks.items() if state != "success"} == set()
    assert [tenant["name"] for tenant in discovered.xcom("list_tenants")] == ["EWR", "JFK"]
    assert discovered.xcom("pipeline.branches_ended")["made"] == ["EWR", "JFK"]
    assert set(discovered.steps) == {
        *(f"Tenant {what} {tenant}" for what in ("ETL", "Analytics") for tenant in ("EWR", "JFK")),
        MERGE,
    }
    report = stage.json("analytics-results", f"cross-tenant/{CLEAN}.json")
    assert (report["tenants"], report["complete"]) == (["EWR", "JFK"], True)
    assert near_the_truth(report, flights[CLEAN])


def test_discovered_tenants_have_a_role_and_a_queue_each(stage: Stage, discovered: Run) -> None:
    cluster = discovered.xcom("pipeline.cross_tenant_aggregated_analytics")["cluster_id"]
    found = [stage.emr.describe_step(ClusterId=cluster, StepId=step["Id"])["Step"] for step in stage.steps(cluster)]
    roles = {step["Name"].rpartition(" [")[0]: step["ExecutionRoleArn"].rpartition("/")[2] for step in found}
    assert roles == {
        **{f"Tenant {what} {tenant}": f"tenant-{tenant}" for what in ("ETL", "Analytics") for tenant in ("EWR", "JFK")},
        MERGE: "tenants-merge",
    }
    queues = {words[words.index("--queue") + 1] for step in found if "--queue" in (words := step["Config"]["Args"])}
    assert queues == {"root.tenants.EWR", "root.tenants.JFK"}


@pytest.fixture(params=["..", "{{ ds }}"])
def folder_of_no_tenant(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    key = f"{request.param}/raw/{CLEAN}/flights.csv"
    stage.s3.put_object(Bucket="tenant-data", Key=key, Body=b"x")
    yield str(request.param)
    stage.s3.delete_object(Bucket="tenant-data", Key=key)


def test_a_folder_that_is_no_tenants_is_refused_before_there_is_a_cluster(
    stage: Stage, folder_of_no_tenant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(clusters_of(stage.emr))
    run = stage.run("emr_multi_tenant_discovered", run_conf={"day": CLEAN})
    assert (run.state, run.tasks["list_tenants"], run.tasks["create_cluster"]) == (
        "failed",
        "failed",
        "upstream_failed",
    )
    assert len(clusters_of(stage.emr)) == before
    assert "a tenant's id is 1 to 32 letters of one case" in capsys.readouterr().out
