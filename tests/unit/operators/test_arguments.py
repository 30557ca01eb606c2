"""What operators and sensors are given wrongly is refused when the DAG is read, with the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_emr_pipelines import (
    EmrCancelStepsOperator,
    EmrCluster,
    EmrClusterSensor,
    EmrCreateClusterOperator,
    EmrFindClusterOperator,
    EmrModifyClusterOperator,
    EmrRunReportOperator,
    EmrRunStepOperator,
    EmrSizeExecutorsOperator,
    EmrStepSensor,
    EmrTerminateClusterOperator,
    Group,
    InstanceGroups,
    ShellStep,
    etl_chain,
    existing_cluster,
    transient_cluster,
)
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import steps as values

CLUSTER = EmrCluster("delays", "emr-7.10.0", InstanceGroups("m5.xlarge"))
STEP = ShellStep("Clean", "true")
ID = "j-1ABCDEFGHIJKL"
SHARE: Any = "0.1"
GROUP: Any = Group
SHELL: Any = ShellStep
CHANGED: Any = replace
REQUEST = {"Name": "Clean", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}


@task
def chosen() -> str:
    return ID


def on(cluster_id: Any) -> list[Callable[[], Any]]:
    """Everything that is given a cluster's id."""
    return [
        lambda: EmrRunStepOperator(task_id="run", step=STEP, cluster_id=cluster_id),
        lambda: EmrTerminateClusterOperator(task_id="end", cluster_id=cluster_id),
        lambda: EmrModifyClusterOperator(task_id="modify", cluster_id=cluster_id, step_concurrency=2),
        lambda: EmrCancelStepsOperator(task_id="cancel", cluster_id=cluster_id, step_ids=["s-1"]),
        lambda: EmrSizeExecutorsOperator(task_id="size", cluster_id=cluster_id),
        lambda: EmrRunReportOperator(task_id="report", cluster_id=cluster_id),
        lambda: EmrClusterSensor(task_id="cluster", cluster_id=cluster_id),
        lambda: EmrStepSensor(task_id="step", cluster_id=cluster_id, step_id="s-1"),
    ]


@pytest.mark.parametrize(
    ("wrong", "way_out"),
    [
        (lambda: "delays", "EmrFindClusterOperator finds it by the cluster's name"),
        (lambda: CLUSTER, "transient_cluster creates a cluster"),
        (lambda: 5, "transient_cluster creates a cluster"),
        (lambda: EmrCreateClusterOperator(task_id="create", cluster=CLUSTER), r"what the task gives, its \.output"),
        (lambda: chosen, "call it, and hand over what it gives"),
    ],
)
def test_what_is_no_id_of_a_cluster_is_refused_wherever_one_is_wanted(wrong: Callable[[], Any], way_out: str) -> None:
    with DAG("wrong", schedule=None):
        for make in on(wrong()):
            with pytest.raises(InvalidSpec, match=f"cluster_id = .*the id of a cluster starts with j-; .*{way_out}"):
                make()


def test_ids_may_be_known_late_and_those_who_end_and_report_may_be_given_none() -> None:
    for late in (lambda: "{{ params.cluster }}", lambda: ID, chosen):
        with DAG("late", schedule=None):
            given = late()
            assert [make().cluster_id for make in on(given)] == [given] * len(on(given))
    for none in (None, "", "None"):
        with DAG("none", schedule=None):
            ends = EmrTerminateClusterOperator(task_id="end", cluster_id=none)
            reports = EmrRunReportOperator(task_id="report", cluster_id=none)
            assert (ends.cluster_id, reports.cluster_id) == (none, none)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: EmrStepSensor(task_id="t", cluster_id=ID, step_id="1"), r'starts with s-; .*\.output\["step_id"\]'),
        (lambda: EmrStepSensor(task_id="t", cluster_id=ID, step_id=None), "the id of a step starts with s-"),
        (lambda: EmrClusterSensor(task_id="t", cluster_id=ID, target_states=["READY"]), "'READY': it is none of"),
        (lambda: EmrClusterSensor(task_id="t", cluster_id=ID, target_states={"Waiting"}), "did you mean WAITING"),
        (lambda: EmrClusterSensor(task_id="t", cluster_id=ID, target_states=[]), "a wait for no state ends never"),
        (lambda: EmrClusterSensor(task_id="t", cluster_id=ID, deferrable="yes"), "EmrClusterSensor.deferrable = 'yes'"),
        (lambda: EmrFindClusterOperator(task_id="t", cluster=CLUSTER), "it is a text, not an EmrCluster"),
        (lambda: EmrFindClusterOperator(task_id="t", cluster=None), "not a NoneType; give it a value"),
        (lambda: EmrSizeExecutorsOperator(task_id="t", cluster_id=ID, driver_share=SHARE), "driver_share = '0.1'"),
        (lambda: EmrSizeExecutorsOperator(task_id="t", cluster_id=ID, executor_share=1.5), "at most 1 together"),
        (lambda: EmrCreateClusterOperator(task_id="t", cluster=EmrCluster), "an EmrCluster is needed here; call it"),
        (lambda: EmrCreateClusterOperator(task_id="t", cluster={"Name": "a"}), r"EmrCluster\.from_request"),
        (lambda: EmrCreateClusterOperator(task_id="t", cluster=CLUSTER, steps=STEP), "write steps="),
        (lambda: EmrCreateClusterOperator(task_id="t", cluster=CLUSTER, steps=[REQUEST]), r"Step\.from_request"),
        (lambda: EmrCreateClusterOperator(task_id="t", cluster=CLUSTER, steps=[CLUSTER]), "a Step is needed here"),
    ],
)
def test_other_arguments_are_refused_as_early(make: Callable[[], Any], told: str) -> None:
    with DAG("wrong", schedule=None), pytest.raises(InvalidSpec, match=told):
        make()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"step": "s3://apps/clean.py"}, "a Step is needed here; give one"),
        ({"step": REQUEST}, r"read a request of EMR's by Step\.from_request"),
        ({"step": {"kind": "shell", "name": "Clean", "comand": "true"}}, "did you mean command"),
        ({"step": ShellStep}, "call it, and hand over what it gives"),
        ({"step": None}, "a Step is needed here"),
        ({"successor": "delays"}, "an EmrCluster is needed here"),
        ({"deferrable": "no"}, "EmrRunStepOperator.deferrable = 'no': it is a truth value"),
        ({"poll_seconds": "soon"}, "EmrRunStepOperator.poll_seconds = 'soon': it is a number"),
        ({"poll_seconds": -1}, "it must be at least 0"),
    ],
)
def test_a_step_is_refused_with_what_it_is_run_by(arguments: dict[str, Any], told: str) -> None:
    with DAG("wrong", schedule=None), pytest.raises(InvalidSpec, match=told):
        EmrRunStepOperator(**{"task_id": "run", "cluster_id": ID, "step": STEP, **arguments})


