"""A cluster's applications as YARN would know them: a file for each, which the program `yarn` reads, too."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNING = "RUNNING"
_FINAL = {"FINISHED": "SUCCEEDED", "FAILED": "FAILED", "KILLED": "KILLED", RUNNING: "UNDEFINED"}


@dataclass(frozen=True)
class Application:
    """What is known of an application; `group` is the process group that it is."""

    id: str
    name: str
    type: str
    group: int
    state: str = RUNNING

    @property
    def final_state(self) -> str:
        return _FINAL[self.state]


@dataclass(frozen=True)
class Applications:
    """The applications of one cluster."""

    folder: Path

    def write(self, application: Application) -> None:
        """Remember an application as it is now; a reader sees the old state or the new one."""
        written = self.folder / f".{application.id}.new"
        written.write_text(json.dumps(vars(application)))
        written.replace(self.folder / f"{application.id}.json")

    def find(self, application_id: str) -> Application | None:
        path = self.folder / f"{os.path.basename(application_id)}.json"
        return _read(path) if path.is_file() else None

    def all(self) -> list[Application]:
        """All of them, in the order in which they came."""
        return [_read(path) for path in sorted(self.folder.glob("*.json"))]

    def mark_killed(self, application_id: str) -> None:
        """Let whoever watches an application know that its end was asked for."""
        (self.folder / f"{application_id}.killed").touch()

    def is_killed(self, application_id: str) -> bool:
        return (self.folder / f"{application_id}.killed").exists()


def _read(path: Path) -> Application:
    told: Mapping[str, Any] = json.loads(path.read_text())
    return Application(**told)
