"""What of a plan is legal and yet not wise."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator, EmrTerminateClusterOperator
from airflow_emr_pipelines.operators.requests import Requesting
from airflow_emr_pipelines.operators.templates import dates_without_schedule, no_date
from airflow_emr_pipelines.plan.clusters import cluster_of
from airflow_emr_pipelines.plan.fields import placeholder_of, unmapped
from airflow_emr_pipelines.plan.requests import Request, elements
from airflow_emr_pipelines.plan.sample import output_of
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.compatibility import doubtful_program
from airflow_emr_pipelines.specs.ec2.fit import cluster_misfits, step_misfits
from airflow_emr_pipelines.specs.serialization import to_dict
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.keys import without_key
from airflow_emr_pipelines.versions import fixed_arguments, is_mapped, operator_of

MOST_ACTIVE_STEPS = 256
DEFAULT_ROLES = {
    "ServiceRole": EmrCluster.service_role,
    "JobFlowRole": EmrCluster.job_flow_role,
    "AutoScalingRole": "EMR_AutoScaling_DefaultRole",
}
"""As ``aws emr create-default-roles`` makes them."""


@dataclass(frozen=True)
class PlanWarning:
    """Something that is legal and may well go wrong.

    :param code: a word for it, which stays the same
    """

    code: str
    task_id: str
    text: str

    def __str__(self) -> str:
        return f"{self.task_id}: {self.text} [{self.code}]"


def warnings_of(dag: Any, requests: list[Request]) -> Iterator[PlanWarning]:
    """Everything that is to be warned of in a DAG and what it would send."""
    clusters = [request for request in requests if request.operation == "RunJobFlow"]
    for request in clusters:
        yield from _of_cluster(request)
        yield from _of_life(dag, request)
    yield from _misfits(requests, clusters)
    concurrency = {f"<{output_of(r.task_id)}>": r.body.get("StepConcurrencyLevel", 1) for r in clusters if r.body}
    for request in requests:
        yield from _failure_action_warnings(request, concurrency)
    yield from _of_numbers(requests)
    yield from _of_dates(dag)


def _of_cluster(request: Request) -> Iterator[PlanWarning]:
    body = request.body
    if body is None:
        return
    if not body.get("LogUri"):
        yield PlanWarning(
            "no-log-uri", request.task_id, "the cluster has no log URI: the cause of a failure cannot be read"
        )
    yield from _of_roles(request, body)
    instances = body.get("Instances")
    if not isinstance(instances, Mapping):  # of a stock operator's request, which is an error then
        return
    kept_alive, policy = instances.get("KeepJobFlowAliveWhenNoSteps", False), body.get("AutoTerminationPolicy")
    groups = [group for group in elements(instances.get("InstanceGroups")) if isinstance(group, dict)]
    three = any((group.get("InstanceRole"), group.get("InstanceCount")) == ("MASTER", 3) for group in groups)
    if kept_alive and (three or not policy):
        why = "three primaries heed no idle timeout" if policy else "the cluster has no idle timeout"
        yield PlanWarning(
            "no-idle-timeout", request.task_id, f"{why}: where its termination does not come to run, it lives on"
        )


def _of_roles(request: Request, body: Mapping[str, Any]) -> Iterator[PlanWarning]:
    """Roles that are nearly EMR's default ones."""
    for member, default in DEFAULT_ROLES.items():
        role = body.get(member)
        if isinstance(role, str) and role != default and get_close_matches(role, [default], cutoff=0.9):
            text = f"{member} is {role!r}, which is nearly EMR's default role: did you mean {default}?"
            yield PlanWarning("nearly-a-default-role", request.task_id, text)


def _misfits(requests: list[Request], clusters: list[Request]) -> Iterator[PlanWarning]:
    """What a cluster's nodes cannot give, by the requests alone, so that those of stock operators are judged, too."""
    made = {f"<{output_of(request.task_id)}>": cluster_of(request) for request in clusters}
    for request in requests:
        body = request.body or {}
        cluster = made.get(f"<{output_of(request.task_id)}>" if request in clusters else str(body.get("JobFlowId")))
        found = list(cluster_misfits(cluster)) if request in clusters else []
        for step in request.steps:
            known = _step(step)
            found += (*step_misfits(known, cluster), *doubtful_program(known, cluster))
        yield from (PlanWarning(misfit.code, request.task_id, misfit.text) for misfit in found)


