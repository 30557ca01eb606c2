"""A step's logs in CloudWatch Logs, where they are as soon as they are written."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.logs.files import LogFile, LoggedStep
from airflow_emr_pipelines.logs.layouts import EC2

log = logging.getLogger(__name__)

MOST_PAGES = 20
"""Of 50 streams each: a cluster's executors have streams too, and are not waited through."""
MOST_EVENTS = 1000
"""Of a stream, its last."""
STEP_FILE = re.compile(r"/(stdout|stderr)(?:\.gz)?$")


class CloudWatchStepLogs:
    """Reads the logs of one ended step.

    The names of the streams are not documented: those of a step are known by its id, and a driver's by its container
    (https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-logging-cw.html).

    :param client: a boto3 client of CloudWatch Logs
    :param group: the cluster's log group
    :param prefix: what the cluster puts before the names of all its streams, if anything
    """

    def __init__(self, client: Any, group: str, prefix: str | None, report: LoggedStep) -> None:
        self.client = client
        self.group = group
        self.prefix = "/".join(part for part in ((prefix or "").strip("/"), report.cluster_id) if part)
        self.report = report

    @property
    def address(self) -> str:
        """What a person looks for in the console."""
        return f"CloudWatch log group {self.group}, streams {self.prefix}…"

    def read(self) -> list[LogFile]:
        """The step's logs and its driver's; none when they cannot be read, which is said in the log."""
        try:
            return [self._file(name, stream) for name, stream in self._streams()]
        except (ClientError, BotoCoreError) as error:
            log.warning("Cannot read the logs in %s: %s", self.address, error)
            return []

    def _streams(self) -> Iterator[tuple[str, str]]:
        """The streams of this step, by the name that we give a log."""
        pages = self.client.get_paginator("describe_log_streams").paginate(
            logGroupName=self.group, logStreamNamePrefix=self.prefix
        )
        for page in islice(pages, MOST_PAGES):
            for stream in page["logStreams"]:
                name = str(stream["logStreamName"])
                if self.report.id in name and (step := STEP_FILE.search(name)):
                    yield step[1], name
                elif any(i in name for i in self.report.application_ids) and (driver := EC2.driver.search(name)):
                    yield f"driver {driver[1]}", name

    def _file(self, name: str, stream: str) -> LogFile:
        events = self.client.get_log_events(
            logGroupName=self.group, logStreamName=stream, limit=MOST_EVENTS, startFromHead=False
        )["events"]
        lines = tuple(line for event in events for line in event["message"].splitlines())
        return LogFile(name, f"CloudWatch {self.group} {stream}", lines)
