"""What a plan says of DAGs of every kind, and what it warns of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.providers.amazon.aws.operators.emr import EmrCreateJobFlowOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task, task_group

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    Group,
    InstanceGroups,
    KerberosAttributes,
    ManagedScaling,
    S3DistCpStep,
    Secret,
    ShellStep,
    SparkStep,
    existing_cluster,
    transient_cluster,
)
from airflow_emr_pipelines.cli.__main__ import main
from airflow_emr_pipelines.cli.plan import lines_of
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.plan.shapes import faults
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.testing import assert_sound, plan_of

ONE = InstanceGroups(primary="m5.xlarge")
CLUSTER = EmrCluster("planned", "emr-7.10.0", ONE, log_uri="s3://logs/")
WHEN = datetime(2026, 1, 31, tzinfo=timezone.utc)
OK = ShellStep("ok", "true")


def codes(dag: DAG) -> list[str]:
    return [warned.code for warned in plan_of(dag, logical_date=WHEN).warnings]


def args_of(plan: Any, task_id: str) -> list[str]:
    args: list[str] = plan.request_of(task_id).steps[0]["HadoopJarStep"]["Args"]
    return args


def test_a_dag_without_a_task_of_emr_has_no_requests() -> None:
    with DAG("plain", schedule=None) as dag:
        EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
    plan = assert_sound(dag)
    assert (plan.requests, plan.other_calls, plan.edges) == ((), {}, (("a", "b"),))


@pytest.mark.parametrize(
    ("said", "planned"),
    [
        ("{{ ds }}", "2026-01-31"),
        ("{{ params.day }}/{{ data_interval_end | ds }}", "monday/2026-01-31"),
        ("{{ ti.xcom_pull(task_ids='other') }}!", "<output of task other>!"),
        ("{{ ti.xcom_pull(task_ids='other', key='k')['x'] }}", "<k of task other['x']>"),
        ("{{ 'a' if ti.xcom_pull(task_ids='other') > 3 else 'b' }}", "<{{ 'a' if ti.xcom_pull(task_ids='other') > 3"),
        ("{{ ti.xcom_pull(task_ids='other') | int }}", "<{{ ti.xcom_pull(task_ids='other') | int }}>"),
        ("{{ var.value.bucket }}", "<variable bucket>"),
        ("{{ var.value.get('bucket', 'none') }}", "<variable bucket>"),
        ("{{ conn.db.password }}", "<connection db.password>"),
        ("{{ dag_run.start_date }}", "<dag_run.start_date>"),
        ("{{ run_id }}", "plan__2026-01-31T00:00:00+00:00"),
    ],
)
def test_templates_are_rendered_and_what_only_a_run_knows_is_said_to_be_unknown(said: str, planned: str) -> None:
    with DAG("templated", schedule="@daily", params={"day": "monday"}) as dag, existing_cluster("emr", "j-1") as emr:
        emr.run(SparkStep("s", "s3://apps/a.py", args=[said, "end"]))
    plan = plan_of(dag, logical_date=WHEN)
    *_, found, end = args_of(plan, "emr.s")
    assert end == "end"
    assert found.startswith(planned)
    assert bool(plan.request_of("emr.s").unknown) == ("<" in planned)
    assert plan.errors == ()


def test_outputs_and_mapped_values_are_shown_as_what_they_are() -> None:
    with DAG("mapped", schedule=None) as dag:

        @task
        def steps() -> list[Any]:
            return []

        @task_group
        def per(n: Any) -> None:
            EmrRunStepOperator(task_id="one", cluster_id="j-1", step=ShellStep("one", n))
            EmrRunStepOperator(task_id="which", cluster_id="j-1", step=ShellStep("which", "echo {{ ti.map_index }}"))

        per.expand(n=["a", "b"])
        made: Any = steps()
        EmrRunStepOperator(task_id="whole", cluster_id="j-1", step=made)
        EmrRunStepOperator.partial(task_id="each", cluster_id="j-1").expand(step=made)
        EmrRunStepOperator.partial(task_id="kwargs").expand_kwargs(made)
        EmrRunStepOperator.partial(task_id="listed", step=OK).expand(cluster_id=["j-1", "j-2"])
        EmrRunStepOperator(task_id="args", cluster_id="j-1", step=SparkStep("a", "s3://apps/a.py", args=made))
        EmrRunStepOperator(task_id="conf", cluster_id="j-1", step=SparkStep("a", "s3://apps/a.py", conf=made))
    plan = plan_of(dag, logical_date=WHEN)
    unknown = {request.task_id: request.unknown for request in plan.requests}
    assert unknown == {
        "per.one": ("<n that the group is mapped over>",),
        "per.which": ("echo <ti.map_index>",),
        "whole": ("<output of task steps>",),
        "each": ("<one of the output of task steps>",),
        "kwargs": tuple(
            f"<{name} of one of the output of task steps>"
            for name in ("cluster_id", "step", "execution_role_arn", "region_name")
        ),
        "listed[0]": (),
        "listed[1]": (),
        "args": ("<output of task steps>",),
        "conf": ("<output of task steps>",),
    }
    assert args_of(plan, "args")[-1] == "<output of task steps>"
    assert plan.request_of("conf").body is None
    assert [plan.request_of(f"listed[{n}]").body["JobFlowId"] for n in (0, 1)] == ["j-1", "j-2"]  # type: ignore[index]
    assert plan.errors == ()


def test_what_would_be_refused_is_an_error() -> None:
    params = {"memory": "4g", "day": Param(None, type="string")}
    with DAG("refused", schedule=None, params=params) as dag, existing_cluster("emr", "j-1") as emr:
        emr.run(SparkStep("s", "s3://apps/a.py", driver_memory="{{ params.memory }}"))
        emr.run(SparkStep("t", "s3://apps/{{ params.nothing }}.py"))
    with pytest.raises(InvalidSpec, match=r"day.*give the run's parameters"):
        plan_of(dag)
    fits = plan_of(dag, params={"day": "x"})
    assert [error.partition(":")[0] for error in fits.errors] == ["emr.t"]
    with pytest.raises(AssertionError, match=r"(?s)refused is not sound:.*emr\.s: SparkStep\.driver_memory = 'much'"):
        assert_sound(dag, params={"day": "x", "memory": "much"})


def test_secrets_are_masked_and_never_read() -> None:
    kerberos = KerberosAttributes("EC2.INTERNAL", kdc_admin_password=Secret("no_such_connection"))
    cluster = EmrCluster(
        "kerberos", "emr-7.10.0", ONE, log_uri="s3://logs/", kerberos=kerberos, security_configuration="kerberos"
    )
    with DAG("secret", schedule=None) as dag, transient_cluster("emr", cluster) as emr:
        emr.run(
            SparkStep("s", "s3://apps/a.py", args=["--db-password", "hunter2"], conf={"spark.my.secret": "hunter3"})
        )
    told = json.dumps(assert_sound(dag).to_json())
    assert "hunter" not in told
    assert "no_such_connection" not in told
    assert "KdcAdminPassword" in told


def test_a_cluster_without_logs_or_an_idle_timeout_is_warned_of() -> None:
    bare = EmrCluster("bare", "emr-7.10.0", ONE, idle_timeout=None)
    with DAG("bare", schedule=None) as dag, transient_cluster("emr", bare) as emr:
        emr.run(OK)
    assert codes(dag) == ["no-log-uri", "no-idle-timeout"]
    with pytest.raises(AssertionError, match="no-idle-timeout"):
        assert_sound(dag, allow=["no-log-uri"])
    assert assert_sound(dag, allow=["no-log-uri", "no-idle-timeout"]).requests


def test_a_role_that_is_nearly_a_default_one_is_warned_of() -> None:
    for role, told in (("EMR_DefaltRole", ["nearly-a-default-role"]), ("EMR_DefaultRole", []), ("etl-emr", [])):
        cluster = EmrCluster("roles", "emr-7.10.0", ONE, log_uri="s3://logs/", service_role=role)
        with DAG("roles", schedule=None) as dag, transient_cluster("emr", cluster) as emr:
            emr.run(OK)
        assert codes(dag) == told


def test_three_primaries_are_warned_of_whose_idle_timeout_emr_does_not_heed() -> None:
    three = EmrCluster("three", "emr-7.10.0", InstanceGroups(Group("m5.xlarge", 3)), log_uri="s3://logs/")
    with DAG("three", schedule=None) as dag, transient_cluster("emr", three) as emr:
        emr.run(OK)
    (warned,) = plan_of(dag, logical_date=WHEN).warnings
    assert (warned.code, "three primaries heed no idle timeout" in warned.text) == ("no-idle-timeout", True)


def test_a_cluster_that_may_outlive_its_run_is_warned_of() -> None:
    with DAG("timeout", schedule=None, dagrun_timeout=timedelta(hours=1)) as dag:
        with pytest.warns(UserWarning, match="dagrun_timeout"):
            group = transient_cluster("emr", CLUSTER)
        with group as emr:
            emr.run(OK)
    assert codes(dag) == ["dagrun-timeout"]
    with DAG("alone", schedule=None) as dag:
        create = EmrCreateClusterOperator(task_id="create", cluster=CLUSTER)
        EmrRunStepOperator(task_id="step", cluster_id=create.output, step=OK)
    assert codes(dag) == ["never-terminated"]


@pytest.mark.filterwarnings("ignore:.*broken template", "ignore:.*the DAG has no schedule")
def test_templates_that_will_not_render_are_told() -> None:
    with DAG("dates", schedule=None, params={"day": "x"}) as dag:
        EmrRunStepOperator(task_id="needs", cluster_id="j-1", step=ShellStep("a", "echo {{ ds }}"))
        EmrRunStepOperator(task_id="may", cluster_id="j-1", step=ShellStep("a", "echo {{ params.day or ds }}"))
        each = EmrRunStepOperator.partial(task_id="each", cluster_id="j-1")
        each.expand(step=[OK, ShellStep("b", "echo {{ ts }}")])
    assert [(warned.code, warned.task_id) for warned in plan_of(dag).warnings] == [
        ("no-schedule", "needs"),
        ("no-schedule", "each[1]"),
    ]
    with DAG("half", schedule="@daily") as dag:
        EmrRunStepOperator(task_id="half", cluster_id="j-1", step=ShellStep("a", "echo {{ ds }"))
    (error,) = plan_of(dag).errors
    assert error.startswith("half: template = 'echo {{ ds }': it is a broken template, of which Jinja says: unexpected")


@pytest.mark.filterwarnings("ignore:step 'wide' asks", "ignore:cluster empty has")
def test_what_the_nodes_have_no_room_for_is_warned_of_also_where_it_is_rendered_or_stock() -> None:
    two = EmrCluster("two", "emr-7.10.0", InstanceGroups("m5.xlarge", Group("m5.xlarge", 2)), log_uri="s3://logs/")
    empty = EmrCluster("empty", "emr-7.10.0", InstanceGroups("m5.xlarge", Group("m5.xlarge", 0)), log_uri="s3://logs/")
    wide = SparkStep("wide", "s3://apps/a.py", num_executors="{{ params.n }}", executor_memory="8g")
    with DAG("wide", schedule=None, params={"n": 10}) as dag, transient_cluster("emr", two) as emr:
        emr.run(wide)
    assert codes(dag) == ["executors-do-not-fit"]
    assert plan_of(dag, params={"n": 2}).warnings == ()
    with DAG("in_request", schedule=None) as dag:
        EmrCreateClusterOperator(task_id="create", cluster=two, steps=[replace(wide, num_executors=10)])
        EmrCreateClusterOperator(task_id="empty", cluster=empty, steps=[OK])
    assert codes(dag) == ["executors-do-not-fit", "empty-core-group"]
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    request = render_cluster(two)
    words = ["spark-submit", "--num-executors", "10", "--executor-memory", "8g", "s3://apps/a.py"]
    step = {
        "Name": "s",
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
    }
    with DAG("stock", schedule=None) as dag:
        made = stock.EmrCreateJobFlowOperator(task_id="create", job_flow_overrides=request)
        stock.EmrAddStepsOperator(task_id="steps", job_flow_id=made.output, steps=[step])
    assert codes(dag) == ["executors-do-not-fit"]


def test_failure_words_that_would_not_be_carried_out_are_warned_of() -> None:
    word = ShellStep("word", "true", on_failure="TERMINATE_CLUSTER")
    with DAG("words", schedule=None) as dag, transient_cluster("emr", CLUSTER) as emr:
        emr.run(word)
    plan = assert_sound(dag)
    assert plan.request_of("emr.word").on_failure == ("TERMINATE_CLUSTER",)
    assert plan.request_of("emr.word").steps[0]["ActionOnFailure"] == "CONTINUE"
    with DAG("in_request", schedule=None) as dag:
        EmrCreateClusterOperator(task_id="create", cluster=CLUSTER, steps=[OK, word])
    assert codes(dag) == ["failure-word-not-carried-out"]
    assert "step 'word' says on_failure=TERMINATE_CLUSTER" in str(plan_of(dag).warnings[0])


def test_each_step_is_told_with_its_own_word_whatever_the_others_are_called() -> None:
    steps = [
        ShellStep("Clean", "true", on_failure="CONTINUE"),
        ShellStep("Clean up", "true"),
        ShellStep("Clean", "true", on_failure="TERMINATE_CLUSTER"),
    ]
    with DAG("alike", schedule=None) as dag:
        EmrCreateClusterOperator(task_id="create", cluster=CLUSTER, steps=steps)
    said = "\n".join(lines_of(plan_of(dag)))
    told = [line.split()[2].rstrip(",;") for line in said.splitlines() if line.startswith("    on failure")]
    assert told == ["CONTINUE", "CANCEL_AND_WAIT", "TERMINATE_CLUSTER"]


def test_a_stock_request_whose_steps_are_not_known_or_no_steps_is_told_as_far_as_it_is() -> None:
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    request = {"Name": "c", "ReleaseLabel": "emr-7.10.0", "Instances": {}}
    with DAG("stock", schedule=None) as dag:
        late = EmptyOperator(task_id="words").output
        for task_id, steps in (("known", [{"Name": "bare"}]), ("late", late)):
            stock.EmrCreateJobFlowOperator(task_id=task_id, job_flow_overrides={**request, "Steps": steps})
    said = "\n".join(lines_of(plan_of(dag)))
    assert "  step bare\n    on failure TERMINATE_CLUSTER; EMR is told nothing" in said
    assert "late: RunJobFlow" in said


def stock_plan(label: str, kind: str) -> Any:
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    groups = [{"InstanceRole": "MASTER", "InstanceType": kind, "InstanceCount": 1}]
    request = {"Name": "a", "ReleaseLabel": label, "LogUri": "s3://logs/", "Instances": {"InstanceGroups": groups}}
    with DAG("stock", schedule=None) as dag:
        stock.EmrCreateJobFlowOperator(task_id="create", job_flow_overrides=request)
    return plan_of(dag, logical_date=WHEN)


def test_releases_and_types_of_a_stock_request_are_judged_by_awss_lists() -> None:
    assert stock_plan("emr-7.10.0", "p3.2xlarge").errors == ()
    (refused,) = stock_plan("emr-7.10.0", "r5.large").errors
    assert "'r5.large': EMR has instances of r5 in other sizes" in refused
    (refused,) = stock_plan("emr-4.8.5", "m5.xlarge").errors
    assert "emr-4.8.5 does not have this instance type" in refused
    (refused,) = stock_plan("emr-4.8.0", "m4.xlarge").errors
    assert "the next one is emr-4.8.2" in refused
    assert stock_plan("{{ var.value.release }}", "{{ var.value.kind }}").errors == ()


@pytest.mark.parametrize(
    "instances",
    [
        {"InstanceFleets": None},
        {"InstanceFleets": [{"InstanceFleetType": "MASTER", "InstanceTypeConfigs": None}]},
        {"InstanceFleets": [None, 5]},
        {"InstanceGroups": None},
        {"InstanceGroups": 5},
        {"InstanceGroups": [None], "KeepJobFlowAliveWhenNoSteps": True},
        None,
    ],
)
@pytest.mark.parametrize("steps", [None, 5, [None, {"Name": "s", "HadoopJarStep": None}]])
def test_a_stock_request_with_members_that_are_none_is_planned(instances: Any, steps: Any) -> None:
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    request = {"Name": "a", "ReleaseLabel": "emr-7.10.0", "Instances": instances, "Steps": steps}
    with DAG("stock", schedule=None) as dag:
        stock.EmrCreateJobFlowOperator(task_id="create", job_flow_overrides=request)
    plan = plan_of(dag, logical_date=WHEN)
    assert plan.errors, "botocore's model knows no null"
    assert "create" in "\n".join(lines_of(plan))


def test_words_that_will_not_arrive_are_warned_of_also_where_they_are_rendered_or_stock() -> None:
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    asked = {"a": {"b": 1}, "password": "hunter2"}
    dag = DAG("dropped", schedule=None, params={"asked": {"a": {"b": 1}}, "secret": {"x": asked}, "none": ""})
    late = "{{ 'a' if ti.xcom_pull(task_ids='other') > 3 else 'b' }}"
    args = ["{{ params.asked | tojson }}", "{{ params.none }}", late, "{{ {'x': params.secret} | tojson }}"]
    with dag, existing_cluster("emr", "j-1") as emr:
        emr.run(SparkStep("s", "s3://apps/a.py", args=args))
        jar_step = {"Jar": "command-runner.jar", "Args": ["x", "{{ params.none }}", late]}
        stock.EmrAddStepsOperator(
            task_id="stock",
            job_flow_id="j-1",
            steps=[{"Name": "t", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar_step}],
        )
    plan = plan_of(dag, logical_date=WHEN)
    assert plan.errors == ()
    assert [(one.code, one.task_id, one.text.partition(" =")[0]) for one in plan.warnings] == [
        ("words-dropped", "emr.s", "SparkStep('s'), HadoopJarStep.Args[4]"),
        ("words-dropped", "emr.s", "SparkStep('s'), HadoopJarStep.Args[5]"),
        ("words-dropped", "emr.s", "SparkStep('s'), HadoopJarStep.Args[7]"),
        ("words-dropped", "emr.stock", "step 't', HadoopJarStep.Args[1]"),
    ]
    assert "hunter2" not in "\n".join(lines_of(plan))


def test_a_program_that_a_release_is_not_known_to_have_is_warned_of() -> None:
    with DAG("copy", schedule=None, params={"release": "emr-spark-8.1.0"}) as dag:
        cluster = EmrCluster("planned", "{{ params.release }}", ONE, log_uri="s3://logs/")
        with transient_cluster("group", cluster) as group:
            group.run(S3DistCpStep("Copy", "s3://raw-data/", "s3://results/"))
    assert codes(dag) == ["program-not-confirmed"]


def test_what_is_hardly_meant_so_is_warned_of_where_it_is_rendered() -> None:
    with DAG("doubt", schedule=None, params={"memory": "4g"}) as dag, existing_cluster("emr", "j-1") as emr:
        conf = {"spark.driver.memory": "{{ params.memory }}"}
        emr.run(SparkStep("s", "s3://apps/a.py", driver_memory="8g", conf=conf))
    assert codes(dag) == ["hardly-meant"]


def test_what_is_newer_than_awss_lists_is_warned_of() -> None:
    newer = [one for one in stock_plan("emr-9.99.0", "q1.xlarge").warnings if one.code == "newer-than-lists"]
    assert len(newer) == 2
    with DAG("ours", schedule=None, params={"release": "emr-9.99.0"}) as dag:
        cluster = EmrCluster("planned", "{{ params.release }}", ONE, log_uri="s3://logs/")
        with transient_cluster("group", cluster) as group:
            group.run(OK)
    assert codes(dag) == ["newer-than-lists"]


def test_a_stock_steps_word_that_emr_refuses_is_warned_of() -> None:
    stock = pytest.importorskip("airflow.providers.amazon.aws.operators.emr")
    step = {"Name": "s", "ActionOnFailure": "CANCEL_AND_WAIT", "HadoopJarStep": {"Jar": "command-runner.jar"}}
    request = {"Name": "c", "LogUri": "s3://l/", "StepConcurrencyLevel": 5, "Instances": {}}
    with DAG("stock", schedule=None) as dag:
        made = stock.EmrCreateJobFlowOperator(task_id="create", job_flow_overrides=request)
        stock.EmrAddStepsOperator(task_id="steps", job_flow_id=made.output, steps=[step])
    assert codes(dag) == ["failure-word-refused"]


def test_more_steps_than_a_cluster_takes_are_warned_of() -> None:
    for number, expected in ((256, []), (257, ["too-many-steps"])):
        with DAG("many", schedule=None) as dag:
            EmrRunStepOperator.partial(task_id="each", cluster_id="j-1").expand(step=[OK] * number)
        assert codes(dag) == expected


def test_a_cluster_is_told_with_its_cost_by_the_prices_that_are_given_or_the_dag_has() -> None:
    prices = {"instances": {"m5.xlarge": {"on_demand": 0.192, "emr": 0.048}}}
    growing = EmrCluster(
        "growing",
        "emr-7.10.0",
        InstanceGroups("m5.xlarge", Group("m5.xlarge", 2)),
        log_uri="s3://logs/",
        managed_scaling=ManagedScaling(2, 5),
    )

    def dag_of(cluster: EmrCluster, said: Any = None) -> DAG:
        with DAG("cost", schedule=None) as dag, transient_cluster("emr", cluster) as emr:
            emr.run(OK)
            emr.report(prices=said)
        return dag

    (cost,) = plan_of(dag_of(growing), prices=prices, hours=1.5).costs
    assert cost.task_id == "emr.create_cluster"
    assert cost.per_hour == pytest.approx((0.72, 1.44))
    assert cost.per_run == pytest.approx((1.08, 2.16))
    assert cost.text.endswith("; a run of 1.5 hours: 1.08–2.16 USD")
    (cost,) = plan_of(dag_of(growing, prices)).costs
    assert cost.per_hour == pytest.approx((0.72, 1.44))
    assert cost.per_run is None
    assert "0.72–1.44 USD per hour (primary 0.24, core and task 0.48–1.20); a run: not known" in cost.text
    (cost,) = plan_of(dag_of(growing, "aws"), hours=1).costs
    assert (cost.per_hour, cost.per_run) == (None, None)
    assert cost.text == "not known: no prices were given, and the DAG's reports have none"
    (cost,) = plan_of(
        dag_of(replace(growing, instances=InstanceGroups("r5.xlarge", Group("m5.xlarge")))), prices=prices
    ).costs
    assert (cost.per_hour, "there is no price of r5.xlarge" in cost.text) == (None, True)
    assert "\nWhat clusters cost\n  emr.create_cluster: " in "\n".join(lines_of(plan_of(dag_of(growing))))
    with pytest.raises(InvalidSpec, match=r"plan_of\.hours"):
        plan_of(dag_of(growing), hours=-1)


def test_requests_are_held_against_the_services_own_model() -> None:
    step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar"}}
    assert faults("AddJobFlowSteps", {"JobFlowId": "j-1", "Steps": [step]}) == []
    assert "STOP" in faults("AddJobFlowSteps", {"JobFlowId": "j-1", "Steps": [{**step, "ActionOnFailure": "STOP"}]})[0]
    assert "Missing required parameter" in faults("AddJobFlowSteps", {"JobFlowId": "j-1"})[0]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"Descripton": "x"}, 'create: RunJobFlow: Unknown parameter in input: "Descripton"'),
        ({"Instances": None, "Name": 5}, "create: RunJobFlow: Invalid type for parameter Name"),
        ({"ScaleDownBehavior": "NEVER"}, "create: RunJobFlow: ScaleDownBehavior: 'NEVER' is none of"),
    ],
)
def test_a_fault_stands_behind_the_operation_that_it_is_of(overrides: dict[str, Any], told: str) -> None:
    with DAG("stock", schedule=None) as dag:
        request = {"Name": "a", "Instances": {}, **overrides}
        EmrCreateJobFlowOperator(task_id="create", job_flow_overrides=request)
    errors = plan_of(dag).errors
    assert all(error.startswith("create: RunJobFlow: ") and "\n" not in error for error in errors), errors
    assert any(error.startswith(told) for error in errors), errors


@pytest.mark.filterwarnings("ignore:.*the DAG has no schedule")
@pytest.mark.parametrize("schedule", [None, "@daily", CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Zurich")])
def test_a_logical_date_with_an_offset_is_the_run_that_airflow_makes_of_it(schedule: Any) -> None:
    """Airflow keeps a run's dates in UTC: the night in which Zurich's clocks are set is the day before."""
    with DAG("offset", schedule=schedule) as dag, existing_cluster("emr", "j-1") as emr:
        dates = ("ds", "ts", "logical_date", "dag_run.logical_date", "run_id", "data_interval_end.tzinfo")
        emr.run(SparkStep("s", "s3://apps/a.py", args=[f"{{{{ {date} }}}}" for date in dates]))
    when = datetime(2024, 3, 31, 0, 30, tzinfo=ZoneInfo("Europe/Zurich"))
    plan = assert_sound(dag, logical_date=when, allow={"no-schedule"})
    utc = "2024-03-30T23:30:00+00:00"
    shown = utc.replace("T", " ")
    assert plan.logical_date == utc
    assert args_of(plan, "emr.s")[-6:] == ["2024-03-30", utc, shown, shown, f"plan__{utc}", "UTC"]
    naive = plan_of(dag, logical_date=datetime(2024, 3, 30, 23, 30))  # noqa: DTZ001 — as a user may write it
    assert naive.logical_date == utc


BARE = """
from airflow.sdk import DAG
from airflow_emr_pipelines import EmrCluster, InstanceGroups, ShellStep, transient_cluster
cluster = EmrCluster("bare", "emr-7.10.0", InstanceGroups(primary="m5.xlarge"))
with DAG("bare_one", schedule="@daily", params={"n": 1}), transient_cluster("emr", cluster) as emr:
    emr.run(ShellStep("Say", "echo {{ params.n }} {{ ds }}"))
