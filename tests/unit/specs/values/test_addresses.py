from __future__ import annotations

import pytest
from hypothesis import given

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values import addresses
from airflow_emr_pipelines.specs.values.templates import rendering_is_over
from tests.unit.specs.strategies import files, places, s3_folders


@given(files(".py"), places, s3_folders)
def test_good_addresses_are_kept_as_they_are(file: str, folder: str, s3_folder: str) -> None:
    assert addresses.file("field", file) == file
    assert addresses.folder("field", folder) == folder
    assert addresses.s3_folder("field", s3_folder) == s3_folder


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/key",
        "s3a://bucket/key",
        "s3n://old_bucket.name/key",
        "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar",
        "hdfs:///apps/job.jar",
        "hdfs://namenode:8020/apps/job.jar",
        "local:///usr/lib/spark/examples/jars/spark-examples.jar",
        "file:///home/hadoop/job.py",
        "/usr/lib/spark/examples/jars/spark-examples.jar",
        "https://example.com/job.py",
    ],
)
def test_a_cluster_reads_files_from_many_places(address: str) -> None:
    assert addresses.file("field", address) == address


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("script.py", "cannot read a file of this machine"),
        ("./script.py", "cannot read a file of this machine"),
        ("~/script.py", "cannot read a file of this machine"),
        ("//bucket/script.py", "cannot read a file of this machine"),
        ("C:\\script.py", "cannot read a file of this machine"),
        ("bucket/script.py", "cannot read a file of this machine"),
        ("s3:/x", "it is no S3 address"),
        ("s3:x", "it is no S3 address"),
        ("S3://bucket/x.py", "it is no S3 address"),
        ("S3://Bucket", "it is no S3 address"),
        ("S3:/Bucket", "it is no S3 address"),
        ("gs://bucket/x.py", "it is no S3 address"),
        ("s3://Bucket/x.py", "'Bucket' is no bucket name"),
        ("s3://b/x.py", "'b' is no bucket name"),
        ("s3:///x.py", "'' is no bucket name"),
        ("s3://-bucket/x.py", "'-bucket' is no bucket name"),
        ("s3://my bucket/x.py", "'my bucket' is no bucket name"),
        ("s3://bucket", "names a bucket and no file"),
        ("s3://bucket/", "names a bucket and no file"),
        ("s3://bucket//", "names a bucket and no file"),
        ("s3://bucket/folder/", "names a folder, not a file"),
        ("s3://bucket/x.py\n", "white space"),
        (" /apps/x.py", "cannot read a file of this machine"),
        ("/apps/x.py ", "white space"),
        ("", "must not be empty"),
        ("s3://bucket/\x00", "no control character"),
    ],
)
def test_other_addresses_are_refused_with_what_is_right(address: str, rule: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        addresses.file("SparkStep.application", address)
    assert rule in refused.value.rule
    assert refused.value.remedy


def test_the_way_out_of_a_bare_bucket_names_it() -> None:
    with pytest.raises(InvalidSpec, match="write s3://apps/path/to/file"):
        addresses.s3_file("field", "s3://apps")


def test_a_folder_may_be_a_whole_bucket() -> None:
    for address in ("s3://logs", "s3://logs/", "s3://logs/emr", "s3://logs/emr/"):
        assert addresses.s3_folder("field", address) == address


@pytest.mark.parametrize("address", ["hdfs:///logs", "/logs", "logs", "https://logs.s3.amazonaws.com/"])
def test_logs_go_to_s3_only(address: str) -> None:
    with pytest.raises(InvalidSpec, match="write s3://bucket/path/"):
        addresses.s3_folder("EmrCluster.log_uri", address)


@pytest.mark.parametrize(
    "address",
    ["{{ params.script }}", "s3://{{ params.bucket }}/x.py", "s3://raw-{{ params.env }}/x", "s3://bucket/{{ ds }}"],
)
def test_a_template_is_taken(address: str) -> None:
    assert addresses.file("field", address) == address


@pytest.mark.parametrize(
    "address", ["S3://bucket/{{ ds }}", "s3:/bucket/{{ ds }}", "s3://Bucket/{{ ds }}", "s3://bucket/{{ ds }}/"]
)
def test_what_a_template_shows_is_judged_at_once(address: str) -> None:
    with pytest.raises(InvalidSpec):
        addresses.file("field", address)


def test_a_template_is_a_poor_address_once_all_is_rendered() -> None:
    with rendering_is_over(), pytest.raises(InvalidSpec):
        addresses.file("field", "s3://{{ params.bucket }}/x.py")


def test_what_a_program_opens_itself_is_on_the_node() -> None:
    assert addresses.node_path("field", "/etc/spark.conf") == "/etc/spark.conf"
    for address in ("s3://bucket/spark.conf", "spark.conf", "file:///etc/spark.conf"):
        with pytest.raises(InvalidSpec, match="bootstrap action"):
            addresses.node_path("field", address)


def test_the_bucket_and_the_key_of_an_address() -> None:
    assert addresses.bucket_and_key("s3://raw-data/daily/x?y#z") == ("raw-data", "daily/x?y#z")
    assert addresses.bucket_and_key("s3a://raw-data") == ("raw-data", "")
