"""Checkpoint Reconciliation and Stream-Batch Join find what pandas finds, and refuse what is not there."""

from __future__ import annotations

from pathlib import Path

import join_stream_batch
import pandas as pd
import pytest
import reconcile_checkpoint
from lake import DataError
from pyspark.sql import SparkSession

from tests.integration.dags.jobs.day_of_events import FILES, KEYS, DayOfEvents, latest, measured, reports_in, settled

MEASURES = ["events", "delay_minutes"]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> DayOfEvents:
    """The whole day, which the late-data step has not processed yet."""
    found = DayOfEvents(tmp_path_factory.mktemp("day"), spark)
    found.land(list(FILES))
    return found


@pytest.fixture
def empty_day(lake_folder: Path, spark: SparkSession) -> DayOfEvents:
    return DayOfEvents(lake_folder, spark)


def both_sides(hours: int) -> pd.DataFrame:
    stream, batch = measured(latest(reports_in(FILES)), hours), measured(settled(), hours)
    return stream.join(batch, how="outer", lsuffix="_stream", rsuffix="_batch")


def test_what_differs_beyond_the_tolerance_is_corrected(day: DayOfEvents) -> None:
    expected = both_sides(24).fillna(0)
    off = {name: expected[f"{name}_batch"] - expected[f"{name}_stream"] for name in MEASURES}
    beyond = pd.concat([off[name].abs() > 0.001 * expected[f"{name}_batch"].abs() for name in MEASURES], axis=1).any(
        axis=1
    )
    report = day.reconcile()
    assert 0 < beyond.sum() < len(expected)
    assert report["not_yet_processed"] == list(FILES)
    assert (report["compared"], report["corrections"]) == (len(expected), beyond.sum())
    for name in MEASURES:
        assert (report[f"stream_{name}"], report[f"batch_{name}"]) == (
            expected[f"{name}_stream"].sum(),
            expected[f"{name}_batch"].sum(),
        )
    corrections = day.parquet("corrections").set_index(KEYS)
    assert set(corrections.index) == set(expected[beyond].index)
    for name in MEASURES:
        assert (corrections[f"{name}_correction"] == off[name][corrections.index]).all()


def test_a_wide_tolerance_leaves_nothing_to_correct(day: DayOfEvents) -> None:
    assert day.reconcile(tolerance=1000, corrections_output=day.folder / "none")["corrections"] == 0
    assert day.parquet("none").empty


def test_both_sides_are_unified_by_customer_and_hour(day: DayOfEvents) -> None:
    day.process()
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
    with pytest.raises(DataError, match=r"No input: .*/stream holds no file"):
        empty_day.reconcile()
    empty_day.land(list(FILES)[:1])
    (empty_day.batch / "movements.csv").unlink()
    with pytest.raises(DataError, match=r"No input: .*/batch holds no file"):
        empty_day.reconcile()
    (empty_day.batch / "movements.csv").write_text("event_id,movement,customer_id,timestamp,delay_minutes\n")
    with pytest.raises(DataError, match=r"No input: the files in .*/batch hold no row"):
        empty_day.reconcile()
    with pytest.raises(DataError, match="Has the late-data step run for the day"):
        empty_day.join()
    assert not (empty_day.folder / "corrections").exists()
    assert not (empty_day.folder / "unified").exists()


def test_a_record_that_cannot_be_read_is_named(empty_day: DayOfEvents) -> None:
    empty_day.land(list(FILES)[:1])
    with (empty_day.batch / "movements.csv").open("a") as table:
        table.write("UA1,departure,UA,2013-01-01T10:00:00Z,soon\n")
    with pytest.raises(DataError, match=r"movements.csv has a row that cannot be read: UA1,departure"):
        empty_day.reconcile()


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
