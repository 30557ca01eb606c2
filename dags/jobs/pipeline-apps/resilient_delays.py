"""How late each carrier was on a day, by a job that bears the loss of nodes and keeps to the executors that it has.

The flights are counted in units, by a hash of what tells them apart. After each `--checkpoint-interval` units their
counts are kept, so a loss costs one such batch at the most: the batch is counted anew by the executors that are left,
and when the driver itself is lost, the next run goes on where this one was. What was kept of other input or under other
rules is not used. Once the day is written nothing is kept any more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import cleanse_flights
import lake
import quality
from py4j.protocol import Py4JJavaError
from pyspark.errors import SparkRuntimeException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PARTITIONS_A_CORE = 3
LOST = (Py4JJavaError, SparkRuntimeException)
"""What the loss of a batch comes as: the second since Spark 4, which tells why the tasks of a job failed."""
TOTALS = "carrier STRING, flights LONG, cancelled LONG, arrived LONG, minutes LONG"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input-path", required=True, help="the day's folder of CSV files")
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--schema-registry", required=True, help="folder with flights.json")
    parser.add_argument("--quality-rules", required=True, help="JSON file; rows that break one are left out")
    parser.add_argument("--target-path", required=True, help="folder for a row a carrier")
    parser.add_argument("--report-output", required=True, help="JSON file: the batches, and by how many cores")
    parser.add_argument("--units", type=_above_0, default=8, help="the parts that the flights are counted in")
    parser.add_argument("--checkpoint-location", required=True, help="folder for what is kept until the day is done")
    parser.add_argument("--checkpoint-interval", type=_above_0, default=2, help="units between two checkpoints")
    parser.add_argument(
        "--failure-recovery",
        choices=("resume", "restart"),
        default="resume",
        help="go on from what was kept, in this run and in the next one; or fail at once, and begin anew",
    )
    parser.add_argument("--attempts", type=_above_0, default=3, help="how often a batch is tried with resume")
    parser.add_argument(
        "--auto-tune", type=_true_or_false, default=False, help="partitions by the cores there are, anew for each batch"
    )
    parser.add_argument(
        "--adaptive-partitioning",
        type=_true_or_false,
        default=False,
        help="join small partitions, and part skewed ones",
    )
    return parser.parse_args(argv)


def _above_0(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


def _true_or_false(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text}: write true or false") from None


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Resilient Delays")
    for what in ("enabled", "coalescePartitions.enabled", "skewJoin.enabled"):
        spark.conf.set(f"spark.sql.adaptive.{what}", str(options.adaptive_partitioning).lower())
    schema = quality.schema_of(spark, options.schema_registry, "flights")
    rules = quality.rules_of(spark, options.quality_rules)
    files = lake.files_in(spark, options.input_path)
    if not files:
        raise lake.DataError(f"No input for {options.processing_date}: {options.input_path} holds no file.")
    asked = cleanse_flights.fingerprint(
        schema, rules, files, options.processing_date, options.units, options.checkpoint_interval
    )
    kept = lake.join(options.checkpoint_location, asked[:16])
    if options.failure_recovery == "restart":
        lake.delete(spark, kept)

    raw = quality.read_raw(spark, [lake.join(options.input_path, name) for name in files], schema)
    good = quality.judge(raw, schema, rules, options.processing_date).filter(~quality.is_broken())
    unit = F.pmod(F.xxhash64(*schema["key"]), F.lit(options.units))
    flights = good.withColumn("unit", unit)
    batches, folders = [], []
    for first in range(0, options.units, options.checkpoint_interval):
        last = min(first + options.checkpoint_interval, options.units) - 1
        folder = lake.join(kept, f"units-{first}-{last}")
        is_kept = lake.exists(spark, lake.join(folder, "_SUCCESS"))
        batch: dict[str, Any] = {"units": [first, last], "kept_before": is_kept}
        if not is_kept:
            rows = flights.filter(F.col("unit").between(first, last)).drop("unit")
            batch.update(counted(rows, schema, folder, options))
        print(f"Batch {batch}")
        batches.append(batch)
        folders.append(folder)

    totals = spark.read.schema(TOTALS).parquet(*folders)
    delays = totals.groupBy("carrier").agg(
        F.sum("flights").alias("flights"),
        F.sum("cancelled").alias("cancelled"),
        F.round(F.sum("minutes") / F.sum("arrived"), 1).alias("arrival_delay"),
    )
    if delays.isEmpty():
        raise lake.DataError(f"No good row for {options.processing_date} in {options.input_path}.")
    delays.coalesce(1).write.mode("overwrite").parquet(options.target_path)
    lake.write_json(spark, options.report_output, {"checkpoint": kept, "batches": batches})
    lake.delete(spark, kept)


def counted(rows: DataFrame, schema: Any, folder: str, options: argparse.Namespace) -> dict[str, Any]:
    """Count a batch and keep its totals, with as many tries as it may have; each is set for the cores that are left."""
    spark = rows.sparkSession
    tries = options.attempts if options.failure_recovery == "resume" else 1
    for attempt in range(1, tries + 1):
        cores = spark.sparkContext.defaultParallelism
        if options.auto_tune:
            spark.conf.set("spark.sql.shuffle.partitions", cores * PARTITIONS_A_CORE)
        try:
            once = quality.deduplicated(rows, schema, quality.LATEST)
            totals_of(once).write.mode("overwrite").parquet(folder)
        except LOST as error:
            if attempt == tries:
                raise
            print(
                f"Attempt {attempt} of {tries} was lost: {str(getattr(error, 'java_exception', error)).splitlines()[0]}"
            )
            continue
        partitions = int(str(spark.conf.get("spark.sql.shuffle.partitions")))
        return {"attempts": attempt, "cores": cores, "partitions": partitions}
    raise AssertionError("there is at least one try")


def totals_of(flights: DataFrame) -> DataFrame:
    return flights.groupBy("carrier").agg(
        F.count(F.lit(1)).alias("flights"),
        F.count_if(F.isnull("dep_time")).alias("cancelled"),
        F.count("arr_delay").alias("arrived"),
        F.sum("arr_delay").cast("long").alias("minutes"),
    )


if __name__ == "__main__":
    main(arguments())
