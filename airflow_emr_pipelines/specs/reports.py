"""What EMR says of a cluster or a step, read from an answer of its API or from a trigger's event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from airflow_emr_pipelines.errors import BadTriggerEvent
from airflow_emr_pipelines.specs.states import ClusterState, StepState

LOSSES = ("INTERNAL_ERROR", "INSTANCE_FAILURE", "INSTANCE_FLEET_TIMEOUT")
"""Codes of a ClusterStateChangeReason that are no fault of what ran (botocore: ClusterStateChangeReasonCode)."""
NO_CAPACITY = re.compile(r"insufficient\w*capacity|(?:not enough|insufficient|no) .{0,20}capacity", re.IGNORECASE)


@dataclass(frozen=True)
class StepReport:
    """A step as ListSteps or DescribeStep tell it; times are ISO 8601."""

    cluster_id: str
    id: str
    name: str
    state: StepState
    reason: str | None = None
    """FailureDetails.Reason; often absent."""
    message: str | None = None
    log_file: str | None = None
    log_uri: str | None = None
    """Where its logs go, if not to the cluster's log URI."""
    created: str | None = None
    started: str | None = None
    ended: str | None = None
    application_ids: tuple[str, ...] = ()
    """YARN applications, once they run."""

    @classmethod
    def from_answer(cls, cluster_id: str, step: Mapping[str, Any]) -> StepReport:
        status = step["Status"]
        details = status.get("FailureDetails") or {}
        change = status.get("StateChangeReason") or {}
        timeline = status.get("Timeline") or {}
        info = step.get("AdditionalInfo") or status.get("AdditionalInfo") or {}
        return cls(
            cluster_id=cluster_id,
            id=step["Id"],
            name=step.get("Name", ""),
            state=StepState.read(status["State"]),
            reason=details.get("Reason"),
            message=details.get("Message") or change.get("Message"),
            log_file=details.get("LogFile"),
            log_uri=step.get("LogUri") or None,
            created=_iso(timeline.get("CreationDateTime")),
            started=_iso(timeline.get("StartDateTime")),
            ended=_iso(timeline.get("EndDateTime")),
            application_ids=tuple(info.get("ResourceManagerApplicationIds") or ()),
        )

    def to_event(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value, "application_ids": list(self.application_ids)}

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> StepReport:
        """:raises BadTriggerEvent: it is not what ``to_event`` made"""
        try:
            typed = {"state": StepState.read(event["state"]), "application_ids": tuple(event["application_ids"])}
            return cls(**{**event, **typed})
        except (KeyError, TypeError) as error:
            raise BadTriggerEvent(event) from error


@dataclass(frozen=True)
class ClusterReport:
    """A cluster as DescribeCluster tells it; ListClusters tells less. Times are ISO 8601."""

    id: str
    name: str
    state: ClusterState
    code: str | None = None
    message: str | None = None
    error_details: tuple[str, ...] = ()
    log_uri: str | None = None
    master_public_dns_name: str | None = None
    normalized_instance_hours: int | None = None
    termination_protected: bool = False
    auto_terminate: bool = False
    step_concurrency: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    created: str | None = None
    ready: str | None = None
    ended: str | None = None
    release_label: str | None = None
    unhealthy_node_replacement: bool = False

    @property
    def lost(self) -> bool:
        """Whether it has ended, or is ending, for lost machines, lacking capacity or a fault of EMR's own."""
        if not self.state.finished and self.state is not ClusterState.TERMINATING:
            return False
        said = " ".join((self.message or "", *self.error_details))
        return self.code in LOSSES or (self.code == "VALIDATION_ERROR" and bool(NO_CAPACITY.search(said)))

    @classmethod
    def from_answer(cls, cluster: Mapping[str, Any]) -> ClusterReport:
        status = cluster["Status"]
        change = status.get("StateChangeReason") or {}
        timeline = status.get("Timeline") or {}
        return cls(
            id=cluster["Id"],
            name=cluster.get("Name", ""),
            state=ClusterState.read(status["State"]),
            code=change.get("Code"),
            message=change.get("Message"),
            error_details=tuple(_detail(detail) for detail in status.get("ErrorDetails") or ()),
            log_uri=cluster.get("LogUri"),
            master_public_dns_name=cluster.get("MasterPublicDnsName"),
            normalized_instance_hours=cluster.get("NormalizedInstanceHours"),
            termination_protected=bool(cluster.get("TerminationProtected", False)),
            auto_terminate=bool(cluster.get("AutoTerminate", False)),
            step_concurrency=int(cluster.get("StepConcurrencyLevel", 1)),
            tags={tag["Key"]: tag.get("Value", "") for tag in cluster.get("Tags") or ()},
            created=_iso(timeline.get("CreationDateTime")),
            ready=_iso(timeline.get("ReadyDateTime")),
            ended=_iso(timeline.get("EndDateTime")),
            release_label=cluster.get("ReleaseLabel"),
            unhealthy_node_replacement=bool(cluster.get("UnhealthyNodeReplacement", False)),
        )

    def to_event(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "state": self.state.value,
            "error_details": list(self.error_details),
            "tags": dict(self.tags),
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> ClusterReport:
        """:raises BadTriggerEvent: it is not what ``to_event`` made"""
        try:
            typed = {"state": ClusterState.read(event["state"]), "error_details": tuple(event["error_details"])}
            return cls(**{**event, **typed})
        except (KeyError, TypeError) as error:
            raise BadTriggerEvent(event) from error


R = TypeVar("R", StepReport, ClusterReport)


@dataclass(frozen=True)
class Reports(Generic[R]):
    """What was seen last of several things that are waited for together."""

    each: tuple[R, ...]

    @property
    def state(self) -> Any:
        """The state of one that has not ended, if there is one."""
        states = [report.state for report in self.each]
        return next((state for state in states if not state.finished), states[-1])

    @classmethod
    def from_event(cls, kind: type[R], event: Mapping[str, Any]) -> Reports[R]:
        """:raises BadTriggerEvent: it is not what a trigger for several gives"""
        try:
            each = tuple(kind.from_event(report) for report in event["each"])
        except (KeyError, TypeError) as error:
            raise BadTriggerEvent(event) from error
        if not each:
            raise BadTriggerEvent(event)
        return cls(each)


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when is not None else None


def _detail(detail: Mapping[str, Any]) -> str:
    data = "; ".join(f"{key}={value}" for item in detail.get("ErrorData") or () for key, value in item.items())
    text = ": ".join(part for part in (detail.get("ErrorCode"), detail.get("ErrorMessage")) if part)
    return f"{text} [{data}]" if data else text
