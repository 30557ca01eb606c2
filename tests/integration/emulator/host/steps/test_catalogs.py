"""Whose tables a step sees: its cluster's own, or those of the Glue Data Catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from local.local_emulator import LocalEmulator
from tests.costly import DELAYS, EMULATOR
from tests.integration.emulator.host.steps.conftest import Cluster, Ended, make_bucket

FACTORY = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
BUCKET = "glue-lake"
MAKE = """
CREATE DATABASE lake LOCATION 's3://glue-lake/lake';
USE lake;
CREATE EXTERNAL TABLE flights (carrier STRING, delay INT) PARTITIONED BY (ds STRING, region STRING)
  STORED AS PARQUET LOCATION 's3://glue-lake/flights';
INSERT OVERWRITE TABLE flights PARTITION (ds='2013-01-01', region='us east') VALUES ('UA', 4), ('AA', 7);
INSERT INTO flights PARTITION (ds='2013-01-02', region='eu/x') VALUES ('UA', 5);
CREATE VIEW delays AS SELECT carrier, sum(delay) AS delay FROM flights GROUP BY carrier;
SET hive.exec.dynamic.partition.mode=nonstrict;
CREATE TABLE changed (a INT) PARTITIONED BY (b STRING);
INSERT OVERWRITE TABLE changed PARTITION (b) VALUES (1, 'x'), (2, 'y'), (3, 'z');
ALTER TABLE changed DROP PARTITION (b='x');
ALTER TABLE changed PARTITION (b='y') RENAME TO PARTITION (b='yy');
ALTER TABLE changed SET TBLPROPERTIES ('k'='v');
SELECT 'changed', a, b FROM changed ORDER BY a;
CREATE TABLE doomed AS SELECT 1 AS a;
DROP TABLE doomed;
CREATE DATABASE gone;
CREATE TABLE gone.t (a INT);
DROP DATABASE gone CASCADE;
CREATE TABLE default.in_hdfs AS SELECT 7 AS x;
SELECT 'own hdfs', x FROM default.in_hdfs;
ALTER TABLE changed RENAME TO renamed;
"""
READ = "SELECT 'view', * FROM lake.delays ORDER BY 2; SELECT 'by glue', sum(n) FROM lake.made_by_glue; {}"
BY_GLUE = {
    "Name": "Made_By_Glue",
    "PartitionKeys": [],
    "StorageDescriptor": {
        "Columns": [{"Name": "k", "Type": "string"}, {"Name": "n", "Type": "int"}],
        "Location": f"s3://{BUCKET}/csv/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ","},
        },
    },
}


def cluster_with(emulator: LocalEmulator, *classifications: str, **properties: str) -> Cluster:
    properties = properties or {"hive.metastore.client.factory.class": FACTORY}
    configurations = [{"Classification": name, "Properties": properties} for name in classifications]
    return Cluster(emulator, "catalogs", ("Hadoop", "Spark", "Hive"), Configurations=configurations)


@pytest.fixture(scope="module")
def made(emulator: LocalEmulator, s3: Any) -> Ended:
    """What a Hive step on one cluster made in the Glue Data Catalog, up to its last statement."""
    make_bucket(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key="csv/a.csv", Body=b"x,1\ny,2\n")
    return cluster_with(emulator, "hive-site").run("hive", "-e", MAKE)


@pytest.fixture(scope="module")
def others(made: Ended, emulator: LocalEmulator) -> tuple[Ended, Ended]:
    """Another cluster's Spark step, which is led to Glue, and its Hive step, which is not."""
    emulator.client("glue").create_table(DatabaseName="lake", TableInput=BY_GLUE)
    second = cluster_with(emulator, "spark-hive-site")
    reading = second.start("spark-sql", "-e", READ.format("SELECT x FROM default.in_hdfs"))
    own = second.start("hive", "-e", "SHOW DATABASES; CREATE TABLE mine AS SELECT 1 AS a; SELECT 'mine', a FROM mine;")
    return second.wait(reading), second.wait(own)


