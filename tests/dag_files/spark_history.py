"""DAGs whose Spark steps wait behind another one, so that no Spark starts: their links are there already."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Context

from airflow_emr_pipelines import EmrRunStepOperator, ShellStep, SparkStep

PARAMS: dict[str, Any] = {"cluster_id": "j-NONE"}


class SubmitStep(EmrRunStepOperator):
    """Is content with the submission."""

    def see_through(self, context: Context, trigger: Any) -> Any:
        return trigger.job_id


with DAG("spark_history", schedule=None, params=PARAMS):
    for step in (SparkStep("sparks", "s3://none/none.py"), ShellStep("none_of_sparks", "true")):
        SubmitStep(task_id=step.name, cluster_id="{{ params.cluster_id }}", step=step)
