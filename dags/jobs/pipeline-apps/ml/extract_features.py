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
Table = tuple[list[str], DataFrame]
"""Features, and the columns of a flight that they belong to."""


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
    flights = quality.accepted(judged, _schema(spark, "flights", options))
    flights = (
        with_aircraft(spark, flights, options)
        .select(
            "*",
            F.concat_ws("-", "date", "carrier", "flight", "origin", "sched_dep_time").alias("flight_id"),
            F.datediff("date", F.lit(first)).alias("day_number"),
            F.expr(definitions["target"]).cast("int").alias("label"),
        )
        .cache()
    )

    counts = counted(judged, flights, options)
    rows = flights.filter(F.col("label").isNotNull() & (F.col("day_number") > 0))
    tables = [
        weather_at(spark, rows, definitions["weather"], first, options),
        *(history_of(flights, definition, options) for definition in definitions["history"]),
        *target_shares(flights, definitions["target_encoding"]),
    ]
    for keys, table in tables:
        rows = rows.join(table, keys, "left")
    features = rows.select(
        "flight_id",
        F.col("date").alias("flight_date"),
        *definitions["groups"],
        "label",
        *(F.expr(sql).cast("double").alias(name) for name, sql in definitions["flight"].items()),
        *or_median(flights, definitions["aircraft"]),
        *(column for keys, table in tables for column in table.columns if column not in keys),
    )
    features.write.mode("overwrite").parquet(options.target_path)
    names = [name for name, kind in features.dtypes if kind == "double"]
    check_values(spark, options.target_path, names)
    flights.unpersist()
    lake.write_json(spark, options.report_output, {**counts, "features": names})
    print(f"{counts} with {len(names)} features")


def counted(judged: DataFrame, flights: DataFrame, options: argparse.Namespace) -> dict[str, int]:
    """What became of the raw rows; none to learn from is an error."""
    raw = judged.agg(F.count(F.lit(1)), F.count_if(quality.is_broken())).first()
    kept = flights.agg(
        F.count(F.lit(1)),
        F.count_if(F.expr("label IS NULL")),
        F.count_if(F.expr("label IS NOT NULL AND day_number > 0")),
    ).first()
    assert raw is not None
    assert kept is not None
    if not kept[2]:
        raise lake.DataError(
            f"No flight to learn from: none with a target after the first of the {options.history_days} days "
            f"up to {options.processing_date}."
        )
    return {
        "rows_in": raw[0],
        "rows_rejected": raw[1],
        "duplicates_removed": raw[0] - raw[1] - kept[0],
        "without_target": kept[1],
        "rows_out": kept[2],
    }


def check_values(spark: SparkSession, folder: str, names: list[str]) -> None:
    """A feature without a value for some flight is an error, and what was written is no output."""
    written = lake.read_whole(spark, folder)
    empty = written.agg(*(F.count_if(F.col(name).isNull() | F.isnan(name)).alias(name) for name in names)).first()
    assert empty is not None
    if missing := [name for name in names if empty[name]]:
        lake.delete(spark, folder)
        raise lake.DataError(f"There is no value for all or some flights of the feature {', '.join(missing)}.")


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
    days = [str(first + timedelta(days=number)) for number in range(options.history_days)]
    folders = {day: lake.join(options.raw_data, f"daily/{day}") for day in days}
    files = {day: [lake.join(folder, name) for name in lake.files_in(spark, folder)] for day, folder in folders.items()}
    check_days(days, {day for day in days if files[day]}, options)
    schema = _schema(spark, "flights", options)
    rules = quality.rules_of(spark, options.quality_rules)
    raw = quality.read_raw(spark, [path for day in days for path in files[day]], schema)
    folder_day = F.regexp_extract(F.input_file_name(), r"/daily/([0-9-]+)/[^/]+$", 1)
    check_days(days, {row["day"] for row in raw.select(folder_day.alias("day")).distinct().collect()}, options)
    return quality.judge(raw, schema, rules, folder_day)


def check_days(days: list[str], there: set[str], options: argparse.Namespace) -> None:
    if missing := [day for day in days if day not in there]:
        raise lake.DataError(
            f"No flights of {', '.join(missing)} in {options.raw_data}/daily: "
            f"{options.history_days} days up to {options.processing_date} were asked for."
        )


def reference(spark: SparkSession, table: str, options: argparse.Namespace) -> DataFrame:
    path = lake.join(options.raw_data, f"reference/{table}.csv")
    if not lake.exists(spark, path):
        raise lake.DataError(f"There is no reference table {path}.")
    schema = _schema(spark, table, options)
    judged = quality.judge(quality.read_raw(spark, [path], schema), schema, [], str(options.processing_date))
    return judged.filter(~quality.is_broken()).drop(quality.BROKEN_RULES, "source_file")


