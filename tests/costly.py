"""What takes seconds to have: an emulator, Airflow's database, the examples' input.

The folders that may ask for these fixtures have them in their ``conftest.py``; ``tests/unit`` does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.local_emulator import LocalEmulator, spark_4_options
from tests.conftest import DAGS, HOME

if TYPE_CHECKING:
    from local.seed import Landed

ROOT = Path(__file__).parents[1]
DAY = "2013-01-01"
DELAYS = [f"--{name}-delay=0.05" for name in ("start", "bootstrap", "terminate", "resize")]
UNHINDERED = [*DELAYS, "--no-rate-limits"]

EMULATOR = os.environ.get("EMULATOR_PYTHON", sys.executable)
"""The interpreter that runs the emulator: another than ours where Airflow is tested without Spark beside it."""

SPARK_4 = ROOT / ".venv-spark-4"
needs_spark_4 = pytest.mark.skipif(
    not (SPARK_4 / ".installed").exists(), reason="There is no venv with PySpark 4.0: make spark-4"
)


@pytest.fixture(scope="session")
def airflow_database() -> Path:
    """Airflow's metadata database, migrated once for the whole run."""
    return migrated()


@cache
def migrated() -> Path:
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, text=True, timeout=240
    )
    return HOME / "airflow.db"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmulator]:
    """One emulator for the whole run, with clusters that start and end at once and no limit to the calls."""
    folder = tmp_path_factory.mktemp("emulator")
    options = [*UNHINDERED, *spark_4_options(SPARK_4 if (SPARK_4 / ".installed").exists() else None)]
    with LocalEmulator(folder / "data", log=folder / "emulator.log", options=options, python=EMULATOR) as running:
        yield running


@pytest.fixture(scope="session")
def limited_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmulator]:
    """One that keeps to AWS's rates, as it does for a user."""
    folder = tmp_path_factory.mktemp("limited-emulator")
    with LocalEmulator(folder / "data", log=folder / "emulator.log", options=DELAYS, python=EMULATOR) as running:
        yield running


@pytest.fixture(scope="session")
def landed(emulator: LocalEmulator) -> Landed:
    """The job scripts and the first day of flights, with planted faults, in the emulator's S3."""
    from local.seed import seed

    (landed,) = seed([DAY], s3_client=emulator.client("s3"), plant_faults=7, dags_folder=DAGS)
    return landed
