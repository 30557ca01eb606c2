from __future__ import annotations

import warnings
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps import S3DistCpStep


def copy(src: str = "s3://from/a/", dest: str = "hdfs:///to", **options: Any) -> S3DistCpStep:
    return S3DistCpStep("a", src, dest, **options)


@pytest.mark.parametrize("folder", ["s3://bucket", "s3://bucket/a/", "hdfs:///a", "/a", "s3://a-{{ ds }}/b_c/"])
def test_folders_are_in_s3_and_hdfs(folder: str) -> None:
    assert copy(folder, folder).dest == folder


@pytest.mark.parametrize("field", ["src", "dest"])
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("data/", "cannot read a folder of this machine"),
        ("s3:/from", "with two slashes"),
        ("s3://my_bucket/a/", "underscore"),
        ("s3a://my_bucket/{{ ds }}", "underscore"),
        ("S3://from", "lower case"),
    ],
)
def test_other_folders_are_refused(field: str, address: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=rf"S3DistCpStep.{field} = .*{told}"):
        copy(**{field: address})


def test_underscores_are_fine_in_keys() -> None:
    made = copy("s3://from/_temporary/a_b/", "s3://goal/c_d/")
    assert (made.src, made.dest) == ("s3://from/_temporary/a_b/", "s3://goal/c_d/")


@pytest.mark.parametrize(
    "pattern",
    [
        r".*\.parquet$",
        r".*/(\d{4})-(\d\d)/.*",
        r"(?<year>\d+)/.*",
        r"[\w&&[^d]]+",
        r"a++b*+",
        r"\p{Alpha}+\z",
        r"\Q*.csv\E",
        "{{ params.pattern }}",
    ],
)
def test_patterns_are_javas(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert copy(src_pattern=pattern).src_pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("*.csv", r"not a glob: write \.\*\\.csv for \*\.csv"),
        ("(a", "missing \\)"),
        ("a)", "unbalanced parenthesis"),
        ("[a", "unterminated character set"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, told: str) -> None:
    for field in ("src_pattern", "group_by"):
        with pytest.raises(InvalidSpec, match=rf"S3DistCpStep.{field} = .*{told}"):
            copy(**{field: pattern})


@pytest.mark.parametrize("pattern", [".*/part-.*", r".*/\(part\)-.*", "(?:part)", "(?<=a)b", "(?i)part"])
def test_files_are_joined_by_a_group(pattern: str) -> None:
    with pytest.raises(InvalidSpec, match=r"put parentheses around"):
        copy(group_by=pattern)


@pytest.mark.parametrize("pattern", [".*/(part)-.*", r"\\(a)", "(?<name>a)", "((a)b)"])
def test_a_group_is_in_parentheses(pattern: str) -> None:
    assert copy(group_by=pattern, target_size="128").target_size == 128


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target_size": 128}, "S3DistCpStep.target_size = 128: it says nothing without group_by"),
        ({"target_size": 0, "group_by": "(a)"}, "at least 1"),
        ({"target_size": 1.5, "group_by": "(a)"}, "whole number"),
        ({"starting_index": 0}, "nothing without number_files"),
        ({"starting_index": 0, "number_files": "False"}, "nothing without number_files"),
        ({"copy_from_manifest": True}, "nothing without previous_manifest"),
        ({"require_previous_manifest": True}, "nothing without previous_manifest"),
        ({"multipart_upload_chunk_size": 16, "disable_multipart_upload": True}, "there are no chunks"),
        ({"multipart_upload_chunk_size": 4}, "at least 5"),
        ({"output_codec": "zip"}, "did you mean gzip?"),
        ({"output_codec": "brotli"}, "gzip, gz, lzo, snappy, none"),
        ({"storage_class": "GLACIER"}, "STANDARD, REDUCED_REDUNDANCY"),
        ({"delete_on_success": "maybe"}, "write True or False"),
        ({"previous_manifest": "manifest.gz"}, "upload it"),
        ({"src_prefixes_file": "prefixes.txt"}, "upload it"),
        ({"output_codec": "gzip", "src_pattern": r".*\.parquet"}, "leave it out: Parquet is compressed inside"),
        ({"output_codec": "gzip", "src": "s3://from/a.parquet/"}, "leave it out: Parquet is compressed inside"),
        ({"group_by": r".*/(part).*\.parquet"}, "compact by a SparkStep"),
        ({"group_by": "(a)", "src_pattern": r".*\.PARQUET"}, "compact by a SparkStep"),
    ],
)
def test_options_that_would_do_harm_or_nothing_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        copy(**options)


def test_parquet_is_copied_as_it_is() -> None:
    made = copy(src_pattern=r".*\.parquet$", delete_on_success=True, output_codec="none")
    assert (made.delete_on_success, made.output_codec) == (True, "none")


def test_options_that_are_switched_off_need_nothing() -> None:
    made = copy(copy_from_manifest="false", require_previous_manifest="False")
    assert (made.copy_from_manifest, made.require_previous_manifest, made.previous_manifest) == (False, False, None)
    assert copy(copy_from_manifest="{{ params.again }}").copy_from_manifest == "{{ params.again }}"
