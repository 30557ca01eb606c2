from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import CustomJarStep


@pytest.mark.parametrize(
    "jar",
    [
        "command-runner.jar",
        "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar",
        "/usr/lib/hadoop-mapreduce/hadoop-mapreduce-examples.jar",
        "{{ params.jar }}",
    ],
)
def test_a_jar_is_where_the_primary_node_can_read_it(jar: str) -> None:
    assert CustomJarStep("a", jar).jar == jar


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"jar": "job.jar"}, "upload it"),
        ({"jar": "s3://apps/job.py"}, r'use SparkStep\(name, "s3://apps/job.py"\)'),
        ({"jar": ""}, "must not be empty"),
        ({"args": "a b"}, r'write args=\["a", "b"\]'),
        ({"main_class": 5}, "it is a text"),
        ({"properties": [{"Key": "a", "Value": "b"}]}, "it is a mapping"),
        ({"properties": {"spark.executor.memory": "8g"}}, "use a SparkStep with conf"),
    ],
)
def test_what_java_would_misunderstand_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        CustomJarStep(**{"name": "a", "jar": "s3://apps/job.jar", **fields})


def test_properties_become_text() -> None:
    assert CustomJarStep("a", "s3://apps/a.jar", properties={"a": True, "b": 1}).properties == {"a": "true", "b": "1"}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (
            ["spark-submit s3://apps/a.py"],
            r'write args=\["spark-submit", "s3://apps/a.py"\]; a line for a shell is a Shell',
        ),
        (["/usr/bin/spark-submit --verbose", "s3://apps/a.py"], '"--verbose"\\], with the others behind it'),
        (["aws s3 cp s3://a-b/c /tmp"], r'write args=\["aws", "s3", "cp", "s3://a-b/c", "/tmp"\]'),
    ],
)
def test_a_line_is_no_command_of_the_command_runner(args: list[str], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        CustomJarStep("a", "command-runner.jar", args)


@pytest.mark.parametrize("args", [["bash", "-c", "a b"], ["/mnt/my scripts/a.sh"], ["{{ params.command }}"], []])
def test_other_commands_are_taken(args: list[str]) -> None:
    assert list(CustomJarStep("a", "command-runner.jar", args).args) == args
