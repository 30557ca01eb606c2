"""Hourly: terminate the clusters of this deployment whose DAG run is over. Set ``[emr_pipelines] deployment`` first."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from airflow_emr_pipelines import EmrReapClustersOperator

with DAG(
    "emr_reap_clusters",
    schedule=timedelta(hours=1),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    params={"terminate": Param(True, type="boolean", description="False only says what would be terminated")},
    tags=["emr"],
):
    EmrReapClustersOperator(task_id="reap", terminate="{{ params.terminate }}", retries=1)
