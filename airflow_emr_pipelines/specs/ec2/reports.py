"""What EMR says of a cluster, its instances or a step, read from an answer of its API or from a trigger's event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from airflow_emr_pipelines.errors import BadTriggerEvent, StepFailed
from airflow_emr_pipelines.specs.ec2.states import ClusterState, InstanceGroupState, Settling, StepState

LOSSES = ("INTERNAL_ERROR", "INSTANCE_FAILURE", "INSTANCE_FLEET_TIMEOUT")
"""Codes of a ClusterStateChangeReason that are no fault of what ran (botocore: ClusterStateChangeReasonCode)."""
LOG_GROUP = "/aws/emr"
"""Where EMR writes when no group is named; not confirmed by a document."""
ATTACHING = ("PENDING", "ATTACHING", "DETACHING")
"""States of an automatic scaling policy that pass by themselves (botocore: AutoScalingPolicyState)."""
UNKNOWN = "Unknown Error"
"""What EMR gives as the reason when it cannot tell."""
NO_CAPACITY = re.compile(r"insufficient\w*capacity|(?:not enough|insufficient|no) .{0,20}capacity", re.IGNORECASE)


@dataclass(frozen=True)
class StepReport:
    """A step as ListSteps or DescribeStep tell it; times are ISO 8601, in UTC."""

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

    @property
    def cause(self) -> str | None:
        """EMR's failure details, where they say anything."""
        return " ".join(text for text in (self.reason, self.message) if text and text != UNKNOWN) or None

    @property
    def said(self) -> str | None:
        """EMR's failure details, and the log that they name."""
        return " ".join(text for text in (self.reason, self.message, self.log_file) if text) or None

    def failure(self, kind: type[StepFailed], cause: str, log: str | None) -> StepFailed:
        """The exception that says that the step did not complete."""
        return kind(self.cluster_id, self.id, self.name, self.state.value, cause, log)

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
            reason=_without_secrets(details.get("Reason") or "") or None,
            message=_without_secrets(details.get("Message") or change.get("Message") or "") or None,
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
    """A cluster as DescribeCluster tells it; ListClusters tells less. Times are ISO 8601, in UTC."""

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
    has_fleets: bool = False
    log_group: str | None = None
    """Where its step logs are in CloudWatch Logs, if anywhere."""
    log_stream_prefix: str | None = None

    @property
    def said(self) -> str | None:
        """EMR's reason for its state."""
        return self.message

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
        watched = (cluster.get("MonitoringConfiguration") or {}).get("CloudWatchLogConfiguration") or {}
        return cls(
            id=cluster["Id"],
            name=cluster.get("Name", ""),
            state=ClusterState.read(status["State"]),
            code=change.get("Code"),
            message=_without_secrets(change.get("Message") or "") or None,
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
            has_fleets=cluster.get("InstanceCollectionType") == "INSTANCE_FLEET",
            log_group=(watched.get("LogGroupName") or LOG_GROUP) if watched.get("Enabled") else None,
            log_stream_prefix=watched.get("LogStreamNamePrefix"),
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


@dataclass(frozen=True)
class CollectionReport:
    """An instance group as ListInstanceGroups tells it, or an instance fleet as ListInstanceFleets does.

    ``wanted`` and ``running`` are instances, or units of a fleet.
    """

    cluster_id: str
    id: str
    name: str
    role: str
    state: Settling
    emr_state: InstanceGroupState
    wanted: int
    running: int
    message: str | None = None
    policy_failure: str | None = None
    """Why the rules of its automatic scaling could not be put into place."""

    @property
    def said(self) -> str | None:
        """EMR's reason for its state."""
        return self.message

    @classmethod
    def from_group(cls, cluster_id: str, group: Mapping[str, Any]) -> CollectionReport:
        wanted, running = int(group.get("RequestedInstanceCount", 0)), int(group.get("RunningInstanceCount", 0))
        version, applied = (group.get(f"{which}ConfigurationsVersion", 0) for which in ("", "LastSuccessfullyApplied"))
        policy = (group.get("AutoScalingPolicy") or {}).get("Status") or {}
        as_asked = wanted == running and version == applied and policy.get("State") not in ATTACHING
        failed = policy.get("State") == "FAILED"
        reason = policy.get("StateChangeReason") or {}
        return cls._read(
            cluster_id,
            group,
            role=group["InstanceGroupType"],
            wanted=wanted,
            running=running,
            as_asked=as_asked,
            reverted=version != applied,
            policy_failure=reason.get("Message") or reason.get("Code") or "no reason given" if failed else None,
        )

    @classmethod
    def from_fleet(cls, cluster_id: str, fleet: Mapping[str, Any]) -> CollectionReport:
        types = fleet.get("InstanceTypeSpecifications") or ()
        largest = max((int(config.get("WeightedCapacity", 1)) for config in types), default=1)
        targets, provisioned = (
            [int(fleet.get(f"{which}{market}Capacity", 0)) for market in ("OnDemand", "Spot")]
            for which in ("Target", "Provisioned")
        )
        # The last instance may bring more units than are lacking, where any are asked for.
        as_asked = all(
            target <= units < target + (largest if target else 1)
            for target, units in zip(targets, provisioned, strict=True)
        )
        return cls._read(
            cluster_id,
            fleet,
            role=fleet["InstanceFleetType"],
            wanted=sum(targets),
            running=sum(provisioned),
            as_asked=as_asked,
        )

    @classmethod
    def _read(
        cls, cluster_id: str, answer: Mapping[str, Any], *, as_asked: bool, reverted: bool = False, **fields: Any
    ) -> CollectionReport:
        status = answer["Status"]
        state, reason = InstanceGroupState.read(status["State"]), status.get("StateChangeReason") or {}
        message = reason.get("Message") or reason.get("Code")
        settling = Settling.CHANGING
        if state.failed or (state is InstanceGroupState.RUNNING and reverted and message):
            settling = Settling.FAILED
        elif state is InstanceGroupState.RUNNING and as_asked:
            settling = Settling.SETTLED
        return cls(
            cluster_id=cluster_id,
            id=answer["Id"],
            name=answer.get("Name") or fields["role"],
            state=settling,
            emr_state=state,
            message=message,
            **fields,
        )

    def to_event(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value, "emr_state": self.emr_state.value}

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> CollectionReport:
        """:raises BadTriggerEvent: it is not what ``to_event`` made"""
        try:
            typed = {
                "state": Settling.read(event["state"]),
                "emr_state": InstanceGroupState.read(event["emr_state"]),
            }
            return cls(**{**event, **typed})
        except (KeyError, TypeError) as error:
            raise BadTriggerEvent(event) from error


def _iso(when: datetime | None) -> str | None:
    """In UTC, so that texts are ordered as the times are: botocore tells times in the zone of this machine."""
    return when.astimezone(timezone.utc).isoformat() if when is not None else None


def _without_secrets(text: str) -> str:
    from airflow_emr_pipelines.specs.values.masking import without_secrets

    return without_secrets(text)


def _detail(detail: Mapping[str, Any]) -> str:
    data = "; ".join(f"{key}={value}" for item in detail.get("ErrorData") or () for key, value in item.items())
    text = ": ".join(part for part in (detail.get("ErrorCode"), detail.get("ErrorMessage")) if part)
    return _without_secrets(f"{text} [{data}]" if data else text)
