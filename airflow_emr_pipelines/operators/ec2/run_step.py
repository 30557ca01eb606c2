"""Operators for the steps of a cluster of Amazon EMR on EC2."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.errors import InvalidSpec, StepFailed
from airflow_emr_pipelines.links import EmrSparkHistoryLink
from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_S3, Calls
from airflow_emr_pipelines.operators.ec2.failures import cluster_gone_error
from airflow_emr_pipelines.operators.ec2.step_logs import failure_of, show_logs
from airflow_emr_pipelines.operators.lineage import Lineage, is_spark_step
from airflow_emr_pipelines.operators.waiting import EmrOperator, TaskRun
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal
from airflow_emr_pipelines.specs.ec2.render.step import check, check_runtime_role, render_cluster, render_step
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState
from airflow_emr_pipelines.specs.serialization import described, from_plain
from airflow_emr_pipelines.specs.steps import OnFailure, Step
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.specs.values.keys import KEY_TAG, name_with_key
from airflow_emr_pipelines.triggers.jobs import EmrStepsTrigger, EmrStepTrigger
from airflow_emr_pipelines.versions import TaskDeferred

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.compute import Seen
    from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps


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
    :param successor: what to create where the cluster was lost, or has ended before the task was cleared; the steps of
        a TaskGroup share one, and its teardown ends it
    :param execution_role_arn: the runtime role that a Spark or Hive step acts as; the cluster has a security
        configuration that enables runtime roles
    :param show_logs: when the tails of the step's logs are put into the task log
    :param openlineage_inject_parent_job_info: tell a Spark step which task has started it; None for ``[openlineage]
        spark_inject_parent_job_info``
    :param openlineage_inject_transport_info: tell a Spark step where its events go, with the key that takes, which EMR
        shows to whoever may describe the step; None for ``[openlineage] spark_inject_transport_info``
    :returns: a dictionary: cluster_id, step_id, name, state, tolerated, started, ended, application_ids, and cause when
        the failure was tolerated
    :raises StepFailed: the step failed, with the probable cause from its logs
    :raises StepCancelled: somebody else cancelled it
    :raises StepLost: the machines that it ran on were lost
    :raises ClusterGone: the cluster cannot take steps any more; ClusterLost where its machines were lost
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("DescribeCluster", "AddJobFlowSteps", "ListSteps", "CancelSteps"),
        "cluster.log_uri": READS_S3,
        "step.log_uri": READS_S3,
        "cluster.monitoring.cloud_watch": READS_CLOUD_WATCH,
        "successor": ("RunJobFlow", "ListClusters", "TerminateJobFlows"),
        "successor.termination_protected": ("SetTerminationProtection",),
        "successor.instances.primary.count=3": ("SetTerminationProtection",),
        "step.on_failure=TERMINATE_CLUSTER": ("TerminateJobFlows",),
        "step.on_failure=TERMINATE_CLUSTER and cluster.termination_protected": ("SetTerminationProtection",),
        "step.on_failure=TERMINATE_CLUSTER and cluster.instances.primary.count=3": ("SetTerminationProtection",),
    }
    operator_extra_links = (*EmrOperator.operator_extra_links, EmrSparkHistoryLink())
    template_fields: Sequence[str] = (
        "step",
        "cluster_id",
        "successor",
        "execution_role_arn",
        *EmrOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"step": "json", "successor": "json"}

    def __init__(
        self,
        *,
        step: Step | Mapping[str, Any] | Any,
        cluster_id: str | Any,
        successor: EmrCluster | Mapping[str, Any] | Any = None,
        execution_role_arn: str | Any | None = None,
        show_logs: Literal["on_failure", "always"] = "on_failure",
        openlineage_inject_parent_job_info: bool | None = None,
        openlineage_inject_transport_info: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if show_logs not in ("on_failure", "always"):
            raise InvalidSpec("show_logs", show_logs, "it is one of on_failure and always", "choose one of them")
        check(step, successor, region=self.region_name)
        check_runtime_role(step, execution_role_arn)
        self.step = described(step, Step)
        self.successor = None if successor is None else described(successor, EmrCluster)
        self.cluster_id = ids.cluster_id(f"{type(self).__name__}.cluster_id", cluster_id)
        self.execution_role_arn = execution_role_arn
        self.show_logs = show_logs
        self.lineage = Lineage(openlineage_inject_parent_job_info, openlineage_inject_transport_info)

    def steps(self, cluster_id: str) -> EmrSteps:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        return EmrSteps(cluster_id, self.aws_conn_id, self.region_name, self.emr)

    def execute(self, context: Context) -> Any:
        step, run = from_plain(self.step, Step), TaskRun.of(context)
        where = self.steps(self.cluster_id).hook.where()
        check_runtime_role(step, self.execution_role_arn)
        told = self.lineage.given_to(step, context)
        request = render_step(told, name=name_with_key(step.name, run.key), region=where["region"])
        cluster = self._described(self.cluster_id)
        while (step_id := self._step_on(context, cluster, run, step, request)) is None:
            cluster = self._successor_of(context, self._described(cluster.id), run)
        trigger = self.trigger_of(context, {"cluster_id": cluster.id, "step_id": step_id})
        self.in_flight = trigger
        try:
            log_uri = step.log_uri or cluster.log_uri
            self.publish(
                context, **where, cluster_id=cluster.id, step_id=step_id, log_uri=log_uri, spark=is_spark_step(step)
            )
            return self.wait_and_judge(context, trigger)
        except (TaskDeferred, StepFailed):
            raise
        except BaseException:
            self.give_up()
            raise

    def _step_on(
        self, context: Context, cluster: ClusterReport, run: TaskRun, step: Step, request: Mapping[str, Any]
    ) -> str | None:
        """The id of the step that runs, or has run, the request on a cluster; None where that cannot be any more."""
        from airflow_emr_pipelines.aws_errors import code_of

        steps = self.steps(cluster.id)
        earlier = None if run.first_try else self._earlier(context, steps, run)
        if earlier is not None and (not earlier.state.finished or earlier.state.succeeded):
            self.log.info("Taking over step %s (%s) of an earlier try", earlier.id, earlier.state.value)
            return earlier.id
        if not cluster.state.accepts_steps:
            return None
        self._check_logs(cluster, step)
        try:
            step_id = steps.submit(
                request,
                run.key,
                run.started,
                earlier=earlier.id if earlier else None,
                execution_role_arn=self.execution_role_arn,
                unsent=run.try_started,
            )
        except Exception as refused:
            if not code_of(refused) or self._described(cluster.id).state.accepts_steps:
                raise
            self.log.info("Cluster %s took no step, since it has ended meanwhile", cluster.id)
            return None
        self.log.info("Added step %s (%s) to cluster %s", step_id, request["Name"], cluster.id)
        return step_id

    def _successor_of(self, context: Context, ended: ClusterReport, run: TaskRun) -> ClusterReport:
        """The cluster that has taken the place of one that has ended, or takes it now."""
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
        from airflow_emr_pipelines.hooks.ec2.successors import Successors

        if self.successor is None:
            raise cluster_gone_error(ended)
        successors = Successors(EmrClusters(self.aws_conn_id, self.region_name, None, self.emr), settings.deployment())
        found = successors.of(ended)
        if found is None:
            cleared = context["ti"].max_tries > (self.retries or 0)
            if not (ended.lost or cleared):
                raise cluster_gone_error(ended)
            spec = from_plain(self.successor, EmrCluster)

            def render(*, key: str, reveal: Reveal) -> dict[str, Any]:
                tags = {**run.tags, KEY_TAG: key}
                return render_cluster(spec, name=name_with_key(spec.name, key), tags=tags, reveal=reveal)

            found = successors.make(ended, render)
        self.log.warning("%s; cluster %s has taken its place", cluster_gone_error(ended), found.id)
        return found

    def _described(self, cluster_id: str) -> ClusterReport:
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        describe = partial(self.steps(cluster_id).hook.describe_cluster, cluster_id)
        return retry_until_clear(describe, operation="DescribeCluster")

    def _earlier(self, context: Context, steps: EmrSteps, run: TaskRun) -> StepReport | None:
        """The step of an earlier try. What is to end has ended then, so that two never run at once."""
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        find = partial(retry_until_clear, partial(steps.find, run.key, run.started), operation="ListSteps")
        ending = run.before_it_was_cleared(retry_until_clear(steps.unfinished, operation="ListSteps"))
        earlier = find()
        if earlier is not None and earlier.state is StepState.CANCEL_PENDING:
            ending.append(earlier.id)
        if not ending:
            return earlier
        self.log.info("Steps %s, which this task ran before, are to end first", ending)
        steps.cancel(ending)
        asyncio.run(EmrStepsTrigger(cluster_id=steps.cluster_id, step_ids=ending, **self.watching(context)).see())
        return find()

    def _check_logs(self, cluster: ClusterReport, step: Step) -> None:
        if self.show_logs == "always" and not (step.log_uri or cluster.log_uri):
            raise InvalidSpec(
                "show_logs",
                self.show_logs,
                f"cluster {cluster.id} has no log URI, so there will be no logs to show",
                'create the cluster with log_uri="s3://…", give the step one, or leave show_logs at on_failure',
            )

    def trigger_of(self, context: Context, job: Mapping[str, Any]) -> EmrStepTrigger:
        return EmrStepTrigger(cluster_id=str(job["cluster_id"]), step_id=str(job["step_id"]), **self.watching(context))

    def read(self, report: Mapping[str, Any]) -> StepReport:
        return StepReport.from_event(report)

    def conclude(self, context: Context, report: Seen) -> dict[str, Any]:
        assert isinstance(report, StepReport)
        self.in_flight = None
        self.lineage.hide()
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
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters

        self.log.error("The step says on_failure=TERMINATE_CLUSTER")
        try:
            EmrClusters(self.aws_conn_id, self.region_name, None, self.emr).end(
                cluster_id, deployment=settings.deployment()
            )
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
