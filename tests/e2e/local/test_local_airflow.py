"""A whole Airflow starts, runs DAGs under its real scheduler, and is gone afterwards."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import psutil
import pytest

from local.api import Task
from local.errors import BrokenDags, ProcessDied
from local.local_airflow import LocalAirflow
from local.processes import looks, wait_until
from local.report import exception_of

pytestmark = pytest.mark.slow

ENV = {"TOLD": "what it was told"}
DAG_ID = "two_tasks"
DAG_FILE = """
import os
from airflow.sdk import DAG, task

with DAG("two_tasks", schedule=None):
    @task(pool="of_its_own")
    def tell(params=None, dag_run=None):
        return [os.environ["TOLD"], dag_run.conf["day"], os.environ.get("AWS_PROFILE")]

    @task
    def refuse(told):
        raise ValueError(f"will not take {told}")

    refuse(tell())
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    folder = tmp_path_factory.mktemp("local")
    (folder / "dags").mkdir()
    (folder / "dags" / "two_tasks.py").write_text(DAG_FILE)
    # A task whose pool is not there would never start.
    (folder / "dags" / "pools.json").write_text('{"of_its_own": {"slots": 1, "include_deferred": true}}')
    os.environ["AWS_PROFILE"] = "a-real-account"
    try:
        running = LocalAirflow(folder / "home", folder / "dags", env=ENV)
    finally:
        del os.environ["AWS_PROFILE"]
    with running:
        processes = descendants(running)
        yield running
    assert [process for process in processes if process.is_running()] == []


def descendants(airflow: LocalAirflow) -> list[psutil.Process]:
    guards = [psutil.Process(component.pid) for component in airflow.components]
    return [process for guard in guards for process in (guard, *guard.children(recursive=True))]


def run(airflow: LocalAirflow) -> tuple[str, dict[str, Task]]:
    """Run the DAG to its end; answer the run's id and its tasks."""
    airflow.wait_for_dag(DAG_ID)
    run_id = airflow.api.trigger(DAG_ID, {"day": "2013-01-01"})
    for _ in looks("The end of the run", timeout=90, log=airflow.log_of("scheduler")):
        airflow.check()
        if airflow.api.run_state(DAG_ID, run_id) in ("success", "failed"):
            break
    return run_id, {task.id: task for task in airflow.api.tasks(DAG_ID, run_id)}


def test_a_dag_runs_with_the_environment_that_was_given_and_none_of_the_users_aws(airflow: LocalAirflow) -> None:
    run_id, tasks = run(airflow)
    assert {task.id: task.state for task in tasks.values()} == {"tell": "success", "refuse": "failed"}
    cause = exception_of(airflow.api, DAG_ID, run_id, tasks["refuse"])
    assert cause == "ValueError: will not take ['what it was told', '2013-01-01', None]"


def test_only_the_api_server_listens_and_only_on_loopback(airflow: LocalAirflow) -> None:
    listening = [
        connection.laddr
        for process in descendants(airflow)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [f"http://{address.ip}:{address.port}" for address in listening] == [airflow.url]


def test_the_password_is_nobody_elses_business(airflow: LocalAirflow) -> None:
    passwords = airflow.home / "passwords.json"
    assert airflow.password in passwords.read_text()
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_imported_is_told_at_once(airflow: LocalAirflow) -> None:
    broken = airflow.dags_folder / "broken.py"
    broken.write_text("from airflow.sdk import DAG\nraise RuntimeError('not today')\n")
    try:
        with pytest.raises(BrokenDags, match="not today"):
            airflow.wait_for_dag("of_the_broken_file", timeout=60)
    finally:
        broken.unlink()


def test_a_component_that_dies_is_told(airflow: LocalAirflow) -> None:
    """Last: it is gone afterwards."""
    triggerer = next(component for component in airflow.components if "triggerer" in component.name)
    (child,) = psutil.Process(triggerer.pid).children()
    child.kill()
    with pytest.raises(ProcessDied, match="Airflow's triggerer was killed by signal 9"):
        wait_until(lambda: False, "never", processes=[triggerer], timeout=30, log=triggerer.log)
