"""Clients that are not ours, each in a region of its own and with nothing told but where AWS is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local.local_emulator import LocalEmulator
from tests.conftest import ROOT
from tests.integration.emulator.region import Region

PROGRAMS = ROOT / ".venv-clients" / "bin"


@pytest.fixture(scope="module")
def region(emulator: LocalEmulator) -> Region:
    """A region that is the module's own."""
    return Region(emulator.url)


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where the AWS CLI is, and a Python with aiobotocore."""
    if not (PROGRAMS / "aws").exists():
        pytest.fail(f"There is no AWS CLI in {PROGRAMS.parent.name}: run make clients")
    return PROGRAMS


@pytest.fixture
def environment(region: Region, tmp_path: Path) -> dict[str, str]:
    """What tells a client where AWS is, and keeps it from whatever the user has."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "AWS_ENDPOINT_URL": region.url,
        "AWS_ACCESS_KEY_ID": "client",
        "AWS_SECRET_ACCESS_KEY": "client",
        "AWS_DEFAULT_REGION": region.name,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def output_of(command: list[str], environment: dict[str, str], *, fails: bool = False) -> str:
    """What a program says on its output, or on its standard error when it is to fail."""
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode != 0) == fails, ended.stderr
    return ended.stderr if fails else ended.stdout
