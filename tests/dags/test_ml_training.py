"""The ML training runs on real flights, and what it says of its model is what pandas finds in its predictions."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.local.seed import seed
from tests.dags.conftest import DAGS
from tests.dags.stage import Run, Stage

pytestmark = [
    pytest.mark.slow,
    # What dag.test() itself provokes, in Airflow and in its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

LAST_DAY = "2013-01-10"
CONF: dict[str, Any] = {
    "day": LAST_DAY,
    "history_days": 10,
    "trials": 5,
    "parallel_trials": 2,
    "early_stopping_rounds": 4,
}


@pytest.fixture(scope="module")
def trained(stage: Stage) -> Run:
    days = [f"2013-01-{day:02}" for day in range(2, 11)]  # the first is there, with planted faults
    seed(days, s3_client=stage.s3, dags_folder=DAGS)
    return stage.run("emr_ml_training", run_conf=CONF)


def test_all_steps_complete_and_the_cluster_is_gone(trained: Run) -> None:
    assert (trained.state, set(trained.tasks.values()), trained.clusters_alive) == ("success", {"success"}, 0)
