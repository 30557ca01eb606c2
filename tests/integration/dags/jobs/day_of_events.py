"""A day of flight events in folders of this machine, and what the jobs on streams should make of it, by pandas."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import join_stream_batch
import pandas as pd
import process_late_data
import reconcile_checkpoint
from pyspark.sql import SparkSession

from local.inputs.flight_events import Movement, event_files, movements_of, records

DAY = date(2013, 1, 1)
MOVEMENTS = movements_of(DAY)
FILES = event_files(DAY, MOVEMENTS)
FILES_A_BATCH = 10
WATERMARK = pd.Timedelta(hours=2)
KEYS = ["window_start", "customer_id"]


def reports_in(files: Mapping[str, bytes]) -> pd.DataFrame:
    """The reports, with the file that each came in."""
    tables = [pd.read_json(io.BytesIO(body), lines=True).assign(file=name) for name, body in files.items()]
    found = pd.concat(tables, ignore_index=True)
    return found.assign(timestamp=pd.to_datetime(found["timestamp"]), reported_at=pd.to_datetime(found["reported_at"]))


def latest(reports: pd.DataFrame) -> pd.DataFrame:
    return reports.sort_values("reported_at", kind="stable").drop_duplicates("event_id", keep="last")


def in_utc(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that Spark has written, with times that say that they are UTC."""
    times = rows.select_dtypes("datetime").columns
    return rows.assign(**{name: rows[name].dt.tz_localize("UTC") for name in times})


def settled(movements: list[Movement] = MOVEMENTS) -> pd.DataFrame:
    found = pd.read_csv(io.BytesIO(records(movements)))
    return found.assign(timestamp=pd.to_datetime(found["timestamp"]))


def measured(events: pd.DataFrame, hours: int) -> pd.DataFrame:
    """Events and minutes of delay for each customer in each window."""
    windows = events.assign(window_start=events["timestamp"].dt.floor(f"{hours}h"))
    return windows.groupby(KEYS).agg(events=("event_id", "size"), delay_minutes=("delay_minutes", "sum"))


def corrected(taken: pd.DataFrame, corrections: pd.DataFrame, hours: int = 24) -> pd.DataFrame:
    """The stream's figures with the corrections added, of each customer and window that either has."""
    figures, added = measured(latest(taken), hours), corrections.set_index(KEYS)
    told = {name: figures[name].add(added[f"{name}_correction"], fill_value=0) for name in figures.columns}
    return pd.DataFrame(told)


def beyond(found: pd.DataFrame, batch: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """The figures that differ from the batch's by more than the tolerance; nothing is the same as zero."""
    found, batch = found.align(batch, fill_value=0)
    return found[((found - batch).abs() > tolerance * batch.abs()).any(axis=1)]


def in_time(runs: Sequence[Sequence[str]], files_a_batch: int = FILES_A_BATCH) -> pd.DataFrame:
    """The reports that Spark takes when each run processes these files, so many in a batch.

    A batch leaves out what lies behind the watermark that the batch before it began with. When nothing is left to read,
    one more batch follows, which only brings the watermark up to date.
    """
    reports, taken = reports_in(FILES), []
    watermark = before = pd.Timestamp(0, tz="UTC")
    for names in runs:
        for first in range(0, len(names), files_a_batch):
            batch = reports[reports["file"].isin(names[first : first + files_a_batch])]
            taken.append(batch[batch["timestamp"] > before])
            before, watermark = watermark, max(watermark, batch["timestamp"].max() - WATERMARK)
        before = watermark
    return pd.concat(taken)


class DayOfEvents:
    """One day's folders and all that the jobs make of them."""

    def __init__(
        self,
        folder: Path,
        spark: SparkSession,
        movements: list[Movement] = MOVEMENTS,
        files: Mapping[str, bytes] = FILES,
    ) -> None:
        self.folder, self.spark, self.of_stream = folder, spark, files
        self.stream, self.batch = folder / "stream", folder / "batch"
        self.stream.mkdir()
        self.batch.mkdir()
        (self.batch / "movements.csv").write_bytes(records(movements))
        self.checkpoint, self.progress_file = folder / "checkpoint", folder / "progress.json"

    def land(self, names: Sequence[str]) -> None:
        """The files, each a second younger than the one before, as they came in."""
        for name in names:
            (self.stream / name).write_bytes(self.of_stream[name])
            age = 1_400_000_000 + list(self.of_stream).index(name)
            os.utime(self.stream / name, (age, age))

    def run(self, job: Any, **words: Any) -> None:
        job.main(job.arguments([f"--{name.replace('_', '-')}={value}" for name, value in words.items()]))

    def process(self, **other: Any) -> dict[str, Any]:
        words = {
            "stream_source": self.stream,
            "output": self.folder / "taken",
            "too_late_output": self.folder / "too-late",
            "checkpoint_location": self.checkpoint,
            "progress_output": self.progress_file,
            "watermark": "2 hours",
            "output_mode": "update",
            "trigger": "availableNow",
            "max_files_per_trigger": FILES_A_BATCH,
            "state_store": "rocksdb",
            **other,
        }
        self.run(process_late_data, **words)
        progress: dict[str, Any] = json.loads(self.progress_file.read_text())
        return {name: value for name, value in progress.items() if name != "files"}

    def reconcile(self, **other: Any) -> dict[str, Any]:
        words = {
            "stream_source": self.folder / "taken",
            "reports": self.stream,
            "batch_source": self.batch,
            "progress": self.progress_file,
            "window": "24h",
            "tolerance": 0.001,
            "corrections_output": self.folder / "corrections",
            "report_output": self.folder / "report.json",
            **other,
        }
        self.run(reconcile_checkpoint, **words)
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return report

    def join(self, **other: Any) -> pd.DataFrame:
        words = {
            "stream_source": self.folder / "taken",
            "batch_source": self.batch,
            "join_keys": "customer_id,timestamp",
            "join_window": "1 hour",
            "unified_output": self.folder / "unified",
            **other,
        }
        self.run(join_stream_batch, **words)
        return self.parquet("unified")

    def parquet(self, name: str) -> pd.DataFrame:
        """An output's rows, all that are there."""
        return in_utc(pd.concat([pd.read_parquet(file) for file in sorted((self.folder / name).rglob("*.parquet"))]))

    def files(self, name: str) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in (self.folder / name).rglob("*.parquet")}
