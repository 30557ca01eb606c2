"""Cross-tenant analytics: true figures under noise of the right size, a budget that is kept, and who is missing.

OpenDP draws from the system's own source of chance, which nobody can seed. So figures are tested with a noise that is
handed in, and OpenDP's noise by its distribution: of 1,500 draws, within limits that are eight standard errors away.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import cross_tenant_analytics
import pandas as pd
import privacy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake import DataError
from moto import mock_aws

DAY = "2013-01-01"
DRAWS = 1500


def exact(true: int, scale: float) -> int:
    return true


def flight(tailnum: str | None, distance: int = 1000, arr_delay: float | None = 0, **other: Any) -> dict[str, Any]:
    return {"tailnum": tailnum, "distance": distance, "arr_delay": arr_delay, "cancelled": arr_delay is None, **other}


def land(lake: Path, tenant: str, *flights: dict[str, Any]) -> None:
    folder = lake / tenant / "processed" / f"flight_date={DAY}"
    folder.mkdir(parents=True)
    frame = pd.DataFrame(list(flights)).astype({"distance": "int32", "arr_delay": "Int32", "tailnum": "string"})
    frame.to_parquet(folder / "part.parquet")
    (folder / "_SUCCESS").touch()


def options(lake: Path, tenants: str, **other: str) -> Any:
    words = {
        "source-path": f"{lake}/*/processed/",
        "tenants": tenants,
        "processing-date": DAY,
        "aggregation-level": "platform",
        "privacy-mechanism": "differential_privacy",
        "epsilon": "1.0",
        "privacy-ledger": "s3://ledgers/privacy/",
        "period-budget": "100",
        "output-path": f"{lake}/out/",
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    return cross_tenant_analytics.arguments([f"--{name}={value}" for name, value in words.items()])


def merge(lake: Path, tenants: str, noise: privacy.Noise = exact, **other: str) -> dict[str, Any]:
    cross_tenant_analytics.main(options(lake, tenants, **other), noise)
    report: dict[str, Any] = json.loads((lake / "out" / f"{DAY}.json").read_text())
    return report


@pytest.fixture(autouse=True)
def ledgers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bucket of the ledgers, an empty one for each test."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket="ledgers")
        yield client


@pytest.fixture
def two(lake_folder: Path) -> Path:
    land(
        lake_folder, "EWR", flight("a", 500, 20), flight("b", 600, -5), flight("c", 1500, 500), flight(None, 100, None)
    )
    land(lake_folder, "JFK", flight("a", 2000, 14), flight("d", 599, 15))
    return lake_folder


def test_without_noise_the_numbers_are_the_true_ones(two: Path) -> None:
    numbers = merge(two, "EWR,JFK")["numbers"]
    assert numbers == {
        "short_flights": 3,
        "medium_flights": 1,
        "long_flights": 2,
        "cancelled": 1,
        "arrived": 5,
        "late": 3,
        "delay_minutes": 20 - 5 + 180 + 14 + 15,
        "flights": 6,
        "cancelled_share": round(1 / 6, 4),
        "late_share": 0.6,
        "mean_delay": 44.8,
    }


def test_whoever_is_missing_is_told_and_not_read(two: Path) -> None:
    report = merge(two, "JFK", missing_tenants="LGA,EWR")
    assert (report["tenants"], report["missing_tenants"], report["complete"]) == (["JFK"], ["EWR", "LGA"], False)
    assert report["numbers"]["flights"] == 2
    assert merge(two, "EWR,JFK", missing_tenants="")["complete"] is True


def test_a_tenant_that_left_no_whole_data_is_an_error(two: Path) -> None:
    (two / "JFK" / "processed" / f"flight_date={DAY}" / "_SUCCESS").unlink()
    with pytest.raises(DataError, match="Tenant JFK is said to have made it, and has no whole data in"):
        merge(two, "EWR,JFK")
    assert not (two / "out").exists()


def test_an_aircraft_counts_with_so_many_rows_at_each_tenant(lake_folder: Path) -> None:
    unnamed = [flight(None, arr_delay=None) for _ in range(4)]
    land(lake_folder, "EWR", *(flight("a") for _ in range(5)), *unnamed)
    land(lake_folder, "JFK", *(flight("a") for _ in range(5)), flight("b"))
    assert merge(lake_folder, "EWR,JFK")["numbers"]["flights"] == 2 + 4 + 2 + 1
    assert merge(lake_folder, "EWR,JFK", max_contributions="3")["numbers"]["flights"] == 3 + 4 + 3 + 1
    again = merge(lake_folder, "EWR,JFK", max_contributions="3", revision="2")
    assert again == merge(lake_folder, "EWR,JFK", max_contributions="3")


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 7.5])
def test_epsilon_is_split_over_all_numbers_and_spent_once(two: Path, epsilon: float) -> None:
    account = merge(two, "EWR,JFK", epsilon=str(epsilon), max_contributions="2")["privacy"]
    numbers = {number["name"]: number for number in account["numbers"]}
    assert (account["epsilon"], account["spent"]) == (epsilon, pytest.approx(epsilon))
    assert sum(number["epsilon"] for number in numbers.values()) <= epsilon * (1 + 1e-9)
    assert account["rows_of_one_unit"] == 2 * 2
    assert {name: number["sensitivity"] for name, number in numbers.items()} == {
        **dict.fromkeys(("short_flights", "medium_flights", "long_flights", "cancelled", "arrived", "late"), 4),
        "delay_minutes": 4 * 180,
    }
    for number in numbers.values():
        assert privacy.proven(number["sensitivity"], number["scale"]) == pytest.approx(epsilon / 7)


def test_each_shown_number_has_the_noise_that_its_share_asks_for(two: Path) -> None:
    """The job's own noise, drawn often over the same true numbers."""
    asked = options(two, "EWR,JFK", epsilon="2.0")
    names = ("short_flights", "medium_flights", "long_flights", "cancelled", "arrived", "late", "delay_minutes")
    true = dict.fromkeys(names, 1000)
    shown = [cross_tenant_analytics.released(true, asked, privacy.laplace)["numbers"] for _ in range(DRAWS)]
    for name, sensitivity in (("short_flights", 4), ("late", 4), ("delay_minutes", 4 * 180)):
        scale = sensitivity / (2.0 / len(names))
        off = [report[name] - 1000 for report in shown]
        assert statistics.fmean(abs(error) for error in off) == pytest.approx(scale, rel=0.25)
        assert abs(statistics.fmean(off)) < 0.35 * scale
        within = sum(abs(error) <= 3 * scale for error in off) / DRAWS
        assert 0.89 < within < 0.995


