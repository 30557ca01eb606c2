"""How late each carrier was on a day: CSV in, one small Parquet table out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = SparkSession.builder.appName("Carrier Delays").getOrCreate()
    flights = spark.read.csv(options.input, header=True, nullValue="NA")
    if flights.isEmpty():
        raise ValueError(f"Empty day: the files in {options.input} hold no row.")
    delays = flights.groupBy("carrier").agg(
        F.count("*").alias("flights"),
        F.count_if(F.isnull("dep_time")).alias("cancelled"),
        F.round(F.avg("arr_delay"), 1).alias("arrival_delay"),
    )
    delays.coalesce(1).write.mode("overwrite").parquet(options.output)


if __name__ == "__main__":
    main(arguments())
