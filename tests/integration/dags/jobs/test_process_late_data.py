"""Late Data takes each event once, in its latest report; it does only what is new, whatever was lost in between."""

from __future__ import annotations

import json
import shutil
import threading
from functools import partial
from pathlib import Path

import pandas as pd
import process_late_data
import pytest
from lake import DataError
from pyspark.sql import SparkSession

from local.processes import wait_until
from tests.integration.dags.jobs.day_of_events import FILES, DayOfEvents, in_time, latest, reports_in

NAMES = list(FILES)
FIRST, REST = NAMES[:12], NAMES[12:]


@pytest.fixture
def day(lake_folder: Path, spark: SparkSession) -> DayOfEvents:
    return DayOfEvents(lake_folder, spark)


def ids(reports: pd.DataFrame) -> set[tuple[str, pd.Timestamp]]:
    return set(zip(reports["event_id"], reports["reported_at"], strict=True))


def has_batches(day: DayOfEvents, count: int) -> bool:
    return len(day.files("taken")) > count


def too_late(taken: pd.DataFrame) -> set[tuple[str, pd.Timestamp]]:
    """The reports of events of which none that is as late was taken."""
    reports = reports_in(FILES).merge(taken[["event_id", "reported_at"]], "left", "event_id", suffixes=("", "_taken"))
    return ids(reports[~(reports["reported_at_taken"] >= reports["reported_at"])])


def check_both_runs(day: DayOfEvents) -> None:
    """The outputs hold each event once, as pandas finds it, and aside what came in behind the watermark."""
    taken = latest(in_time([FIRST, REST]))
    assert ids(latest(day.parquet("taken"))) == ids(taken)
    assert ids(day.parquet("too-late")) == too_late(taken)
    assert too_late(taken)
    for output in ("taken", "too-late"):
        written = day.parquet(output)
        assert not written.duplicated(["event_id", "reported_at"]).any()


def test_a_second_run_processes_only_what_is_new_and_a_third_nothing(day: DayOfEvents) -> None:
    day.land(FIRST)
    first = day.process()
    assert first["run"] == {"files": 12, "reports": len(reports_in({name: FILES[name] for name in FIRST}))}
    assert first["too_late"] == 0
    before = day.files("taken")

    day.land(REST)
    second = day.process()
    assert second["run"]["files"] == len(REST)
    assert before.items() <= day.files("taken").items()
    check_both_runs(day)
    assert second["events"] == len(latest(in_time([FIRST, REST])))

    files, late = day.files("taken"), day.files("too-late")
    assert day.process() == {**second, "run": {"files": 0, "reports": 0}}
    assert (day.files("taken"), day.files("too-late")) == (files, late)


def test_a_lost_checkpoint_is_rebuilt_from_the_outputs(day: DayOfEvents, capsys: pytest.CaptureFixture[str]) -> None:
    day.land(FIRST)
    day.process()
    shutil.rmtree(day.checkpoint)
    day.land(REST)
    day.process()
    assert "The checkpoint was lost; by the outputs the watermark is 2013-01-01 19:" in capsys.readouterr().out
    check_both_runs(day)

    shutil.rmtree(day.checkpoint)
    day.progress_file.unlink()
    day.process()
    check_both_runs(day)


def test_a_batch_that_died_while_writing_is_made_good(day: DayOfEvents) -> None:
    day.land(FIRST)
    first = day.process()
    taken = ids(day.parquet("taken"))
    for log, first_lost in (("commits", 1), ("offsets", 2)):  # it died in its second batch
        for file in (day.checkpoint / log).iterdir():
            if int(file.name.strip(".").partition(".")[0]) >= first_lost:
                file.unlink()
    (part,) = (day.folder / "taken").glob("query=*/batch=1/*.parquet")
    part.unlink()
    day.progress_file.unlink()
    assert day.process() == first
    assert ids(day.parquet("taken")) == taken


def test_with_an_interval_the_query_runs_on_until_it_is_stopped(day: DayOfEvents, spark: SparkSession) -> None:
    day.land(FIRST)
    runs = threading.Thread(target=day.process, kwargs={"trigger": "1 second", "state_store": "hdfs"})
    runs.start()
    try:
        for count, names in ((1, ()), (2, REST[:1])):
            day.land(names)
            seen = partial(has_batches, day, count)
            wait_until(seen, "the batch", processes=(), timeout=90, log=day.progress_file)
    finally:
        for query in spark.streams.active:
            query.stop()
        runs.join(60)
    assert json.loads(day.progress_file.read_text())["run"]["files"] >= len(FIRST)


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(day: DayOfEvents) -> None:
    day.land(FIRST[:2])
    (day.stream / "zz.jsonl").write_text('{"event_id": "UA1", "movement": \n')
    with pytest.raises(DataError, match=r"zz.jsonl has a row that cannot be read: \{\"event_id\": \"UA1\""):
        day.process()
    (day.stream / "zz.jsonl").write_text('{"event_id": "UA1", "movement": "departure"}\n')
    with pytest.raises(DataError, match=r"zz.jsonl has a row that cannot be read: a value is missing"):
        day.process()
    assert not (day.folder / "taken").exists()
    assert not day.progress_file.exists()


def test_a_file_that_changed_after_being_processed_is_refused(day: DayOfEvents) -> None:
    day.land(FIRST[:1])
    day.process()
    (day.stream / FIRST[0]).write_bytes(FILES[FIRST[1]])
    with pytest.raises(DataError, match=f"{FIRST[0]} in .* changed after being processed. New reports come in new"):
        day.process()


def test_a_day_without_events_is_an_error(day: DayOfEvents) -> None:
    with pytest.raises(DataError, match=r"No input: .*/stream holds no file."):
        day.process()


@pytest.mark.parametrize(
    ("argument", "value"), [("output-mode", "complete"), ("trigger", "soon"), ("watermark", "two"), ("state-store", "")]
)
def test_an_argument_that_cannot_be_honoured_is_refused(
    argument: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        process_late_data.arguments([f"--{argument}={value}"])
    assert f"argument --{argument}: " in capsys.readouterr().err
