"""What of the emulator and the Airflow of the background runs, and where.

``python -m local.status``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from airflow_emr_pipelines.cli.table import table
from local.background import API_SERVER, EMULATOR, HOME, JOBS, Background, Choices
from local.folders import named_folder
from local.jobs import FOLDER


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row for each part; 0 when all of them run and are healthy."""
    parser = argparse.ArgumentParser(prog="python -m local.status", description=__doc__)
    parser.add_argument("--home", type=named_folder, default=HOME, help=f"as it was started; {HOME} by default")
    home = parser.parse_args(argv).home
    choices = Choices.kept_in(home)
    if choices is None:
        print(f"Nothing was ever started in {home}.")
        return 1
    background = Background(home, choices)
    jobs = background.airflow.dags_folder / FOLDER
    where = {EMULATOR: background.emulator.url, JOBS: jobs, API_SERVER: background.airflow.url}
    health = background.airflow.api.health()
    states = {}
    for name, part in background.parts.items():
        told = health.get(name.replace("-", "_"))
        states[name] = "not running" if not part.is_running else "not healthy" if told and not told.is_healthy else "up"
    print(
        table(
            ("part", "state", "where", "log"),
            [(name, states[name], where.get(name, ""), part.log) for name, part in background.parts.items()],
        )
    )
    return 0 if set(states.values()) == {"up"} and health else 1


if __name__ == "__main__":
    sys.exit(main())
