"""One macro says which day a run processes: scheduled, backfilled, manual, or triggered without a date."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction
from processing_day import DAILY_AT_2, START_DATE, TIMEZONE, processing_day


def run(*, interval_start: datetime | None = None, run_after: datetime | None = None) -> Any:
    return SimpleNamespace(data_interval_start=interval_start, run_after=run_after)


def test_a_run_at_two_processes_the_day_that_has_ended() -> None:
    interval = DAILY_AT_2.infer_manual_data_interval(run_after=pendulum.datetime(2013, 1, 2, 2, tz=TIMEZONE))
    assert interval is not None
    assert processing_day(run(interval_start=interval.start), {"day": None}) == "2013-01-01"


def test_a_year_of_runs_processes_each_of_its_days_once_also_when_clocks_change() -> None:
    restriction = TimeRestriction(START_DATE, START_DATE.add(years=1), catchup=True)
    days: list[str] = []
    last: DataInterval | None = None
    while info := DAILY_AT_2.next_dagrun_info(last_automated_data_interval=last, restriction=restriction):
        last = info.data_interval
        assert last is not None
        utc = last.start.astimezone(timezone.utc)  # as it comes back from Airflow's database
        days.append(processing_day(run(interval_start=utc), {}))
    assert days == [str(START_DATE.add(days=number).date()) for number in range(365)]


def test_the_parameter_day_wins() -> None:
    interval = datetime(2013, 1, 1, 7, tzinfo=timezone.utc)
    assert processing_day(run(interval_start=interval), {"day": "2013-06-30"}) == "2013-06-30"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2013, 1, 2, 15, tzinfo=timezone.utc), "2013-01-01"),
        (datetime(2013, 1, 3, 3, tzinfo=timezone.utc), "2013-01-01"),  # still the evening of January 2nd in New York
        (datetime(2013, 1, 3, 6, tzinfo=timezone.utc), "2013-01-02"),
    ],
)
def test_a_run_without_a_logical_date_processes_the_day_before_it_in_new_york(moment: datetime, day: str) -> None:
    assert processing_day(run(run_after=moment), {"day": None}) == day
