"""The clusters that a plan's requests are of, and what they cost."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.ec2.run_report import EmrRunReportOperator
from airflow_emr_pipelines.plan.requests import Request
from airflow_emr_pipelines.run_report.prices import Between, Prices, hourly_cost, instance_types_of
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.keys import without_key
from airflow_emr_pipelines.versions import operator_of

SHAPE = (
    *("Name", "ReleaseLabel", "Applications", "Configurations", "Instances"),
    *("ManagedScalingPolicy", "AutoScalingRole", "EbsRootVolumeSize"),
)
"""What of a cluster's request its nodes depend on: tags of ours and masked secrets are no user's to write."""


@dataclass(frozen=True)
class PlannedCost:
    """What a cluster would cost; USD.

    :param per_hour: while it runs, at the least and at the most; None for not known
    :param per_run: the same for the hours that were said; None where none were
    :param text: all of it in words, and what is not known
    """

    task_id: str
    per_hour: tuple[float, float] | None
    per_run: tuple[float, float] | None
    text: str

    def __str__(self) -> str:
        return f"{self.task_id}: {self.text}"


def cluster_of(request: Request) -> EmrCluster | None:
    """The cluster that a RunJobFlow is of; None where too little of it is known, or it would be refused."""
    shape = {name: value for name, value in (request.body or {}).items() if name in SHAPE}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return EmrCluster.from_request({**shape, "Name": without_key(str(shape.get("Name")))})
        except (InvalidSpec, AttributeError, TypeError):  # the latter of a request of which a whole member is not known
            return None


def costs_of(
    dag: Any, requests: Iterable[Request], prices: Prices | Mapping[str, Any] | None, hours: float | None
) -> Iterator[PlannedCost]:
    """What each cluster would cost, by the prices that were given, or else those of the DAG's own reports.

    :raises InvalidSpec: the prices, or the hours, are none
    """
    if hours is not None:
        rules.number("plan_of.hours", hours, least=0)
    given = prices if prices is not None else next(_prices_in(dag), None)
    known = given if given is None or isinstance(given, Prices) else Prices.from_plain(given)
    for request in requests:
        if request.operation == "RunJobFlow":
            yield _cost_of(request.task_id, cluster_of(request), known, hours)


def _cost_of(task_id: str, cluster: EmrCluster | None, prices: Prices | None, hours: float | None) -> PlannedCost:
    if cluster is None:
        return PlannedCost(task_id, None, None, "not known: too little of the cluster is, before the run")
    if prices is None:
        return PlannedCost(task_id, None, None, "not known: no prices were given, and the DAG's reports have none")
    cost = hourly_cost(cluster, prices)
    total = cost.total
    if not cost.by_role or set(instance_types_of(cluster)) - prices.instances.keys():
        return PlannedCost(task_id, None, None, f"not known as a whole: {cost}")
    if hours is None:
        return PlannedCost(task_id, (total.least, total.most), None, f"{cost}; a run: not known without its hours")
    run = Between(total.least * hours, total.most * hours)
    words = f"{cost}; a run of {hours:g} hours: {run} USD"
    return PlannedCost(task_id, (total.least, total.most), (run.least, run.most), words)


def _prices_in(dag: Any) -> Iterator[Mapping[str, Any]]:
    """The prices that the DAG's reports are told, where they stand in its file."""
    for task in dag.tasks:
        if issubclass(operator_of(task), EmrRunReportOperator):
            prices = getattr(task, "prices", None)
            if isinstance(prices, Mapping):
                yield prices
