"""s3-dist-cp really copies, with the options of the real one."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.integration.emulator.host.steps.conftest import Cluster, keys


def fill(s3: Any, bucket: str, **files: bytes) -> None:
    for name, body in files.items():
        s3.put_object(Bucket=bucket, Key=f"in/{name.replace('__', '/').replace('_', '.')}", Body=body)


def body_of(s3: Any, bucket: str, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def test_what_matches_is_copied_and_then_removed_from_the_source(cluster: Cluster, s3: Any, bucket: str) -> None:
    fill(s3, bucket, a_parquet=b"a", d__b_parquet=b"bb", c_txt=b"c")
    ended = cluster.run(
        "s3-dist-cp",
        f"--src=s3://{bucket}/in",
        f"--dest=s3://{bucket}/archive/2013/01",
        "--srcPattern=.*\\.parquet$",
        "--deleteOnSuccess",
    )
    assert ended.state == "COMPLETED", ended.stderr
    assert keys(s3, bucket) == ["archive/2013/01/a.parquet", "archive/2013/01/d/b.parquet", "in/c.txt"]
    assert "copied 2 files of 3 bytes" in ended.stderr


def test_a_pattern_is_held_against_the_whole_path(cluster: Cluster, s3: Any, bucket: str) -> None:
    fill(s3, bucket, a_parquet=b"a")
    ended = cluster.run("s3-dist-cp", f"--src=s3://{bucket}/in", f"--dest=s3://{bucket}/out", "--srcPattern=parquet")
    assert ended.state == "FAILED"
    assert "Input path does not exist" in ended.failure["Message"]


def test_groups_become_files_of_the_codec_that_is_asked_for(cluster: Cluster, s3: Any, bucket: str) -> None:
    fill(s3, bucket, ewr__1_log=b"one\n", ewr__2_log=b"two\n", jfk__1_log=b"three\n", x_txt=b"x")
    ended = cluster.run(
        "s3-dist-cp",
        *("--src", f"s3://{bucket}/in", "--dest", f"s3://{bucket}/out", "--groupBy", ".*/(\\w+)/\\d\\.log"),
        *("--outputCodec", "gz", "--outputManifest", "manifest.gz"),
    )
    assert ended.state == "COMPLETED", ended.stderr
    assert keys(s3, bucket, "out") == ["out/ewr.gz", "out/jfk.gz", "out/manifest.gz"]
    assert gzip.decompress(body_of(s3, bucket, "out/ewr.gz")) == b"one\ntwo\n"
    manifest = gzip.decompress(body_of(s3, bucket, "out/manifest.gz")).decode().splitlines()
    assert [json.loads(line)["baseName"] for line in manifest] == ["ewr.gz", "jfk.gz"]


def test_a_jar_of_the_nodes_is_the_program_and_a_group_without_part_in_the_match_is_null(
    cluster: Cluster, s3: Any, bucket: str
) -> None:
    fill(s3, bucket, ewr_log=b"one", jfk_log=b"two")
    addresses = (f"--src=s3://{bucket}/in", f"--dest=s3://{bucket}/out", "--groupBy=.*/(ewr).*|.*/(jfk).*")
    ended = cluster.run(*addresses, jar="/usr/share/aws/emr/s3-dist-cp/lib/s3-dist-cp.jar")
    assert ended.state == "COMPLETED", ended.stderr
    assert keys(s3, bucket, "out") == ["out/ewrnull", "out/nulljfk"]


def test_a_manifest_tells_what_need_not_be_copied_again(cluster: Cluster, s3: Any, bucket: str) -> None:
    fill(s3, bucket, a=b"a")
    copy = ("s3-dist-cp", f"--src=s3://{bucket}/in", f"--dest=s3://{bucket}/out")
    assert cluster.run(*copy, "--outputManifest=first.gz").state == "COMPLETED"
    fill(s3, bucket, b=b"b")
    ended = cluster.run(*copy, f"--previousManifest=s3://{bucket}/out/first.gz", "--outputManifest=second.gz")
    assert "copied 1 files" in ended.stderr
    none = cluster.run(*copy, f"--previousManifest=s3://{bucket}/out/none.gz")
    assert "--previousManifest" in none.failure["Message"]


def test_files_go_to_hdfs_and_back(cluster: Cluster, s3: Any, bucket: str) -> None:
    fill(s3, bucket, a_gz=gzip.compress(b"a"), d__b=b"b")
    there = cluster.run("s3-dist-cp", f"--src=s3://{bucket}/in", "--dest=hdfs:///dist", "--outputCodec=none")
    back = cluster.run("s3-dist-cp", "--src=/dist", f"--dest=s3://{bucket}/out", "--numberFiles", "--startingIndex=7")
    assert (there.state, back.state) == ("COMPLETED", "COMPLETED"), (there.stderr, back.stderr)
    assert keys(s3, bucket, "out") == ["out/00007a", "out/d/00008b"]
    assert body_of(s3, bucket, "out/00007a") == b"a"


def test_what_a_client_said_of_an_object_is_copied_with_it(cluster: Cluster, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"a", ContentType="text/x", Metadata={"who": "me"})
    src, dest = f"--src=s3://{bucket}/in", f"--dest=s3://{bucket}/out"
    cluster.run("s3-dist-cp", src, dest, "--s3ServerSideEncryption", "--storageClass=REDUCED_REDUNDANCY")
    head = s3.head_object(Bucket=bucket, Key="out/a")
    assert (head["ContentType"], head["Metadata"], head["ServerSideEncryption"]) == ("text/x", {"who": "me"}, "AES256")
    assert head["StorageClass"] == "REDUCED_REDUNDANCY"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--src=s3://{bucket}/none", "--dest=s3://{bucket}/out"], "Input path does not exist"),
        (["--src=s3://no-such-bucket-here/x", "--dest=s3://{bucket}/out"], "does not exist: no-such-bucket-here"),
        (["--src=s3://{bucket}/in", "--dest=s3://no-such-bucket-here/x"], "does not exist: no-such-bucket-here"),
        (["--src=s3://{bucket}/in"], "--dest"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--fancy=1"], "--fancy=1"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--groupBy=.*a.*"], "parenthesised group"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--targetSize=1"], "--groupBy"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--targetSize=x"], "--targetSize"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--outputCodec=lzo"], "lzo"),
        (["--src=s3://{bucket}/in", "--dest=s3://{bucket}/out", "--srcPattern=("], "no regular expression"),
        (["--src=ftp://x/in", "--dest=s3://{bucket}/out"], "ftp"),
    ],
)
def test_what_cannot_be_copied_is_named(cluster: Cluster, s3: Any, bucket: str, options: list[str], told: str) -> None:
    fill(s3, bucket, a=b"a")
    ended = cluster.run("s3-dist-cp", *(option.format(bucket=bucket) for option in options))
    assert ended.state == "FAILED"
    assert told in ended.failure["Message"]
