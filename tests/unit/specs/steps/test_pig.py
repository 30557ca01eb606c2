from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import PigStep


def test_parameters_become_text() -> None:
    assert PigStep("a", "s3://pig/a.pig", parameters={"TOP": 10, "FAST": True}).parameters == {
        "TOP": "10",
        "FAST": "true",
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"script": "a.pig"}, "upload it"),
        ({"parameters": ["IN=1"]}, "it is a mapping, not a list"),
        ({"parameters": {"my day": "1"}}, "one entry a setting"),
        ({"args": "-x tez"}, r'write args=\["-x", "tez"\]'),
    ],
)
def test_what_pig_would_misunderstand_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        PigStep(**{"name": "a", "script": "s3://pig/a.pig", **fields})
