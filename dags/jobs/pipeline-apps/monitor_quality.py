"""Data Quality Monitoring: measure the day in the business table, and what the analytics made of it.

A metric is the mean of its checks, a check the share of rows for which its SQL is true. The results of an analysis are
measured in the same way, each against the business table of the day. The report is written either way; what is below
its minimum, or missing, is published to the SNS topic, if one is given, and ends the step with an error.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import lake
import quality
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

METRICS = ("completeness", "accuracy", "consistency", "timeliness")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source-table", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--metrics", required=True, type=lambda text: lake.words_of(text, METRICS))
    parser.add_argument("--alert-thresholds", required=True, help="JSON file with each metric's checks and minimum")
    parser.add_argument(
        "--results",
        action="append",
        default=[],
        type=_named_folder,
        help="name=folder of an analysis' rows, each in turn",
    )
    parser.add_argument("--cleansing-metrics", required=True, help="JSON file of the cleansing step")
    parser.add_argument("--report-output", required=True, help="JSON file")
    parser.add_argument("--sns-topic", default="none", help="ARN of the topic for alerts, or none")
    return parser.parse_args(argv)


def _named_folder(text: str) -> tuple[str, str]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"{text}: write name=folder")
    return name, folder


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Data Quality Monitoring", hive=True)
    thresholds = lake.read_json(spark, options.alert_thresholds)
    wanted = wanted_of(spark, thresholds, "metrics", options.metrics, options.alert_thresholds)
    wanted_results = wanted_of(
        spark, thresholds, "results", [name for name, _ in options.results], options.alert_thresholds
    )
    cleansing = lake.read_json(spark, options.cleansing_metrics)
    flights = lake.rows_of_day(spark, options.source_table, options.processing_date)

    rows, measured = measure(flights, wanted, cleansing)
    alerts = [
        f"{name} is {measured[name]['value']}, at least {metric['minimum']} is wanted"
        for name, metric in wanted.items()
        if measured[name]["value"] < metric["minimum"]
    ]
    results = {name: measure_result(flights, folder, wanted_results[name]) for name, folder in options.results}
    alerts += [
        result["missing"] if "missing" in result else f"{name} is {result['value']}, at least {minimum} is wanted"
        for name, result in results.items()
        if result["value"] < (minimum := wanted_results[name]["minimum"])
    ]
    report = {
        "day": options.processing_date,
        "rows": rows,
        "metrics": measured,
        "results": results,
        "alerts": alerts,
    }
    lake.write_json(spark, options.report_output, report)
    print(json.dumps(report, indent=2))
    if alerts:
        publish(options.sns_topic, f"Data quality of {options.processing_date}", report)
        raise lake.DataError(f"Data quality of {options.processing_date}: {'; '.join(alerts)}.")


def wanted_of(spark: SparkSession, found: Any, section: str, names: Sequence[str], path: str) -> dict[str, Any]:
    """What is asked for, each with its minimum and its checks; a file that lacks them is refused."""
    wanted: dict[str, Any] = {}
    for name in names:
        try:
            metric = found[section][name]
            wanted[name] = {**metric, "minimum": float(metric["minimum"]), "checks": dict(metric["checks"])}
            if section == "results":
                wanted[name]["key"] = str(metric["key"])
        except (KeyError, TypeError, ValueError) as error:
            raise lake.DataError(f"Malformed {path}: {name} has no minimum and checks: {error!r}.") from None
        if not wanted[name]["checks"]:
            raise lake.DataError(f"Malformed {path}: {name} has no check.")
        for check, sql in wanted[name]["checks"].items():
            quality.check_sql(spark, path, f"{name}.{check}", sql)
    return wanted


def measure(
    flights: DataFrame, wanted: dict[str, Any], cleansing: dict[str, int]
) -> tuple[int, dict[str, dict[str, Any]]]:
    """The number of rows, and each metric's value and checks."""
    rows = flights.count()
    counted = flights.withColumns({"rows_here": F.lit(rows), "rows_cleansed": F.lit(cleansing["rows_out"])})
    checks = [(metric, check, sql) for metric, rule in wanted.items() for check, sql in rule["checks"].items()]
    values = counted.agg(*(share_of(sql) for _, _, sql in checks)).first()
    assert values is not None
    measured: dict[str, dict[str, Any]] = {name: {"value": 0.0, "checks": {}} for name in wanted}
    for (metric, check, _), value in zip(checks, values):
        measured[metric]["checks"][check] = round(value, 4)
    for result in measured.values():
        result["value"] = round(sum(result["checks"].values()) / len(result["checks"]), 4)
    return rows, measured


def measure_result(flights: DataFrame, folder: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The value and the checks of an analysis' rows; what is not there whole is worth nothing.

    A check may compare its row with all: rows_here, keys_here and flights_here are counted in the result, keys_of_day
    and flights_of_day in the business table, a key being the column that the result has a row for each value of.
    """
    key = wanted["key"]
    try:
        rows = lake.read_whole(flights.sparkSession, folder)
    except lake.DataError as error:
        return {"value": 0.0, "checks": {}, "missing": str(error)}
    here = rows.agg(F.count(F.lit(1)), F.count_distinct(key), F.sum("flights")).first()
    of_day = flights.agg(F.count_distinct(key), F.count(F.lit(1))).first()
    assert here is not None
    assert of_day is not None
    names = ("rows_here", "keys_here", "flights_here", "keys_of_day", "flights_of_day")
    counted = rows.withColumns({name: F.lit(count) for name, count in zip(names, (*here, *of_day))})
    values = counted.agg(*(share_of(sql) for sql in wanted["checks"].values())).first()
    assert values is not None
    checks = {check: round(value or 0.0, 4) for check, value in zip(wanted["checks"], values)}
    return {"value": round(sum(checks.values()) / len(checks), 4), "checks": checks}


def share_of(sql: str) -> Column:
    """The share of rows for which it is true; what is unknown is not."""
    return F.avg(F.coalesce(F.expr(sql), F.lit(False)).cast("int"))


def publish(topic: str, subject: str, report: dict[str, Any]) -> None:
    if topic == "none":
        return
    import boto3  # Only here, so that a cluster without it can still measure.

    region = topic.split(":")[3]
    boto3.client("sns", region_name=region).publish(
        TopicArn=topic, Subject=subject, Message=json.dumps(report, indent=2)
    )
    print(f"The alert was published to {topic}.")


if __name__ == "__main__":
    main(arguments())
