"""A day's stream and its records, reconciled as they come in: two runs of the DAG, and one on input that is broken."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.e2e.dags.stage import DAY, Run, Stage
from tests.integration.dags.jobs.day_of_events import (
    FILES,
    KEYS,
    MOVEMENTS,
    beyond,
    corrected,
    in_time,
    in_utc,
    latest,
    measured,
    reports_in,
    settled,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

FIRST, REST = list(FILES)[:12], list(FILES)[12:]
STEPS = ["Late Data Processing", "Checkpoint Reconciliation", "Stream-Batch Join"]


@pytest.fixture(scope="module")
def first(stage: Stage) -> dict[str, Any]:
    """A run before the later half of the stream has come in, and what it left."""
    for name in REST:
        stage.s3.delete_object(Bucket="flight-events", Key=f"{DAY}/{name}")
    run = stage.run("emr_stream_batch", run_conf={"day": DAY})
    return {
        "run": run,
        "taken": taken_files(stage),
        "report": report(stage),
        "progress": progress(stage),
        "corrected": corrected_figures(stage),
    }


@pytest.fixture(scope="module")
def second(stage: Stage, first: dict[str, Any]) -> Run:
    """A run after the rest has come in, some of it late."""
    for name in REST:
        stage.s3.put_object(Bucket="flight-events", Key=f"{DAY}/{name}", Body=FILES[name])
    return stage.run("emr_stream_batch", run_conf={"day": DAY})


def taken_files(stage: Stage) -> dict[str, Any]:
    keys = stage.keys("stream-results", f"events/{DAY}/")
    return {key: modified for key, modified in keys.items() if key.endswith(".parquet")}


def corrected_figures(stage: Stage) -> pd.DataFrame:
    """What the stream has made of the day, and the corrections added."""
    tables = (in_utc(stage.parquet("stream-results", f"{name}/{DAY}/")) for name in ("events", "corrections"))
    return corrected(*tables)


def report(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.json("stream-results", f"reports/{DAY}.json")
    return found


def progress(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.json("stream-results", f"progress/{DAY}.json")
    return found


def test_the_first_run_takes_what_there_is_and_tells_what_that_lacks(first: dict[str, Any]) -> None:
    run, told = first["run"], first["report"]
    assert (run.state, set(run.tasks.values()), run.clusters_alive) == ("success", {"success"}, 0)
    assert list(run.steps.items()) == [(name, "COMPLETED") for name in STEPS]
    events = latest(in_time([FIRST]))
    assert (told["stream_events"], told["batch_events"]) == (len(events), len(MOVEMENTS))
    assert told["not_yet_processed"] == []
    assert (first["progress"]["events"], first["progress"]["run"]["files"]) == (len(events), len(FIRST))


def test_the_second_run_processes_only_what_is_new(stage: Stage, first: dict[str, Any], second: Run) -> None:
    assert (second.state, list(second.steps), second.clusters_alive) == ("success", STEPS, 0)
    assert report(stage)["not_yet_processed"] == []
    new = reports_in({name: FILES[name] for name in REST})
    assert progress(stage)["run"] == {"files": len(REST), "reports": len(new)}
    assert first["taken"].items() < taken_files(stage).items()
    queries = {key.split("/")[2] for key in taken_files(stage)}
    assert len(queries) == 1, "the query of the first run goes on"


def test_each_event_was_taken_once_but_those_from_behind_the_watermark(stage: Stage, second: Run) -> None:
    taken, expected = in_utc(stage.parquet("stream-results", f"events/{DAY}/")), latest(in_time([FIRST, REST]))
    assert not taken.duplicated(["event_id", "reported_at"]).any()
    columns = ["event_id", "timestamp", "delay_minutes", "reported_at"]
    told = latest(taken).sort_values("event_id")[columns].reset_index(drop=True)
    wanted = expected.sort_values("event_id")[columns].reset_index(drop=True)
    assert told.astype(str).equals(wanted.astype(str))
    too_late = in_utc(stage.parquet("stream-results", f"too-late/{DAY}/"))
    assert len(too_late) == progress(stage)["too_late"] > 0


def test_after_each_run_corrections_make_the_streams_figures_those_of_the_batch(
    stage: Stage, first: dict[str, Any], second: Run
) -> None:
    stream, batch = measured(latest(in_time([FIRST, REST])), 24), measured(settled(), 24)
    assert 0 < len(beyond(stream, batch, 0.001)) == report(stage)["corrections"] < len(batch)
    for figures in (first["corrected"], corrected_figures(stage)):
        assert beyond(figures, batch, 0.001).empty


def test_stream_and_batch_are_unified_by_customer_and_hour(stage: Stage, second: Run) -> None:
    unified = in_utc(stage.parquet("stream-results", f"unified/{DAY}/")).set_index(KEYS)
    taken, batch = measured(latest(in_time([FIRST, REST])), 1), measured(settled(), 1)
    both: pd.DataFrame = taken.join(batch, how="outer", lsuffix="_stream", rsuffix="_batch").loc[unified.index]
    assert len(unified) == len(both)
    assert (unified["delay_minutes"] == both["delay_minutes_batch"].fillna(both["delay_minutes_stream"])).all()
    assert (unified["stream_events"].fillna(0) == both["events_stream"].fillna(0)).all()


def test_a_file_that_cannot_be_read_fails_the_first_step_and_leaves_no_output(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    day = "2013-12-30"
    stage.s3.put_object(Bucket="flight-events", Key=f"{day}/2013-12-30T10.jsonl", Body=b'{"event_id": "UA1", \n')
    run = stage.run("emr_stream_batch", run_conf={"day": day})
    assert (run.state, run.clusters_alive) == ("failed", 0)
    assert run.steps == {STEPS[0]: "FAILED"}
    assert list(run.tasks.values()).count("upstream_failed") == 2
    assert "T10.jsonl has a row that cannot be read" in capsys.readouterr().out
    assert [key for key in stage.keys("stream-results") if day in key] == []
