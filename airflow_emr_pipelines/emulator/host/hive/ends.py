"""How many lines are left out of the files at each location, for the class that leaves them out."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer


@dataclass(frozen=True)
class Lines:
    """The lines at the ends of a table's files that are no rows.

    :param partition: the values of the partition that lies there; None for the table itself
    """

    database: str
    table: str
    header: int
    footer: int
    partition: tuple[str, ...] | None = None

    @property
    def counts(self) -> tuple[int, int]:
        return self.header, self.footer

    @property
    def name(self) -> str:
        return f"{self.database}.{self.table}"


class Ends:
    """What all Hive steps of a cluster know of it.

    :param path: the file that the class reads: a location and two numbers a line, of which the newest holds
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._newest: dict[str, tuple[int, int]] = {}
        self._tables: dict[str, dict[str, Lines]] = {}

    def tell(self, location: str, lines: Lines, still_there: Callable[[str, Lines], bool]) -> None:
        """Let the class read the files at a location so.

        :param still_there: whether a table that was seen there before is as it was
        :raises CannotAnswer: another table has the same files with other lines: the class sees files, and no tables
        """
        place = place_of(location)
        for other in list(self._tables.get(place, {}).values()):
            if other.name == lines.name or other.counts == lines.counts:
                continue
            if still_there(location, other):
                raise CannotAnswer(
                    f"{lines.name} and {other.name} both have the files at {location}, one with {_said(lines)} and the "
                    f"other with {_said(other)}: the emulator reads a file in one way only. Give both tables the same "
                    f"numbers, each a folder of its own, or drop {other.name} first"
                )
            with self._lock:
                self._tables[place].pop(other.name, None)
        with self._lock:
            self._tables.setdefault(place, {})[lines.name] = lines
            if self._newest.get(place) != lines.counts:
                with self.path.open("a") as file:
                    file.write(f"{location}\t{lines.header}\t{lines.footer}\n")
                self._newest[place] = lines.counts


def place_of(location: str) -> str:
    """A location without its scheme and the slashes at its end, as the class compares them."""
    return re.sub(r"^[A-Za-z0-9]+:/*", "", location).rstrip("/")


def _said(lines: Lines) -> str:
    return f"skip.header.line.count={lines.header} and skip.footer.line.count={lines.footer}"
