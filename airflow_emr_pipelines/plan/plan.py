"""What a run of a DAG would send to EMR, said without asking AWS anything."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from jinja2.exceptions import UndefinedError

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.iam_policy.tasks import DagTask
from airflow_emr_pipelines.plan.checks import PlanWarning, warnings_of
from airflow_emr_pipelines.plan.clusters import PlannedCost, costs_of
from airflow_emr_pipelines.plan.lists import judged_by_lists
from airflow_emr_pipelines.plan.requests import Request, requests_of
from airflow_emr_pipelines.plan.sample import SampleRun
from airflow_emr_pipelines.plan.shapes import faults
from airflow_emr_pipelines.run_report.prices import Prices
from airflow_emr_pipelines.specs.values import rules


@dataclass(frozen=True)
class Plan:
    """What a DAG would send.

    :param dag_id: the DAG
    :param logical_date: of the run that it is planned for
    :param requests: clusters and steps, in the order of the tasks
    :param other_calls: operations that other tasks of ours may call, by task
    :param edges: pairs of tasks, of which the first comes first
    :param warnings: what is legal and not wise
    :param errors: what would be refused, by us or by EMR
    :param costs: of each cluster, as far as prices are known
    """

    dag_id: str
    logical_date: str
    requests: Sequence[Request]
    other_calls: Mapping[str, Sequence[str]]
    edges: Sequence[tuple[str, str]]
    warnings: Sequence[PlanWarning]
    errors: Sequence[str]
    costs: Sequence[PlannedCost] = ()

    def to_json(self) -> dict[str, Any]:
        """As a dictionary for JSON."""
        return asdict(self)

    def request_of(self, task_id: str) -> Request:
        """The request of a task; of a mapped one with its index: ``each[0]``."""
        return next(request for request in self.requests if request.task_id == task_id)


def plan_of(
    dag: Any,
    *,
    logical_date: datetime | None = None,
    params: Mapping[str, Any] | None = None,
    prices: Prices | Mapping[str, Any] | None = None,
    hours: float | None = None,
) -> Plan:
    """What a run of a DAG would send to EMR. Nothing is asked of AWS; no variable, connection or secret is read.

    :param dag: as its file makes it
    :param logical_date: of the run, in UTC where it says no offset; now, when not given
    :param params: in place of the DAG's own
    :param prices: what instances cost: ``Prices``, or the same as a mapping; those of the DAG's reports, when not given
    :param hours: that a cluster is expected to live in a run
    """
    run = SampleRun(dag, logical_date or datetime.now(timezone.utc).replace(microsecond=0), params)
    requests: list[Request] = []
    errors: list[str] = []
    tasks = list(dag.topological_sort())
    doubts: list[PlanWarning] = []
    for task in tasks:
        try:
            for request, doubted in _with_doubts(requests_of(task, run)):
                requests.append(request)
                doubts += (PlanWarning(doubt.code, request.task_id, str(doubt)) for doubt in doubted)
        except (InvalidSpec, UndefinedError) as error:
            errors.append(f"{task.task_id}: {error}")
    for request in requests:
        said = faults(request.operation, request.body) if request.body is not None else []
        errors += [f"{request.task_id}: {request.operation}: {fault}" for fault in said]
        if request.operation == "RunJobFlow":
            refused, newer = judged_by_lists(request.body or {})
            errors += [f"{request.task_id}: {fault}" for fault in refused]
            doubts += [PlanWarning("newer-than-lists", request.task_id, text) for text in newer]
    sending = {request.task_id.partition("[")[0] for request in requests}
    calls = {task.task_id: sorted(DagTask(task).operations()) for task in tasks if task.task_id not in sending}
    return Plan(
        dag.dag_id,
        run.logical_date.isoformat(),
        tuple(requests),
        {task_id: names for task_id, names in calls.items() if names},
        tuple((task.task_id, below) for task in tasks for below in sorted(task.downstream_task_ids)),
        (*warnings_of(dag, requests), *dict.fromkeys(doubts)),
        tuple(errors),
        tuple(costs_of(dag, requests, prices, hours)),
    )


def _with_doubts(requests: Iterator[Request]) -> Iterator[tuple[Request, list[rules.Doubt]]]:
    """Each request with what was warned of as it was made; what is newer than AWS's lists is told by the plan."""
    while True:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            request = next(requests, None)
        for one in said:
            if not issubclass(one.category, UserWarning):
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        if request is None:
            return
        yield request, [one.message for one in said if isinstance(one.message, rules.Doubt)]
