"""Train/Validation/Test Split: exact, stratified, and the same again."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import split_data
from lake import DataError
from pyspark.sql import SparkSession

Labels = dict[int, int]


def write_features(spark: SparkSession, folder: Path, labels: Labels, partitions: int = 1) -> None:
    rows = [(f"{label}-{number}", label, float(number)) for label, count in labels.items() for number in range(count)]
    frame = spark.createDataFrame(rows, "flight_id STRING, label INT, x DOUBLE")
    frame.repartition(partitions).write.mode("overwrite").parquet(str(folder / "features"))


def split(folder: Path, seed: int = 42, ratios: str = "0.7,0.15,0.15") -> dict[str, set[str]]:
    """The ids of each part."""
    words = {
        "source": folder / "features",
        "target-path": folder / "split",
        "ratios": ratios,
        "stratify-by": "label",
        "seed": seed,
        "report-output": folder / "split.json",
    }
    split_data.main(split_data.arguments([f"--{name}={value}" for name, value in words.items()]))
    rows = pd.read_parquet(folder / "split")
    return {str(part): set(ids) for part, ids in rows.groupby("part", observed=True).flight_id}


def test_each_part_has_its_share_of_each_kind_to_the_row(spark: SparkSession, lake_folder: Path) -> None:
    write_features(spark, lake_folder, {0: 101, 1: 40})
    parts = split(lake_folder)
    sizes = {
        part: [sum(name.startswith(f"{label}-") for name in ids) for label in (0, 1)] for part, ids in parts.items()
    }
    assert sizes == {"train": [71, 28], "validation": [15, 6], "test": [15, 6]}
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 141
    assert json.loads((lake_folder / "split.json").read_text())["rows"] == {
        part: {"0": zero, "1": one} for part, (zero, one) in sizes.items()
    }


def test_the_same_seed_splits_the_same_way_however_the_rows_lie(spark: SparkSession, lake_folder: Path) -> None:
    write_features(spark, lake_folder, {0: 60, 1: 40})
    first = split(lake_folder)
    write_features(spark, lake_folder, {1: 40, 0: 60}, partitions=7)
    assert split(lake_folder) == first
    assert split(lake_folder, seed=43) != first


def test_a_target_of_one_kind_is_an_error_and_nothing_is_written(spark: SparkSession, lake_folder: Path) -> None:
    write_features(spark, lake_folder, {0: 50})
    with pytest.raises(DataError, match=r"has 1 kind of label \(0\): a model learns from at least two"):
        split(lake_folder)
    assert not (lake_folder / "split").exists()


def test_a_kind_too_rare_for_each_part_is_an_error(spark: SparkSession, lake_folder: Path) -> None:
    write_features(spark, lake_folder, {0: 50, 1: 2})
    with pytest.raises(
        DataError, match=r"Too few rows of label 1 in .* to have some in each of train, validation, test"
    ):
        split(lake_folder)


def test_features_that_were_not_written_to_their_end_are_not_split(spark: SparkSession, lake_folder: Path) -> None:
    write_features(spark, lake_folder, {0: 50, 1: 50})
    (lake_folder / "features" / "_SUCCESS").unlink()
    with pytest.raises(DataError, match="features is missing or was not written to its end"):
        split(lake_folder)


@pytest.mark.parametrize("ratios", ["0.7,0.2,0.2", "0.8,0.2", "1.2,-0.1,-0.1"])
def test_ratios_make_up_one(lake_folder: Path, ratios: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        split(lake_folder, ratios=ratios)
    assert "write three shares above 0 that make up 1" in capsys.readouterr().err
