"""Ward Report, the PySpark twin of WardReport.scala: the same figures, programmed a second time."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import lake
from pyspark.sql import DataFrame, SparkSession


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source-table", required=True)
    parser.add_argument("--processing-date", required=True)
    parser.add_argument("--smallest-cell", type=int, required=True, help="figures of fewer persons are not told")
    parser.add_argument("--target-path", required=True, help="folder for the report, one JSON line a ward")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Ward Report", hive=True)
    found = report(spark, options.source_table, options.processing_date, options.smallest_cell)
    if found.isEmpty():
        raise lake.DataError(f"The table {options.source_table} has no row for {options.processing_date}.")
    found.coalesce(1).write.mode("overwrite").json(options.target_path)
    spark.stop()


def report(spark: SparkSession, table: str, day: str, smallest: int) -> DataFrame:
    """The figures of each ward; of one with too few persons only that it has some."""
    return spark.sql(
        f"""
        WITH wards AS (
            SELECT ward, count(DISTINCT patient_key) AS persons, count(*) AS encounters,
                round(percentile(stay_days, 0.5), 2) AS median_stay_days,
                round(avg(creatinine), 2) AS mean_creatinine,
                round(avg(int(int(regexp_extract(age_band, '^[0-9]+', 0)) >= 65)), 4) AS share_from_65
            FROM {table} WHERE batch_date = DATE '{day}' GROUP BY ward
        )
        SELECT ward, persons < {smallest} AS suppressed,
            if(persons < {smallest}, NULL, persons) AS persons,
            if(persons < {smallest}, NULL, encounters) AS encounters,
            if(persons < {smallest}, NULL, median_stay_days) AS median_stay_days,
            if(persons < {smallest}, NULL, mean_creatinine) AS mean_creatinine,
            if(persons < {smallest}, NULL, share_from_65) AS share_from_65
        FROM wards ORDER BY ward
        """
    )


if __name__ == "__main__":
    main(arguments())
