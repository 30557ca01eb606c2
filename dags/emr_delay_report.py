"""Scheduled by data: whenever `emr_transient_spark` has written a day's delays, all days are ranked anew.

An asset announces what a step has written, so this runs neither by the clock nor after a failure that was tolerated.
Several days that come in while it runs are one run afterwards. It makes a cluster for each run, so it starts paused.
"""

from __future__ import annotations

from airflow.sdk import DAG
from assets import CARRIER_DELAYS

from airflow_emr_pipelines import EmrCluster, Group, InstanceGroups, SparkStep, transient_cluster

CLUSTER = EmrCluster(
    name="delay-report",
    release_label="emr-7.10.0",
    instances=InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)),
    log_uri="s3://emr-logs/",
)

with (
    DAG(
        "emr_delay_report",
        schedule=[CARRIER_DELAYS],
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=True,
        tags=["emr", "spark", "assets"],
        doc_md=__doc__,
    ),
    transient_cluster("pipeline", CLUSTER) as cluster,
):
    cluster.run(
        SparkStep(
            "Delay Report",
            "s3://pipeline-apps/delay_report.py",
            args=["--input=s3://analytics-results/carrier-delays", "--output=s3://analytics-results/delay-report"],
        )
    )
