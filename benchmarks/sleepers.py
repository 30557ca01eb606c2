"""What 250 running steps cost: memory of the emulator and of the steps, and the seconds of their start and end."""

from __future__ import annotations

from pathlib import Path

import psutil

from airflow_emr_pipelines.cli.table import table
from benchmarks import emr as on
from local.local_emulator import LocalEmulator

STEPS = 250


def measure(emulator: LocalEmulator, folder: Path) -> str:
    """Table and sentence."""
    emr, server = emulator.client("emr"), on.process_of(emulator)
    emulator.client("s3").create_bucket(Bucket="logs")
    before = server.memory_info().rss
    cluster_id = on.start_cluster(emr, StepConcurrencyLevel=STEPS, LogUri="s3://logs/")
    on.add(emr, cluster_id, [on.command("sleep", "1000")] * STEPS)
    started = on.wait_until(lambda: len(sleeps(server)) == STEPS)
    running = sleeps(server)
    during = server.memory_info().rss
    steps = sum(process.memory_info().rss for process in running)
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    ended = on.wait_until(lambda: on.cluster_state(emr, cluster_id) == "TERMINATED")
    _, alive = psutil.wait_procs(running, timeout=0)
    rows = [
        ("emulator, idle", before / on.MIB, "MiB"),
        (f"emulator, with {STEPS} running steps", during / on.MIB, "MiB"),
        ("the steps' own processes", steps / on.MIB, "MiB"),
        ("until all run", started, "seconds"),
        ("until all have ended with their cluster", ended, "seconds"),
    ]
    return f"{table(('what', 'measured', 'unit'), rows)}\n\nLeft alive: {len(alive)} processes."


def sleeps(server: psutil.Process) -> list[psutil.Process]:
    """The living processes of the steps."""
    return [process for process in server.children() if process.name() == "sleep"]
