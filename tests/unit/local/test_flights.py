"""The packaged flights, and faults planted among them."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from local.flights import DayOfFlights, flights_of, with_faults

FIRST = date(2013, 1, 1)


def rows(flights: DayOfFlights) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(flights.csv().decode())))


@pytest.fixture(scope="module")
def first_day() -> DayOfFlights:
    (flights,) = flights_of([FIRST])
    return flights


def test_a_day_has_its_flights_and_the_time_of_their_report(first_day: DayOfFlights) -> None:
    assert first_day.rows == 842
    assert {(row["year"], row["month"], row["day"]) for row in rows(first_day)} == {("2013", "1", "1")}
    assert {row["updated_at"] for row in rows(first_day)} == {"2013-01-02T06:00:00Z"}


def test_days_come_in_their_order_whatever_was_asked_for() -> None:
    days = [date(2013, 10, 2), date(2013, 2, 9), date(2013, 10, 2)]
    assert [flights.day for flights in flights_of(days)] == [date(2013, 2, 9), date(2013, 10, 2)]


def test_the_same_seed_plants_the_same_faults_and_another_day_or_seed_others(first_day: DayOfFlights) -> None:
    assert with_faults(first_day, 1) == with_faults(first_day, 1)
    assert with_faults(first_day, 1).lines != with_faults(first_day, 2).lines


def test_faults_are_added_and_no_true_row_is_lost(first_day: DayOfFlights) -> None:
    faulty = with_faults(first_day, 1)
    assert (faulty.duplicates, faulty.broken) == (25, 17)
    assert faulty.rows == 842 + 25 + 17
    assert set(first_day.lines) <= set(faulty.lines)


def test_half_of_the_duplicates_are_earlier_reports_of_a_true_flight(first_day: DayOfFlights) -> None:
    earlier = [row for row in rows(with_faults(first_day, 1)) if row["updated_at"] == "2013-01-01T08:00:00Z"]
    assert len(earlier) == 12
    flights = {(row["carrier"], row["flight"], row["origin"]) for row in rows(first_day)}
    assert {(row["carrier"], row["flight"], row["origin"]) for row in earlier} <= flights


def test_a_day_without_flights_stays_empty(first_day: DayOfFlights) -> None:
    empty = DayOfFlights(FIRST, first_day.header, ())
    assert with_faults(empty, 1) == empty
