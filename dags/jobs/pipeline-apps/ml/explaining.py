"""What a model goes by, asked on rows that it has not learnt from: what would it say if one feature were different?"""

from __future__ import annotations

from typing import Any

import learning
import numpy as np
from pyspark.ml.classification import GBTClassificationModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

GRID = 8

Answers = dict[Any, np.ndarray[Any, np.dtype[np.float64]]]
Matrix = np.ndarray[Any, np.dtype[np.float64]]


class Sample:
    """Some of the rows, in the driver's memory: of each kind its share, and at least one, however rare it is.

    :param rows: with `features` and `label`
    :param size: about how many; a hash of the features draws them, so that they are always the same
    """

    def __init__(self, model: GBTClassificationModel, rows: DataFrame, size: int, seed: int) -> None:
        drawn = F.xxhash64(F.lit(seed), F.col("features").cast("string"))
        counts = sorted((row[0], row[1]) for row in rows.groupBy(learning.LABEL).count().collect())
        total = sum(count for _, count in counts)
        kept = []
        for kind, count in counts:
            of_kind = rows.filter(F.col(learning.LABEL) == kind).orderBy(drawn)
            kept += of_kind.limit(max(1, round(size * count / total))).select("features", learning.LABEL).collect()
        self.model, self.spark, self.seed = model, rows.sparkSession, seed
        self.features: Matrix = np.array([row["features"].toArray() for row in kept])
        self.labels: Matrix = np.array([float(row[learning.LABEL]) for row in kept])

    def permutation_importance(self, names: list[str], features: list[str]) -> dict[str, float]:
        """How much AUC is lost when a feature's values are dealt out anew among the rows."""
        dice = np.random.default_rng(self.seed)
        dealt: dict[Any, Matrix] = {None: self.features}
        for feature in features:
            dealt[feature] = self.features.copy()
            place = names.index(feature)
            dealt[feature][:, place] = dice.permutation(self.features[:, place])
        answers = probabilities(self.spark, self.model, dealt)
        whole = area_under_roc(self.labels, answers[None])
        return {feature: whole - area_under_roc(self.labels, answers[feature]) for feature in features}

    def partial_dependence(self, names: list[str], features: list[str]) -> dict[str, list[dict[str, float]]]:
        """The mean probability if all rows had one value of a feature, for values over its range."""
        asked: dict[Any, Matrix] = {}
        for feature in features:
            place = names.index(feature)
            for value in np.unique(np.quantile(self.features[:, place], np.linspace(0, 1, GRID))):
                asked[feature, float(value)] = self.features.copy()
                asked[feature, float(value)][:, place] = value
        answers = probabilities(self.spark, self.model, asked)
        return {
            feature: [
                {"value": value, "probability": float(answers[of, value].mean())}
                for of, value in asked
                if of == feature
            ]
            for feature in features
        }


def probabilities(spark: SparkSession, model: GBTClassificationModel, cases: dict[Any, Matrix]) -> Answers:
    """The model's answers to all rows of all cases, in one job."""
    rows = [(Vectors.dense(row),) for matrix in cases.values() for row in matrix]
    scored = model.transform(spark.createDataFrame(rows, ["features"])).select("probability").collect()
    answers = np.array([row["probability"][1] for row in scored])
    ends = np.cumsum([len(matrix) for matrix in cases.values()])[:-1]
    return dict(zip(cases, np.split(answers, ends)))


def area_under_roc(labels: Matrix, scores: Matrix) -> float:
    """The chance that a positive is ranked above a negative; half of it where they are equal."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = labels.sum()
    negatives = len(labels) - positives
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))
