"""Every shape of DAG that a group with a cluster of its own must survive."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, task, task_group

from airflow_emr_pipelines import (
    Branch,
    CustomJarStep,
    EmrCluster,
    EmrRunStepOperator,
    Group,
    HiveStep,
    InstanceGroups,
    PrestoStep,
    ScriptRunnerStep,
    ShellStep,
    SparkStep,
    Step,
    TrinoStep,
    branch_merge,
    etl_chain,
    existing_cluster,
    mapped_branch_merge,
    ml_chain,
    steps_from_document,
    stream_batch,
    transient_cluster,
)
from airflow_emr_pipelines.errors import InvalidSpec
from tests.airflow_of import DagSerialization, check_cycle

CLUSTER = EmrCluster("shapes", "emr-7.10.0", InstanceGroups(primary="m5.xlarge", core=Group("m5.xlarge", count=2)))

Fill = Callable[[Any], None]


def plain(group: Any) -> None:
    a, b, c = (EmptyOperator(task_id=name) for name in "abc")
    a >> [b, c]


def steps(group: Any) -> None:
    first = group.run(ShellStep("First Step", "true"))
    first >> [group.run(ShellStep("Second", "true")), group.run(ShellStep("Third", "true"))]


def nested(group: Any) -> None:
    a = EmptyOperator(task_id="a")
    with TaskGroup("inner") as inner:
        EmptyOperator(task_id="x") >> EmptyOperator(task_id="y")
    a >> inner


def taskflow(group: Any) -> None:
    @task
    def one() -> int:
        return 1

    @task
    def two(n: int) -> int:
        return n

    two(one())  # type: ignore[arg-type]  # Airflow hands over the value


def mapped(group: Any) -> None:
    @task
    def each(n: int) -> int:
        return n

    each.expand(n=[1, 2, 3])


def mapped_from_a_task(group: Any) -> None:
    @task
    def plan() -> list[int]:
        return [1, 2]

    @task
    def each(n: int) -> int:
        return n

    each.expand(n=plan())


def mapped_steps(group: Any) -> None:
    EmrRunStepOperator.partial(task_id="each", cluster_id=group.cluster_id).expand(
        step=[ShellStep("one", "true"), ShellStep("two", "true")]
    )


def mapped_group(group: Any) -> None:
    @task_group
    def per(n: int) -> None:
        @task
        def p(n: int) -> int:
            return n

        @task
        def q(n: int) -> int:
            return n

        q(p(n))  # type: ignore[arg-type]  # Airflow hands over the value

    per.expand(n=[1, 2])


def inner_setup_and_teardown(group: Any) -> None:
    s = EmptyOperator(task_id="s").as_setup()
    t = EmptyOperator(task_id="t").as_teardown(setups=s)
    w = EmptyOperator(task_id="w")
    s >> w >> t


def cluster_inside_a_cluster(group: Any) -> None:
    EmptyOperator(task_id="a")
    with transient_cluster("sub", CLUSTER) as sub:
        sub.run(ShellStep("x", "true"))


SHAPES: list[Fill] = [
    plain,
    steps,
    nested,
    taskflow,
    mapped,
    mapped_from_a_task,
    mapped_steps,
    mapped_group,
    inner_setup_and_teardown,
    cluster_inside_a_cluster,
]


def build(fill: Fill, *, edges_first: bool) -> DAG:
    with DAG(f"shape_{fill.__name__}", schedule=None) as dag:
        before, after = EmptyOperator(task_id="before"), EmptyOperator(task_id="after")
        group = transient_cluster("emr", CLUSTER)
        if edges_first:
            before >> group >> after
        with group:
            fill(group)
        if not edges_first:
            before >> group >> after
    return dag


def name_of(case: tuple[Fill, bool]) -> str:
    fill, edges_first = case
    return f"{fill.__name__}{', edges first' if edges_first else ''}"


@pytest.fixture(params=[(fill, first) for fill in SHAPES for first in (False, True)], ids=name_of)
def shape(request: pytest.FixtureRequest) -> DAG:
    fill, edges_first = request.param
    return build(fill, edges_first=edges_first)


def downstream(dag: DAG, task_id: str) -> set[str]:
    return {found.task_id for found in dag.get_task(task_id).get_flat_relatives(upstream=False)}


def inside(dag: DAG) -> Iterator[str]:
    own = {"emr.create_cluster", "emr.terminate_cluster"}
    return (name for name in dag.task_ids if name.startswith("emr.") and name not in own)


def test_every_task_of_the_group_runs_between_the_clusters_creation_and_its_end(shape: DAG) -> None:
    for task_id in inside(shape):
        assert task_id in downstream(shape, "emr.create_cluster")
        assert "emr.terminate_cluster" in downstream(shape, task_id)


def test_creation_is_a_setup_and_termination_its_teardown(shape: DAG) -> None:
    create, terminate = shape.get_task("emr.create_cluster"), shape.get_task("emr.terminate_cluster")
    assert create.is_setup
    assert terminate.is_teardown
    assert "emr.terminate_cluster" in create.downstream_task_ids
    assert terminate.on_failure_fail_dagrun


def test_what_comes_before_the_group_comes_before_the_cluster(shape: DAG) -> None:
    assert shape.get_task("emr.create_cluster").upstream_task_ids == {"before"}


def test_what_comes_after_waits_for_the_last_work_and_not_for_the_clusters_end(shape: DAG) -> None:
    after = shape.get_task("after")
    assert after.upstream_task_ids
    assert not any(shape.get_task(name).is_teardown for name in after.upstream_task_ids)
    assert set(inside(shape)) <= {name for name in inside(shape) if "after" in downstream(shape, name)} | {
        name for name in inside(shape) if shape.get_task(name).is_teardown
    }


def test_the_dag_has_no_cycle_and_survives_serialization(shape: DAG) -> None:
    check_cycle(shape)
    again = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(shape))))
    assert set(again.task_ids) == set(shape.task_ids)


def test_an_inner_clusters_end_comes_before_the_outer_ones() -> None:
    dag = build(cluster_inside_a_cluster, edges_first=False)
    assert "emr.terminate_cluster" in downstream(dag, "emr.sub.terminate_cluster")


def test_a_cluster_group_may_stand_inside_a_mapped_task_group() -> None:
    with DAG("per_tenant", schedule="@daily") as dag:

        @task_group
        def tenant(name: str) -> None:
            with transient_cluster("emr", CLUSTER) as cluster:
                cluster.run(ShellStep("ETL", "echo {{ ds }}"))

        tenant.expand(name=["EWR", "JFK"])
    assert dag.get_task("tenant.emr.terminate_cluster").is_teardown
    assert "tenant.emr.etl" in dag.get_task("tenant.emr.create_cluster").downstream_task_ids


def test_groups_may_follow_each_other_with_edges_drawn_before_either_is_filled() -> None:
    with DAG("two_groups", schedule=None) as dag:
        first, second = transient_cluster("first", CLUSTER), transient_cluster("second", CLUSTER)
        first >> second
        with first:
            first.run(ShellStep("a", "true"))
        with second:
            second.run(ShellStep("b", "true"))
    assert "second.create_cluster" in dag.get_task("first.a").downstream_task_ids


def test_an_empty_cluster_group_is_refused() -> None:
    with DAG("empty", schedule=None), pytest.raises(InvalidSpec, match="add tasks inside"):
        with transient_cluster("emr", CLUSTER):
            pass


def test_a_users_own_exception_comes_through_and_the_next_task_is_outside_the_group() -> None:
    with DAG("broken", schedule=None):
        with pytest.raises(ZeroDivisionError), transient_cluster("emr", CLUSTER):
            _ = 1 / 0
        assert EmptyOperator(task_id="next").task_id == "next"


def test_a_step_outside_the_groups_with_is_refused() -> None:
    with DAG("outside", schedule=None):
        with transient_cluster("emr", CLUSTER) as cluster:
            cluster.run(ShellStep("inside", "true"))
        with pytest.raises(InvalidSpec, match="inside the group's `with`"):
            cluster.run(ShellStep("outside", "true"))


def test_a_dagrun_timeout_around_a_cluster_is_warned_of() -> None:
    with DAG("bounded", schedule=None, dagrun_timeout=timedelta(hours=1)):
        with pytest.warns(UserWarning, match="dagrun_timeout") as told, transient_cluster("emr", CLUSTER) as cluster:
            cluster.run(ShellStep("a", "true"))
    assert [each.filename for each in told] == [__file__]


def test_the_task_id_is_made_from_the_steps_name() -> None:
    with DAG("named", schedule=None), transient_cluster("emr", CLUSTER) as cluster:
        assert (
            cluster.run(ShellStep("Data Quality – Validation (v2)", "true")).task_id == "emr.data_quality_validation_v2"
        )
        assert cluster.run(ShellStep("other", "true"), task_id="mine").task_id == "emr.mine"


def test_a_templated_name_needs_a_task_id() -> None:
    with DAG("templated", schedule=None), pytest.raises(InvalidSpec, match="pass task_id"):
        with transient_cluster("emr", CLUSTER) as cluster:
            cluster.run(ShellStep("for {{ ds }}", "true"))


def test_logs_asked_for_always_need_a_cluster_with_a_log_uri() -> None:
    with DAG("no_logs", schedule=None), pytest.raises(InvalidSpec, match="log_uri"):
        with transient_cluster("emr", CLUSTER) as cluster:
            cluster.run(ShellStep("a", "true"), show_logs="always")


def test_a_step_whose_application_the_cluster_lacks_is_refused() -> None:
    with DAG("no_hive", schedule=None), pytest.raises(InvalidSpec, match=r"does not have Hive.*'Spark', 'Hive'"):
        with transient_cluster("emr", CLUSTER) as cluster:
            cluster.run(HiveStep("a", "s3://apps/a.hql"))


@pytest.mark.parametrize(
    ("release", "applications", "told"),
    [
        ("emr-6.3.0", [], r"does not have PrestoSQL; .*'Spark', 'PrestoSQL'"),
        ("emr-7.10.0", [], r"does not have Trino; .*'Spark', 'Trino'"),
        ("emr-7.10.0", ["Presto"], r"does not have Trino"),
        ("{{ params.release }}", [], r"does not have Trino"),
        (
            "emr-6.3.0",
            ["PrestoSQL"],
            'on emr-6.3.0 the client of Trino and PrestoSQL is presto-cli; write client="presto-cli"',
        ),
        ("emr-6.5.0", ["trino"], "is presto-cli"),
    ],
)
def test_a_trino_step_needs_trino_under_its_releases_names(release: str, applications: list[str], told: str) -> None:
    cluster = dataclasses.replace(CLUSTER, release_label=release, applications=["Spark", *applications])
    with DAG("no_trino", schedule=None), pytest.raises(InvalidSpec, match=told):
        with transient_cluster("emr", cluster) as group:
            group.run(TrinoStep("a", execute="SELECT 1"))


@pytest.mark.parametrize(
    ("release", "application", "step"),
    [
        ("emr-7.10.0", "trino", TrinoStep("a", execute="SELECT 1")),
        ("emr-6.6.0", "Trino", TrinoStep("a", execute="SELECT 1")),
        ("emr-6.5.0", "Trino", TrinoStep("a", execute="SELECT 1", client="presto-cli")),
        ("emr-6.3.0", "PrestoSQL", TrinoStep("a", execute="SELECT 1", client="presto-cli")),
        ("emr-6.3.0", "PrestoSQL", PrestoStep("a", execute="SELECT 1")),
        ("emr-7.10.0", "Presto", PrestoStep("a", execute="SELECT 1")),
        ("emr-7.10.0", "{{ params.application }}", PrestoStep("a", execute="SELECT 1")),
    ],
)
def test_sql_steps_run_where_their_application_is(release: str, application: str, step: Any) -> None:
    cluster = dataclasses.replace(CLUSTER, release_label=release, applications=[application])
    with DAG("trino", schedule=None), transient_cluster("emr", cluster) as group:
        assert group.run(step).task_id == "emr.a"


def test_a_step_for_another_region_is_refused_when_the_dag_is_read() -> None:
    script = ScriptRunnerStep("a", "s3://apps/a.sh", region="eu-central-1")
    with DAG("regions", schedule=None):
        with transient_cluster("emr", CLUSTER, region_name="eu-central-1") as group:
            group.run(script)
        with existing_cluster("other", "j-1ABCDEFGHIJKL", region_name="us-east-1") as other:
            with pytest.raises(InvalidSpec, match="which is us-east-1"):
                other.run(script)
        EmrRunStepOperator(
            task_id="later", step=script, cluster_id="j-1ABCDEFGHIJKL", region_name="{{ params.region }}"
        )


def test_a_step_may_have_logs_of_its_own() -> None:
    with DAG("own_logs", schedule=None), transient_cluster("emr", CLUSTER) as group:
        run = group.run(ShellStep("a", "true", log_uri="s3://logs/a/"), show_logs="always")
    assert (run.show_logs, run.step["log_uri"]) == ("always", "s3://logs/a/")


def test_the_connection_comes_from_default_args_where_the_group_is_given_none() -> None:
    names = ("aws_conn_id", "region_name", "deferrable", "poll_seconds")
    defaults: dict[str, Any] = dict(zip(names, ("prod", "eu-west-1", False, 7.0), strict=True))
    given: dict[str, Any] = {"aws_conn_id": None, "deferrable": True}
    for arguments in ({}, given):
        with DAG("defaults", schedule=None, default_args=defaults) as dag:
            with transient_cluster("own", CLUSTER, **arguments) as own:
                own.run(ShellStep("a", "true"))
            with existing_cluster("standing", "j-1ABCDEFGHIJKL", **arguments) as standing:
                standing.run(ShellStep("a", "true"))
        for task_id in ("own.create_cluster", "own.a", "own.terminate_cluster", "standing.a"):
            operator: Any = dag.get_task(task_id)
            assert {name: getattr(operator, name) for name in names} == {**defaults, **arguments}


def test_an_existing_cluster_runs_the_same_steps_and_is_neither_created_nor_ended() -> None:
    with DAG("standing", schedule=None) as dag:
        before, after = EmptyOperator(task_id="before"), EmptyOperator(task_id="after")
        group = existing_cluster("emr", "j-1ABCDEFGHIJKL")
        before >> group >> after
        with group:
            steps(group)
    assert set(dag.task_ids) == {"before", "after", "emr.first_step", "emr.second", "emr.third"}
    assert dag.get_task("emr.first_step").upstream_task_ids == {"before"}
    # Airflow itself draws before >> after, since the group was empty when the edges were asked for.
    assert dag.get_task("after").upstream_task_ids == {"before", "emr.second", "emr.third"}


@pytest.mark.parametrize("cluster_id", ["", "my-cluster", None])
def test_an_id_that_is_none_of_a_cluster_is_refused(cluster_id: str | None) -> None:
    with DAG("wrong_id", schedule=None), pytest.raises(InvalidSpec, match="starts with j-"):
        existing_cluster("emr", cluster_id)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: existing_cluster("emr", CLUSTER), "transient_cluster creates a cluster"),
        (lambda: existing_cluster("emr", EmptyOperator(task_id="find")), r"what the task gives, its \.output"),
        (lambda: transient_cluster("emr", "j-1ABCDEFGHIJKL"), r"write existing_cluster\('emr', 'j-1ABCDEFGHIJKL'\)"),
        (lambda: transient_cluster(CLUSTER, "emr"), "group_id = .*it is a text, not an EmrCluster"),  # type: ignore[arg-type]
    ],
)
def test_what_a_group_cannot_run_on_is_refused(make: Callable[[], Any], told: str) -> None:
    with DAG("wrong", schedule=None), pytest.raises(InvalidSpec, match=told):
        make()


@pytest.mark.parametrize("step", ["s3://apps/clean.py", None, ShellStep, [ShellStep("a", "true")], {"Name": "a"}])
def test_what_is_no_step_is_refused_as_that_before_a_task_id_is_made_of_it(step: Any) -> None:
    with DAG("wrong", schedule=None), existing_cluster("emr", "j-1ABCDEFGHIJKL") as cluster:
        for task_id in (None, "given"):
            with pytest.raises(InvalidSpec, match="a Step is needed here"):
                cluster.run(step, task_id)


@pytest.mark.parametrize("where", [CLUSTER, ShellStep("a", "true"), "j-1ABCDEFGHIJKL", None])
def test_what_wires_steps_wants_the_group_of_a_cluster(where: Any) -> None:
    step = ShellStep("a", "true")
    wirings: list[Callable[[], Any]] = [
        lambda: etl_chain(where, step),
        lambda: branch_merge(where, {"a": Branch({"a": step})}, lambda made, missing: step),
        lambda: mapped_branch_merge(where, [], lambda one: Branch({"a": step}), lambda made, missing: step),
        lambda: ml_chain(where, features=step, split=step, training=step, validation=step),
        lambda: stream_batch(where, reconcile=step, late_data=step, join=step),
        lambda: steps_from_document(where, "s3://documents/steps.json"),
    ]
    with DAG("wrong", schedule=None) as dag:
        for wire in wirings:
            with pytest.raises(InvalidSpec, match=r"hand over what transient_cluster.* gives"):
                wire()
    assert dag.task_ids == []


def test_what_wires_steps_refuses_what_is_no_step() -> None:
    step: Any = "s3://apps/clean.py"
    with DAG("wrong", schedule=None), existing_cluster("emr", "j-1ABCDEFGHIJKL") as cluster:
        for wire in (
            lambda: etl_chain(cluster, step),
            lambda: ml_chain(cluster, features=step, split=step, training=step, validation=step),
            lambda: stream_batch(cluster, reconcile=step, late_data=step, join=step),
        ):
            with pytest.raises(InvalidSpec, match="a Step is needed here"):
                wire()


def test_a_step_of_a_group_runs_on_no_other_cluster() -> None:
    with DAG("wrong", schedule=None), existing_cluster("emr", "j-1ABCDEFGHIJKL") as cluster:
        with pytest.raises(InvalidSpec, match=r"emr\.run, cluster_id = 'j-2': .*or run this step by an EmrRunStepOper"):
            cluster.run(ShellStep("a", "true"), cluster_id="j-2")


def test_a_group_whose_cluster_is_refused_takes_in_no_later_task() -> None:
    with DAG("wrong", schedule=None) as dag:
        with pytest.raises(InvalidSpec, match=r"EmrCluster\.from_request"):
            with transient_cluster("emr", {"Name": "delays"}):
                raise AssertionError
        EmptyOperator(task_id="later")
    assert "later" in dag.task_ids


@pytest.mark.parametrize("cluster_id", ["{{ params.cluster_id }}", "j-1ABCDEFGHIJKL"])
def test_an_id_may_be_text_or_a_template(cluster_id: str) -> None:
    with DAG("right_id", schedule=None), existing_cluster("emr", cluster_id) as cluster:
        assert cluster.run(ShellStep("a", "true")).cluster_id == cluster_id


ROLE = "arn:aws:iam::123456789012:role/job"
SPARK = SparkStep("Job", "s3://apps/job.py")
GOVERNED = dataclasses.replace(CLUSTER, security_configuration="runtime-roles")


def test_a_step_may_act_as_a_role_of_its_own_also_one_that_is_known_late() -> None:
    with DAG("d", schedule=None), transient_cluster("emr", GOVERNED) as cluster:
        assert cluster.run(SPARK, execution_role_arn=ROLE).execution_role_arn == ROLE
        late = cluster.run(SPARK, task_id="late", execution_role_arn="{{ params.role }}")
    assert "execution_role_arn" in late.template_fields


@pytest.mark.parametrize(
    ("cluster", "rule"),
    [
        (CLUSTER, "a security configuration enables runtime roles"),
        (dataclasses.replace(GOVERNED, release_label="emr-6.6.0"), "runtime roles need emr-6.7.0"),
        (
            dataclasses.replace(GOVERNED, instances=InstanceGroups(primary=Group("m5.xlarge", count=3))),
            "three primaries have no runtime roles",
        ),
    ],
)
def test_a_runtime_role_on_a_cluster_without_such_is_refused(cluster: EmrCluster, rule: str) -> None:
    with DAG("d", schedule=None), pytest.raises(InvalidSpec, match=rule):
        with transient_cluster("emr", cluster) as group:
            group.run(SPARK, execution_role_arn=ROLE)


@pytest.mark.parametrize(
    ("step", "role", "said"),
    [
        (ShellStep("Shell", "true"), ROLE, "EMR has runtime roles for Spark and Hive steps only"),
        (CustomJarStep("Jar", "s3://apps/hive"), ROLE, "EMR has runtime roles for Spark and Hive steps only"),
        (SPARK, "job", "it is no ARN of an IAM role"),
    ],
)
def test_a_runtime_role_that_is_none_or_of_another_kind_of_step_is_refused(step: Step, role: str, said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        EmrRunStepOperator(task_id="t", step=step, cluster_id="j-1", execution_role_arn=role)


@pytest.mark.parametrize("command", ["hive", "run-example", "/usr/bin/spark-submit"])
def test_a_command_of_spark_or_hive_may_have_a_runtime_role(command: str) -> None:
    step = CustomJarStep("Command", "command-runner.jar", [command, "-f", "s3://apps/query.hql"])
    made = EmrRunStepOperator(task_id="t", step=step, cluster_id="j-1", execution_role_arn=ROLE)
    assert made.execution_role_arn == ROLE


def test_a_report_comes_after_the_clusters_end_beside_any_step_and_judges_no_run() -> None:
    with DAG("reported", schedule=None) as dag:
        with transient_cluster("emr", CLUSTER) as group:
            report = group.report("s3://reports/emr/")
            step = group.run(ShellStep("Report", "true"))
        group >> EmptyOperator(task_id="after")
    assert (report.task_id, step.task_id) == ("emr.cluster_report", "emr.report")
    assert step.downstream_task_ids == {"emr.steps_ended", "after"}
    assert report.upstream_task_ids == {"emr.terminate_cluster"}
    assert (report.is_teardown, report.on_failure_fail_dagrun) == (True, False)
    assert dag.get_task("emr.terminate_cluster").on_failure_fail_dagrun
    check_cycle(dag)


def test_a_cluster_has_one_report_which_is_asked_for_within_its_group() -> None:
    with DAG("reported_twice", schedule=None):
        with transient_cluster("emr", CLUSTER) as group:
            group.run(ShellStep("step", "true"))
            group.report()
            with pytest.raises(InvalidSpec, match="one report"):
                group.report()
        with pytest.raises(InvalidSpec, match="inside the group's `with`"):
            group.report()


def test_what_a_step_drops_is_said_once_in_a_dag() -> None:
    cluster = EmrCluster("batch", "emr-7.10.0", InstanceGroups("m5.xlarge"), log_uri="s3://logs/")
    step = SparkStep("s", "s3://apps/a.py", args=["--since", ""])
    with DAG("once", schedule=None), transient_cluster("group", cluster) as group:
        with pytest.warns(UserWarning, match="does not arrive") as said:
            group.run(step)
    assert len(said) == 1
