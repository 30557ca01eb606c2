"""Model Validation and Testing: how good the model is on rows that nothing was chosen by, and whether that is enough.

It fails, after having written its report, when the model is below the threshold, tells little more than one feature
does alone, errs much more often for one group than for another, or when the last day is like no day before.
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
Sizes = np.ndarray[Any, np.dtype[np.int64]]
JUDGED_RATES = ("true_positive_rate", "false_positive_rate")
"""How often late flights are found, and others are called late: what is to be alike for all. How often flights are late
differs between groups, and with it the selection rate, which is told and not judged."""
SOME_DRIFT, MUCH_DRIFT = 0.1, 0.25  # the customary bounds of the population stability index
LEAST_SHARE = 1e-4  # what an empty bin counts as: the index knows no zero


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-metadata", required=True, help="JSON file that the training has written")
    parser.add_argument("--split-path", required=True, help="folder with the parts")
    parser.add_argument("--metrics", required=True, type=lambda text: lake.words_of(text, METRICS))
    parser.add_argument("--threshold", required=True, type=float)
    parser.add_argument("--threshold-metric", choices=METRICS, default="auc")
    parser.add_argument("--baseline-feature", required=True, help="the feature that the model has to be better than")
    parser.add_argument("--least-gain", required=True, type=float, help="of AUC, over the baseline feature alone")
    parser.add_argument("--fairness-groups", required=True, type=lambda text: text.split(","), help="columns")
    parser.add_argument("--fairness-least-rows", type=int, default=30, help="rates of fewer are not compared")
    parser.add_argument("--fairness-threshold", required=True, type=float, help="how far rates of groups may be apart")
    parser.add_argument(
        "--drift-threshold",
        required=True,
        type=float,
        help="how many times as far from the other days the last one may be as any of those is",
    )
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
        F.col(options.baseline_feature).alias("baseline"),
    )
    answers.write.mode("overwrite").parquet(options.predictions_output)
    answers = lake.read_whole(spark, options.predictions_output).cache()

    counted = answers.agg(*counts()).first()
    assert counted is not None
    confusion: dict[str, int] = counted.asDict()
    measured = {**ratios_of(confusion), "auc": area_of(answers, "probability")}
    metrics = {name: measured[name] for name in options.metrics}
    alone = area_of(answers, "baseline")
    results: dict[str, Any] = {
        "model": metadata["model"],
        "rows": sum(confusion.values()),
        "confusion": confusion,
        "metrics": metrics,
        "threshold": options.threshold,
        "threshold_metric": options.threshold_metric,
        "baseline": {
            "feature": options.baseline_feature,
            "auc": max(alone, 1 - alone),
            "gain": measured["auc"] - max(alone, 1 - alone),
            "least_gain": options.least_gain,
        },
        "fairness": {group: fairness(answers, group, options.fairness_least_rows) for group in options.fairness_groups},
        "fairness_threshold": options.fairness_threshold,
        "drift": drift(train, test, metadata["features"]),
        "drift_of_the_last_day": drift_of_the_last_day(every, metadata["features"], options.drift_threshold),
        "predictions": options.predictions_output,
        "chart": charts.beside(options.results_output),
    }
    results["faults"] = faults_of(results)
    results["passed"] = not results["faults"]
    charts.write(spark, results["chart"], chart(metrics, options))
    lake.write_json(spark, options.results_output, results)
    print(f"{results['rows']} test flights: {metrics}, AUC {results['baseline']['auc']:.4f} by the baseline alone")
    if results["faults"]:
        raise lake.DataError(
            f"The model does not pass: {'; '.join(results['faults'])}. Report: {options.results_output}"
        )


def faults_of(results: dict[str, Any]) -> list[str]:
    """Why the model does not pass; what could not be judged is a fault too."""
    faults = []
    metric, threshold, baseline = results["threshold_metric"], results["threshold"], results["baseline"]
    reached = results["metrics"][metric]
    if not reached >= threshold:
        faults.append(f"its {metric} is {reached:.4f}, and {threshold} is the threshold")
    if not baseline["gain"] >= baseline["least_gain"]:
        faults.append(
            f"its AUC is {baseline['gain']:.4f} above that of {baseline['feature']} alone, {baseline['auc']:.4f}, "
            f"and {baseline['least_gain']} is the least"
        )
    most = results["fairness_threshold"]
    for group, found in results["fairness"].items():
        apart = {rate: found[f"{rate}_difference"] for rate in JUDGED_RATES}
        if all(difference is None for difference in apart.values()):
            faults.append(
                f"fairness by {group} is unknown: no two of them have {found['least_rows']} flights of a kind"
            )
        faults += [
            f"the {rate} differs by {difference:.4f} between groups of {group}, and {most} is the most"
            for rate, difference in apart.items()
            if difference is not None and not difference <= most
        ]
    last = results["drift_of_the_last_day"]
    if last is None:
        faults.append("drift is unknown: there are fewer than two days before the last one")
    elif last["drifted"]:
        far = ", ".join(f"{name} {last['times_as_far'][name]:.1f}" for name in last["drifted"])
        faults.append(f"the last day is more than {last['threshold']} times as far off as any day before it: {far}")
    return faults


def area_of(answers: DataFrame, column: str) -> float:
    return learning.area_under_roc(answers.withColumn("rawPrediction", F.col(column)))


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

    A rate of fewer flights than `least_rows` tells more of chance than of the model: it is left out of the differences,
    which are null where fewer than two groups are left.
    """
    groups: dict[str, Any] = {}
    known: dict[str, list[float]] = {"selection_rate": [], **{rate: [] for rate in JUDGED_RATES}}
    for row in answers.groupBy(group).agg(*counts()).orderBy(group).collect():
        name, *numbers = row
        hit, false_alarm, rest, missed = numbers
        parts = {
            "selection_rate": (hit + false_alarm, sum(numbers)),
            "true_positive_rate": (hit, hit + missed),
            "false_positive_rate": (false_alarm, false_alarm + rest),
        }
        rates = {rate: part / whole if whole else None for rate, (part, whole) in parts.items()}
        groups[str(name)] = {"rows": sum(numbers), "late": hit + missed, **rates}
        for rate, (part, whole) in parts.items():
            if whole >= least_rows:
                known[rate].append(part / whole)
    differences = {
        f"{rate}_difference": max(found) - min(found) if len(found) > 1 else None for rate, found in known.items()
    }
    return {**differences, "least_rows": least_rows, "groups": groups}


