"""Each way through the conditional steps, run by Airflow on the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.dags.stage import DAY, Run, Stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]


def run(stage: Stage, **conf: Any) -> Run:
    return stage.run("emr_conditional", run_conf={"day": DAY, **conf})


@pytest.mark.parametrize(
    ("conf", "inspection", "way"),
    [
        ({}, "COMPLETED", "process_small"),
        ({"large": 100}, "COMPLETED", "process_large"),
        ({"least_lines": 1_000_000}, "FAILED", "repair"),
    ],
)
def test_one_way_is_taken_by_the_outcome_and_the_cluster_is_gone(
    stage: Stage, conf: dict[str, Any], inspection: str, way: str
) -> None:
    done = run(stage, **conf)
    assert (done.state, done.clusters_alive) == ("success", 0)
    assert done.steps == {"Inspect": inspection, way: "COMPLETED", "publish": "COMPLETED"}
    ways = {name: done.tasks[name] for name in ("repair", "process_small", "process_large")}
    assert ways == {name: "success" if name == way else "skipped" for name in ways}
    assert (done.tasks["publish"], done.tasks["terminate_cluster"]) == ("success", "success")
    assert done.xcom("pipeline.inspect")["tolerated"] is (inspection == "FAILED")
    flights = stage.s3.get_object(Bucket="raw-data", Key=f"daily/{DAY}/flights.csv")["Body"].read()
    found = stage.json("analytics-results", f"conditional/{DAY}/inspection.json")
    assert found == {"lines": flights.count(b"\n") - 1}


def test_where_nothing_has_landed_no_cluster_is_made(stage: Stage) -> None:
    done = run(stage, day="2013-12-30")
    assert (done.state, done.steps, done.tasks.pop("something_landed")) == ("success", {}, "success")
    assert set(done.tasks.values()) == {"skipped"}
    assert done.xcom("pipeline.create_cluster") is None
