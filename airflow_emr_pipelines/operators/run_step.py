"""Running one step and seeing it through, on whatever compute: what is the same on all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from airflow.sdk import BaseOperatorLink

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.errors import InvalidSpec, StepFailed
from airflow_emr_pipelines.links import EmrSparkHistoryLink, EmrToleratedLink
from airflow_emr_pipelines.operators.job_logs import failure_of, say_where, show_logs
from airflow_emr_pipelines.operators.lineage import Lineage, is_spark_step
from airflow_emr_pipelines.operators.requests import Requesting
from airflow_emr_pipelines.operators.task_run import TaskRun
from airflow_emr_pipelines.operators.templates import warn_of_templates
from airflow_emr_pipelines.operators.waiting import EmrOperator
from airflow_emr_pipelines.specs.backend import Backend
from airflow_emr_pipelines.specs.reports import JobReport
from airflow_emr_pipelines.specs.serialization import as_known, checked_dict, from_dict
from airflow_emr_pipelines.specs.steps import OnFailure, Step

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.compute import JobCompute, Location

J = TypeVar("J", bound=JobReport)

TOLERATED = "failure tolerated"
"""What stands beside such a task in Airflow's lists, where it is as green as any."""


class RunStep(Requesting, EmrOperator[J]):
    """Run one step on a compute and see it through.

    The job carries the task run's key in its name, so a retry finds the job of an earlier try: one that still runs, or
    has completed, is taken over; one that failed is followed by a new one.

    The step's word for a failure is carried out here, when the task has no retries left.

    :param step: what to run
    :param show_logs: when the tails of the job's logs are put into the task log
    :param openlineage_inject_parent_job_info: tell a Spark step which task has started it; None for ``[openlineage]
        spark_inject_parent_job_info``
    :param openlineage_inject_transport_info: tell a Spark step where its events go, with the key that takes, which EMR
        shows to whoever may describe the job; None for ``[openlineage] spark_inject_transport_info``
    """

    backend: ClassVar[Backend]
    operator_extra_links: Collection[BaseOperatorLink] = (*EmrOperator.operator_extra_links, EmrToleratedLink())
    has_tolerated = False
    """This try ends well in spite of a failure."""

    def __init__(
        self,
        *,
        step: Step | Mapping[str, Any] | Any,
        show_logs: Literal["on_failure", "always"] = "on_failure",
        openlineage_inject_parent_job_info: bool | None = None,
        openlineage_inject_transport_info: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if show_logs not in ("on_failure", "always"):
            raise InvalidSpec("show_logs", show_logs, "it is one of on_failure and always", "choose one of them")
        step = as_known(step, Step)
        self.backend.check(step, options={"region": self.region_name})
        self.step = checked_dict(step, Step)
        warn_of_templates(self, "step")
        self.show_logs = show_logs
        self.lineage = Lineage(openlineage_inject_parent_job_info, openlineage_inject_transport_info)

    # What each compute has its own of

    def compute(self) -> JobCompute[J]:
        """Where the step is to run."""
        raise NotImplementedError

    def compute_of(self, report: J) -> JobCompute[J]:
        """Where the job of that report has run."""
        raise NotImplementedError

    def check_rendered(self, step: Step) -> None:
        """Refuse what the fields make no sense with, now that all are rendered."""

    def start(
        self, context: Context, compute: JobCompute[J], run: TaskRun, step: Step, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The job that runs, or has run, the request, as links and the trigger are told of it."""
        job_id = self.adopted_or_submitted(context, compute, run, request)
        return {**compute.fields, self.waits_for.id_field: job_id}

    def end_compute(self, report: J) -> None:
        """End what the job ran on, as its word for a failure wants."""
        raise NotImplementedError

    def result(self, report: J) -> dict[str, Any]:
        """What the task returns of a job that has ended."""
        raise NotImplementedError

    # What is the same everywhere

    def execute(self, context: Context) -> Any:
        step, run = from_dict(self.step, Step), TaskRun.of(context)
        compute = self.compute()
        location = compute.location
        self.check_rendered(step)
        with_lineage = self.lineage.given_to(step, context)
        fields = self.own_fields(step=with_lineage)
        request = self.request(fields, key=run.key, tags=run.tags, region=location.region)
        job = self.start(context, compute, run, step, request)
        return self._follow(context, location, step, job)

    def _follow(self, context: Context, location: Location, step: Step, job: Mapping[str, Any]) -> Any:
        trigger = self.trigger_of(context, job)
        self.in_flight = trigger
        try:
            self.publish(context, location, spark=is_spark_step(step), **job)
            return self.wait_and_judge(context, trigger)
        except (versions.TaskDeferred, StepFailed):
            raise
        except BaseException:
            self.give_up()
            raise

    def adopted_or_submitted(
        self, context: Context, compute: JobCompute[J], run: TaskRun, request: Mapping[str, Any]
    ) -> str:
        """The id of an earlier try's job that still runs, or has completed, or of a new one."""
        earlier = self.earlier(context, compute, run)
        if earlier is not None and is_of_use(earlier):
            return self.adopted(compute, earlier)
        return self.submitted(compute, run, request, earlier)

    def adopted(self, compute: JobCompute[J], earlier: J) -> str:
        """The id of the job of an earlier try, which is taken over."""
        self.log.info("Taking over %s %s (%s) of an earlier try", compute.noun, earlier.id, earlier.state.value)
        return earlier.id

    def submitted(self, compute: JobCompute[J], run: TaskRun, request: Mapping[str, Any], earlier: J | None) -> str:
        """The id of a new job; one and the same, however its submission goes."""
        earlier_id = earlier.id if earlier else None
        return compute.submit(request, run.key, run.started, earlier=earlier_id, unsent=run.try_started)

    def earlier(self, context: Context, compute: JobCompute[J], run: TaskRun) -> J | None:
        """The job of an earlier try. What is to end has ended then, so that two never run at once."""
        if run.first_try:
            return None
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        find = partial(retry_until_clear, partial(compute.find, run.key, run.started), operation=compute.listing)
        ending = run.before_it_was_cleared(retry_until_clear(compute.unfinished, operation=compute.listing))
        earlier = find()
        if earlier is not None and earlier.state.ending:
            ending.append(earlier.id)
        if not ending:
            return earlier
        self.log.info("%ss %s, which this task ran before, are to end first", compute.noun.capitalize(), ending)
        compute.cancel(ending)
        job = {**compute.fields, self.waits_for.id_field: ending}
        asyncio.run(self.waits_for.trigger(job, **self.watching(context)).wait())
        return find()

    def conclude(self, context: Context, report: J) -> dict[str, Any]:
        self.lineage.hide()
        compute = self.compute_of(report)
        if report.state.succeeded:
            self.log.info("%s %s (%s) completed", compute.noun.capitalize(), report.id, report.name)
            self._say_where(context, compute, report)
            if self.show_logs == "always":
                show_logs(compute, report, log=self.log, level=logging.INFO)
            return self.result(report)
        final = TaskRun.of(context).last_try and not report.state.cancelled
        word = from_dict(self.step, Step).on_failure if final else None
        if word is OnFailure.TERMINATE_CLUSTER:
            self._end_compute(compute, report)
        failure = failure_of(compute, report, log=self.log)
        if word is OnFailure.CONTINUE:
            return self._tolerate(context, report, failure)
        raise failure

    def _say_where(self, context: Context, compute: JobCompute[J], report: J) -> None:
        job = {**compute.fields, self.waits_for.id_field: report.id}
        log_uri = (self._published(context) or {}).get("log_uri")
        spark = versions.CLICKS_CARRY_THE_LOGIN and is_spark_step(from_dict(self.step, Step))
        say_where(compute, job, log_uri, EmrSparkHistoryLink().page(context["ti"]) if spark else None, log=self.log)

    def _tolerate(self, context: Context, report: J, failure: StepFailed) -> dict[str, Any]:
        """End well in spite of a failure, but announce no data that was not made, and be seen not to be a success."""
        self.log.error("%s", failure)
        self.log.error("The step says on_failure=CONTINUE, so the task goes on as if it had succeeded")
        self.outlets = []
        self.has_tolerated = True
        versions.show_beside(context, TOLERATED)
        return {**self.result(report), "tolerated": True, "cause": failure.cause}

    def _end_compute(self, compute: JobCompute[J], report: J) -> None:
        self.log.error("The step says on_failure=TERMINATE_CLUSTER")
        try:
            self.end_compute(report)
        except Exception as error:  # why the step failed matters more, and fails the task as well
            self.log.error("The %s was not terminated: %s", compute.runs_on, error)


def is_of_use(earlier: JobReport) -> bool:
    """Whether the job of an earlier try is what this one wants: it still runs, or has completed."""
    return not earlier.state.finished or earlier.state.succeeded
