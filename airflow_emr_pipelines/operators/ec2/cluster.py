"""Operators that create and terminate a cluster of Amazon EMR on EC2."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.links import EmrSparkHistoryLink
from airflow_emr_pipelines.operators.calls import ALWAYS, READS_CLOUD_WATCH, READS_S3, Calls
from airflow_emr_pipelines.operators.ec2.base import Ec2Operator
from airflow_emr_pipelines.operators.ec2.failures import cluster_failed_error
from airflow_emr_pipelines.operators.ec2.jobs import CLUSTER
from airflow_emr_pipelines.operators.ec2.requests import cluster_request, hidden
from airflow_emr_pipelines.operators.job_logs import failure_of
from airflow_emr_pipelines.operators.lineage import Lineage
from airflow_emr_pipelines.operators.requests import Requesting
from airflow_emr_pipelines.operators.task_run import TaskRun
from airflow_emr_pipelines.operators.templates import warn_of_templates
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.fit import warn_of_misfits
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal
from airflow_emr_pipelines.specs.ec2.render.step import check, check_runtime_role
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState
from airflow_emr_pipelines.specs.ec2.zones import check_zones
from airflow_emr_pipelines.specs.serialization import as_known, checked_dict, from_dict, to_dict
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values import ids, rules
from airflow_emr_pipelines.versions import TaskDeferred

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
    from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

READY = (ClusterState.RUNNING.value, ClusterState.WAITING.value, ClusterState.TERMINATING.value)
"""States that end the wait for a cluster that shall take steps: it can, or it never will."""

ENDING = (ClusterState.TERMINATING.value,)
ASKED_SECONDS = 30.0
"""For how long a worker asks for a termination that gets no clear answer, before the task waits in the triggerer."""
ASKED_AGAIN_AFTER = 60.0

RETRIES, RETRY_DELAY = 3, timedelta(minutes=1)
"""How often a refused termination is asked for again: a cluster that stays costs more than a task that waits."""


class EmrClusterOperator(Ec2Operator[ClusterReport]):
    """What creating and terminating share: both wait for a cluster."""

    waits_for = CLUSTER

    def clusters(self) -> EmrClusters:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters

        return EmrClusters(self.aws_conn_id, self.region_name, None, self.hook)

    def publish_cluster(self, context: Context, clusters: EmrClusters, report: ClusterReport) -> None:
        self.publish(context, clusters.location, cluster_id=report.id, log_uri=report.log_uri)


class EmrCreateClusterOperator(Requesting, EmrClusterOperator):
    """Create a cluster and wait until it takes steps; with ``steps``, until it has run them and is gone.

    The cluster carries the task run's key in its name and its tags, so a retry finds the cluster of an earlier try and
    takes it over. What the task made is terminated when the task fails or is killed.

    :param cluster: what to create
    :param steps: steps that are part of the request: the cluster runs them one after the other and then ends by itself
    :param openlineage_inject_parent_job_info: as of EmrRunStepOperator, for the Spark steps among ``steps``
    :param openlineage_inject_transport_info: as of EmrRunStepOperator, for the Spark steps among ``steps``
    :returns: the cluster's id
    :raises ClusterFailed: the cluster ended before it could take steps, or did not end well; ClusterLost where its
        machines, capacity or EMR itself failed
    :raises StepFailed: a step of ``steps`` did not complete
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("RunJobFlow", "DescribeCluster", "ListClusters", "TerminateJobFlows"),
        "steps": ("ListSteps",),
        "steps and cluster.log_uri": READS_S3,
        "steps.log_uri": READS_S3,
        "steps and cluster.monitoring.cloud_watch": READS_CLOUD_WATCH,
        "cluster.termination_protected": ("SetTerminationProtection",),
        "cluster.instances.primary.count=3": ("SetTerminationProtection",),
    }
    operator_extra_links = (*EmrClusterOperator.operator_extra_links, EmrSparkHistoryLink())
    template_fields: Sequence[str] = ("cluster", "steps", *EmrClusterOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"cluster": "json", "steps": "json"}
    operation = "RunJobFlow"
    request_fields: ClassVar[Mapping[str, Any]] = {"cluster": EmrCluster, "steps": [Step]}

    def __init__(
        self,
        *,
        cluster: EmrCluster | Mapping[str, Any] | Any,
        steps: Sequence[Step | Mapping[str, Any]] | Any = (),
        openlineage_inject_parent_job_info: bool | None = None,
        openlineage_inject_transport_info: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cluster = as_known(cluster, EmrCluster)
        steps = [as_known(step, Step) for step in steps] if isinstance(steps, (list, tuple)) else steps
        check(cluster, steps, region=self.region_name)
        _check_together(cluster, steps)
        warn_of_misfits(cluster)
        if isinstance(cluster, EmrCluster):
            check_zones(cluster, self.region_name)
        self.cluster = checked_dict(cluster, EmrCluster)
        self.steps = _described(steps)
        warn_of_templates(self, "cluster", "steps")
        self.lineage = Lineage(openlineage_inject_parent_job_info, openlineage_inject_transport_info)

    @classmethod
    def request(
        cls,
        fields: Mapping[str, Any],
        *,
        key: str,
        tags: Mapping[str, str],
        region: str | None,
        reveal: Reveal = hidden,
    ) -> dict[str, Any]:
        """RunJobFlow.

        :param reveal: what a secret is, where the request is about to be sent
        """
        cluster, steps = fields["cluster"], fields["steps"]
        return cluster_request(cluster, steps, key=key, tags=tags, region=region, reveal=reveal)

    def execute(self, context: Context) -> Any:
        cluster, run = from_dict(self.cluster, EmrCluster), TaskRun.of(context)
        steps = [self.lineage.given_to(from_dict(step, Step), context) for step in self.steps]
        _check_together(cluster, steps)
        clusters = self.clusters()
        location = clusters.location
        fields = self.own_fields(cluster=cluster, steps=steps)
        render = partial(self.request, fields, key=run.key, tags=run.tags, region=location.region)
        name = render()["Name"]  # what can be refused is, before anything is looked for
        earlier = None if run.first_try else self._earlier(clusters, run)
        if earlier is not None and (_can_be_adopted(earlier) or (steps and self._has_run(earlier))):
            self.log.info("Taking over cluster %s (%s) of an earlier try", earlier.id, earlier.state.value)
            cluster_id = earlier.id
        else:
            cluster_id = clusters.create(
                lambda reveal: render(reveal=reveal),
                run.key,
                run.started,
                earlier=earlier.id if earlier else None,
                unsent=run.try_started,
            )
            self.log.info("Created cluster %s (%s)", cluster_id, name)
        trigger = self.trigger_of(context, {"cluster_id": cluster_id})
        self.in_flight = trigger
        try:
            log_uri, spark = cluster.log_uri, cluster.has("Spark")
            self.publish(context, location, cluster_id=cluster_id, log_uri=log_uri, spark=spark)
            return self.wait_and_judge(context, trigger)
        except TaskDeferred:
            raise
        except BaseException:
            self.give_up()
            raise

    def _earlier(self, clusters: EmrClusters, run: TaskRun) -> ClusterReport | None:
        """The cluster of an earlier try; one that was made before the task was cleared is not needed any more."""
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        cleared = run.before_it_was_cleared(retry_until_clear(clusters.unfinished, operation="ListClusters"))
        if cleared:
            self.log.info("Terminating clusters %s, which this task made before it was cleared", cleared)
            retry_until_clear(partial(clusters.cancel, cleared), operation="TerminateJobFlows")
        return retry_until_clear(partial(clusters.find, run.key, run.started), operation="ListClusters")

    def until(self) -> Collection[str]:
        return () if self.steps else READY

    def conclude(self, context: Context, report: ClusterReport) -> str:
        try:
            if self.steps:
                self._check_steps(report)
            elif not report.state.usable:
                raise cluster_failed_error(report)
        except BaseException:
            self.give_up()
            raise
        self.log.info("Cluster %s is %s", report.id, report.state.value)
        return report.id

    def _check_steps(self, report: ClusterReport) -> None:
        """A cluster ends TERMINATED also when steps failed that were to be continued after: the steps tell."""
        self.lineage.hide()
        steps = self._steps_of(report)
        incomplete = _incomplete(steps)
        for step in incomplete:
            if step.state.finished:
                raise failure_of(steps, step, log=self.log)
        if incomplete or report.state is not ClusterState.TERMINATED:
            raise cluster_failed_error(report)

    def _steps_of(self, report: ClusterReport) -> EmrSteps:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        return EmrSteps(report.id, self.aws_conn_id, self.region_name, self.hook)

    def _has_run(self, report: ClusterReport) -> bool:
        """Whether a cluster with its steps in the request has ended well; one that has not is followed by another."""
        return report.state is ClusterState.TERMINATED and not _incomplete(self._steps_of(report))


class EmrTerminateClusterOperator(EmrClusterOperator):
    """Terminate a cluster and wait until it is gone. One that is gone already, or was never created, is a success.

    Termination protection is taken off a cluster that this deployment created, and off no other.

    A termination that EMR refuses is asked for again by the task's retries: three, a minute apart, unless its arguments
    or ``default_args`` say otherwise. Throttling and faults of the service are waited out within a try: after half a
    minute in the triggerer, and however long they last.

    :param cluster_id: the cluster; None or empty where none was created
    :param retries: how often a termination that was refused is asked for again
    :param retry_delay: how long after a refusal
    :raises ClusterFailed: the cluster is protected and not ours
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("DescribeCluster", "ListClusters", "TerminateJobFlows"),
        "cluster.termination_protected": ("SetTerminationProtection",),
        "cluster.instances.primary.count=3": ("SetTerminationProtection",),
    }
    template_fields: Sequence[str] = ("cluster_id", *EmrClusterOperator.template_fields)
    owns_its_job = False

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        **kwargs: Any,
    ) -> None:
        super().__init__(retries=retries, retry_delay=retry_delay, **kwargs)
        self.cluster_id = ids.maybe_cluster_id("EmrTerminateClusterOperator.cluster_id", cluster_id)

    def execute(self, context: Context) -> Any:
        if not self.cluster_id or self.cluster_id == "None":
            self.log.info("No cluster was created: nothing to terminate")
            return None
        clusters = self.clusters()
        try:
            last = self._end(clusters)
        except Exception as error:
            self.log.error("Cluster %s is not terminated, and runs on until it is", self.cluster_id)
            self._ask_later(context, error)
            raise
        self.publish_cluster(context, clusters, last)
        if last.state.finished:
            return self.conclude(context, last)
        return self.wait_and_judge(context, self.trigger_of(context, {"cluster_id": last.id}))

    def ask_again(self, context: Context, event: Any = None) -> Any:
        """Ask once more for what got no clear answer."""
        return self.execute(context)

    def _ask_later(self, context: Context, error: Exception) -> None:
        """Come back in a minute, where a task may wait in the triggerer for an answer that is neither yes nor no."""
        from airflow_emr_pipelines.aws_errors import ErrorKind, classify

        deadline, later = self.deadline(context), time.time() + ASKED_AGAIN_AFTER
        is_clear = classify(error) in (ErrorKind.REFUSED, ErrorKind.EXPIRED)
        if is_clear or not self.deferrable or (deadline is not None and deadline < later):
            return
        self.log.warning("No clear answer (%s): it is asked for again in a minute", error)
        watching = {**self.watching(context), "until": ENDING, "deadline": later, "cancel_on_kill": False}
        trigger = CLUSTER.trigger({"cluster_id": self.cluster_id}, **watching)
        trigger.hand_over(context)
        self.defer(trigger=trigger, method_name="ask_again")

    def _end(self, clusters: EmrClusters) -> ClusterReport:
        """Ask for the end of the cluster, and of what took its place if it had ended before its time; the last one."""
        from airflow_emr_pipelines.hooks.ec2.successors import Successors
        from airflow_emr_pipelines.hooks.sending import PATIENCE, retry_until_clear

        patient = partial(retry_until_clear, patience=ASKED_SECONDS if self.deferrable else PATIENCE)
        deployment = settings.deployment()
        successors = Successors(clusters, deployment)

        def end(cluster_id: str) -> ClusterReport:
            return patient(partial(clusters.end, cluster_id, deployment=deployment), operation="TerminateJobFlows")

        last = end(self.cluster_id)
        if last.state.accepts_steps:
            return last
        while (successor := patient(partial(successors.of, last), operation="ListClusters")) is not None:
            for cluster_id in {successor.id, *patient(partial(successors.alive, last), operation="ListClusters")}:
                end(cluster_id)
            last = successor
        return last

    def conclude(self, context: Context, report: ClusterReport) -> None:
        self.log.info("Cluster %s is %s: %s", report.id, report.state.value, report.message or "no reason given")


def _check_together(cluster: Any, steps: Any) -> None:
    """Refuse steps of a cluster's own request that it cannot run, as far as both are known."""
    for step in steps if isinstance(cluster, EmrCluster) and isinstance(steps, (list, tuple)) else ():
        if isinstance(step, Step):
            EC2.check(step, cluster)
            check_runtime_role(step, cluster.step_execution_role_arn)


def _described(steps: Any) -> Any:
    rules.words("EmrCreateClusterOperator.steps", steps, each=lambda _, step: checked_dict(step, Step))
    return to_dict(steps)


def _can_be_adopted(report: ClusterReport) -> bool:
    return not report.state.finished and report.state is not ClusterState.TERMINATING


def _incomplete(steps: EmrSteps) -> list[StepReport]:
    """The cluster's steps that have not completed, in their order."""
    from airflow_emr_pipelines.hooks.sending import retry_until_clear

    pages = retry_until_clear(lambda: list(steps.hook.list_steps(steps.cluster_id)), operation="ListSteps")
    return [step for page in reversed(pages) for step in reversed(page) if not step.state.succeeded]
