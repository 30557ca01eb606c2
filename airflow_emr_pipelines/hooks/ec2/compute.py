"""What the steps, the clusters and the groups of one connection share: its client, its call rates, its place."""

from __future__ import annotations

from typing import TypeVar

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.hooks.compute import Compute, Location
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.specs.reports import Report

R = TypeVar("R", bound=Report)


class EmrCompute(Compute[R]):
    """Amazon EMR on EC2 as a compute.

    :param hook: the connection, where there is one already
    """

    backend = "ec2"
    service = "emr"

    def __init__(self, aws_conn_id: str | None, region_name: str | None, hook: EmrHook | None = None) -> None:
        super().__init__(aws_conn_id, region_name)
        self.hook = hook or EmrHook(aws_conn_id, region_name)
        self._is_new = hook is not None

    @property
    def location(self) -> Location:
        endpoint = self.hook.endpoint()
        return Location(self.backend, self.fields.get("cluster_id"), aws_conn_id=self.aws_conn_id, **endpoint)

    @property
    def calls_per_second(self) -> float:
        return settings.calls_per_second()

    def connect(self) -> None:
        """Make the client anew, with new credentials; at first the one will do that was given.

        Whoever gave the hook has new credentials then, too.
        """
        if not self._is_new:
            self.hook.renew()
        self._is_new = False
        _ = self.hook.conn
