"""The ML training runs on real flights, and what it says of its model is what pandas finds in its predictions."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from local.flights import packaged_data
from local.seed import seed
from tests.conftest import DAGS
from tests.e2e.dags.stage import Run, Stage

pytestmark = [
    pytest.mark.slow,
    # What dag.test() itself provokes, in Airflow and in its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

LAST_DAY = "2013-01-06"
CONF: dict[str, Any] = {
    "day": LAST_DAY,
    "history_days": 6,
    "trials": 4,
    "parallel_trials": 2,
    "early_stopping_rounds": 3,
}
PROMOTED = "flight-delays/promoted.json"
STEPS = [
    "Feature Extraction and Engineering",
    "Train/Validation/Test Split",
    "Hyperparameter Tuning",
    "Final Model Training",
    "Model Validation and Testing",
]


@pytest.fixture(scope="module")
def trained(stage: Stage) -> Run:
    days = [f"2013-01-{day:02}" for day in range(2, 7)]  # the first is there, with planted faults
    seed(days, s3_client=stage.s3, dags_folder=DAGS)
    return stage.run("emr_ml_training", run_conf=CONF)


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    """The flights of the days that have arrived, without the first day, which is history only."""
    rows = pd.read_csv(packaged_data() / "flights.csv.zip")
    rows = rows[(rows.month == 1) & rows.day.between(2, 6) & rows.arr_delay.notna()]
    return rows.assign(late=(rows.arr_delay >= 15).astype(int))


def said(stage: Stage, name: str) -> Any:
    return stage.json("ml-training", f"{LAST_DAY}/{name}.json")


def test_all_steps_complete_in_order_and_the_cluster_is_gone(trained: Run) -> None:
    assert (trained.state, set(trained.tasks.values()), trained.clusters_alive) == ("success", {"success"}, 0)
    assert trained.steps == dict.fromkeys(STEPS, "COMPLETED")
    assert list(trained.steps) == STEPS


def test_each_flight_that_arrived_has_its_features(stage: Stage, trained: Run, flights: pd.DataFrame) -> None:
    report, features = said(stage, "features"), stage.parquet("ml-training", f"{LAST_DAY}/features/")
    assert (report["rows_out"], report["rows_rejected"]) == (len(flights), stage.landed.broken)
    assert report["duplicates_removed"] == stage.landed.duplicates
    assert (len(features), features.label.sum()) == (len(flights), flights.late.sum())
    assert features.departure_delay.sum() == flights.dep_delay.sum()
    assert not features.isna().any().any()


def test_the_parts_have_their_share_of_late_flights_to_the_row(
    stage: Stage, trained: Run, flights: pd.DataFrame
) -> None:
    rows = said(stage, "split")["rows"]
    for late, count in flights.late.value_counts().items():
        ends = [0, round(count * 0.7), round(count * 0.85), count]
        expected = [end - start for start, end in pairwise(ends)]
        parts = [f"{LAST_DAY}/split/part={part}/" for part in ("train", "validation", "test")]
        written = [stage.parquet("ml-training", part).label.eq(late).sum() for part in parts]
        assert written == [rows[part][str(late)] for part in ("train", "validation", "test")]
        assert written == pytest.approx(expected, abs=1)  # 0.85 is no binary fraction


def test_the_search_keeps_to_what_was_asked_and_trains_the_best(stage: Stage, trained: Run) -> None:
    found, metadata = said(stage, "best_params"), said(stage, "model")
    values = [trial["value"] for trial in found["trials"]]
    assert (found["trials_asked_for"], found["parallel_trials"], found["early_stopping_rounds"]) == (4, 2, 3)
    assert len(values) == 4 or (found["stopped_early"] and len(values) - values.index(max(values)) - 1 >= 3)
    assert found["value"] == max(values) >= values[0] > 0.5
    assert metadata["params"] == found["params"] == found["trials"][values.index(max(values))]["params"]
    assert metadata["validation"]["auc"] == pytest.approx(found["value"])


def test_the_metrics_are_those_of_the_predictions(stage: Stage, trained: Run, flights: pd.DataFrame) -> None:
    answers = stage.parquet("ml-training", f"{LAST_DAY}/predictions/")
    test = stage.parquet("ml-training", f"{LAST_DAY}/split/part=test/")
    assert set(answers.flight_id) == set(test.flight_id)
    late, predicted = answers.label == 1, answers.prediction == 1
    precision, recall = (late & predicted).sum() / predicted.sum(), (late & predicted).sum() / late.sum()
    ranks = answers.probability.rank()
    pairs = late.sum() * (~late).sum()
    results = said(stage, "validation")
    assert results["metrics"] == pytest.approx(
        {
            "accuracy": (late == predicted).mean(),
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall),
            "auc": (ranks[late].sum() - late.sum() * (late.sum() + 1) / 2) / pairs,
        }
    )
    assert (results["passed"], results["faults"], results["metrics"]["auc"] >= 0.85) == (True, [], True)
    delays = test.set_index("flight_id").departure_delay[answers.flight_id].reset_index(drop=True).rank()
    alone = (delays[late].sum() - late.sum() * (late.sum() + 1) / 2) / pairs
    assert (results["baseline"]["feature"], results["baseline"]["auc"]) == ("departure_delay", pytest.approx(alone))
    assert results["baseline"]["gain"] == pytest.approx(results["metrics"]["auc"] - alone)
    assert results["baseline"]["gain"] > 0.01
    carriers = results["fairness"]["carrier"]
    rates = answers.groupby("carrier").prediction.agg(["mean", "size"])
    assert {name: group["selection_rate"] for name, group in carriers["groups"].items()} == pytest.approx(
        dict(rates["mean"])
    )
    compared = rates["mean"][rates["size"] >= 30]
    assert carriers["selection_rate_difference"] == pytest.approx(compared.max() - compared.min())
    for drift in (results["drift"], results["drift_of_the_last_day"]):
        assert set(drift["population_stability_index"]) == set(said(stage, "features")["features"])
    last = results["drift_of_the_last_day"]
    assert (last["day"], last["days_before"], last["drifted"]) == (LAST_DAY, 4, [])
    assert sum(times > 1 for times in last["times_as_far"].values()) <= 6  # of 53


def test_the_model_goes_by_the_delay_on_departure(stage: Stage, trained: Run) -> None:
    assert next(iter(said(stage, "feature_importance"))) == "departure_delay"
    explained = said(stage, "explainability")
    lost = explained["permutation_importance"]
    assert max(lost, key=lost.__getitem__) == "departure_delay"
    curve = explained["partial_dependence"]["departure_delay"]
    assert curve[0]["probability"] < curve[-1]["probability"]


def test_results_and_the_model_come_back_and_the_model_is_promoted(stage: Stage, trained: Run) -> None:
    results, metadata = said(stage, "validation"), said(stage, "model")
    answer = trained.xcom("read_results")
    assert answer["metrics"] == results["metrics"]
    assert answer["model"] == metadata["model"] == trained.xcom("promote")
    assert stage.json("model-registry", PROMOTED) == answer
    bucket, _, key = metadata["model"].removeprefix("s3://").partition("/")
    assert f"{key}/metadata/_SUCCESS" in stage.keys(bucket, key)
    for name in ("validation", "explainability"):
        chart = stage.s3.get_object(Bucket="ml-training", Key=f"{LAST_DAY}/{name}.png")["Body"].read()
        assert chart.startswith(b"\x89PNG")
        assert len(chart) > 5000


def test_a_model_that_does_not_pass_fails_the_run_and_the_promoted_one_stays(
    stage: Stage, trained: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stage.keys("model-registry", PROMOTED), stage.json("model-registry", PROMOTED)
    # The same model again, judged more strictly: what comes before the validation is taken as done.
    run = stage.run(
        "emr_ml_training",
        run_conf={**CONF, "threshold": 0.999, "fairness_threshold": 0, "drift_threshold": 1},
        mark_success_pattern=r"pipeline\.(feature|train|hyper|final).*",
    )
    assert (run.state, run.clusters_alive, run.steps) == ("failed", 0, {STEPS[-1]: "FAILED"})
    assert (run.tasks["model_validation_and_testing"], run.tasks["terminate_cluster"]) == ("failed", "success")
    assert (run.tasks["read_results"], run.tasks["promote"]) == ("upstream_failed", "upstream_failed")
    results = said(stage, "validation")
    assert results["passed"] is False
    for why in (
        r"its auc is 0\.\d+, and 0\.999 is the threshold",
        r"the \w+_rate differs by 0\.\d+ between groups of origin, and 0\.0 is the most",
        r"the last day is more than 1\.0 times as far off as any day before it: \w+ \d",
    ):
        assert any(re.match(why, fault) for fault in results["faults"]), why
    assert f"The model does not pass: {results['faults'][0]}" in capsys.readouterr().out
    assert (stage.keys("model-registry", PROMOTED), stage.json("model-registry", PROMOTED)) == before
