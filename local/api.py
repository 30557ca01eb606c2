"""The few calls of Airflow's public REST API that starting, watching and reporting a run need."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.errors import ApiError

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Task:
    """One task instance, as the API tells it."""

    id: str
    state: str | None
    try_number: int
    map_index: int
    start: str | None
    end: str | None

    @property
    def label(self) -> str:
        """The task's id, with its map index when it is mapped."""
        return self.id if self.map_index < 0 else f"{self.id}[{self.map_index}]"


@dataclass(frozen=True)
class Health:
    """How one component is: its database row says so, which outlives it by its last heartbeat's half minute."""

    is_healthy: bool
    heartbeat: datetime | None


class AirflowApi:
    """A client of one API server; a user's name and password open it."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url, self._user, self._password = url, user, password
        self._token: str | None = None
        # The servers are on this machine: never through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Health]:
        """How each component is, by its name as in ``dag_processor``; empty while the server does not answer."""
        try:
            answer = self._send("GET", "/api/v2/monitor/health", token=None)
        except (ApiError, OSError):
            return {}
        return {
            name: Health(part.get("status") == "healthy", moment(part.get(f"latest_{name}_heartbeat")))
            for name, part in answer.items()
            if part
        }

    def knows_dag(self, dag_id: str) -> bool:
        """Whether the DAG has been read."""
        return self._has(f"/dags/{quoted(dag_id)}")

    def make_pool(self, name: str, pool: Mapping[str, object]) -> None:
        """Make a pool with these slots and so on, unless there is one of that name."""
        if not self._has(f"/pools/{quoted(name)}"):
            self._call("POST", "/pools", {"name": name, **pool})

    def import_errors(self) -> dict[str, str]:
        """The stack trace of each DAG file that could not be imported, by the file's name."""
        return {found["filename"]: found["stack_trace"] for found in self._get("/importErrors")["import_errors"]}

    def trigger(self, dag_id: str, conf: Mapping[str, object]) -> str:
        """Start a run; answer its id."""
        body = {"logical_date": None, "conf": dict(conf)}
        run_id = str(self._call("POST", f"/dags/{quoted(dag_id)}/dagRuns", body)["dag_run_id"])
        # The server may answer before it has committed: a run that was started can be read, here as well.
        end = time.monotonic() + TIMEOUT_SECONDS
        while not self._has(run_path(dag_id, run_id)) and time.monotonic() < end:
            time.sleep(0.1)
        return run_id

    def runs(self, dag_id: str) -> dict[str, str]:
        """The state of each run of a DAG, by the run's id: of the latest hundred."""
        found = self._get(f"/dags/{quoted(dag_id)}/dagRuns?limit=100&order_by=-run_after")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run."""
        return str(self._get(run_path(dag_id, run_id))["state"])

    def causes(self, dag_id: str, run_id: str) -> list[tuple[str, str]]:
        """The DAG and the run of each asset event that a run was scheduled by."""
        events = self._get(f"{run_path(dag_id, run_id)}/upstreamAssetEvents")["asset_events"]
        return [(event["source_dag_id"], event["source_run_id"]) for event in events]

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set a task's state, as a user does in the UI."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quoted(task_id)}"
        self._call("PATCH", path, {"new_state": state})

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Set a run's state, as a user does in the UI."""
        self._call("PATCH", run_path(dag_id, run_id), {"state": state})

    def clear(self, dag_id: str, run_id: str, task_id: str, *, downstream: bool = False) -> None:
        """Let a task run anew, and with ``downstream`` what follows it, as a user does in the UI."""
        body = {"dag_run_id": run_id, "task_ids": [task_id], "dry_run": False, "only_failed": False}
        self._call("POST", f"/dags/{quoted(dag_id)}/clearTaskInstances", {**body, "include_downstream": downstream})

    def pause(self, dag_id: str, is_paused: bool = True) -> None:
        """Let a DAG start no runs from now on, or let it again."""
        self._call("PATCH", f"/dags/{quoted(dag_id)}", {"is_paused": is_paused})

    def delete_dag(self, dag_id: str) -> None:
        """Forget a DAG and all its runs, until its file is read again."""
        self._call("DELETE", f"/dags/{quoted(dag_id)}")

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """All task instances of a run."""
        path = f"{run_path(dag_id, run_id)}/taskInstances?limit=100&offset="
        found: list[dict[str, Any]] = []
        while page := self._get(f"{path}{len(found)}")["task_instances"]:
            found += page
        return [
            Task(ti["task_id"], ti["state"], ti["try_number"], ti["map_index"], ti["start_date"], ti["end_date"])
            for ti in found
        ]

    def log(self, dag_id: str, run_id: str, task: Task) -> list[dict[str, Any]]:
        """The log of a task's latest try: one mapping an event, as Airflow's UI gets them."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{quoted(task.id)}/logs/{task.try_number}"
        content = self._get(f"{path}?map_index={task.map_index}&full_content=true")["content"]
        return [event if isinstance(event, dict) else {"event": str(event)} for event in content]

    def _has(self, path: str) -> bool:
        try:
            self._get(path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _get(self, path: str) -> Any:
        return self._call("GET", path)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        if self._token is None:
            credentials = {"username": self._user, "password": self._password}
            self._token = str(self._send("POST", "/auth/token", credentials, token=None)["access_token"])
        return self._send(method, f"/api/v2{path}", body, token=self._token)

    def _send(self, method: str, path: str, body: object = None, *, token: str | None) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Accept", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                content = answer.read()
                return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(method, path, error.code, error.read().decode(errors="replace")) from None


def moment(text: str | None) -> datetime | None:
    """A time as the API writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def run_path(dag_id: str, run_id: str) -> str:
    """Where the API keeps a run."""
    return f"/dags/{quoted(dag_id)}/dagRuns/{quoted(run_id)}"


def quoted(part: str) -> str:
    """A run id holds colons and plus signs, which a path must not."""
    return urllib.parse.quote(part, safe="")
