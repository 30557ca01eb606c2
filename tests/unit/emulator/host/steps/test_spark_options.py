"""What of a spark-submit command holds on one machine."""

from __future__ import annotations

import pytest

from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun
from airflow_emr_pipelines.emulator.host.steps.spark_options import (
    LocalSettings,
    heap_mib,
    logs_events,
    parse,
    read_properties,
)


def test_options_end_at_the_application() -> None:
    options = parse(["--deploy-mode", "cluster", "--class", "C", "s3://b/app.jar", "--conf", "x", "--deploy-mode"])
    assert options.settings == {"spark.submit.deployMode": "cluster"}
    assert options.passed == ("--class", "C")
    assert options.application == ("s3://b/app.jar", "--conf", "x", "--deploy-mode")


def test_both_ways_to_write_a_value_are_understood() -> None:
    options = parse(["--driver-memory=4g", "--conf=a.b=c=d", "-c", "e=f, g", "--py-files=x.zip", "app.py"])
    assert options.settings == {"spark.driver.memory": "4g", "a.b": "c=d", "e": "f, g"}
    assert options.values == {"--py-files": "x.zip"}


def test_the_later_of_two_settings_holds() -> None:
    options = parse(["--executor-memory", "4g", "--conf", "spark.executor.memory=6g", "app.py"])
    assert options.settings == {"spark.executor.memory": "6g"}


def test_words_for_the_sql_program_may_stand_anywhere() -> None:
    options = parse(["-f", "s3://b/q.sql", "--conf", "a=b", "-d", "K=V", "-v"], mixed=True)
    assert options.application == ("-f", "s3://b/q.sql", "-d", "K=V", "-v")
    assert options.settings == {"a": "b"}


def test_an_unknown_option_is_left_for_spark_to_refuse() -> None:
    assert parse(["--nonsense", "app.py"]).passed == ("--nonsense",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--conf"], "--conf has no value"),
        (["--conf", "a", "app.py"], "without '=': a"),
        (["--jars"], "--jars has no value"),
    ],
)
def test_a_broken_command_is_named(words: list[str], told: str) -> None:
    with pytest.raises(CannotRun, match=told):
        parse(words)


@pytest.mark.parametrize(
    "name",
    [
        "spark.master",
        "spark.submit.deployMode",
        "spark.yarn.queue",
        "spark.dynamicAllocation.enabled",
        "spark.shuffle.service.enabled",
        "spark.executor.instances",
        "spark.executor.memoryOverhead",
        "spark.driver.host",
        "spark.local.dir",
        "spark.pyspark.python",
        "spark.hadoop.fs.s3.impl",
        "spark.hadoop.hive.metastore.client.factory.class",
        "spark.kerberos.keytab",
        "spark.eventLog.enabled",
        "spark.task.cpus",
    ],
)
def test_what_needs_a_cluster_is_left_out_and_named(name: str) -> None:
    local = LocalSettings.of({name: "x"}, in_cluster_mode=True)
    assert local.left_out == {name: "x"}
    assert local.kept == {}


@pytest.mark.parametrize(
    "name",
    [
        "spark.sql.adaptive.enabled",
        "spark.sql.adaptive.coalescePartitions.enabled",
        "spark.sql.shuffle.partitions",
        "spark.serializer",
        "spark.speculation",
        "spark.driver.maxResultSize",
        "spark.sql.sources.partitionOverwriteMode",
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version",
    ],
)
def test_other_settings_pass_unchanged(name: str) -> None:
    assert LocalSettings.of({name: "a,b"}, in_cluster_mode=True).kept == {name: "a,b"}


def test_classes_of_aws_are_left_out() -> None:
    settings = {"spark.sql.parquet.output.committer.class": "com.amazon.emr.committer.EmrOptimizedCommitter"}
    assert LocalSettings.of(settings, in_cluster_mode=True).left_out == settings


def test_an_event_log_in_s3_is_kept() -> None:
    settings = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": "s3://logs/spark"}
    assert LocalSettings.of(settings, in_cluster_mode=True).kept == settings


@pytest.mark.parametrize(
    ("settings", "logs"),
    [
        ({}, True),
        ({"spark.eventLog.dir": "hdfs:///var/log/spark/apps", "spark.eventLog.enabled": "true"}, True),
        ({"spark.eventLog.enabled": "false"}, False),
        ({"spark.eventLog.dir": "s3://logs/spark", "spark.eventLog.enabled": "true"}, False),
    ],
)
def test_sparks_history_shows_what_does_not_log_its_events_elsewhere(settings: dict[str, str], logs: bool) -> None:
    assert logs_events(settings) == logs


def test_variables_for_the_driver_reach_it_but_no_places_of_a_node() -> None:
    prefix = "spark.yarn.appMasterEnv."
    local = LocalSettings.of(
        {f"{prefix}STAGE": "dev", f"{prefix}PYSPARK_PYTHON": "./env/bin/python"}, in_cluster_mode=True
    )
    assert local.driver_environment == {"STAGE": "dev"}
    assert list(local.left_out) == [f"{prefix}PYSPARK_PYTHON"]


@pytest.mark.parametrize(
    ("settings", "mib"),
    [
        ({}, 1024),
        ({"spark.driver.memory": "4g"}, 4096),
        ({"spark.driver.memory": "2g", "spark.executor.memory": "12G"}, 12288),
        ({"spark.driver.memory": "512m", "spark.executor.memory": "700mb"}, 700),
        ({"spark.driver.memory": "1024", "spark.executor.memory": "1048576k"}, 1024),
    ],
)
def test_the_heap_is_what_the_larger_of_driver_and_executor_asks_for(settings: dict[str, str], mib: int) -> None:
    assert heap_mib(settings) == mib


@pytest.mark.parametrize("size", ["lots", "4 gigs", "-1g", "1.5g", ""])
def test_a_size_that_is_none_is_named(size: str) -> None:
    with pytest.raises(CannotRun, match=r"spark\.executor\.memory="):
        heap_mib({"spark.executor.memory": size})


def test_a_properties_file_is_read_as_spark_reads_it() -> None:
    text = "# comment\nspark.a  1\nspark.b=x y\n spark.c: z=1\n\nspark.d\n"
    assert read_properties(text) == {"spark.a": "1", "spark.b": "x y", "spark.c": "z=1", "spark.d": ""}


def test_a_variable_of_yarns_application_master_is_the_drivers_in_cluster_mode_only() -> None:
    variable = {"spark.yarn.appMasterEnv.STAGE": "dev"}
    assert LocalSettings.of(variable, in_cluster_mode=True).driver_environment == {"STAGE": "dev"}
    in_client_mode = LocalSettings.of(variable, in_cluster_mode=False)
    assert (in_client_mode.driver_environment, in_client_mode.left_out) == ({}, variable)
