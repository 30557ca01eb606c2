"""Stream-Batch Join: the figures of stream and batch side by side, and one unified figure for each key and window.

Of the keys, the event time counts by its window. Where the batch has settled a window, its figures stand; where it has
nothing yet, the stream's do. `origin` says which of them were there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import lake
import stream_events
from pyspark.sql import functions as F

EVENT_TIME = "timestamp"
KEYS = ("customer_id", "movement")


def join_keys(text: str) -> list[str]:
    """The keys besides the event time, which is to be among them."""
    keys = lake.words_of(text, (*KEYS, EVENT_TIME))
    if EVENT_TIME not in keys or len(keys) == 1:
        raise argparse.ArgumentTypeError(f"{text}: the keys are {EVENT_TIME} and one or more of {', '.join(KEYS)}")
    return [key for key in keys if key != EVENT_TIME]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream-source", required=True, help="folder with the events of the late-data step")
    parser.add_argument("--batch-source", required=True, help="the day's folder of settled records")
    parser.add_argument("--join-keys", required=True, type=join_keys)
    parser.add_argument("--join-window", required=True, type=stream_events.duration)
    parser.add_argument("--unified-output", required=True, help="folder for the unified figures, as Parquet")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Stream-Batch Join")
    stream = stream_events.results(spark, options.stream_source)
    batch = stream_events.records(spark, options.batch_source)
    joined = stream_events.side_by_side(stream, batch, options.join_keys, options.join_window)
    in_stream, in_batch = F.col("stream_events").isNotNull(), F.col("batch_events").isNotNull()
    unified = joined.withColumns(
        {
            **{name: F.coalesce(f"batch_{name}", f"stream_{name}") for name in stream_events.MEASURES},
            "origin": F.when(in_stream & in_batch, "both").when(in_batch, "batch").otherwise("stream"),
        }
    )
    written = lake.write_and_read(unified.orderBy("window_start", *options.join_keys), options.unified_output)
    written.groupBy("origin").agg(F.count(F.lit(1)).alias("windows"), F.sum("events").alias("events")).show()


if __name__ == "__main__":
    main(arguments())
