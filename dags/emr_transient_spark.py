"""A cluster that lives for one Spark step: how late each carrier was on a day."""

from __future__ import annotations

from airflow.sdk import DAG
from assets import CARRIER_DELAYS
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import EmrCluster, Group, InstanceGroups, SparkStep, transient_cluster

APPS = "s3://pipeline-apps"
CLUSTER = EmrCluster(
    name="transient-spark",
    release_label="emr-7.10.0",
    instances=InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)),
    log_uri="s3://emr-logs/",
)

with (
    DAG(
        "emr_transient_spark",
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
    cluster.run(
        SparkStep(
            "Carrier Delays",
            f"{APPS}/carrier_delays.py",
            args=[
                f"--input=s3://raw-data/daily/{DAY}/",
                f"--output=s3://analytics-results/carrier-delays/{DAY}/",
                f"--processing-date={DAY}",
                "--schema-registry=s3://schema-registry",
                "--quality-rules=s3://quality-rules/standard.json",
            ],
            py_files=(f"{APPS}/lake.py", f"{APPS}/quality.py"),
        ),
        outlets=[CARRIER_DELAYS],
    )
    cluster.report()
