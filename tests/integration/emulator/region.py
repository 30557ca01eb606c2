"""One region of the emulator, seen through AWS's clients: requests that are fine, and waiting by conditions."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config

from tests.integration.emulator.aws.shapes import Answers

ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")
FINISHED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
PATIENCE = 240.0

MASTER: Mapping[str, Any] = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
CORE: Mapping[str, Any] = {"InstanceRole": "CORE", "InstanceType": "r5.2xlarge", "InstanceCount": 2}
TASK: Mapping[str, Any] = {
    "InstanceRole": "TASK",
    "InstanceType": "m5.xlarge",
    "InstanceCount": 3,
    "Market": "SPOT",
    "BidPrice": "0.1",
}


def request(*steps: Mapping[str, Any], instances: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A RunJobFlow that EMR accepts; a change to None leaves the member out."""
    asked = {
        "Name": "test",
        "ReleaseLabel": "emr-7.10.0",
        "Applications": [{"Name": "Hadoop"}],
        "Instances": {"InstanceGroups": [MASTER], "KeepJobFlowAliveWhenNoSteps": True, **(instances or {})},
        "ServiceRole": "EMR_DefaultRole",
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "Steps": list(steps),
        **changes,
    }
    return {name: value for name, value in asked.items() if value is not None}


def shell(command: str, *, name: str = "step", on_failure: str = "CONTINUE") -> dict[str, Any]:
    """A step that runs a line of bash."""
    args = ["bash", "-c", command]
    return {
        "Name": name,
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": args},
    }


class Region:
    """A region that no other test uses, unless it is named."""

    def __init__(self, url: str, name: str | None = None) -> None:
        self.url, self.name = url, name or f"test-{uuid.uuid4().hex[:8]}-1"
        self.answers = Answers()
        self.emr = self.client("emr")

    def client(self, service: str) -> Any:
        """A client that does not try again, and does not take every answer."""
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=30)
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.name,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
        if service in ("emr", "resourcegroupstaggingapi"):
            self.answers.check(client)
        return client

    def run(self, *steps: Mapping[str, Any], **changes: Any) -> str:
        cluster: str = self.emr.run_job_flow(**request(*steps, **changes))["JobFlowId"]
        return cluster

    def add(self, cluster: str, *steps: Mapping[str, Any]) -> list[str]:
        ids: list[str] = self.emr.add_job_flow_steps(JobFlowId=cluster, Steps=list(steps))["StepIds"]
        return ids

    def describe(self, cluster: str) -> dict[str, Any]:
        found: dict[str, Any] = self.emr.describe_cluster(ClusterId=cluster)["Cluster"]
        return found

    def steps(self, cluster: str, **filters: Any) -> list[dict[str, Any]]:
        """All steps, oldest first."""
        pages = self.emr.get_paginator("list_steps").paginate(ClusterId=cluster, **filters)
        return [step for page in pages for step in page["Steps"]][::-1]

    def step(self, cluster: str, step: str) -> dict[str, Any]:
        found: dict[str, Any] = self.emr.describe_step(ClusterId=cluster, StepId=step)["Step"]
        return found

    def wait(self, cluster: str, *states: str) -> dict[str, Any]:
        """The cluster as soon as it is in one of the states."""
        return _wait(lambda: self.describe(cluster), states, ENDED)

    def wait_step(self, cluster: str, step: str, *states: str) -> dict[str, Any]:
        """The step as soon as it is in one of the states, or else finished."""
        return _wait(lambda: self.step(cluster, step), states or FINISHED, FINISHED)

    def end(self, cluster: str) -> dict[str, Any]:
        """Terminate a cluster and see it end."""
        self.emr.terminate_job_flows(JobFlowIds=[cluster])
        return self.wait(cluster, "TERMINATED")


def _wait(look: Callable[[], dict[str, Any]], states: Sequence[str], last: Sequence[str]) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def is_there() -> bool:
        seen.update(look())
        state = seen["Status"]["State"]
        assert state in states or state not in last, seen
        return state in states

    wait_until(is_there)
    return seen


def wait_until(condition: Callable[[], bool]) -> None:
    """Look until it holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def states(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    return [step["Status"]["State"] for step in steps]