def test_glue_tells_what_a_step_made(made: Ended, emulator: LocalEmulator) -> None:
    glue = emulator.client("glue")
    assert [line for line in made.stdout.splitlines() if line[0] in "co"] == [
        "changed\t2\tyy",
        "changed\t3\tz",
        "own hdfs\t7",
    ], made.stderr[-2000:]
    tables = {table["Name"]: table for table in glue.get_tables(DatabaseName="lake")["TableList"]}
    assert {"flights", "delays", "changed"} <= tables.keys()
    assert "doomed" not in tables
    flights = tables["flights"]
    assert [(key["Name"], key["Type"]) for key in flights["PartitionKeys"]] == [("ds", "string"), ("region", "string")]
    assert (flights["TableType"], flights["StorageDescriptor"]["Location"]) == (
        "EXTERNAL_TABLE",
        "s3://glue-lake/flights",
    )
    assert tables["changed"]["Parameters"]["k"] == "v"
    partitions = glue.get_partitions(DatabaseName="lake", TableName="flights")["Partitions"]
    assert [(partition["Values"], partition["StorageDescriptor"]["Location"]) for partition in partitions] == [
        (["2013-01-01", "us east"], "s3://glue-lake/flights/ds=2013-01-01/region=us east"),
        (["2013-01-02", "eu/x"], "s3://glue-lake/flights/ds=2013-01-02/region=eu%2Fx"),
    ]
    databases = {database["Name"] for database in glue.get_databases()["DatabaseList"]}
    assert {"default", "lake"} <= databases
    assert "gone" not in databases


def test_what_glue_lacks_is_refused_as_on_aws(made: Ended) -> None:
    assert made.state == "FAILED"
    assert "Table rename is not supported" in made.failure["Message"]


def test_another_cluster_sees_the_tables_and_those_of_glues_own_api(others: tuple[Ended, Ended]) -> None:
    read, _ = others
    assert read.stdout.splitlines() == ["view\tAA\t7", "view\tUA\t9", "by glue\t3"], read.stderr[-2000:]
    assert "the Glue Data Catalog in us-east-1" in read.controller


def test_a_table_in_another_clusters_hdfs_is_no_empty_table(others: tuple[Ended, Ended]) -> None:
    read, _ = others
    assert read.state == "FAILED"
    assert "NoSuchNameNode" in read.stderr


def test_without_glue_a_cluster_has_tables_of_its_own(others: tuple[Ended, Ended], cluster: Cluster) -> None:
    """Hive follows hive-site: Glue for Spark alone leaves it with the cluster's own."""
    _, own = others
    assert (own.state, own.stdout.splitlines()) == ("COMPLETED", ["default", "mine\t1"]), own.stderr[-2000:]
    assert "tables are those of the cluster itself" in own.controller
    elsewhere = cluster.run("spark-sql", "-e", "SELECT * FROM mine")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in elsewhere.failure["Message"]


def test_a_database_of_elsewhere_is_refused_by_name(emulator: LocalEmulator) -> None:
    address = {"javax.jdo.option.ConnectionURL": "jdbc:mysql://me:hunter2@db.example/hive"}
    ended = cluster_with(emulator, "hive-site", **address).run("hive", "-e", "SHOW DATABASES")
    assert "hive-site javax.jdo.option.ConnectionURL=jdbc:mysql://db.example/…" in ended.failure["Message"]


def test_the_glue_data_catalog_outlives_a_killed_emulator(tmp_path: Path) -> None:
    def told(emulator: LocalEmulator) -> list[Any]:
        glue = emulator.client("glue")
        tables = glue.get_tables(DatabaseName="sales")["TableList"]
        partitions = glue.get_partitions(DatabaseName="sales", TableName="orders")["Partitions"]
        return [glue.get_databases()["DatabaseList"], tables, partitions]

    running = LocalEmulator(tmp_path / "data", log=tmp_path / "log", options=DELAYS, python=EMULATOR)
    with running as emulator:
        glue = emulator.client("glue")
        glue.create_database(DatabaseInput={"Name": "Sales", "LocationUri": "s3://b/sales"})
        keys = [{"Name": "ds", "Type": "string"}]
        for name in ("Orders", "dropped"):
            glue.create_table(DatabaseName="sales", TableInput={"Name": name, "PartitionKeys": keys})
        glue.delete_table(DatabaseName="sales", Name="dropped")
        values = [{"Values": [day], "Parameters": {"day": day}} for day in ("1", "2", "3")]
        glue.batch_create_partition(DatabaseName="sales", TableName="orders", PartitionInputList=values)
        glue.delete_partition(DatabaseName="sales", TableName="orders", PartitionValues=["2"])
        before = told(emulator)
        (program,) = psutil.Process(emulator.process.pid).children()
        program.kill()
        emulator.start()
        emulator.wait_until_ready()
        assert told(emulator) == before
        assert [partition["Values"] for partition in before[2]] == [["1"], ["3"]]
