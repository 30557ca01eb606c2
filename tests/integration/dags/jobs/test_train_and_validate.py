"""Final Model Training and Validation: what is said of a model is true, and a bad one does not get through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import explaining
import numpy as np
import pytest
import train_model
import validate_model
from lake import DataError
from pyspark.ml import PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from pyspark.sql.functions import expr

from tests.integration.dags.jobs.learning_data import SIZES, write_split

PNG = b"\x89PNG\r\n"


def said(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def train(folder: Path, split: Path) -> dict[str, Any]:
    best = {"algorithm": "gradient_boosting", "params": {"maxIter": 3, "maxDepth": 1, "stepSize": 0.5}}
    (folder / "best.json").write_text(json.dumps(best))
    words = {
        "split-path": split,
        "best-params": folder / "best.json",
        "seed": 42,
        "model-output": folder / "models",
        "metadata-output": folder / "model.json",
        "feature-importance-output": folder / "importance.json",
        "explainability-output": folder / "explained.json",
        "explained-rows": 60,
    }
    train_model.main(train_model.arguments([f"--{name}={value}" for name, value in words.items()]))
    return said(folder / "model.json")


def validate(folder: Path, split: Path, **other: Any) -> dict[str, Any]:
    words = {
        "model-metadata": folder / "model.json",
        "split-path": split,
        "metrics": "accuracy,precision,recall,f1,auc",
        "threshold": 0.8,
        "baseline-feature": "noise",
        "least-gain": 0.1,
        "fairness-groups": "carrier",
        "fairness-least-rows": 10,
        "fairness-threshold": 0.5,
        "drift-threshold": 4,
        "predictions-output": folder / "predictions",
        "results-output": folder / "results.json",
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    validate_model.main(validate_model.arguments([f"--{name}={value}" for name, value in words.items()]))
    return said(folder / "results.json")


def test_a_model_is_explained_by_what_it_goes_by_and_validated(spark: SparkSession, lake_folder: Path) -> None:
    split = write_split(spark, lake_folder, {})
    metadata = train(lake_folder, split)
    assert (metadata["rows"], metadata["features"]) == (SIZES["train"], ["delay", "noise"])
    assert metadata["validation"]["log_loss"] < metadata["validation"]["log_loss_of_the_mere_share"]
    assert len(PipelineModel.load(metadata["model"]).stages) == 2
    assert list(said(lake_folder / "importance.json")) == ["delay", "noise"]
    explained = said(lake_folder / "explained.json")
    assert explained["permutation_importance"]["delay"] > 0.2 > explained["permutation_importance"]["noise"]
    curve = [point["probability"] for point in explained["partial_dependence"]["delay"]]
    assert curve == sorted(curve)
    assert curve[0] < 0.5 < curve[-1]
    assert (lake_folder / "explained.png").read_bytes().startswith(PNG)

    results = validate(lake_folder, split)
    assert (results["passed"], results["rows"], results["model"]) == (True, SIZES["test"], metadata["model"])
    assert results["faults"] == []
    drifts = (results["drift"], results["drift_of_the_last_day"])
    assert [set(drift["population_stability_index"]) for drift in drifts] == [{"delay", "noise"}] * 2
    for change, why in (
        ({"threshold": 0.999}, r"its auc is 0\.\d+, and 0.999 is the threshold"),
        ({"baseline_feature": "delay"}, r"its AUC is -?0\.\d+ above that of delay alone, 0\.\d+, and 0.1 is the least"),
        ({"fairness_threshold": 0}, r"the \w+_rate differs by 0\.\d+ between groups of carrier, and 0.0 is the most"),
        ({"fairness_groups": "origin"}, "fairness by origin is unknown: no two of them have 10 flights of a kind"),
    ):
        with pytest.raises(DataError, match=rf"The model does not pass: {why}.*\. Report: .*/results.json"):
            validate(lake_folder, split, **change)
        assert said(lake_folder / "results.json")["passed"] is False

    moved = spark.read.parquet(str(split)).withColumn("delay", expr("delay + if(flight_date = '2013-01-04', 9, 0)"))
    moved.write.partitionBy("part").parquet(str(lake_folder / "moved"))
    with pytest.raises(
        DataError, match=r"the last day is more than 4.0 times as far off as any day before it: delay \d"
    ):
        validate(lake_folder, lake_folder / "moved", fairness_threshold=1, threshold=0, least_gain=-1)

    again = train(lake_folder, split)
    assert again["model"] != metadata["model"]
    assert len(PipelineModel.load(metadata["model"]).stages) == 2


def test_a_model_that_does_not_converge_is_an_error_and_not_saved(spark: SparkSession, lake_folder: Path) -> None:
    split = write_split(spark, lake_folder, {"validation": 0.05})
    with pytest.raises(DataError, match="The model did not converge: after 3 iterations its log loss on validation is"):
        train(lake_folder, split)
    assert not (lake_folder / "models").exists()
    assert not (lake_folder / "model.json").exists()


def test_a_metric_that_is_not_measured_is_no_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        validate(Path("nowhere"), Path("nowhere"), metrics="accuracy")
    assert "--threshold-metric auc is none of --metrics ['accuracy']" in capsys.readouterr().err


def test_groups_too_small_to_compare_are_shown_and_not_compared(spark: SparkSession) -> None:
    rows = [("AA", 1, 1)] * 4 + [("AA", 0, 0)] * 4 + [("BB", 1, 0)] * 2 + [("BB", 1, 1)] * 6 + [("CC", 0, 1)]
    found = validate_model.fairness(
        spark.createDataFrame(rows, "carrier STRING, label INT, prediction INT"), "carrier", least_rows=8
    )
    assert {name: group["selection_rate"] for name, group in found["groups"].items()} == {
        "AA": 0.5,
        "BB": 0.75,
        "CC": 1,
    }
    assert found["selection_rate_difference"] == 0.25
    assert found["true_positive_rate_difference"] is None
    assert found["groups"]["BB"] == {
        "rows": 8,
        "late": 8,
        "selection_rate": 0.75,
        "true_positive_rate": 0.75,
        "false_positive_rate": None,
    }


def test_drift_is_the_population_stability_index(spark: SparkSession) -> None:
    before = spark.createDataFrame([(float(n), float(n), 1.0) for n in range(100)], ["same", "moved", "constant"])
    now = spark.createDataFrame([(float(n), float(n % 50), 1.0) for n in range(100)], ["same", "moved", "constant"])
    found = validate_model.drift(before, now, ["same", "moved", "constant"])
    index = found["population_stability_index"]
    assert (index["same"], index["constant"]) == (pytest.approx(0, abs=1e-9), 0)
    # Half of the tenths hold twice their share, the others nothing.
    assert index["moved"] == pytest.approx(5 * 0.1 * np.log(2) + 5 * 0.1 * np.log(0.1 / 1e-4), rel=0.2)
    assert (found["much"], found["some"]) == (["moved"], [])


def test_what_is_new_on_the_last_day_shows_and_what_each_day_has_of_its_own_does_not(spark: SparkSession) -> None:
    """A weekday, a weather and a sum that grows are another each day, and no drift."""
    rows = [
        (
            f"2013-01-0{1 + day}",
            float(n),
            60.0 * (day == 6) + n,
            float(day),
            float(day * 100 + n % 3),
            20 + (7 * day) % 5 + n / 60,
        )
        for day in range(7)
        for n in range(60)
    ]
    names = ["same", "moved", "weekday", "sum", "temperature"]
    frame = spark.createDataFrame(rows, ["flight_date", *names])
    found = validate_model.drift_of_the_last_day(frame, names, threshold=2)
    assert found is not None
    assert (found["day"], found["days_before"], found["drifted"]) == ("2013-01-07", 6, ["moved"])
    assert found["population_stability_index"]["weekday"] > 0.25
    assert found["times_as_far"]["same"] == pytest.approx(0, abs=1e-9)
    two_days = frame.filter("flight_date < '2013-01-03'")
    assert validate_model.drift_of_the_last_day(two_days, names, threshold=2) is None


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    labels, scores = np.array([1.0, 0.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.2, 0.5, 0.5, 0.1])
    assert explaining.area_under_roc(labels, scores) == pytest.approx(5.5 / 6)


def test_a_sample_has_some_of_each_kind_however_rare_it_is(spark: SparkSession) -> None:
    rows = [(int(number == 0), Vectors.dense([float(number)])) for number in range(300)]
    frame, no_model = spark.createDataFrame(rows, ["label", "features"]), cast("Any", None)
    sample = explaining.Sample(no_model, frame, size=30, seed=42)
    assert (len(sample.labels), sample.labels.sum()) == (31, 1)
    again = explaining.Sample(no_model, frame.repartition(3), size=30, seed=42)
    assert (sample.features == again.features).all()
