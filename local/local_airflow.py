"""A whole Airflow, on loopback and in a folder of its own, for as long as a ``with`` block lasts."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from local.api import AirflowApi
from local.errors import BrokenDags
from local.processes import GuardedProcess, MakeProcess, Process, run_to_end, wait_until
from local.secret_files import made_once
from local.settings import (
    API_USER,
    COMPONENTS,
    HOST,
    LOCAL_SETTINGS,
    MIGRATE,
    PASSWORDS_FILE,
    RESERIALIZE,
    SCHEDULER,
    SECRETS,
    airflow_environment,
)

RUN_SECONDS = 180.0
# Below the range from which the system draws ports for outgoing connections, so that none of those takes ours
# between the look and the server's start.
PORTS = range(20000, 30000)


class LocalAirflow:
    """Scheduler, DAG processor, triggerer and API server on SQLite, each a process; ``api`` talks to them.

    The home keeps database, logs and secrets, so that another one at the same place goes on with them. Nothing of the
    caller's own Airflow or AWS settings reaches the processes.

    :param env: added to their environment
    :param port: where the API server listens; a free one when not given
    :param process: what makes the processes: guarded ones end with us
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        start_timeout: float = 180.0,
        process: MakeProcess = GuardedProcess,
    ) -> None:
        self.home, self.dags_folder, self.start_timeout = home.resolve(), dags_folder.resolve(), start_timeout
        port = port or free_port()
        self.url = f"http://{HOST}:{port}"
        self.user, self.password = API_USER, made_once(self.passwords_file, [API_USER], size=16)[API_USER]
        self.api = AirflowApi(self.url, self.user, self.password)
        kept = made_once(self.home / "secrets.json", SECRETS, size=64)
        self.environment = airflow_environment(self.home, self.dags_folder, port, {**kept, **(env or {})})
        self.parts = {
            name: process(f"Airflow's {name}", this_python(command), env=self.environment, log=self.log_of(name))
            for name, command in COMPONENTS.items()
        }

    def __enter__(self) -> LocalAirflow:
        try:
            self.migrate()
            self.start()
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

    def check_dags(self) -> None:
        """Raise BrokenDags when a file of the folder cannot be imported."""
        if errors := self.api.import_errors():
            raise BrokenDags(errors)

    def wait_for_dag(self, dag_id: str, *, timeout: float = 120.0) -> None:
        """Wait until Airflow has read the DAG; BrokenDags at once when a file of the folder cannot be imported."""
        self._wait(lambda: self._has_read(dag_id), f"Reading the DAG {dag_id}", timeout, self.log_of("dag-processor"))

    @property
    def components(self) -> list[Process]:
        """All of its processes."""
        return list(self.parts.values())

    def stop(self) -> None:
        """Stop every component and wait until all that they started is gone: first who starts tasks, then the rest."""
        self.parts[SCHEDULER].stop()
        for component in self.components:
            component.let_go()
        for component in self.components:
            component.stop()

    def migrate(self) -> None:
        """Make the database, or bring it to what this Airflow needs."""
        own = self.home / "config" / "airflow_local_settings.py"
        own.parent.mkdir(exist_ok=True)
        own.write_text("".join(f"import {module}\n" for module in LOCAL_SETTINGS))
        self._run("db-migrate", MIGRATE)
        # Kept in the file: from now on the processes that read do not stop the one that writes.
        self._query("PRAGMA journal_mode=WAL")

    def has_read_dags(self) -> bool:
        """Whether the database holds any DAG."""
        return bool(self._query("SELECT 1 FROM serialized_dag LIMIT 1"))

    def read_dags(self) -> None:
        """Read all DAGs now, before the DAG processor comes to them."""
        self._run("dags-reserialize", RESERIALIZE)

    def start(self) -> None:
        """Start the components that do not run, and wait until all are healthy."""
        begun = datetime.now(timezone.utc)
        missing = {name: part for name, part in self.parts.items() if not part.is_running}
        # A task reports to the API server first of all, and fails when nobody answers it for some seconds.
        last = missing.pop(SCHEDULER, None)
        for part in missing.values():
            part.start()
        running = [part for part in self.components if part is not last]
        what, log = "The start of the local Airflow", self.log_of("api-server")
        wait_until(lambda: bool(self.api.health()), what, processes=running, timeout=self.start_timeout, log=log)
        if last is not None:
            last.start()
            missing[SCHEDULER] = last
        started = {name.replace("-", "_") for name in missing}
        self._wait(lambda: self._is_healthy(started, begun), what, self.start_timeout, log)
        self._make_pools()

    def _make_pools(self) -> None:
        """Make the pools in the DAGs folder's pools.json: Airflow starts no task of a pool that is not there."""
        file = self.dags_folder / "pools.json"
        for name, pool in (json.loads(file.read_text()) if file.exists() else {}).items():
            self.api.make_pool(name, pool)

    def _run(self, name: str, command: Sequence[str]) -> None:
        run_to_end(
            " ".join(command), this_python(command), env=self.environment, log=self.log_of(name), timeout=RUN_SECONDS
        )

    def _query(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            return database.execute(statement).fetchall()

    def _is_healthy(self, started: Set[str], begun: datetime) -> bool:
        """Whether all are healthy; of those that were started, an earlier one's last heartbeat does not count."""
        health = self.api.health()
        return bool(health) and all(
            part.is_healthy and (name not in started or part.heartbeat is None or part.heartbeat > begun)
            for name, part in health.items()
        )

    def _has_read(self, dag_id: str) -> bool:
        self.check_dags()
        return self.api.knows_dag(dag_id)

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float, log: Path) -> None:
        wait_until(condition, what, processes=self.components, timeout=timeout, log=log)

    @property
    def passwords_file(self) -> Path:
        """Where the user's password stands, for its owner's eyes."""
        return self.home / PASSWORDS_FILE

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
