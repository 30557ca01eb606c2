"""DAGs that end clusters which outlived their run."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task

from airflow_emr_pipelines import EmrCluster, EmrReapClustersOperator, InstanceGroups, transient_cluster

AT_ONCE = timedelta(0)

with DAG("reap_dry", schedule=None):
    EmrReapClustersOperator(task_id="reap", older_than=AT_ONCE)

with DAG("reap_for_real", schedule=None):
    EmrReapClustersOperator(task_id="reap", terminate="{{ true }}", older_than=AT_ONCE)

with DAG("reap_in_between", schedule=None):

    @task
    def lives(cluster_id: str, reaped: list[str]) -> None:
        assert cluster_id not in reaped

    with transient_cluster("emr", EmrCluster("alive", "emr-7.10.0", InstanceGroups("m5.xlarge"))) as cluster:
        reap = EmrReapClustersOperator(task_id="reap", terminate=True, older_than=AT_ONCE)
        lives(cluster.cluster_id, reap.output)  # type: ignore[arg-type]
