"""DAGs by dag.test() on the emulator: steps are shell lines, so that a run takes seconds."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DAG_FOLDERS

ROLES = {"ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole"}
GROUPS = [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]


@pytest.fixture
def emr(emulator: Any) -> Any:
    return emulator.client("emr")


def standing_cluster(emr: Any, log_bucket: str) -> str:
    """A cluster that stands, with logs."""
    cluster: str = emr.run_job_flow(
        Name="standing",
        ReleaseLabel="emr-7.10.0",
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        LogUri=f"s3://{log_bucket}/",
        StepConcurrencyLevel=10,
        **ROLES,
    )["JobFlowId"]
    return cluster


@pytest.fixture
def cluster_id(emr: Any, log_bucket: str) -> Iterator[str]:
    """A cluster that stands for one test."""
    cluster = standing_cluster(emr, log_bucket)
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


@pytest.fixture(scope="session")
def log_bucket(emulator: Any) -> str:
    name = f"logs-{uuid.uuid4().hex[:8]}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def airflow(emulator: Any, airflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's tasks reach the emulator and nothing else."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "1000")  # Airflow before 3.2 breaks the lines of errors to fit


@pytest.fixture
def run_dag(airflow: None) -> Callable[..., Any]:
    """Runs a DAG of tests/dag_files by dag.test() and answers the DAG run."""

    def run(dag_id: str, **conf: Any) -> Any:
        from tests.airflow_of import DagBag, make_known

        with warnings.catch_warnings():
            # Airflow runs in this process, with warnings of its own and of what it stands on.
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", module="airflow_emr_pipelines")
            bag = DagBag(str(DAG_FOLDERS["tests"]))
            assert not bag.import_errors
            make_known(bag, "tests")
            return bag.dags[dag_id].test(run_conf=conf)

    return run


def states(dag_run: Any) -> dict[str, str]:
    """The state of each task, with its map index where it has one."""
    return {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
        for ti in dag_run.get_task_instances()
    }


def announced(dag_run: Any) -> list[str]:
    """The addresses of the assets for which the run has made events."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    made = select(AssetModel.uri).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
    with create_session() as session:
        return list(session.scalars(made.where(AssetEvent.source_run_id == dag_run.run_id)))
