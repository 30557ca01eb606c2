"""Templates that will not render are told where a DAG is written."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from airflow.sdk import DAG, Asset
from jinja2 import Environment, StrictUndefined, Undefined, UndefinedError

from airflow_emr_pipelines import (
    CustomJarStep,
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    InstanceGroups,
    ShellStep,
    transient_cluster,
)
from airflow_emr_pipelines.operators.templates import date_that_is_not


def jar(name: str, text: str) -> CustomJarStep:
    """A step whose words EMR's command-runner.jar, which takes braces away, has no hand in."""
    return CustomJarStep(name, "s3://apps/a.jar", args=[text])


def told(text: str, schedule: Any = "@daily", step: Any = ShellStep, **dag: Any) -> list[str]:
    """What is warned of when a DAG with a step that says the text is read."""
    with warnings.catch_warnings(record=True) as caught, DAG("d", schedule=schedule, **dag):
        warnings.simplefilter("always")
        EmrRunStepOperator(task_id="t", cluster_id="j-1", step=step("s", text))
    assert {(each.category, each.filename) for each in caught} <= {(UserWarning, __file__)}
    return [str(each.message) for each in caught]


@pytest.mark.parametrize("text", ["echo {{ ds }", "echo {{ ds", "{% if params.x %}a", "echo ${#words[@]}", "{{ a b }}"])
def test_a_broken_template_is_told_before_it_fails_its_task(text: str) -> None:
    (said,) = told(text)
    assert said.startswith("t.step = '")
    assert "it is a broken template, of which Jinja says: " in said


@pytest.mark.parametrize(
    "text",
    [
        "echo {{ ds }}",
        'echo \'{"a": {"b": 1} }\'',
        "echo { ds }",
        "echo {{ ds | unknown_filter }}",
        "{% raw %}{{ ds }{% endraw %}",
        "{% do params.update(a=1) %}",
    ],
)
def test_what_may_well_render_is_not_told(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize("name", ["ds", "params.day", "ti.run_id", "macros.uuid", "var.value.day"])
def test_a_template_that_opens_with_one_brace_is_told(name: str) -> None:
    for text in (f"echo {{ {name} }}}}", f"s3://a/{{{name}}}}}/{{{{ ts }}}}"):
        (said,) = told(text, step=jar)
        assert f"{{ {name} }}}} is likely a broken template" in said
        assert f"write {{{{ {name} }}}}" in said


@pytest.mark.parametrize(
    "text",
    [
        'echo \'{"a": {"b": {ds}}}\'',
        "f() { g() { ts; }}",
        "awk '{ if (x) { ds }}'",
        "echo ${x:-${ds}}",
        "echo ${ds}}",
        "echo { name }}",
        "{% raw %}{ ds }}{% endraw %}",
    ],
)
def test_other_texts_with_braces_are_not_told(text: str) -> None:
    assert told(text, step=jar) == []


def test_dates_that_render_to_nothing_are_not_told() -> None:
    assert told("{{ ds }}", None, template_undefined=Undefined) == []


def test_other_delimiters_are_the_users_own_affair() -> None:
    own = {"variable_start_string": "[[", "variable_end_string": "]]"}
    assert told("echo {{ ds }", jinja_environment_kwargs=own) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("echo {{ ds }}", "{{ ds }}"),
        ("echo {{ts}} {{ ds[:4] }}", "{{ ds }}, {{ ts }}"),
        ("echo {{ logical_date.strftime('%Y') }}", "{{ logical_date }}"),
        ("echo {{ data_interval_start | ds }}", "{{ data_interval_start }}"),
        ("echo {{ macros.ds_add(ds, -1) }}", "{{ ds }}"),
        ("echo {{ macros.ds_format(input_format='%Y', ds=ts[:4], output_format='%y') }}", "{{ ts }}"),
        ("echo {{ ds ~ 'a' }}", "{{ ds }}"),
        ("echo {{ 'day=' + ds }}", "{{ ds }}"),
        ("echo {{ ds or params.day }}", "{{ ds }}"),
        ("echo {% if ds %}a{% endif %}", "{{ ds }}"),
        ("echo {% if not ds == '2013-01-01' %}a{% endif %}", "{{ ds }}"),
        ("echo {{ 1 if params.day < ds else 2 }}", "{{ ds }}"),
        ("echo {% for part in ds.split('-') %}{{ part }}{% endfor %}", "{{ ds }}"),
        ("{% set before = macros.ds_add(ds, -1) %}echo {{ before }}", "{{ ds }}"),
    ],
)
def test_dates_that_runs_of_a_dag_without_a_schedule_lack_are_told(text: str, names: str) -> None:
    for schedule in (None, [Asset("a")]):
        (said,) = told(text, schedule)
        assert said.startswith(f"t.step needs {names}, and the DAG has no schedule")
    assert told(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ dag_run.run_after | ds }}",
        "{{ params.day or ds }}",
        "{{ ds | default('none') }}",
        "{{ ds if ds is defined else params.day }}",
        "{% if ds is defined %}{{ ds }}{% endif %}",
        "{% if ds is defined and ds > '2013' %}{{ ds }}{% endif %}",
        "{% if not ds is defined %}a{% endif %}",
        "{{ dag_run.conf.get('day', ds) }}",
        "{{ params.get('day', default=ds) }}",
        "{{ macros.ds_add(params.day or ds, -1) }}",
        "{{ macros.ds_add(ds | default('2013-01-01'), -1) }}",
        "{% set day = params.day or ds %}{{ day }}",
        "{{ my_own(ds) }}",
        "{% set ds = params.day %}{{ ds }}",
    ],
)
def test_dates_that_a_template_can_do_without_are_not_told(text: str) -> None:
    assert told(text, None) == []


def test_a_macro_of_the_users_is_no_date_of_airflow() -> None:
    assert told("{{ ds }}", None, user_defined_macros={"ds": "2013-01-01"}) == []


def test_a_clusters_templates_are_looked_at_too_and_a_secret_is_not_shown() -> None:
    cluster = EmrCluster("c", "emr-7.10.0", InstanceGroups("m5.xlarge"), log_uri="s3://logs/{{ ds }}/")
    with DAG("d", schedule=None), pytest.warns(UserWarning, match=r"create\.cluster needs {{ ds }}") as told_of_cluster:
        EmrCreateClusterOperator(task_id="create", cluster=cluster)
    with DAG("g", schedule=None), pytest.warns(UserWarning, match=r"create_cluster\.cluster") as told_of_group:
        with transient_cluster("emr", cluster) as emr:
            emr.run(ShellStep("s", "true"))
    assert {each.filename for each in [*told_of_cluster, *told_of_group]} == {__file__}
    (said,) = told("login --password hunter2 {{ ds }")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "said"), [("{{ ds }}", True), ("{{ logical_date.year }}", True), ("{{ bucket }}", False)]
)
def test_a_date_that_a_run_does_not_have_is_told_with_the_way_out(text: str, said: bool) -> None:
    with pytest.raises(UndefinedError) as refused:
        Environment(undefined=StrictUndefined).from_string(text).render()
    way_out = date_that_is_not(refused.value)
    assert (way_out is not None) == said
    assert way_out is None or "write {{ dag_run.run_after | ds }} or a parameter" in way_out
