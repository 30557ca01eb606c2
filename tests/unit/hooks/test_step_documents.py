"""What a document of steps may say, and where its faults are told to be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidDocument
from airflow_emr_pipelines.hooks.step_documents import Planned, planned

RUN: dict[str, Any] = {"ds": "2013-01-31", "run_id": "manual__1", "params": {"day": None, "word": "x"}}
SHELL = {"kind": "shell", "name": "a", "command": "true"}


def read(text: str, address: str = "s3://etl/steps.yaml") -> list[Planned]:
    return planned(address, text, RUN)


def steps(*given: dict[str, Any]) -> list[Planned]:
    return planned("s3://etl/steps.json", json.dumps(given), RUN)


def faults(text: str, address: str = "s3://etl/steps.yaml") -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        read(text, address)
    return caught.value.problems


def shell(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "shell", "name": name, "command": "true", **more}


def test_json_and_yaml_say_the_same() -> None:
    as_json = """
    {"steps": [
      {"kind": "spark", "name": "Count {{ ds }}", "application": "s3://apps/count.py", "args": ["--day={{ ds }}", 7],
       "conf": {"spark.sql.adaptive.enabled": true}, "num_executors": 3, "queue": null},
      {"kind": "hive", "name": "Sum", "script": "s3://apps/sum.hql", "on_failure": "CONTINUE"}
    ]}"""
    as_yaml = """
steps:
  - kind: spark
    name: Count {{ ds }}
    application: s3://apps/count.py
    args: ["--day={{ ds }}", 7]
    conf: {spark.sql.adaptive.enabled: true}
    num_executors: 3
    queue: null
  - {kind: hive, name: Sum, script: "s3://apps/sum.hql", on_failure: CONTINUE}
"""
    assert read(as_json, "s3://etl/steps.json") == read(as_yaml)
    first, second = read(as_yaml)
    assert first.step["args"] == ["--day=2013-01-31", "7"]
    assert first.step["conf"] == {"spark.sql.adaptive.enabled": "true"}
    assert (second.step["on_failure"], second.after) == ("CONTINUE", (0,))


def test_a_step_as_emrs_api_and_as_the_cli_write_it_is_read_too() -> None:
    config = {
        "Name": "Count",
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://apps/count.py", "{{ ds }}"]},
        "depends_on": [],
    }
    cli = {"Type": "Spark", "Name": "Other", "Args": ["s3://apps/other.py"]}
    first, second = steps(config, cli)
    assert (first.step["kind"], first.step["args"], first.step["on_failure"]) == ("spark", ["2013-01-31"], "CONTINUE")
    assert second.step["application"] == "s3://apps/other.py"


def test_steps_run_in_order_unless_they_say_what_they_depend_on() -> None:
    chain = steps(shell("a"), shell("b"), shell("c"))
    assert [one.after for one in chain] == [(), (0,), (1,)]
    graph = steps(
        shell("last", depends_on=["left", "right"]), shell("first", depends_on=[]), shell("left"),
        shell("right", depends_on=["first"]),
    )  # fmt: skip
    assert [(one.step["name"], one.after) for one in graph] == [
        ("first", ()),
        ("left", (0,)),
        ("right", (0,)),
        ("last", (1, 2)),
    ]


def test_the_faults_of_all_steps_are_told_with_its_line_and_the_way_out() -> None:
    told = faults(
        """steps:
  - kind: spark
    name: Count
    aplication: s3://apps/count.py
  - kind: shell
    name: Two
    command: echo {{ conn.aws_default.password }}
  - kind: spark
    name: Three
    application: s3://apps/count.py
    driver_memory: 6.4g
    args:
      - fine
      - yes: 1
  - kind: shel
    name: Four
    command: "true"
  - text
  - {Name: Five, HadoopJarStep: {Jar: command-runner.jar, Arg: []}}
