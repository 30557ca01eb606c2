"""Executors worked out from the nodes that the cluster really has, and steps that bear the loss of spot nodes.

`resilient_delays.py` is tuned by the executors that it has, and keeps what it has counted, so that a loss costs little.
"""

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

APPS, RESULTS = "s3://pipeline-apps", "s3://analytics-results/resource-aware"
JOB, RESILIENT_JOB = f"{APPS}/carrier_delays.py", f"{APPS}/resilient_delays.py"
SHARED = (f"{APPS}/lake.py", f"{APPS}/quality.py")
RESILIENT: Any = {"py_files": (*SHARED, f"{APPS}/cleanse_flights.py")}
JUDGED = (
    f"--processing-date={DAY}",
    "--schema-registry=s3://schema-registry",
    "--quality-rules=s3://quality-rules/standard.json",
)


def resilient_args(kind: str, *more: str) -> list[str]:
    return [
        *JUDGED,
        f"--input-path=s3://raw-data/daily/{DAY}",
        f"--target-path={RESULTS}/{kind}/{DAY}",
        f"--report-output={RESULTS}/{kind}/{DAY}.json",
        f"--checkpoint-location=s3://temp-processing/resource-aware/{kind}/{DAY}",
        "--failure-recovery=resume",
        *more,
    ]


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
            args=[*JUDGED, f"--input=s3://raw-data/daily/{DAY}/", f"--output={RESULTS}/static/{DAY}/"],
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
            RESILIENT_JOB,
            args=resilient_args("dynamic", "--auto-tune=true", "--adaptive-partitioning=true"),
            driver_memory=room["driver_memory"],
            executor_memory=room["executor_memory"],
            executor_cores=room["executor_cores"],
            conf={
                "spark.dynamicAllocation.enabled": "true",
                "spark.dynamicAllocation.minExecutors": 1,
                "spark.dynamicAllocation.maxExecutors": room["num_executors"],
                **outside_the_heap,
            },
            **RESILIENT,
        )
    )
    # Many small executors: a node that is taken away takes little with it, and its tasks are tried again elsewhere.
    spot_tolerant = cluster.run(
        SparkStep(
            "Spot Tolerant",
            RESILIENT_JOB,
            args=resilient_args("spot", "--checkpoint-interval=1", "--auto-tune=true"),
            num_executors=30,
            executor_memory="6g",
            executor_cores=2,
            conf={
                "spark.dynamicAllocation.enabled": "false",
                "spark.speculation": "true",
                "spark.task.maxFailures": 5,
            },
            on_failure="CONTINUE",
            **RESILIENT,
        )
    )
    size >> static >> dynamic >> spot_tolerant
