"""Where each kind of compute puts the logs of its jobs, below the folder that a log URI names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LogLayout:
    """Folders and files; the folders hold the names by which a task's XCom knows its job.

    :param compute: the folder of all that ran there
    :param job: the folder of a job's own logs
    :param job_id: the name by which a task's XCom has the job's id
    :param containers: the folder of an application's containers, whose names vary
    :param files: a job's own logs, by their names without .gz
    :param complete: those of them that every job has
    :param driver: the driver's logs among those of the containers
    """

    compute: str
    job: str
    job_id: str
    containers: str
    files: tuple[str, ...]
    complete: frozenset[str]
    driver: re.Pattern[str]

    def folder(self, job: Mapping[str, Any]) -> str:
        """The folder of a job's logs, or of the compute's where there is no job."""
        return (self.job if job.get(self.job_id) else self.compute).format(**job)


EC2 = LogLayout(
    compute="{cluster_id}/",
    job="{cluster_id}/steps/{step_id}/",
    job_id="step_id",
    containers="{cluster_id}/containers/{application_id}/",
    files=("controller", "stderr", "stdout", "syslog"),
    complete=frozenset({"controller", "stderr"}),
    driver=re.compile(r"/container_(?:e\d+_)?\d+_\d+_\d+_000001/(stdout|stderr)(?:\.gz)?$"),
)

LAYOUTS: Mapping[str, LogLayout] = {"ec2": EC2}
"""By the backend of a location."""
