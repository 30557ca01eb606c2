"""Train/Validation/Test Split: the same share of each value of the target in each part, to the row.

A row's place follows from its id and the seed alone: the same rows are split the same way again, however they are
stored and on however many machines. The parts are folders of one output, so there are all of them or none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction

import lake
from learning import PARTS
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="folder of the features")
    parser.add_argument("--target-path", required=True, help="folder for the parts")
    parser.add_argument("--ratios", required=True, type=_ratios, help="of train, validation and test: 0.7,0.15,0.15")
    parser.add_argument("--stratify-by", required=True, help="the column of the target")
    parser.add_argument("--id-column", default="flight_id", help="what tells a row from others")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--report-output", required=True, help="JSON file with the counts")
    return parser.parse_args(argv)


def _ratios(text: str) -> list[Fraction]:
    ratios = [Fraction(word) for word in text.split(",")]
    if len(ratios) != len(PARTS) or min(ratios) <= 0 or sum(ratios) != 1:
        raise argparse.ArgumentTypeError(f"{text}: write three shares above 0 that make up 1, such as 0.7,0.15,0.15")
    return ratios


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Train/Validation/Test Split")
    rows = lake.read_whole(spark, options.source)
    strata = {row[0]: row[1] for row in rows.groupBy(options.stratify_by).count().collect()}
    if len(strata) < 2:
        raise lake.DataError(
            f"{options.source} has {len(strata)} kind of {options.stratify_by} ({', '.join(map(str, strata))}): "
            "a model learns from at least two."
        )
    sizes = {value: sizes_of(count, options.ratios) for value, count in strata.items()}
    if poor := [value for value in sizes if 0 in sizes[value]]:
        raise lake.DataError(
            f"Too few rows of {options.stratify_by} {', '.join(map(str, poor))} in {options.source} to have some in "
            f"each of {', '.join(PARTS)}: {strata}."
        )
    divided(rows, strata, options).write.mode("overwrite").partitionBy("part").parquet(options.target_path)
    counts = {part: {str(value): sizes[value][place] for value in sorted(sizes)} for place, part in enumerate(PARTS)}
    lake.write_json(spark, options.report_output, {"seed": options.seed, "rows": counts})
    print(f"Rows by {options.stratify_by}: {counts}")


def sizes_of(count: int, ratios: list[Fraction]) -> list[int]:
    ends = [0, *ends_of(count, ratios)]
    return [end - start for start, end in zip(ends, ends[1:])]


def ends_of(count: int, ratios: list[Fraction]) -> list[int]:
    """The place of the last row of each part among so many."""
    return [round(count * sum(ratios[: place + 1])) for place in range(len(ratios))]


def divided(rows: DataFrame, strata: dict[object, int], options: argparse.Namespace) -> DataFrame:
    drawn = F.xxhash64(F.lit(options.seed), F.col(options.id_column))
    order = Window.partitionBy(options.stratify_by).orderBy(drawn, options.id_column)
    part = F.lit(None).cast("string")
    for value, count in strata.items():
        in_stratum = F.col(options.stratify_by) == F.lit(value)
        for name, end in zip(reversed(PARTS), reversed(ends_of(count, options.ratios))):
            part = F.when(in_stratum & (F.col("_place") <= end), name).otherwise(part)
    return rows.withColumn("_place", F.row_number().over(order)).withColumn("part", part).drop("_place")


if __name__ == "__main__":
    main(arguments())
