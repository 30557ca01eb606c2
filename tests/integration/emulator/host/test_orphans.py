"""Nothing that an emulator started outlives it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from tests.processes import descendants

# A child in the step's own group, one that left it, one that left it twice and works in a loop, and one that left with
# no variable in its environment.
STARTS_DAEMONS = """
sleep 3600 & echo $! > {pids}/group
setsid sh -c 'echo $$ > {pids}/session; exec sleep 3600' &
(setsid setsid sh -c 'echo $$ > {pids}/daemon; while :; do sleep 0.2; done' > /dev/null 2>&1 &)
(setsid env -i sh -c 'echo $$ > {pids}/nobody; exec sleep 3600' > /dev/null 2>&1 &)
echo $$ > {pids}/step
{end}
"""
NAMES = {"group", "session", "daemon", "nobody", "step"}


@pytest.fixture
def emulator(tmp_path: Path) -> Any:
    """A process of our own: the test kills it, and nobody else may clean up after it."""
    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "airflow_emr_pipelines.emulator",
                "--port",
                "0",
                "--data-dir",
                str(tmp_path / "data"),
            ),
            *("--start-delay", "0", "--bootstrap-delay", "0", "--terminate-delay", "0", "--no-rate-limits"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def start_daemons(emulator: Any, tmp_path: Path, end: str) -> tuple[Any, str, set[int]]:
    url = emulator.stdout.readline().split()[1]
    emr = boto3.client("emr", endpoint_url=url, region_name="us-east-1")
    pids = tmp_path / "pids"
    pids.mkdir()
    command = ["bash", "-c", STARTS_DAEMONS.format(pids=pids, end=end)]
    cluster: str = emr.run_job_flow(
        Name="orphans",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Hadoop"}],
        Instances={"MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
        Steps=[
            {
                "Name": "daemons",
                "ActionOnFailure": "CONTINUE",
                "HadoopJarStep": {"Jar": "command-runner.jar", "Args": command},
            }
        ],
    )["JobFlowId"]
    wait_for(lambda: {path.name for path in pids.iterdir() if path.read_text().strip()} == NAMES)
    return emr, cluster, {int(path.read_text()) for path in pids.iterdir()}


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_emulator_takes_all_with_it(emulator: Any, tmp_path: Path) -> None:
    _, _, pids = start_daemons(emulator, tmp_path, "sleep 3600")
    assert all(lives(pid) for pid in pids)
    helpers = {child.pid for child in psutil.Process(emulator.pid).children(recursive=True)}
    os.kill(emulator.pid, signal.SIGKILL)
    emulator.wait()
    wait_for(lambda: not any(lives(pid) for pid in pids | helpers))


def start_history(emulator: Any) -> int:
    url = emulator.stdout.readline().split()[1]
    emr = boto3.client("emr", endpoint_url=url, region_name="us-east-1")
    cluster: str = emr.run_job_flow(
        Name="history",
        ReleaseLabel="emr-7.10.0",
        Instances={"MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
    )["JobFlowId"]
    wait_for(lambda: emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"] == "WAITING")
    asked = {"ClusterId": cluster, "OnClusterAppUIType": "SparkHistoryServer"}
    wait_for(lambda: emr.get_on_cluster_app_ui_presigned_url(**asked)["PresignedURLReady"])
    (server,) = descendants(emulator.pid, "HistoryServer")
    return server.pid


def test_a_killed_emulator_takes_sparks_history_server_with_it(emulator: Any) -> None:
    server = start_history(emulator)
    assert lives(server)
    os.kill(emulator.pid, signal.SIGKILL)
    emulator.wait()
    wait_for(lambda: not lives(server))


def test_a_stopped_emulator_takes_all_with_it(emulator: Any, tmp_path: Path) -> None:
    _, _, pids = start_daemons(emulator, tmp_path, "sleep 3600")
    emulator.terminate()
    assert emulator.wait(timeout=30) == 0
    assert not any(lives(pid) for pid in pids)


def test_a_step_that_ends_leaves_nothing_running(emulator: Any, tmp_path: Path) -> None:
    emr, cluster, pids = start_daemons(emulator, tmp_path, "sleep 0.5; exit 0")
    wait_for(lambda: emr.list_steps(ClusterId=cluster)["Steps"][0]["Status"]["State"] == "COMPLETED")
    assert not any(lives(pid) for pid in pids)


def test_a_killed_step_leaves_nothing_running(emulator: Any, tmp_path: Path) -> None:
    emr, cluster, pids = start_daemons(emulator, tmp_path, "sleep 3600")
    step = emr.list_steps(ClusterId=cluster)["Steps"][0]["Id"]
    emr.cancel_steps(ClusterId=cluster, StepIds=[step], StepCancellationOption="TERMINATE_PROCESS")
    wait_for(lambda: emr.describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]["State"] == "CANCELLED")
    assert not any(lives(pid) for pid in pids)
