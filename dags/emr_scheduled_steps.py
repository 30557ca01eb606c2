"""Steps that stand in a document in S3, run each day on a cluster that stands already.

The document is read when the run begins: what is written there today runs tonight, with no deployment. A fault in it
ends the run before any step starts.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from processing_day import DAILY_AT_2, DAY, DAY_PARAM, MACROS, START_DATE

from airflow_emr_pipelines import EmrFindClusterOperator, existing_cluster, steps_from_document

with DAG(
    "emr_scheduled_steps",
    schedule=DAILY_AT_2,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params={
        "day": DAY_PARAM,
        "cluster": Param("standing-cluster", type="string", minLength=1, description="Id or name of the cluster"),
        "document": Param(
            "s3://etl-configs/daily-processing-steps.json",
            type="string",
            pattern="^s3://",
            description="The steps, in JSON or YAML",
        ),
    },
    user_defined_macros=MACROS,
    tags=["emr", "spark"],
    doc_md=__doc__,
):
    find = EmrFindClusterOperator(task_id="find_cluster", cluster="{{ params.cluster }}")
    steps = steps_from_document(
        existing_cluster("pipeline", find.output), "{{ params.document }}", variables={"day": DAY}
    )
    find >> steps.group
