"""The stock provider's operators, sensors and triggers through the life of a cluster; prints what they answered.

Run by a Python that has aiobotocore, which the stock triggers need and which wants a botocore of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.hooks.emr import EmrHook
from airflow.providers.amazon.aws.operators.emr import (
    EmrAddStepsOperator,
    EmrCreateJobFlowOperator,
    EmrModifyClusterOperator,
    EmrTerminateJobFlowOperator,
)
from airflow.providers.amazon.aws.sensors.emr import EmrJobFlowSensor, EmrStepSensor
from airflow.providers.amazon.aws.utils.waiter import WaitPolicy
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred

WAITER: Mapping[str, Any] = {"waiter_delay": 1, "waiter_max_attempts": 60}
SENSOR: Mapping[str, Any] = {"poke_interval": 1, "timeout": 60}


class TaskInstance:
    """Keeps what is pushed."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Gate:
    """What a step can wait for."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp()) / "open"
        self.wait = f"until test -e {self.path}; do sleep 0.05; done"

    def open(self) -> None:
        self.path.touch()


class Stock:
    """The operators in one of their two modes."""

    def __init__(self, *, deferrable: bool) -> None:
        self.deferrable = deferrable
        self.deferred: list[str] = []
        self.context: Any = {"ti": TaskInstance()}

    def run(self, kind: Any, *, waits_for: Gate | None = None, **arguments: Any) -> Any:
        """Execute an operator to its end, with its trigger as the triggerer would have it.

        :param waits_for: what is opened when the operator has deferred, or at once if it never defers
        """
        operator = kind(task_id=kind.__name__, aws_conn_id=None, **arguments)
        if waits_for and not self.deferrable:
            waits_for.open()
        try:
            return operator.execute(self.context)
        except TaskDeferred as deferred:
            path, fields = deferred.trigger.serialize()
            module, _, trigger = path.rpartition(".")
            self.deferred.append(f"{kind.__name__}: {trigger}")
            if waits_for:
                waits_for.open()
            event = asyncio.run(first_event(getattr(import_module(module), trigger)(**fields)))
            return getattr(operator, deferred.method_name)(self.context, event=event, **(deferred.kwargs or {}))

    def life(self, name: str) -> dict[str, Any]:
        """Create, add, look, change, terminate; what each step of this answered."""
        mode: dict[str, Any] = {"deferrable": self.deferrable}
        wait: dict[str, Any] = {} if self.deferrable else {"wait_for_completion": True}
        cluster = self.run(
            EmrCreateJobFlowOperator,
            job_flow_overrides={"Name": name, "Steps": [step("in the request", "true")]},
            wait_policy=WaitPolicy.WAIT_FOR_COMPLETION,
            wait_for_completion=True,
            **WAITER,
            **mode,
        )
        named: dict[str, Any] = {"job_flow_name": name, "cluster_states": ["RUNNING", "WAITING"]}
        steps = [step("one", "true"), step("two", "true")]
        self.run(EmrAddStepsOperator, steps=steps, **named, **WAITER, **wait, **mode)
        first, second, third = Gate(), Gate(), Gate()
        ends = [step("ends well", first.wait), step("fails", f"{second.wait}; echo no luck >&2; exit 3")]
        well, failing = self.run(EmrAddStepsOperator, steps=ends, job_flow_id=cluster)
        self.run(EmrStepSensor, waits_for=first, job_flow_id=cluster, step_id=well, **SENSOR, **mode)
        complaint = ""
        try:
            self.run(EmrStepSensor, waits_for=second, job_flow_id=cluster, step_id=failing, **SENSOR, **mode)
        except AirflowException as error:
            complaint = str(error)
        concurrency = self.run(EmrModifyClusterOperator, cluster_id=cluster, step_concurrency_level=5)
        found = EmrHook(aws_conn_id=None).get_cluster_id_by_name(name, ["WAITING", "RUNNING"])
        self.run(EmrTerminateJobFlowOperator, job_flow_id=cluster, **WAITER, **mode)
        short = {"Name": f"{name}, short", "Steps": [step("last", third.wait)], "Instances": self.short_lived()}
        passing = self.run(EmrCreateJobFlowOperator, job_flow_overrides=short)
        ended = {"job_flow_id": passing, "target_states": ["TERMINATED"]}
        self.run(EmrJobFlowSensor, waits_for=third, **ended, **SENSOR, **mode)
        return {
            "cluster": cluster,
            "passing": passing,
            "complaint": complaint,
            "concurrency": concurrency,
            "found_by_name": found,
            "pushed": sorted(self.context["ti"].pushed),
            "deferred": self.deferred,
        }

    def short_lived(self) -> dict[str, Any]:
        """The connection's instances, which end with their last step."""
        instances = EmrHook.get_connection("emr_default").extra_dejson["Instances"]
        return {**instances, "KeepJobFlowAliveWhenNoSteps": False}


def step(name: str, command: str) -> dict[str, Any]:
    jar = {"Jar": "command-runner.jar", "Args": ["bash", "-c", command]}
    return {"Name": name, "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}


async def first_event(trigger: Any) -> Any:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("the trigger ended without an event")


if __name__ == "__main__":
    modes = ("deferred", "waiting")
    with ThreadPoolExecutor() as threads:
        lives = threads.map(lambda mode: Stock(deferrable=mode == "deferred").life(f"stock {mode}"), modes)
        print(json.dumps(dict(zip(modes, lives, strict=True))), file=sys.__stdout__)
