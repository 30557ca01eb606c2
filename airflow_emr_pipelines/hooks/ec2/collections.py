"""The instance groups or fleets of one cluster, watched together."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from airflow_emr_pipelines.hooks.ec2.compute import EmrCompute
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.specs.ec2.reports import CollectionReport


class EmrCollections(EmrCompute[CollectionReport]):
    """The instance groups of one EMR cluster, or its fleets."""

    def __init__(
        self,
        cluster_id: str,
        aws_conn_id: str | None,
        region_name: str | None,
        hook: EmrHook | None = None,
        *,
        fleets: bool = False,
    ) -> None:
        super().__init__(aws_conn_id, region_name, hook)
        self.cluster_id = cluster_id
        self.fleets = fleets

    @classmethod
    def of(
        cls, job: Mapping[str, Any], aws_conn_id: str | None, region_name: str | None, hook: EmrHook | None = None
    ) -> EmrCollections:
        return cls(str(job["cluster_id"]), aws_conn_id, region_name, hook, fleets=bool(job.get("fleets", False)))

    @property
    def fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "fleets": self.fleets}

    @property
    def identity(self) -> Hashable:
        return ("collections", self.account, self.cluster_id)

    def answers(self) -> list[dict[str, Any]]:
        """All that EMR tells of each."""
        return [one for page in self._pages() for one in page]

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, CollectionReport | Exception], int]:
        """What EMR says of those ids now. One that it does not know is an error, told in its place."""
        read = CollectionReport.from_fleet if self.fleets else CollectionReport.from_group
        pages = self._pages()
        known = {one["Id"]: one for page in pages for one in page}
        seen: dict[str, CollectionReport | Exception] = {
            one: read(self.cluster_id, known[one]) if one in known else LookupError(f"Cluster has no {one}")
            for one in ids
        }
        return seen, len(pages)

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        """A change of size cannot be taken back: it is left alone."""

    def _pages(self) -> list[list[dict[str, Any]]]:
        operation, member = ("list_instance_groups", "InstanceGroups")
        if self.fleets:
            operation, member = ("list_instance_fleets", "InstanceFleets")
        pages = self.hook.conn.get_paginator(operation).paginate(ClusterId=self.cluster_id)
        return [page[member] for page in pages]
