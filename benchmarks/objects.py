"""What a folder of 100,000 objects costs a step that reads from it, and whoever lists it."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.cli.table import table
from benchmarks import emr as on
from benchmarks.spark import step_seconds
from local.local_emulator import LocalEmulator

OBJECTS = 100_000
ROUNDS = 5
JOB = b"from pyspark.sql import SparkSession; SparkSession.builder.getOrCreate().stop()"


def measure(emulator: LocalEmulator, folder: Path) -> str:
    """A table."""
    emr, s3 = emulator.client("emr"), emulator.client("s3")
    for bucket, count in (("few", 1), ("many", OBJECTS)):
        s3.create_bucket(Bucket=bucket)
        fill(emulator.buckets_folder / bucket / "data", count)
        s3.put_object(Bucket=bucket, Key="data/script.sh", Body=b"true")
        s3.put_object(Bucket=bucket, Key="data/job.py", Body=JOB)
    cluster_id = on.start_cluster(emr)
    rows = []
    for kind, run in (("shell", shell_seconds), ("Spark", spark_seconds)):
        seconds = [(run(emr, cluster_id, "few"), run(emr, cluster_id, "many")) for _ in range(ROUNDS)]
        few, many = (statistics.median(column) for column in zip(*seconds, strict=True))
        rows.append((f"a {kind} step from the folder", few, many, many - few))
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    few, many = list_seconds(s3, "few"), list_seconds(s3, "many")
    rows.append(("listing it by boto3", few, many, many - few))
    return table(("seconds", "1 object", f"{OBJECTS:,} objects", "more"), rows)


def fill(folder: Path, count: int) -> None:
    """Objects as a step writes them: as files."""
    folder.mkdir()
    for number in range(count):
        (folder / f"part-{number:06}").touch()


def shell_seconds(emr: Any, cluster_id: str, bucket: str) -> float:
    """From the request until a step that runs a script of the folder has ended."""
    begun = time.monotonic()
    args = [f"s3://{bucket}/data/script.sh", f"s3://{bucket}/data/", f"s3://{bucket}/data/part-*"]
    jar = {"Jar": "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar", "Args": args}
    on.add(emr, cluster_id, [{"Name": "bench", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}])
    on.wait_until(lambda: on.states(emr, cluster_id)[0] in on.DONE, every=0.01)
    assert on.states(emr, cluster_id)[0] == "COMPLETED"
    return time.monotonic() - begun


def spark_seconds(emr: Any, cluster_id: str, bucket: str) -> float:
    return step_seconds(emr, cluster_id, f"s3://{bucket}/data/job.py")


def list_seconds(s3: Any, bucket: str) -> float:
    begun = time.monotonic()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="data/part-")
    assert sum(len(page["Contents"]) for page in pages) in (1, OBJECTS)
    return time.monotonic() - begun
