"""The operator that runs a step on a cluster of Amazon EMR on EC2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.links import EmrSparkHistoryLink
from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_S3, Calls
from airflow_emr_pipelines.operators.ec2.base import Ec2Operator
from airflow_emr_pipelines.operators.ec2.failures import cluster_gone_error
from airflow_emr_pipelines.operators.ec2.jobs import STEP
from airflow_emr_pipelines.operators.ec2.requests import cluster_request, steps_request
from airflow_emr_pipelines.operators.run_step import RunStep, is_of_use
from airflow_emr_pipelines.operators.task_run import TaskRun
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal
from airflow_emr_pipelines.specs.ec2.render.step import check_runtime_role
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.serialization import checked_dict, from_dict
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.specs.values.keys import KEY_TAG

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.compute import JobCompute
    from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
    from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps


class EmrRunStepOperator(RunStep[StepReport], Ec2Operator[StepReport]):
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
    operator_extra_links = (*RunStep.operator_extra_links, EmrSparkHistoryLink())
    template_fields: Sequence[str] = (
        "step",
        "cluster_id",
        "successor",
        "execution_role_arn",
        *RunStep.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"step": "json", "successor": "json"}
    waits_for = STEP
    backend = EC2
    operation = "AddJobFlowSteps"
    request_fields: ClassVar[Mapping[str, Any]] = {"cluster_id": None, "step": Step, "execution_role_arn": None}

    def __init__(
        self,
        *,
        step: Step | Mapping[str, Any] | Any,
        cluster_id: str | Any,
        successor: EmrCluster | Mapping[str, Any] | Any = None,
        execution_role_arn: str | Any | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(step=step, **kwargs)
        check_runtime_role(step, execution_role_arn)
        self.successor = None if successor is None else checked_dict(successor, EmrCluster)
        self.cluster_id = ids.cluster_id(f"{type(self).__name__}.cluster_id", cluster_id)
        self.execution_role_arn = execution_role_arn

    @classmethod
    def request(
        cls, fields: Mapping[str, Any], *, key: str, tags: Mapping[str, str], region: str | None
    ) -> dict[str, Any]:
        """AddJobFlowSteps: a step has no tags."""
        request = steps_request(fields["cluster_id"], [fields["step"]], key=key, region=region)
        role = fields["execution_role_arn"]
        return {**request, **({"ExecutionRoleArn": role} if role is not None else {})}

    def compute(self) -> EmrSteps:
        return self._steps(self.cluster_id)

    def compute_of(self, report: StepReport) -> EmrSteps:
        return self._steps(report.cluster_id)

    def _steps(self, cluster_id: str) -> EmrSteps:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        return EmrSteps(cluster_id, self.aws_conn_id, self.region_name, self.hook)

    def _clusters(self) -> EmrClusters:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters

        return EmrClusters(self.aws_conn_id, self.region_name, None, self.hook)

    def check_rendered(self, step: Step) -> None:
        check_runtime_role(step, self.execution_role_arn)

    def start(
        self, context: Context, compute: JobCompute[StepReport], run: TaskRun, step: Step, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The step that runs, or has run, the request, on the cluster or on what has taken its place."""
        cluster = self._described(self.cluster_id)
        while (step_id := self._step_on(context, cluster, run, step, request)) is None:
            cluster = self._successor_of(context, self._described(cluster.id), run)
        return {"cluster_id": cluster.id, "step_id": step_id, "log_uri": step.log_uri or cluster.log_uri}

    def _step_on(
        self, context: Context, cluster: ClusterReport, run: TaskRun, step: Step, request: Mapping[str, Any]
    ) -> str | None:
        """The id of the step that runs, or has run, the request on a cluster; None where that cannot be any more."""
        from airflow_emr_pipelines.aws_errors import code_of

        steps = self._steps(cluster.id)
        earlier = self.earlier(context, steps, run)
        if earlier is not None and is_of_use(earlier):
            return self.adopted(steps, earlier)
        if not cluster.state.accepts_steps:
            return None
        self._check_logs(cluster, step)
        try:
            step_id = self.submitted(steps, run, request, earlier)
        except Exception as refused:
            if not code_of(refused) or self._described(cluster.id).state.accepts_steps:
                raise
            self.log.info("Cluster %s took no step, since it has ended meanwhile", cluster.id)
            return None
        self.log.info("Added step %s (%s) to cluster %s", step_id, request["Steps"][0]["Name"], cluster.id)
        return step_id

    def _successor_of(self, context: Context, ended: ClusterReport, run: TaskRun) -> ClusterReport:
        """The cluster that has taken the place of one that has ended, or takes it now."""
        from airflow_emr_pipelines.hooks.ec2.successors import Successors

        if self.successor is None:
            raise cluster_gone_error(ended)
        successors = Successors(self._clusters(), settings.deployment())
        found = successors.of(ended)
        if found is None:
            cleared = context["ti"].max_tries > (self.retries or 0)
            if not (ended.lost or cleared):
                raise cluster_gone_error(ended)
            spec = from_dict(self.successor, EmrCluster)

            def render(*, key: str, reveal: Reveal) -> dict[str, Any]:
                return cluster_request(spec, (), key=key, tags={**run.tags, KEY_TAG: key}, reveal=reveal)

            found = successors.make(ended, render)
        self.log.warning("%s; cluster %s has taken its place", cluster_gone_error(ended), found.id)
        return found

    def _described(self, cluster_id: str) -> ClusterReport:
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        describe = partial(self.hook.describe_cluster, cluster_id)
        return retry_until_clear(describe, operation="DescribeCluster")

    def _check_logs(self, cluster: ClusterReport, step: Step) -> None:
        if self.show_logs == "always" and not (step.log_uri or cluster.log_uri):
            raise InvalidSpec(
                "show_logs",
                self.show_logs,
                f"cluster {cluster.id} has no log URI, so there will be no logs to show",
                'create the cluster with log_uri="s3://…", give the step one, or leave show_logs at on_failure',
            )

    def end_compute(self, report: StepReport) -> None:
        self._clusters().end(report.cluster_id, deployment=settings.deployment())

    def result(self, report: StepReport) -> dict[str, Any]:
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
