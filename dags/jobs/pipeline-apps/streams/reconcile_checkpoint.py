"""Checkpoint Reconciliation: what the stream has made of a day up to its checkpoint, against what the batch says.

Events and minutes of delay are compared for each customer in each window. Where a measure differs by more than the
tolerance, as a share of the batch's, a correction is written: what to add to the stream's figures to have the batch's.
A correction fits the results that it was made for, so this runs after the late-data step, and those of an earlier run
go first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import lake
import stream_events
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream-source", required=True, help="folder with the events of the late-data step")
    parser.add_argument("--reports", required=True, help="the day's folder of reports, as they land")
    parser.add_argument("--batch-source", required=True, help="the day's folder of settled records")
    parser.add_argument("--progress", required=True, help="JSON file with what the late-data step has processed")
    parser.add_argument("--window", required=True, type=stream_events.duration)
    parser.add_argument("--tolerance", required=True, type=float)
    parser.add_argument("--corrections-output", required=True, help="folder for the corrections, as Parquet")
    parser.add_argument("--report-output", required=True, help="JSON file")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Checkpoint Reconciliation")
    lake.delete(spark, options.corrections_output)
    stream = stream_events.results(spark, options.stream_source)
    batch = stream_events.records(spark, options.batch_source)
    compared = stream_events.side_by_side(stream, batch, ["customer_id"], options.window).cache()
    corrections = beyond(compared, options.tolerance)
    written = lake.write_and_read(corrections, options.corrections_output)

    processed = lake.read_json(spark, options.progress)["files"] if lake.exists(spark, options.progress) else {}
    totals = compared.agg(*(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in figures())).first()
    assert totals is not None
    report = {
        "window": options.window,
        "tolerance": options.tolerance,
        "compared": compared.count(),
        "corrections": written.count(),
        "not_yet_processed": sorted(set(lake.files_in(spark, options.reports)) - set(processed)),
        **totals.asDict(),
    }
    compared.unpersist()
    lake.write_json(spark, options.report_output, report)
    print(json.dumps(report, indent=2))


def figures() -> list[str]:
    return [f"{side}_{measure}" for measure in stream_events.MEASURES for side in ("stream", "batch")]


def beyond(compared: DataFrame, tolerance: float) -> DataFrame:
    """The rows with a measure beyond the tolerance, and what each measure is to be corrected by."""
    whole = compared.fillna(0, figures())
    corrections = {
        f"{measure}_correction": F.col(f"batch_{measure}") - F.col(f"stream_{measure}")
        for measure in stream_events.MEASURES
    }
    differs = F.lit(False)
    for measure in stream_events.MEASURES:
        allowed = tolerance * F.abs(F.col(f"batch_{measure}"))
        differs = differs | (F.abs(F.col(f"{measure}_correction")) > allowed)
    return whole.withColumns(corrections).filter(differs).orderBy("window_start", "customer_id")


if __name__ == "__main__":
    main(arguments())
