"""Product Analytics Processing: one row a route for the day: what it goes with, where it is heading, what it needs.

recommendation          the route that the same carriers fly most alike (cosine of their flights)
trend_analysis          the day's flights against the mean of the seven days before it that the table holds
inventory_optimization  seats to hold ready so that in 95 of 100 days nobody of a lost flight stays behind
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, timedelta

import lake
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

TYPES = ("recommendation", "trend_analysis", "inventory_optimization")
TREND_DAYS = 7
STEADY = 0.1  # A change of up to a tenth is no trend.
SERVICE_LEVEL = 1.645  # Standard deviations that cover 95 of 100 days.
WEIGHT = 10  # Flights that the day's common share of lost flights counts for beside a route's own.


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source-table", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--target-path", required=True, help="folder for the routes and summary.json")
    parser.add_argument("--analytics-types", required=True, type=lambda text: lake.words_of(text, TYPES))
    parser.add_argument("--archive-path", required=True, help="folder of the Parquet files to be archived")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Product Analytics Processing", hive=True)
    flights = lake.rows_of_day(spark, options.source_table, options.processing_date)
    routes = measured(flights)
    if "trend_analysis" in options.analytics_types:
        routes = with_trend(spark, routes, options)
    if "recommendation" in options.analytics_types:
        routes = routes.join(recommended(flights), "route", "left")
    if "inventory_optimization" in options.analytics_types:
        routes = with_spare_seats(routes)

    # Computed once: the summary and the archive are made of what was written.
    written = lake.write_and_read(routes, lake.join(options.target_path, "routes"))
    busiest = written.drop("lost").orderBy(F.desc("flights"), "route")
    lake.write_summary(busiest, options.target_path, f"Routes on {options.processing_date}")
    lake.write_one_parquet(written, options.archive_path, f"product-insights-{options.processing_date}")


def measured(flights: DataFrame) -> DataFrame:
    """One row a route. An aircraft that is not registered counts with the average seats of the day."""
    day_seats = F.avg("seats").over(Window.partitionBy("flight_date"))
    return (
        flights.withColumn("seats", F.coalesce("seats", day_seats))
        .groupBy("route")
        .agg(
            F.count(F.lit(1)).alias("flights"),
            F.count_if(F.col("cancelled") | F.col("diverted")).alias("lost"),
            F.round(F.avg("arr_delay"), 1).alias("arrival_delay"),
            F.round(F.sum("seats")).cast("long").alias("seats"),
        )
    )


def with_trend(spark: SparkSession, routes: DataFrame, options: argparse.Namespace) -> DataFrame:
    day = date.fromisoformat(options.processing_date)
    since = str(day - timedelta(days=TREND_DAYS))
    before = spark.table(options.source_table).filter(
        (F.col("flight_date") >= since) & (F.col("flight_date") < str(day))
    )
    days = before.agg(F.count_distinct("flight_date").alias("days"))
    usual = before.groupBy("route").agg(F.count(F.lit(1)).alias("usual"))
    change = F.col("flights") / (F.col("usual") / F.col("days")) - 1
    trend = (
        F.when(F.col("days") == 0, "no history")
        .when(F.col("usual").isNull(), "new")
        .when(change > STEADY, "rising")
        .when(change < -STEADY, "falling")
        .otherwise("steady")
    )
    return routes.join(usual, "route", "left").crossJoin(days).withColumn("trend", trend).drop("usual", "days")


def recommended(flights: DataFrame) -> DataFrame:
    """The most similar other route of each; a tie goes to the first by name. A route nobody shares has none."""
    flown = flights.groupBy("route", "carrier").agg(F.count(F.lit(1)).alias("times"))
    length = F.sqrt(F.sum(F.col("times") * F.col("times")).over(Window.partitionBy("route")))
    flown = flown.withColumn("share", F.col("times") / length)
    other = flown.select(F.col("route").alias("other"), "carrier", F.col("share").alias("other_share"))
    alike = (
        flown.join(other, "carrier")
        .filter("route <> other")
        .groupBy("route", "other")
        .agg(F.round(F.sum(F.col("share") * F.col("other_share")), 6).alias("likeness"))
    )
    best = F.row_number().over(Window.partitionBy("route").orderBy(F.desc("likeness"), "other"))
    return alike.withColumn("_place", best).filter("_place = 1").select("route", F.col("other").alias("goes_with"))


def with_spare_seats(routes: DataFrame) -> DataFrame:
    """Enough for the expected lost flights and their spread, in seats of the route's own aircraft."""
    common = routes.agg((F.sum("lost") / F.sum("flights")).alias("common"))
    rate = (F.col("lost") + WEIGHT * F.col("common")) / (F.col("flights") + WEIGHT)
    lost = F.col("flights") * rate + SERVICE_LEVEL * F.sqrt(F.col("flights") * rate * (1 - rate))
    spare = F.ceil(lost * F.col("seats") / F.col("flights")).cast("long")
    return routes.crossJoin(common).withColumn("spare_seats", spare).drop("common")


if __name__ == "__main__":
    main(arguments())
