"""An emulator without processes: the test says how time passes and how steps end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from airflow_emr_pipelines.emulator.ec2.actions import ACTIONS, Emr
from airflow_emr_pipelines.emulator.ec2.lifecycle import ClusterLifecycles, Delays
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, Clusters, Step
from airflow_emr_pipelines.emulator.ec2.provisioning import SpotMarket
from airflow_emr_pipelines.emulator.host.runner import ClusterSetup, Outcome, Runner, StepRun

COMPLETED = Outcome(0, completed=True)
FAILED = Outcome(1, completed=False, reason="Unknown Error", message="exit code 1")
CANCELLED = Outcome(None, completed=False, cancelled=True)
PRIMARY = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}


class ToldClock(Clock):
    """A clock that stands still until it is told how much time passes."""

    def __init__(self) -> None:
        self.time = datetime(2013, 1, 1, tzinfo=timezone.utc)
        self._alarms: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self.time

    async def pass_or(self, event: asyncio.Event, seconds: float | None) -> None:
        happened = asyncio.ensure_future(event.wait())
        alarm = asyncio.get_running_loop().create_future()
        if seconds is not None:
            self._alarms.append((self.time + timedelta(seconds=seconds), alarm))
        try:
            await asyncio.wait({happened, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()
            alarm.cancel()

    async def advance(self, seconds: float) -> None:
        """Let time pass, alarm by alarm."""
        until = self.time + timedelta(seconds=seconds)
        while due := [when for when, alarm in self._alarms if not alarm.done() and when <= until]:
            self.time = max(self.time, min(due))
            for when, alarm in self._alarms:
                if when <= self.time and not alarm.done():
                    alarm.set_result(None)
            await settle()
        self._alarms = [(when, alarm) for when, alarm in self._alarms if not alarm.done()]
        self.time = until
        await settle()


class ToldRunner:
    """A runner whose steps end when the test says so, or when they are cancelled."""

    def __init__(self) -> None:
        self.running: dict[str, asyncio.Future[Outcome]] = {}
        self.cancelled: list[tuple[str, bool]] = []
        self.released: list[str] = []
        self.obeys = True
        self.breaks: set[str] = set()
        self.setups: list[ClusterSetup] = []

    async def prepare(self, setup: ClusterSetup) -> None:
        self._break("prepare")
        self.setups.append(setup)

    def reconfigure(self, setup: ClusterSetup) -> None:
        self.setups.append(setup)

    async def bootstrap(self, setup: ClusterSetup, index: int, name: str, script: str, args: Sequence[str]) -> Outcome:
        self._break("bootstrap")
        return await self._until_told(f"{setup.cluster_id} {name}")

    async def run(self, setup: ClusterSetup, step: StepRun) -> Outcome:
        self._break("run")
        return await self._until_told(step.step_id)

    async def cancel(self, step_id: str, *, kill: bool) -> None:
        self.cancelled.append((step_id, kill))
        if kill or self.obeys:
            self.end(step_id, CANCELLED)

    async def release(self, cluster_id: str) -> None:
        self.released.append(cluster_id)
        for name in list(self.running):
            if name.startswith(cluster_id):
                self.end(name, CANCELLED)

    def end(self, name: str, outcome: Outcome) -> None:
        if name in self.running and not self.running[name].done():
            self.running[name].set_result(outcome)

    async def _until_told(self, name: str) -> Outcome:
        self.running[name] = asyncio.get_running_loop().create_future()
        try:
            return await self.running[name]
        finally:
            del self.running[name]

    def _break(self, what: str) -> None:
        if what in self.breaks:
            raise OSError(f"no space left for {what}")


class SmallWorld:
    """One region with told time and told steps."""

    def __init__(self, delays: Delays = Delays(0, 0, 0, 0), market: SpotMarket | None = None) -> None:  # noqa: B008 — a frozen value
        self.clock, self.runner, self.clusters = ToldClock(), ToldRunner(), Clusters()
        self.lifecycles = ClusterLifecycles(cast(Runner, self.runner), self.clock, delays, market)
        self.settings = self.clusters.settings("us-east-1")

    async def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """An action of EMR, and all that follows from it at once."""
        response = await ACTIONS[operation](
            Emr(self.clusters, self.lifecycles, self.clock, "us-east-1", operation), request
        )
        await settle()
        return response

    async def run_job_flow(
        self,
        *steps: Mapping[str, Any],
        keep_alive: bool = True,
        groups: Sequence[Mapping[str, Any]] = (PRIMARY,),
        **changes: Any,
    ) -> Cluster:
        answer = await self.call(
            "RunJobFlow",
            **{
                "Name": "small",
                "ReleaseLabel": "emr-7.10.0",
                "Instances": {"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": keep_alive},
                "ServiceRole": "service",
                "JobFlowRole": "profile",
                "Steps": list(steps),
                **changes,
            },
        )
        cluster = self.clusters.get("us-east-1", answer["JobFlowId"])
        assert cluster is not None
        return cluster

    async def end(self, step: Step, outcome: Outcome) -> None:
        self.runner.end(step.id, outcome)
        await settle()


def step(on_failure: str = "CONTINUE") -> dict[str, Any]:
    return {
        "Name": "step",
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]},
    }


def state(thing: Cluster | Step) -> str:
    value: str = thing.state.value
    return value


async def settle() -> None:
    """Let everything happen that can without time passing: nothing here waits for anything but the test."""
    for _ in range(50):
        await asyncio.sleep(0)
