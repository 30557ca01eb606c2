"""Checkpoint Reconciliation and Stream-Batch Join find what pandas finds, and refuse what is not there."""

from __future__ import annotations

import json
import tempfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import join_stream_batch
import pandas as pd
import pytest
import reconcile_checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from lake import DataError
from pyspark.sql import SparkSession

from local.inputs.flight_events import Movement, event_files, movements_of
from tests.integration.dags.jobs.day_of_events import (
    FILES,
    KEYS,
    DayOfEvents,
    beyond,
    corrected,
    in_time,
    latest,
    measured,
    settled,
)

MEASURES = ["events", "delay_minutes"]
TIMES = ("timestamp", "reported_at")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> DayOfEvents:
    """The whole day, which the late-data step has processed but for its last file."""
    found = DayOfEvents(tmp_path_factory.mktemp("day"), spark)
    found.land(list(FILES)[:-1])
    found.process()
    found.land(list(FILES))
    return found


@pytest.fixture
def empty_day(lake_folder: Path, spark: SparkSession) -> DayOfEvents:
    return DayOfEvents(lake_folder, spark)


def both_sides(hours: int) -> pd.DataFrame:
    stream, batch = measured(latest(in_time([list(FILES)[:-1]])), hours), measured(settled(), hours)
    return stream.join(batch, how="outer", lsuffix="_stream", rsuffix="_batch")


def test_what_differs_beyond_the_tolerance_is_corrected(day: DayOfEvents) -> None:
    expected = both_sides(24).fillna(0)
    off = {name: expected[f"{name}_batch"] - expected[f"{name}_stream"] for name in MEASURES}
    differs = pd.concat([off[name].abs() > 0.001 * expected[f"{name}_batch"].abs() for name in MEASURES], axis=1).any(
        axis=1
    )
    report = day.reconcile()
    assert 0 < differs.sum() < len(expected)
    assert report["not_yet_processed"] == list(FILES)[-1:]
    assert (report["compared"], report["corrections"]) == (len(expected), differs.sum())
    for name in MEASURES:
        assert (report[f"stream_{name}"], report[f"batch_{name}"]) == (
            expected[f"{name}_stream"].sum(),
            expected[f"{name}_batch"].sum(),
        )
    corrections = day.parquet("corrections").set_index(KEYS)
    assert set(corrections.index) == set(expected[differs].index)
    for name in MEASURES:
        assert (corrections[f"{name}_correction"] == off[name][corrections.index]).all()


def test_a_wide_tolerance_leaves_nothing_to_correct(day: DayOfEvents) -> None:
    assert day.reconcile(tolerance=1000, corrections_output=day.folder / "none")["corrections"] == 0
    assert day.parquet("none").empty


def test_reports_behind_the_watermark_are_not_corrected_where_the_stream_has_not_taken_them(
    lake_folder: Path, spark: SparkSession
) -> None:
    movements = movements_of(date(2013, 3, 8))
    files, batch = event_files(date(2013, 3, 8), movements), measured(settled(movements), 24)
    day = DayOfEvents(lake_folder, spark, movements, files)
    day.land(list(files))
    day.process(max_files_per_trigger=len(files))
    late = {"movement": "arrival", "timestamp": "2013-03-08T12:00:00Z", "reported_at": "2013-03-09T12:00:00Z"}
    told = [("phantom", "US", 96), ("another", "AA", -5)]
    lines = [json.dumps({**late, "event_id": a, "customer_id": b, "delay_minutes": c}) + "\n" for a, b, c in told]
    (day.stream / "late.jsonl").write_text("".join(lines))
    assert day.process()["too_late"] >= 2

    report = day.reconcile(tolerance=0)
    made, corrections = day.parquet("taken"), day.parquet("corrections")
    assert report["not_yet_processed"] == []
    us = (pd.Timestamp("2013-03-08", tz="UTC"), "US")
    assert us not in corrections.set_index(KEYS).index
    assert tuple(measured(latest(made), 24).loc[us]) == tuple(batch.loc[us]) == (57, 2343)
    assert beyond(corrected(made, corrections), batch, 0).empty


FIRST_MINUTE = datetime(2013, 1, 1, tzinfo=timezone.utc)
MINUTES = st.integers(0, 2 * 24 * 60).map(lambda minutes: FIRST_MINUTE + timedelta(minutes=minutes))
CUSTOMERS = st.sampled_from(["AA", "B6", "US"])
DELAYS = st.integers(-60, 600)
SETTLED = st.lists(
    st.builds(Movement, st.integers(0, 40).map(str), st.just("arrival"), CUSTOMERS, MINUTES, DELAYS),
    min_size=1,
    max_size=30,
    unique_by=lambda movement: movement.event_id,
)
TAKEN = st.lists(
    st.tuples(st.integers(0, 50).map(str), st.just("arrival"), CUSTOMERS, MINUTES, DELAYS, MINUTES),
    min_size=1,
    max_size=60,
    unique_by=lambda report: (report[0], report[5]),
)


