"""Hyperparameter Tuning: repeatable, stopped early, and better than chance or an error."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import tune_hyperparameters
from lake import DataError
from pyspark.sql import SparkSession

from tests.integration.dags.jobs.learning_data import write_split

SPACE = tune_hyperparameters.space_of({"x": {"low": 0.0, "high": 10.0}, "n": {"low": 1, "high": 3}}, "space.json")


def options(**other: Any) -> argparse.Namespace:
    return argparse.Namespace(
        **{
            "search_strategy": "bayesian_optimization",
            "seed": 42,
            "trials": 30,
            "parallel_trials": 1,
            "early_stopping_rounds": 100,
            **other,
        }
    )


def hill(params: dict[str, Any]) -> float:
    """Highest where x is 7."""
    return float(-((params["x"] - 7) ** 2))


def test_the_search_closes_in_on_the_best() -> None:
    trials = tune_hyperparameters.search(hill, SPACE, options())
    assert [trial["number"] for trial in trials] == list(range(30))
    best = tune_hyperparameters.best_of(trials)
    assert abs(best["params"]["x"] - 7) < 0.5
    late = [abs(trial["params"]["x"] - 7) for trial in trials[15:]]
    by_chance = tune_hyperparameters.search(hill, SPACE, options(search_strategy="random_search"))
    assert sum(late) < sum(abs(trial["params"]["x"] - 7) for trial in by_chance[15:])


@pytest.mark.parametrize("parallel", [1, 3])
def test_the_same_seed_searches_the_same_way(parallel: int) -> None:
    first, again, other = (
        [
            trial["params"]
            for trial in tune_hyperparameters.search(hill, SPACE, options(parallel_trials=parallel, seed=s))
        ]
        for s in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_trials_run_side_by_side_as_many_as_asked_for() -> None:
    together = threading.Barrier(3, timeout=30)

    def meet(params: dict[str, Any]) -> float:
        together.wait()  # breaks unless three trials are here at once
        return hill(params)

    assert len(tune_hyperparameters.search(meet, SPACE, options(trials=6, parallel_trials=3))) == 6


def test_the_search_stops_when_so_many_trials_brought_nothing_better() -> None:
    values = iter([0.6, 0.7, 0.7, 0.65, 0.9])
    trials = tune_hyperparameters.search(lambda _: next(values), SPACE, options(trials=5, early_stopping_rounds=2))
    assert [trial["value"] for trial in trials] == [0.6, 0.7, 0.7, 0.65]


@pytest.mark.parametrize("bounds", [{"low": 3, "high": 1}, {"low": 1}, {"low": "1", "high": 2}, 7])
def test_a_space_without_bounds_is_refused(bounds: Any) -> None:
    with pytest.raises(DataError, match=r"space.json: maxDepth has no bounds to search between"):
        tune_hyperparameters.space_of({"maxDepth": bounds}, "space.json")


@pytest.mark.parametrize("space", [[], {}, [{"maxDepth": {"low": 1, "high": 2}}]])
def test_a_space_without_parameters_is_refused(space: Any) -> None:
    with pytest.raises(DataError, match=r"space.json: it is an object with low and high of each parameter"):
        tune_hyperparameters.space_of(space, "space.json")


def tune(folder: Path, split: Path, **more: Any) -> dict[str, Any]:
    (folder / "space.json").write_text(
        json.dumps({"maxIter": {"low": 1, "high": 3}, "maxDepth": {"low": 1, "high": 2}, **more})
    )
    words = {
        "split-path": split,
        "algorithm": "gradient_boosting",
        "search-strategy": "bayesian_optimization",
        "search-space": folder / "space.json",
        "trials": 2,
        "parallel-trials": 2,
        "early-stopping-rounds": 2,
        "seed": 42,
        "best-params-output": folder / "best.json",
    }
    tune_hyperparameters.main(tune_hyperparameters.arguments([f"--{name}={value}" for name, value in words.items()]))
    found: dict[str, Any] = json.loads((folder / "best.json").read_text())
    return found


def test_the_best_trial_is_written_with_all_others(spark: SparkSession, lake_folder: Path) -> None:
    found = tune(lake_folder, write_split(spark, lake_folder, {}))
    assert len(found["trials"]) == 2
    best = max(found["trials"], key=lambda trial: trial["value"])
    assert (found["params"], found["value"]) == (best["params"], best["value"])
    assert found["value"] > 0.8


def test_features_that_mislead_are_an_error_and_nothing_is_written(spark: SparkSession, lake_folder: Path) -> None:
    split = write_split(spark, lake_folder, {"validation": 0.05})
    with pytest.raises(DataError, match="of 2 trials none tells late flights from others better than chance"):
        tune(lake_folder, split)
    assert not (lake_folder / "best.json").exists()


def test_a_parameter_that_the_model_has_not_is_named(spark: SparkSession, lake_folder: Path) -> None:
    with pytest.raises(DataError, match=r"space.json: boosted trees have no parameter maxDepht"):
        tune(lake_folder, lake_folder / "never read", maxDepht={"low": 1, "high": 2})
