"""What every compute tells of a thing that is waited for, and of a job: the services' own reports have it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from airflow_emr_pipelines.errors import BadTriggerEvent, StepFailed


class State(Protocol):
    """Where a thing stands, as an enum of the service's own words."""

    @property
    def value(self) -> Any:
        """The service's word."""

    @property
    def finished(self) -> bool:
        """It will not change any more. A cancellation that is under way is no end."""


class JobState(State, Protocol):
    """Where a job stands."""

    @property
    def succeeded(self) -> bool:
        """It has ended well."""

    @property
    def cancelled(self) -> bool:
        """It was cancelled, and has ended."""

    @property
    def ending(self) -> bool:
        """It is being cancelled, and has not ended."""


class Report(Protocol):
    """What a service says of one thing: a job, or what jobs run on."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> State: ...

    @property
    def said(self) -> str | None:
        """Why it stands so, in the service's words, and the log that it points at; None where it does not say."""

    def to_event(self) -> dict[str, Any]:
        """As JSON, for the event of a trigger; ``from_event`` reads it."""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Any:
        """:raises BadTriggerEvent: it is not what ``to_event`` made"""


class JobReport(Report, Protocol):
    """What a service says of a job: of a step, or of a job run. Times are ISO 8601, in UTC."""

    @property
    def state(self) -> JobState: ...

    @property
    def started(self) -> str | None: ...

    @property
    def ended(self) -> str | None: ...

    @property
    def cause(self) -> str | None:
        """Why it did not end well, in the service's words; None where the service does not say."""

    @property
    def log_file(self) -> str | None:
        """The log that the service itself points at."""

    def failure(self, kind: type[StepFailed], cause: str, log: str | None) -> StepFailed:
        """The exception that says that the job did not complete.

        :param cause: the probable one
        :param log: the address of the file in which it stands
        """


R = TypeVar("R", bound=Report)


@dataclass(frozen=True)
class Reports(Generic[R]):
    """What was seen last of several things that are waited for together."""

    each: tuple[R, ...]

    @property
    def state(self) -> State:
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
