"""Where steps run, as a TaskGroup whose ``run`` gives a task for each step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from airflow.sdk import TaskGroup

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.arguments import told_of_unknown
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.specs.serialization import as_known, checked_dict
from airflow_emr_pipelines.specs.steps import OnFailure, Step
from airflow_emr_pipelines.specs.values import rules

OF_FACTORIES = (
    *("aws_conn_id", "region_name", "deferrable", "poll_seconds"),
    *("on_failure_fail_dagrun", "replace_lost_cluster"),
)
"""What ``transient_cluster`` and ``existing_cluster`` take themselves."""
ELSEWHERE = dict.fromkeys(
    ("retries", "retry_delay", "pool", "execution_timeout", "trigger_rule", "outlets", "owner"),
    'it for all tasks of the group, default_args={"retries": …}, or for one: cluster.run(step, retries=…)',
)
"""Arguments of tasks."""

OneStep = Step | Mapping[str, Any]
"""A step, or the same as a mapping with its ``kind``."""

UNSET: Any = object()
"""Not given: default_args hold, and after them the operators' own defaults."""


class ClusterTasks(TaskGroup):
    """A group of tasks that run steps on one cluster.

    Edges may be drawn to and from the group before, inside or after its ``with``.

    :param group_id: the group's id, put before each task's own
    :param connection: arguments of every operator in the group: aws_conn_id, region_name, deferrable, poll_seconds
    :param kwargs: whatever a TaskGroup takes
    """

    def __init__(self, group_id: str, *, connection: Mapping[str, Any], **kwargs: Any) -> None:
        with told_of_unknown(TaskGroup, kwargs, also=OF_FACTORIES, elsewhere=ELSEWHERE):
            super().__init__(group_id=rules.text("group_id", group_id), **kwargs)
        self.connection = {name: value for name, value in connection.items() if value is not UNSET}
        self.cluster_id: Any = None
        self.successor: Any = None
        """What takes the cluster's place where it is lost, if anything does."""
        self.open = False

    def run(self, step: OneStep, task_id: str | None = None, **operator_arguments: Any) -> EmrRunStepOperator:
        """A task that runs the step here; to be called inside the group's ``with``.

        :param step: what to run
        :param task_id: the task's id within the group; made from the step's name when not given
        :param operator_arguments: whatever the operator takes: retries, trigger_rule, pool, outlets …
        """
        if not self.open:
            raise InvalidSpec(
                f"{self.group_id}.run",
                getattr(step, "name", step),
                "a step runs within the group that owns its cluster",
                "call run inside the group's `with`: with … as cluster: cluster.run(…)",
            )
        step = as_known(step, Step)
        checked_dict(step, Step)  # what is none is refused before a task id is made of it
        if "cluster_id" in operator_arguments:
            raise InvalidSpec(
                f"{self.group_id}.run, cluster_id",
                operator_arguments["cluster_id"],
                "the steps of a group run on its own cluster",
                "leave it out, or run this step by an EmrRunStepOperator",
            )
        return EmrRunStepOperator(
            task_id=task_id or task_id_of(step),
            step=step,
            cluster_id=self.cluster_id,
            successor=self.successor,
            **{**self.connection, **operator_arguments},
        )

    def __enter__(self) -> ClusterTasks:
        super().__enter__()
        self.open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:  # a half-built group must not hide the user's own exception
                self.wire()
        finally:
            self.open = False
            super().__exit__(kind, value, trace)  # type: ignore[no-untyped-call]

    def wire(self) -> None:
        """Draw the edges that the group itself owns, when its tasks are known."""
        self.draw_early_edges(list(self.get_roots()))

    def draw_early_edges(self, roots: Iterable[Any]) -> None:
        """Draw the edges that were asked for before the ``with``, when the group had no tasks to draw them to."""
        dag = self.dag
        before = [dag.get_task(task_id) for task_id in sorted(self.upstream_task_ids)]
        after = [dag.get_task(task_id) for task_id in sorted(self.downstream_task_ids)]
        groups: dict[Any, TaskGroup] = dict(dag.task_group.get_task_group_dict())
        for group_id in self.upstream_group_ids:
            before += groups[group_id].get_leaves()
        for group_id in self.downstream_group_ids:
            after += groups[group_id].get_roots()
        for root in roots:
            root.set_upstream(before)
        for leaf in list(self.get_leaves()):
            leaf.set_downstream(after)


def compute_of(field: str, value: Any) -> ClusterTasks:
    """Where a factory's steps run."""
    if isinstance(value, ClusterTasks):
        return value
    raise InvalidSpec(
        field,
        type(value),
        "steps run in the group of a cluster",
        "hand over what transient_cluster(…) or existing_cluster(…) gives",
    )


def refuse_tolerance(field: str, step: OneStep, why: str) -> None:
    """Refuse a step whose failure is tolerated, or may be: its word is a template."""
    on_failure = step.get("on_failure") if isinstance(step, Mapping) else getattr(step, "on_failure", None)
    if on_failure is not None and on_failure not in (OnFailure.CANCEL_AND_WAIT, OnFailure.TERMINATE_CLUSTER):
        way_out = "leave it out, or write CANCEL_AND_WAIT or TERMINATE_CLUSTER"
        raise InvalidSpec(f"{field}.on_failure", on_failure, why, way_out)


def task_id_of(step: OneStep) -> str:
    """A task id made from a step's name: lower case, words joined by underscores."""
    name = step.get("name") if isinstance(step, Mapping) else getattr(step, "name", None)
    if not isinstance(name, str) or "{{" in name or "{%" in name:
        raise InvalidSpec("task_id", name, "a task id cannot be made from a name that is not known yet", "pass task_id")
    task_id = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()
    if not task_id:
        raise InvalidSpec(
            "task_id", name, "the step's name has no letter or digit to make a task id from", "pass task_id"
        )
    return task_id
