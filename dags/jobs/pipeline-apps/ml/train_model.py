"""Final Model Training: the best parameters' model, what it is, what it goes by, and why it says what it says.

Each training writes a model of its own; the metadata, which are written last, say where it is. So whoever goes by the
metadata never finds a model that is half-written or was replaced.
"""

from __future__ import annotations

import argparse
import math
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import charts
import explaining
import lake
import learning
from matplotlib.figure import Figure
from pyspark.ml import PipelineModel
from pyspark.ml.classification import GBTClassificationModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split-path", required=True, help="folder with the parts; it learns on train alone")
    parser.add_argument("--best-params", required=True, help="JSON file that the tuning has written")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--model-output", required=True, help="folder for the models, a folder each")
    parser.add_argument("--metadata-output", required=True, help="JSON file that says where the model is")
    parser.add_argument("--feature-importance-output", required=True, help="JSON file")
    parser.add_argument("--explainability-output", required=True, help="JSON file; the chart lies beside it")
    parser.add_argument("--explained-features", type=int, default=6, help="so many of the most important ones")
    parser.add_argument("--explained-rows", type=int, default=500, help="so many rows of validation")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Final Model Training")
    found = lake.read_json(spark, options.best_params)
    train, validation = (learning.part_of(spark, options.split_path, part) for part in ("train", "validation"))
    names = learning.feature_names(train)
    assembler = learning.assembler(names)
    learned, judged = (
        assembler.transform(part).select(learning.LABEL, "features").cache() for part in (train, validation)
    )
    model: GBTClassificationModel = learning.boosted_trees(found["params"], options.seed).fit(learned)
    losses = log_losses(model, judged)
    ignorant = entropy(judged)
    check_convergence(losses, ignorant)

    started = datetime.now(timezone.utc)
    where = lake.join(options.model_output, f"{started:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")
    PipelineModel(stages=[assembler, model]).save(where)
    gains = importance(model, names)
    lake.write_json(spark, options.feature_importance_output, gains)
    explained = list(gains)[: options.explained_features]
    sample = explaining.Sample(model, judged, options.explained_rows, options.seed)
    explanation = {
        "rows": len(sample.labels),
        "permutation_importance": sample.permutation_importance(names, explained),
        "partial_dependence": sample.partial_dependence(names, explained),
    }
    lake.write_json(spark, options.explainability_output, explanation)
    charts.write(spark, charts.beside(options.explainability_output), chart(explanation))
    metadata = {
        "model": where,
        "trained_at": started.isoformat(timespec="seconds"),
        "algorithm": found["algorithm"],
        "params": found["params"],
        "seed": options.seed,
        "split": options.split_path,
        "features": names,
        "rows": learned.count(),
        "spark": spark.version,
        "validation": {
            "auc": learning.area_under_roc(model.transform(judged)),
            "log_loss": losses[-1],
            "log_loss_of_the_mere_share": ignorant,
            "log_loss_by_iteration": losses,
        },
        "feature_importance": options.feature_importance_output,
        "explainability": options.explainability_output,
    }
    lake.write_json(spark, options.metadata_output, metadata)
    print(f"{where}: log loss {losses[-1]:.4f} on validation, {ignorant:.4f} by the mere share")


def log_losses(model: GBTClassificationModel, rows: DataFrame) -> list[float]:
    """The log loss after each iteration. Spark's own is twice that, since its trees add up to half of the log odds."""
    return [loss / 2 for loss in model.evaluateEachIteration(rows)]


def entropy(rows: DataFrame) -> float:
    """The log loss of saying the share of positives each time."""
    share = rows.agg(F.avg(learning.LABEL)).first()
    assert share is not None
    positives = float(share[0])
    return -sum(part * math.log(part) for part in (positives, 1 - positives) if part)


def check_convergence(losses: list[float], ignorant: float) -> None:
    if not losses[-1] < ignorant:  # NaN is not less
        raise lake.DataError(
            f"The model did not converge: after {len(losses)} iterations its log loss on validation is "
            f"{losses[-1]:.4f}, and {ignorant:.4f} come of saying the share of positives each time. Nothing was saved."
        )


def importance(model: GBTClassificationModel, names: list[str]) -> dict[str, float]:
    """The share of each feature in what the trees' splits have gained, the greatest first."""
    gains = dict(zip(names, model.featureImportances.toArray().tolist()))
    return dict(sorted(gains.items(), key=lambda item: (-item[1], item[0])))


def chart(explanation: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, *others = figure.subplot_mosaic([["all", 0, 1, 2], ["all", 3, 4, 5]], width_ratios=[2, 1, 1, 1]).values()
    lost = explanation["permutation_importance"]
    left.barh(list(lost)[::-1], list(lost.values())[::-1])
    left.set_title("AUC lost without the feature")
    for axes, (feature, points) in zip(others, explanation["partial_dependence"].items()):
        axes.plot([point["value"] for point in points], [point["probability"] for point in points], marker=".")
        axes.set_title(feature, fontsize=8)
        axes.set_ylabel("probability", fontsize=8)
    return figure


if __name__ == "__main__":
    main(arguments())
