"""How many calls a second EMR's API answers, for several client processes at once, on a cluster with many steps."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.cli.table import table
from benchmarks import emr as on
from local.local_emulator import LocalEmulator

STEPS = 250
CLIENTS = 3
SECONDS = 10.0


def measure(emulator: LocalEmulator, folder: Path) -> str:
    """Table and sentence."""
    emr, server = emulator.client("emr"), on.process_of(emulator)
    cluster_id = on.start_cluster(emr, StepConcurrencyLevel=8)
    on.add(emr, cluster_id, [on.command("true")] * STEPS)
    on.wait_until(lambda: set(on.states(emr, cluster_id)) == {"COMPLETED"}, every=1.0)
    spent = sum(server.cpu_times()[:2])
    command = [sys.executable, "-m", "benchmarks.calls", emulator.url, cluster_id]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(CLIENTS)]
    lines = [line for client in clients for line in client.communicate()[0].splitlines()]
    spent = sum(server.cpu_times()[:2]) - spent
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    times: dict[str, list[float]] = {}
    for line in lines:
        operation, milliseconds = line.split()
        times.setdefault(operation, []).append(float(milliseconds))
    times["all"] = sorted(itertools.chain(*times.values()))
    rows = [(name, len(each), percentile(each, 50), percentile(each, 99)) for name, each in times.items()]
    told = table(("milliseconds", "calls", "half below", "99 % below"), rows)
    calls = len(times["all"])
    return (
        f"{told}\n\n{calls / SECONDS:.0f} calls a second, to {CLIENTS} client processes on the same processors; the "
        f"emulator itself took {1000 * spent / calls:.1f} ms of processor time a call."
    )


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


def client(url: str, cluster_id: str) -> None:
    """Call one operation after the other and print how long each call took."""
    import boto3

    nobody = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench", "region_name": "us-east-1"}
    emr: Any = boto3.client("emr", endpoint_url=url, **nobody)
    step_id = emr.list_steps(ClusterId=cluster_id)["Steps"][0]["Id"]
    calls: dict[str, Callable[[], Any]] = {
        "DescribeCluster": lambda: emr.describe_cluster(ClusterId=cluster_id),
        "DescribeStep": lambda: emr.describe_step(ClusterId=cluster_id, StepId=step_id),
        "ListSteps": lambda: emr.list_steps(ClusterId=cluster_id),
        "ListClusters": lambda: emr.list_clusters(),
        "ListInstances": lambda: emr.list_instances(ClusterId=cluster_id),
    }
    end = time.monotonic() + SECONDS
    for operation, call in itertools.cycle(calls.items()):
        begun = time.monotonic()
        if begun > end:
            return
        call()
        print(operation, 1000 * (time.monotonic() - begun))


if __name__ == "__main__":
    client(*sys.argv[1:])
