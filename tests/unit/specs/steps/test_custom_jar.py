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
