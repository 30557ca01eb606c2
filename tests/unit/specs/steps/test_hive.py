from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import HiveStep


def test_variables_become_text() -> None:
    step = HiveStep("a", "s3://apps/a.hql", variables={"day": "{{ ds }}", "top": 10, "strict": True})
    assert step.variables == {"day": "{{ ds }}", "top": "10", "strict": "true"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"script": "a.hql"}, "upload it"),
        ({"script": "s3://apps/folder/"}, "names a folder"),
        ({"script": "SELECT 1"}, "upload it"),
        ({"variables": "day=1,top=2"}, r'write variables={"day": "1", "top": "2"}'),
        ({"variables": {"my day": "1"}}, "one entry a setting"),
        ({"args": "--hiveconf a=b"}, r'write args=\["--hiveconf", "a=b"\]'),
    ],
)
def test_what_hive_would_misunderstand_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        HiveStep(**{"name": "a", "script": "s3://apps/a.hql", **fields})