"""


def test_the_command_prints_a_table_or_json_and_its_exit_code_tells(
    command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "bare.py").write_text(BARE)
    run = ["--file", str(tmp_path), "--logical-date", "2026-01-31", "--params", '{"n": 7}']
    told = command("plan", "bare_one", *run, "--format", "json", "--strict")
    assert told.returncode == 1
    (say,) = [r for r in json.loads(told.stdout)["requests"] if r["task_id"] == "emr.say"]
    assert say["body"]["Steps"][0]["HadoopJarStep"]["Args"][-1] == "echo 7 2026-01-31"
    table = command("plan", "bare_one", *run)
    assert table.returncode == 0
    assert "on failure CANCEL_AND_WAIT, which the task carries out; EMR is told CONTINUE" in table.stdout
    assert "emr.create_cluster: the cluster has no log URI" in table.stdout
    unknown = command("plan", "bare_two", *run)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "did you mean bare_one?" in unknown.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--params", "{n: 7}", "'{n: 7}' is not JSON: "),
        ("--params", "[7]", "'[7]' is no JSON object, such as"),
        ("--logical-date", "yesterday", "'yesterday' is no date, such as 2013-07-04"),
        ("--file", "/no/such/dags", "there is no /no/such/dags"),
        ("--prices", "/no/such/prices.json", "'/no/such/prices.json' cannot be read: No such file"),
        ("--hours", "soon", "'soon' is no number of hours, such as 1.5"),
    ],
)
def test_an_option_that_is_none_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", "bare_one", option, value])
    assert ended.value.code == 2
    assert f"argument {option}: {said}" in capsys.readouterr().err
