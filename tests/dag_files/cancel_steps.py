"""DAGs that cancel steps which somebody else has added."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_emr_pipelines import EmrCancelStepsOperator

PARAMS: dict[str, Any] = {"cluster_id": "j-NONE", "step_ids": [], "option": "SEND_INTERRUPT"}
CLUSTER_ID = "{{ params.cluster_id }}"

for mode, deferrable in (("deferred", True), ("waiting", False)):
    with DAG(f"cancel_{mode}", schedule=None, params=PARAMS, render_template_as_native_obj=True):
        EmrCancelStepsOperator(
            task_id="cancel",
            cluster_id=CLUSTER_ID,
            step_ids="{{ params.step_ids }}",
            step_cancellation_option="{{ params.option }}",
            deferrable=deferrable,
        )

    with DAG(f"cancel_in_time_{mode}", schedule=None, params=PARAMS, render_template_as_native_obj=True):
        EmrCancelStepsOperator(
            task_id="cancel",
            cluster_id=CLUSTER_ID,
            step_ids="{{ params.step_ids }}",
            execution_timeout=timedelta(seconds=5),
            deferrable=deferrable,
        )

with DAG("cancel_each", schedule=None, params=PARAMS):

    @task
    def one_by_one(params: Any = None) -> list[list[str]]:
        return [[step_id] for step_id in params["step_ids"]]

    EmrCancelStepsOperator.partial(task_id="cancel", cluster_id=CLUSTER_ID).expand(step_ids=one_by_one())
