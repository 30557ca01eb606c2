"""The arithmetic of a run report, and its picture."""

from __future__ import annotations

from datetime import datetime, timezone
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.run_report.prices import InstancePrice, Prices
from airflow_emr_pipelines.run_report.report import InstanceReport, cluster_run, covered, lines_of
from airflow_emr_pipelines.run_report.timeline import timeline
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState, StepState

START = 1_700_000_000
TIMES = st.none() | st.integers(-500, 1500)
STEPS = st.lists(st.tuples(TIMES, TIMES), max_size=8)


def at(second: int | None) -> str | None:
    return None if second is None else datetime.fromtimestamp(START + second, timezone.utc).isoformat()


def cluster(ended: int | None = 1000, ready: int | None = 100) -> ClusterReport:
    state = ClusterState.RUNNING if ended is None else ClusterState.TERMINATED
    return ClusterReport("j-1", "daily", state, created=at(0), ready=at(ready), ended=at(ended))


def step(number: int, started: int | None, ended: int | None, state: str = "COMPLETED") -> StepReport:
    return StepReport("j-1", f"s-{number}", f"Step {number}", StepState(state), started=at(started), ended=at(ended))


def machine(started: int | None, ended: int | None, *, kind: str = "m5.xlarge", spot: bool = False) -> InstanceReport:
    times = [None if when is None else float(START + when) for when in (started, ended)]
    return InstanceReport("i-1", kind, spot, *times)


def test_steps_that_run_at_once_count_once_for_idleness() -> None:
    steps = [step(1, 100, 400), step(2, 200, 500), step(3, 700, 800, "FAILED"), step(4, None, None, "CANCELLED")]
    run = cluster_run(cluster(), steps, [], tolerated=["s-3"], now=START + 5000)
    assert (run.life_seconds, run.startup_seconds, run.step_seconds, run.idle_seconds) == (1000, 100, 700, 500)
    assert run.tolerated == ("Step 3",)
    assert [span.start for span in run.steps] == [None, 100, 200, 700]


@given(STEPS, st.none() | st.integers(0, 1000))
def test_idleness_is_the_life_without_what_the_steps_cover_and_never_negative(
    spans: list[tuple[int | None, int | None]], ended: int | None
) -> None:
    steps = [step(number, *span) for number, span in enumerate(spans)]
    run = cluster_run(cluster(ended), steps, [], now=START + 1000)
    ran = [(s.start, s.end) for s in run.steps if s.start is not None and s.end is not None]
    busy = sum(any(a <= second < b for a, b in ran) for second in range(int(run.life_seconds)))
    assert run.idle_seconds == run.life_seconds - busy
    assert 0 <= run.idle_seconds <= run.life_seconds
    assert run.step_seconds >= run.life_seconds - run.idle_seconds == covered(ran)
    assert timeline([run]) == timeline([run])


def test_instances_count_from_their_creation_to_their_end_or_the_clusters() -> None:
    instances = [machine(0, 500), machine(100, None), machine(0, 5000, spot=True), machine(None, None, kind="r5.large")]
    run = cluster_run(cluster(), [], instances, now=START + 9000)
    assert [(each.market, each.instances, each.hours * 3600) for each in run.instances] == [
        ("ON_DEMAND", 2, 1400),
        ("SPOT", 1, 1000),
    ]


def test_the_cost_is_that_of_the_hours_and_says_what_it_does_not_know() -> None:
    prices = Prices({"m5.xlarge": InstancePrice(0.192, 0.048), "c5.xlarge": InstancePrice(1, 0, spot=0.25)})
    instances = [
        machine(0, None),
        machine(0, None, spot=True),
        machine(0, None, kind="c5.xlarge", spot=True),
        machine(0, None, kind="r5.large"),
    ]
    run = cluster_run(cluster(3600), [], instances, prices=prices, now=START)
    assert run.cost_usd == pytest.approx(0.24 + 0.24 + 0.25)
    assert run.unknown == (
        "the spot price of m5.xlarge is not known: the on-demand price is taken",
        "there is no price of r5.large",
    )
    assert cluster_run(cluster(), [], instances, now=START).cost_usd is None


def test_a_cluster_that_runs_is_told_of_until_now() -> None:
    run = cluster_run(cluster(None), [step(1, 200, None, "RUNNING")], [machine(0, None)], now=START + 600)
    assert (run.life_seconds, run.step_seconds, run.idle_seconds) == (600, 400, 200)
    assert run.instances[0].hours == pytest.approx(600 / 3600)


def test_the_log_says_when_no_cluster_came() -> None:
    assert list(lines_of([])) == ["No cluster came for this run: nothing ran, and nothing was spent."]
    told = "\n".join(lines_of([cluster_run(cluster(), [step(1, 100, 400)], [machine(0, None)], now=START)]))
    assert "lived 1000 s, ready after 100 s; steps 300 s; idle 700 s (70%)" in told


@given(st.text(max_size=60))
def test_any_name_is_drawn_as_text(name: str) -> None:
    named = StepReport("j-1", "s-1", name, StepState.COMPLETED, started=at(1), ended=at(2))
    picture = timeline([cluster_run(cluster(), [named], [], now=START)])
    root = ElementTree.fromstring(picture)
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 3
