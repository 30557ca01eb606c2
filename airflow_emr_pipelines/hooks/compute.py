"""What can be watched: steps, clusters, groups and fleets, so that one watcher serves them all."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Protocol

from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, CollectionReport, Reports, StepReport

Report = StepReport | ClusterReport | CollectionReport
"""Of one job."""
Seen = Report | Reports[StepReport] | Reports[CollectionReport]
"""Of all that a task waits for."""


class Watched(Protocol):
    """Things of one compute whose states are asked for together."""

    @property
    def identity(self) -> Hashable:
        """Equal for two sources that would ask the same service the same question with the same credentials."""

    @property
    def account(self) -> Hashable:
        """Equal for two sources that draw on the same account's call rates."""

    def connect(self) -> None:
        """Make the client, with new credentials."""

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
        """What the service says of those ids now, or why it refuses to, and how many calls it took."""

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        """Ask for the end of those ids. What has ended already is left alone.

        :param grace: seconds that they may take at the most before they are killed, where that is another thing
        """
