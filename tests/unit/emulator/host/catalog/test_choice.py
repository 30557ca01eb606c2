"""Which catalog a cluster's steps are led to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.catalog.choice import Choice, Kind
from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.configurations import read
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

GLUE = {
    "hive.metastore.client.factory.class": "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
}
DATABASE = "javax.jdo.option.ConnectionURL"


def choices(
    hive: dict[str, str] | None = None, spark: dict[str, str] | None = None, settings: dict[str, str] | None = None
) -> tuple[Choice, Choice]:
    """Those of a Hive step and of a Spark step."""
    found = read(
        [
            {"Classification": "hive-site", "Properties": hive or {}},
            {"Classification": "spark-hive-site", "Properties": spark or {}},
        ]
    )
    return found.catalog_of_hive(), found.catalog_of_spark(settings or {})


def test_each_program_follows_its_own_classification() -> None:
    own, glue = Choice(), Choice(Kind.GLUE)
    assert choices() == (own, own)
    assert choices(GLUE) == (glue, own)
    assert choices(spark=GLUE) == (own, glue)
    assert choices(GLUE, GLUE) == (glue, glue)
    assert choices(settings={f"spark.hadoop.{key}": value for key, value in GLUE.items()}) == (own, glue)
    assert choices(settings={f"spark.{key}": value for key, value in GLUE.items()}) == (own, glue)
    assert choices(GLUE | {"hive.metastore.glue.catalogid": "123456789012"})[0] == glue


def test_an_external_metastore_is_asked_itself() -> None:
    uris = {"hive.metastore.uris": "thrift://meta.example:9083"}
    external = Choice(Kind.EXTERNAL, "thrift://meta.example:9083")
    assert choices(uris, uris) == (external, external)
    assert choices({"hive.metastore.uris": "thrift://localhost:9083"}) == (Choice(), Choice())


def test_a_database_on_the_primary_node_is_the_clusters_own() -> None:
    assert choices({DATABASE: "jdbc:mysql://localhost:3306/hive?createDatabaseIfNotExist=true"}) == (Choice(), Choice())


@pytest.mark.parametrize(
    ("hive", "told"),
    [
        (
            {DATABASE: "jdbc:mysql://me:hunter2@db.example:3306/hive?password=hunter2"},
            "=jdbc:mysql://db.example/…: the",
        ),
        ({DATABASE: "jdbc:sqlserver://db.example:1433;password=hunter2"}, "=jdbc:sqlserver://db.example/…: the"),
        *(
            ({DATABASE: address}, f"={address[: address.index(':', 5)]}:…: the")
            for address in (
                "jdbc:oracle:thin:hive/hunter2@//db:1521/svc",
                "jdbc:mysql://me:hunter2/hunter2@db.example/hive",
                "jdbc:mysql://me:12/hunter2@db.example/hive",
                "jdbc:mysql://me:hunter2?hunter2@db.example/hive",
                "jdbc:mysql://me:hunter2@hunter2@db.example/hive",
                "jdbc:mysql://address=(host=db.example)(password=hunter2)/hive",
                "jdbc:mysql:loadbalance://me:hunter2@db.example,me:hunter2@db2.example/hive",
            )
        ),
        ({DATABASE: "me:hunter2@db.example"}, "=…: the"),
        (GLUE | {"hive.metastore.glue.catalogid": "999999999999"}, "catalogid=999999999999"),
        ({"hive.metastore.client.factory.class": "my.Factory"}, "has no such client"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name_and_without_secrets(hive: dict[str, str], told: str) -> None:
    refused = choices(hive, hive)
    assert {choice.kind for choice in refused} == {Kind.REFUSED}
    assert all(told in choice.words and "hunter2" not in choice.words for choice in refused)


@pytest.mark.parametrize(
    ("here", "shared"),
    [
        ("file:/d/hdfs/user/hive/warehouse/t", "hdfs://j-a:8020/user/hive/warehouse/t"),
        ("hdfs:///t", "hdfs://j-a:8020/t"),
        ("hdfs://nn/t", "hdfs://j-a:8020/t"),
        ("hdfs://other/t", "hdfs://other/t"),
        ("file:/d/hdfs-2/t", "file:/d/hdfs-2/t"),
        ("s3://b/t", "s3://b/t"),
    ],
)
def test_what_clusters_share_names_the_cluster_whose_hdfs_it_lies_in(here: str, shared: str, tmp_path: Path) -> None:
    with closing(ObjectStore(tmp_path)) as store:
        places, elsewhere = Places(store, Path("/d/hdfs"), "j-A"), Places(store, Path("/e/hdfs"), "j-B")
        assert places.shared_name(here) == shared
        assert places.shared_name(places.own_name(shared)) == shared
        assert elsewhere.own_name(shared) == shared
