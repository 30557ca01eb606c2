"""Run steps and bootstrap actions as real processes; the only module that knows there is a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.s3 import BucketFolder


@dataclass(frozen=True)
class StepRun:
    """One step as it was submitted."""

    cluster_id: str
    step_id: str
    name: str
    jar: str
    main_class: str | None = None
    args: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    log_uri: str | None = None


@dataclass(frozen=True)
class ClusterSetup:
    """What of a cluster's request matters to the processes that run on it. Application names are lower-case."""

    cluster_id: str
    name: str
    release_label: str
    applications: frozenset[str] = frozenset()
    configurations: Sequence[Mapping[str, Any]] = ()
    log_uri: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a process ended. Reason, message and log file are EMR's FailureDetails."""

    exit_code: int | None
    completed: bool
    cancelled: bool = False
    reason: str | None = None
    message: str | None = None
    log_file: str | None = None
    application_ids: tuple[str, ...] = ()


class Runner:
    """Runs the steps of all clusters of one emulator."""

    def __init__(
        self, data_dir: Path, s3: BucketFolder, endpoint: Callable[[], str] | str, memory_mib: int | None = None
    ) -> None:
        raise NotImplementedError

    async def prepare(self, setup: ClusterSetup) -> None:
        """Make the cluster's private home and environment."""
        raise NotImplementedError

    async def bootstrap(
        self, setup: ClusterSetup, index: int, name: str, script: str, args: Sequence[str]
    ) -> Outcome:
        """Run one bootstrap action to its end; `index` counts from 1."""
        raise NotImplementedError

    async def run(self, setup: ClusterSetup, step: StepRun) -> Outcome:
        """Run a step; returns when its process group is gone and its logs are stored in S3."""
        raise NotImplementedError

    async def cancel(self, step_id: str, *, kill: bool) -> None:
        """Send SIGTERM, or SIGKILL when `kill`, to the whole process group of a running step."""
        raise NotImplementedError

    async def release(self, cluster_id: str) -> None:
        """The cluster has ended: kill what is left of it and remove its home."""
        raise NotImplementedError

    async def close(self) -> None:
        """Kill everything and free what the runner holds."""
        raise NotImplementedError
