"""The emulator that makes faults, and what is seen of clusters and steps afterwards."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_emr_pipelines.aws_errors import pauses
from airflow_emr_pipelines.specs.values.keys import key_in_name

ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
INSTANCES = {
    "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}],
    "KeepJobFlowAliveWhenNoSteps": True,
}


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does, within a while."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Account:
    """What the faults are made of and what they left, in a region of the emulator."""

    def __init__(self, emulator: Any) -> None:
        self.url = emulator.url
        self.emr = emulator.client("emr")

    def fault(self, operation: str, kind: str, **told: Any) -> None:
        """Make a fault from now on."""
        self._faults("POST", {"operation": operation, "kind": kind, **told})

    def well(self) -> None:
        """Take all faults back."""
        self._faults("DELETE")

    def _faults(self, method: str, told: object = None) -> None:
        self._ask("faults", method, None if told is None else json.dumps(told).encode())

    def _ask(self, page: str, method: str = "GET", body: bytes | None = None) -> Any:
        """One of the emulator's own pages, which have no faults."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_emulator/{page}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def clusters(self, name: str, *, alive: bool = False) -> list[str]:
        """The ids of the clusters of that name, whatever key stands behind it."""
        named = [found for found in self._ask("clusters")["clusters"] if found["Name"].startswith(f"{name} [")]
        return [found["Id"] for found in named if not alive or found["State"] in ALIVE]

    def steps(self, cluster_id: str) -> list[tuple[str, str]]:
        """Key and state of the cluster's steps, the oldest first."""
        steps = self._ask(f"clusters/{cluster_id}")["Steps"]
        return [(key_in_name(step["Name"]) or "", step["Status"]["State"]) for step in steps]

    def lose(self, cluster_id: str) -> None:
        """EC2 takes the cluster's machines away."""
        self._ask(f"clusters/{cluster_id}", "DELETE")
        assert comes_true(
            lambda: self._ask(f"clusters/{cluster_id}")["Cluster"]["Status"]["State"].startswith("TERMINATED")
        )

    def until_step_is(self, cluster_id: str, state: str) -> bool:
        """Whether the newest step gets to that state, within a while."""
        return comes_true(lambda: [state for _, state in self.steps(cluster_id)][-1:] == [state])

    def completed(self, cluster_id: str) -> Counter[str]:
        """How often each key's step ran to success."""
        return Counter(key for key, state in self.steps(cluster_id) if state == "COMPLETED")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries a twentieth as long: faults come as often, and go sooner."""

    def hurried(first: float = 1.0, longest: float = 30.0) -> Iterator[float]:
        return pauses(first / 20, longest / 20)

    for module in ("sending", "ec2.steps"):
        monkeypatch.setattr(f"airflow_emr_pipelines.hooks.{module}.pauses", hurried)
    monkeypatch.setattr("airflow_emr_pipelines.triggers.watcher.pauses", hurried)
    monkeypatch.setattr("airflow_emr_pipelines.triggers.cancelling.MOMENT", 0.05)


@pytest.fixture
def account(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    account = Account(emulator)
    yield account
    account.well()


@pytest.fixture
def standing(account: Account) -> Iterator[str]:
    """A cluster that takes steps."""
    cluster: str = account.emr.run_job_flow(
        Name=f"standing-{uuid.uuid4().hex[:6]}",
        ReleaseLabel="emr-7.10.0",
        Instances=INSTANCES,
        ServiceRole="EMR_DefaultRole",
        JobFlowRole="EMR_EC2_DefaultRole",
        StepConcurrencyLevel=10,
    )["JobFlowId"]
    yield cluster
    account.well()
    account.emr.terminate_job_flows(JobFlowIds=[cluster])


@pytest.fixture
def name() -> str:
    """A name that no other test's cluster has."""
    return f"faulty-{uuid.uuid4().hex[:8]}"
