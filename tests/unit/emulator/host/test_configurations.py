"""What of a cluster's Configurations holds on one machine."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.host.catalog.choice import Kind
from airflow_emr_pipelines.emulator.host.configurations import read

GLUE = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"


def test_spark_defaults_are_taken_as_they_are() -> None:
    found = read([{"Classification": "spark-defaults", "Properties": {"spark.a": "1"}}])
    assert found.spark_defaults == {"spark.a": "1"}
    assert found.left_out == ()


def test_the_glue_catalog_is_followed() -> None:
    found = read(
        [
            {
                "Classification": name,
                "Properties": {"hive.metastore.client.factory.class": GLUE, "hive.exec.parallel": "true"},
            }
            for name in ("hive-site", "spark-hive-site")
        ]
    )
    assert found.hive_site == {"hive.exec.parallel": "true"}
    assert found.left_out == ()
    assert (found.catalog_of_hive().kind, found.catalog_of_spark({}).kind) == (Kind.GLUE, Kind.GLUE)


def test_a_warehouse_in_s3_is_kept() -> None:
    found = read([{"Classification": "hive-site", "Properties": {"hive.metastore.warehouse.dir": "s3://w/h"}}])
    assert found.hive_site == {"hive.metastore.warehouse.dir": "s3://w/h"}


def test_exported_variables_are_kept_but_no_places_of_a_node() -> None:
    exported = {"STAGE": "dev", "PYSPARK_PYTHON": "/usr/bin/python3"}
    found = read(
        [{"Classification": "spark-env", "Configurations": [{"Classification": "export", "Properties": exported}]}]
    )
    assert found.environment == {"STAGE": "dev"}
    assert found.left_out == ("spark-env export PYSPARK_PYTHON",)


def test_what_has_no_meaning_here_is_named() -> None:
    found = read(
        [
            {"Classification": "yarn-site", "Properties": {"yarn.x": "1"}},
            {"Classification": "core-site", "Properties": {"fs.s3.impl": "x", "io.file.buffer.size": "1"}},
        ]
    )
    assert found.core_site == {"io.file.buffer.size": "1"}
    assert found.left_out == ("classification yarn-site", "core-site fs.s3.impl")
