"""Data Deduplication and Cleansing: a day's good rows, each flight once, as partitioned Parquet.

What a checkpoint says was done already is not done again: only files that have landed since are read and merged. A lost
checkpoint is rebuilt from the outputs; a file that changed or vanished, or other rules, mean that the day is done anew.
The reference tables come first: without one of them nothing is written for the day.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import lake
import quality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

Checkpoint = dict[str, Any]

SETTINGS = "_settings.json"
"""By what rules the outputs were made. It lies among them: neither Spark nor Hive reads a name that begins so."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="the day's folder of CSV files")
    parser.add_argument("--target", required=True, help="folder for the clean rows")
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--schema-registry", required=True, help="folder with <table>.json")
    parser.add_argument("--table", default="flights")
    parser.add_argument("--quality-rules", required=True, help="JSON file")
    parser.add_argument("--dedup-strategy", choices=(quality.LATEST, quality.EARLIEST), required=True)
    parser.add_argument("--partition-columns", required=True, type=lambda text: text.split(","))
    parser.add_argument("--checkpoint-location", required=True, help="folder for what was processed, a file a day")
    parser.add_argument("--metrics-output", required=True, help="JSON file with the counts")
    parser.add_argument("--reference-source", required=True, help="folder with <table>.csv")
    parser.add_argument("--reference-target", required=True, help="folder for the reference tables as Parquet")
    parser.add_argument("--reference-tables", required=True, type=lambda text: text.split(","))
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Data Deduplication and Cleansing")
    schema = quality.schema_of(spark, options.schema_registry, options.table)
    rules = quality.rules_of(spark, options.quality_rules)
    files = lake.files_in(spark, options.source)
    if not files:
        raise lake.DataError(f"No input for {options.processing_date}: {options.source} holds no file.")
    settings = fingerprint(schema, rules, options.dedup_strategy, options.partition_columns)
    copy_reference_tables(spark, options)

    done = checkpoint(spark, files, settings, options)
    new = [name for name in files if name not in done["files"]]
    if new:
        metrics = cleanse(spark, new, done, schema, rules, options)
        lake.write_json(spark, lake.join(options.target, SETTINGS), settings)
    else:
        metrics = done["metrics"]
    print(f"{len(new)} of {len(files)} files are new; the day: {metrics}")
    lake.write_json(spark, options.metrics_output, metrics)
    record = {"settings": settings, "files": files, "metrics": metrics}
    lake.write_json(spark, checkpoint_file(options), record)


def fingerprint(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def checkpoint_file(options: argparse.Namespace) -> str:
    return lake.join(options.checkpoint_location, f"{options.processing_date}.json")


def checkpoint(spark: SparkSession, files: dict[str, str], settings: str, options: argparse.Namespace) -> Checkpoint:
    """What of the present files the outputs already hold; nothing when that cannot be said for sure."""
    nothing: Checkpoint = {"settings": settings, "files": {}, "metrics": {"rows_in": 0, "rows_rejected": 0}}
    made_by = lake.join(options.target, SETTINGS)
    if not lake.exists(spark, made_by) or lake.read_json(spark, made_by) != settings:
        return nothing
    if lake.exists(spark, checkpoint_file(options)):
        known: Checkpoint | None = lake.read_json(spark, checkpoint_file(options))
    else:
        known = rebuilt(spark, files, settings, options)
    if known is None or known["settings"] != settings:
        return nothing
    if any(files.get(name) != version for name, version in known["files"].items()):
        return nothing
    return known


def rebuilt(
    spark: SparkSession, files: dict[str, str], settings: str, options: argparse.Namespace
) -> Checkpoint | None:
    """The checkpoint as the outputs tell it: the files their rows name, if those are older than the outputs.

    An older file that no row names may have been all broken or may have been missed: then the day is done anew.
    """
    if not lake.exists(spark, options.metrics_output):
        return None
    metrics = lake.read_json(spark, options.metrics_output)
    rows = spark.read.parquet(options.target).groupBy("source_file").count().collect()
    named = {row["source_file"] for row in rows}
    written = lake.modified(spark, lake.join(options.target, SETTINGS))
    older = {name for name in files if lake.modified(spark, lake.join(options.source, name)) <= written}
    if named != older or sum(row["count"] for row in rows) != metrics["rows_out"]:
        return None
    print("The checkpoint was lost and has been rebuilt from the outputs.")
    return {"settings": settings, "files": {name: files[name] for name in sorted(named)}, "metrics": metrics}


def cleanse(
    spark: SparkSession,
    names: list[str],
    done: Checkpoint,
    schema: quality.Schema,
    rules: list[quality.Rule],
    options: argparse.Namespace,
) -> dict[str, int]:
    raw = quality.read_raw(spark, [lake.join(options.source, name) for name in names], schema)
    judged = quality.judge(raw, schema, rules, options.processing_date)
    counted = judged.agg(F.count(F.lit(1)), F.count_if(quality.is_broken())).first()
    assert counted is not None
    rows_in = done["metrics"]["rows_in"] + counted[0]
    rejected = done["metrics"]["rows_rejected"] + counted[1]
    if rows_in == rejected:
        raise lake.DataError(f"No good row for {options.processing_date} among {rows_in} rows of {options.source}.")

    good = judged.filter(~quality.is_broken()).drop(quality.BROKEN_RULES)
    if done["files"]:  # Spark cannot overwrite what it is still reading, so the clean rows are held meanwhile.
        good = good.unionByName(spark.read.parquet(options.target).select(*good.columns).localCheckpoint())
    once = quality.deduplicated(good, schema, options.dedup_strategy)
    once.write.mode("overwrite").partitionBy(*options.partition_columns).parquet(options.target)
    rows_out = spark.read.schema(once.schema).parquet(options.target).count()
    return {
        "rows_in": rows_in,
        "rows_rejected": rejected,
        "duplicates_removed": rows_in - rejected - rows_out,
        "rows_out": rows_out,
    }


def copy_reference_tables(spark: SparkSession, options: argparse.Namespace) -> None:
    """Each reference table that is not there yet, or has changed since, as Parquet; an empty one is refused."""
    record = lake.join(options.checkpoint_location, "reference.json")
    known = lake.read_json(spark, record) if lake.exists(spark, record) else {}
    files = lake.files_in(spark, options.reference_source)
    copied = {}
    for table in options.reference_tables:
        schema = quality.schema_of(spark, options.schema_registry, table)
        source, target = f"{table}.csv", lake.join(options.reference_target, table)
        if source not in files:
            raise lake.DataError(f"There is no reference table {lake.join(options.reference_source, source)}.")
        copied[table] = [files[source], fingerprint(schema)]
        if known.get(table) == copied[table] and lake.exists(spark, lake.join(target, "_SUCCESS")):
            continue
        rows = quality.read_raw(spark, [lake.join(options.reference_source, source)], schema)
        judged = quality.judge(rows, schema, [], options.processing_date)
        good = judged.filter(~quality.is_broken()).drop(quality.BROKEN_RULES, "source_file")
        if good.isEmpty():
            raise lake.DataError(f"The reference table {lake.join(options.reference_source, source)} has no good row.")
        good.coalesce(1).write.mode("overwrite").parquet(target)
    if copied != known:
        lake.write_json(spark, record, {**known, **copied})


if __name__ == "__main__":
    main(arguments())
