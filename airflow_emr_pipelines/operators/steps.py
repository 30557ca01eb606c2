"""Operators for the steps of a cluster of Amazon EMR on EC2."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.errors import InvalidSpec, StepFailed
from airflow_emr_pipelines.operators.base import EmrOperator, TaskRun
from airflow_emr_pipelines.operators.failures import gone
from airflow_emr_pipelines.operators.step_logs import failure_of, show_logs
from airflow_emr_pipelines.specs.keys import name_with_key
from airflow_emr_pipelines.specs.plain import from_plain, to_plain
from airflow_emr_pipelines.specs.render_ec2 import check, render_step
from airflow_emr_pipelines.specs.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.states import StepState
from airflow_emr_pipelines.specs.steps import OnFailure, Step
from airflow_emr_pipelines.triggers.emr import EmrStepTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.jobs import Seen
    from airflow_emr_pipelines.hooks.steps import EmrSteps


class EmrRunStepOperator(EmrOperator):
    """Run one step on a cluster and see it through.

    The step carries the task run's key in its name, so a retry finds the step of an earlier try: one that still runs,
    or has completed, is taken over; one that failed is followed by a new one.

    EMR is always told ``ActionOnFailure=CONTINUE``; the step's own word is carried out here, when the task has no
    retries left, on any step concurrency. ``CANCEL_AND_WAIT``: the task fails. ``TERMINATE_CLUSTER``: the task fails
    and the cluster is terminated. ``CONTINUE``: the task succeeds with ``tolerated`` true in its result and without
    asset events.

    :param step: what to run
    :param cluster_id: where; a cluster that is STARTING, BOOTSTRAPPING, RUNNING or WAITING
    :param show_logs: when the tails of the step's logs are put into the task log
    :returns: a dictionary: cluster_id, step_id, name, state, tolerated, started, ended, application_ids, and cause when
        the failure was tolerated
    :raises StepFailed: the step failed, with the probable cause from its logs
    :raises StepCancelled: somebody else cancelled it
    :raises StepLost: the machines that it ran on were lost
    :raises ClusterGone: the cluster cannot take steps any more; ClusterLost where its machines were lost
    """

    template_fields: Sequence[str] = ("step", "cluster_id", *EmrOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step": "json"}

    def __init__(
        self,
        *,
        step: Step | Mapping[str, Any] | Any,
        cluster_id: str | Any,
        show_logs: Literal["on_failure", "always"] = "on_failure",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if show_logs not in ("on_failure", "always"):
            raise InvalidSpec("show_logs", show_logs, "it is one of on_failure and always", "choose one of them")
        check(step, region=self.region_name)
        self.step = to_plain(step)
        self.cluster_id = cluster_id
        self.show_logs = show_logs

    def steps(self, cluster_id: str) -> EmrSteps:
        from airflow_emr_pipelines.hooks.steps import EmrSteps

        return EmrSteps(cluster_id, self.aws_conn_id, self.region_name)

    def execute(self, context: Context) -> Any:
        step, run = from_plain(self.step, Step), TaskRun.of(context)
        steps = self.steps(self.cluster_id)
        where = steps.hook.where()
        request = render_step(step, name=name_with_key(step.name, run.key), region=where["region"])
        cluster = steps.hook.describe_cluster(self.cluster_id)
        earlier = None if run.first_try else self._earlier(context, steps, run)
        if earlier is not None and (not earlier.state.finished or earlier.state.succeeded):
            self.log.info("Taking over step %s (%s) of an earlier try", earlier.id, earlier.state.value)
            step_id = earlier.id
        else:
            self._check_cluster(cluster, step)
            step_id = steps.submit(request, run.key, run.started, earlier=earlier.id if earlier else None)
            self.log.info("Added step %s (%s) to cluster %s", step_id, request["Name"], self.cluster_id)
        trigger = self.trigger_of(context, {"cluster_id": self.cluster_id, "step_id": step_id})
        self.in_flight = trigger
        try:
            log_uri = step.log_uri or cluster.log_uri
            self.publish(context, **where, cluster_id=self.cluster_id, step_id=step_id, log_uri=log_uri)
            return self.see_through(context, trigger)
        except (TaskDeferred, StepFailed):
            raise
        except BaseException:
            self.give_up()
            raise

    def _earlier(self, context: Context, steps: EmrSteps, run: TaskRun) -> StepReport | None:
        """The step of an earlier try. What is to end is waited for, so that two never run at once."""
        cleared = [step.id for step in steps.running(run.earlier_keys)]
        if cleared:
            self.log.info("Cancelling steps %s, which ran for this task before it was cleared", cleared)
            steps.cancel(cleared)
        earlier = steps.find(run.key, run.started)
        if earlier is None or earlier.state is not StepState.CANCEL_PENDING:
            return earlier
        self.log.info("Step %s of an earlier try is being cancelled: waiting for its end", earlier.id)
        trigger = self.trigger_of(context, {"cluster_id": self.cluster_id, "step_id": earlier.id})
        report = asyncio.run(trigger.see())["report"]
        return earlier if report is None else self.read(report)

    def _check_cluster(self, cluster: ClusterReport, step: Step) -> None:
        if self.show_logs == "always" and not (step.log_uri or cluster.log_uri):
            raise InvalidSpec(
                "show_logs",
                self.show_logs,
                f"cluster {cluster.id} has no log URI, so there will be no logs to show",
                'create the cluster with log_uri="s3://…", give the step one, or leave show_logs at on_failure',
            )
        if not cluster.state.accepts_steps:
            raise gone(cluster)

    def trigger_of(self, context: Context, job: Mapping[str, Any]) -> EmrStepTrigger:
        return EmrStepTrigger(cluster_id=str(job["cluster_id"]), step_id=str(job["step_id"]), **self.watching(context))

    def read(self, report: Mapping[str, Any]) -> StepReport:
        return StepReport.from_event(report)

    def conclude(self, context: Context, report: Seen) -> dict[str, Any]:
        assert isinstance(report, StepReport)
        self.in_flight = None
        hook = self.steps(report.cluster_id).hook
        if report.state.succeeded:
            self.log.info("Step %s (%s) completed", report.id, report.name)
            if self.show_logs == "always":
                show_logs(report, hook, log=self.log, level=logging.INFO)
            return _result(report)
        final = TaskRun.of(context).last_try and report.state is not StepState.CANCELLED
        word = from_plain(self.step, Step).on_failure if final else None
        if word is OnFailure.TERMINATE_CLUSTER:
            self._terminate_cluster(report.cluster_id)
        failure = failure_of(report, hook, log=self.log)
        if word is OnFailure.CONTINUE:
            return self._tolerate(report, failure)
        raise failure

    def _tolerate(self, report: StepReport, failure: StepFailed) -> dict[str, Any]:
        """End well in spite of a failure, but announce no data that was not made."""
        self.log.error("%s", failure)
        self.log.error("The step says on_failure=CONTINUE, so the task goes on as if it had succeeded")
        self.outlets = []
        return {**_result(report), "tolerated": True, "cause": failure.cause}

    def _terminate_cluster(self, cluster_id: str) -> None:
        from airflow_emr_pipelines.hooks.clusters import EmrClusters

        self.log.error("The step says on_failure=TERMINATE_CLUSTER")
        try:
            EmrClusters(self.aws_conn_id, self.region_name).end(cluster_id, deployment=settings.deployment())
        except Exception as error:  # why the step failed matters more, and fails the task as well
            self.log.error("The cluster was not terminated: %s", error)


def _result(report: StepReport) -> dict[str, Any]:
    return {
        "cluster_id": report.cluster_id,
        "step_id": report.id,
        "name": report.name,
        "state": report.state.value,
        "tolerated": False,
        "started": report.started,
        "ended": report.ended,
        "application_ids": list(report.application_ids),
    }