def _step(step: Mapping[str, Any]) -> Step | None:
    """The step that a request is of; None where it would be refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Step.from_request({**step, "Name": _name(step)})
        except (InvalidSpec, AttributeError, TypeError):  # the latter of a step of which a whole member is not known
            return None


def _of_life(dag: Any, request: Request) -> Iterator[PlanWarning]:
    create = dag.get_task(request.task_id.partition("[")[0])
    if not issubclass(operator_of(create), EmrCreateClusterOperator) or request.steps:
        return
    if dag.dagrun_timeout is not None:
        yield PlanWarning(
            "dagrun-timeout",
            request.task_id,
            "the DAG has dagrun_timeout, at which Airflow skips teardowns: the cluster then lives until its idle "
            "timeout; bound the tasks by execution_timeout instead",
        )
    output = output_of(create.task_id)
    ends = (task for task in dag.tasks if issubclass(operator_of(task), EmrTerminateClusterOperator))
    if not any(placeholder_of(_cluster_id(task)) == output for task in ends):
        yield PlanWarning(
            "never-terminated",
            request.task_id,
            "no task terminates the cluster by create.output: it lives until its idle timeout",
        )


def _cluster_id(task: Any) -> Any:
    return fixed_arguments(task).get("cluster_id") if is_mapped(task) else getattr(task, "cluster_id", None)


def _failure_action_warnings(request: Request, concurrency: dict[str, Any]) -> Iterator[PlanWarning]:
    body = request.body or {}
    of_cluster = request.operation == "RunJobFlow"
    level = body.get("StepConcurrencyLevel", 1) if of_cluster else concurrency.get(str(body.get("JobFlowId")), 1)
    for step, word in zip(map(_name, request.steps), request.on_failure, strict=True):
        if request.stock and word != "CONTINUE" and isinstance(level, int) and level > 1:
            yield PlanWarning(
                "failure-word-refused",
                request.task_id,
                f"step {step!r} says ActionOnFailure={word}, which EMR refuses at step concurrency {level}; write "
                "CONTINUE, or use EmrRunStepOperator, which carries the word out itself",
            )
        elif not request.stock and of_cluster and word != "CANCEL_AND_WAIT":
            yield PlanWarning(
                "failure-word-not-carried-out",
                request.task_id,
                f"step {step!r} says on_failure={word}; steps that are part of the cluster's request are sent with "
                "CONTINUE, and any that fails fails the task at the cluster's end",
            )


def _name(step: Mapping[str, Any]) -> str:
    return without_key(str(step.get("Name")))


def _of_numbers(requests: list[Request]) -> Iterator[PlanWarning]:
    added = [request for request in requests if request.operation == "AddJobFlowSteps" and request.body]
    counts: Counter[str] = Counter()
    for request in added:
        counts[str((request.body or {})["JobFlowId"])] += len(request.steps)
    for cluster, steps in counts.items():
        if steps > MOST_ACTIVE_STEPS:
            first = next(request for request in added if str((request.body or {})["JobFlowId"]) == cluster)
            yield PlanWarning(
                "too-many-steps",
                first.task_id,
                f"{steps} steps for cluster {cluster}: EMR takes {MOST_ACTIVE_STEPS} that have not ended; bound the "
                "tasks by a pool, or by max_active_tasks",
            )


def _of_dates(dag: Any) -> Iterator[PlanWarning]:
    for task in dag.tasks:
        operator = operator_of(task)
        if issubclass(operator, Requesting):
            for label, given in unmapped(task, tuple(operator.request_fields)):
                names = dates_without_schedule(to_dict(dict(given)), dag)
                if names:
                    yield PlanWarning("no-schedule", label, no_date("it", names))