def drift(train: DataFrame, test: DataFrame, names: list[str]) -> dict[str, Any]:
    """The population stability index of each feature, over the tenths of its values in train."""
    bounds = tenths(train, names)
    expected, seen = (binned(part, bounds, F.lit(0))[0] for part in (train, test))
    index = {name: stability(expected[name], seen[name]) for name in names}
    index = dict(sorted(index.items(), key=lambda item: -item[1]))
    return {
        "some": [name for name in index if SOME_DRIFT < index[name] <= MUCH_DRIFT],
        "much": [name for name in index if index[name] > MUCH_DRIFT],
        "population_stability_index": index,
    }


def drift_of_the_last_day(rows: DataFrame, names: list[str], threshold: float) -> dict[str, Any] | None:
    """How far the last day is from the days before, measured by how far each of those is from the others.

    No day is like a mixture of days: it has one weekday, one weather, and one history, and windows that the history
    does not fill yet grow from day to day. So a stability index between a day and other days says little by itself. It
    counts by how many times it is above the greatest one that any day before has, or above the customary bound, where
    that is more.

    :return: none where there are fewer than two days before the last one
    """
    by_day = binned(rows, tenths(rows, names), F.col("flight_date").cast("string"))
    *before, last = sorted(by_day)
    if len(before) < 2:
        return None
    index, usual = {}, {}
    for name in names:
        sizes = {day: np.array(found[name]) for day, found in by_day.items()}
        whole = sum((sizes[day] for day in before), np.zeros_like(sizes[last]))
        index[name] = stability(whole, sizes[last])
        usual[name] = max(MUCH_DRIFT, *(stability(whole - sizes[day], sizes[day]) for day in before))
    times = {name: index[name] / usual[name] for name in names}
    times = dict(sorted(times.items(), key=lambda item: -item[1]))
    return {
        "day": last,
        "days_before": len(before),
        "threshold": threshold,
        "drifted": [name for name in times if times[name] > threshold],
        "times_as_far": times,
        "population_stability_index": index,
    }


def tenths(rows: DataFrame, names: list[str]) -> dict[str, list[float]]:
    """The bounds between the tenths of each feature's values."""
    cuts = rows.approxQuantile(names, [place / BINS for place in range(1, BINS)], 0.001)
    return {name: sorted(set(found)) for name, found in zip(names, cuts)}


def binned(rows: DataFrame, bounds: dict[str, list[float]], by: Column) -> dict[Any, dict[str, Sizes]]:
    """For each value of `by`, how many rows lie in each bin; a bound belongs to the bin below it."""
    bins = [F.struct(F.lit(name).alias("name"), bin_of(name, cuts).alias("bin")) for name, cuts in bounds.items()]
    every = rows.select(by.alias("by"), F.explode(F.array(*bins)).alias("found"))
    sizes: dict[Any, dict[str, Sizes]] = {}
    for row in every.groupBy("by", "found.name", "found.bin").count().collect():
        of_kind = sizes.setdefault(
            row["by"], {name: np.zeros(len(cuts) + 1, dtype=np.int64) for name, cuts in bounds.items()}
        )
        of_kind[row["name"]][row["bin"]] = row["count"]
    return sizes


def bin_of(name: str, cuts: list[float]) -> Column:
    return F.size(F.filter(F.array(*map(F.lit, cuts)), lambda cut: cut < F.col(name)))


def stability(expected: Sizes, seen: Sizes) -> float:
    before, now = (np.maximum(rows / max(rows.sum(), 1), LEAST_SHARE) for rows in (expected, seen))
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
