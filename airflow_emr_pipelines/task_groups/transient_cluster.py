"""A cluster that lives exactly as long as the tasks in its group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.standard.operators.empty import EmptyOperator

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.links import LINK_XCOM
from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator, EmrTerminateClusterOperator
from airflow_emr_pipelines.operators.ec2.run_report import EmrRunReportOperator
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.compatibility import check_role_on
from airflow_emr_pipelines.specs.serialization import as_known
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.rules import warn_where_written
from airflow_emr_pipelines.task_groups.compute import UNSET, ClusterTasks, OneStep

if TYPE_CHECKING:
    from airflow_emr_pipelines.run_report.prices import Prices


class TransientCluster(ClusterTasks):
    """create_cluster >> the group's first tasks, its last tasks >> terminate_cluster, as setup and teardown.

    What comes after the group waits for its last tasks, not for the cluster's end. The cluster's end is reached however
    the tasks inside end.
    """

    def __init__(
        self,
        group_id: str,
        cluster: EmrCluster | Mapping[str, Any] | Any,
        *,
        connection: Mapping[str, Any],
        on_failure_fail_dagrun: bool,
        replace_lost_cluster: bool,
        **kwargs: Any,
    ) -> None:
        if isinstance(cluster, str) and cluster.startswith("j-"):
            rule = "it is the id of a cluster that stands, and this group creates one"
            remedy = f"write existing_cluster({group_id!r}, {cluster!r})"
            raise InvalidSpec(f"transient_cluster({group_id!r}).cluster", cluster, rule, remedy)
        super().__init__(group_id, connection=connection, **kwargs)
        self.cluster = as_known(cluster, EmrCluster)
        self.successor = self.cluster if replace_lost_cluster else None
        self.on_failure_fail_dagrun = on_failure_fail_dagrun
        self.reporting: Any = None
        if self.dag.dagrun_timeout is not None:
            warn_where_written(
                f"DAG {self.dag.dag_id} has dagrun_timeout, and Airflow skips teardowns when that is reached: the "
                f"cluster of group {group_id} then lives until its idle timeout. Bound the tasks by execution_timeout "
                "instead."
            )

    def __enter__(self) -> TransientCluster:
        super().__enter__()
        try:
            create = EmrCreateClusterOperator(task_id="create_cluster", cluster=self.cluster, **self.connection)
        except BaseException as error:  # Python does not leave what it has not entered: later tasks would land in here
            self.__exit__(type(error), error, error.__traceback__)
            raise
        self.create: EmrCreateClusterOperator = create.as_setup()  # type: ignore[no-untyped-call]
        self.cluster_id = self.create.output
        return self

    def run(self, step: OneStep, task_id: str | None = None, **operator_arguments: Any) -> EmrRunStepOperator:
        cluster, step = self.cluster, as_known(step, Step)
        own_logs = step.log_uri if isinstance(step, Step) else None
        show = operator_arguments.get("show_logs") == "always"
        if show and isinstance(cluster, EmrCluster) and not (cluster.log_uri or own_logs):
            raise InvalidSpec(
                "show_logs",
                "always",
                f"cluster {cluster.name} has no log_uri, so there will be no logs to show",
                'give the cluster log_uri="s3://…", or leave show_logs at on_failure',
            )
        if operator_arguments.get("execution_role_arn") is not None and isinstance(cluster, EmrCluster):
            check_role_on(cluster, operator_arguments["execution_role_arn"])
        EC2.check(step, cluster)
        return super().run(step, task_id, **operator_arguments)

    def wire(self) -> None:
        members = [task for task in self.iter_tasks() if task not in (self.create, self.reporting)]
        if not members:
            raise InvalidSpec(
                f"transient_cluster({self.group_id!r})",
                "no tasks",
                "a cluster is created for the tasks in its group",
                "add tasks inside the `with`, or leave the group out",
            )
        ids = {task.task_id for task in members}
        roots = [task for task in members if task.upstream_task_ids.isdisjoint(ids)]
        ends = [task for task in members if task.downstream_task_ids.isdisjoint(ids)]  # inner teardowns among them
        terminate = EmrTerminateClusterOperator(
            task_id="terminate_cluster", cluster_id=self.cluster_id, **self.connection
        )
        self.create.set_downstream(roots)
        terminate.as_teardown(setups=self.create, on_failure_fail_dagrun=self.on_failure_fail_dagrun)
        terminate.set_upstream(self.steps_ended(ends) if self.on_failure_fail_dagrun else ends)
        if self.reporting is not None:
            self.reporting.as_teardown(on_failure_fail_dagrun=False)
            self.reporting.set_upstream(terminate)
        self.draw_early_edges([self.create])

    def report(
        self,
        folder: str | Any | None = None,
        prices: Prices | Mapping[str, Any] | Literal["aws"] | Any | None = None,
        task_id: str = "cluster_report",
        **operator_arguments: Any,
    ) -> EmrRunReportOperator:
        """A task that tells what the cluster did and cost, once it has ended, however the run went.

        It is a teardown without a setup: it runs also where the cluster never came, and does not make a run that has
        failed a success.

        :param folder: as of EmrRunReportOperator
        :param prices: as of EmrRunReportOperator
        :param task_id: the task's id within the group
        :param operator_arguments: whatever the operator takes
        """
        if not self.open or self.reporting is not None:
            rule = "a cluster has one report, asked for within its group"
            raise InvalidSpec(f"{self.group_id}.report", task_id, rule, "call report once, inside the group's `with`")
        where: dict[str, Any] = {
            name: self.connection[name] for name in ("aws_conn_id", "region_name") if name in self.connection
        }
        where.update(operator_arguments)
        made = made_by(self.create.task_id)
        report = EmrRunReportOperator(task_id=task_id, cluster_id=made, folder=folder, prices=prices, **where)
        report.maker = self.create
        self.reporting = report
        return report

    def steps_ended(self, ends: list[Any]) -> EmptyOperator:
        """What stands between the last tasks and a teardown that may fail the run.

        Airflow judges a run by its leaves. Right before such a teardown a task is no leaf, so a run whose last step
        failed would be a success as soon as its cluster is gone; before a teardown that may not, it is one.
        """
        ended = EmptyOperator(
            task_id="steps_ended",
            task_display_name="steps ended, well or not",
            doc_md="A success says that no step runs any more, and nothing of how they ended.",
        )
        ended.as_teardown(setups=self.create)
        ended.set_upstream(ends)
        return ended


def made_by(task_id: str) -> str:
    """A template for the cluster that a task made, also where the task failed after that; no edge comes of it."""
    pulled = f"ti.xcom_pull(task_ids={task_id!r}, key={LINK_XCOM!r}, map_indexes=ti.map_index)"
    return f"{{{{ ({pulled} or {{}}).get('cluster_id') or '' }}}}"


def transient_cluster(
    group_id: str,
    cluster: EmrCluster | Mapping[str, Any] | Any,
    *,
    aws_conn_id: str | None = UNSET,
    region_name: str | None = UNSET,
    deferrable: bool = UNSET,
    poll_seconds: float | None = UNSET,
    on_failure_fail_dagrun: bool = True,
    replace_lost_cluster: bool = True,
    **task_group_arguments: Any,
) -> TransientCluster:
    """A group of tasks with a cluster of their own, created before them and terminated after them.

    :param group_id: the group's id, put before its tasks' ids
    :param cluster: what to create
    :param aws_conn_id: the AWS connection of all tasks of the group; None for boto3's own credential chain
    :param region_name: the AWS region; None for the connection's
    :param deferrable: wait in the triggerer, which costs no worker slot; False waits in the worker
    :param poll_seconds: seconds between two looks, at the least; None for ``[emr_pipelines] poll_seconds``
    :param on_failure_fail_dagrun: a cluster that cannot be terminated fails the DAG run
    :param replace_lost_cluster: a step whose cluster was lost, or which is cleared when the cluster has ended, gets a
        new one when it is tried again; what lay in HDFS is gone. Clear with the downstream tasks, so that the teardown
        runs again too
    :param task_group_arguments: whatever a TaskGroup takes, such as default_args and tooltip
    """
    connection = {
        "aws_conn_id": aws_conn_id,
        "region_name": region_name,
        "deferrable": deferrable,
        "poll_seconds": poll_seconds,
    }
    return TransientCluster(
        group_id,
        cluster,
        connection=connection,
        on_failure_fail_dagrun=on_failure_fail_dagrun,
        replace_lost_cluster=replace_lost_cluster,
        **task_group_arguments,
    )
