"""The log files of a step, where EMR puts them in S3, and the lines of them that a person wants to see."""

from __future__ import annotations

import logging
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.aws_errors import code_of
from airflow_emr_pipelines.logs.layouts import EC2
from airflow_emr_pipelines.specs.values.addresses import bucket_and_key

log = logging.getLogger(__name__)

ABSENT = {"NoSuchKey", "404"}
LARGEST = 64 * 1024 * 1024
"""Bytes of one log file that are fetched: of a larger one its end, or nothing where it is compressed."""
KEPT = 4 * 1024 * 1024
"""Bytes of a log's end that are kept in memory."""
CHUNK = 32 * 1024
"""Bytes that are fetched and unpacked at once, to a thousand times as many where the log says the same all the time."""
GZIP = 16 + zlib.MAX_WBITS
YARN_APPLICATION = re.compile(r"\bapplication_\d+_\d+\b")
CLUSTER_MODE = re.compile(r"--deploy-mode[ =]cluster\b|\bspark\.submit\.deployMode=cluster\b")
LOOK_AGAIN_SECONDS = 10.0


@dataclass(frozen=True)
class LogFile:
    """A log that was read: its name (controller, stderr, driver stderr …), its address and its lines."""

    name: str
    address: str
    lines: tuple[str, ...]


class LoggedStep(Protocol):
    """What a report of a step says of its logs."""

    @property
    def id(self) -> str: ...

    @property
    def cluster_id(self) -> str: ...

    @property
    def log_uri(self) -> str | None: ...

    @property
    def application_ids(self) -> tuple[str, ...]: ...


def step_log_address(log_uri: str, cluster_id: str, step_id: str) -> str:
    """The S3 folder of a step's logs. EMR may tell a log URI with the old scheme s3n."""
    return f"{log_folder(log_uri)}/{EC2.folder({'cluster_id': cluster_id, 'step_id': step_id})}"


def log_folder(log_uri: str) -> str:
    """A log URI as it is used in S3 addresses: scheme s3, no slash at the end."""
    return re.sub(r"^s3[na]://", "s3://", log_uri).rstrip("/")


class StepLogs:
    """Reads the logs of one ended step.

    :param s3: a boto3 S3 client
    :param log_uri: the cluster's log URI; a step that has its own is looked for there
    """

    def __init__(self, s3: Any, log_uri: str, report: LoggedStep) -> None:
        self.s3 = s3
        self.report = report
        self._lost = False
        self._warned: set[str] = set()
        self.folders = [*dict.fromkeys(log_folder(uri) for uri in (report.log_uri or log_uri, log_uri))]
        self.address = step_log_address(report.log_uri or log_uri, report.cluster_id, report.id)

    def wait(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> list[LogFile]:
        """The step's logs and its driver's, as soon as S3 has them; what there is after that many seconds."""
        give_up = clock() + seconds
        while True:
            found = self.read()
            driver = self.read_driver(found)
            complete = _has_all(found) and (driver or not self._has_driver(found))
            if complete or self._lost or clock() >= give_up:
                return found + driver
            sleep(max(0.0, min(LOOK_AGAIN_SECONDS, give_up - clock())))

    def read(self) -> list[LogFile]:
        """The files that lie in the step's folder now."""
        return [file for name in EC2.files if (file := self._first(name, f"{self.address}{name}")) is not None]

    def read_driver(self, step_logs: list[LogFile]) -> list[LogFile]:
        """The driver's logs of a step that ran in cluster mode: the first container of its YARN applications."""
        return [
            file
            for application in self._applications(step_logs)
            for folder in self.folders
            for address in self._list(f"{folder}/{self._containers(application)}")
            if (match := EC2.driver.search(address))
            and (file := self._read(f"driver {match.group(1)}", address)) is not None
        ]

    def _containers(self, application_id: str) -> str:
        return EC2.containers.format(cluster_id=self.report.cluster_id, application_id=application_id)

    def _applications(self, step_logs: list[LogFile]) -> list[str]:
        """The step's YARN applications, as EMR tells them, and as its client did while EMR does not."""
        lines = (line for file in step_logs for line in file.lines)
        named = (found for line in lines for found in YARN_APPLICATION.findall(line))
        return list(dict.fromkeys([*self.report.application_ids, *named]))

    def _has_driver(self, step_logs: list[LogFile]) -> bool:
        """Whether a driver ran in a container of its own, whose log may come minutes after the step's."""
        in_cluster = any(CLUSTER_MODE.search(line) for file in step_logs for line in file.lines)
        return in_cluster and bool(self._applications(step_logs))

    def _first(self, name: str, address: str) -> LogFile | None:
        return self._read(name, f"{address}.gz") or self._read(name, address)

    def _list(self, address: str) -> Iterator[str]:
        bucket, prefix = bucket_and_key(address)
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield f"s3://{bucket}/{found['Key']}"
        except (ClientError, BotoCoreError) as error:
            self._warn(address, error)

    def _read(self, name: str, address: str) -> LogFile | None:
        bucket, key = bucket_and_key(address)
        try:
            answer: Mapping[str, Any] = self.s3.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > LARGEST:
                if key.endswith(".gz"):
                    log.warning("%s has %d bytes and is not read here", address, answer["ContentLength"])
                    return None
                answer["Body"].close()
                answer = self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=-{KEPT}")
            lines = _last_lines(answer["Body"], address, cut="ContentRange" in answer)
        except (ClientError, BotoCoreError) as error:
            self._lost = self._lost or code_of(error) == "NoSuchBucket"
            if code_of(error) not in ABSENT:
                self._warn(f"s3://{bucket}" if self._lost else address, error)
            return None
        return LogFile(name, address, tuple(lines))

    def _warn(self, address: str, error: Exception) -> None:
        """Say once what keeps a log from being read: it is looked for again and again."""
        if address not in self._warned:
            self._warned.add(address)
            log.warning("Cannot read the logs at %s: %s", address, error)


def _has_all(step_logs: list[LogFile]) -> bool:
    return EC2.complete <= {file.name for file in step_logs}


def _last_lines(body: Any, address: str, *, cut: bool) -> list[str]:
    """The lines of an object, gzipped or not; of a long one the last that fit into what is kept."""
    kept = bytearray()
    for part in _unpacked(body.iter_chunks(CHUNK), address):
        kept += part
        if len(kept) > 2 * KEPT:
            del kept[:-KEPT]
            cut = True
    lines = kept.decode("utf-8", "replace").splitlines()
    return lines[1:] if cut else lines


def _unpacked(chunks: Iterable[bytes], address: str) -> Iterator[bytes]:
    """The bytes of a log; of a damaged gzip file those before the damage."""
    unpack = None
    for place, chunk in enumerate(chunks):
        if place == 0 and chunk[:2] == b"\x1f\x8b":
            unpack = zlib.decompressobj(GZIP)
        if unpack is None:
            yield chunk
            continue
        rest = chunk
        try:
            while rest:
                yield unpack.decompress(rest)
                rest = unpack.unused_data
                if unpack.eof:  # gzip files may be joined end to end
                    unpack = zlib.decompressobj(GZIP)
        except zlib.error as error:
            log.warning("The log %s is damaged: %s", address, error)
            return
