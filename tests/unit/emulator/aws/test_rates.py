"""Token buckets, with a clock that the tests move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws.rates import ALL_CALLS, RATES, Rates
from airflow_emr_pipelines.emulator.aws.wire import service_model

ONES_OWN = st.sampled_from(sorted(RATES))
ANY = st.sampled_from([*sorted(RATES), "DescribeJobFlows", "GetManagedScalingPolicy"])


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def allowed(rates: Rates, operation: str, times: int, region: str = "us-east-1") -> int:
    return sum(rates.allow(region, operation) for _ in range(times))


def test_every_operation_with_a_figure_is_one_of_emrs() -> None:
    assert set(RATES) <= set(service_model("emr").operation_names)


@given(calls=st.lists(st.tuples(st.floats(0, 20), ANY), max_size=120))
def test_never_more_is_allowed_than_the_bucket_and_what_has_come_since(calls: list[tuple[float, str]]) -> None:
    time = Time()
    rates, begun, let_through = Rates(time), time.now, dict.fromkeys([*RATES, "all"], 0)
    for pause, operation in calls:
        time.now += pause
        if rates.allow("us-east-1", operation):
            let_through["all"] += 1
            if operation in RATES:
                let_through[operation] += 1
        for name, count in let_through.items():
            rate = RATES.get(name, ALL_CALLS)
            assert count <= rate.burst + rate.per_second * (time.now - begun) + 1e-6


@pytest.mark.parametrize("operation", sorted(RATES))
def test_a_quiet_time_lets_a_burst_through_and_no_more(operation: str) -> None:
    assert allowed(Rates(Time()), operation, 40) == RATES[operation].burst


@given(operation=ONES_OWN, seconds=st.integers(0, 200))
def test_an_empty_bucket_fills_at_its_rate_and_no_higher_than_it_is(operation: str, seconds: int) -> None:
    time = Time()
    rates, rate = Rates(time), RATES[operation]
    allowed(rates, operation, 40)
    time.now += seconds + 1e-6
    assert allowed(rates, operation, 40) == int(min(rate.burst, rate.per_second * seconds + 1e-5))


@given(tries=st.integers(1, 50))
def test_a_call_that_is_refused_takes_nothing(tries: int) -> None:
    time = Time()
    rates = Rates(time)
    allowed(rates, "ListSteps", 10 + tries)
    time.now += 2.001
    assert rates.allow("us-east-1", "ListSteps")
    assert allowed(rates, "DescribeJobFlows", 50) == ALL_CALLS.burst - 1


def test_all_operations_together_draw_on_the_accounts_bucket() -> None:
    time = Time()
    rates = Rates(time)
    assert [allowed(rates, name, 12) for name in ("DescribeCluster", "ListClusters", "ListSteps")] == [10, 12, 3]
    time.now += 1
    assert allowed(rates, "GetManagedScalingPolicy", 12) == 5


@given(operation=ANY)
def test_regions_have_buckets_of_their_own(operation: str) -> None:
    rates = Rates(Time())
    assert allowed(rates, operation, 40) == allowed(rates, operation, 40, region="eu-west-1") > 0


def test_a_clock_that_stands_still_or_steps_back_gives_nothing() -> None:
    time = Time()
    rates = Rates(time)
    allowed(rates, "DescribeStep", 10)
    time.now -= 100
    assert not rates.allow("us-east-1", "DescribeStep")
    time.now += 101
    assert not rates.allow("us-east-1", "DescribeStep")
