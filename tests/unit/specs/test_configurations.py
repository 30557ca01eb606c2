from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.configurations import (
    ENVIRONMENTS,
    GLUE_CLIENT_FACTORY,
    Configuration,
    glue_catalog,
    spark_defaults,
)
from tests.unit.specs.each_field import Output


def test_properties_become_text() -> None:
    configuration = Configuration("hive-site", {"hive.exec.parallel": True, "hive.exec.parallel.thread.number": 8})
    assert configuration.properties == {"hive.exec.parallel": "true", "hive.exec.parallel.thread.number": "8"}


@pytest.mark.parametrize("classification", ENVIRONMENTS)
def test_environment_variables_are_nested(classification: str) -> None:
    variables = {"HADOOP_NAMENODE_HEAPSIZE": 4096}
    Configuration(classification, configurations=[Configuration("export", variables)])
    with pytest.raises(InvalidSpec, match='Configuration\\("export"'):
        Configuration(classification, variables)


def test_only_configurations_are_nested() -> None:
    with pytest.raises(InvalidSpec, match="it is no Configuration"):
        Configuration("hadoop-env", configurations=[{"Classification": "export"}])  # type: ignore[list-item]


def test_an_error_names_the_classification() -> None:
    with pytest.raises(InvalidSpec, match=r"Configuration\('core-site'\)\.properties\['a'\]"):
        Configuration("core-site", {"a": None})  # type: ignore[dict-item]


def test_spark_defaults_bound_the_executors() -> None:
    assert spark_defaults({"spark.speculation": True}, min_executors=8, max_executors=200) == Configuration(
        "spark-defaults",
        {
            "spark.dynamicAllocation.minExecutors": "8",
            "spark.dynamicAllocation.maxExecutors": "200",
            "spark.speculation": "true",
        },
    )
    assert spark_defaults(min_executors=0).properties == {"spark.dynamicAllocation.minExecutors": "0"}


@pytest.mark.parametrize(
    ("conf", "bounds", "told"),
    [
        (None, {"min_executors": 10, "max_executors": 2}, "more than the most, 2"),
        (None, {"max_executors": 0}, "of at least 1"),
        (None, {"min_executors": "few"}, "whole number"),
        ({"spark.dynamicAllocation.minExecutors": 2}, {"min_executors": 4}, "say it in conf"),
        (Output(), {"min_executors": 4}, "say it in conf"),
        ({"spark.executor.memory": "6.4g"}, {}, "6553m"),
        ({"hive.x": "y"}, {}, "spark.hadoop.hive.x"),
        ("spark.a=1,spark.b=2", {}, '"spark.a": "1", "spark.b": "2"'),
    ],
)
def test_spark_defaults_refuse_what_spark_would_misunderstand(conf: Any, bounds: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        spark_defaults(conf, **bounds)


def test_the_same_holds_for_the_classification_written_out() -> None:
    with pytest.raises(InvalidSpec, match="6553m"):
        Configuration("spark-defaults", {"spark.executor.memory": "6.4g"})


def test_spark_defaults_take_what_is_not_known_yet() -> None:
    assert spark_defaults(min_executors="{{ params.least }}", max_executors=8).properties == {
        "spark.dynamicAllocation.minExecutors": "{{ params.least }}",
        "spark.dynamicAllocation.maxExecutors": "8",
    }
    conf = Output()
    assert spark_defaults(conf).properties is conf  # type: ignore[arg-type,comparison-overlap]


def test_the_glue_catalog_is_for_hive_and_for_spark() -> None:
    hive, spark = glue_catalog()
    assert (hive.classification, spark.classification) == ("hive-site", "spark-hive-site")
    assert hive.properties == spark.properties == {"hive.metastore.client.factory.class": GLUE_CLIENT_FACTORY}


def test_the_glue_catalog_of_another_account() -> None:
    for configuration in glue_catalog("123456789012"):
        assert configuration.properties["hive.metastore.glue.catalogid"] == "123456789012"
    for wrong in ("1234", "glue_catalog", ""):
        with pytest.raises(InvalidSpec, match="12 digits"):
            glue_catalog(wrong)
    assert glue_catalog("{{ var.value.account }}")
