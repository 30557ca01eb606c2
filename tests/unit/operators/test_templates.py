"""Templates that will not render are told where a DAG is written."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from airflow.sdk import DAG, Asset

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    InstanceGroups,
    ShellStep,
    transient_cluster,
)


def told(text: str, schedule: Any = "@daily", **dag: Any) -> list[str]:
    """What is warned of when a DAG with a step that says the text is read."""
    with warnings.catch_warnings(record=True) as caught, DAG("d", schedule=schedule, **dag):
        warnings.simplefilter("always")
        EmrRunStepOperator(task_id="t", cluster_id="j-1", step=ShellStep("s", text))
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
