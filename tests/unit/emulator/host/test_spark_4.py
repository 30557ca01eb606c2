"""What may be named as the Spark of emr-spark-8.x."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.java import (
    Java,
    MissingSpark,
    MissingSpark4,
    UnfitSpark4,
    checked_spark_4,
    choose_spark_4,
)


def venv(folder: Path, version: str | None) -> Path:
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.touch(0o755)
    if version is not None:
        packages = folder / "lib" / "python3.11" / "site-packages" / "pyspark"
        (packages / "jars").mkdir(parents=True)
        (packages / "version.py").write_text(f'# Licensed under version 2.0\n\n__version__: str = "{version}"\n')
    return folder


def test_its_programs_and_its_jars_are_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = venv(tmp_path / "four", "4.0.2")
    monkeypatch.setenv("AIRFLOW_EMR_SPARK_4", "")
    choose_spark_4(folder)
    found, other = Java.find_with_spark_4("emr-spark-8.0.0"), Java.find()
    assert (found.python, found.spark_home.parents[3]) == (str(folder / "bin" / "python"), folder)
    assert found.home == other.home
    assert len({found.archive, other.archive}) == 2


def test_it_may_be_the_only_one_beside_the_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Python 3.14."""
    (own,) = venv(tmp_path, "4.0.2").glob("lib/*/site-packages/pyspark")
    spec = ModuleSpec("pyspark", None, is_package=True)
    spec.submodule_search_locations = [str(own)]
    find: Callable[[str], ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "pyspark" else find(name))
    monkeypatch.delenv("AIRFLOW_EMR_SPARK_4", raising=False)
    found = Java.find_with_spark_4("emr-spark-8.0.0")
    assert (found.spark_home, found.python) == (own, sys.executable)
    assert Java.find_with_any_spark() == found
    with pytest.raises(MissingSpark, match=r"pyspark 3\.5, which is not installed .*, which has PySpark 4\.0\.2"):
        Java.find()


@pytest.mark.parametrize(
    ("version", "fault"), [(None, "has no PySpark"), ("3.5.9", "has PySpark 3.5.9"), ("4.1.0", "has PySpark 4.1.0")]
)
def test_another_spark_is_refused(tmp_path: Path, version: str | None, fault: str) -> None:
    with pytest.raises(UnfitSpark4, match=f"{fault}: name a virtual environment that pyspark 4.0 is installed in"):
        checked_spark_4(venv(tmp_path / "other", version))
    with pytest.raises(UnfitSpark4, match="has no program bin/python"):
        checked_spark_4(tmp_path / "nothing")


def test_without_one_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_EMR_SPARK_4", raising=False)
    with pytest.raises(MissingSpark4, match=r"emr-spark-8\.1\.0 has Spark 4\.0, .*make up SPARK=4"):
        Java.find_with_spark_4("emr-spark-8.1.0")
