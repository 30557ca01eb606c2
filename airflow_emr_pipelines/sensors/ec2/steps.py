"""A sensor for a step that somebody else added to a cluster of Amazon EMR on EC2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_S3, Calls
from airflow_emr_pipelines.operators.ec2.step_logs import failure_of
from airflow_emr_pipelines.sensors.base import EmrSensor
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.triggers.jobs import EmrStepTrigger

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.compute import Report


class EmrStepSensor(EmrSensor):
    """Wait until a step has completed.

    :param cluster_id: the step's cluster
    :param step_id: the step
    :raises StepFailed: the step ended otherwise, with the probable cause from its logs
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("ListSteps", "DescribeCluster"),
        "cluster.log_uri": READS_S3,
        "cluster.monitoring.cloud_watch": READS_CLOUD_WATCH,
    }
    template_fields: Sequence[str] = ("cluster_id", "step_id", *EmrSensor.template_fields)

    def __init__(self, *, cluster_id: str | Any, step_id: str | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster_id = ids.cluster_id("EmrStepSensor.cluster_id", cluster_id)
        self.step_id = ids.step_id("EmrStepSensor.step_id", step_id)

    def trigger(self, deadline: float | None) -> EmrStepTrigger:
        return EmrStepTrigger(
            cluster_id=self.cluster_id,
            step_id=self.step_id,
            deadline=deadline,
            cancel_on_kill=False,
            poll_seconds=self.poke_interval,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
        )

    def where(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "step_id": self.step_id}

    def read(self, report: Mapping[str, Any]) -> StepReport:
        return StepReport.from_event(report)

    def reached(self, report: Report) -> bool:
        assert isinstance(report, StepReport)
        if report.state.finished and not report.state.succeeded:
            from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

            hook = EmrSteps(report.cluster_id, self.aws_conn_id, self.region_name).hook
            raise failure_of(report, hook, log=self.log)
        return report.state.succeeded
