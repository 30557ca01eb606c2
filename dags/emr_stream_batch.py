"""Streaming and batch: what a stream of flight events told about a day is reconciled with the day's settled records.

The late-data step takes what has come in since it last ran, the reconciliation writes corrections to what the stream
has then, and the join unifies both. `max_active_runs=1`: two runs for one day would be two queries on one checkpoint.
"""

from __future__ import annotations

from airflow.sdk import DAG
from assets import UNIFIED_MOVEMENTS
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import (
    EmrCluster,
    Group,
    InstanceGroups,
    SparkStep,
    spark_defaults,
    stream_batch,
    transient_cluster,
)

CLUSTER = EmrCluster(
    name="streaming-batch-coordinator",
    release_label="emr-7.10.0",
    applications=("Hadoop", "Spark", "Flink"),
    # The join asks for 15 executors of 16 GB.
    instances=InstanceGroups(primary="r5.xlarge", core=Group("r5.4xlarge", count=3)),
    configurations=(
        # The state of a query has as many parts as its checkpoint was begun with: a few are enough here.
        spark_defaults(conf={"spark.dynamicAllocation.enabled": "false", "spark.sql.shuffle.partitions": "4"}),
    ),
    log_uri="s3://emr-logs/",
)

APPS = "s3://pipeline-apps"
SHARED = (f"{APPS}/lake.py", f"{APPS}/streams/stream_events.py")
REPORTS = f"s3://flight-events/{DAY}"
BATCH = f"--batch-source=s3://flight-records/{DAY}"
RESULTS = "s3://stream-results"
TAKEN = f"{RESULTS}/events/{DAY}"
PROGRESS = f"{RESULTS}/progress/{DAY}.json"

LATE_DATA = SparkStep(
    "Late Data Processing",
    f"{APPS}/streams/process_late_data.py",
    args=[
        f"--stream-source={REPORTS}",
        f"--output={TAKEN}",
        f"--too-late-output={RESULTS}/too-late/{DAY}",
        f"--checkpoint-location=s3://stream-checkpoints/late-data/{DAY}",
        f"--progress-output={PROGRESS}",
        "--watermark=2 hours",
        "--output-mode=update",
        # On a cluster of its own a query ends when nothing is left. A query that is to go on looking on a cluster that
        # stands has "10 minutes" here, and the same checkpoint.
        "--trigger=availableNow",
        "--max-files-per-trigger=10",
        "--state-store=rocksdb",
    ],
    driver_memory="6g",
    num_executors=10,
    executor_memory="12g",
    py_files=SHARED,
)

RECONCILE = SparkStep(
    "Checkpoint Reconciliation",
    f"{APPS}/streams/reconcile_checkpoint.py",
    args=[
        f"--stream-source={TAKEN}",
        f"--reports={REPORTS}",
        BATCH,
        f"--progress={PROGRESS}",
        "--window=24h",
        "--tolerance=0.001",
        f"--corrections-output={RESULTS}/corrections/{DAY}",
        f"--report-output={RESULTS}/reports/{DAY}.json",
    ],
    driver_memory="4g",
    num_executors=6,
    executor_memory="8g",
    py_files=SHARED,
)

JOIN = SparkStep(
    "Stream-Batch Join",
    f"{APPS}/streams/join_stream_batch.py",
    args=[
        f"--stream-source={TAKEN}",
        BATCH,
        "--join-keys=customer_id,timestamp",
        "--join-window=1 hour",
        f"--unified-output={RESULTS}/unified/{DAY}",
    ],
    driver_memory="8g",
    num_executors=15,
    executor_memory="16g",
    py_files=SHARED,
)

with DAG(
    "emr_stream_batch",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={"day": DAY_PARAM},
    user_defined_macros=MACROS,
    tags=["emr", "spark", "streaming"],
    doc_md=__doc__,
):
    with transient_cluster("pipeline", CLUSTER) as cluster:
        stream_batch(cluster, late_data=LATE_DATA, reconcile=RECONCILE, join=JOIN, outlets=[UNIFIED_MOVEMENTS])
