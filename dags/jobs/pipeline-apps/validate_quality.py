"""Data Quality Validation: judge a day's raw rows and refuse the day when too many are broken."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import lake
import quality
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-path", required=True, help="the day's folder of CSV files")
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--schema-registry", required=True, help="folder with <table>.json")
    parser.add_argument("--table", default="flights")
    parser.add_argument("--quality-rules", required=True, help="JSON file")
    parser.add_argument("--validation-output", required=True, help="folder for report.json and the rejected rows")
    parser.add_argument("--failure-threshold", type=float, required=True, help="share of broken rows that is tolerated")
    parser.add_argument("--detailed-report", choices=("true", "false"), default="false", help="keep the rejected rows")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Data Quality Validation")
    files = lake.files_in(spark, options.input_path)
    if not files:
        raise lake.DataError(f"No input for {options.processing_date}: {options.input_path} holds no file.")
    schema = quality.schema_of(spark, options.schema_registry, options.table)
    rules = quality.rules_of(spark, options.quality_rules)
    raw = quality.read_raw(spark, [lake.join(options.input_path, name) for name in files], schema)
    judged = quality.judge(raw, schema, rules, options.processing_date)

    report = summary(judged, quality.rule_names(rules), options)
    lake.write_json(spark, lake.join(options.validation_output, "report.json"), report)
    keep_rejected(judged, report, options)
    print(f"{report['rows_in']} rows, {report['rows_rejected']} rejected")
    if not report["rows_in"]:
        raise lake.DataError(f"Empty day {options.processing_date}: the files in {options.input_path} hold no row.")
    if not report["passed"]:
        raise lake.DataError(
            f"{report['rows_rejected']} of {report['rows_in']} rows are broken ({report['failure_rate']:.2%}); "
            f"{options.failure_threshold:.2%} are tolerated. Report: {options.validation_output}/report.json"
        )


def summary(judged: DataFrame, names: list[str], options: argparse.Namespace) -> dict[str, Any]:
    counted = judged.agg(
        F.count(F.lit(1)),
        F.count_if(quality.is_broken()),
        *(F.count_if(F.array_contains(quality.BROKEN_RULES, name)) for name in names),
    ).first()
    assert counted is not None
    rows_in, rejected, *failed = counted
    rate = rejected / rows_in if rows_in else 0.0
    return {
        "day": options.processing_date,
        "rows_in": rows_in,
        "rows_rejected": rejected,
        "failure_rate": round(rate, 6),
        "failure_threshold": options.failure_threshold,
        "passed": bool(rows_in) and rate <= options.failure_threshold,
        "rules": [{"name": name, "failed": count} for name, count in zip(names, failed)],
    }


def keep_rejected(judged: DataFrame, report: dict[str, Any], options: argparse.Namespace) -> None:
    folder = lake.join(options.validation_output, "rejected")
    if options.detailed_report == "true" and report["rows_rejected"]:
        judged.filter(quality.is_broken()).write.mode("overwrite").json(folder)
    else:
        lake.delete(judged.sparkSession, folder)


if __name__ == "__main__":
    main(arguments())
