"""The carriers of all days so far, the latest ones first: the daily delays in, one small Parquet table out.

A day's mean delay counts as often as its flights have left.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="folder with a folder a day")
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = SparkSession.builder.appName("Delay Report").getOrCreate()
    days = spark.read.option("recursiveFileLookup", True).parquet(options.input)
    flown = F.when(F.col("arrival_delay").isNotNull(), F.col("flights") - F.col("cancelled"))
    report = days.groupBy("carrier").agg(
        F.count("*").alias("days"),
        F.sum("flights").alias("flights"),
        F.round(F.sum(F.col("arrival_delay") * flown) / F.sum(flown), 1).alias("arrival_delay"),
    )
    report.orderBy(F.desc("arrival_delay"), "carrier").coalesce(1).write.mode("overwrite").parquet(options.output)


if __name__ == "__main__":
    main(arguments())