def test_a_rerun_repeats_its_noise_and_other_questions_are_refused_when_the_budget_is_spent(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(tenants: str, **other: str) -> dict[str, Any]:
        return merge(two, tenants, privacy.laplace, period_budget="2.0", **other)

    first = asked("JFK", missing_tenants="EWR")
    assert "Told for the first time, see s3://ledgers/privacy/cross-tenant/2013-01-01" in capsys.readouterr().out
    assert all(asked("JFK", missing_tenants="EWR") == first for _ in range(5))
    assert "Told again" in capsys.readouterr().out
    both = asked("EWR,JFK")
    assert both["numbers"] != first["numbers"]
    for change in ({"revision": "2"}, {"max_contributions": "3"}, {"epsilon": "0.5"}):
        with pytest.raises(DataError, match=r"The budget is spent: of epsilon 2.0 for this period 2 went to 2 other"):
            asked("EWR,JFK", **change)
    assert asked("JFK", missing_tenants="EWR") == first
    assert asked("EWR,JFK", processing_date=DAY) == both


def test_half_the_epsilon_is_twice_the_noise() -> None:
    def spread(epsilon: float) -> float:
        scale = privacy.Budget(epsilon, exact).release("n", 0, epsilon=epsilon, sensitivity=10).scale
        return statistics.fmean(abs(privacy.laplace(0, scale)) for _ in range(DRAWS))

    assert spread(0.5) / spread(1.0) == pytest.approx(2, rel=0.35)


@given(
    st.floats(0.01, 20),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**4)), min_size=1, max_size=8),
)
def test_a_budget_is_never_overdrawn(epsilon: float, numbers: list[tuple[int, int]]) -> None:
    budget = privacy.Budget(epsilon, exact)
    for place, (true, sensitivity) in enumerate(numbers):
        budget.release(f"n{place}", true, epsilon=epsilon / len(numbers), sensitivity=sensitivity)
    assert budget.spent == pytest.approx(epsilon)
    with pytest.raises(ValueError, match="one more would cost"):
        budget.release("one more", 1, epsilon=epsilon / 10, sensitivity=1)
    assert len(budget.account()["numbers"]) == len(numbers)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("tenants", ""),
        ("tenants", "EWR,../x"),
        ("tenants", "EWR,*"),
        ("missing_tenants", "EWR"),
        ("missing_tenants", "a b"),
        ("source_path", "s3://tenant-data/processed/"),
        ("source_path", "s3://tenant-data/*/*/"),
        ("epsilon", "0"),
        ("epsilon", "-1"),
        ("epsilon", "nan"),
        ("epsilon", "inf"),
        ("period_budget", "0"),
        ("max_contributions", "0"),
        ("delay_bounds", "5,5"),
        ("aggregation_level", "tenant"),
        ("privacy_mechanism", "none"),
    ],
)
def test_an_argument_that_would_break_a_promise_is_refused(
    tmp_path: Path, argument: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(tmp_path, **{"tenants": "EWR", argument: value})
    assert "error: " in capsys.readouterr().err
