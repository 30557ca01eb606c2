from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.configurations import (
    GLUE_CLIENT_FACTORY,
    Configuration,
    environment,
    flink_conf,
    glue_catalog,
    jupyter_s3,
    spark_defaults,
    sql_connector,
    yarn_queues,
    yarn_site,
)
from tests.unit.specs.each_field import Output


def test_properties_become_text() -> None:
    configuration = Configuration("hive-site", {"hive.exec.parallel": True, "hive.exec.parallel.thread.number": 8})
    assert configuration.properties == {"hive.exec.parallel": "true", "hive.exec.parallel.thread.number": "8"}


@pytest.mark.parametrize("classification", ["hadoop-env", "yarn-env", "hive-env", "spark-env", "trino-env"])
def test_environment_variables_are_nested(classification: str) -> None:
    variables = {"HADOOP_NAMENODE_HEAPSIZE": 4096}
    nested = Configuration(classification, configurations=[Configuration("export", variables)])
    assert environment(classification, variables) == nested
    assert nested.configurations[0].properties == {"HADOOP_NAMENODE_HEAPSIZE": "4096"}
    with pytest.raises(InvalidSpec, match=rf'write environment\("{classification}"'):
        Configuration(classification, variables)


@pytest.mark.parametrize(
    ("classification", "variables", "told"),
    [
        ("hadoop-site", {"A": 1}, "write it like hadoop-env"),
        ("", {"A": 1}, "must not be empty"),
        ("hadoop-env", {"hadoop.heap": 1}, "write it like HADOOP_NAMENODE_HEAPSIZE"),
        ("hadoop-env", {"A": None}, "leave the setting out"),
        ("hadoop-env", "A=1", '"A": "1"'),
    ],
)
def test_what_is_no_environment_is_refused(classification: str, variables: Any, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        environment(classification, variables)


@pytest.mark.parametrize("classification", ["core-site", "hdfs-site", "yarn-site", "mapred-site"])
@pytest.mark.parametrize("name", ["HADOOP_NAMENODE_HEAPSIZE", "YARN_RESOURCEMANAGER_OPTS", "dfs.namenode.heap-size"])
def test_heap_sizes_are_no_properties_of_hadoop(classification: str, name: str) -> None:
    with pytest.raises(InvalidSpec, match=rf"\['{name}'\]: .*write environment\(\"hadoop-env\""):
        Configuration(classification, {"a": "b", name: 4096})


def test_the_options_of_tasks_are_properties_of_hadoop() -> None:
    options = {"mapreduce.map.java.opts": "-Xmx2g", "yarn.app.mapreduce.am.command-opts": "-Xmx1g"}
    assert Configuration("mapred-site", options).properties == options


@pytest.mark.parametrize("name", ["glue_catalog", "thrift://host:9083", ""])
def test_the_glue_catalog_is_no_jdbc_address_of_the_metastore(name: str) -> None:
    with pytest.raises(InvalidSpec, match=r"ConnectionURL.*\*glue_catalog\(\)"):
        Configuration("hive-site", {"javax.jdo.option.ConnectionURL": name})


@pytest.mark.parametrize("address", ["jdbc:mysql://db:3306/hive", "{{ conn.hive.host }}"])
def test_a_metastore_of_ones_own_has_a_jdbc_address(address: str) -> None:
    properties = {"javax.jdo.option.ConnectionURL": address}
    assert Configuration("hive-site", properties).properties == properties


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


def test_application_masters_can_be_kept_off_the_spot_market() -> None:
    assert yarn_site({"yarn.acl.enable": False}, application_masters_on_core=True) == Configuration(
        "yarn-site",
        {
            "yarn.node-labels.enabled": "true",
            "yarn.node-labels.am.default-node-label-expression": "CORE",
            "yarn.acl.enable": "false",
        },
    )
    assert yarn_site({"yarn.acl.enable": False}).properties == {"yarn.acl.enable": "false"}
    with pytest.raises(InvalidSpec, match="say it in properties only"):
        yarn_site({"yarn.node-labels.enabled": False}, application_masters_on_core=True)


@pytest.mark.parametrize(
    ("connector", "classification"),
    [
        (sql_connector("hive", {"hive.metastore": "glue"}), "trino-connector-hive"),
        (sql_connector("postgresql", engine="prestosql"), "prestosql-connector-postgresql"),
        (sql_connector("hive", engine="presto"), "presto-connector-hive"),
    ],
)
def test_a_connector_goes_to_its_engine(connector: Configuration, classification: str) -> None:
    assert connector.classification == classification


@pytest.mark.parametrize(
    ("name", "engine", "told"),
    [
        ("hive.properties", "trino", "write it like hive or postgresql"),
        ("", "trino", "must not be empty"),
        ("hive", "athena", "it is none of trino, presto, prestosql"),
    ],
)
def test_what_is_no_connector_is_refused(name: str, engine: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        sql_connector(name, engine=engine)


def test_flink_keeps_its_checkpoints_where_the_cluster_can_read_them() -> None:
    conf = flink_conf({"state.backend": "rocksdb"}, checkpoints="s3://state/flink/", task_slots=4)
    assert conf == Configuration(
        "flink-conf",
        {
            "state.checkpoints.dir": "s3://state/flink/",
            "taskmanager.numberOfTaskSlots": "4",
            "state.backend": "rocksdb",
        },
    )
    assert flink_conf({"a": 1}).properties == {"a": "1"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"checkpoints": "state/flink"}, "cannot read a folder of this machine"),
        ({"task_slots": 0}, "of at least 1"),
        ({"conf": {"state.checkpoints.dir": "s3://a"}, "checkpoints": "s3://state/b"}, "say it in conf only"),
    ],
)
def test_what_flink_could_not_use_is_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        flink_conf(**arguments)


