"""Cross-Tenant Aggregated Analytics: numbers of the whole platform that give no aircraft's day away.

Who is protected is an aircraft. Of its rows at most `--max-contributions` are counted at each tenant, delays are
clamped, and every number gets noise for its share of epsilon. Tenants mask aircraft each in its own way, so one that
flies for all T tenants counts as T: a number changes by at most T times what one tenant's rows can change. A flight
that names no aircraft is a unit by itself. Which tenants are in it, and which are missing, is no secret.

A day's numbers are drawn once for each question, that is for the same tenants with the same epsilon and bounds: whoever
asks it again gets them again, from the ledger. Another question of the same day is paid for out of what is left of the
day's budget, and refused when that is spent.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import lake
import privacy
import privacy_ledger
import tenancy
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

COLUMNS = ("tailnum", "distance", "arr_delay", "cancelled")
SHORT, LONG = 600, 1500
"""Miles that part short, medium and long flights."""
LATE = 15
"""Minutes after which an arrival is late."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source-path", required=True, help="the tenants' clean rows; * stands for a tenant's id")
    parser.add_argument("--tenants", required=True, type=tenants, help="who made it, with commas")
    parser.add_argument("--missing-tenants", default=[], type=tenants, help="who did not, with commas")
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--aggregation-level", choices=("platform",), required=True)
    parser.add_argument("--privacy-mechanism", choices=("differential_privacy",), required=True)
    parser.add_argument("--epsilon", required=True, type=positive, help="the privacy budget of all numbers together")
    parser.add_argument("--privacy-ledger", required=True, help="folder in S3 of what was told of which data for when")
    parser.add_argument("--data-set", default="cross-tenant", help="what the ledger calls these data")
    parser.add_argument("--period-budget", required=True, type=positive, help="epsilon of all that is told of one day")
    parser.add_argument(
        "--revision", type=int, default=1, help="a higher one asks anew, of data that were mended, for a new epsilon"
    )
    parser.add_argument("--max-contributions", type=int, default=2, help="rows of one aircraft that count at a tenant")
    parser.add_argument("--delay-bounds", type=bounds, default=(-60, 180), help="minutes to which delays are clamped")
    parser.add_argument("--output-path", required=True, help="folder for a JSON file a day")
    options = parser.parse_args(argv)
    if options.source_path.split("/").count("*") != 1:
        parser.error("--source-path has one folder *, which stands for a tenant's id")
    if options.max_contributions < 1:
        parser.error("--max-contributions is at least 1")
    if not options.tenants:
        parser.error("--tenants is empty: there is nothing to merge")
    if both := sorted(set(options.tenants) & set(options.missing_tenants)):
        parser.error(f"{', '.join(both)} cannot be there and missing")
    return options


def tenants(text: str) -> list[str]:
    return sorted({tenancy.tenant_id(word) for word in text.split(",")}) if text else []


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number


def bounds(text: str) -> tuple[int, int]:
    least, most = (int(word) for word in text.split(","))
    if least >= most:
        raise argparse.ArgumentTypeError(f"{text}: the first bound is below the second")
    return least, most


def main(options: argparse.Namespace, noise: privacy.Noise = privacy.laplace) -> None:
    spark = lake.start("Cross-Tenant Aggregated Analytics")
    ledger = privacy_ledger.Ledger(
        privacy_ledger.client(),
        options.privacy_ledger,
        options.data_set,
        options.processing_date,
        options.period_budget,
    )

    def release() -> dict[str, Any]:
        rows = bounded(rows_of(spark, options), options.max_contributions)
        return released(true_numbers(rows, options.delay_bounds), options, noise)

    answer, again = ledger.answered(question_of(options), options.epsilon, release)
    report = {**answer, "missing_tenants": options.missing_tenants, "complete": not options.missing_tenants}
    lake.write_json(spark, lake.join(options.output_path, f"{options.processing_date}.json"), report)
    print(f"Told again, from {ledger}: the input was not read" if again else f"Told for the first time, see {ledger}")
    print(report)


