from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import FlinkStep


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"jar": "s3://apps/a.py"}, r'"flink", "run", "-m", "yarn-cluster", "-py"'),
        ({"jar": "s3://apps/a.zip"}, "name a .jar"),
        ({"jar": "a.jar"}, "upload it"),
        ({"application_id": "j-123"}, "write it like application_1700000000000_0001"),
        ({"parallelism": 0}, "at least 1"),
        ({"detached": "yes"}, "write True or False"),
        ({"conf": {"a=b": "c"}}, "one entry a setting"),
        ({"args": "--day 1"}, r'write args=\["--day", "1"\]'),
    ],
)
def test_what_flink_would_refuse_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        FlinkStep(**{"name": "a", "jar": "s3://apps/a.jar", **fields})
