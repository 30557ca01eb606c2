"""The Glue Data Catalog as a metastore, in front of moto's Glue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from airflow_emr_pipelines.emulator.host.catalog.glue import GlueCatalog
from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer
from airflow_emr_pipelines.emulator.host.catalog.thrift import CALL, Message, boolean, text, texts
from airflow_emr_pipelines.emulator.host.own_client import own_client
from airflow_emr_pipelines.emulator.s3.store import ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    made = ObjectStore(tmp_path / "s3")
    made.save_bucket("whole", {})
    yield made
    made.close()


@pytest.fixture
def url() -> Iterator[str]:
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


def test_what_is_not_removed_stays_in_glue_and_the_rest_goes(url: str, store: ObjectStore, tmp_path: Path) -> None:
    data = store.put("whole", "inner/a", b"1").path
    assert data is not None
    glue = own_client("glue", url, "us-east-1")
    catalog = GlueCatalog(url, "us-east-1", Places(store, tmp_path / "hdfs", "j-1"), "hdfs:///w")
    glue.create_database(DatabaseInput={"Name": "lake", "LocationUri": "s3://whole/db"})
    for name, location in (("inner", "s3://whole/inner"), ("outer", "s3://whole/")):
        table = {"Name": name, "TableType": "MANAGED_TABLE", "StorageDescriptor": {"Location": location}}
        glue.create_table(DatabaseName="lake", TableInput={**table, "PartitionKeys": [{"Name": "ds"}]})
    glue.create_partition(
        DatabaseName="lake",
        TableName="inner",
        PartitionInput={"Values": ["1"], "StorageDescriptor": {"Location": "s3://whole/"}},
    )

    def tables() -> list[str]:
        return [table["Name"] for table in glue.get_tables(DatabaseName="lake")["TableList"]]

    lake, yes = text("lake"), boolean(True)
    for call, arguments in (
        ("drop_table", {1: lake, 2: text("outer"), 3: yes}),
        ("drop_database", {1: lake, 2: yes, 3: yes}),
        ("drop_partition", {1: lake, 2: text("inner"), 3: texts(["1"]), 4: yes}),
    ):
        with pytest.raises(CannotAnswer, match="s3://whole/: the root of a bucket"):
            catalog.answer(Message(CALL, call, 1, arguments))
    assert tables() == ["inner", "outer"]
    assert len(glue.get_partitions(DatabaseName="lake", TableName="inner")["Partitions"]) == 1
    assert data.exists()

    catalog.answer(Message(CALL, "drop_table", 1, {1: lake, 2: text("inner"), 3: yes}))
    assert tables() == ["outer"]
    assert not data.exists()
    assert store.has_bucket("whole")
