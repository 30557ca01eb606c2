"""The stock provider's operators, sensors and triggers through the life of a cluster; prints what they answered.

Run by a Python that has aiobotocore, which the stock triggers need and which wants a botocore of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from importlib import import_module
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


class Stock:
    """The operators in one of their two modes."""

    def __init__(self, *, deferrable: bool) -> None:
        self.deferrable = deferrable
        self.deferred: list[str] = []
        self.context: Any = {"ti": TaskInstance()}

    def run(self, kind: Any, **arguments: Any) -> Any:
        """Execute an operator to its end, with its trigger as the triggerer would have it."""
        operator = kind(task_id=kind.__name__, aws_conn_id=None, **arguments)
        try:
            return operator.execute(self.context)
        except TaskDeferred as deferred:
            path, fields = deferred.trigger.serialize()
            module, _, trigger = path.rpartition(".")
            self.deferred.append(f"{kind.__name__}: {trigger}")
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
        steps = [step("one", "true"), step("two", "sleep 1")]
        self.run(EmrAddStepsOperator, steps=steps, **named, **WAITER, **wait, **mode)
        ends = [step("ends well", "sleep 1"), step("fails", "sleep 1; echo no luck >&2; exit 3")]
        well, failing = self.run(EmrAddStepsOperator, steps=ends, job_flow_id=cluster)
        self.run(EmrStepSensor, job_flow_id=cluster, step_id=well, **SENSOR, **mode)
        complaint = ""
        try:
            self.run(EmrStepSensor, job_flow_id=cluster, step_id=failing, **SENSOR, **mode)
        except AirflowException as error:
            complaint = str(error)
        concurrency = self.run(EmrModifyClusterOperator, cluster_id=cluster, step_concurrency_level=5)
        found = EmrHook(aws_conn_id=None).get_cluster_id_by_name(name, ["WAITING", "RUNNING"])
        self.run(EmrTerminateJobFlowOperator, job_flow_id=cluster, **WAITER, **mode)
        short = {"Name": f"{name}, short", "Steps": [step("last", "sleep 1")], "Instances": self.short_lived()}
        passing = self.run(EmrCreateJobFlowOperator, job_flow_overrides=short)
        self.run(EmrJobFlowSensor, job_flow_id=passing, target_states=["TERMINATED"], **SENSOR, **mode)
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
    lives = {mode: Stock(deferrable=mode == "deferred").life(f"stock {mode}") for mode in ("deferred", "waiting")}
    print(json.dumps(lives), file=sys.__stdout__)
