"""Jars of the example jobs: made from their Scala sources by the compiler that is among PySpark's own jars."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from airflow_emr_pipelines.emulator.host.java import Java
from local.errors import JarNotBuilt

COMPILER = "scala.tools.nsc.Main"
HEAP_MIB = 512
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of all files in a jar: equal sources make equal jars."""


def jar_of(source: Path) -> bytes:
    """The jar of a Scala source, compiled once for a machine and a version of Spark.

    :raises MissingExtra: PySpark or Java is not installed
    :raises JarNotBuilt: the compiler refused the source
    """
    java = Java.find()
    identity = hashlib.sha256(java.archive.name.encode() + source.read_bytes()).hexdigest()[:16]
    kept = java.archive.with_name(f"{source.stem}-{identity}.jar")
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="jar-") as folder:
            _compile(java, source, Path(folder))
            jar = _packed(Path(folder))
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_bytes(jar)
        draft.replace(kept)
    return kept.read_bytes()


def _compile(java: Java, source: Path, folder: Path) -> None:
    command = java.command(COMPILER, ["-usejavacp", "-d", str(folder), str(source)], heap_mib=HEAP_MIB)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise JarNotBuilt(source, done.stdout + done.stderr)


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF", LONG_AGO), "Manifest-Version: 1.0\n\n")
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            jar.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix(), LONG_AGO), file.read_bytes())
    return packed.getvalue()
