"""What the operators of Amazon EMR on EC2 share that wait: one connection a task."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airflow_emr_pipelines.operators.waiting import EmrOperator
from airflow_emr_pipelines.triggers.jobs import S

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.ec2.emr import EmrHook


class Ec2Operator(EmrOperator[S]):
    """Base of the operators that wait for a cluster, or for something that it has."""

    @cached_property
    def hook(self) -> EmrHook:
        """The connection, made once for the task."""
        from airflow_emr_pipelines.hooks.ec2.emr import EmrHook

        return EmrHook(self.aws_conn_id, self.region_name)
