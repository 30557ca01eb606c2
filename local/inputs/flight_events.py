"""A stream of the day's departures and arrivals as they were reported, and the records that were settled afterwards.

The records are true. The stream has what streams have: reports that come late, within two hours or after more, twice,
not at all, or wrong at first; a few are never put right. All of it is drawn from the day: a day always lands the same.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from local.buckets import make_buckets, put
from local.flights import DayOfFlights, flights_of

STREAM_BUCKET, BATCH_BUCKET = "flight-events", "flight-records"
LOST, BEYOND, LATE = 0.005, 0.02, 0.07
"""Of all reports that share is lost; up to this one comes after hours; up to this one within two."""
WRONG, REVISED, TWICE = 0.005, 0.03, 0.03


@dataclass(frozen=True)
class Movement:
    """A departure or an arrival, of the day of its flight; ``timestamp`` is when it was."""

    event_id: str
    movement: str
    customer_id: str
    timestamp: datetime
    delay_minutes: int

    def told(self) -> dict[str, Any]:
        """As files tell it."""
        return {**asdict(self), "timestamp": _word(self.timestamp)}


def land(s3_client: Any, flights: DayOfFlights) -> None:
    """Put the day's files into S3; faults that are planted among the flights are not theirs."""
    make_buckets(s3_client, {STREAM_BUCKET, BATCH_BUCKET})
    movements = movements_of(flights.day)
    put(s3_client, BATCH_BUCKET, f"{flights.day}/movements.csv", records(movements))
    for name, body in event_files(flights.day, movements).items():
        put(s3_client, STREAM_BUCKET, f"{flights.day}/{name}", body)


def movements_of(day: date) -> list[Movement]:
    """What moved, in the order of the flights; a cancelled flight does not."""
    (true,) = flights_of([day])
    return [movement for row in csv.DictReader(io.StringIO(true.csv().decode())) for movement in _movements(row)]


def _movements(row: dict[str, str]) -> Iterator[Movement]:
    if row["dep_delay"] == "NA":
        return
    flight = f"{row['carrier']}{row['flight']}-{row['origin']}-{row['dest']}-{row['time_hour'][:10]}"
    scheduled = _instant(row["time_hour"]) + timedelta(minutes=int(row["minute"]))
    left = scheduled + timedelta(minutes=int(row["dep_delay"]))
    yield Movement(f"{flight}-departure", "departure", row["carrier"], left, int(row["dep_delay"]))
    if row["arr_delay"] != "NA":
        arrived = left + timedelta(minutes=int(row["air_time"]))
        yield Movement(f"{flight}-arrival", "arrival", row["carrier"], arrived, int(row["arr_delay"]))


def records(movements: list[Movement]) -> bytes:
    """The batch side: CSV, a row a movement."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Movement.__dataclass_fields__)
    table.writerows([*movement.told().values()] for movement in movements)
    return text.getvalue().encode()


def event_files(day: date, movements: list[Movement]) -> dict[str, bytes]:
    """The stream: a file of JSON lines for each hour in which reports came in, by its name, the oldest first."""
    lines: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    draw = Random(f"flight events of {day}")
    for movement in movements:
        for came_in, report in _reports(movement, draw):
            lines[f"{came_in:%Y-%m-%dT%H}.jsonl"].append((came_in, json.dumps(report)))
    return {name: "\n".join([*(line for _, line in sorted(lines[name])), ""]).encode() for name in sorted(lines)}


def _reports(movement: Movement, draw: Random) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """When each report of the movement came in, and what it said."""
    kind, revised, twice, wrong = draw.random(), draw.random() < REVISED, draw.random() < TWICE, draw.random() < WRONG
    if kind < LOST:
        return
    wait = draw.uniform(240, 420) if kind < BEYOND else draw.uniform(20, 100) if kind < LATE else draw.uniform(0, 3)
    came_in = movement.timestamp + timedelta(seconds=round(60 * wait))
    report = {**movement.told(), "reported_at": _word(came_in)}
    if wrong:
        report["delay_minutes"] += 10
    if revised:
        yield came_in, {**report, "delay_minutes": report["delay_minutes"] - 5}
        came_in += timedelta(minutes=draw.randint(5, 15))
        report["reported_at"] = _word(came_in)
    yield came_in, report
    if twice:
        yield came_in + timedelta(minutes=draw.randint(5, 40)), report


def _instant(word: str) -> datetime:
    return datetime.strptime(word, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _word(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
