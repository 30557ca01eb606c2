"""An operator that changes a cluster which runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow_emr_pipelines.errors import ClusterNotModified
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.ec2.base import Ec2Operator
from airflow_emr_pipelines.operators.ec2.failures import cluster_gone_error
from airflow_emr_pipelines.operators.ec2.jobs import CLUSTER, COLLECTIONS
from airflow_emr_pipelines.specs.ec2.changes import ClusterChange, FleetChange, GroupChange
from airflow_emr_pipelines.specs.ec2.fleets import Fleet
from airflow_emr_pipelines.specs.ec2.instances import Group
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, CollectionReport
from airflow_emr_pipelines.specs.ec2.scaling import ManagedScaling
from airflow_emr_pipelines.specs.ec2.states import ClusterState, Settling
from airflow_emr_pipelines.specs.reports import Reports
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.triggers.jobs import JobKind

if TYPE_CHECKING:
    from airflow.sdk import Context


CHANGES = (
    "step_concurrency",
    "termination_protected",
    "unhealthy_node_replacement",
    "keep_alive",
    "idle_timeout",
    "managed_scaling",
    "groups",
    "task_groups",
    "fleets",
    "task_fleet",
)
TAKES_CHANGES = tuple(state.value for state in ClusterState if state.usable or not state.accepts_steps)
"""States that end the wait for a cluster whose groups or fleets shall change: they can, or never will."""


class EmrModifyClusterOperator(Ec2Operator[ClusterReport | Reports[CollectionReport]]):
    """Make a cluster as the fields say, and wait until its groups or fleets are of that size.

    EMR changes groups and fleets of a cluster that runs or waits only: for one that starts the task waits before it
    makes its changes. What needs no more than a cluster is said at once, where no group or fleet is changed.

    What is not given stays as it is, and what is so already is not asked for again: a task that is run twice does the
    same as one that is run once. The log tells what was before. A change of size goes on when the task is ended.

    :param cluster_id: which cluster
    :param step_concurrency: steps that run at once, 1 to 256
    :param termination_protected: TerminateJobFlows is refused until the protection is taken off
    :param unhealthy_node_replacement: EMR replaces core instances that do not report
    :param keep_alive: False lets the cluster end after its last step, at once where it has none; said last of all
    :param idle_timeout: seconds without work after which EMR ends the cluster, 60 to 604,800; False for never
    :param managed_scaling: limits within which EMR sizes the cluster; False takes them away
    :param groups: what shall be otherwise in its instance groups
    :param task_groups: task groups that it shall have, by their names: made where there is none of that name, and of
        that size where there is
    :param fleets: what shall be otherwise in its instance fleets
    :param task_fleet: the task fleet that it shall have: made where there is none, and of those targets where there is
    :returns: a dictionary: cluster_id, and collections, which has for each group or fleet that was changed its id,
        name, role, and how many instances or units it has
    :raises ClusterNotModified: EMR refused a change, or a group or fleet did not become what was asked for
    :raises ClusterGone: the cluster is ending, or has ended
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("DescribeCluster",),
        "step_concurrency": ("ModifyCluster",),
        "termination_protected": ("SetTerminationProtection",),
        "not termination_protected": ("SetTerminationProtection",),
        "unhealthy_node_replacement": ("SetUnhealthyNodeReplacement",),
        "not unhealthy_node_replacement": ("SetUnhealthyNodeReplacement",),
        "keep_alive": ("SetKeepJobFlowAliveWhenNoSteps",),
        "not keep_alive": ("SetKeepJobFlowAliveWhenNoSteps",),
        "idle_timeout": ("GetAutoTerminationPolicy", "PutAutoTerminationPolicy"),
        "not idle_timeout": ("GetAutoTerminationPolicy", "RemoveAutoTerminationPolicy"),
        "managed_scaling": ("GetManagedScalingPolicy", "PutManagedScalingPolicy"),
        "not managed_scaling": ("GetManagedScalingPolicy", "RemoveManagedScalingPolicy"),
        "groups": ("ListInstanceGroups", "ModifyInstanceGroups"),
        "groups.auto_scaling": ("PutAutoScalingPolicy",),
        "not groups.auto_scaling": ("RemoveAutoScalingPolicy",),
        "task_groups": ("ListInstanceGroups", "AddInstanceGroups", "ModifyInstanceGroups"),
        "task_groups.auto_scaling": ("PutAutoScalingPolicy",),
        "fleets": ("ListInstanceFleets", "ModifyInstanceFleet"),
        "task_fleet": ("ListInstanceFleets", "AddInstanceFleet", "ModifyInstanceFleet"),
    }
    template_fields: Sequence[str] = ("cluster_id", *CHANGES, *Ec2Operator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = dict.fromkeys(CHANGES[5:], "json")

    waits_for = COLLECTIONS
    owns_its_job = False

    groups: Any
    task_groups: Any

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        step_concurrency: int | str | Any | None = None,
        termination_protected: bool | str | Any | None = None,
        unhealthy_node_replacement: bool | str | Any | None = None,
        keep_alive: bool | str | Any | None = None,
        idle_timeout: int | str | Literal[False] | Any | None = None,
        managed_scaling: ManagedScaling | Mapping[str, Any] | Literal[False] | Any | None = None,
        groups: Sequence[GroupChange | Mapping[str, Any]] | Any = (),
        task_groups: Sequence[Group | Mapping[str, Any]] | Any = (),
        fleets: Sequence[FleetChange | Mapping[str, Any]] | Any = (),
        task_fleet: Fleet | Mapping[str, Any] | Any | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster_id = ids.cluster_id("EmrModifyClusterOperator.cluster_id", cluster_id)
        given: dict[str, Any] = {
            "step_concurrency": step_concurrency,
            "termination_protected": termination_protected,
            "unhealthy_node_replacement": unhealthy_node_replacement,
            "keep_alive": keep_alive,
            "idle_timeout": idle_timeout,
            "managed_scaling": managed_scaling,
            "groups": groups,
            "task_groups": task_groups,
            "fleets": fleets,
            "task_fleet": task_fleet,
        }
        if not any(_is_plain(value) for value in given.values()):
            ClusterChange(**given)
        for name in CHANGES:
            setattr(self, name, to_dict(given[name]))

    def execute(self, context: Context) -> Any:
        from airflow_emr_pipelines.hooks.ec2.changes import ClusterModification
        from airflow_emr_pipelines.hooks.ec2.collections import EmrCollections

        given = {name: getattr(self, name) for name in CHANGES}
        given = {name: value for name, value in given.items() if value is not None}
        change = from_dict({"kind": ClusterChange.kind, **given}, ClusterChange)
        cluster = self.hook.describe_cluster(self.cluster_id)
        fleets = bool(change.fleets or change.task_fleet)
        collections = EmrCollections(cluster.id, self.aws_conn_id, self.region_name, self.hook, fleets=fleets)
        self.publish(context, collections.location, cluster_id=cluster.id, log_uri=cluster.log_uri)
        if not cluster.state.accepts_steps:
            raise cluster_gone_error(cluster)
        if change.of_instances and not cluster.state.usable:
            self.log.info("Cluster %s is %s: its changes wait until it runs", cluster.id, cluster.state.value)
            return self.wait_and_judge(context, self.trigger_of(context, {"cluster_id": cluster.id}))
        ids = ClusterModification(cluster, collections).make(change)
        if not ids:
            return self._result(cluster.id, ())
        job = {"cluster_id": cluster.id, "collection_ids": ids, "fleets": fleets}
        return self.wait_and_judge(context, self.trigger_of(context, job))

    def kind_of(self, job: Any) -> JobKind[Any]:
        return COLLECTIONS if isinstance(job, Mapping) and "collection_ids" in job else CLUSTER

    def until(self) -> Collection[str]:
        return TAKES_CHANGES

    def conclude(self, context: Context, report: ClusterReport | Reports[CollectionReport]) -> Any:
        """The result; of the wait for a cluster, what follows on it."""
        if isinstance(report, ClusterReport):
            return self.execute(context)
        reasons = {}
        for one in report.each:
            what = f"{one.role} {one.name} ({one.id})"
            size = f"{one.running} of {one.wanted}"
            self.log.info("%s is %s, with %s", what, one.emr_state.value, size)
            if one.state is Settling.FAILED:
                reasons[what] = f"it is {one.emr_state.value} with {size}: {one.message or 'EMR gives no reason'}"
            elif one.policy_failure and self._put_policies():
                reasons[what] = f"its automatic scaling was not put into place: {one.policy_failure}"
        if reasons:
            raise ClusterNotModified(report.each[0].cluster_id, reasons)
        return self._result(report.each[0].cluster_id, report.each)

    def _put_policies(self) -> bool:
        """Whether this task is the one that asked for rules of automatic scaling."""
        return any(part.get("auto_scaling") for part in (*self.groups, *self.task_groups))

    def _result(self, cluster_id: str, reports: Sequence[CollectionReport]) -> dict[str, Any]:
        collections = [{"id": one.id, "name": one.name, "role": one.role, "running": one.running} for one in reports]
        return {"cluster_id": cluster_id, "collections": collections}


def _is_plain(value: Any) -> bool:
    """Whether a value, or one in a list, is a spec as a dictionary, which is judged when all of it is rendered."""
    return any(isinstance(part, Mapping) for part in (value if isinstance(value, (list, tuple)) else (value,)))
