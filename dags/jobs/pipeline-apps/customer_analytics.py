"""Customer Analytics Processing: one row a carrier for the day: its segment, its risk, its value.

segmentation      thirds by flights (core, regular, occasional), and whether it is later than the middle carrier
churn_prediction  the share of its flights that passengers will lose (cancelled or diverted), as expected from its day
                  and from what all carriers lost so far: the registered model, which each day brings up to date
lifetime_value    seat miles flown, times the days that this risk leaves to be expected of it
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from typing import Any

import lake
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

TYPES = ("segmentation", "churn_prediction", "lifetime_value")
DECAY = 0.9  # A flight counts a tenth less in the model with each day that passes.
DISCOUNT = 0.01  # A day's delay makes a seat mile worth this much less.


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source-table", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--target-path", required=True, help="folder for the carriers and summary.json")
    parser.add_argument("--analytics-types", required=True, type=lambda text: lake.words_of(text, TYPES))
    parser.add_argument("--model-registry", required=True, help="folder for the model, a file a day")
    parser.add_argument("--archive-path", required=True, help="folder of the Parquet files to be archived")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Customer Analytics Processing", hive=True)
    flights = lake.rows_of_day(spark, options.source_table, options.processing_date)
    carriers = measured(flights)
    if "segmentation" in options.analytics_types:
        carriers = segmented(carriers)
    if {"churn_prediction", "lifetime_value"} & set(options.analytics_types):
        carriers = carriers.withColumn("churn_risk", churn_risk(updated_model(carriers, options)))
    if "lifetime_value" in options.analytics_types:
        carriers = carriers.withColumn("lifetime_value", lifetime_value())
    if "churn_prediction" not in options.analytics_types:
        carriers = carriers.drop("churn_risk")

    # Computed once: the summary and the archive are made of what was written.
    written = lake.write_and_read(carriers, lake.join(options.target_path, "carriers"))
    value = "lifetime_value" if "lifetime_value" in options.analytics_types else "flights"
    best = written.drop("lost", "seat_miles").orderBy(F.desc(value), "carrier")
    lake.write_summary(best, options.target_path, f"Carriers on {options.processing_date}")
    lake.write_one_parquet(written, options.archive_path, f"customer-insights-{options.processing_date}")
    lake.write_one_parquet(flights, options.archive_path, f"flights-{options.processing_date}")


def measured(flights: DataFrame) -> DataFrame:
    """One row a carrier. An aircraft that is not registered counts with its carrier's average seats, or the fleet's."""
    lost = F.col("cancelled") | F.col("diverted")
    carrier_seats = F.avg("seats").over(Window.partitionBy("carrier"))
    fleet_seats = F.avg("seats").over(Window.partitionBy("flight_date"))
    return (
        flights.withColumn("seats", F.coalesce("seats", carrier_seats, fleet_seats))
        .groupBy("carrier")
        .agg(
            F.first("carrier_name").alias("name"),
            F.count(F.lit(1)).alias("flights"),
            F.count_if(lost).alias("lost"),
            F.round(F.avg("arr_delay"), 1).alias("arrival_delay"),
            F.sum(F.when(~lost, F.col("distance") * F.col("seats")).otherwise(0)).alias("seat_miles"),
        )
    )


def segmented(carriers: DataFrame) -> DataFrame:
    third = F.ntile(3).over(Window.orderBy(F.desc("flights"), "carrier"))
    size = F.when(third == 1, "core").when(third == 2, "regular").otherwise("occasional")
    middle = carriers.agg(F.median("arrival_delay").alias("middle"))
    late = F.when(F.col("arrival_delay") > F.col("middle"), "late").otherwise("punctual")
    return carriers.crossJoin(middle).withColumn("segment", F.concat_ws(", ", size, late)).drop("middle")


def updated_model(carriers: DataFrame, options: argparse.Namespace) -> dict[str, Any]:
    """The model of the newest day before this one with this day's flights added; registered under this day."""
    spark, day = carriers.sparkSession, options.processing_date
    today = carriers.agg(F.sum("flights"), F.sum("lost"), F.count(F.lit(1))).first()
    assert today is not None
    flights, lost, count = today
    before = newest_before(spark, options.model_registry, day)
    kept = DECAY ** (date.fromisoformat(day) - date.fromisoformat(before["day"])).days if before["day"] else 0.0
    model = {
        "model": "churn_prediction",
        "day": day,
        "follows": before["day"],
        "flights": flights + kept * before["flights"],
        "lost": lost + kept * before["lost"],
        "weight": flights / count,  # The common rate weighs as much as the flights of an average carrier.
    }
    model["loss_rate"] = model["lost"] / model["flights"]
    lake.write_json(spark, lake.join(options.model_registry, f"{day}.json"), model)
    return model


def newest_before(spark: SparkSession, registry: str, day: str) -> dict[str, Any]:
    earlier = [name for name in lake.files_in(spark, registry) if name < f"{day}.json"]
    if not earlier:
        return {"day": None, "flights": 0, "lost": 0}
    model: dict[str, Any] = lake.read_json(spark, lake.join(registry, max(earlier)))
    return model


def churn_risk(model: dict[str, Any]) -> Any:
    """A carrier's own share of lost flights, drawn to the common one the more, the fewer flights it has."""
    weight = F.lit(model["weight"])
    return F.round((F.col("lost") + weight * model["loss_rate"]) / (F.col("flights") + weight), 4)


def lifetime_value() -> Any:
    kept = 1 - F.col("churn_risk")
    return F.round(F.col("seat_miles") * kept / (1 + DISCOUNT - kept)).cast("long")


if __name__ == "__main__":
    main(arguments())
