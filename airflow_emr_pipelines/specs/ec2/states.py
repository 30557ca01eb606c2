"""The states of EMR's things, with what they mean (enums of botocore's service model ``emr``)."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeVar

from airflow_emr_pipelines.errors import UnknownState

S = TypeVar("S", bound=Enum)


ClusterStateWord = Literal[
    "STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"
]


class ClusterState(str, Enum):
    """Of a cluster."""

    STARTING = "STARTING"
    BOOTSTRAPPING = "BOOTSTRAPPING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    TERMINATED_WITH_ERRORS = "TERMINATED_WITH_ERRORS"

    @classmethod
    def read(cls, word: str) -> ClusterState:
        return _read(cls, "a cluster", word)

    @property
    def finished(self) -> bool:
        return self in {ClusterState.TERMINATED, ClusterState.TERMINATED_WITH_ERRORS}

    @property
    def usable(self) -> bool:
        """It runs steps now."""
        return self in {ClusterState.RUNNING, ClusterState.WAITING}

    @property
    def accepts_steps(self) -> bool:
        """It takes steps, which may have to wait until it is ready."""
        return not self.finished and self is not ClusterState.TERMINATING


class StepState(str, Enum):
    """Of a step."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    CANCEL_PENDING = "CANCEL_PENDING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"

    @classmethod
    def read(cls, word: str) -> StepState:
        return _read(cls, "a step", word)

    @property
    def finished(self) -> bool:
        return self not in {StepState.PENDING, StepState.RUNNING, StepState.CANCEL_PENDING}

    @property
    def succeeded(self) -> bool:
        return self is StepState.COMPLETED

    @property
    def cancelled(self) -> bool:
        return self is StepState.CANCELLED

    @property
    def ending(self) -> bool:
        return self is StepState.CANCEL_PENDING


class InstanceGroupState(str, Enum):
    """Of an instance group, and of an instance fleet, which has some of them."""

    PROVISIONING = "PROVISIONING"
    BOOTSTRAPPING = "BOOTSTRAPPING"
    RUNNING = "RUNNING"
    RECONFIGURING = "RECONFIGURING"
    RESIZING = "RESIZING"
    SUSPENDED = "SUSPENDED"
    ARRESTED = "ARRESTED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    ENDED = "ENDED"

    @classmethod
    def read(cls, word: str) -> InstanceGroupState:
        return _read(cls, "an instance group", word)

    @property
    def finished(self) -> bool:
        return self in {InstanceGroupState.TERMINATED, InstanceGroupState.ENDED}

    @property
    def failed(self) -> bool:
        """It will not become what it was asked to be without being asked anew."""
        return self not in {
            InstanceGroupState.PROVISIONING,
            InstanceGroupState.BOOTSTRAPPING,
            InstanceGroupState.RUNNING,
            InstanceGroupState.RECONFIGURING,
            InstanceGroupState.RESIZING,
        }


class Settling(str, Enum):
    """Whether a group or fleet is what it was asked to be."""

    CHANGING = "CHANGING"
    SETTLED = "SETTLED"
    FAILED = "FAILED"

    @classmethod
    def read(cls, word: str) -> Settling:
        return _read(cls, "a group or fleet", word)

    @property
    def finished(self) -> bool:
        return self is not Settling.CHANGING


class InstanceState(str, Enum):
    """Of an instance."""

    AWAITING_FULFILLMENT = "AWAITING_FULFILLMENT"
    PROVISIONING = "PROVISIONING"
    BOOTSTRAPPING = "BOOTSTRAPPING"
    RUNNING = "RUNNING"
    TERMINATED = "TERMINATED"

    @classmethod
    def read(cls, word: str) -> InstanceState:
        return _read(cls, "an instance", word)

    @property
    def finished(self) -> bool:
        return self is InstanceState.TERMINATED


def _read(states: type[S], what: str, word: str) -> S:
    try:
        return states(word)
    except ValueError:
        raise UnknownState(what, word) from None
