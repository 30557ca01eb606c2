"""Requests are read as botocore's model has them: what fits comes through whole, all else is refused in AWS's words."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws import wire
from airflow_emr_pipelines.emulator.aws.errors import AwsError
from airflow_emr_pipelines.emulator.ec2.actions import ACTIONS

MODEL = wire.service_model("emr")
XML = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff", max_codepoint=0x10FFFF)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def shape_of(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def read_or_refused(operation: str, sent: Any) -> dict[str, Any] | AwsError:
    try:
        return wire.read(operation, sent)
    except AwsError as refused:
        return refused


def fitting(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that the model allows."""
    limits = shape.metadata
    if shape.type_name == "structure":
        required = {name: fitting(shape.members[name], depth + 1) for name in shape.required_members}
        if depth > 3:
            return st.fixed_dictionaries(required)
        rest = {name: fitting(member, depth + 1) for name, member in shape.members.items() if name not in required}
        return st.fixed_dictionaries(required, optional=rest)
    if shape.type_name == "list":
        return st.lists(fitting(shape.member, depth + 1), max_size=0 if depth > 4 else 2)
    if shape.type_name == "map":
        return st.dictionaries(st.text(XML, max_size=5), fitting(shape.value, depth + 1), max_size=2)
    if shape.type_name == "string":
        if limits.get("enum"):
            return st.sampled_from(limits["enum"])
        return st.text(XML, min_size=limits.get("min", 0), max_size=max(limits.get("min", 0), 8))
    if shape.type_name in ("integer", "long"):
        return st.integers(limits.get("min", -(2**31)), limits.get("max", 2**31))
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name == "timestamp":
        return st.integers(0, 4_000_000_000)
    return st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("operation", sorted(ACTIONS))
def test_what_the_model_allows_comes_through_whole(operation: str) -> None:
    @relaxed
    @given(fitting(shape_of(operation)))
    def check(sent: dict[str, Any]) -> None:
        read = wire.read(operation, json.loads(json.dumps(sent)))
        assert json.loads(json.dumps(wire.serialized(read))) == json.loads(json.dumps(sent))

    check()


@pytest.mark.parametrize("operation", sorted(ACTIONS))
def test_whatever_is_sent_is_read_or_refused(operation: str) -> None:
    names = st.sampled_from([*shape_of(operation).members, "Unknown"])

    @relaxed
    @given(st.one_of(JSON, st.dictionaries(names, JSON, max_size=4)))
    def check(sent: Any) -> None:
        read = read_or_refused(operation, sent)
        if isinstance(read, AwsError):
            assert read.code in ("SerializationException", "ValidationException")
            assert read.status == 400
        else:
            assert read.keys() <= shape_of(operation).members.keys()

    check()


@given(st.one_of(st.floats(), st.integers(), st.text()))
def test_a_timestamp_is_one_or_is_refused(sent: Any) -> None:
    read = read_or_refused("ListClusters", {"CreatedAfter": sent})
    if isinstance(read, AwsError):
        assert read.code == "SerializationException"
    else:
        assert read["CreatedAfter"].tzinfo is not None


def test_members_that_are_null_or_unknown_are_left_out() -> None:
    sent = {"ClusterId": "j-1", "Marker": None, "Unknown": 1, "StepIds": ["s-1"]}
    assert wire.read("ListSteps", sent) == {"ClusterId": "j-1", "StepIds": ["s-1"]}


@pytest.mark.parametrize(
    ("text", "is_xml"),
    [
        ("tab\tline\r\n", True),
        ("é — 漢 🎉", True),
        ("\ud83c", False),
        ("\x00", False),
        ("\x0b", False),
        ("\ufffe", False),
    ],
)
def test_strings_hold_what_xml_can(text: str, is_xml: bool) -> None:
    sent = {"ClusterId": text}
    if is_xml:
        assert wire.read("CancelSteps", {**sent, "StepIds": []})["ClusterId"] == text
    else:
        with pytest.raises(AwsError, match="pattern"):
            wire.read("CancelSteps", {**sent, "StepIds": []})


def test_other_patterns_are_regular_expressions() -> None:
    with pytest.raises(AwsError, match="length less than or equal to 100"):
        wire.read("GetResources", {"ResourceARNList": ["a"] * 101}, "resourcegroupstaggingapi")
    sent = {"TagFilters": [{"Key": "\x00", "Values": ["\n"]}]}
    assert wire.read("GetResources", sent, "resourcegroupstaggingapi") == sent


def test_a_number_is_no_boolean_and_a_boolean_no_number() -> None:
    for member, value in (("VisibleToAllUsers", 1), ("StepConcurrencyLevel", True), ("StepConcurrencyLevel", "1")):
        with pytest.raises(AwsError) as refused:
            wire.read("RunJobFlow", {"Name": "n", "Instances": {}, member: value})
        assert refused.value.code == "SerializationException"


def test_numbers_have_their_bounds() -> None:
    instances = {"InstanceGroups": [{"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1}]}
    device = {"VolumeSpecification": {"VolumeType": "gp3", "SizeInGB": 1, "Throughput": -1}}
    instances["InstanceGroups"][0]["EbsConfiguration"] = {"EbsBlockDeviceConfigs": [device]}
    with pytest.raises(AwsError, match=r"throughput' failed .* greater than or equal to 0"):
        wire.read("RunJobFlow", {"Name": "n", "Instances": instances})


def test_an_answer_has_no_empty_members_and_times_in_seconds() -> None:
    when = datetime(2013, 1, 1, tzinfo=timezone.utc)
    assert wire.serialized({"a": None, "b": [{"c": when, "d": None}], "e": (1, "x")}) == {
        "b": [{"c": 1356998400.0}],
        "e": [1, "x"],
    }


def test_the_model_has_a_shape_for_each_action() -> None:
    assert all(isinstance(shape_of(operation), Shape) for operation in ACTIONS)


def test_an_empty_text_of_what_is_made_says_what_a_missing_one_says() -> None:
    """As EMR's console exports a step; words of a command, and values of properties, may well be empty."""
    step = {
        "Name": "",
        "HadoopJarStep": {"Jar": "a.jar", "Args": [""], "MainClass": "", "Properties": [{"Key": "b", "Value": ""}]},
        "StepMonitoringConfiguration": {"S3MonitoringConfiguration": {"LogUri": ""}},
    }
    kept = {
        "Name": "",
        "HadoopJarStep": {"Jar": "a.jar", "Args": [""], "Properties": [{"Key": "b", "Value": ""}]},
        "StepMonitoringConfiguration": {"S3MonitoringConfiguration": {}},
    }
    for operation, more in (("AddJobFlowSteps", {"JobFlowId": "j-1"}), ("RunJobFlow", {"Instances": {}})):
        assert wire.filled(operation, {**more, "Steps": [step]}) == {**more, "Steps": [kept]}
    configuration = [{"Classification": "", "Properties": {"a": ""}}]
    asked = {"Name": "a", "LogUri": "", "Instances": {}, "Configurations": configuration}
    without = {"Name": "a", "Instances": {}, "Configurations": [{"Properties": {"a": ""}}]}
    assert wire.filled("RunJobFlow", asked) == without
    assert wire.filled("ModifyCluster", {"ClusterId": ""}) == {"ClusterId": ""}
