"""hadoop distcp really copies, as Hadoop's own does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.emulator.host.steps.conftest import Cluster, Ended, keys


@pytest.fixture
def src(s3: Any, bucket: str) -> str:
    for name in ("a", "d/b"):
        s3.put_object(Bucket=bucket, Key=f"src/{name}", Body=name.encode())
    return f"s3://{bucket}/src"


def copy(cluster: Cluster, *words: str) -> Ended:
    return cluster.run("hadoop", "distcp", *words)


def bodies(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    return {
        key.removeprefix(prefix): s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for key in keys(s3, bucket, prefix)
    }


def test_what_is_there_is_left_alone_updated_or_overwritten(cluster: Cluster, s3: Any, bucket: str, src: str) -> None:
    dest = f"s3://{bucket}/dest"
    for name, body in {"a": b"X", "d/b": b"longer", "old": b"old"}.items():
        s3.put_object(Bucket=bucket, Key=f"dest/{name}", Body=body)
    one = copy(cluster, f"{src}/a", dest)
    assert "copied 0 files" in one.stderr, "a file that is there is skipped"
    updated = copy(cluster, "-update", src, dest)
    assert "copied 1 files" in updated.stderr, "S3 has no checksums: what has the same length is the same"
    assert bodies(s3, bucket, "dest/") == {"a": b"X", "d/b": b"d/b", "old": b"old"}
    assert copy(cluster, "-overwrite", "-delete", src, dest).state == "COMPLETED"
    assert bodies(s3, bucket, "dest/") == {"a": b"a", "d/b": b"d/b"}


def test_a_bucket_that_is_not_there_is_named(cluster: Cluster, src: str) -> None:
    for words in ((src, "s3://no-such-bucket-here/x"), ("s3://no-such-bucket-here/x", src)):
        ended = copy(cluster, *words)
        assert ended.state == "FAILED"
        assert "NoSuchBucket" in ended.failure["Message"]
