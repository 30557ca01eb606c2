"""Hyperparameter Tuning: which boosted trees, learnt on train, rank the flights of validation best (AUC).

Optuna's TPE sampler asks for what to try next. Trials are asked for, tried side by side and told in rounds, so that the
same data and seed give the same search, whichever trial of a round ends first. It stops early when so many trials in
a row have not bettered the best one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import lake
import learning
import optuna

SAMPLERS: dict[str, Callable[[int, int], optuna.samplers.BaseSampler]] = {
    # A few trials at random first, from which it can tell where to look.
    "bayesian_optimization": lambda seed, trials: optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=max(2, min(10, trials // 3))
    ),
    "random_search": lambda seed, _: optuna.samplers.RandomSampler(seed=seed),
}

Params = dict[str, Any]
Trial = dict[str, Any]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split-path", required=True, help="folder with the parts")
    parser.add_argument("--algorithm", choices=("gradient_boosting",), required=True)
    parser.add_argument("--search-strategy", choices=tuple(SAMPLERS), required=True)
    parser.add_argument("--search-space", required=True, help="JSON file: low, high and log of each parameter")
    parser.add_argument("--trials", required=True, type=_positive, help="at most so many")
    parser.add_argument("--parallel-trials", required=True, type=_positive)
    parser.add_argument("--early-stopping-rounds", required=True, type=_positive, help="trials without a better one")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--best-params-output", required=True, help="JSON file with them and with all trials")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return int(text)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Hyperparameter Tuning")
    space = space_of(lake.read_json(spark, options.search_space), options.search_space)
    model = learning.boosted_trees({}, options.seed)
    if strangers := [name for name in space if not model.hasParam(name)]:
        raise lake.DataError(f"{options.search_space}: boosted trees have no parameter {', '.join(strangers)}.")
    train, validation = (learning.part_of(spark, options.split_path, part) for part in ("train", "validation"))
    assembler = learning.assembler(learning.feature_names(train))
    learned, judged = (assembler.transform(part).select(learning.LABEL, "features") for part in (train, validation))
    learned.cache().count(), judged.cache().count()  # once, before the trials want them side by side

    def quality(params: Params) -> float:
        model = learning.boosted_trees(params, options.seed).fit(learned)
        return learning.area_under_roc(model.transform(judged))

    trials = search(quality, space, options)
    best = best_of(trials)
    if not best["value"] > 0.5:
        raise lake.DataError(
            f"No model found: of {len(trials)} trials none tells late flights from others better than chance."
        )
    found = {
        "algorithm": options.algorithm,
        "search_strategy": options.search_strategy,
        "seed": options.seed,
        "metric": "auc",
        "value": best["value"],
        "params": best["params"],
        "trials_asked_for": options.trials,
        "parallel_trials": options.parallel_trials,
        "early_stopping_rounds": options.early_stopping_rounds,
        "stopped_early": len(trials) < options.trials,
        "trials": trials,
    }
    lake.write_json(spark, options.best_params_output, found)
    print(f"Best of {len(trials)} trials is number {best['number']}: AUC {best['value']:.4f} with {best['params']}")


def space_of(found: Any, path: str) -> dict[str, optuna.distributions.BaseDistribution]:
    """A parameter is whole where its bounds are."""
    if not isinstance(found, dict) or not found:
        raise lake.DataError(f"{path}: it is an object with low and high of each parameter.")
    kinds = {int: optuna.distributions.IntDistribution, float: optuna.distributions.FloatDistribution}
    space: dict[str, optuna.distributions.BaseDistribution] = {}
    for name, bounds in found.items():
        try:
            kind = kinds[type(bounds["low"])]
            space[name] = kind(**bounds)
        except (KeyError, TypeError, ValueError) as error:
            raise lake.DataError(f"{path}: {name} has no bounds to search between: {error!r}") from None
    return space


def search(
    quality: Callable[[Params], float],
    space: dict[str, optuna.distributions.BaseDistribution],
    options: argparse.Namespace,
) -> list[Trial]:
    """The trials in the order in which they were asked for."""
    sampler = SAMPLERS[options.search_strategy](options.seed, options.trials)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    trials: list[Trial] = []
    with ThreadPoolExecutor(options.parallel_trials) as threads:
        while len(trials) < options.trials and not is_exhausted(trials, options.early_stopping_rounds):
            width = min(options.parallel_trials, options.trials - len(trials))
            asked = [study.ask(space) for _ in range(width)]
            for trial, (value, seconds) in zip(asked, threads.map(lambda trial: timed(quality, trial.params), asked)):
                study.tell(trial, value)
                trials.append({"number": trial.number, "value": value, "seconds": seconds, "params": trial.params})
    return trials


def timed(quality: Callable[[Params], float], params: Params) -> tuple[float, float]:
    start = time.monotonic()
    return quality(params), round(time.monotonic() - start, 3)


def best_of(trials: list[Trial]) -> Trial:
    """The first of the best."""
    return max(trials, key=lambda trial: trial["value"])


def is_exhausted(trials: list[Trial], rounds: int) -> bool:
    """Whether so many trials have come after the best one."""
    return bool(trials) and len(trials) - best_of(trials)["number"] - 1 >= rounds


if __name__ == "__main__":
    main(arguments())
