"""What the tasks of a DAG would send to EMR."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_emr_pipelines.operators.lineage import Lineage, is_spark_step
from airflow_emr_pipelines.operators.requests import Requesting
from airflow_emr_pipelines.operators.task_run import task_tags
from airflow_emr_pipelines.plan.fields import Fields, fields_of
from airflow_emr_pipelines.plan.sample import SampleRun
from airflow_emr_pipelines.plan.unknown import NotKnown
from airflow_emr_pipelines.specs.ec2.render.step import warn_of_dropped
from airflow_emr_pipelines.specs.serialization import from_dict
from airflow_emr_pipelines.specs.steps import Step
from airflow_emr_pipelines.specs.steps.commands import COMMAND_RUNNER
from airflow_emr_pipelines.specs.values.masking import masked
from airflow_emr_pipelines.specs.values.templates import all_rendered
from airflow_emr_pipelines.versions import operator_of

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
    if issubclass(operator, Requesting):
        for fields in fields_of(task, (*operator.request_fields, "region_name"), run):
            yield _masked(_of_operator(operator, fields, task, run))
    elif _is_stock(operator, "EmrCreateJobFlowOperator"):
        for fields in fields_of(task, ("job_flow_overrides",), run):
            yield _masked(_stock(fields.label, "RunJobFlow", fields["job_flow_overrides"]))
    elif _is_stock(operator, "EmrAddStepsOperator"):
        for fields in fields_of(task, ("job_flow_id", "steps", "execution_role_arn"), run):
            yield _masked(_stock(fields.label, "AddJobFlowSteps", _stock_steps(fields)))


def _of_operator(operator: type[Requesting], fields: Fields, task: Any, run: SampleRun) -> Request:
    """What an operator says that it would send."""
    kinds = {name: kind for name, kind in operator.request_fields.items() if kind is not None}
    if any(isinstance(fields[name], NotKnown) for name in kinds):
        return Request(fields.label, operator.operation, None, _placeholders(fields))
    specs = {name: _specs(fields[name], kind) for name, kind in kinds.items()}
    steps = [spec for given in specs.values() for spec in _listed(given) if isinstance(spec, Step)]
    tags = task_tags(KEY, dag_id=run.dag.dag_id, run_id=run.run_id, task_id=task.task_id)
    try:
        given = {**fields.values, **specs}
        body = operator.request(given, key=KEY, tags=tags, region=fields.text("region_name"))
    except (AttributeError, TypeError):
        # Of a request of which a whole member is not known, such as a mapping. What is known writes its request.
        if all_rendered(tuple(specs.values())):
            raise
        return Request(fields.label, operator.operation, None, _placeholders(fields))
    return Request(fields.label, operator.operation, body, _unknown(fields, task, steps), _failure_actions(steps))


def _specs(plain: Any, kind: Any) -> Any:
    """The spec that a field is, or those of its list; what is not known yet is let be."""
    if isinstance(kind, list):
        return [_specs(part, *kind) for part in plain or ()]
    return from_dict(plain, kind, rendered=all_rendered(plain))


def _listed(specs: Any) -> list[Any]:
    return specs if isinstance(specs, list) else [specs]


def elements(member: Any) -> Sequence[Any]:
    """What is in a list of a request; nothing where a stock operator has something else there, which is an error."""
    return member if isinstance(member, (list, tuple)) else ()


def _steps_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in elements(body.get("Steps")) if isinstance(step, Mapping)]


def _failure_actions(steps: list[Step]) -> tuple[str, ...]:
    return tuple(getattr(step.on_failure, "value", step.on_failure) for step in steps)


def _unknown(fields: Fields, task: Any, steps: list[Step]) -> tuple[str, ...]:
    lineage = getattr(task, "lineage", None)
    added = isinstance(lineage, Lineage) and lineage.adds and any(is_spark_step(step) for step in steps)
    return (*_placeholders(fields), *(["what OpenLineage adds to the step"] if added else []))


def _placeholders(fields: Fields) -> tuple[str, ...]:
    return tuple(_placeholders_in(dict(fields.values)))


def _placeholders_in(value: Any) -> Iterator[str]:
    """What is not known within a value, each once."""
    yield from dict.fromkeys(_all_placeholders(value))


def _all_placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, NotKnown):
        yield str.__str__(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _all_placeholders(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _all_placeholders(part)


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
    actions = tuple(str(step.get("ActionOnFailure", "TERMINATE_CLUSTER")) for step in _steps_of(body))
    for step in _steps_of(body):
        jar_step = step.get("HadoopJarStep")
        if isinstance(jar_step, Mapping) and jar_step.get("Jar") == COMMAND_RUNNER:
            words = [word if isinstance(word, str) else "?" for word in elements(jar_step.get("Args"))]
            warn_of_dropped(f"step {step.get('Name')!r}", words)
    return Request(label, operation, body, tuple(_placeholders_in(body)), actions, stock=True)