@settings(max_examples=5)
@given(movements=SETTLED, taken=TAKEN, tolerance=st.sampled_from([0, 0.001, 0.5]))
def test_whatever_the_stream_has_made_of_a_day_the_corrections_lead_to_the_batch(
    spark: SparkSession, movements: list[Movement], taken: list[tuple[object, ...]], tolerance: float
) -> None:
    """So they do after any order of late files, revisions, phantoms, and reruns: of these such results come."""
    with tempfile.TemporaryDirectory() as folder:
        day = DayOfEvents(Path(folder), spark, movements)
        columns = ["event_id", "movement", "customer_id", "timestamp", "delay_minutes", "reported_at"]
        for batch in range(2):
            rows = pd.DataFrame(taken[batch::2], columns=columns).astype({"delay_minutes": "int32"})
            path = day.folder / "taken" / "query=q" / f"batch={batch}"
            path.mkdir(parents=True)
            times = {name: pd.to_datetime(rows[name], utc=True).astype("datetime64[us, UTC]") for name in TIMES}
            rows.assign(**times).to_parquet(path / "part.parquet")
        day.reconcile(tolerance=tolerance)
        made, corrections = day.parquet("taken"), day.parquet("corrections")
        told = measured(settled(movements), 24)
        assert beyond(corrected(made, corrections), told, tolerance).empty
        assert len(corrections) == len(beyond(measured(latest(made), 24), told, tolerance))


def test_both_sides_are_unified_by_customer_and_hour(day: DayOfEvents) -> None:
    unified, expected = day.join().set_index(KEYS), both_sides(1)
    assert len(unified) == len(expected)
    expected = expected.loc[unified.index]
    for name in MEASURES:
        assert (unified[name] == expected[f"{name}_batch"].fillna(expected[f"{name}_stream"])).all()
        assert (unified[f"stream_{name}"].fillna(-1) == expected[f"{name}_stream"].fillna(-1)).all()
    in_stream, in_batch = expected["events_stream"].notna(), expected["events_batch"].notna()
    origin = pd.Series("both", expected.index).where(in_stream, "batch").where(in_batch, "stream")
    assert (unified["origin"] == origin).all()
    assert unified["events"].sum() == len(settled())


def test_other_keys_and_windows_are_honoured(day: DayOfEvents) -> None:
    unified = day.join(join_keys="timestamp,movement", join_window="1 day", unified_output=day.folder / "unified")
    assert set(unified["movement"]) == {"departure", "arrival"}
    assert len(unified) == unified["window_start"].nunique() * 2


def test_a_day_without_events_or_records_is_an_error_and_leaves_no_output(empty_day: DayOfEvents) -> None:
    for job in (empty_day.reconcile, empty_day.join):
        with pytest.raises(DataError, match=r"No input: there is no .*/taken. Has the late-data step run for the day"):
            job()
    empty_day.land(list(FILES)[:1])
    empty_day.process()
    (empty_day.folder / "corrections").mkdir()
    (empty_day.batch / "movements.csv").unlink()
    with pytest.raises(DataError, match=r"No input: .*/batch holds no file"):
        empty_day.reconcile()
    (empty_day.batch / "movements.csv").write_text("event_id,movement,customer_id,timestamp,delay_minutes\n")
    with pytest.raises(DataError, match=r"No input: the files in .*/batch hold no row"):
        empty_day.reconcile()
    assert not (empty_day.folder / "corrections").exists(), "those of an earlier run fit no longer"
    assert not (empty_day.folder / "unified").exists()


def test_a_record_that_cannot_be_read_or_is_not_settled_is_named(day: DayOfEvents) -> None:
    def records(*lines: str) -> Path:
        folder = Path(tempfile.mkdtemp(dir=day.folder))
        text = "event_id,movement,customer_id,timestamp,delay_minutes", *lines
        (folder / "movements.csv").write_text("\n".join(text))
        return folder

    one = "UA1,departure,UA,2013-01-01T10:00:00Z,"
    with pytest.raises(DataError, match=r"movements.csv has a row that cannot be read: UA1,departure"):
        day.reconcile(batch_source=records(f"{one}soon"))
    with pytest.raises(DataError, match=r" settles the event UA1 in 2 ways: keep what is true"):
        day.reconcile(batch_source=records(f"{one}7", f"{one}8"))
    assert day.reconcile(batch_source=records(f"{one}7", f"{one}7"))["batch_events"] == 1


def test_keys_without_the_event_time_and_windows_without_a_length_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for keys in ("customer_id", "timestamp", "customer_id,colour"):
        with pytest.raises(SystemExit):
            join_stream_batch.arguments([f"--join-keys={keys}"])
        assert "argument --join-keys: " in capsys.readouterr().err
    for window in ("0h", "24", "a day"):
        with pytest.raises(SystemExit):
            reconcile_checkpoint.arguments([f"--window={window}"])
        assert "is no length of time: write 24h" in capsys.readouterr().err
