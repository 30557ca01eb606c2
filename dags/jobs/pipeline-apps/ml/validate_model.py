"""Model Validation and Testing: how good the model is on rows that nothing was chosen by, and whether that is enough.

Fails below the threshold, after having written its report. Fairness (how differently groups are treated) and drift
(how differently the features of test and train are distributed, and those of the last day and the days before) are
reported, not judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import charts
import lake
import learning
import numpy as np
from matplotlib.figure import Figure
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

METRICS = ("accuracy", "precision", "recall", "f1", "auc")
BINS = 10
SOME_DRIFT, MUCH_DRIFT = 0.1, 0.25  # the customary bounds of the population stability index
LEAST_SHARE = 1e-4  # what an empty bin counts as: the index knows no zero


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-metadata", required=True, help="JSON file that the training has written")
    parser.add_argument("--split-path", required=True, help="folder with the parts")
    parser.add_argument("--metrics", required=True, type=lambda text: lake.words_of(text, METRICS))
    parser.add_argument("--threshold", required=True, type=float)
    parser.add_argument("--threshold-metric", choices=METRICS, default="auc")
    parser.add_argument("--fairness-groups", required=True, type=lambda text: text.split(","), help="columns")
    parser.add_argument("--fairness-least-rows", type=int, default=30, help="smaller groups are not compared")
    parser.add_argument("--predictions-output", required=True, help="folder for the test flights with the answers")
    parser.add_argument("--results-output", required=True, help="JSON file; the chart lies beside it")
    options = parser.parse_args(argv)
    if options.threshold_metric not in options.metrics:
        parser.error(f"--threshold-metric {options.threshold_metric} is none of --metrics {options.metrics}")
    return options


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Model Validation and Testing")
    metadata = lake.read_json(spark, options.model_metadata)
    every = lake.read_whole(spark, options.split_path)
    train, test = (learning.part_of(spark, options.split_path, part) for part in ("train", "test"))
    scored = PipelineModel.load(metadata["model"]).transform(test)
    answers = scored.select(
        "flight_id",
        *options.fairness_groups,
        learning.LABEL,
        F.col("prediction").cast("int").alias("prediction"),
        vector_to_array(F.col("probability"))[1].alias("probability"),
    )
    answers.write.mode("overwrite").parquet(options.predictions_output)
    answers = lake.read_whole(spark, options.predictions_output).cache()

    counted = answers.agg(*counts()).first()
    assert counted is not None
    confusion: dict[str, int] = counted.asDict()
    scores = answers.withColumnRenamed("probability", "rawPrediction")
    measured = {**ratios_of(confusion), "auc": learning.area_under_roc(scores)}
    metrics = {name: measured[name] for name in options.metrics}
    reached = metrics[options.threshold_metric]
    results = {
        "model": metadata["model"],
        "rows": sum(confusion.values()),
        "confusion": confusion,
        "metrics": metrics,
        "threshold": options.threshold,
        "threshold_metric": options.threshold_metric,
        "passed": reached >= options.threshold,
        "fairness": {group: fairness(answers, group, options.fairness_least_rows) for group in options.fairness_groups},
        "drift": drift(train, test, metadata["features"]),
        "drift_of_the_last_day": drift_of_the_last_day(every, metadata["features"]),
        "predictions": options.predictions_output,
        "chart": charts.beside(options.results_output),
    }
    charts.write(spark, results["chart"], chart(metrics, options))
    lake.write_json(spark, options.results_output, results)
    print(f"{results['rows']} test flights: {metrics}")
    if not results["passed"]:
        raise lake.DataError(
            f"The model does not pass: its {options.threshold_metric} is {reached:.4f}, and {options.threshold} is the "
            f"threshold. Report: {options.results_output}"
        )


def counts() -> list[Column]:
    said, true = F.col("prediction") == 1, F.col(learning.LABEL) == 1
    return [
        F.count_if(said & true).alias("true_positives"),
        F.count_if(said & ~true).alias("false_positives"),
        F.count_if(~said & ~true).alias("true_negatives"),
        F.count_if(~said & true).alias("false_negatives"),
    ]


def ratios_of(confusion: dict[str, int]) -> dict[str, float]:
    right = confusion["true_positives"]
    precision = share(right, right + confusion["false_positives"])
    recall = share(right, right + confusion["false_negatives"])
    return {
        "accuracy": share(right + confusion["true_negatives"], sum(confusion.values())),
        "precision": precision,
        "recall": recall,
        "f1": share(2 * precision * recall, precision + recall),
    }


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def fairness(answers: DataFrame, group: str, least_rows: int) -> dict[str, Any]:
    """How often each group is predicted late, rightly and wrongly, and how far the groups lie apart.

    Rates that a group has no rows for are null, and left out of the differences.
    """
    groups = {}
    for row in answers.groupBy(group).agg(*counts()).orderBy(group).collect():
        name, *numbers = row
        hit, false_alarm, rest, missed = numbers
        groups[str(name)] = {
            "rows": sum(numbers),
            "compared": sum(numbers) >= least_rows,
            "selection_rate": (hit + false_alarm) / sum(numbers),
            "true_positive_rate": hit / (hit + missed) if hit + missed else None,
            "false_positive_rate": false_alarm / (false_alarm + rest) if false_alarm + rest else None,
        }
    differences = {}
    for rate in ("selection_rate", "true_positive_rate", "false_positive_rate"):
        known = [said[rate] for said in groups.values() if said["compared"] and said[rate] is not None]
        differences[f"{rate}_difference"] = max(known) - min(known) if known else None
    return {**differences, "least_rows": least_rows, "groups": groups}


def drift(train: DataFrame, test: DataFrame, names: list[str]) -> dict[str, Any]:
    """The population stability index of each feature, over the tenths of its values in train."""
    cuts = train.approxQuantile(names, [place / BINS for place in range(1, BINS)], 0.001)
    bounds = {name: sorted(set(found)) for name, found in zip(names, cuts)}
    expected, seen = (binned(part, bounds) for part in (train, test))
    index = {name: stability(expected[name], seen[name]) for name in names}
    index = dict(sorted(index.items(), key=lambda item: -item[1]))
    return {
        "some": [name for name in index if SOME_DRIFT < index[name] <= MUCH_DRIFT],
        "much": [name for name in index if index[name] > MUCH_DRIFT],
        "population_stability_index": index,
    }


def drift_of_the_last_day(rows: DataFrame, names: list[str]) -> dict[str, Any] | None:
    """The same between the last day and the days before it; none where there is one day only."""
    newest = rows.agg(F.max("flight_date")).first()
    assert newest is not None
    before = rows.filter(F.col("flight_date") < newest[0])
    return None if before.isEmpty() else drift(before, rows.filter(F.col("flight_date") == newest[0]), names)


def binned(rows: DataFrame, bounds: dict[str, list[float]]) -> dict[str, list[int]]:
    """How many rows lie in each bin; a bound belongs to the bin below it."""
    bins = [F.struct(F.lit(name).alias("name"), bin_of(name, cuts).alias("bin")) for name, cuts in bounds.items()]
    found = rows.select(F.explode(F.array(*bins)).alias("found")).groupBy("found.name", "found.bin").count().collect()
    sizes = {(row["name"], row["bin"]): int(row["count"]) for row in found}
    return {name: [sizes.get((name, place), 0) for place in range(len(cuts) + 1)] for name, cuts in bounds.items()}


def bin_of(name: str, cuts: list[float]) -> Column:
    return F.size(F.filter(F.array(*map(F.lit, cuts)), lambda cut: cut < F.col(name)))


def stability(expected: list[int], seen: list[int]) -> float:
    before, now = (np.maximum(np.array(rows) / max(sum(rows), 1), LEAST_SHARE) for rows in (expected, seen))
    return float(np.sum((now - before) * np.log(now / before)))


def chart(metrics: dict[str, float], options: argparse.Namespace) -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.bar(list(metrics), list(metrics.values()), color="lightgray")
    bars[list(metrics).index(options.threshold_metric)].set_color("tab:blue")
    axes.bar_label(bars, fmt="%.3f")
    axes.axhline(options.threshold, color="tab:red", linestyle="--", label=f"threshold of {options.threshold_metric}")
    axes.set_ylim(0, 1.05)
    axes.legend(loc="lower right")
    return figure


if __name__ == "__main__":
    main(arguments())
