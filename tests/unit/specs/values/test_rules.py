from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.render.step import render_step
from airflow_emr_pipelines.specs.serialization import KINDS
from airflow_emr_pipelines.specs.steps import ShellStep
from airflow_emr_pipelines.specs.values import rules
from tests.unit.specs.each_field import FIELDS, REQUIRED, with_field
from tests.unit.specs.strategies import legal

INSTANCE_TYPES = {
    ("instance_groups", "primary"): "Group.instance_type",
    ("instance_groups", "core"): "Group.instance_type",
    ("instance_fleets", "primary"): "InstanceTypeConfig.instance_type",
}
"""Fields in which a text is the type of an instance."""
NUMBERS = ("bid_price", "bid_price_percentage", "priority", "threshold")


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_no_field_takes_a_control_character_and_the_error_names_the_field(kind: str, field: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        with_field(kind, field, "no\x00text")
    named = INSTANCE_TYPES.get((kind, field), f".{field}")
    assert named in refused.value.field
    assert refused.value.remedy


@pytest.mark.parametrize(("kind", "field"), FIELDS)
@pytest.mark.parametrize("value", [b"bytes", object(), 1.5, {1: 2}])
def test_no_field_takes_what_json_has_not_or_what_is_no_number(kind: str, field: str, value: object) -> None:
    if field in NUMBERS and value == 1.5:
        return
    with pytest.raises(InvalidSpec):
        with_field(kind, field, value)


INSTEAD: dict[str, dict[str, object]] = {
    "execute": {"file": "/mnt/a.sql"},
    "conn_id": {"variable": "kdc"},
    "keep_alive": {"step_concurrency": 2},
    "count": {"configurations": []},
    "on_demand": {"spot": 1},
}
"""What a spec needs when it has not this field."""
NONE_SAYS_SOMETHING = {
    ("cluster", "idle_timeout"),
    ("spark", "deploy_mode"),
    ("capacity_reservation", "usage_strategy"),
}


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_nothing_is_given_only_where_that_is_the_default(kind: str, field: str) -> None:
    default = getattr(KINDS[kind], field, "required")
    fields = {**REQUIRED[kind], **INSTEAD.get(field, {}), field: None}
    if default is None or (kind, field) in NONE_SAYS_SOMETHING:
        assert getattr(KINDS[kind](**fields), field) is None
    else:
        with pytest.raises(InvalidSpec, match=field if kind != "instance_groups" else "Groups"):
            with_field(kind, field, None)


@given(st.text(legal, min_size=1).filter(lambda text: bool(text.strip())))
def test_a_text_of_any_language_is_taken_as_it_is(text: str) -> None:
    assert rules.text("field", text) == text


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_has_not_is_refused(character: str) -> None:
    with pytest.raises(InvalidSpec, match=r"no control character .* at position 1"):
        rules.text("field", f"a{character}b")


def test_tabs_and_line_ends_are_no_control_characters() -> None:
    assert rules.text("field", "a\tb\r\nc 😀") == "a\tb\r\nc 😀"


def test_a_text_has_a_limit() -> None:
    rules.text("field", "x" * 10_280)
    with pytest.raises(InvalidSpec, match=r"at most 10,280 characters, and it has 10,281"):
        rules.text("field", "x" * 10_281)
    with pytest.raises(InvalidSpec, match="at most 256"):
        ShellStep("x" * 257, "true")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_name_is_not_empty(blank: str) -> None:
    with pytest.raises(InvalidSpec, match=r"ShellStep.name = .* must not be empty"):
        ShellStep(blank, "true")


def test_all_the_texts_of_a_step_together_have_a_limit() -> None:
    fixed = sum(len(text) for text in ("command-runner.jar", "bash", "-c"))
    render_step(ShellStep("a", "x" * (10_240 - fixed)))
    with pytest.raises(InvalidSpec, match=r"10,241 characters.*at most 10,240 .* into a file in S3"):
        render_step(ShellStep("a", "x" * (10_241 - fixed)))


def test_a_single_text_is_no_list_of_words() -> None:
    with pytest.raises(InvalidSpec, match=r'write args=\["--name", "two words"\]'):
        rules.words("HiveStep.args", '--name "two words"')
    with pytest.raises(InvalidSpec, match=r'write jars=\["s3://b/a.jar", "s3://b/b.jar"\]'):
        rules.words("SparkStep.jars", "s3://b/a.jar, s3://b/b.jar")
    with pytest.raises(InvalidSpec, match=r'write args=\["one", "other"\]'):
        rules.words("HiveStep.args", 'an "open quote')


def test_a_secret_is_not_told_by_the_way_out() -> None:
    for rule, value in ((rules.words, "--password hunter2"), (rules.settings, "db.password=hunter2,b=2")):
        with pytest.raises(InvalidSpec) as refused:
            rule("HiveStep.args", value)
        assert "hunter2" not in str(refused.value)


def test_a_word_after_the_name_of_a_secret_is_not_told() -> None:
    with pytest.raises(InvalidSpec) as refused:
        rules.words("HiveStep.args", ["--db-password", "hunter2\x00"])
    assert refused.value.field == "HiveStep.args[1] (after --db-password)"
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("values", [{"--a": "b"}, 5, True, object()])
def test_only_a_list_is_a_list(values: Any) -> None:
    with pytest.raises(InvalidSpec, match="it is a list, not"):
        rules.words("HiveStep.args", values)


def test_numbers_are_words_and_truth_values_are_not() -> None:
    assert rules.words("args", ["--n", 5, 0.05, ""]) == ("--n", "5", "0.05", "")
    with pytest.raises(InvalidSpec, match=r'args\[1\] \(after --report\) = True.*write "true" or "false"'):
        rules.words("args", ["--report", True])
    with pytest.raises(InvalidSpec, match="a NoneType"):
        rules.words("args", ["--report", None])


def test_a_list_that_another_task_gave_is_read_though_it_is_no_python_list() -> None:
    assert rules.words("args", range(3)) == ("0", "1", "2")


def test_settings_become_text_as_hadoop_writes_them() -> None:
    assert rules.settings("conf", {"a": True, "b": False, "c": 5, "d": 0.5, "e": "x,y", "f": ""}) == {
        "a": "true",
        "b": "false",
        "c": "5",
        "d": "0.5",
        "e": "x,y",
        "f": "",
    }


@pytest.mark.parametrize(
    ("line", "way_out"),
    [
        ("a=1,b=2", '{"a": "1", "b": "2"}'),
        ("a=1", '{"a": "1"}'),
        ("a=x,y,b=2", '{"a": "x,y", "b": "2"}'),
        ("nonsense", '{"name": "value", "other": "value"}'),
    ],
)
def test_a_single_text_is_no_mapping(line: str, way_out: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        rules.settings("SparkStep.conf", line)
    assert refused.value.remedy == f"write conf={way_out}"


@pytest.mark.parametrize("name", ["a=1", "a,b", "a b", "", " a", 5])
def test_a_settings_name_is_a_name(name: Any) -> None:
    with pytest.raises(InvalidSpec):
        rules.settings("conf", {name: "x"})


def test_a_setting_without_a_value_is_left_out() -> None:
    with pytest.raises(InvalidSpec, match="leave the setting out"):
        rules.settings("conf", {"a": None})


def test_a_template_in_a_key_is_refused_since_airflow_leaves_keys_alone() -> None:
    with pytest.raises(InvalidSpec, match="not its keys"):
        rules.settings("conf", {"{{ params.name }}": "x"})


@pytest.mark.parametrize(("given_value", "read"), [(True, True), ("True", True), ("false", False), (" FALSE ", False)])
def test_truth_values_come_as_text_too(given_value: Any, read: bool) -> None:
    assert rules.truth("field", given_value) is read


@pytest.mark.parametrize("value", [1, 0, "yes", "None", ""])
def test_what_only_looks_like_a_truth_value_is_none(value: Any) -> None:
    with pytest.raises(InvalidSpec, match="write True or False"):
        rules.truth("field", value)


@given(st.integers(1, 256))
def test_whole_numbers_come_as_text_too(number: int) -> None:
    assert rules.whole("field", number, least=1, most=256) == number
    assert rules.whole("field", f" {number} ", least=1, most=256) == number


def test_a_number_that_no_float_holds_is_none() -> None:
    with pytest.raises(InvalidSpec, match=r"field = 1000.*: it is a number, not an int"):
        rules.number("field", 10**400, least=0)


@pytest.mark.parametrize("value", [0, "0", -1, 257, "257"])
def test_a_number_has_bounds(value: Any) -> None:
    with pytest.raises(InvalidSpec, match="from 1 to 256"):
        rules.whole("field", value, least=1, most=256)


@pytest.mark.parametrize("value", [True, 1.0, "1.5", "", "one", "²", "٣", None, [1]])
def test_what_only_looks_like_a_whole_number_is_none(value: Any) -> None:
    with pytest.raises(InvalidSpec, match="it is a whole number"):
        rules.whole("field", value, least=1)


def test_a_wrong_word_is_answered_with_the_right_one() -> None:
    with pytest.raises(InvalidSpec, match=r"did you mean CANCEL_AND_WAIT\?"):
        ShellStep("a", "true", on_failure="cancel-and-wait")
    with pytest.raises(InvalidSpec, match="choose one of CANCEL_AND_WAIT, CONTINUE, TERMINATE_CLUSTER"):
        ShellStep("a", "true", on_failure="xyz")


class Mode(str, Enum):
    FULL = "full"


def test_a_member_of_an_enum_is_its_text() -> None:
    assert render_step(ShellStep(Mode.FULL, Mode.FULL))["HadoopJarStep"]["Args"][-1] == "full"
    assert rules.words("field", [Mode.FULL]) == ("full",)
    assert [str(word) for word in rules.words("field", [Mode.FULL])] == ["full"]


@pytest.mark.parametrize("values", [{"a", "b"}, frozenset("ab"), {"a": 1}, b"ab", 5])
def test_what_has_no_order_is_no_list(values: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"it is a list, not an? \w+; write args=\[…\]"):
        rules.words("SparkStep.args", values)