def _schema(spark: SparkSession, table: str, options: argparse.Namespace) -> quality.Schema:
    return quality.schema_of(spark, options.schema_registry, table)


def weather_at(
    spark: SparkSession, rows: DataFrame, names: list[str], first: date, options: argparse.Namespace
) -> Table:
    """The weather of each origin and hour; what was not observed then is filled from before and after.

    Interpolation draws a straight line between the observations on both sides; where there is only one of them, and
    with last_observation, the nearest that there is counts: the one before, or else the one after.
    """
    keys = ["origin", "time_hour"]
    known_by_now = F.make_date("year", "month", "day").between(F.lit(first), F.lit(options.processing_date))
    observed = reference(spark, "weather", options).filter(known_by_now)
    hourly = observed.groupBy(*keys).agg(*(F.avg(name).alias(name) for name in names))
    hours = rows.select(*keys).distinct().join(hourly, keys, "full")
    return keys, hours.select(*keys, *(filled_in(name, options.missing_values).alias(name) for name in names))


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


def with_aircraft(spark: SparkSession, flights: DataFrame, options: argparse.Namespace) -> DataFrame:
    """The flights with their row of planes.csv as the column `plane`, NULL where the aircraft is unknown."""
    planes = reference(spark, "planes", options)
    return flights.join(planes.select("tailnum", F.struct("*").alias("plane")), "tailnum", "left")


def or_median(flights: DataFrame, definitions: dict[str, str]) -> list[Column]:
    """The value of each expression, or where there is none, the median of all flights."""
    medians = flights.agg(*(F.median(F.expr(sql).cast("double")) for sql in definitions.values())).first()
    assert medians is not None
    return [
        F.coalesce(F.expr(sql).cast("double"), F.lit(median)).alias(name)
        for (name, sql), median in zip(definitions.items(), medians)
    ]


def totals_by_day(flights: DataFrame, by: list[str], value: Column) -> DataFrame:
    """For each day of each group: number, sum and sum of squares of the values that there are."""
    known = value.cast("double")
    return flights.groupBy(*by, "day_number").agg(
        F.count(known).alias("number"), F.sum(known).alias("total"), F.sum(known * known).alias("squares")
    )


def before(totals: DataFrame, by: list[str], windows: Sequence[int | None]) -> DataFrame:
    """The sums of daily totals over so many days before each day, as number_<days>, total_<days> and squares_<days>.

    :param windows: in days; None for all days before
    """
    sums = []
    for days in windows:
        earliest = Window.unboundedPreceding if days is None else -days
        window = Window.partitionBy(*by).orderBy("day_number").rangeBetween(earliest, -1)
        for name in ("number", "total", "squares"):
            sums.append(
                F.coalesce(F.sum(name).over(window).cast("double"), F.lit(0.0)).alias(f"{name}_{days or 'before'}")
            )
    return totals.select(*by, "day_number", *sums)


def history_of(flights: DataFrame, definition: dict[str, Any], options: argparse.Namespace) -> Table:
    """Each aggregation of a value over each window; without a flight to tell, it is 0, and so is the count."""
    by, of = definition["by"], definition["of"]
    columns = []
    for days in options.windows:
        number, total, squares = (F.col(f"{name}_{days}") for name in ("number", "total", "squares"))
        variance = (squares - total * total / number) / (number - 1)
        aggregates = {
            "sum": total,
            "avg": F.when(number > 0, total / number).otherwise(0.0),
            "count": number,
            "stddev": F.when(number > 1, F.sqrt(F.greatest(variance, F.lit(0.0)))).otherwise(0.0),
        }
        columns += [aggregates[word].alias("_".join([*by, of, word, f"{days}d"])) for word in options.aggregations]
    keys = [*by, "day_number"]
    return keys, before(totals_by_day(flights, by, F.col(of)), by, options.windows).select(*keys, *columns)


def target_shares(flights: DataFrame, definition: dict[str, Any]) -> list[Table]:
    """By group, the share of flights before that came true, drawn to that of all by `weight` flights."""
    label, weight = F.col("label"), F.lit(float(definition["weight"]))
    everyone = before(totals_by_day(flights, [], label), [], [None])
    number = F.col("number_before")
    of_all = F.when(number != 0, F.col("total_before") / number)  # which ANSI's rules refuse on the first day
    common = everyone.select("day_number", of_all.alias("common"))
    tables = []
    for by in definition["by"]:
        keys = [*by, "day_number"]
        share = (F.col("total_before") + weight * F.col("common")) / (F.col("number_before") + weight)
        so_far = before(totals_by_day(flights, by, label), by, [None]).join(common, "day_number")
        tables.append((keys, so_far.select(*keys, share.alias("_".join([*by, "target_share"])))))
    return tables


if __name__ == "__main__":
    main(arguments())
