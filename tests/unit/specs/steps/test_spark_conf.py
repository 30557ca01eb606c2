from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import spark_conf


@pytest.mark.parametrize("amount", ["1g", "6553m", "512000k", "2T", "16G"])
def test_whole_amounts_of_memory_are_taken(amount: str) -> None:
    assert spark_conf.memory("field", amount) == amount


@pytest.mark.parametrize(
    ("amount", "way_out"),
    [
        ("6.4g", "write whole MiB: 6553m"),
        ("0.5g", "write whole MiB: 512m"),
        ("1.5 GB", "write whole MiB: 1536m"),
        ("1024.5m", "write whole MiB: 1024m"),
        ("8gb", "write 8g"),
        ("8 g", "write 8g"),
        ("8GiB", "write 8g"),
        ("4096", "whole number and its unit"),
        ("0g", "whole number and its unit"),
        ("-1g", "whole number and its unit"),
        ("lots", "whole number and its unit"),
        (8, "whole number and its unit"),
        (6.4, "whole number and its unit"),
    ],
)
def test_other_amounts_are_refused_with_the_form_that_works(amount: Any, way_out: str) -> None:
    with pytest.raises(InvalidSpec, match=way_out):
        spark_conf.memory("SparkStep.driver_memory", amount)


@given(st.floats(0.01, 10_000, allow_nan=False).map("{:.3f}".format), st.sampled_from(["m", "g", "t"]))
def test_the_way_out_of_a_fraction_is_itself_taken(number: str, unit: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        spark_conf.memory("field", number + unit)
    advice = refused.value.remedy.rpartition(" ")[2]
    assert spark_conf.memory("field", advice) == advice


def test_a_value_may_hold_commas() -> None:
    conf = {"spark.jars.packages": "a:b:1,c:d:2", "spark.hadoop.x": "k=v,l=w", "spark.redaction.regex": "a,b=c"}
    assert spark_conf.conf("field", conf) == conf


@pytest.mark.parametrize("value", ["true,spark.speculation=true", "200, spark.x.y=1", ",spark.a=b"])
def test_a_value_does_not_go_on_with_the_next_setting(value: str) -> None:
    with pytest.raises(InvalidSpec, match="one entry a setting"):
        spark_conf.conf("SparkStep.conf", {"spark.sql.adaptive.enabled": value})


@pytest.mark.parametrize(
    "name",
    [
        "spark.executor.memory",
        "spark.driver.memoryOverhead",
        "spark.executor.pyspark.memory",
        "spark.memory.offHeap.size",
    ],
)
def test_memory_in_the_settings_is_whole_too(name: str) -> None:
    spark_conf.conf("field", {name: "2g"})
    with pytest.raises(InvalidSpec, match="2560m"):
        spark_conf.conf("field", {name: "2.5g"})


def test_fractions_that_are_no_memory_are_taken() -> None:
    conf = {"spark.memory.fraction": 0.6, "spark.executor.memoryOverheadFactor": "0.2"}
    assert spark_conf.conf("field", conf) == {
        "spark.memory.fraction": "0.6",
        "spark.executor.memoryOverheadFactor": "0.2",
    }


def test_java_options_do_not_set_the_heap() -> None:
    name = "spark.executor.extraJavaOptions"
    assert spark_conf.conf("field", {name: "-XX:+UseG1GC"})
    with pytest.raises(InvalidSpec, match="Spark refuses -Xmx8g"):
        spark_conf.conf("field", {name: "-XX:+UseG1GC -Xmx8g"})


def test_settings_that_spark_submit_would_ignore_are_refused() -> None:
    with pytest.raises(InvalidSpec, match=r"write spark\.hadoop\.fs\.s3\.maxConnections"):
        spark_conf.conf("SparkStep.conf", {"fs.s3.maxConnections": 100})


@pytest.mark.parametrize("value", ["true", "True", " TRUE "])
def test_dynamic_allocation_is_on_when_the_settings_say_so(value: str) -> None:
    assert spark_conf.dynamic_allocation({"spark.dynamicAllocation.enabled": value})


@pytest.mark.parametrize("values", [{}, {"spark.dynamicAllocation.enabled": "false"}, "{{ params.conf }}", None])
def test_dynamic_allocation_is_not_said_otherwise(values: Any) -> None:
    assert not spark_conf.dynamic_allocation(values)


@pytest.mark.parametrize("value", ["4g\n", "\n4g", "4g\r\n"])
def test_a_line_break_that_came_along_is_refused(value: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spark\.x.* line break .* take it away"):
        spark_conf.conf("SparkStep.conf", {"spark.x": value})


def test_a_value_may_have_several_lines() -> None:
    conf = {"spark.x.query": "SELECT *\nFROM flights"}
    assert spark_conf.conf("field", conf) == conf
