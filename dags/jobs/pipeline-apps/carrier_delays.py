"""How late each carrier was on a day: CSV in, one small Parquet table out.

Broken rows are left out, and a flight that was reported several times counts once, by its latest report.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import lake
import quality
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="the day's folder of CSV files")
    parser.add_argument("--output", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--schema-registry", required=True, help="folder with flights.json")
    parser.add_argument("--quality-rules", required=True, help="JSON file: what a good row is")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Carrier Delays")
    schema = quality.schema_of(spark, options.schema_registry, "flights")
    rules = quality.rules_of(spark, options.quality_rules)
    files = lake.files_in(spark, options.input)
    if not files:
        raise lake.DataError(f"No input for {options.processing_date}: {options.input} holds no file.")
    raw = quality.read_raw(spark, [lake.join(options.input, name) for name in files], schema)
    flights = quality.accepted(quality.judge(raw, schema, rules, options.processing_date), schema)
    carriers = flights.groupBy("carrier").agg(
        F.count("*").alias("flights"),
        F.count_if(F.isnull("dep_time")).alias("cancelled"),
        F.round(F.avg("arr_delay"), 1).alias("arrival_delay"),
    )
    delays = carriers.cache()
    if delays.isEmpty():
        raise lake.DataError(f"Empty day {options.processing_date}: the files in {options.input} hold no good row.")
    delays.coalesce(1).write.mode("overwrite").parquet(options.output)
    delays.unpersist()


if __name__ == "__main__":
    main(arguments())
