"""How often EMR may be called: a token bucket for each region and operation, and one for all calls of a region.

The figures are AWS's quotas of an account that has asked for no more
(https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-service-limits-strategy.html).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``burst`` calls at once after a quiet time, and ``per_second`` in the long run."""

    burst: float
    per_second: float


ALL_CALLS = Rate(25, 5)
RATES: Mapping[str, Rate] = {
    "AddInstanceFleet": Rate(5, 0.5),
    "AddInstanceGroups": Rate(5, 0.2),
    "AddJobFlowSteps": Rate(10, 0.5),
    "AddTags": Rate(5, 0.5),
    "CancelSteps": Rate(10, 0.5),
    "DescribeCluster": Rate(10, 1),
    "DescribeStep": Rate(10, 0.5),
    "ListBootstrapActions": Rate(10, 1),
    "ListClusters": Rate(20, 0.5),
    "ListInstanceFleets": Rate(5, 0.5),
    "ListInstanceGroups": Rate(10, 1),
    "ListInstances": Rate(10, 0.5),
    "ListSteps": Rate(10, 0.5),
    "ModifyCluster": Rate(10, 0.5),
    "ModifyInstanceFleet": Rate(5, 0.5),
    "ModifyInstanceGroups": Rate(5, 0.5),
    "RemoveTags": Rate(5, 0.5),
    "RunJobFlow": Rate(10, 0.5),
    "SetTerminationProtection": Rate(5, 0.2),
    "TerminateJobFlows": Rate(10, 0.5),
}
"""Operations that are not here have no figure of their own: ``ALL_CALLS`` alone limits them."""


class Bucket:
    """Full at first."""

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate, self._tokens, self._counted = rate, rate.burst, now

    def tokens(self, now: float) -> float:
        """How many are there by now."""
        if now > self._counted:
            self._tokens = min(self.rate.burst, self._tokens + (now - self._counted) * self.rate.per_second)
            self._counted = now
        return self._tokens

    def take(self) -> None:
        self._tokens -= 1


class Rates:
    """The buckets of one account.

    :param clock: seconds that only grow
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def allow(self, region: str, operation: str) -> bool:
        """Whether the call may be made now; only then it takes its tokens."""
        now = self._clock()
        buckets = [self._bucket(region, "", ALL_CALLS, now)]
        if operation in RATES:
            buckets.append(self._bucket(region, operation, RATES[operation], now))
        if any(bucket.tokens(now) < 1 for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.take()
        return True

    def _bucket(self, region: str, name: str, rate: Rate, now: float) -> Bucket:
        return self._buckets.setdefault((region, name), Bucket(rate, now))
