"""What a step writes schedules a DAG, under Airflow's real scheduler, and what it failed to write does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.local_airflow import LocalAirflow
from local.processes import wait_until

pytestmark = pytest.mark.slow

DAGS = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset
from airflow_emr_pipelines import EmrRunStepOperator, ShellStep

MADE = Asset("made")

with DAG("producer", schedule=None, params={"cluster_id": "j-NONE", "exit": 0}):
    EmrRunStepOperator(
        task_id="make",
        step=ShellStep("make", "exit {{ params.exit }}", on_failure="CONTINUE"),
        cluster_id="{{ params.cluster_id }}",
        outlets=[MADE],
        deferrable=False,
    )

with DAG("consumer", schedule=[MADE]):
    EmptyOperator(task_id="take")
"""


@pytest.fixture
def airflow(tmp_path_factory: pytest.TempPathFactory, emulator: Any) -> Iterator[LocalAirflow]:
    """One that heeds schedules: the local Airflow leaves them alone by default."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / "dags").mkdir()
    (folder / "dags" / "assets.py").write_text(DAGS)
    options = {"AIRFLOW__EMR_PIPELINES__POLL_SECONDS": "0.5", "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True"}
    with LocalAirflow(folder / "home", folder / "dags", env={**emulator.environment, **options}) as running:
        yield running


def test_a_consumer_runs_after_the_step_has_completed_and_not_after_a_tolerated_failure(
    airflow: LocalAirflow, cluster_id: str
) -> None:
    def until(condition: Any, what: str) -> None:
        wait_until(condition, what, processes=airflow.components, timeout=120, log=airflow.log_of("scheduler"))

    for dag_id in ("producer", "consumer"):
        airflow.wait_for_dag(dag_id)
    runs: list[str] = []
    for code in (1, 0):
        runs.append(airflow.api.trigger("producer", {"cluster_id": cluster_id, "exit": code}))
        until(lambda: airflow.api.run_state("producer", runs[-1]) in ("success", "failed"), "the producer's run")
        assert airflow.api.run_state("producer", runs[-1]) == "success"
    until(lambda: set(airflow.api.runs("consumer").values()) == {"success"}, "the consumer's run")
    (consumed,) = airflow.api.runs("consumer")
    assert airflow.api.causes("consumer", consumed) == [("producer", runs[-1])]
