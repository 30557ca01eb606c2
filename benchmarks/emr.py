"""Clusters and steps of shell commands, as the measurements need them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from local.local_emulator import LocalEmulator

MIB = 1024 * 1024
DONE = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
WAIT_SECONDS = 300.0


def process_of(emulator: LocalEmulator) -> psutil.Process:
    """The emulator's own process, below the guard of ours."""
    below = psutil.Process(emulator.process.pid).children(recursive=True)
    return next(process for process in below if "airflow_emr_pipelines.emulator" in process.cmdline())


def start_cluster(emr: Any, **more: Any) -> str:
    """A cluster that waits for steps."""
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    answer = emr.run_job_flow(
        Name="bench",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
        **more,
    )
    cluster_id = str(answer["JobFlowId"])
    wait_until(lambda: cluster_state(emr, cluster_id) == "WAITING")
    return cluster_id


def cluster_state(emr: Any, cluster_id: str) -> str:
    return str(emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"])


def command(*args: str) -> dict[str, Any]:
    """A step that runs a program."""
    jar = {"Jar": "command-runner.jar", "Args": list(args)}
    return {"Name": "bench", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}


def add(emr: Any, cluster_id: str, steps: Sequence[dict[str, Any]]) -> list[str]:
    return list(emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=list(steps))["StepIds"])


def states(emr: Any, cluster_id: str) -> list[str]:
    """The states of all steps, the newest first."""
    pages = emr.get_paginator("list_steps").paginate(ClusterId=cluster_id)
    return [step["Status"]["State"] for page in pages for step in page["Steps"]]


def wait_until(condition: Callable[[], bool], every: float = 0.05) -> float:
    """Look until it holds; the seconds that this took. TimeoutError after five minutes."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > WAIT_SECONDS:
            raise TimeoutError(f"not so after {WAIT_SECONDS:.0f} seconds")
        time.sleep(every)
    return time.monotonic() - begun
