"""The example's jar comes from its source, by what PySpark brings along."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from local.errors import JarNotBuilt

pytest.importorskip("pyspark", reason="its jars hold the compiler")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "Hello.scala"
    path.write_text('package tried\nobject Hello { def main(words: Array[String]): Unit = println("hello") }\n')
    return path


def test_a_jar_has_the_classes_of_its_source_and_is_the_same_each_time(source: Path, tmp_path: Path) -> None:
    from local.jars import jar_of

    jar = jar_of(source)
    assert {"META-INF/MANIFEST.MF", "tried/Hello.class", "tried/Hello$.class"} == set(
        zipfile.ZipFile(BytesIO(jar)).namelist()
    )
    assert jar_of(source) == jar
    for kept in (tmp_path / "cache").rglob("*.jar"):
        kept.unlink()
    assert jar_of(source) == jar


def test_a_source_that_does_not_compile_says_where(source: Path) -> None:
    from local.jars import jar_of

    source.write_text("object Hello { def main(words: Array[String]): Unit = prinln(1) }\n")
    with pytest.raises(JarNotBuilt, match=r"(?s)Hello\.scala:1: error: not found: value prinln"):
        jar_of(source)
