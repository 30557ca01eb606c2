"""The folders of the examples on the path, as Airflow and spark-submit put them there, and a stage to run them on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.local_emulator import LocalEmulator
    from local.seed import Landed
    from tests.e2e.dags.stage import Stage

DAGS = Path(__file__).parents[3] / "dags"
JOBS = DAGS / "jobs"

sys.path[:0] = [str(DAGS), *sorted({str(path.parent) for path in (JOBS / "pipeline-apps").rglob("*.py")})]


@pytest.fixture(scope="session")
def landed(emulator: LocalEmulator) -> Landed:
    """The job scripts and the first day of flights, with planted faults, in the emulator's S3."""
    from local.seed import seed
    from tests.e2e.dags.stage import DAY

    (landed,) = seed([DAY], s3_client=emulator.client("s3"), plant_faults=7, dags_folder=DAGS)
    return landed


@pytest.fixture(scope="module")
def stage(emulator: LocalEmulator, landed: Landed, airflow_database: Path) -> Iterator[Stage]:
    """The example DAGs with an emulator to run on."""
    from tests.e2e.dags.stage import Stage

    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        yield Stage(emulator, landed)
