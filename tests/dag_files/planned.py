"""A DAG with every way to say a step, for what is planned of it to be set beside what it sends."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

from airflow_emr_pipelines import (
    BootstrapAction,
    CustomJarStep,
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    EmrTerminateClusterOperator,
    Group,
    InstanceGroups,
    ShellStep,
    spark_defaults,
    transient_cluster,
)

CLUSTER = EmrCluster(
    "planned for {{ params.who }}",
    "emr-7.10.0",
    InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)),
    applications=("Hadoop", "Spark"),
    configurations=(spark_defaults({"spark.sql.shuffle.partitions": "4"}),),
    step_concurrency=3,
    tags={"day": "{{ ds }}"},
    log_uri="{{ params.log_uri }}",
)

ONE = InstanceGroups(primary="m5.xlarge")

with DAG("planned", schedule="@daily", catchup=False, params={"who": "nobody", "log_uri": "s3://none/"}):

    @task
    def words() -> dict[str, str]:
        return {"first": "echo one"}

    said: Any = words()
    with transient_cluster("emr", CLUSTER) as emr:
        first = emr.run(
            ShellStep("First {{ ds_nodash }}", "echo {{ data_interval_start | ts }} {{ params.who }}"), "first"
        )
        jar = emr.run(
            CustomJarStep("Jar", "command-runner.jar", args=["bash", "-c", "echo {{ macros.ds_add(ds, 7) }}", "x\n"])
        )
        each = EmrRunStepOperator.partial(task_id="each", cluster_id=emr.cluster_id).expand(
            step=[ShellStep("a", "echo {{ ds }}"), ShellStep("b", "exit 3", on_failure="CONTINUE")]
        )
        told = emr.run(ShellStep("Told", said["first"]))
        first >> jar >> [each, told]

with DAG("planned_with_its_steps", schedule="@daily", catchup=False, params={"who": "nobody", "log_uri": "s3://none/"}):
    made = EmrCreateClusterOperator(
        task_id="create", cluster=CLUSTER, steps=[ShellStep("only", "echo {{ params.who }}")]
    )
    EmrTerminateClusterOperator(task_id="terminate", cluster_id=made.output)

PRICES = {"instances": {"m5.xlarge": {"on_demand": 0.192, "emr": 0.048}}}
ENDS = {"well": "true", "badly": "exit 3"}
for end, command in ENDS.items():
    with DAG(
        f"reported_{end}",
        schedule="@daily",
        catchup=False,
        params={"who": "x", "log_uri": "s3://none/", "folder": "s3://none/"},
    ):
        with transient_cluster("emr", CLUSTER) as reported:
            reported.report("{{ params.folder }}", prices=PRICES)
            tolerated = reported.run(ShellStep("Tolerated", "exit 4", on_failure="CONTINUE"))
            tolerated >> reported.run(ShellStep("<Last> {1}", command), "last")
        reported >> EmptyOperator(task_id="after")

with DAG("reported_without_a_cluster", schedule="@daily", catchup=False, params={"who": "x", "log_uri": "s3://none/"}):
    unbootable = EmrCluster(
        "bad", "emr-7.10.0", ONE, bootstrap_actions=(BootstrapAction("bad", "s3://none-such/x.sh"),)
    )
    with transient_cluster("emr", unbootable) as never:
        never.report()
        never.run(ShellStep("Never", "true"))
