"""Faults that the emulator is told to make, so that what a client does about them can be seen."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from airflow_emr_pipelines.emulator.aws.errors import AwsError, throttled

EVERYTHING = "*"


class Kind(str, Enum):
    """What happens to a request."""

    THROTTLE = "throttle"
    """It is refused with ThrottlingException; nothing is done."""
    ERROR = "error"
    """It is refused with the error that is given, InternalServerException by default; nothing is done."""
    DROP = "drop"
    """Its connection is cut; nothing is done."""
    LOSE_ANSWER = "lose_answer"
    """It is done, and the connection is cut before the answer."""
    DELAY = "delay"
    """It is answered after that many seconds."""


class BadFault(ValueError):
    """A fault that cannot be made; the sentence says why."""


@dataclass
class Fault:
    """A fault on an operation, for a number of requests, or for a time, or until it is taken back.

    ``operation`` is one of EMR's, such as RunJobFlow, or the name of another service, such as s3, or ``*``.
    """

    operation: str
    kind: Kind
    times: int | None = None
    seconds: float | None = None
    skip: int = 0
    """Requests that pass before the first that does not."""
    code: str = "InternalServerException"
    message: str = "Service is unavailable"
    status: int = 500
    delay: float = 1.0
    id: int = 0
    hits: int = 0
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Fault:
        """A fault as a client describes it.

        :raises BadFault: a member that is unknown, missing or no such value
        """
        members = {
            "operation": str,
            "kind": str,
            "times": int,
            "seconds": (int, float),
            "skip": int,
            "code": str,
            "message": str,
            "status": int,
            "delay": (int, float),
        }
        for name, value in given.items():
            if name not in members:
                raise BadFault(f"A fault has no {name!r}; it has {', '.join(members)}.")
            if not isinstance(value, members[name]) or isinstance(value, bool):  # type: ignore[arg-type]
                raise BadFault(f"{name} of a fault cannot be {value!r}.")
            if isinstance(value, (int, float)) and value < 0:
                raise BadFault(f"{name} of a fault is not negative.")
        if not given.get("operation") or given.get("kind") not in [kind.value for kind in Kind]:
            raise BadFault(f"A fault has an operation and a kind: {', '.join(kind.value for kind in Kind)}.")
        if not 400 <= given.get("status", 500) <= 599:
            raise BadFault("The status of an error is between 400 and 599.")
        return cls(**{**given, "kind": Kind(given["kind"])})

    def to_dict(self) -> dict[str, Any]:
        """As a client is shown it."""
        return {name: value for name, value in asdict(self).items() if name != "began"}

    def error(self) -> AwsError:
        """The answer of a request that is refused."""
        if self.kind is Kind.THROTTLE:
            return throttled()
        return AwsError(self.code, self.message, self.status)


class Faults:
    """The faults in force. The first that fits a request is made, and no second one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        fault.id, fault.began = next(self._ids), self._clock()
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all back."""
        self._faults.clear()

    def all(self) -> list[Fault]:
        """All that were added and not taken back, also those that are over."""
        return list(self._faults)

    def next(self, operation: str) -> Fault | None:
        """The fault of a request that has come, if it is to have one."""
        for fault in self._faults:
            if fault.operation in (operation, EVERYTHING) and not self._is_over(fault):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                return fault
        return None

    def _is_over(self, fault: Fault) -> bool:
        late = fault.seconds is not None and self._clock() > fault.began + fault.seconds
        return late or (fault.times is not None and fault.hits >= fault.times)
