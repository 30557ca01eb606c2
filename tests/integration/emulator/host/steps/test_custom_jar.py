"""Jars of the user's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from local.local_emulator import LocalEmulator
from tests.integration.emulator.host.steps.conftest import Cluster


def test_the_manifest_names_the_main_class(cluster: Cluster, s3: Any, bucket: str, hello_jar: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="hello.jar", Body=hello_jar)
    ended = cluster.run("a", "b c", jar=f"s3://{bucket}/hello.jar", properties={"greeting": "hi there"})
    assert (ended.state, ended.stdout) == ("COMPLETED", "hello a,b c hi there\n")


def test_main_class_outranks_the_manifest(cluster: Cluster, s3: Any, bucket: str, hello_jar: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="hello.jar", Body=hello_jar)
    version = "org.apache.hadoop.util.VersionInfo"
    assert "Hadoop 3" in cluster.run(jar=f"s3://{bucket}/hello.jar", main_class=version).stdout
    absent = cluster.run(jar=f"s3://{bucket}/hello.jar", main_class="no.such.Main")
    assert "no.such.Main" in absent.failure["Message"]


def test_an_exception_is_the_cause(cluster: Cluster, s3: Any, bucket: str, hello_jar: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="hello.jar", Body=hello_jar)
    ended = cluster.run("fail", jar=f"s3://{bucket}/hello.jar")
    assert ended.state == "FAILED"
    assert ended.failure["Message"] == 'Exception in thread "main" java.lang.IllegalStateException: asked to fail'


def test_a_jar_that_is_none_is_named(cluster: Cluster, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="text.jar", Body=b"no zip")
    assert "not a zip file" in cluster.run(jar=f"s3://{bucket}/text.jar").failure["Message"]
    missing = cluster.run(jar=f"s3://{bucket}/none.jar").failure
    assert missing["Reason"] == "File not found"
    assert f"s3://{bucket}/none.jar" in missing["Message"]


def test_heavy_steps_queue_for_memory_and_a_queued_one_can_be_cancelled(tmp_path: Path, hello_jar: bytes) -> None:
    delays = (f"--{name}-delay=0" for name in ("start", "bootstrap", "terminate"))
    options = ["--no-rate-limits", "--memory", "1500", *delays]
    with LocalEmulator(tmp_path / "data", log=tmp_path / "log", options=options) as emulator:
        cluster = Cluster(emulator, "small", ("Hadoop",))
        cluster.s3.put_object(Bucket="step-logs", Key="hello.jar", Body=hello_jar)

        def until_the_controller_says(step_id: str, words: str) -> None:
            until = time.monotonic() + 120
            while not any(words in log.read_text() for log in tmp_path.glob(f"data/**/{step_id}/logs/controller")):
                assert time.monotonic() < until, (step_id, words)
                time.sleep(0.05)

        first = cluster.start("wait", "600000", jar="s3://step-logs/hello.jar")
        until_the_controller_says(first, "ProcessRunner started")
        second, third = (cluster.start(name, jar="s3://step-logs/hello.jar") for name in ("second", "third"))
        for queued in (second, third):
            until_the_controller_says(queued, "waiting for 962 MiB of the 1500 MiB")
        cluster.cancel(third)
        assert cluster.wait(third).state == "CANCELLED"
        assert [cluster.status(step)["State"] for step in (first, second)] == ["RUNNING", "RUNNING"]
        cluster.cancel(first)
        ended = cluster.wait(second)
        assert (ended.state, ended.stdout) == ("COMPLETED", "hello second null\n")
