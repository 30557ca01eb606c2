"""What the tasks of a DAG would send to EMR."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.operators.ec2.cluster import EmrCreateClusterOperator
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.operators.lineage import Lineage, is_spark_step
from airflow_emr_pipelines.plan.fields import Fields, fields_of, operator_of
from airflow_emr_pipelines.plan.sample import SampleRun
from airflow_emr_pipelines.plan.unknown import NotKnown
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.render.step import render_cluster, render_step
from airflow_emr_pipelines.specs.serialization import from_plain
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.values.keys import DAG_TAG, DEPLOYMENT_TAG, KEY_TAG, RUN_TAG, TASK_TAG, name_with_key
from airflow_emr_pipelines.specs.values.masking import masked
from airflow_emr_pipelines.specs.values.templates import all_known

KEY = "-key-of-this-task-run-"
"""In the place of a key, and as long: only a run has one."""
STOCK = "airflow.providers.amazon.aws.operators.emr."


@dataclass(frozen=True)
class Request:
    """What a task would send.

    :param task_id: the task, with its map index where it is mapped over what the file lists
    :param operation: RunJobFlow or AddJobFlowSteps
    :param body: the request, with secrets masked; None where too little is known to write it
    :param unknown: what of it only a run knows, in words
    :param on_failure: the word of each of ``steps``, in their order
    """

    task_id: str
    operation: str
    body: Mapping[str, Any] | None
    unknown: tuple[str, ...] = ()
    on_failure: Sequence[str] = ()
    stock: bool = False
    """Whether a stock operator sends it: then EMR is told the word."""

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The StepConfigs that it has, as far as they are known."""
        return _steps_of(self.body or {})


def requests_of(task: Any, run: SampleRun) -> Iterator[Request]:
    """What a task would send when it creates a cluster or runs steps; nothing for other tasks.

    :raises InvalidSpec: what the templates render to is refused
    :raises UndefinedError: a template uses a name that no run has
    """
    operator = operator_of(task)
    if issubclass(operator, EmrCreateClusterOperator):
        for fields in fields_of(task, ("cluster", "steps", "region_name"), run):
            yield _masked(_new_cluster(fields, task, run))
    elif issubclass(operator, EmrRunStepOperator):
        for fields in fields_of(task, ("cluster_id", "step", "execution_role_arn", "region_name"), run):
            yield _masked(_new_step(fields, task))
    elif _is_stock(operator, "EmrCreateJobFlowOperator"):
        for fields in fields_of(task, ("job_flow_overrides",), run):
            yield _masked(_stock(fields.label, "RunJobFlow", fields["job_flow_overrides"]))
    elif _is_stock(operator, "EmrAddStepsOperator"):
        for fields in fields_of(task, ("job_flow_id", "steps", "execution_role_arn"), run):
            yield _masked(_stock(fields.label, "AddJobFlowSteps", _stock_steps(fields)))


def _new_cluster(fields: Fields, task: Any, run: SampleRun) -> Request:
    steps = fields["steps"] or ()
    if isinstance(fields["cluster"], NotKnown) or isinstance(steps, NotKnown):
        return Request(fields.label, "RunJobFlow", None, tuple(_words_in(dict(fields.values))))
    cluster = _spec(fields["cluster"], EmrCluster)
    specs = [_spec(step, Step) for step in steps]
    region = fields.text("region_name")
    try:
        rendered = [render_step(step, name=name_with_key(step.name, KEY), region=region) for step in specs]
        tags = {
            KEY_TAG: KEY,
            DEPLOYMENT_TAG: settings.deployment(),
            DAG_TAG: run.dag.dag_id,
            RUN_TAG: run.run_id,
            TASK_TAG: task.task_id,
        }
        body = render_cluster(cluster, name=name_with_key(cluster.name, KEY), steps=rendered, tags=tags)
    except (AttributeError, TypeError):
        return _unwritten(fields, "RunJobFlow", (cluster, *specs))
    return Request(fields.label, "RunJobFlow", body, _unknown(fields, task, specs), _words(specs))


def _new_step(fields: Fields, task: Any) -> Request:
    if isinstance(fields["step"], NotKnown):
        return Request(fields.label, "AddJobFlowSteps", None, tuple(_words_in(dict(fields.values))))
    step = _spec(fields["step"], Step)
    role = fields["execution_role_arn"]
    try:
        rendered = render_step(step, name=name_with_key(step.name, KEY), region=fields.text("region_name"))
    except (AttributeError, TypeError):
        return _unwritten(fields, "AddJobFlowSteps", (step,))
    body = {
        "JobFlowId": fields["cluster_id"],
        "Steps": [rendered],
        **({"ExecutionRoleArn": role} if role is not None else {}),
    }
    return Request(fields.label, "AddJobFlowSteps", body, _unknown(fields, task, [step]), _words([step]))


def _unwritten(fields: Fields, operation: str, specs: tuple[Any, ...]) -> Request:
    """A request of which a whole member is not known, such as a mapping. A spec that is known writes its request."""
    if all_known(specs):
        raise
    return Request(fields.label, operation, None, tuple(_words_in(dict(fields.values))))


def _spec(plain: Any, kind: Any) -> Any:
    return from_plain(plain, kind, rendered=all_known(plain))


def _steps_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in body.get("Steps") or () if isinstance(step, Mapping)]


def _words(steps: list[Step]) -> tuple[str, ...]:
    return tuple(getattr(step.on_failure, "value", step.on_failure) for step in steps)


def _unknown(fields: Fields, task: Any, steps: list[Step]) -> tuple[str, ...]:
    lineage = getattr(task, "lineage", None)
    added = isinstance(lineage, Lineage) and lineage.adds and any(is_spark_step(step) for step in steps)
    return (*_words_in(dict(fields.values)), *(["what OpenLineage adds to the step"] if added else []))


def _words_in(value: Any) -> Iterator[str]:
    """What is not known within a value, each once."""
    yield from dict.fromkeys(_all_words(value))


def _all_words(value: Any) -> Iterator[str]:
    if isinstance(value, NotKnown):
        yield str.__str__(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _all_words(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _all_words(part)


def _masked(request: Request) -> Request:
    return Request(**{**vars(request), "body": masked(request.body)})


def _is_stock(operator: type[Any], name: str) -> bool:
    """By name: the Amazon provider is not loaded for it."""
    return any(f"{base.__module__}.{base.__qualname__}" == STOCK + name for base in operator.__mro__)


def _stock_steps(fields: Fields) -> Any:
    steps, role = fields["steps"], fields["execution_role_arn"]
    if isinstance(steps, str) and not isinstance(steps, NotKnown):
        try:
            steps = json.loads(steps)
        except ValueError:
            return NotKnown(f"<{steps}>")
    if isinstance(steps, NotKnown):
        return steps
    body = {"JobFlowId": fields["job_flow_id"], "Steps": steps}
    return {**body, "ExecutionRoleArn": role} if role else body


def _stock(label: str, operation: str, body: Any) -> Request:
    if not isinstance(body, Mapping):
        return Request(label, operation, None, (str(body),), stock=True)
    words = tuple(str(step.get("ActionOnFailure", "TERMINATE_CLUSTER")) for step in _steps_of(body))
    return Request(label, operation, body, tuple(_words_in(body)), words, stock=True)
