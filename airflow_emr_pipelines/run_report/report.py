"""What a run's clusters did and cost: arithmetic on what EMR tells of them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from airflow_emr_pipelines.run_report.prices import Prices
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.values.keys import without_key

SECONDS_AN_HOUR = 3600
Interval = tuple[float, float]


@dataclass(frozen=True)
class InstanceReport:
    """An instance as ListInstances tells it; times are seconds since 1970, None for not yet."""

    id: str
    instance_type: str
    spot: bool
    started: float | None
    ended: float | None

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> InstanceReport:
        timeline = answer.get("Status", {}).get("Timeline", {})
        return cls(
            id=answer.get("Id", ""),
            instance_type=answer.get("InstanceType", "unknown"),
            spot=answer.get("Market") == "SPOT",
            started=_stamp(timeline.get("CreationDateTime")),
            ended=_stamp(timeline.get("EndDateTime")),
        )


@dataclass(frozen=True)
class StepSpan:
    """When a step ran, in seconds after its cluster was created; ``start`` is None for one that never ran."""

    name: str
    state: str
    start: float | None
    end: float | None
    tolerated: bool


@dataclass(frozen=True)
class InstanceHours:
    """The hours of all instances of a type and market together."""

    instance_type: str
    market: str
    instances: int
    hours: float


@dataclass(frozen=True)
class ClusterRun:
    """What one cluster did.

    :param life_seconds: from its creation to its end, or until now
    :param startup_seconds: until it was ready; None where it never was
    :param step_seconds: of all steps together, those that ran at once counted each
    :param idle_seconds: of its life in which no step ran, its start and its end among them
    :param tolerated: names of the steps whose failure the pipeline has gone on after
    :param cost_usd: of its instances, by the prices that were given; None without prices
    :param unknown: what the cost does not count, or counts otherwise, in words
    """

    cluster_id: str
    name: str
    state: str
    created: str | None
    ended: str | None
    life_seconds: float
    startup_seconds: float | None
    step_seconds: float
    idle_seconds: float
    steps: Sequence[StepSpan]
    instances: Sequence[InstanceHours]
    tolerated: Sequence[str]
    cost_usd: float | None = None
    unknown: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """As a dictionary for JSON and XComs, in which a tuple is another thing than a list."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


def cluster_run(
    cluster: ClusterReport,
    steps: Iterable[StepReport],
    instances: Iterable[InstanceReport],
    *,
    tolerated: Iterable[str] = (),
    prices: Prices | None = None,
    now: float,
) -> ClusterRun:
    """What a cluster did until it ended, or until now.

    :param steps: all of its steps, in any order
    :param instances: all of its instances, those that have ended among them
    :param tolerated: ids of the steps whose failure was tolerated
    """
    created, forgiven = _seconds(cluster.created), set(tolerated)
    start = now if created is None else created
    end = max(start, _seconds(cluster.ended) or now)
    seen = sorted(steps, key=lambda step: (step.started or step.created or "", step.id))
    spans = [_span(step, start, end, forgiven) for step in seen]
    ran = [(span.start, span.end) for span in spans if span.start is not None and span.end is not None]
    machines = list(instances)
    hours = hours_of(machines, start, end)
    cost, unknown = (None, ()) if prices is None else cost_of(hours, prices)
    ready = _seconds(cluster.ready)
    return ClusterRun(
        cluster_id=cluster.id,
        name=cluster.name,
        state=cluster.state.value,
        created=cluster.created,
        ended=cluster.ended,
        life_seconds=end - start,
        startup_seconds=None if ready is None else max(0.0, ready - start),
        step_seconds=sum(last - first for first, last in ran),
        idle_seconds=max(0.0, end - start - covered(ran)),
        steps=tuple(spans),
        instances=tuple(hours),
        tolerated=tuple(span.name for span in spans if span.tolerated),
        cost_usd=cost,
        unknown=unknown,
    )


def covered(intervals: Iterable[Interval]) -> float:
    """How long at least one of the intervals lasts."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def hours_of(instances: Iterable[InstanceReport], start: float, end: float) -> list[InstanceHours]:
    """Instance hours by type and market, in order, within a cluster's life; one that runs counts until its end."""
    each: dict[tuple[str, str], list[float]] = {}
    for instance in instances:
        if instance.started is not None:
            first, last = max(start, instance.started), min(end, instance.ended or end)
            market = "SPOT" if instance.spot else "ON_DEMAND"
            each.setdefault((instance.instance_type, market), []).append(max(0.0, last - first))
    return [
        InstanceHours(name, market, len(seconds), sum(seconds) / SECONDS_AN_HOUR)
        for (name, market), seconds in sorted(each.items())
    ]


def cost_of(hours: Iterable[InstanceHours], prices: Prices) -> tuple[float, tuple[str, ...]]:
    """USD for the instances, and what that does not count, or counts otherwise. Volumes and traffic are not in it."""
    cost, unknown = 0.0, []
    for each in hours:
        price, spot = prices.instances.get(each.instance_type), each.market == "SPOT"
        if price is None:
            unknown.append(f"there is no price of {each.instance_type}")
            continue
        if spot and price.spot is None:
            unknown.append(f"the spot price of {each.instance_type} is not known: the on-demand price is taken")
        cost += each.hours * price.per_hour(spot=spot)
    return cost, tuple(unknown)


def lines_of(runs: Sequence[ClusterRun]) -> Iterator[str]:
    """The report for people."""
    if not runs:
        yield "No cluster came for this run: nothing ran, and nothing was spent."
    for run in runs:
        share = f" ({run.idle_seconds / run.life_seconds:.0%})" if run.life_seconds else ""
        startup = "was never ready" if run.startup_seconds is None else f"ready after {run.startup_seconds:.0f} s"
        yield (
            f"Cluster {run.cluster_id} ({run.name}) is {run.state}: lived {run.life_seconds:.0f} s, {startup}; "
            f"steps {run.step_seconds:.0f} s; idle {run.idle_seconds:.0f} s{share}"
        )
        for step in run.steps:
            when = "never ran" if step.start is None or step.end is None else f"{step.end - step.start:.0f} s"
            yield f"  {step.state} {step.name}: {when}{', tolerated' if step.tolerated else ''}"
        for each in run.instances:
            yield f"  {each.instances} × {each.instance_type} {each.market}: {each.hours:.2f} hours"
        if run.cost_usd is not None:
            yield f"  about {run.cost_usd:.2f} USD" + "".join(f"; {told}" for told in run.unknown)


def _span(step: StepReport, start: float, end: float, tolerated: set[str]) -> StepSpan:
    first, last = _seconds(step.started), _seconds(step.ended)
    if first is not None:
        first = min(max(first, start), end)
        last = end if last is None else min(max(last, first), end)
    return StepSpan(
        without_key(step.name),
        step.state.value,
        None if first is None else first - start,
        None if first is None or last is None else last - start,
        step.id in tolerated,
    )


def _seconds(when: str | None) -> float | None:
    return None if when is None else datetime.fromisoformat(when).timestamp()


def _stamp(when: datetime | None) -> float | None:
    return None if when is None else when.timestamp()
