"""The demo ends by itself when it cannot go on: soon, with the reason, and leaving nothing behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.processes import arguments_of

EMULATOR = ["-m", "airflow_emr_pipelines.emulator"]


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "local.demo", "--folder", str(folder), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_a_day_without_flights_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with demo(tmp_path, "--day", "2012-12-31") as running:
        out, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert out == ""
    assert "choose from 2013-01-01 to 2013-12-31" in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_death_of_the_emulator_in_the_middle_ends_the_demo_with_the_reason(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert running.stdout is not None
        assert any("cluster " in line for line in running.stdout), running.communicate()[1]
        everything = psutil.Process(running.pid).children(recursive=True)
        emulator = next(process for process in everything if arguments_of(process)[1:3] == EMULATOR)
        emulator.kill()
        _, errors = running.communicate(timeout=90)
    assert running.returncode == 1
    assert "The emulator was killed by signal 9" in errors
    _, alive = psutil.wait_procs(everything, timeout=5)
    assert alive == []
