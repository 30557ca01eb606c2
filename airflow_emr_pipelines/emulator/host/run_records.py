"""What the emulator asks of its runner, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


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
    execution_role: str | None = None


@dataclass(frozen=True)
class ClusterSetup:
    """What of a cluster's request matters to the processes that run on it. Application names are lower-case."""

    cluster_id: str
    name: str
    release_label: str
    region: str
    applications: frozenset[str] = frozenset()
    configurations: Sequence[Mapping[str, Any]] = ()
    log_uri: str | None = None
    cloud_watch: Mapping[str, Any] | None = None  # CloudWatchLogConfiguration, when it is enabled
    primary_instance_id: str | None = None  # whose folder the logs of bootstrap actions go to
    node_info: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # files of /mnt/var/lib/info, by name

    @property
    def is_for_spark(self) -> bool:
        """Whether its release is of AWS's runtime for Apache Spark, with Spark 4 and without Hadoop's programs."""
        return self.release_label.startswith("emr-spark-")

    def why_lacking(self, application: str) -> str | None:
        """Why no cluster of its release has an application, and the way out; None if one may."""
        if not self.is_for_spark or application == "Spark":
            return None
        return f"{self.release_label} does not have {application}; make the cluster with a release such as emr-7.10.0"


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