@pytest.mark.parametrize(
    "step",
    [
        "{{ ti.xcom_pull('plan') }}",
        {"kind": "shell", "name": "Clean", "command": "echo {{ ds }}"},
        {"kind": "{{ params.kind }}", "name": "Clean", "command": "true"},
    ],
)
def test_a_step_that_is_known_late_is_let_be(step: Any) -> None:
    with DAG("late", schedule="@daily"):
        assert EmrRunStepOperator(task_id="run", cluster_id=ID, step=step).step is step


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (lambda: GROUP("m5.xlarge", market="SPOT"), "Group has no field 'market': write spot=True for SPOT"),
        (lambda: GROUP("m5.xlarge", Count=2), "'Count': did you mean count?"),
        (lambda: SHELL("a", "true", action_on_failure="CONTINUE"), "'action_on_failure': write on_failure="),
        (lambda: SHELL("a", "true", ActionOnFailure="CONTINUE"), "'ActionOnFailure': write on_failure="),
        (lambda: SHELL("a", "true", retrys=3), r"'retrys': write it on the task: cluster.run\(step, retries=…\)"),
        (lambda: CHANGED(CLUSTER, idle_timeot=60), "EmrCluster has no field 'idle_timeot': did you mean idle_timeout?"),
        (lambda: EmrRunStepOperator(task_id="a", cluster_id=ID, step=STEP, retrys=3), "retrys: did you mean retries?"),
        (
            lambda: EmrRunStepOperator(task_id="a", cluster_id=ID, step=STEP, action_on_failure="CONTINUE"),
            "EmrRunStepOperator has no such argument: action_on_failure: write it on the step",
        ),
        (lambda: EmrClusterSensor(task_id="a", cluster_id=ID, poke_intervall=3), "did you mean poke_interval?"),
        (lambda: EmrStepSensor(task_id="a", cluster_id=ID, step_id="s-1", Deferable=True), "did you mean deferrable?"),
        (lambda: transient_cluster("a", CLUSTER, aws_con_id="x"), "aws_con_id: did you mean aws_conn_id?"),
        (
            lambda: transient_cluster("a", CLUSTER, retries=3),
            r'write it for all tasks of the group, default_args={"retr',
        ),
        (lambda: existing_cluster("a", ID, region="x"), "region: did you mean region_name?"),
        (lambda: existing_cluster("a", ID, tool_tip="x"), "tool_tip: did you mean tooltip?"),
    ],
)
def test_an_argument_that_there_is_not_is_told_with_what_is(make: Callable[[], Any], way_out: str) -> None:
    with DAG("misspelt", schedule=None), pytest.raises(TypeError, match=way_out):
        make()


@pytest.mark.parametrize(
    "make", [lambda cluster: cluster.run(STEP, retrys=3), lambda cluster: etl_chain(cluster, STEP, retrys=3)]
)
def test_a_task_of_a_group_tells_its_arguments_as_well(make: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"retrys: did you mean retries\?"):
        with DAG("misspelt", schedule=None), existing_cluster("a", ID) as cluster:
            make(cluster)


class TeamStep(values.SparkStep):
    """As a user may write it, with arguments of its own."""

    def __init__(self, name: str, script: str, *, team: str) -> None:
        super().__init__(name, script, args=["--team", team])


def test_a_class_of_a_users_own_takes_what_its_init_does() -> None:
    assert TeamStep("s", "s3://apps/a.py", team="red").args == ("--team", "red")
    with pytest.raises(TypeError, match="unexpected keyword argument 'taem'"):
        TeamStep("s", "s3://apps/a.py", taem="red")  # type: ignore[call-arg]


class PlainStep(values.SparkStep):
    """Without any."""


def test_a_class_of_a_users_own_without_an_init_names_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"PlainStep has no field 'arg': did you mean args\?"):
        PlainStep("s", "s3://apps/a.py", arg=["a"])  # type: ignore[call-arg]
