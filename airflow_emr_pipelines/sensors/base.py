"""What the sensors share: the same triggers as the operators, of work that somebody else started."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from airflow.sdk import BaseSensorOperator

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.errors import (
    BadTriggerEvent,
    DeadlineExceeded,
    EmrPipelinesError,
    UnknownState,
    WatchRefused,
)
from airflow_emr_pipelines.links import LINK_XCOM, EmrConsoleLink, EmrLogsLink
from airflow_emr_pipelines.operators.arguments import told_of_unknown
from airflow_emr_pipelines.operators.calls import Calls
from airflow_emr_pipelines.operators.rendering import KeepsTexts
from airflow_emr_pipelines.operators.waiting import BACKSTOP
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.triggers.jobs import JobKind, JobsTrigger, S, is_event
from airflow_emr_pipelines.versions import AirflowSensorTimeout, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context


class EmrSensor(KeepsTexts, BaseSensorOperator, Generic[S]):
    """Base of the sensors. Airflow's own ``timeout``, ``mode``, ``soft_fail`` and ``poke_interval`` hold.

    A sensor cancels nothing: what it watches is not its own.

    :param aws_conn_id: the AWS connection; None for boto3's own credential chain
    :param region_name: the AWS region; None for the connection's
    :param deferrable: wait in the triggerer, which costs no worker slot; False waits as ``mode`` says
    """

    calls: ClassVar[Calls]
    waits_for: ClassVar[JobKind[Any]]
    template_fields: Sequence[str] = ("aws_conn_id", "region_name")
    operator_extra_links = (EmrConsoleLink(), EmrLogsLink())
    ui_color = "#fff4e3"

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        with told_of_unknown(type(self), kwargs):
            super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.deferrable = rules.truth(f"{type(self).__name__}.deferrable", deferrable)

    def job(self) -> dict[str, Any]:
        """What is watched, by the service's own names: cluster_id, step_id …"""
        raise NotImplementedError

    def until(self) -> Collection[str]:
        """States that end the wait besides those that end the job."""
        return ()

    def reached(self, report: S) -> bool:
        """Whether the sensor's state is reached; raises when it never will be."""
        raise NotImplementedError

    def trigger(self, deadline: float | None) -> JobsTrigger:
        """What waits for the thing that is watched."""
        return self.waits_for.trigger(
            self.job(),
            until=self.until(),
            deadline=deadline,
            cancel_on_kill=False,
            poll_seconds=self.poke_interval,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
        )

    def execute(self, context: Context) -> Any:
        location = self.trigger(None).compute().location
        context["ti"].xcom_push(key=LINK_XCOM, value={**location.to_xcom(), **self.job()})
        if not self.deferrable:
            return super().execute(context)
        seconds = float(self.timeout)
        trigger = self.trigger(time.time() + seconds)
        trigger.hand_over(context)
        self.defer(trigger=trigger, method_name="resume", timeout=timedelta(seconds=seconds) + BACKSTOP)

    def poke(self, context: Context) -> bool:
        """One look. A fault of the service that may pass says no more than that the state is not reached yet."""
        from airflow_emr_pipelines.aws_errors import ErrorKind, classify

        trigger = self.trigger(None)
        try:
            (job_id,) = trigger.job_ids
            reports, _ = trigger.compute().reports([job_id])
            report = reports.get(job_id)
            if isinstance(report, Exception):
                raise report
        except UnknownState as error:
            self.log.warning("%s", error)
            return False
        except Exception as error:
            if classify(error) is ErrorKind.REFUSED:
                raise
            self.log.warning("No answer about %s this time: %s", trigger.label, error)
            return False
        return report is not None and self.reached(report)

    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """Come back from the triggerer. The task ends as it would have ended waiting in the worker."""
        if not is_event(event):
            raise BadTriggerEvent(event)
        if versions.is_of_an_earlier_try(event, context):
            return self.execute(context)
        try:
            self._judge(event)
        except (EmrPipelinesError, AirflowSensorTimeout) as error:
            if self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise

    def _judge(self, event: Mapping[str, Any]) -> None:
        report: S | None = self.waits_for.read(event["report"]) if event["report"] is not None else None
        label = self.trigger(None).label
        if event["timed_out"]:
            late = DeadlineExceeded(label, float(self.timeout), report.state.value if report else "never seen")
            raise AirflowSensorTimeout(str(late))
        if event["refused"] is not None:
            raise WatchRefused(label, str(event["refused"]))
        if report is None or not self.reached(report):
            raise BadTriggerEvent(event)
