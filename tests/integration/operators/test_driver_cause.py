"""The cause of a failure that only the driver's container knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.operators.job_logs import failure_of
from tests.integration.operators.conftest import GROUPS, ROLES
from tests.integration.operators.test_cloud_watch_logs import Told, ended_step

PROGRAM = "from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate().read.parquet('s3://{}/none/')\n"


@pytest.fixture
def spark_cluster(emr: Any, log_bucket: str) -> Iterator[str]:
    cluster = emr.run_job_flow(
        Name="driver",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": "Spark"}],
        Instances={"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True},
        LogUri=f"s3://{log_bucket}/",
        **ROLES,
    )["JobFlowId"]
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


def test_a_missing_path_is_told_with_the_drivers_log_and_a_way_out(
    airflow: None, emulator: Any, spark_cluster: str, log_bucket: str
) -> None:
    emulator.client("s3").put_object(Bucket=log_bucket, Key="job.py", Body=PROGRAM.format(log_bucket).encode())
    hook, told = EmrHook(), Told()
    command = ["spark-submit", "--deploy-mode", "cluster", f"s3://{log_bucket}/job.py"]
    failure = failure_of(
        EmrSteps(spark_cluster, None, None, hook), ended_step(hook, spark_cluster, command, seconds=120), log=told.log
    )
    said = f"[PATH_NOT_FOUND] Path does not exist: s3://{log_bucket}/none."
    assert said in failure.cause
    assert "no such object in S3" in failure.cause
    assert failure.log is not None
    assert failure.log.startswith(f"s3://{log_bucket}/{spark_cluster}/containers/application_")
    assert failure.log.endswith("_000001/stdout.gz")
    assert any("The probable cause stands in the driver stdout of step" in line for line in told.lines)
