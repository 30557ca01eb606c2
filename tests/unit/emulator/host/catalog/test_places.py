"""What the Glue Data Catalog may remove of this machine when a table or database is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer
from airflow_emr_pipelines.emulator.s3.store import ObjectStore


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    store = ObjectStore(tmp_path / "s3")
    store.save_bucket("lake", {})
    hdfs = tmp_path / "clusters" / "j-1" / "hdfs"
    for folder in (tmp_path / "s3/lake/db/t", hdfs / "user/t", tmp_path / "outside"):
        folder.mkdir(parents=True)
    (tmp_path / "s3/lake/away").symlink_to(tmp_path / "outside")
    yield Places(store, hdfs, "j-1")
    store.close()


@pytest.mark.parametrize("location", ["s3://lake/", "s3://lake", "s3a://lake//./", "hdfs:///", "/", "hdfs://nn/"])
def test_the_root_of_a_bucket_or_of_hdfs_stays(places: Places, location: str) -> None:
    with pytest.raises(CannotAnswer, match="the root of a bucket or of HDFS is not removed"):
        places.removal(location)


@pytest.mark.parametrize("location", ["file:/", "file:{}", "file:{}/s3", "file:{}/outside", "s3://lake/away"])
def test_what_is_no_folder_of_the_clusters_stays(places: Places, tmp_path: Path, location: str) -> None:
    with pytest.raises(CannotAnswer, match="no folder of the cluster's"):
        places.removal(location.format(tmp_path))


@pytest.mark.parametrize(
    ("location", "folder"),
    [("s3://lake/db/t", "s3/lake/db/t"), ("hdfs:///user/t", "hdfs"), ("file:{}/clusters/j-1/hdfs/user/t", "hdfs")],
)
def test_the_data_of_a_table_is_removed_once_its_catalog_has_forgotten_it(
    places: Places, tmp_path: Path, location: str, folder: str
) -> None:
    path = places.hdfs / "user/t" if folder == "hdfs" else tmp_path / folder
    remove = places.removal(location.format(tmp_path))
    assert path.exists()
    remove()
    assert not path.exists()
    assert path.parent.exists()


@pytest.mark.parametrize("location", ["s3://nobodys/t", "hdfs://j-2:8020/t"])
def test_a_table_that_lies_where_nothing_is_can_be_forgotten(places: Places, location: str) -> None:
    remove = places.removal(location)
    with pytest.raises(CannotAnswer, match=r"there is no bucket|HDFS"):
        remove()
