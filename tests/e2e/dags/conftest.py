"""The stage that the examples run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.local_emulator import LocalEmulator

if TYPE_CHECKING:
    from local.seed import Landed
    from tests.e2e.dags.stage import Stage


@pytest.fixture(scope="module")
def stage(emulator: LocalEmulator, landed: Landed, airflow_database: Path) -> Iterator[Stage]:
    """The example DAGs with an emulator to run on."""
    from tests.e2e.dags.stage import Stage

    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        yield Stage(emulator, landed)
