"""Logs of steps in CloudWatch Logs, for clusters whose MonitoringConfiguration asks for them.

AWS documents no names of the streams; here they follow the tree in S3: `[prefix/]<cluster>/steps/<step>/stdout`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host.own_client import own_client

DEFAULT_GROUP = "/aws/emr"
STEP_LOGS, SPARK_DRIVER = "STEP_LOGS", "SPARK_DRIVER"
"""There are no executors apart from the driver here, so nothing is ever written for SPARK_EXECUTOR."""
EVERYTHING = {STEP_LOGS: ["STDOUT", "STDERR"], SPARK_DRIVER: ["STDOUT", "STDERR"]}
MOST_EVENTS, MOST_BYTES, BYTES_OF_AN_EVENT = 10_000, 1_048_576, 26
LONGEST_EVENT = 256 * 1024 - BYTES_OF_AN_EVENT


@dataclass(frozen=True)
class CloudWatchLogs:
    """Where the logs of one cluster's steps go, by its CloudWatchLogConfiguration."""

    endpoint: str
    region: str
    configuration: Mapping[str, Any]

    def publish(self, cluster_id: str, below: str, files: Mapping[str, Path]) -> list[str]:
        """Write a step's files to a stream each; the names of the streams.

        :raises ClientError: the service refuses them
        :raises BotoCoreError: the request cannot be made
        """
        group = self.configuration.get("LogGroupName") or DEFAULT_GROUP
        prefix = self.configuration.get("LogStreamNamePrefix")
        client, written = own_client("logs", self.endpoint, self.region), []
        for name, path in files.items():
            if self._wants(name):
                folder = cluster_id if name.startswith("containers/") else f"{cluster_id}/{below}"
                stream = "/".join(part for part in (prefix and prefix.strip("/"), folder, name) if part)
                self._make(client, group, stream)
                for events in batches(path):
                    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
                written.append(stream)
        return written

    def _wants(self, name: str) -> bool:
        kind = SPARK_DRIVER if name.startswith("containers/") else STEP_LOGS
        files = (self.configuration.get("LogTypes") or EVERYTHING).get(kind, ())
        return name.rpartition("/")[2].upper() in files

    def _make(self, client: Any, group: str, stream: str) -> None:
        key = self.configuration.get("EncryptionKeyArn")
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=group, **({"kmsKeyId": key} if key else {}))
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_stream(logGroupName=group, logStreamName=stream)


def batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The lines of a file, as many at once as one call takes; blank ones are no events."""
    now = time.time_ns() // 1_000_000
    events: list[dict[str, Any]] = []
    size = 0
    with path.open("rb") as file:
        for line in file:
            text = line.rstrip(b"\r\n").decode(errors="replace").encode()[:LONGEST_EVENT]
            if not text.strip():
                continue
            cost = len(text) + BYTES_OF_AN_EVENT
            if events and (len(events) == MOST_EVENTS or size + cost > MOST_BYTES):
                yield events
                events, size = [], 0
            events.append({"timestamp": now, "message": text.decode(errors="ignore")})
            size += cost
    if events:
        yield events
