"""Executors worked out from the nodes that the cluster really has, and a step that bears the loss of spot nodes."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import (
    EmrCluster,
    EmrSizeExecutorsOperator,
    Group,
    InstanceGroups,
    SparkStep,
    transient_cluster,
)

CLUSTER = EmrCluster(
    name="resource-aware",
    release_label="emr-7.10.0",
    instances=InstanceGroups(
        primary="m5.xlarge",
        core=Group("r5.2xlarge", count=2),
        tasks=(Group("m5.2xlarge", count=6, spot=True),),
    ),
    log_uri="s3://emr-logs/",
)

APPS = "s3://pipeline-apps"
JOB = f"{APPS}/carrier_delays.py"
SHARED = (f"{APPS}/lake.py", f"{APPS}/quality.py")
INPUT = (
    f"--input=s3://raw-data/daily/{DAY}/",
    f"--processing-date={DAY}",
    "--schema-registry=s3://schema-registry",
    "--quality-rules=s3://quality-rules/standard.json",
)

with (
    DAG(
        "emr_resource_aware",
        schedule=DAILY_AT_2,
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        params={"day": DAY_PARAM},
        user_defined_macros=MACROS,
        tags=["emr", "spark"],
        doc_md=__doc__,
    ),
    transient_cluster("pipeline", CLUSTER) as cluster,
):
    size = EmrSizeExecutorsOperator(task_id="size_executors", cluster_id=cluster.cluster_id)
    room: Any = size.output
    outside_the_heap = {
        "spark.executor.memoryOverhead": room["executor_overhead"],
        "spark.driver.memoryOverhead": room["driver_overhead"],
    }
    static = cluster.run(
        SparkStep(
            "Static Allocation",
            JOB,
            args=[*INPUT, f"--output=s3://analytics-results/resource-aware/static/{DAY}/"],
            py_files=SHARED,
            driver_memory=room["driver_memory"],
            num_executors=room["num_executors"],
            executor_memory=room["executor_memory"],
            executor_cores=room["executor_cores"],
            conf={"spark.dynamicAllocation.enabled": "false", **outside_the_heap},
        )
    )
    dynamic = cluster.run(
        SparkStep(
            "Dynamic Allocation",
            JOB,
            args=[*INPUT, f"--output=s3://analytics-results/resource-aware/dynamic/{DAY}/"],
            py_files=SHARED,
            driver_memory=room["driver_memory"],
            executor_memory=room["executor_memory"],
            executor_cores=room["executor_cores"],
            conf={
                "spark.dynamicAllocation.enabled": "true",
                "spark.dynamicAllocation.minExecutors": 1,
                "spark.dynamicAllocation.maxExecutors": room["num_executors"],
                **outside_the_heap,
            },
        )
    )
    # Many small executors: a node that is taken away takes little with it, and its tasks are tried again elsewhere.
    spot_tolerant = cluster.run(
        SparkStep(
            "Spot Tolerant",
            JOB,
            args=[*INPUT, f"--output=s3://analytics-results/resource-aware/spot/{DAY}/"],
            py_files=SHARED,
            num_executors=30,
            executor_memory="6g",
            executor_cores=2,
            conf={
                "spark.dynamicAllocation.enabled": "false",
                "spark.speculation": "true",
                "spark.task.maxFailures": 5,
            },
            on_failure="CONTINUE",
        )
    )
    size >> static >> dynamic >> spot_tolerant
