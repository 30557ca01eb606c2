from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import PrestoStep, TrinoStep

BOTH = pytest.mark.parametrize("kind", [TrinoStep, PrestoStep])


@BOTH
def test_statements_or_a_file_of_them(kind: Any) -> None:
    assert kind("a", execute="SELECT '{{ ds }}'").execute == "SELECT '{{ ds }}'"
    assert kind("a", file="/home/hadoop/q.sql").execute is None


@BOTH
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "there are no statements to run"),
        ({"execute": "SELECT 1", "file": "/q.sql"}, "either it or execute"),
        ({"execute": ""}, "must not be empty"),
        ({"file": "s3://sql/q.sql"}, "read as a file of the primary node"),
        ({"execute": "SELECT 1", "args": "--debug"}, r'write args=\["--debug"\]'),
    ],
)
def test_what_the_client_would_refuse_is_refused(kind: Any, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        kind("a", **fields)


def test_a_client_is_one_of_two() -> None:
    with pytest.raises(InvalidSpec, match="did you mean trino-cli"):
        TrinoStep("a", execute="SELECT 1", client="trino")
