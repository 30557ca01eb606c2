from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import ScriptRunnerStep


@pytest.mark.parametrize(
    "region", ["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2", "{{ var.value.region }}"]
)
def test_the_region_is_one_of_awss(region: str) -> None:
    assert ScriptRunnerStep("a", "s3://apps/a.sh", region=region).region == region


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"region": "Frankfurt"}, "it is no region of AWS; write it like eu-central-1"),
        ({"region": "eu-central-1a"}, "it is no region of AWS"),
        ({"region": None}, "it is a text"),
        ({"script": "a.sh"}, "upload it"),
        ({"script": "s3://apps/"}, "names a bucket"),
        ({"args": "a b"}, r'write args=\["a", "b"\]'),
    ],
)
def test_what_script_runner_would_refuse_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        ScriptRunnerStep(**{"name": "a", "script": "s3://apps/a.sh", "region": "eu-central-1", **fields})


def test_a_step_without_a_region_is_not_made() -> None:
    with pytest.raises(TypeError, match="region"):
        ScriptRunnerStep("a", "s3://apps/a.sh")  # type: ignore[call-arg]
