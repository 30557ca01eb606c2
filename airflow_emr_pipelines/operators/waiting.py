"""What all operators of Amazon EMR share: the connection, and waiting, on whatever compute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn

from airflow.sdk import BaseOperator, BaseOperatorLink

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.errors import BadTriggerEvent, DeadlineExceeded, UnknownState, WatchRefused
from airflow_emr_pipelines.links import LINK_XCOM, EmrConsoleLink, EmrLogsLink
from airflow_emr_pipelines.operators.arguments import told_of_unknown
from airflow_emr_pipelines.operators.calls import Calls
from airflow_emr_pipelines.operators.rendering import KeepsTexts
from airflow_emr_pipelines.operators.task_run import TaskRun, try_started
from airflow_emr_pipelines.operators.templates import date_that_is_not
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.keys import key_in_name
from airflow_emr_pipelines.specs.values.templates import is_rendered
from airflow_emr_pipelines.triggers.jobs import JobKind, JobsTrigger, S, is_event
from airflow_emr_pipelines.versions import AirflowException

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.compute import Location

BACKSTOP = timedelta(minutes=5)
"""How long after our own deadline Airflow ends a deferral, should the trigger not have come back with it."""
GRACE_OF_A_KILLED_TASK = 3.0
"""Seconds that an interrupted job has when Airflow ends the worker that waits for it: it kills it after five."""


class EmrCallOperator(KeepsTexts, BaseOperator):
    """Base of the operators: declares and documents once what they share.

    :param aws_conn_id: the AWS connection; None for boto3's own credential chain
    :param region_name: the AWS region; None for the connection's
    """

    calls: ClassVar[Calls]
    template_fields: Sequence[str] = ("aws_conn_id", "region_name")
    ui_color = "#ffe6c7"

    def __init__(
        self, *, aws_conn_id: str | None = "aws_default", region_name: str | None = None, **kwargs: Any
    ) -> None:
        with told_of_unknown(type(self), kwargs):
            super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name


class EmrOperator(versions.RenderedOrTold, EmrCallOperator, Generic[S]):
    """Base of the operators that wait.

    :param deferrable: wait in the triggerer, which costs no worker slot; False waits in the worker
    :param poll_seconds: seconds between two looks, at the least; None for ``[emr_pipelines] poll_seconds``

    ``execution_timeout`` bounds each try, also while it is deferred: the job is then cancelled and the task fails.
    """

    waits_for: ClassVar[JobKind[Any]]
    owns_its_job: ClassVar[bool] = True
    """What is waited for is the task's own, and is cancelled when the task fails or is killed."""
    operator_extra_links: Collection[BaseOperatorLink] = (EmrConsoleLink(), EmrLogsLink())

    def __init__(self, *, deferrable: bool = True, poll_seconds: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        if poll_seconds is not None:
            poll_seconds = rules.number(f"{name}.poll_seconds", poll_seconds, least=0)
        self.deferrable = rules.truth(f"{name}.deferrable", deferrable)
        self.poll_seconds = poll_seconds
        self.in_flight: JobsTrigger | None = None
        self.killed = False

    @cached_property
    def hook(self) -> Any:
        """The connection, made once for the task."""
        raise NotImplementedError

    def kind_of(self, job: Any) -> JobKind[Any]:
        """What a job is, by what an event or an XCom says of it: ``waits_for``, unless a task waits twice."""
        return self.waits_for

    def until(self) -> Collection[str]:
        """States that end the wait besides those that end the job."""
        return ()

    def conclude(self, context: Context, report: S) -> Any:
        """The task's result, or the exception that says what went wrong: the one place where an end is judged."""
        raise NotImplementedError

    def watching(self, context: Context) -> dict[str, Any]:
        """What every trigger of this task is told about watching."""
        return {
            "deadline": self.deadline(context),
            "poll_seconds": self.poll_seconds,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
        }

    def deadline(self, context: Context) -> float | None:
        """When this try's ``execution_timeout`` is over, in seconds since 1970."""
        if self.execution_timeout is None:
            return None
        return try_started(context["ti"]) + self.execution_timeout.total_seconds()

    def wait_and_judge(self, context: Context, trigger: JobsTrigger) -> Any:
        """Wait for what the trigger watches, in the triggerer or here, and judge it."""
        self.in_flight = trigger
        if self.killed:
            self.give_up()
            raise AirflowException(f"The task was killed while it started {trigger.label}")
        trigger.hook = self.hook
        if self.deferrable:
            come = None if TaskRun.of(context).first_try else self._come(trigger)
            if come is not None:
                return self._judge(context, trigger, come)
            trigger.hand_over(context)
            left = None if trigger.deadline is None else timedelta(seconds=max(0.0, trigger.deadline - time.time()))
            self.defer(trigger=trigger, method_name="resume", timeout=left + BACKSTOP if left is not None else None)
        return self._judge(context, trigger, asyncio.run(trigger.wait()))

    def _come(self, trigger: JobsTrigger) -> dict[str, Any] | None:
        """What an earlier try waited for, where it has come: Airflow may have lost that try just then."""
        try:
            return trigger.come()
        except Exception as error:
            self.log.warning("Whether %s is there already is not known: %s", trigger.label, error)
            return None

    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """Come back from the triggerer."""
        if not is_event(event):
            self._refuse_event(context, event)
        if versions.is_of_an_earlier_try(event, context):
            return self.execute(context)
        if not self.kind_of(event["job"]).is_said_by(event["job"]):
            self._refuse_event(context, event)
        self.in_flight = trigger = self.trigger_of(context, event["job"])
        try:
            return self._judge(context, trigger, event)
        except (BadTriggerEvent, UnknownState):
            self.give_up()
            raise

    def _refuse_event(self, context: Context, event: object) -> NoReturn:
        """Fail for an event that does not tell which job it is of: the job would run on."""
        self._give_up_published(context)
        raise BadTriggerEvent(event)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Airflow fails a task whose trigger was lost without asking it: its job would run on."""
        if next_method == versions.TRIGGER_FAILED:
            job = self._published(context)
            if job and versions.is_of_an_earlier_try(job, context):
                return self.execute(context)
            self._give_up_published(context)
        return super().resume_execution(next_method, next_kwargs, context)

    def not_rendered(self, context: Context, error: Exception) -> None:
        """Airflow renders the fields also when the task comes back. Where it cannot, the job would run on."""
        if way_out := date_that_is_not(error):
            self.log.error("%s", way_out)
        self._give_up_published(context)

    def _published(self, context: Context) -> Mapping[str, Any] | None:
        """What this task run has put down of its job, if it has one."""
        ti = context["ti"]
        job = ti.xcom_pull(key=LINK_XCOM, task_ids=ti.task_id, map_indexes=ti.map_index)
        return job if isinstance(job, Mapping) else None

    def _give_up_published(self, context: Context) -> None:
        """Try to cancel the job of this try when nothing else tells which it is."""
        try:
            job = self._published(context)
            if self.owns_its_job and job and not versions.is_of_an_earlier_try(job, context):
                trigger = self.trigger_of(context, job)
                if not (is_rendered(self.aws_conn_id) and is_rendered(self.region_name)):  # what could not be rendered
                    trigger.aws_conn_id, trigger.region_name = job.get("aws_conn_id"), job.get("region")
                if self._is_own(context, trigger):
                    self.in_flight = trigger
                    self.cancel()
                else:
                    self.log.error(
                        "The XCom %s names %s, which is not this task's: it is let be", LINK_XCOM, trigger.label
                    )
        except Exception as error:
            self.log.error("The job could not be cancelled either, and may run on: %s", error)

    def _is_own(self, context: Context, trigger: JobsTrigger) -> bool:
        """Whether what a trigger watches carries this task run's key: whoever may write XComs may name another job."""
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        look = partial(trigger.compute().reports, trigger.job_ids)
        reports, _ = retry_until_clear(look, operation="the look at what is to be cancelled")
        seen = [reports.get(job_id) for job_id in trigger.job_ids]
        names = [None if report is None or isinstance(report, Exception) else report.name for report in seen]
        return all(name is not None and key_in_name(name) == TaskRun.of(context).key for name in names)

    def trigger_of(self, context: Context, job: Mapping[str, Any]) -> JobsTrigger:
        """The trigger that watches that job; an event carries what this needs."""
        own = {"until": self.until(), "cancel_on_kill": self.owns_its_job}
        return self.kind_of(job).trigger(job, **own, **self.watching(context))

    def _judge(self, context: Context, trigger: JobsTrigger, event: Mapping[str, Any]) -> Any:
        report: S | None = self.kind_of(event["job"]).read(event["report"]) if event["report"] is not None else None
        if event["timed_out"]:
            self.out_of_time(trigger, report)
        if event["refused"] is not None:
            self.give_up()
            raise WatchRefused(trigger.label, str(event["refused"]))
        if report is None:
            raise BadTriggerEvent(event)
        # It has become what was waited for, and a retry takes it over. Airflow may end this try though no user has.
        self.in_flight = None
        return self.conclude(context, report)

    def out_of_time(self, trigger: JobsTrigger, report: S | None) -> NoReturn:
        """Cancel what did not end in time."""
        self.give_up()
        seconds = self.execution_timeout.total_seconds() if self.execution_timeout else 0
        raise DeadlineExceeded(trigger.label, seconds, report.state.value if report else "never seen")

    def give_up(self) -> None:
        """Try to cancel the task's own job on the way to a failure, whose reason is what matters to the caller."""
        try:
            self.cancel()
        except Exception as error:
            self.log.error("The job could not be cancelled either, and may run on: %s", error)

    def on_kill(self) -> None:
        """Cancel the task's own job, in the worker; the trigger does so while the task is deferred.

        A kill may come while the job's submission is under way, when there is no id yet: the job is cancelled then as
        soon as there is one.
        """
        self.killed = True
        self.cancel()

    def cancel(self) -> None:
        """Cancel the task's own job, if it has one."""
        if self.in_flight is not None and self.in_flight.cancel_on_kill:
            self.log.info("Cancelling %s", self.in_flight.label)
            grace = GRACE_OF_A_KILLED_TASK if self.killed else None
            self.in_flight.compute().cancel(self.in_flight.job_ids, grace=grace)
            self.in_flight = None

    def publish(self, context: Context, location: Location, *, spark: bool = False, **job: Any) -> None:
        """Put down what the links are made of, so that they work while the job runs.

        :param spark: Spark runs there
        :param job: the ids of the job and of its compute, by the service's own names, and its log_uri
        """
        ti = context["ti"]
        spark = spark and versions.CLICKS_CARRY_THE_LOGIN
        more = {"spark": spark, "try_number": ti.try_number}
        ti.xcom_push(key=LINK_XCOM, value={**location.to_xcom(), **job, **more})
