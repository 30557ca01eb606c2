"""What becomes of texts where Airflow renders natively: in a run, and in the plan of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_emr_pipelines import (
    CustomJarStep,
    EmrClusterSensor,
    EmrCreateClusterOperator,
    EmrFindClusterOperator,
    EmrRunStepOperator,
    EmrStepSensor,
    SparkStep,
    existing_cluster,
)
from airflow_emr_pipelines.plan.plan import plan_of
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.serialization import from_dict
from airflow_emr_pipelines.specs.steps import Step

PARAMS = {
    "version": "1.10",
    "json": '{"a": 1}',
    "words": ["a", "b"],
    "listed": "['a', 'b']",
    "conf": {"spark.x": "1.10"},
    "number": 5,
    "nothing": None,
}
WHEN = datetime(2024, 1, 1, tzinfo=timezone.utc)
PLAIN = [
    "1.10",
    "'2024-01-01'",
    '{"a": 1}',
    "0x10",
    "1_000",
    "None",
    "True",
    "[1]",
    "(1, 2)",
    '"quoted"',
    " 1 ",
    "1e3",
    "",
]


def native(**more: Any) -> DAG:
    return DAG("native", schedule="@daily", params=PARAMS, render_template_as_native_obj=True, **more)


def rendered(task: Any) -> Any:
    task.render_template_fields({"params": PARAMS, "ds": "2024-01-01"})
    return task


def step_of(task: Any) -> Any:
    return from_dict(rendered(task).step, Step)


def args_of(dag: DAG) -> list[Any]:
    plan = plan_of(dag, logical_date=WHEN)
    assert plan.errors == ()
    args: list[Any] = plan.requests[0].steps[0]["HadoopJarStep"]["Args"]
    return args[args.index("s3://apps/a.py") + 1 :]


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        *((text, text) for text in PLAIN),
        ("{{ params.version }}", "1.10"),
        ("{{ params.version }}.10", "1.10.10"),
        ("1.{{ params.number }}0", "1.50"),
        ("'{{ ds }}'", "'2024-01-01'"),
        ('{"day": "{{ ds }}"}', '{"day": "2024-01-01"}'),
        ("{{ params.json }}", '{"a": 1}'),
        ("[{{ params.number }}]", "[5]"),
        ("{{ params.number }}", "5"),
        ("{% if params.number %}0{% endif %}10", "010"),
        ("{# a note #}1.10", "1.10"),
        ("{% if params.nothing %}--all{% endif %}", ""),
    ],
)
def test_an_argument_is_the_text_that_it_says_in_a_run_and_in_a_plan(said: str, becomes: str) -> None:
    with native() as dag, existing_cluster("emr", "j-1") as emr:
        task = emr.run(SparkStep("s", "s3://apps/a.py", args=[said]))
    assert args_of(dag) == [becomes]
    assert step_of(task).args == (becomes,)


@pytest.mark.parametrize("args", ["{{ params.words }}", "{{ params.listed }}", "['a', '{{ params.words[1] }}']"])
def test_where_a_list_is_wanted_a_template_gives_one(args: Any) -> None:
    conf: Any = "{{ params.conf }}"
    with native() as dag, existing_cluster("emr", "j-1") as emr:
        task = emr.run(SparkStep("s", "s3://apps/a.py", args=args, conf=conf))
    assert args_of(dag) == ["a", "b"]
    assert (step_of(task).args, step_of(task).conf) == (("a", "b"), {"spark.x": "1.10"})


def test_every_text_of_every_value_stays() -> None:
    with native():
        step = CustomJarStep(
            "2024", "/a.jar", ["1.10"], main_class="True", properties={"a": "[1]", "b": "{{ params.json }}"}
        )
        jar = EmrRunStepOperator(task_id="jar", cluster_id="j-1", step=step, region_name="1.10")
        cluster = EmrCluster("1.10", "emr-7.10.0", InstanceGroups("m5.xlarge"), tags={"version": "1.10", "day": "2024"})
        create = EmrCreateClusterOperator(task_id="create", cluster=cluster, steps=[step])
        find = EmrFindClusterOperator(task_id="find", cluster="1_000")
        sensor = EmrClusterSensor(task_id="sensor", cluster_id="j-1", aws_conn_id="1.10")
        of_step = EmrStepSensor(task_id="of_step", cluster_id="j-1", step_id="s-1", region_name="{{ params.version }}")
    made = step_of(jar)
    assert (made.name, made.args, made.main_class) == ("2024", ("1.10",), "True")
    assert (made.properties, jar.region_name) == ({"a": "[1]", "b": '{"a": 1}'}, "1.10")
    assert from_dict(rendered(create).cluster, EmrCluster) == cluster
    assert (rendered(find).cluster, rendered(sensor).aws_conn_id, rendered(of_step).region_name) == (
        "1_000",
        "1.10",
        "1.10",
    )


def test_a_whole_step_may_be_what_a_template_gives() -> None:
    step = {"kind": "shell", "name": "a", "command": "1.10"}
    with DAG("native", schedule="@daily", params={"step": step, "told": str(step)}, render_template_as_native_obj=True):
        whole = EmrRunStepOperator(task_id="whole", cluster_id="j-1", step="{{ params.step }}")
        told = EmrRunStepOperator(task_id="told", cluster_id="j-1", step="{{ params.told }}")
        several = EmrCreateClusterOperator(
            task_id="several",
            cluster=EmrCluster("a", "emr-7.10.0", InstanceGroups("m5.xlarge")),
            steps=["{{ params.step }}", "{{ params.told }}"],
        )
    for task in (whole, told, several):
        task.render_template_fields({"params": {"step": step, "told": str(step)}})
    assert (whole.step, told.step, several.steps) == (step, step, [step, step])


def test_what_only_a_run_knows_is_said_to_be_unknown_in_a_plan_of_a_native_dag() -> None:
    with native() as dag, existing_cluster("emr", "j-1") as emr:
        emr.run(SparkStep("s", "s3://apps/a.py", args=["{{ ti.xcom_pull(task_ids='x') }}", "{{ var.value.b }}/1.10"]))
    assert args_of(dag) == ["<output of task x>", "<variable b>/1.10"]


def test_a_dag_that_renders_to_texts_has_them_as_ever() -> None:
    with DAG("texts", schedule=None, params=PARAMS) as dag, existing_cluster("emr", "j-1") as emr:
        task = emr.run(SparkStep("s", "s3://apps/a.py", args=["{{ params.number }}", "[{{ params.number }}]", "1.10"]))
    assert args_of(dag) == ["5", "[5]", "1.10"]
    assert step_of(task).args == ("5", "[5]", "1.10")
