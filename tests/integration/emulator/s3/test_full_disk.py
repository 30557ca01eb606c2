"""A full disk refuses what has no room, keeps what it has, and is got out of by deleting."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator

DISK = "size=2m"
PIECE = b"x" * 100_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root of a Linux machine can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(disk)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def full(disk: Path, tmp_path: Path) -> Iterator[tuple[LocalEmulator, Any]]:
    """An emulator whose disk is full to the last byte."""
    with LocalEmulator(disk / "data", log=tmp_path / "emulator.log") as emulator:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="full")
        for key in ("kept", "kept//aside"):
            s3.put_object(Bucket="full", Key=key, Body=b"before", Metadata={"a": "b"})
        for number in itertools.count():
            try:
                s3.put_object(Bucket="full", Key=f"folder/{number:03}", Body=PIECE)
            except ClientError:
                break
        with pytest.raises(OSError, match="No space left"):
            fill(emulator.buckets_folder / "full" / "rest")
        yield emulator, s3


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def refusal(emulator: LocalEmulator, s3: Any, **asked: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="full", **asked)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("key", ["kept", "kept//aside", "new", "new//aside", "new/in/a/folder", "marker/"])
def test_what_has_no_room_is_refused_and_leaves_nothing_behind(full: tuple[LocalEmulator, Any], key: str) -> None:
    emulator, s3 = full
    before = sorted(str(path) for path in emulator.data_dir.rglob("*"))
    assert refusal(emulator, s3, Key=key, Body=PIECE) == ("InsufficientStorage", 507)
    assert sorted(str(path) for path in emulator.data_dir.rglob("*")) == before
    for kept in ("kept", "kept//aside"):
        got = s3.get_object(Bucket="full", Key=kept)
        assert (got["Body"].read(), got["Metadata"]) == (b"before", {"a": "b"})


def test_deleting_makes_room_again(full: tuple[LocalEmulator, Any]) -> None:
    _, s3 = full
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="full")["Contents"]]
    assert {"kept", "kept//aside", "folder/000", "rest"} <= set(keys)
    for key in ("kept//aside", "kept", "folder/000"):
        s3.delete_object(Bucket="full", Key=key)
    s3.put_object(Bucket="full", Key="new", Body=b"after", Metadata={"c": "d"})
    assert s3.head_object(Bucket="full", Key="new")["Metadata"] == {"c": "d"}
    rest = [{"Key": key} for key in keys]
    s3.delete_objects(Bucket="full", Delete={"Objects": [*rest, {"Key": "new"}]})
    assert s3.list_objects_v2(Bucket="full")["KeyCount"] == 0
    s3.put_object(Bucket="full", Key="new", Body=PIECE)
    s3.delete_object(Bucket="full", Key="new")
    s3.delete_bucket(Bucket="full")
