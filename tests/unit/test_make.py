"""Which Python `make` takes, where several are here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FITS = "3.12.9"


def a_python(program: Path, version: str) -> None:
    """A program that tells its version, is asked whether it fits, and makes no venv."""
    program.write_text(
        f'#!/bin/sh\ncase "$1" in --version) echo Python {version};; -c) test {version} = {FITS};; *) exit 1;; esac\n'
    )
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("here", "asked", "told"),
    [
        ({"python3": "3.14.1", "python3.12": FITS}, [], f"is made with python3.12, which is Python {FITS}."),
        ({"python3": FITS, "python3.13": FITS}, [], f"is made with python3, which is Python {FITS}."),
        ({"python3": "3.14.1"}, [], "python3 is Python 3.14.1, and Spark 3.5 runs on Python 3.10 to 3.13."),
        ({"mine": "3.9.1", "python3.12": FITS}, ["PYTHON=mine"], "mine is Python 3.9.1, and Spark 3.5 runs on"),
        ({}, [], "There is no python3 here. Install Python 3.10 to 3.13, or name one"),
    ],
)
def test_the_first_that_fits_is_taken_and_named(
    tmp_path: Path, here: dict[str, str], asked: list[str], told: str
) -> None:
    make = shutil.which("make")
    assert make is not None
    for name in ("rm", "sh", "find"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    for name, version in here.items():
        a_python(tmp_path / name, version)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON", "PYENV"))
    }
    done = subprocess.run(
        [make, *asked, f"VENV={tmp_path / 'venv'}", "install"],
        cwd=ROOT,
        env={**environment, "PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert told in done.stdout + done.stderr
