from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from airflow.sdk import DAG, task
from hypothesis import given

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.serialization import KINDS, from_dict, to_dict
from airflow_emr_pipelines.specs.steps import HiveStep, OnFailure, ShellStep, SparkStep, Step
from airflow_emr_pipelines.specs.values.base import Spec
from tests.unit.specs.strategies import specs


@given(specs)
def test_a_spec_comes_back_from_json_as_it_was(spec: Spec) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(spec))), type(spec)) == spec


@given(specs)
def test_a_plain_spec_says_its_kind_and_only_what_is_not_the_default(spec: Spec) -> None:
    plain = to_dict(spec)
    assert KINDS[plain["kind"]] is type(spec)
    for field in dataclasses.fields(spec):  # type: ignore[arg-type]
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        assert (field.name in plain) is (getattr(spec, field.name) != default)


def test_a_plain_step_reads_like_the_step() -> None:
    step = SparkStep("Clean", "s3://apps/a.py", ["--day", "{{ ds }}"], conf={"spark.x": True}, on_failure="CONTINUE")
    assert to_dict(step) == {
        "kind": "spark",
        "name": "Clean",
        "application": "s3://apps/a.py",
        "args": ["--day", "{{ ds }}"],
        "conf": {"spark.x": "true"},
        "on_failure": "CONTINUE",
    }


def test_airflow_finds_templates_and_outputs_in_a_plain_spec() -> None:
    from airflow.sdk.definitions.xcom_arg import XComArg

    with DAG("outputs", schedule=None):

        @task
        def plan() -> dict[str, str]:
            return {}

        conf, memory = plan(), plan()
        step = SparkStep("a", "s3://apps/a.py", conf=conf, driver_memory=memory)  # type: ignore[arg-type]
        plain = to_dict([step])
    assert {operator.task_id for operator, _ in XComArg.iter_xcom_references(plain)} == {"plan", "plan__1"}


def test_what_holds_no_spec_is_handed_back_itself() -> None:
    """What came from another task is not to be rendered as a template."""
    for value in ({"kind": "spark", "args": ["{{ ds }}"]}, ["a", {"b": ["c"]}], "{{ ds }}", None, 5):
        assert to_dict(value) is value


def test_lists_and_words_within_become_plain() -> None:
    assert to_dict((OnFailure.CONTINUE, [ShellStep("a", "true")], {"a": (1,)})) == [
        "CONTINUE",
        [{"kind": "shell", "name": "a", "command": "true"}],
        {"a": [1]},
    ]


def test_settings_may_be_named_kind() -> None:
    step = HiveStep("a", "s3://apps/a.hql", variables={"kind": "daily", "name": "x"})
    assert from_dict(to_dict(step), Step) == step
    cluster = EmrCluster("a", "emr-7.10.0", InstanceGroups("m5.xlarge"), tags={"kind": "spark"})
    assert from_dict(to_dict(cluster), EmrCluster) == cluster


def test_a_spec_passes_as_itself() -> None:
    step = ShellStep("a", "true")
    assert from_dict(step, Step) == step


def test_a_cluster_is_built_from_nested_dictionaries() -> None:
    read = from_dict(
        {
            "kind": "cluster",
            "name": "a",
            "release_label": "emr-7.10.0",
            "instances": {
                "kind": "instance_groups",
                "primary": "m5.xlarge",
                "core": "m5.xlarge",
                "tasks": [{"kind": "group", "instance_type": "c5.xlarge", "count": "2"}],
            },
            "configurations": [{"kind": "configuration", "classification": "core-site"}],
        },
        EmrCluster,
    )
    assert read.instances == InstanceGroups("m5.xlarge", "m5.xlarge", [Group("c5.xlarge", 2)])
    assert read.configurations == (Configuration("core-site"),)


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({"kind": "sparc", "name": "a"}, "kind = 'sparc': it is no kind of spec; did you mean spark?"),
        ({"kind": ["spark"]}, "it is no kind of spec"),
        ({"kind": "shell", "name": "a", "command": "b", "comand": "c"}, "ShellStep.comand .* did you mean command?"),
        ({"kind": "shell", "name": "a", "command": "b", 5: "c"}, "there is no such field"),
        ({"kind": "shell", "description": "b", "name": "a", "command": "b"}, "ShellStep.description"),
        ({"kind": "shell", "name": "a"}, "it lacks command; add command"),
        ({"kind": "spark"}, "it lacks name, application"),
        (
            {"name": "a", "command": "true"},
            "a Step is needed here; .* custom_jar, .*hive, .*s3_dist_cp, .*shell, spark, ",
        ),
        ({"kind": "group", "instance_type": "m5.xlarge"}, "a Step is needed here"),
        ([{"kind": "shell", "name": "a", "command": "b"}], "a Step is needed here"),
        ("shell", "a Step is needed here"),
        (None, "a Step is needed here"),
    ],
)
def test_what_is_no_step_is_refused(plain: Any, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        from_dict(plain, Step)


def test_a_wrong_dictionary_is_not_told_whole() -> None:
    with pytest.raises(InvalidSpec) as refused:
        from_dict({"name": "a", "properties": {"pin": "1234"}}, Step)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize("spec", KINDS.values(), ids=lambda spec: spec.__name__)
def test_no_spec_has_a_name_that_airflows_templating_would_call(spec: type[Spec]) -> None:
    assert not hasattr(spec, "template_fields")
    assert not hasattr(spec, "resolve")
    assert not {"template_fields", "resolve", "kind"} & {field.name for field in dataclasses.fields(spec)}  # type: ignore[arg-type]


def test_every_spec_has_a_kind_of_its_own() -> None:
    def below(kind: type[Spec]) -> set[type[Spec]]:
        return {kind} | {each for child in kind.__subclasses__() for each in below(child)}

    ours = {
        spec for spec in below(Spec) if spec.__module__.startswith("airflow_emr_pipelines") and hasattr(spec, "kind")
    }
    assert ours == set(KINDS.values())
    assert len(KINDS) == len(set(KINDS.values()))


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ShellStep("a", "true").name = "b"  # type: ignore[misc]


def test_an_output_is_never_compared_with_a_default() -> None:
    class Output:
        def resolve(self, context: object) -> object:
            raise NotImplementedError

        def __eq__(self, other: object) -> bool:
            raise AssertionError("what does it mean to be equal to what is not known yet?")

        __hash__ = object.__hash__

    output: Any = Output()
    assert to_dict(ShellStep("a", output, on_failure=output))["on_failure"] is output