def question_of(options: argparse.Namespace) -> dict[str, Any]:
    """What makes two releases of a day the same one."""
    return {
        "tenants": options.tenants,
        "source": options.source_path,
        "level": options.aggregation_level,
        "mechanism": options.privacy_mechanism,
        "epsilon": options.epsilon,
        "max_contributions": options.max_contributions,
        "delay_bounds": list(options.delay_bounds),
        "revision": options.revision,
    }


def rows_of(spark: SparkSession, options: argparse.Namespace) -> DataFrame:
    """The day's rows of the tenants that made it; one that left none is an error, and others are not looked at."""
    found: list[DataFrame] = []
    for tenant in options.tenants:
        folder = lake.join(options.source_path.replace("*", tenant), f"flight_date={options.processing_date}")
        if not lake.exists(spark, lake.join(folder, "_SUCCESS")):
            raise lake.DataError(f"Tenant {tenant} is said to have made it, and has no whole data in {folder}.")
        found.append(spark.read.parquet(folder).select(*COLUMNS).withColumn("tenant", F.lit(tenant)))
    rows = found[0]
    for more in found[1:]:
        rows = rows.unionByName(more)
    return rows


def bounded(rows: DataFrame, most: int) -> DataFrame:
    """At most so many rows of an aircraft at a tenant, on each run the same."""
    order = Window.partitionBy("tenant", "tailnum").orderBy(F.xxhash64(*COLUMNS))
    unnamed = F.col("tailnum").isNull()
    return rows.withColumn("_place", F.row_number().over(order)).filter(unnamed | (F.col("_place") <= most))


def true_numbers(rows: DataFrame, delay_bounds: tuple[int, int]) -> dict[str, int]:
    least, most = delay_bounds
    arrived = F.col("arr_delay").isNotNull()
    clamped = F.greatest(F.lit(least), F.least(F.lit(most), F.col("arr_delay")))
    counted = rows.agg(
        F.count_if(F.col("distance") < SHORT).alias("short_flights"),
        F.count_if((F.col("distance") >= SHORT) & (F.col("distance") < LONG)).alias("medium_flights"),
        F.count_if(F.col("distance") >= LONG).alias("long_flights"),
        F.count_if(F.col("cancelled")).alias("cancelled"),
        F.count_if(arrived).alias("arrived"),
        F.count_if(F.col("arr_delay") >= LATE).alias("late"),
        F.coalesce(F.sum(F.when(arrived, clamped)), F.lit(0)).alias("delay_minutes"),
    ).first()
    assert counted is not None
    return {name: int(value) for name, value in counted.asDict().items()}


def released(true: dict[str, int], options: argparse.Namespace, noise: privacy.Noise) -> dict[str, Any]:
    """What is shown: numbers with noise, what is derived from them at no cost, and how the budget was spent."""
    unit = options.max_contributions * len(options.tenants)
    furthest = max(abs(bound) for bound in options.delay_bounds)
    budget = privacy.Budget(options.epsilon, noise)
    share = options.epsilon / len(true)
    for name, value in true.items():
        sensitivity = unit * furthest if name == "delay_minutes" else unit
        budget.release(name, value, epsilon=share, sensitivity=sensitivity)
    shown = {number.name: number.value for number in budget.released}
    flights = sum(shown[name] for name in ("short_flights", "medium_flights", "long_flights"))
    return {
        "day": options.processing_date,
        "level": options.aggregation_level,
        "tenants": options.tenants,
        "numbers": {
            **shown,
            "flights": flights,
            "cancelled_share": ratio(shown["cancelled"], flights),
            "late_share": ratio(shown["late"], shown["arrived"]),
            "mean_delay": ratio(shown["delay_minutes"], shown["arrived"]),
        },
        "privacy": {
            **budget.account(),
            "unit": "an aircraft; a flight that names none is one by itself",
            "max_contributions_per_tenant": options.max_contributions,
            "rows_of_one_unit": unit,
            "delay_bounds": list(options.delay_bounds),
        },
    }


def ratio(part: int, whole: int) -> float | None:
    """Of noisy numbers; none where the noise has eaten the whole."""
    return round(part / whole, 4) if whole > 0 else None


if __name__ == "__main__":
    main(arguments())