def test_notebooks_outlive_the_cluster() -> None:
    assert jupyter_s3("notebooks").properties == {
        "s3.persistence.enabled": "true",
        "s3.persistence.bucket": "notebooks",
    }
    assert jupyter_s3("{{ var.value.bucket }}").properties["s3.persistence.bucket"] == "{{ var.value.bucket }}"
    with pytest.raises(InvalidSpec, match="without s3:// or a folder"):
        jupyter_s3("s3://notebooks/")


def test_queues_share_the_cluster() -> None:
    root = "yarn.scheduler.capacity.root"
    assert yarn_queues({"default": 12.5, "etl": 87.5}, most=90).properties == {
        f"{root}.queues": "default,etl",
        f"{root}.default.capacity": "12.5",
        f"{root}.default.maximum-capacity": "90",
        f"{root}.etl.capacity": "87.5",
        f"{root}.etl.maximum-capacity": "90",
    }


@pytest.mark.parametrize(
    ("shares", "most", "told"),
    [
        ({"a": 50, "b": 40}, 100, "they are 90 together"),
        ({}, 100, "they are 0 together"),
        ({"a": 100}, 90, "it must be at least 100"),
        ({"a.b": 100}, 100, "it is no name of a queue"),
        ({"a": -1, "b": 101}, 200, "it must be at least 0"),
        ({"a": "{{ params.share }}"}, 100, "shares are known when the DAG is written"),
        ({"a": 100}, 101, "a queue grows to 100 per cent at the most"),
        ("a=100", 100, "it is a mapping"),
        ("{{ params.shares }}", 100, "shares are known when the DAG is written"),
    ],
)
def test_queues_that_yarn_would_not_start_with_are_refused(shares: Any, most: float, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        yarn_queues(shares, most=most)


def test_flink_keeps_its_state_where_it_is_told() -> None:
    conf = flink_conf(checkpoints="s3://checkpoints/", checkpoint_seconds=60, state_backend="rocksdb")
    assert conf.properties == {
        "state.checkpoints.dir": "s3://checkpoints/",
        "execution.checkpointing.interval": "60 s",
        "state.backend": "rocksdb",
        "state.backend.incremental": "true",
    }
    with pytest.raises(InvalidSpec, match="state_backend"):
        flink_conf(state_backend="memory")
    with pytest.raises(InvalidSpec, match="checkpoint_seconds"):
        flink_conf(checkpoint_seconds=0)
