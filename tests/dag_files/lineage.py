"""DAGs whose Spark steps are told by whom they were started. They wait behind another step, so that no Spark starts."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Context

from airflow_emr_pipelines import (
    CustomJarStep,
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    InstanceGroups,
    ShellStep,
    SparkSqlStep,
    SparkStep,
)

PARAMS: dict[str, Any] = {"cluster_id": "j-NONE"}
CLUSTER_ID = "{{ params.cluster_id }}"
OWN = {"spark.openlineage.parentJobName": "mine", "spark.openlineage.transport.type": "console"}
COMMAND = ["spark-submit", "--conf=spark.openlineage.parentJobName=mine", "s3://none/none.py"]
BOTH: dict[str, Any] = {"openlineage_inject_parent_job_info": True, "openlineage_inject_transport_info": True}
SQL = SparkSqlStep("sql", "s3://none/none.sql")


class SubmitStep(EmrRunStepOperator):
    """Is content with the submission."""

    def wait_and_judge(self, context: Context, trigger: Any) -> Any:
        return trigger.label


class CreateCluster(EmrCreateClusterOperator):
    """Is content with the creation."""

    def wait_and_judge(self, context: Context, trigger: Any) -> Any:
        return trigger.label


with DAG("lineage", schedule="@daily", catchup=False, params=PARAMS):
    for step in (
        SparkStep("submitted", "s3://none/{{ ds }}.py", conf={"spark.app.name": "submitted"}),
        SQL,
        SparkStep("own_words", "s3://none/none.py", conf=OWN),
        CustomJarStep("command", "command-runner.jar", COMMAND),
        ShellStep("shell", "true"),
    ):
        SubmitStep(task_id=step.name, cluster_id=CLUSTER_ID, step=step, **BOTH)

with DAG("lineage_by_configuration", schedule=None, params=PARAMS):
    SubmitStep(task_id="by_configuration", cluster_id=CLUSTER_ID, step=SparkStep("submitted", "s3://none/none.py"))
    SubmitStep(task_id="not_here", cluster_id=CLUSTER_ID, step=SQL, openlineage_inject_parent_job_info=False)
    CreateCluster(
        task_id="in_the_request",
        cluster=EmrCluster("lineage", "emr-7.10.0", InstanceGroups(primary="m5.xlarge")),
        steps=[ShellStep("first", "sleep 1000"), SQL],
    )
