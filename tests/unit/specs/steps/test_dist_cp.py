from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import DistCpStep


def copy(**fields: Any) -> DistCpStep:
    return DistCpStep(**{"name": "a", "src": "s3://raw/in", "dest": "hdfs:///out", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"delete": True, "update": "true"},
        {"delete": "True", "overwrite": "{{ params.overwrite }}"},
        {"delete": "{{ params.delete }}"},
    ],
)
def test_deletion_comes_with_a_comparison(fields: dict[str, Any]) -> None:
    assert copy(**fields).delete in (True, "{{ params.delete }}")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"delete": True}, "only with update or overwrite"),
        ({"update": True, "overwrite": True}, "either it or update"),
        ({"dest": "s3://raw/in"}, "it is the source"),
        ({"src": "in"}, "upload it"),
        ({"conf": {"a b": "c"}}, "one entry a setting"),
        ({"args": "-m 20"}, r'write args=\["-m", "20"\]'),
    ],
)
def test_what_distcp_would_refuse_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        copy(**fields)
