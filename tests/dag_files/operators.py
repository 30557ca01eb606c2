"""DAGs that use the operators and sensors each way that Airflow's users know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Context, task, task_group

from airflow_emr_pipelines import (
    BootstrapAction,
    CustomJarStep,
    EmrCluster,
    EmrClusterSensor,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    EmrStepSensor,
    EmrTerminateClusterOperator,
    InstanceGroups,
    ScriptRunnerStep,
    ShellStep,
    existing_cluster,
    transient_cluster,
)

CLUSTER_ID = "{{ params.cluster_id }}"
ONE = InstanceGroups(primary="m5.xlarge")
LOGS = "{{ params.log_uri }}"
PARAMS = {"cluster_id": "j-NONE", "step_id": "s-NONE", "log_uri": "s3://none/"}


def cluster(name: str, **fields: Any) -> EmrCluster:
    return EmrCluster(name, "emr-7.10.0", ONE, log_uri=LOGS, **fields)


with DAG("data_from_other_tasks", schedule=None, params=PARAMS, render_template_as_native_obj=False):

    @task
    def words() -> dict[str, str]:
        return {"first": "echo one", "second": "echo two"}

    @task
    def plan() -> list[dict[str, Any]]:
        return [{"kind": "shell", "name": name, "command": f"echo {name} {{{{ ds }}}}"} for name in ("a", "b")]

    said: Any = words()
    EmrRunStepOperator(
        task_id="parts",
        cluster_id=CLUSTER_ID,
        step=ShellStep("says {{ dag.dag_id }}", said["first"]),
    )
    EmrRunStepOperator.partial(task_id="each", cluster_id=CLUSTER_ID).expand(step=plan())

    @task_group
    def of_a_list(word: Any) -> None:
        says = CustomJarStep("Mapped", "command-runner.jar", ["echo", "--word", word])
        with existing_cluster("emr", CLUSTER_ID) as standing:
            standing.run(says)

    of_a_list.expand(word=["north", "south"])
    EmrRunStepOperator(
        task_id="announced",
        cluster_id=CLUSTER_ID,
        step=ShellStep("makes", "echo made"),
        outlets=[Asset("s3://results/announced")],
        show_logs="always",
    )

for mode, deferrable in (("deferred", True), ("waiting", False)):
    with DAG(f"deadline_{mode}", schedule=None, params=PARAMS):
        EmrRunStepOperator(
            task_id="slow",
            cluster_id=CLUSTER_ID,
            step=ShellStep("slow", "sleep 1000"),
            # Long enough for a busy machine to start the step, which is what is to be cancelled.
            execution_timeout=timedelta(seconds=6),
            deferrable=deferrable,
        )

    with DAG(f"sensors_{mode}", schedule=None, params=PARAMS):
        watching: dict[str, Any] = {"deferrable": deferrable, "poke_interval": 0.2, "timeout": 60}
        EmrClusterSensor(task_id="cluster", cluster_id=CLUSTER_ID, **watching)
        EmrStepSensor(task_id="step", cluster_id=CLUSTER_ID, step_id="{{ params.step_id }}", **watching)
        EmrClusterSensor(
            task_id="too_late",
            cluster_id=CLUSTER_ID,
            target_states=["TERMINATED"],
            **{**watching, "timeout": 1},
        )
        EmrClusterSensor(
            task_id="too_late_but_soft",
            cluster_id=CLUSTER_ID,
            target_states=["TERMINATED"],
            soft_fail=True,
            **{**watching, "timeout": 1},
        )

with (
    DAG("bootstrap_fails", schedule=None, params=PARAMS),
    transient_cluster(
        "emr",
        cluster("bootstraps", bootstrap_actions=[BootstrapAction("broken", "s3://bootstrap/broken.sh", ["a b"])]),
    ) as bootstrapped,
):
    bootstrapped.run(ShellStep("never", "true"))

with DAG("places_of_a_step", schedule=None, params=PARAMS):
    EmrRunStepOperator(
        task_id="another_region",
        cluster_id=CLUSTER_ID,
        step=ScriptRunnerStep("script", "s3://bootstrap/never.sh", region="ap-southeast-2"),
    )
    EmrRunStepOperator(
        task_id="own_logs",
        cluster_id=CLUSTER_ID,
        step=ShellStep("says", "echo said elsewhere", log_uri="{{ params.log_uri }}own/"),
        show_logs="always",
    )

with DAG("steps_in_the_request", schedule=None, params=PARAMS):
    EmrCreateClusterOperator(
        task_id="good", cluster=cluster("good"), steps=[ShellStep("one", "true"), ShellStep("two", "true")]
    )
    EmrCreateClusterOperator(
        task_id="bad",
        cluster=cluster("bad"),
        steps=[ShellStep("three", "true"), ShellStep("four", "exit 4")],
        retries=1,
        retry_delay=timedelta(0),
    )

with DAG("tolerated", schedule=None, params=PARAMS):
    for mode, deferrable in (("deferred", True), ("waiting", False)):
        EmrRunStepOperator.partial(
            task_id=f"mapped_{mode}",
            cluster_id=CLUSTER_ID,
            deferrable=deferrable,
            outlets=[Asset("s3://results/mapped")],
        ).expand(step=[ShellStep("fails", "exit 1", on_failure="CONTINUE")])
        EmrRunStepOperator(
            task_id=mode,
            cluster_id=CLUSTER_ID,
            step=ShellStep("fails", "exit 1", on_failure="CONTINUE"),
            deferrable=deferrable,
            outlets=[Asset("s3://results/tolerated")],
        )

with DAG("terminate", schedule=None, params=PARAMS):
    EmrTerminateClusterOperator(task_id="end", cluster_id=CLUSTER_ID, retries=0)
    EmrTerminateClusterOperator(task_id="never_created", cluster_id=None)

with (
    DAG("a_cluster_of_its_own", schedule=None, params=PARAMS),
    transient_cluster("emr", EmrCluster("own", "emr-7.10.0", ONE)) as own,
):
    own.run(ShellStep("sleeps", "sleep 1"))

with DAG("one_step", schedule=None, params=PARAMS):
    EmrRunStepOperator(task_id="step", cluster_id=CLUSTER_ID, step=ShellStep("one", "echo done"))


class Crashing(EmrRunStepOperator):
    """A worker that dies after the submission, in its first try: nobody cancels anything."""

    def wait_and_judge(self, context: Context, trigger: Any) -> Any:
        if context["ti"].try_number == 1:
            self.in_flight = None
            raise RuntimeError("the worker died")
        return super().wait_and_judge(context, trigger)


with DAG("crash_after_submission", schedule=None, params=PARAMS):
    Crashing(
        task_id="step",
        cluster_id=CLUSTER_ID,
        step=ShellStep("once", "echo ran"),
        retries=1,
        retry_delay=timedelta(0),
    )
