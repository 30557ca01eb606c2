"""A sensor for a step that somebody else added to a cluster of Amazon EMR on EC2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_S3, Calls
from airflow_emr_pipelines.operators.ec2.jobs import STEP
from airflow_emr_pipelines.operators.job_logs import failure_of
from airflow_emr_pipelines.sensors.base import EmrSensor
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.values import ids


class EmrStepSensor(EmrSensor[StepReport]):
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
    waits_for = STEP

    def __init__(self, *, cluster_id: str | Any, step_id: str | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster_id = ids.cluster_id("EmrStepSensor.cluster_id", cluster_id)
        self.step_id = ids.step_id("EmrStepSensor.step_id", step_id)

    def job(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id, "step_id": self.step_id}

    def reached(self, report: StepReport) -> bool:
        if report.state.finished and not report.state.succeeded:
            from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

            steps = EmrSteps(report.cluster_id, self.aws_conn_id, self.region_name)
            raise failure_of(steps, report, log=self.log)
        return report.state.succeeded
