"""Feature Extraction and Engineering: a row a flight, with what is known of it when it leaves the gate.

features.yaml says what to predict and from what. A feature is a column of type double; `label` is the target, and the
other columns name the flight. Whatever is told by other flights, their delays or how often they came too late, is told
by flights of the days before: neither a row's own target nor a later one reaches its features. The first day of the
history has no days before it: it is history only.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import cleanse_flights
import lake
import quality
import yaml
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

AGGREGATIONS = ("sum", "avg", "count", "stddev")
DEFINITIONS = {
    "target": str,
    "flight": dict,
    "weather": list,
    "aircraft": dict,
    "history": list,
    "target_encoding": dict,
    "groups": list,
}

Definitions = dict[str, Any]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw-data", required=True, help="folder with daily/<day>/*.csv and reference/<table>.csv")
    parser.add_argument("--feature-definitions", required=True, help="YAML file")
    parser.add_argument("--processing-date", required=True, type=date.fromisoformat, help="the last day")
    parser.add_argument("--history-days", required=True, type=_days, help="how many days up to that one are read")
    parser.add_argument("--schema-registry", required=True, help="folder with <table>.json")
    parser.add_argument("--quality-rules", required=True, help="JSON file; rows that break one are left out")
    parser.add_argument("--windows", required=True, type=_windows, help="days that history looks back, such as 1d,7d")
    parser.add_argument("--aggregations", required=True, type=lambda text: lake.words_of(text, AGGREGATIONS))
    parser.add_argument("--categorical-encoding", choices=("target_encoding",), required=True)
    parser.add_argument("--missing-values", choices=("interpolation", "last_observation"), required=True)
    parser.add_argument("--target-path", required=True, help="folder for the rows")
    parser.add_argument("--report-output", required=True, help="JSON file with the counts and the features' names")
    return parser.parse_args(argv)


def _days(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text}: the first day is history only, so at least 2 are needed")
    return int(text)


def _windows(text: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d*d(,[1-9]\d*d)*", text):
        raise argparse.ArgumentTypeError(f"{text}: write days like 1d,7d,30d")
    return [int(word[:-1]) for word in text.split(",")]


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Feature Extraction and Engineering")
    definitions = definitions_of(spark, options.feature_definitions)
    first = options.processing_date - timedelta(days=options.history_days - 1)
    judged = judged_flights(spark, first, options)
    good = judged.filter(~quality.is_broken())
    flights = cleanse_flights.one_row_each(good, _schema(spark, "flights", options), "latest_timestamp")
    flights = flights.select(
        "*",
        F.concat_ws("-", "date", "carrier", "flight", "origin", "sched_dep_time").alias("flight_id"),
        F.datediff("date", F.lit(first)).alias("day_number"),
        F.expr(definitions["target"]).cast("int").alias("label"),
    ).cache()

    rows = flights.filter(F.col("label").isNotNull() & (F.col("day_number") > 0))
    features = rows.select(
        "flight_id",
        F.col("date").alias("flight_date"),
        *definitions["groups"],
        "label",
        *(F.expr(sql).cast("double").alias(name) for name, sql in definitions["flight"].items()),
    )
    for table in (
        weather_at_departure(spark, rows, definitions["weather"], first, options),
        aircraft_of(spark, rows, definitions["aircraft"], options),
        history_of(flights, rows, definitions["history"], options),
        encoded(flights, rows, definitions["target_encoding"]),
    ):
        features = features.join(table, "flight_id")
    features.write.mode("overwrite").parquet(options.target_path)
    report(judged, flights, options)


def report(judged: DataFrame, flights: DataFrame, options: argparse.Namespace) -> None:
    spark = judged.sparkSession
    written = lake.read_whole(spark, options.target_path)
    names = [name for name, kind in written.dtypes if kind == "double"]
    empty = [F.count_if(F.col(name).isNull() | F.isnan(name)).alias(name) for name in names]
    counts = written.agg(F.count("label"), F.sum("label"), *empty).first()
    raw = judged.agg(F.count(F.lit(1)), F.count_if(quality.is_broken())).first()
    kept = flights.agg(F.count(F.lit(1)), F.count_if(F.expr("label IS NULL"))).first()
    assert counts is not None
    assert raw is not None
    assert kept is not None
    if not counts[0]:
        raise lake.DataError(
            f"No flight to learn from: none with a target after the first of the {options.history_days} days "
            f"up to {options.processing_date}."
        )
    if missing := [name for name in names if counts[name]]:
        raise lake.DataError(f"There is no value for all or some flights of the feature {', '.join(missing)}.")
    said = {
        "processing_date": str(options.processing_date),
        "history_days": options.history_days,
        "rows_in": raw[0],
        "rows_rejected": raw[1],
        "duplicates_removed": raw[0] - raw[1] - kept[0],
        "without_target": kept[1],
        "rows_out": counts[0],
        "positives": counts[1],
        "features": names,
    }
    lake.write_json(spark, options.report_output, said)
    print(f"{counts[0]} flights with {len(names)} features; {counts[1]} came true")


def definitions_of(spark: SparkSession, path: str) -> Definitions:
    try:
        found = yaml.safe_load(lake.read_text(spark, path))
    except yaml.YAMLError as error:
        raise lake.DataError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(found, dict) or set(found) != set(DEFINITIONS):
        raise lake.DataError(f"{path} has to say {', '.join(DEFINITIONS)}, and nothing else.")
    for name, kind in DEFINITIONS.items():
        if not isinstance(found[name], kind):
            raise lake.DataError(f"{path}: {name} is a {kind.__name__}, not {found[name]!r}.")
    if [name for name in found["history"] if not isinstance(name, dict) or set(name) != {"by", "of"}]:
        raise lake.DataError(f"{path}: each of history is written {{by: [column], of: column}}.")
    if set(found["target_encoding"]) != {"weight", "by"}:
        raise lake.DataError(f"{path}: target_encoding has weight and by.")
    return found


def judged_flights(spark: SparkSession, first: date, options: argparse.Namespace) -> DataFrame:
    """All rows of the days, each judged as one of the day in whose folder it lies."""
    days = [first + timedelta(days=number) for number in range(options.history_days)]
    folders = {day: lake.join(options.raw_data, f"daily/{day}") for day in days}
    files = {day: [lake.join(folder, name) for name in lake.files_in(spark, folder)] for day, folder in folders.items()}
    if missing := [str(day) for day in days if not files[day]]:
        raise lake.DataError(
            f"No flights of {', '.join(missing)} in {options.raw_data}/daily: "
            f"{options.history_days} days up to {options.processing_date} were asked for."
        )
    schema = _schema(spark, "flights", options)
    rules = quality.rules_of(spark, options.quality_rules)
    raw = quality.read_raw(spark, [path for day in days for path in files[day]], schema)
    folder_day = F.regexp_extract(F.input_file_name(), r"/daily/([0-9-]+)/[^/]+$", 1)
    return quality.judge(raw, schema, rules, folder_day)


def reference(spark: SparkSession, table: str, options: argparse.Namespace) -> DataFrame:
    path = lake.join(options.raw_data, f"reference/{table}.csv")
    if not lake.exists(spark, path):
        raise lake.DataError(f"There is no reference table {path}.")
    schema = _schema(spark, table, options)
    judged = quality.judge(quality.read_raw(spark, [path], schema), schema, [], str(options.processing_date))
    return judged.filter(~quality.is_broken()).drop(quality.BROKEN_RULES, "source_file")


def _schema(spark: SparkSession, table: str, options: argparse.Namespace) -> quality.Schema:
    return quality.schema_of(spark, options.schema_registry, table)


def weather_at_departure(
    spark: SparkSession, rows: DataFrame, names: list[str], first: date, options: argparse.Namespace
) -> DataFrame:
    """The weather of each flight's origin and hour; what was not observed then is filled from before and after.

    Interpolation draws a straight line between the observations on both sides; where there is only one of them, and
    with last_observation, the nearest that there is counts: the one before, or else the one after.
    """
    known_by_now = F.make_date("year", "month", "day").between(F.lit(first), F.lit(options.processing_date))
    observed = (
        reference(spark, "weather", options)
        .filter(known_by_now)
        .groupBy("origin", "time_hour")
        .agg(*(F.avg(name).alias(name) for name in names))
    )
    hours = rows.select("origin", "time_hour").distinct().join(observed, ["origin", "time_hour"], "full")
    filled = hours.select(
        "origin", "time_hour", *(filled_in(name, options.missing_values).alias(name) for name in names)
    )
    return (
        rows.select("flight_id", "origin", "time_hour")
        .join(filled, ["origin", "time_hour"], "left")
        .drop("origin", "time_hour")
    )


def filled_in(name: str, how: str) -> Column:
    hour = F.col("time_hour").cast("long")
    point = F.when(F.col(name).isNotNull(), F.struct(hour.alias("at"), F.col(name).alias("value")))
    by_time = Window.partitionBy("origin").orderBy("time_hour")
    before = F.last(point, ignorenulls=True).over(by_time.rowsBetween(Window.unboundedPreceding, 0))
    after = F.first(point, ignorenulls=True).over(by_time.rowsBetween(0, Window.unboundedFollowing))
    nearest = F.coalesce(before["value"], after["value"])
    if how == "last_observation":
        return nearest
    share = (hour - before["at"]) / (after["at"] - before["at"])
    between = before["value"] + share * (after["value"] - before["value"])
    return F.coalesce(F.col(name), between, nearest)


def aircraft_of(
    spark: SparkSession, rows: DataFrame, definitions: dict[str, str], options: argparse.Namespace
) -> DataFrame:
    planes = reference(spark, "planes", options)
    known = rows.select("flight_id", "date", "tailnum").join(planes, "tailnum", "left")
    known = known.select("flight_id", *(F.expr(sql).cast("double").alias(name) for name, sql in definitions.items()))
    medians = known.agg(*(F.median(name).alias(f"median_{name}") for name in definitions))
    return known.crossJoin(medians).select(
        "flight_id", *(F.coalesce(name, f"median_{name}").alias(name) for name in definitions)
    )


def totals_before(flights: DataFrame, by: list[str], value: Column, days: int | None) -> DataFrame:
    """For each day of each group: number, sum and sum of squares of the values on the days before it.

    :param days: how many days back; all when None
    """
    known = value.cast("double")
    daily = flights.groupBy(*by, "day_number").agg(
        F.count(known).alias("number"), F.sum(known).alias("total"), F.sum(known * known).alias("squares")
    )
    earliest = Window.unboundedPreceding if days is None else -days
    before = Window.partitionBy(*by).orderBy("day_number").rangeBetween(earliest, -1)
    return daily.select(
        *by,
        "day_number",
        *(F.coalesce(F.sum(name).over(before), F.lit(0)).alias(name) for name in ("number", "total", "squares")),
    )


def history_of(
    flights: DataFrame, rows: DataFrame, definitions: list[dict[str, Any]], options: argparse.Namespace
) -> DataFrame:
    """Each aggregation of each value over each window; without a flight to tell, it is 0, and so is the count."""
    groups = {column for definition in definitions for column in definition["by"]}
    result = rows.select("flight_id", "day_number", *sorted(groups))
    number, total = F.col("number"), F.col("total")
    variance = (F.col("squares") - total * total / number) / (number - 1)
    aggregates = {
        "sum": total,
        "avg": F.when(number > 0, total / number).otherwise(0),
        "count": number,
        "stddev": F.when(number > 1, F.sqrt(F.greatest(variance, F.lit(0)))).otherwise(0),
    }
    for definition in definitions:
        by, of = definition["by"], definition["of"]
        for days in options.windows:
            columns = [
                aggregates[word].cast("double").alias("_".join([*by, of, word, f"{days}d"]))
                for word in options.aggregations
            ]
            totals = totals_before(flights, by, F.col(of), days).select(*by, "day_number", *columns)
            result = result.join(totals, [*by, "day_number"])
    return result.drop("day_number", *groups)


def encoded(flights: DataFrame, rows: DataFrame, definition: dict[str, Any]) -> DataFrame:
    """The share of flights before that came true, by group, drawn to that of all by `weight` flights."""
    groups = {column for by in definition["by"] for column in by}
    result = rows.select("flight_id", "day_number", *sorted(groups))
    label, weight = F.col("label"), F.lit(float(definition["weight"]))
    everyone = totals_before(flights, [], label, None)
    common = everyone.select("day_number", (F.col("total") / F.col("number")).alias("common"))
    for by in definition["by"]:
        share = (F.col("total") + weight * F.col("common")) / (F.col("number") + weight)
        totals = totals_before(flights, by, label, None).join(common, "day_number")
        shares = totals.select(*by, "day_number", share.alias("_".join([*by, "target_share"])))
        result = result.join(shares, [*by, "day_number"])
    return result.drop("day_number", *groups)


if __name__ == "__main__":
    main(arguments())
