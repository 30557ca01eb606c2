"""What the steps that learn have in common: the parts of the data, the model, and how good it is."""

from __future__ import annotations

from typing import Any

import lake
from pyspark.ml.classification import GBTClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

PARTS = ("train", "validation", "test")
LABEL = "label"


def part_of(spark: SparkSession, folder: str, part: str) -> DataFrame:
    return lake.read_whole(spark, folder).filter(F.col("part") == part).drop("part")


def feature_names(rows: DataFrame) -> list[str]:
    """A feature is a column of type double."""
    return [name for name, kind in rows.dtypes if kind == "double"]


def assembler(names: list[str]) -> VectorAssembler:
    return VectorAssembler(inputCols=names, outputCol="features")


def boosted_trees(params: dict[str, Any], seed: int) -> GBTClassifier:
    return GBTClassifier(labelCol=LABEL, featuresCol="features", seed=seed, **params)


def area_under_roc(scored: DataFrame) -> float:
    evaluator = BinaryClassificationEvaluator(labelCol=LABEL, metricName="areaUnderROC", numBins=0)
    return float(evaluator.evaluate(scored))