"""
    )
    starts = ["line 4, column 17: ", "line 7, column 14: ", "line 14, column 9: ", "line 15, column 11: "]
    starts += ["line 18, column 5: ", "line 19, column 64: "]
    assert [fault[: len(start)] for fault, start in zip(told, starts, strict=True)] == starts
    assert told[0].endswith("there is no such field; did you mean application?")
    assert "there is no conn" in told[1]
    assert "did you mean shell?" in told[3]
    assert "a HadoopJarStep of EMR has no such member; did you mean Args?" in told[5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"kind": "shell", "name": "a", "command": "true",}]', "line 1, column 51: it is no JSON"),
        ('[\n\t{"kind": "shell", "name": "a", "name": "b"}]', "line 2, column 33: name stands twice"),
        ("{}", "line 1, column 1: it has no steps; a document is"),
        ('{"steps": []}', "line 1, column 11: it has no step; write"),
        ('{"steps": [1], "setps": []}', "line 1, column 25: it has setps; a document is"),
        ('"text"', "line 1, column 1: it is a str; write a list"),
        ("", "line 1, column 1: it is no JSON"),
        ("[" * 20_000, "it is nested too deeply"),
    ],
)
def test_what_is_no_document_is_refused(text: str, told: str) -> None:
    assert faults(text, "s3://etl/steps.json")[0].startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- !!python/object/apply:os.system [ls]", "line 1, column 3: the tag tag:yaml.org,2002:python/object"),
        ("- !include other.yaml", "line 1, column 3: the tag !include"),
        ("- &a {kind: shell}\n- *a", "line 1, column 3: it has an anchor or an alias"),
        ("- {kind: shell, name: {{ ds }}}", "line 1, column 24: a key is a text"),
        ("- kind: [", "line 1, column 10: it is no YAML"),
        ("- kind: a\n---\n- kind: b", "line 2, column 1: it is no YAML"),
        ("# nothing", "it cannot be read: it is empty"),
    ],
)
def test_yaml_is_data_and_nothing_else(text: str, told: str) -> None:
    assert faults(text)[0].startswith(told)


def test_yaml_reads_dates_and_words_as_they_stand() -> None:
    (one,) = read("- {kind: spark, name: no, application: s3://apps/b.py, args: [2013-01-31, yes, off]}")
    assert (one.step["name"], one.step["args"]) == ("no", ["2013-01-31", "yes", "off"])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ ds_add(ds, -30) }}", "2013-01-01"),
        ("{{ ds_format(ds, '%Y-%m-%d', '%Y/%m') }}/x", "2013/01/x"),
        ("{{ params.day or ds }}", "2013-01-31"),
        ("{{ params['word'] | upper }}{{ ds[:4] }}", "X2013"),
        ("{{ 'a' if params.word == 'x' else 'b' }}", "a"),
    ],
)
def test_a_template_reads_the_runs_values(template: str, text: str) -> None:
    assert steps({**SHELL, "name": template})[0].step["name"] == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ conn.aws_default.password }}",
        "{{ var.value.secret }}",
        "{{ ti.xcom_pull(task_ids='other') }}",
        "{{ macros.os }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ds.__class__ }}",
        "{{ ds['__class__'] }}",
        "{{ ds | attr('__class__') }}",
        "{{ ds_add.__globals__ }}",
        "{{ ds.format(1) }}",
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ ds | center(999999999) }}",
        "{% for a in ds %}a{% endfor %}",
        "{% set a = ds %}{{ a }}",
        "{% include 'x' %}",
        "{{ params.nothing }}",
        "{{ ds_add(ds, 'x') }}",
        "{{ lipsum() }}",
        "{{ ds",
    ],
)
def test_a_template_reaches_nothing_else(template: str) -> None:
    (told,) = faults(json.dumps([{**SHELL, "command": template}]), "s3://etl/steps.json")
    assert told.startswith("line 1, column 44: command = ")
    assert told.endswith("they know ds, run_id, params, ds_add, ds_format and the filters default, lower, upper")


def test_what_a_template_gives_is_no_template_for_airflow() -> None:
    text = json.dumps([{**SHELL, "command": "{{ params.word }}"}])
    with pytest.raises(InvalidDocument, match="what a template gives is no template"):
        planned("s3://etl/steps.json", text, {"params": {"word": "{{ conn.aws_default.password }}"}})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([shell("a", depends_on=["b"]), shell("b", depends_on=["a"])], "they wait for each other"),
        ([shell("a", depends_on=["a"])], "a → a: they wait for each other"),
        ([shell("a"), shell("b", depends_on=["A"])], "no step has that name; did you mean a?"),
        ([shell("a"), shell("a")], "another step has it"),
        ([shell("a", depends_on="b")], "it is a list of steps' names, not a str"),
        ([shell("a", depends_on=[1])], "no step has that name"),
        ([{**SHELL, "HadoopJarStep": {}}], "a step is in one form, ours or EMR's"),
        ([{"kind": "environment", "name": "a"}], "it is no kind of spec"),
        ([shell("a" * 300)], "EMR takes at most 256 characters"),
        ([{**SHELL, "command": "x" * 10_241}], "EMR takes at most"),
    ],
)
def test_what_cannot_run_is_refused(given: list[dict[str, Any]], told: str) -> None:
    (fault,) = faults(json.dumps(given), "s3://etl/steps.json")
    assert told in fault
    assert fault.startswith("line 1, column ")
