"""An instance group's automatic scaling policy, which is kept and told: no metrics come here that could trigger it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any


class PolicyState(str, Enum):
    """Of an automatic scaling policy."""

    PENDING = "PENDING"
    ATTACHING = "ATTACHING"
    ATTACHED = "ATTACHED"
    DETACHING = "DETACHING"
    DETACHED = "DETACHED"


P = PolicyState
NEXT: Mapping[PolicyState, PolicyState] = {
    P.PENDING: P.ATTACHING,
    P.ATTACHING: P.ATTACHED,
    P.DETACHING: P.DETACHED,
}
"""What each state leads to by itself; the others stay."""


@dataclass
class AutoScaling:
    """A policy on its way to a group, or from it."""

    policy: Mapping[str, Any]
    state: PolicyState = P.PENDING
    due: datetime | None = None

    def detach(self) -> None:
        self.state, self.due = P.DETACHING, None

    def advance(self, now: datetime, delay: timedelta) -> datetime | None:
        """Move on as far as it is due; when it is due next."""
        while self.state in NEXT:
            if self.due is None:
                self.due = now if self.state is P.PENDING else now + delay
            if self.due > now:
                return self.due
            self.state, self.due = NEXT[self.state], None
        return None
