"""What a document of steps may say, and where its faults are told to be."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_emr_pipelines.documents.lines import text_of
from airflow_emr_pipelines.documents.steps import Planned, planned
from airflow_emr_pipelines.errors import InvalidDocument
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.serialization import KINDS

RUN: dict[str, Any] = {
    "ds": "2013-01-31",
    "run_id": "manual__1",
    "params": {"day": None, "word": "x", "long": "x" * 1_000, "list": [1]},
}
SHELL = {"kind": "shell", "name": "a", "command": "true"}


def read(text: str, address: str = "s3://etl/steps.yaml") -> list[Planned]:
    return planned(address, text, RUN, EC2)


def steps(*given: dict[str, Any]) -> list[Planned]:
    return planned("s3://etl/steps.json", json.dumps(given), RUN, EC2)


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
        ('[{"kind": "shell", "name": "a" "command": "true"}]', "line 1, column 32: it is no JSON"),
        ('[\n\t{"kind": "shell", "name": "a", "name": "b"}]', "line 2, column 33: name stands twice"),
        ("{}", "line 1, column 1: it has no steps; a document is"),
        ('{"steps": []}', "line 1, column 11: it has no step; write"),
        ('{"steps": [1], "setps": []}', "line 1, column 25: it has setps; a document is"),
        ('"text"', "line 1, column 1: it is a str; write a list"),
        ("", "line 1, column 1: it is no JSON"),
        ('[{"a": NaN}]', "line 1, column 8: a number is finite"),
        ('[{"a": -Infinity}]', "line 1, column 8: a number is finite"),
        ('[{"a":\n1e999}]', "line 2, column 1: a number is finite"),
        (f'[{{"a": {"9" * 5_000}}}]', "line 1, column 8: a number has at most 40 digits"),
        ('[{"a": "\x7f"}]', "line 1, column 9: it has the character '\\x7f'"),
        ('[\n"\x00"]', "line 2, column 2: it is no JSON"),
        ('{"a": 1, "a": 2}', "line 1, column 10: a stands twice"),
        ("[" * 200 + "]" * 200, "line 1, column 22: it is nested too deeply"),
        ("[" * 20_000 + "]" * 20_000, "line 1, column 22: it is nested too deeply"),
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
        ("- {a: 1,\n a: 2}", "line 2, column 2: a stands twice"),
        ("- &a [x, x]\n- &b [*a, *a]", "line 1, column 3: it has an anchor"),
        ("- {<<: {kind: shell}}", "line 1, column 3: step '(no name)': step.<< = "),
        ("- !!bool maybe", "line 1, column 3: it is no bool"),
        ("- !!int ''", "line 1, column 3: it is no int"),
        ("- [0b_]", "line 1, column 4: it is no int"),
        ("- .nan", "line 1, column 3: a number is finite"),
        (f"- {'9' * 5_000}", "line 1, column 3: a number has at most 40 digits"),
        (f"- {'9:' * 5_000}9", "line 1, column 3: a number has at most 40 digits"),
        ("- a\x00", "line 1, column 4: it has the character '\\x00'"),
        ("-\n- \x1b[31m", "line 2, column 3: it has the character '\\x1b'"),
        ("- " * 30 + "a", "line 1, column 43: it is nested too deeply"),
        ("- a\n" * 20_000, "line 257, column 3: a document has at most 256 steps"),
        ("steps:\n" + "- a\n" * 20_000, "line 258, column 3: a document has at most 256 steps"),
        (f"- {{args: [{'a,' * 60_000}]}}", "line 1, column 100003: it has more than 50,000 values"),
        ("# nothing", "line 1, column 1: it is empty"),
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


def test_what_is_no_text_number_date_or_truth_value_is_told_by_what_it_is() -> None:
    for template, what in (
        ("{{ ds.format }}", "a function"),
        ("{{ params }}", "a dict"),
        ("{{ params.list }}", "a list"),
        ("{{ params.day }}", "None, which or can replace"),
    ):
        (told,) = faults(json.dumps([{**SHELL, "command": template}]), "s3://etl/steps.json")
        assert f"reads values only: it gives {what}" in told


def test_a_number_that_is_none_is_told_in_words() -> None:
    for template, why in (
        ("{{ ds_add(ds, 1e400) }}", "it has a number that is too large"),
        ("{{ 1e400 }}", "it has a number that is too large"),
        ("{{ ds_add(ds, 1.5) }}", "ds_add wants a date, as ds is, and a whole number of days"),
        ("{{ params.ratio }}", "it gives inf, which is no finite number"),
        ("{{ params.ratio | upper }}", "it gives inf, which is no finite number"),
    ):
        text = json.dumps([{**SHELL, "command": template}])
        with pytest.raises(InvalidDocument, match=f"reads values only: {why}"):
            planned("s3://etl/steps.json", text, {"ds": "2013-01-31", "params": {"ratio": float("inf")}}, EC2)


def test_of_kinds_those_of_steps_are_offered_and_no_other_is_asked_for_its_fields() -> None:
    offered = "choose one of custom_jar, dist_cp, flink, hadoop_streaming, hive, pig, presto, s3_dist_cp, "
    for kind, why in (("zzz", "it is no kind of spec"), ("managed_scaling", "a Step is needed here")):
        (told,) = faults(json.dumps([{"kind": kind}]), "s3://etl/steps.json")
        assert f"kind = '{kind}': {why}; {offered}" in told
        assert told.startswith("line 1, column 11: ")
        assert "ebs" not in told


def test_what_a_template_ends_in_does_not_tell_the_values_that_it_was_given() -> None:
    text = json.dumps([{**SHELL, "command": "{{ ds_format(params.word, '%Y', '%Y') }}{{ params[params.word] }}"}])
    with pytest.raises(InvalidDocument) as caught:
        planned("s3://etl/steps.json", text, {"params": {"word": "hunter2"}}, EC2)
    assert "hunter2" not in str(caught.value)


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
        "{{ ds_format(ds, '%d%d', '%d') }}",
        "{{ ds_format(ds, '%Y-%m-%d', '%999999999Y') }}",
        "{{ ds_format(ds, '%Q', '%Y') }}",
        "{{ ds_format(ds) }}",
        "{{ ds_format(7, '%Y', '%Y') }}",
        "{{ ds_add(ds, 10 ** 9) }}",
        "{{ ds_add(ds, 999999999) }}",
        "{{ ds_add(ds, 1.5) }}",
        "{{ ds_add(ds, 1e400) }}",
        "{{ 1e400 }}",
        "{{ -1e400 }}",
        "{{ ds_add(none, 1) }}",
        "{{ " + "(" * 500 + "ds" + ")" * 500 + " }}",
        "{{ " + "not " * 500 + "ds }}",
        "{{ " + "ds[" * 100 + "0" + "]" * 100 + " }}",
        "{{ ds or " * 1_000,
        "{{ ds }}" * 1_001,
        "{{ params.long }}" * 11,
        "{{ ds.format }}",
        "{{ ds.format | upper }}",
        "{{ params[ds.format] }}",
        "{{ ds_add }}",
        "{{ params }}",
        "{{ params.day }}",
        "{{ params.list | lower }}",
        "{{ ds[::0] }}",
        "{{ 1 < 'a' }}",
        f"{{{{ {'9' * 5_000} }}}}",
        "{{ ds | default(1, 2, 3, 4) }}",
        "{{ ds | default | nothing }}",
    ],
)
def test_a_template_reaches_nothing_else(template: str) -> None:
    (told,) = faults(json.dumps([{**SHELL, "command": template}]), "s3://etl/steps.json")
    assert told.startswith("line 1, column 44: command = ")
    assert "0x" not in told
    assert len(told) <= 1_500
    assert told.endswith("they know ds, run_id, params, ds_add, ds_format and the filters default, lower, upper")


def test_what_a_template_gives_is_no_template_for_airflow() -> None:
    text = json.dumps([{**SHELL, "command": "{{ params.word }}"}])
    with pytest.raises(InvalidDocument, match="what a template gives is no template"):
        planned("s3://etl/steps.json", text, {"params": {"word": "{{ conn.aws_default.password }}"}}, EC2)


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


def test_of_a_document_with_many_faults_the_first_twenty_are_told_and_a_count() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read("- a\n" * 256)
    assert (len(caught.value.problems), caught.value.more) == (20, 236)
    assert str(caught.value).endswith("\n  and 236 more")
    assert len(str(caught.value)) < 5_000


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    for body, told in ((b"- a\n- b\xff", "line 2, column 4"), ("- a".encode("utf-16"), "line 1, column 1")):
        with pytest.raises(InvalidDocument, match=f"{told}: it is no text in UTF-8: byte 0xff"):
            text_of("s3://etl/steps.yaml", io.BytesIO(body))
    assert text_of("s3://etl/steps.yaml", io.BytesIO("\ufeff- a".encode())) == "- a"


TEMPLATES = st.builds(
    "{{{{ {} }}}}".format,
    st.text("dsparm.word_()[]'|:,%Ydn+*~-{}019<=! ", max_size=30)
    | st.sampled_from(("ds", "ds.format", "params.word", "ds_add(ds, 1)", "9 ** 9 ** 9", "''.join(ds)")),
)
FIELDS = sorted({field.name for kind in KINDS.values() for field in dataclasses.fields(kind)})  # type: ignore[arg-type]
MEMBERS = ("HadoopJarStep", "Jar", "Args", "Properties", "MainClass", "ActionOnFailure", "Name", "Type", "Key", "Value")
WORDS = st.sampled_from((*FIELDS, *MEMBERS, *KINDS, "kind", "depends_on", "steps", "CONTINUE", "s3://apps/a.py"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=10) | TEMPLATES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)
STEPS = st.builds(
    lambda kind, fields: {"name": "a", "command": "true", "application": "s3://apps/a.py", **fields, "kind": kind},
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(st.sampled_from((*FIELDS, "depends_on")), VALUES, max_size=3),
) | st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=4)
BODIES = (
    st.binary(max_size=200)
    | st.text("-{}[]:,\"'&*!#|>%@` \n\tab0.~<=?", max_size=60).map(str.encode)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.lists(STEPS, max_size=3).map(lambda steps: json.dumps(steps).encode())
    | VALUES.map(lambda value: yaml.safe_dump([value], allow_unicode=True).encode(errors="surrogatepass"))
)


@given(BODIES, st.sampled_from(("s3://etl/steps.json", "s3://etl/steps.yaml")))
@example(b'[{"kind": ["shell"], "name": {}}]', "s3://etl/steps.json")
@example(b'[{"Name": "a", "HadoopJarStep": []}]', "s3://etl/steps.json")
@example(b'[{"\\ud800": 1, "\\ud800": 2}]', "s3://etl/steps.json")
def test_whatever_bytes_there_are_they_are_steps_or_an_invalid_document_of_some_lines(
    body: bytes, address: str
) -> None:
    told = None
    try:
        steps = planned(address, text_of(address, io.BytesIO(body)), RUN, EC2)
    except InvalidDocument as error:
        told = error
    if told is None:
        assert all(one.step["name"] for one in steps)
    else:
        assert told.problems
        assert all(problem.startswith("line ") for problem in told.problems)
        assert len(str(told).encode()) < 100_000
        assert " at 0x" not in str(told)
