"""The command ``airflow``, where the package is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from packaging.version import Version

from tests.airflow_of import AIRFLOW


def test_airflow_lists_the_provider() -> None:
    listed = told("-m", "airflow", "providers", "list", "--output", "json")
    found = {entry["package_name"] for entry in json.loads(listed[listed.index("[{") :])}
    assert "airflow-emr-pipelines" in found


@pytest.mark.skipif(
    Version("3.1") > AIRFLOW, reason="Airflow 3.0 does not ask providers for commands; python -m does the same there"
)
def test_airflow_offers_the_emulator_with_its_own_arguments() -> None:
    program = options_of("-m", "airflow_emr_pipelines.emulator", "--help")
    assert options_of("-m", "airflow", "emr", "emulator", "--help") == program
    assert "--data-dir" in program


def options_of(*command: str) -> set[str]:
    """The options that a command's help names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", told(*command)))


def told(*command: str) -> str:
    return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True).stdout
