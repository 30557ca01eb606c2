"""AWS's own lists of EMR's releases and instance types, as a version of moto has them: ``make lists`` makes the table
anew.

How old moto's copy was on that day is not known. The table is read when something of it is first asked for. What is
newer than it cannot be judged by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_suffix(".json")


class InstanceSize(NamedTuple):
    """What an instance has, by EMR's own list: virtual cores, MiB of memory, and x86_64 or arm64."""

    cores: int
    memory: int
    architecture: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(FILE.read_text())
    return table


@lru_cache(maxsize=1)
def releases() -> Mapping[str, int]:
    """Every release label, with its place in their order."""
    return {label: place for place, label in enumerate(_table()["releases"])}


def source() -> str:
    """Whose copy of the lists the table was made of, and when."""
    return f"moto {_table()['moto']} had it on {_table()['made']}"


def types() -> Mapping[str, Any]:
    """Every instance type that a release of EMR has, by name."""
    found: Mapping[str, Any] = _table()["types"]
    return found


def is_lacking(family: str) -> bool:
    """Whether EC2 had a family of instance types on that day which EMR had none of, nor of its kind any older."""
    return family in _table()["lacking"]


def size_of(instance_type: str) -> InstanceSize | None:
    """The size of an instance type; None of one that EMR's list did not have."""
    found = types().get(instance_type)
    return InstanceSize(*found[:3]) if found else None


def spans_of(instance_type: str) -> Iterator[tuple[str, str]]:
    """The first and the last release of each run of releases that have a type of the list."""
    yield from (tuple(span) for span in _table()["spans"][types()[instance_type][3]])


def lacks(label: str, instance_type: str) -> bool:
    """Whether both are listed, and the release does not have the type."""
    place = releases().get(label)
    if place is None or instance_type not in types():
        return False
    return not any(releases()[first] <= place <= releases()[last] for first, last in spans_of(instance_type))
