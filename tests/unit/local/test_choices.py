"""What ``make up`` is asked for is kept for the next time, and refused before anything is kept when it cannot be."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.java import UnfitJava, UnfitSpark4
from airflow_emr_pipelines.errors import InvalidSpec
from local.background import Background, Choices, Say, choices_file
from local.progress import Progress
from local.up import arguments, begin


class Started(Exception):
    """Stands in for the start of the emulator and Airflow."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose start keeps what it was asked for, and ends there."""

    def keep(background: Background, say: Say) -> list[str]:
        choices_file(background.home).parent.mkdir(exist_ok=True)
        choices_file(background.home).write_text(json.dumps(asdict(background.choices)))
        raise Started

    monkeypatch.setattr(Background, "up", keep)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dags").mkdir()
    return tmp_path / "home"


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """A folder like that of a Java, version 17."""
    folder = tmp_path / "java"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch(mode=0o755)
    (folder / "release").write_text('JAVA_VERSION="17.0.15"\n')
    return folder


def up(home: Path, *given: str) -> Choices | None:
    """What is kept after a start."""
    with pytest.raises(Started):
        begin(arguments().parse_args(["--home", str(home), *given]), Progress())
    return Choices.kept_in(home)


def test_a_java_is_kept_until_the_packaged_one_is_asked_for_again(home: Path, java: Path) -> None:
    for given, kept in (("--java-home=~/java",), str(java)), ((), str(java)), (("--java-home", ""), None), ((), None):
        choices = up(home, *given)
        assert choices is not None
        assert choices.java_home == kept


def test_a_folder_without_java_is_refused_with_the_way_back_and_never_kept(home: Path, java: Path) -> None:
    with pytest.raises(UnfitJava, match=r"--java-home /nowhere has no program .* or write --java-home '' for the one"):
        begin(arguments().parse_args(["--home", str(home), "--java-home", "/nowhere"]), Progress())
    assert Choices.kept_in(home) is None
    up(home, "--java-home", str(java))
    (java / "bin" / "java").unlink()
    with pytest.raises(UnfitJava, match=f"--java-home {java} .* or write --java-home '' for"):
        begin(arguments().parse_args(["--home", str(home)]), Progress())


def test_a_spark_4_that_is_gone_is_told_with_the_way_back(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "four"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch(0o755)
    packages = folder / "lib" / "python3.11" / "site-packages" / "pyspark"
    packages.mkdir(parents=True)
    (packages / "version.py").write_text('__version__: str = "4.0.2"\n')
    choices = up(home, "--spark-4", str(folder))
    assert choices is not None
    assert choices.spark_4 == str(folder)
    shutil.rmtree(folder)
    way_back = r"""make it anew by make up SPARK=4, or write --spark-4 '' \(make up ARGS="--spark-4 ''"\)"""
    with pytest.raises(UnfitSpark4, match=f"--spark-4 {folder} has no program .*{way_back}"):
        begin(arguments().parse_args(["--home", str(home)]), Progress())
    for given in (("--spark-4", ""), ()):
        choices = up(home, *given)
        assert choices is not None
        assert choices.spark_4 is None


def test_a_dags_folder_in_ones_home_is_found_though_no_shell_has_named_it(home: Path, tmp_path: Path) -> None:
    choices = up(home, "--dags-folder=~/dags")
    assert choices is not None
    assert choices.dags_folder == str(tmp_path / "dags")


def test_a_dags_folder_that_is_none_is_refused_by_name_and_never_kept(home: Path) -> None:
    with pytest.raises(InvalidSpec, match="--dags-folder = '/nowhere/dags': there is no such folder; make it, or"):
        begin(arguments().parse_args(["--home", str(home), "--dags-folder", "/nowhere/dags"]), Progress())
    assert Choices.kept_in(home) is None


def test_schedules_are_off_until_they_are_asked_for_and_then_on_until_they_are_not(home: Path) -> None:
    for given, kept in ((), False), (("--schedules", "on"), True), ((), True), (("--schedules", "off"), False):
        choices = up(home, *given)
        assert choices is not None
        assert choices.schedules is kept
        assert Background(home, choices).airflow.environment["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] == str(kept)


def test_a_free_port_is_kept_for_the_links_of_earlier_runs_unless_somebody_else_has_it(home: Path) -> None:
    free = ("--port", "0", "--emulator-port", "0")
    first, again = up(home, *free), up(home, *free)
    assert first is not None
    assert first == again == up(home)
    with socket.create_server(("127.0.0.1", first.emulator_port)):
        other = up(home, *free)
    assert other is not None
    assert (other.port == first.port, other.emulator_port == first.emulator_port) == (True, False)
