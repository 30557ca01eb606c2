"""Data Quality Monitoring: measure the day in the business table and raise the alarm where a metric is too low.

A metric is the mean of its checks, a check the share of rows for which its SQL is true. The report is written either
way; a metric below its minimum is published to the SNS topic, if one is given, and ends the step with an error.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import lake
import quality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

METRICS = ("completeness", "accuracy", "consistency", "timeliness")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source-table", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--metrics", required=True, type=lambda text: lake.words_of(text, METRICS))
    parser.add_argument("--alert-thresholds", required=True, help="JSON file with each metric's checks and minimum")
    parser.add_argument("--cleansing-metrics", required=True, help="JSON file of the cleansing step")
    parser.add_argument("--report-output", required=True, help="JSON file")
    parser.add_argument("--sns-topic", default="none", help="ARN of the topic for alerts, or none")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Data Quality Monitoring", hive=True)
    wanted = wanted_metrics(spark, options)
    cleansing = lake.read_json(spark, options.cleansing_metrics)
    flights = lake.rows_of_day(spark, options.source_table, options.processing_date)

    rows, measured = measure(flights, wanted, cleansing)
    alerts = [
        f"{name} is {measured[name]['value']}, at least {metric['minimum']} is wanted"
        for name, metric in wanted.items()
        if measured[name]["value"] < metric["minimum"]
    ]
    report = {"day": options.processing_date, "rows": rows, "metrics": measured, "alerts": alerts}
    lake.write_json(spark, options.report_output, report)
    print(json.dumps(report, indent=2))
    if alerts:
        publish(options.sns_topic, f"Data quality of {options.processing_date}", report)
        raise lake.DataError(f"Data quality of {options.processing_date}: {'; '.join(alerts)}.")


def wanted_metrics(spark: SparkSession, options: argparse.Namespace) -> dict[str, Any]:
    """The metrics that are asked for, each with its minimum and its checks; a file that lacks them is refused."""
    path = options.alert_thresholds
    found = lake.read_json(spark, path)
    wanted: dict[str, Any] = {}
    for name in options.metrics:
        try:
            metric = found["metrics"][name]
            wanted[name] = {"minimum": float(metric["minimum"]), "checks": dict(metric["checks"])}
        except (KeyError, TypeError, ValueError) as error:
            raise lake.DataError(f"Malformed {path}: {name} has no minimum and checks: {error!r}.") from None
        if not wanted[name]["checks"]:
            raise lake.DataError(f"Malformed {path}: {name} has no check.")
        for check, sql in wanted[name]["checks"].items():
            quality.parsed(path, f"{name}.{check}", sql)
    return wanted


def measure(
    flights: DataFrame, wanted: dict[str, Any], cleansing: dict[str, int]
) -> tuple[int, dict[str, dict[str, Any]]]:
    """The number of rows, and each metric's value and checks."""
    rows = flights.count()
    counted = flights.withColumns({"rows_here": F.lit(rows), "rows_cleansed": F.lit(cleansing["rows_out"])})
    checks = [(metric, check, sql) for metric, rule in wanted.items() for check, sql in rule["checks"].items()]
    values = counted.agg(*(F.avg(F.coalesce(F.expr(sql), F.lit(False)).cast("int")) for _, _, sql in checks)).first()
    assert values is not None
    measured: dict[str, dict[str, Any]] = {name: {"value": 0.0, "checks": {}} for name in wanted}
    for (metric, check, _), value in zip(checks, values):
        measured[metric]["checks"][check] = round(value, 4)
    for result in measured.values():
        result["value"] = round(sum(result["checks"].values()) / len(result["checks"]), 4)
    return rows, measured


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
