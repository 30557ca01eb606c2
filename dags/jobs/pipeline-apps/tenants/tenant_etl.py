"""Tenant ETL: a tenant's good rows of a day, each flight once, as its own rules want them, if enough are good.

It reads and writes in folders of the tenant's name only. Where too few rows are good, or nothing is left, it fails and
leaves what was there before.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import lake
import quality
import tenancy
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenant-id", required=True, type=tenancy.tenant_id)
    parser.add_argument("--source-path", required=True, help="the tenant's folder, with a folder a day")
    parser.add_argument("--target-path", required=True, help="the tenant's folder for clean rows, a partition a day")
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--processing-rules", required=True, help="JSON file: what the tenant keeps, drops, masks")
    parser.add_argument("--quality-threshold", required=True, type=float, help="share of good rows that is enough")
    parser.add_argument("--resource-pool", required=True, help="Spark's own scheduler pool for the step's jobs")
    parser.add_argument("--quality-report", required=True, help="the tenant's folder for a JSON file a day")
    parser.add_argument("--schema-registry", required=True, help="folder with flights.json")
    parser.add_argument("--quality-rules", required=True, help="JSON file: what the platform takes for a good row")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    tenant, day = options.tenant_id, options.processing_date
    tenancy.check_own(
        tenant,
        source_path=options.source_path,
        target_path=options.target_path,
        processing_rules=options.processing_rules,
        quality_report=options.quality_report,
    )
    spark = lake.start(f"Tenant ETL {tenant}")
    spark.sparkContext.setLocalProperty("spark.scheduler.pool", options.resource_pool)
    source = lake.join(options.source_path, day)
    files = lake.files_in(spark, source)
    if not files:
        raise lake.DataError(f"Tenant {tenant} has no data for {day}: {source} holds no file.")

    schema = quality.schema_of(spark, options.schema_registry, "flights")
    raw = quality.read_raw(spark, [lake.join(source, name) for name in files], schema)
    judged = quality.judge(raw, schema, quality.rules_of(spark, options.quality_rules), day)
    accepted = quality.accepted(judged, schema).select(
        *(column["name"] for column in schema["columns"]), F.col("dep_time").isNull().alias("cancelled")
    )
    said = lake.read_json(spark, options.processing_rules)
    rules = tenancy.checked_rules(said, dict(accepted.dtypes), options.processing_rules)
    flights = accepted.cache()
    rows = tenancy.kept(flights, rules)

    counted = judged.agg(F.count(F.lit(1)), F.count_if(~quality.is_broken())).first()
    assert counted is not None
    rows_in, rows_good = counted
    counts = {"duplicates_removed": rows_good - flights.count(), "rows_kept": rows.count()}
    report = judgement(options, rows_in=rows_in, rows_good=rows_good, **counts)
    lake.write_json(spark, lake.join(options.quality_report, f"{day}.json"), report)
    print(report)
    if not report["passed"]:
        raise lake.DataError(
            f"Tenant {tenant}: {report['quality']:.2%} of {report['rows_in']} rows are good; "
            f"{options.quality_threshold:.2%} are wanted."
        )
    if not report["rows_kept"]:
        raise lake.DataError(f"Tenant {tenant} keeps none of its {report['rows_good']} good rows of {day}.")
    target = lake.join(options.target_path, f"flight_date={day}")
    tenancy.shaped(rows, rules, tenant).coalesce(1).write.mode("overwrite").parquet(target)
    flights.unpersist()


def judgement(options: argparse.Namespace, *, rows_in: int, rows_good: int, **counts: int) -> dict[str, Any]:
    share = rows_good / rows_in if rows_in else 0.0
    return {
        "tenant": options.tenant_id,
        "day": options.processing_date,
        "resource_pool": options.resource_pool,
        "rows_in": rows_in,
        "rows_good": rows_good,
        **counts,
        "quality": round(share, 6),
        "quality_threshold": options.quality_threshold,
        "passed": bool(rows_in) and share >= options.quality_threshold,
    }


if __name__ == "__main__":
    main(arguments())
