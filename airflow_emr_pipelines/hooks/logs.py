"""The log files of a step, where EMR puts them in S3, and the lines of them that a person wants to see."""

from __future__ import annotations

import gzip
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from airflow_emr_pipelines.hooks.answers import code_of
from airflow_emr_pipelines.specs.reports import StepReport

log = logging.getLogger(__name__)

STEP_LOGS = ("controller", "stderr", "stdout", "syslog")
MISSING = {"NoSuchKey", "404", "NoSuchBucket"}
LARGEST = 64 * 1024 * 1024
"""Bytes of one log file that are read; a larger one is read from its end where it is not compressed, else skipped."""
YARN_APPLICATION = re.compile(r"\bapplication_\d+_\d+\b")
DRIVER_CONTAINER = re.compile(r"/container_(?:e\d+_)?\d+_\d+_\d+_000001/(stdout|stderr)(?:\.gz)?$")
LOOK_AGAIN_SECONDS = 10.0


@dataclass(frozen=True)
class LogFile:
    """A log that was read: its name (controller, stderr, driver stderr …), its address and its lines."""

    name: str
    address: str
    lines: tuple[str, ...]


def step_log_address(log_uri: str, cluster_id: str, step_id: str) -> str:
    """The S3 folder of a step's logs. EMR may tell a log URI with the old scheme s3n."""
    return f"{log_folder(log_uri)}/{cluster_id}/steps/{step_id}/"


def log_folder(log_uri: str) -> str:
    """A log URI as it is used in S3 addresses: scheme s3, no slash at the end."""
    return re.sub(r"^s3[na]://", "s3://", log_uri).rstrip("/")


class StepLogs:
    """Reads the logs of one ended step.

    :param s3: a boto3 S3 client
    :param log_uri: the cluster's log URI
    """

    def __init__(self, s3: Any, log_uri: str, report: StepReport) -> None:
        self.s3 = s3
        self.report = report
        self.folder = log_folder(log_uri)
        self.address = step_log_address(log_uri, report.cluster_id, report.id)

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
            names = {file.name for file in found}
            if {"controller", "stderr"} <= names or clock() >= give_up:
                return found + self.read_driver(found)
            sleep(max(0.0, min(LOOK_AGAIN_SECONDS, give_up - clock())))

    def read(self) -> list[LogFile]:
        """The files that lie in the step's folder now."""
        return [file for name in STEP_LOGS if (file := self._first(name, f"{self.address}{name}")) is not None]

    def read_driver(self, step_logs: list[LogFile]) -> list[LogFile]:
        """The driver's logs of a step that ran in cluster mode: the first container of its YARN applications."""
        applications = dict.fromkeys(self.report.application_ids)
        for file in step_logs:
            applications.update(dict.fromkeys(found for line in file.lines for found in YARN_APPLICATION.findall(line)))
        return [
            file
            for application in applications
            for address in self._list(f"{self.folder}/{self.report.cluster_id}/containers/{application}/")
            if (match := DRIVER_CONTAINER.search(address))
            and (file := self._read(f"driver {match.group(1)}", address)) is not None
        ]

    def _first(self, name: str, address: str) -> LogFile | None:
        return self._read(name, f"{address}.gz") or self._read(name, address)

    def _list(self, address: str) -> Iterator[str]:
        bucket, prefix = _split(address)
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield f"s3://{bucket}/{found['Key']}"
        except self.s3.exceptions.ClientError as error:
            log.warning("Cannot list the logs under %s: %s", address, error)

    def _read(self, name: str, address: str) -> LogFile | None:
        bucket, key = _split(address)
        try:
            answer: Mapping[str, Any] = self.s3.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > LARGEST:
                log.warning("%s has %d bytes and is not read here", address, answer["ContentLength"])
                return None
            content: bytes = answer["Body"].read()
        except self.s3.exceptions.ClientError as error:
            if code_of(error) not in MISSING:
                log.warning("Cannot read the log %s: %s", address, error)
            return None
        try:
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        except (OSError, EOFError, zlib.error) as error:
            log.warning("The log %s is damaged: %s", address, error)
            return None
        return LogFile(name, address, tuple(content.decode("utf-8", "replace").splitlines()))


def _split(address: str) -> tuple[str, str]:
    parts = urlsplit(address, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")
