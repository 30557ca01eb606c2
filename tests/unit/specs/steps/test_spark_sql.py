from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import SparkSqlStep


def sql(**fields: Any) -> SparkSqlStep:
    return SparkSqlStep(**{"name": "a", "script": "s3://sql/q.sql", **fields})


def test_values_become_text() -> None:
    step = sql(variables={"day": "{{ ds }}", "top": 10}, conf={"spark.sql.adaptive.enabled": True})
    assert step.variables == {"day": "{{ ds }}", "top": "10"}
    assert step.conf == {"spark.sql.adaptive.enabled": "true"}


def test_client_mode_may_be_said_and_what_a_template_says_is_judged_later() -> None:
    for mode in ("client", "{{ params.mode }}"):
        assert sql(conf={"spark.submit.deployMode": mode}).conf == {"spark.submit.deployMode": mode}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"script": "SELECT 1"}, "upload it"),
        ({"script": "s3://sql/"}, "names a bucket"),
        ({"variables": "day=1"}, r'write variables={"day": "1"}'),
        ({"conf": {"spark.submit.deployMode": "cluster"}}, "no other deploy mode"),
        ({"conf": {"mapreduce.x": "1"}}, "write spark.hadoop.mapreduce.x"),
        ({"args": ["--executor-memory", "4g"]}, r'write conf={"spark.executor.memory": "value"}'),
        ({"args": ["--deploy-mode=cluster"]}, r'write conf={"spark.submit.deployMode": "value"}'),
        ({"args": ["--conf", "spark.x=1"]}, "is a setting of Spark"),
    ],
)
def test_what_spark_sql_would_misunderstand_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        sql(**fields)
