"""What the jobs on streams share: reading reports and records, the latest report of each event, windows in words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

import lake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

RECORD = "event_id string, movement string, customer_id string, timestamp timestamp, delay_minutes int"
REPORT = f"{RECORD}, reported_at timestamp"
MEASURES = ("events", "delay_minutes")
CORRUPT = "_corrupt_record"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"([1-9]\d*) ?(?:(s)(?:econds?)?|(m)(?:inutes?)?|(h)(?:ours?)?|(d)(?:ays?)?)")


def duration(text: str) -> str:
    """A length of time as Spark reads it: 24h or 24 hours."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time: write 24h, 10m, or 2 hours")
    number, *units = found.groups()
    return f"{number} {next(UNITS[unit] for unit in units if unit)}"


def reports(spark: SparkSession, folder: str, names: Sequence[str] | None = None) -> DataFrame:
    """The reports in the folder's files, or in those that are named."""
    return _read(spark, folder, names, "json", REPORT)


def records(spark: SparkSession, folder: str) -> DataFrame:
    """The settled records in the folder's files, each event once; one that is settled in two ways is an error."""
    settled = _read(spark, folder, None, "csv", RECORD).dropDuplicates()
    twice = settled.groupBy("event_id").count().filter("count > 1").first()
    if twice is not None:
        raise lake.DataError(
            f"{folder} settles the event {twice['event_id']} in {twice['count']} ways: keep what is true."
        )
    return settled


def _read(spark: SparkSession, folder: str, names: Sequence[str] | None, kind: str, schema: str) -> DataFrame:
    """The rows, all of them whole: a file with one that is not, or no row at all, is an error."""
    found = list(lake.files_in(spark, folder)) if names is None else names
    if not found:
        raise lake.DataError(f"No input: {folder} holds no file.")
    reader = spark.read.schema(f"{schema}, {CORRUPT} string").option("columnNameOfCorruptRecord", CORRUPT)
    rows = reader.option("header", True).format(kind).load([lake.join(folder, name) for name in found])
    columns = [name for name in rows.columns if name != CORRUPT]
    incomplete = F.col(CORRUPT).isNotNull() | F.array_contains(F.array(*(F.isnull(name) for name in columns)), True)
    told = rows.select("*", F.input_file_name().alias("file"))
    broken = told.filter(incomplete).first()
    if broken is not None:
        raise lake.DataError(
            f"{broken['file']} has a row that cannot be read: {broken[CORRUPT] or 'a value is missing'}"
        )
    if told.isEmpty():
        raise lake.DataError(f"No input: the files in {folder} hold no row.")
    return told.select(columns)


def results(spark: SparkSession, folder: str) -> DataFrame:
    """What the stream has made of the day so far: each event that the late-data step has taken, once."""
    if not lake.exists(spark, folder):
        raise lake.DataError(f"No input: there is no {folder}. Has the late-data step run for the day?")
    return latest(taken(spark, folder))


def taken(spark: SparkSession, folder: str) -> DataFrame:
    """The reports in an output of the late-data step, each with the query and the batch that wrote it, if one did."""
    schema = f"{REPORT}, query string, batch int"
    if not lake.exists(spark, folder):
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(folder)


def latest(reported: DataFrame) -> DataFrame:
    """Each event once, as its latest report tells it; among equally late ones always the same."""
    rest = [name for name in reported.columns if name not in ("event_id", "reported_at")]
    last = F.max(F.struct("reported_at", *rest)).alias("last")
    return reported.groupBy("event_id").agg(last).select("event_id", "last.*")


def measured(events: DataFrame, keys: Sequence[str], window: str) -> DataFrame:
    """The measures for each key in each window of the event time."""
    return events.groupBy(F.window("timestamp", window).start.alias("window_start"), *keys).agg(
        F.count(F.lit(1)).alias("events"), F.sum("delay_minutes").alias("delay_minutes")
    )


def side_by_side(stream: DataFrame, batch: DataFrame, keys: Sequence[str], window: str) -> DataFrame:
    """The measures of both sides, each key and window that either has; null where one has nothing."""
    on = ["window_start", *keys]
    sides = [
        measured(side, keys, window).withColumnsRenamed({name: f"{prefix}_{name}" for name in MEASURES})
        for prefix, side in (("stream", stream), ("batch", batch))
    ]
    return sides[0].join(sides[1], on, "full")
