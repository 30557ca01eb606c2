"""A whole Airflow, on loopback and in a folder of its own, for as long as a ``with`` block lasts."""

from __future__ import annotations

import json
import random
import secrets
import socket
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

from airflow_emr_pipelines.local.api import AirflowApi
from airflow_emr_pipelines.local.errors import BrokenDags
from airflow_emr_pipelines.local.processes import GuardedProcess, run_to_end, wait_until
from airflow_emr_pipelines.local.settings import API_USER, COMPONENTS, HOST, MIGRATE, airflow_environment

MIGRATE_SECONDS = 180.0
# Below the range from which the system draws ports for outgoing connections, so that none of those takes ours
# between the look and the server's start.
PORTS = range(20000, 30000)


class LocalAirflow:
    """Scheduler, DAG processor, triggerer and API server on SQLite, each a process; ``api`` talks to them.

    ``env`` is added to their environment; nothing of the caller's own Airflow or AWS settings reaches them.
    """

    def __init__(
        self, home: Path, dags_folder: Path, *, env: Mapping[str, str] | None = None, start_timeout: float = 180.0
    ) -> None:
        self.home, self.dags_folder, self.start_timeout = home.resolve(), dags_folder.resolve(), start_timeout
        port, password = free_port(), secrets.token_urlsafe(16)
        self.url = f"http://{HOST}:{port}"
        self.user, self.password = API_USER, password
        self.api = AirflowApi(self.url, API_USER, password)
        self.environment = airflow_environment(self.home, self.dags_folder, port, env or {})
        self.components = [
            GuardedProcess(f"Airflow's {name}", this_python(command), env=self.environment, log=self.log_of(name))
            for name, command in COMPONENTS.items()
        ]

    def __enter__(self) -> LocalAirflow:
        try:
            self._make_home()
            self._migrate()
            for component in self.components:
                component.start()
            self._wait(
                self._is_healthy, "The start of the local Airflow", self.start_timeout, self.log_of("api-server")
            )
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def check(self) -> None:
        """Raise ProcessDied when a component is not running any more."""
        for component in self.components:
            component.check()

    def wait_for_dag(self, dag_id: str, *, timeout: float = 120.0) -> None:
        """Wait until Airflow has read the DAG; BrokenDags at once when a file of the folder cannot be imported."""
        self._wait(lambda: self._has_read(dag_id), f"Reading the DAG {dag_id}", timeout, self.log_of("dag-processor"))

    def stop(self) -> None:
        """Stop every component and wait until all that they started is gone."""
        for component in self.components:
            component.let_go()
        for component in self.components:
            component.stop()

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        passwords = self.home / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(json.dumps({self.user: self.password}))

    def _migrate(self) -> None:
        log = self.log_of("db-migrate")
        run_to_end("airflow db migrate", this_python(MIGRATE), env=self.environment, log=log, timeout=MIGRATE_SECONDS)
        # Kept in the file: from now on the processes that read do not stop the one that writes.
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            database.execute("PRAGMA journal_mode=WAL")

    def _is_healthy(self) -> bool:
        health = self.api.health()
        return bool(health) and all(status == "healthy" for status in health.values())

    def _has_read(self, dag_id: str) -> bool:
        if errors := self.api.import_errors():
            raise BrokenDags(errors)
        return self.api.knows_dag(dag_id)

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float, log: Path) -> None:
        wait_until(condition, what, processes=self.components, timeout=timeout, log=log)

    def log_of(self, name: str) -> Path:
        """The file that a component's output goes to."""
        return self.home / "logs" / f"{name}.log"


def this_python(command: Sequence[str]) -> list[str]:
    """The command, run by the Python that runs us: neither PATH nor an activated environment matters."""
    program, *arguments = command
    return [sys.executable, *arguments] if program == "python" else [sys.executable, "-m", program, *arguments]


def free_port() -> int:
    """A loopback port that nobody listens on."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"No free port on {HOST} from {PORTS.start} to {PORTS.stop - 1}.")
