"""A step's four log files, how they reach S3, and what in them says why the step failed."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from airflow_emr_pipelines.emulator.host import hadoop
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

logger = logging.getLogger(__name__)

STEP_FILES = ("controller", "syslog", "stdout", "stderr")
_LOOKED_FOR = re.compile(r"Empty mount table detected for s3[an]?://([a-z0-9][a-z0-9.-]+)/")
_NAMED = re.compile(r"\bs3[an]?://([a-z0-9][a-z0-9.-]+)")
_LOG_URI = re.compile(r"s3[an]?://([^/]+)/?(.*)")
_READ_AT_END = 256 * 1024
_LONGEST_MESSAGE = 1000
_GZIPPED = {"metadata": {"Content-Type": "application/x-gzip"}}

_TRACEBACK = "Traceback (most recent call last):"
_RAISED = re.compile(r"([A-Za-z_][\w.]*): ?(.*)|[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)")
_CAUSES = (
    re.compile(r"Exception in thread \"main\" .*"),
    re.compile(r"(\S+ \S+ )?(ERROR|FATAL) .*?(SparkSQLDriver|SparkSQLCLIDriver).*"),
    re.compile(r"(Error in query|Error|FAILED|fatal error|error): .*", re.IGNORECASE),
    re.compile(r"\[[A-Z_]+(\.[A-Z_]+)*\] .*"),  # Spark's named conditions
    re.compile(r"([a-z]\w*\.)+\w*(Exception|Error)(: .*)?"),
    re.compile(r"Caused by: .*"),
    re.compile(r"\S+ \S+ (ERROR|FATAL) .*"),
)
_NOISE = re.compile(r"\s|\S+ \S+ (INFO|WARN|DEBUG) |\s*at |\.\.\. \d+ more|Command exited")


class StepLog:
    """The files of one process; `controller` is the emulator's own account of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in STEP_FILES:
            (folder / name).touch()

    def path(self, name: str) -> Path:
        return self.folder / name

    def say(self, text: str, level: str = "INFO") -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._append("controller", f"{now} {level} {text}\n")

    def complain(self, text: str) -> None:
        """What keeps a process from being started is told where one looks for its own words, too."""
        self.say(text, "ERROR")
        self._append("stderr", f"{text}\n")

    def raw(self, text: str) -> None:
        self._append("stderr", text)

    def client_says(self, text: str) -> None:
        """A line as YARN's client writes it to a step's stderr."""
        self._append("stderr", f"{datetime.now(timezone.utc):%y/%m/%d %H:%M:%S} INFO Client: {text}\n")

    def _append(self, name: str, text: str) -> None:
        with self.path(name).open("a", encoding="utf-8") as file:
            file.write(text)


def say_addresses(files: Iterable[Path], buckets: Path, hdfs: Path) -> None:
    """Let files say s3:// and hdfs:/// where a process named the folders that stand for them on this machine."""
    places = {
        **{folder.encode() + b"/": b"s3://" for folder in {str(buckets), quote(str(buckets))}},
        **{folder.encode() + b"/": b"hdfs:///" for folder in {str(hdfs), quote(str(hdfs))}},
    }
    folders = b"|".join(map(re.escape, places))
    named = re.compile(rb"(?<![\w./-])(?:(?:file|raw):(?://)?)?(%s)|viewfs://fs/(nn/)?" % folders)

    def address(found: re.Match[bytes]) -> bytes:
        return places[found[1]] if found[1] else b"hdfs:///" if found[2] else b"s3://"

    _say_otherwise(files, (*places, b"viewfs://fs/"), lambda line: named.sub(address, line))


def say_missing_bucket(files: Iterable[Path], bucket: str) -> None:
    """Let files name the bucket where Hadoop tells of a class that is not there."""
    told = f"java.io.IOException: NoSuchBucket: there was no bucket {bucket} when this step started"
    mark = hadoop.NO_SUCH_BUCKET.encode()
    _say_otherwise(files, [mark], lambda line: hadoop.CLASS_NOT_FOUND.sub(told.encode(), line))


def _say_otherwise(files: Iterable[Path], marks: Collection[bytes], change: Callable[[bytes], bytes]) -> None:
    """Change the lines of those files that have any of the marks."""
    for path in files:
        with path.open("rb") as lines:
            if not any(mark in line for line in lines for mark in marks):
                continue
        said = path.with_name(f"{path.name}.said")
        with path.open("rb") as lines, said.open("wb") as written:
            written.writelines(map(change, lines))
        said.replace(path)


def missing_bucket(texts: Sequence[str], buckets: Collection[str]) -> str | None:
    """The bucket that a process did not find: what Hadoop looked for in vain, or else the first that is named."""
    for named in (_LOOKED_FOR, _NAMED):
        for found in (bucket for text in texts for bucket in named.finditer(text)):
            if found[1] not in buckets:
                return found[1]
    return None


def store(s3: ObjectStore, log_uri: str | None, below: str, files: dict[str, Path]) -> dict[str, str]:
    """Put files, gzipped, under the log address; returns the addresses of those that are there now."""
    match = _LOG_URI.fullmatch(log_uri) if log_uri else None
    if match is None:
        return {}
    bucket, prefix = match.group(1), match.group(2).rstrip("/")
    if not s3.has_bucket(bucket):
        logger.warning("logs of %s are not stored: there is no bucket %s (LogUri %s)", below, bucket, log_uri)
        return {}
    stored = {}
    for name, path in files.items():
        key = "/".join(part for part in (prefix, below, f"{name}.gz") if part)
        try:
            s3.put(bucket, key, gzip.compress(path.read_bytes(), 6), _GZIPPED)
        except OSError as error:
            logger.warning("s3://%s/%s is not stored: %s", bucket, key, error)
        else:
            stored[name] = f"s3://{bucket}/{key}"
    return stored


def tail(path: Path, size: int = _READ_AT_END) -> str:
    """The end of a file, from a whole line on."""
    with path.open("rb") as file:
        file.seek(0, 2)
        start = max(0, file.tell() - size)
        file.seek(start)
        text = file.read().decode("utf-8", errors="replace")
    return text.partition("\n")[2] if start else text


def cause(stderr: Path, stdout: Path) -> tuple[str, Path] | None:
    """The words that say best why a process failed, and the file in which they stand.

    Spark passes a Python driver's stderr to its own stdout, so a traceback may be in either file.
    """
    lines = {path: [line.rstrip() for line in tail(path).splitlines() if line.strip()] for path in (stderr, stdout)}
    for find in (_raised_in_python, _last_known_cause):
        for path in (stderr, stdout):
            if found := find(lines[path]):
                return found[:_LONGEST_MESSAGE], path
    found = _last_words(lines[stderr])
    return (found[:_LONGEST_MESSAGE], stderr) if found else None


def _raised_in_python(lines: list[str]) -> str | None:
    """The line that ends the last traceback, which names the exception."""
    starts = [number for number, line in enumerate(lines) if line == _TRACEBACK]
    if not starts:
        return None
    after = (line for line in lines[starts[-1] + 1 :] if not line[0].isspace())
    return next((line for line in after if _RAISED.fullmatch(line)), None)


def _last_known_cause(lines: list[str]) -> str | None:
    for pattern in _CAUSES:
        matching = [line for line in lines if pattern.match(line)]
        if matching:
            return matching[-1]
    return None


def _last_words(lines: list[str]) -> str | None:
    return next((line for line in reversed(lines) if not _NOISE.match(line)), None)
