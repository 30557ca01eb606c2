"""Streaming jobs really map, sort and reduce, with real programs over files in S3 and HDFS."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

import pytest

from tests.integration.emulator.host.steps.conftest import Cluster, Ended, keys

WORDS = b"""#!/usr/bin/env python3
import os, sys
for line in sys.stdin:
    for word in line.split():
        print(word, 1, sep="\\t")
print("read", os.environ["mapreduce_map_input_file"], os.environ.get("MOOD"), file=sys.stderr)
"""
COUNT = b"""#!/usr/bin/env python3
import itertools, sys
pairs = (line.rstrip("\\n").split("\\t") for line in sys.stdin)
for word, found in itertools.groupby(pairs, key=lambda pair: pair[0]):
    print(word, sum(int(number) for _, number in found), sep="\\t")
"""
NUMBERED = b"#!/bin/sh\nsed 's/^/LongValueSum:/'\n"


@pytest.fixture
def code(s3: Any, bucket: str) -> str:
    """Where the programs are, beside an input of two files."""
    tools = io.BytesIO()
    with zipfile.ZipFile(tools, "w") as opened:
        opened.writestr("numbered.sh", NUMBERED)
    for name, body in {
        "code/words.py": WORDS,
        "code/count.py": COUNT,
        "code/tools.zip": tools.getvalue(),
        "code/plain": b"cat\n",
        "in/a.txt": b"the quick fox\nthe end",
        "in/b.txt.gz": gzip.compress(b"the fox\n\xc3\xa4 end\n"),
        "in/_hidden": b"never",
        "deep/below/c.txt": b"deep",
    }.items():
        s3.put_object(Bucket=bucket, Key=name, Body=body)
    return f"s3://{bucket}/code"


def stream(cluster: Cluster, bucket: str, *options: str, mapper: str, reducer: str, inputs: str = "in") -> Ended:
    place = ("-input", f"s3://{bucket}/{inputs}", "-output", f"s3://{bucket}/out/")
    return cluster.run("hadoop-streaming", *options, "-mapper", mapper, "-reducer", reducer, *place)


def output(s3: Any, bucket: str) -> dict[str, bytes]:
    found = keys(s3, bucket, "out/")
    return {key.removeprefix("out/"): s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in found}


def test_words_are_counted_by_programs_that_the_job_brings(cluster: Cluster, s3: Any, bucket: str, code: str) -> None:
    files = ("-files", f"{code}/words.py,{code}/count.py#reduce.py")
    ended = stream(cluster, bucket, *files, "-cmdenv", "MOOD=calm", mapper="words.py", reducer="python3 reduce.py")
    assert ended.state == "COMPLETED", ended.stderr
    assert output(s3, bucket) == {
        "_SUCCESS": b"",
        "part-00000": "end\t2\nfox\t2\nquick\t1\nthe\t3\nä\t1\n".encode(),
    }
    assert f"read s3://{bucket}/in/a.txt calm" in ended.stderr


def test_hadoops_own_reducer_adds_up(cluster: Cluster, s3: Any, bucket: str, code: str) -> None:
    ended = stream(
        cluster,
        bucket,
        *("-D", "mapred.textoutputformat.separator=,", "-files", f"{code}/words.py"),
        *("-archives", f"{code}/tools.zip#tools"),
        mapper="sh -c './words.py | sh tools/numbered.sh'",
        reducer="aggregate",
    )
    assert ended.state == "COMPLETED", ended.stderr
    assert output(s3, bucket)["part-00000"].splitlines()[:2] == [b"end,2", b"fox,2"]


def test_what_cannot_be_run_fails_with_the_reason_and_writes_nothing(
    cluster: Cluster, s3: Any, bucket: str, code: str
) -> None:
    place = ("-input", f"s3://{bucket}/in", "-output", f"s3://{bucket}/out", "-reducer", "cat")
    reasons = {
        "subprocess failed with code 7": cluster.start("hadoop-streaming", "-mapper", "sh -c 'exit 7'", *place),
        "already exists": cluster.start(
            "hadoop-streaming", "-mapper", "cat", *place[:3], f"s3://{bucket}/in", *place[4:]
        ),
        "NoSuchBucket": cluster.start(
            *("hadoop-streaming", "-mapper", "cat", "-input", "s3://no-such-bucket-here/x", *place[2:])
        ),
    }
    for told, step_id in reasons.items():
        ended = cluster.wait(step_id)
        assert ended.state == "FAILED"
        assert told in ended.failure["Message"], ended.stderr
    assert output(s3, bucket) == {}
