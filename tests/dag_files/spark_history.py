"""DAGs whose Spark steps wait behind another one, so that no Spark starts: their links are there already."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Context, task_group

from airflow_emr_pipelines import EmrRunStepOperator, ShellStep, SparkStep

PARAMS: dict[str, Any] = {"cluster_id": "j-NONE", "connection": "aws_default"}


class SubmitStep(EmrRunStepOperator):
    """Is content with the submission."""

    def wait_and_judge(self, context: Context, trigger: Any) -> Any:
        return trigger.label


CLUSTER = "{{ params.cluster_id }}"

with DAG("spark_history", schedule=None, params=PARAMS):
    for step in (SparkStep("sparks", "s3://none/none.py"), ShellStep("none_of_sparks", "true")):
        SubmitStep(task_id=step.name, cluster_id=CLUSTER, step=step)

SPARKS = SparkStep("sparks", "s3://none/none.py")

with DAG("spark_history_by_connection", schedule=None, params=PARAMS):
    SubmitStep(task_id="rendered", cluster_id=CLUSTER, step=SPARKS, aws_conn_id="{{ params.connection }}")
    SubmitStep.partial(task_id="of_all", step=SPARKS, aws_conn_id="other").expand(cluster_id=[CLUSTER])
    SubmitStep.partial(task_id="of_each", step=SPARKS, cluster_id=CLUSTER).expand(aws_conn_id=["aws_default", "other"])

    @task_group
    def group(connection: str) -> None:
        SubmitStep(task_id="in_group", cluster_id=CLUSTER, step=SPARKS, aws_conn_id=connection)

    group.expand(connection=["other"])
