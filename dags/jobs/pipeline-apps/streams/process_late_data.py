"""Late Data: the latest report of each event of a day, by Structured Streaming; what has been processed is not again.

Each micro-batch writes the events that are new or have a newer report into a folder of its own, named by the query and
the batch, so that one which is done again replaces what it wrote. Whoever reads takes the latest report of an event.
A report that the outputs hold already is never written again, whatever the query remembers: when the checkpoint is
lost, a new query begins with the watermark that the outputs tell, and adds nothing but what they lack.
What came in behind the watermark is kept aside.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import lake
import stream_events
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

AVAILABLE_NOW = "availableNow"
PROVIDERS = "org.apache.spark.sql.execution.streaming.state"
STATE_STORES = {
    "rocksdb": f"{PROVIDERS}.RocksDBStateStoreProvider",
    "hdfs": f"{PROVIDERS}.HDFSBackedStateStoreProvider",
}


def trigger(text: str) -> dict[str, Any]:
    """When the query looks for files: once, until none is left, or again and again."""
    return {"availableNow": True} if text == AVAILABLE_NOW else {"processingTime": stream_events.duration(text)}


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream-source", required=True, help="the day's folder of reports")
    parser.add_argument("--output", required=True, help="folder for the events, as Parquet")
    parser.add_argument("--too-late-output", required=True, help="folder for reports behind the watermark, as Parquet")
    parser.add_argument("--checkpoint-location", required=True, help="folder of the query's own checkpoint")
    parser.add_argument("--progress-output", required=True, help="JSON file with what has been processed")
    parser.add_argument("--watermark", required=True, type=stream_events.duration)
    parser.add_argument("--output-mode", required=True, choices=("update",))
    parser.add_argument("--trigger", required=True, type=trigger, help=f"{AVAILABLE_NOW}, or an interval: 10 minutes")
    parser.add_argument("--max-files-per-trigger", required=True, type=int, help="the most files of a micro-batch")
    parser.add_argument("--state-store", required=True, choices=sorted(STATE_STORES))
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Late Data")
    spark.conf.set("spark.sql.streaming.stateStore.providerClass", STATE_STORES[options.state_store])
    files = lake.files_in(spark, options.stream_source)
    if not files:
        raise lake.DataError(f"No input: {options.stream_source} holds no file.")
    new = new_files(spark, files, options)
    # Read before the stream does, so that a row which cannot be read is named and nothing of the run is written.
    reported = stream_events.reports(spark, options.stream_source, new) if new else None

    follow(spark, options)
    if reported is not None:
        missed = not_covered(reported, by=held(spark, options))
        missed.dropDuplicates().coalesce(1).write.mode("append").parquet(options.too_late_output)
    progress = {
        "files": files,
        "run": {"files": len(new), "reports": reported.count() if reported is not None else 0},
        "events": stream_events.latest(stream_events.taken(spark, options.output)).count(),
        "too_late": stream_events.taken(spark, options.too_late_output).count(),
    }
    lake.write_json(spark, options.progress_output, progress)
    print(json.dumps({**progress, "files": len(files)}))


def new_files(spark: SparkSession, files: dict[str, str], options: argparse.Namespace) -> list[str]:
    """The files that no run has finished yet; one that has changed since is an error, since a stream only grows."""
    path = options.progress_output
    processed = lake.read_json(spark, path)["files"] if lake.exists(spark, path) else {}
    changed = [name for name, version in files.items() if processed.get(name, version) != version]
    if changed:
        raise lake.DataError(
            f"{', '.join(changed)} in {options.stream_source} changed after being processed. New reports come in new "
            f"files; to process the day anew, delete {options.output}, {options.too_late_output}, "
            f"{options.checkpoint_location} and {path}."
        )
    return [name for name in files if name not in processed]


def follow(spark: SparkSession, options: argparse.Namespace) -> None:
    """Run the query: with availableNow until everything that has landed is processed, else until it is stopped."""
    schema = stream_events.REPORT
    source = spark.readStream.schema(schema).option("mode", "FAILFAST")
    stream = source.option("maxFilesPerTrigger", options.max_files_per_trigger).json(options.stream_source)
    floor = lost_watermark(spark, options)
    if floor is not None:
        print(f"The checkpoint was lost; by the outputs the watermark is {floor} UTC.")
        stream = stream.filter(F.col("timestamp") > F.lit(floor).cast("timestamp"))
    rest = [name for name in stream.columns if name not in ("event_id", "timestamp")]
    events = (
        stream.withWatermark("timestamp", options.watermark)
        .groupBy("event_id", "timestamp")
        .agg(F.max_by(F.struct(*rest), "reported_at").alias("last"))
        .select("event_id", "timestamp", "last.*")
    )

    def write(batch: DataFrame, number: int) -> None:
        query = lake.read_json(spark, lake.join(options.checkpoint_location, "metadata"))["id"]
        folder = lake.join(options.output, f"query={query}/batch={number}")
        own = F.col("query").eqNullSafe(query) & F.col("batch").eqNullSafe(number)
        fresh = not_covered(batch, by=held(spark, options).filter(~own)).cache()
        if lake.exists(spark, folder) or not fresh.isEmpty():
            fresh.coalesce(1).write.mode("overwrite").parquet(folder)
        fresh.unpersist()

    query = (
        events.writeStream.foreachBatch(write)
        .outputMode(options.output_mode)
        .option("checkpointLocation", options.checkpoint_location)
        .trigger(**options.trigger)
        .start()
    )
    query.awaitTermination()


def lost_watermark(spark: SparkSession, options: argparse.Namespace) -> str | None:
    """Where the watermark stood by the outputs, if there are some but the checkpoint is gone."""
    if lake.exists(spark, lake.join(options.checkpoint_location, "metadata")):
        return None
    newest = stream_events.taken(spark, options.output).agg(
        F.max("timestamp") - F.expr(f"interval {options.watermark}")
    )
    row = newest.select(F.col(newest.columns[0]).cast("string")).first()
    return row[0] if row else None


def held(spark: SparkSession, options: argparse.Namespace) -> DataFrame:
    """The reports that the outputs hold, taken or set aside."""
    outputs = (options.output, options.too_late_output)
    taken, set_aside = (stream_events.taken(spark, folder) for folder in outputs)
    return taken.unionByName(set_aside)


def not_covered(reported: DataFrame, *, by: DataFrame) -> DataFrame:
    """The reports of events of which no report that is as late, or later, is there."""
    newest = by.groupBy("event_id").agg(F.max("reported_at").alias("newest"))
    joined = reported.join(newest, "event_id", "left")
    return joined.filter(F.isnull("newest") | (F.col("newest") < F.col("reported_at"))).drop("newest")


if __name__ == "__main__":
    main(arguments())
