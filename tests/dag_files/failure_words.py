"""DAGs with a failing step in every position: the failure's word is a parameter of the run, as is the cluster."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, TaskGroup, task

from airflow_emr_pipelines import (
    EmrCluster,
    EmrRunStepOperator,
    InstanceGroups,
    ShellStep,
    existing_cluster,
    transient_cluster,
)

OK = ShellStep("ok", "true")
FAILING = ShellStep("failing", "echo no such input >&2; exit 3", on_failure="{{ params.word }}")
MADE = Asset("s3://results/made")


def every_position(dag_id: str, *, deferrable: bool) -> None:
    with (
        DAG(dag_id, schedule=None, params={"word": "CONTINUE", "cluster_id": "j-NONE"}),
        existing_cluster("emr", "{{ params.cluster_id }}", deferrable=deferrable) as emr,
    ):
        emr.run(FAILING, "root") >> EmptyOperator(task_id="after_root")

        emr.run(OK, "first") >> emr.run(FAILING, "middle", outlets=[MADE]) >> EmptyOperator(task_id="after_middle")

        [emr.run(OK, "left"), emr.run(FAILING, "right")] >> EmptyOperator(task_id="merge")

        EmrRunStepOperator.partial(task_id="mapped", cluster_id=emr.cluster_id, deferrable=deferrable).expand(
            step=[OK, FAILING, ShellStep("also ok", "echo {{ params.word }}")]
        ) >> EmptyOperator(task_id="after_mapped")

        @task.branch
        def choose() -> str:
            return "emr.taken"

        branch = choose()
        branch >> emr.run(FAILING, "taken") >> EmptyOperator(task_id="after_taken")
        branch >> emr.run(OK, "not_taken") >> EmptyOperator(task_id="after_not_taken")

        @task.short_circuit
        def go_on(answer: bool) -> bool:
            return answer

        go_on.override(task_id="go")(True) >> emr.run(FAILING, "gone") >> EmptyOperator(task_id="after_gone")
        go_on.override(task_id="stop")(False) >> emr.run(FAILING, "stopped") >> EmptyOperator(task_id="after_stopped")

        before_group = emr.run(FAILING, "before_group")
        with TaskGroup("following") as following:
            EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
        before_group >> following

        emr.run(OK, "before_last") >> emr.run(FAILING, "last")

        prepare = EmptyOperator(task_id="prepare").as_setup()
        tidy = EmptyOperator(task_id="tidy").as_teardown(setups=prepare)
        prepare >> emr.run(FAILING, "before_teardown") >> tidy

        emr.run(FAILING, "retried", retries=1, retry_delay=timedelta(0)) >> EmptyOperator(task_id="after_retried")


every_position("failure_words", deferrable=True)
every_position("failure_words_in_the_worker", deferrable=False)


with (
    DAG("terminate_cluster_word", schedule=None) as terminating,
    transient_cluster(
        "emr",
        EmrCluster("word", "emr-7.10.0", InstanceGroups(primary="m5.xlarge"), termination_protected=True),
    ) as cluster,
):
    cluster.run(ShellStep("fail", "exit 1", on_failure="TERMINATE_CLUSTER")) >> cluster.run(OK, "never")
