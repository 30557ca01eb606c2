"""The emulator as a program: how it starts, what it refuses to start with, and how it stops.

That nothing of it outlives a kill stands in test_orphans.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.emulator.region import Region, shell, wait_until
from tests.processes import arguments_of

COMMAND = [sys.executable, "-m", "airflow_emr_pipelines.emulator"]
QUICK = [f"--{name}-delay=0" for name in ("start", "bootstrap", "terminate")] + ["--no-rate-limits"]
MEGABYTE = 1_000_000
METADATA = {
    "InstanceMetadataServiceConfiguration": {
        "MinimumInstanceMetadataServiceVersion": 2,
        "HttpPutResponseHopLimit": 1,
    }
}


class Program:
    """A running emulator."""

    def __init__(self, *options: str, **more: Any) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *QUICK, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )
        assert self.process.stdout is not None
        self.ready_line: str = self.process.stdout.readline()
        assert self.ready_line.startswith("ready "), self.process.communicate()[1]
        self.url = self.ready_line.split()[1]
        self.seen = psutil.Process(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit code, seconds that it took, and what it had said to stderr."""
        started = time.monotonic()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, time.monotonic() - started, said


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    with contextlib.ExitStack() as running:

        def starting(*options: str, **more: Any) -> Program:
            program = Program(*options, **more)
            running.callback(program.process.communicate)
            running.callback(program.process.kill)
            return program

        yield starting


def refused(*options: str, **more: Any) -> str:
    """What a program says that cannot start."""
    ended: subprocess.CompletedProcess[str] = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=60, **more
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


# --- what it says and holds while it runs


def test_one_line_says_that_it_is_ready_and_where(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path / "not" / "there" / "yet"))
    assert program.ready_line == f"ready {program.url}\n"
    assert program.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{program.url}/_emulator/health") as answer:
        assert answer.status == 200
    code, _, said = program.stop()
    assert (code, said) == (0, "")


def test_it_listens_on_loopback_alone(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path))
    region = Region(program.url)
    region.wait_step(cluster := region.run(shell("sleep 1000")), region.steps(cluster)[0]["Id"], "RUNNING")
    family = [program.seen, *program.seen.children(recursive=True)]
    listening = {
        connection.laddr.ip
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_it_warns_when_it_is_told_to_listen_elsewhere(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--host", "0.0.0.0", "--data-dir", str(tmp_path))
    _, _, said = program.stop()
    assert said.startswith("WARNING: listening on 0.0.0.0: whoever reaches it can run commands here")


def health(url: str, host: str) -> int:
    """The status of the answer to who knows it by this name."""
    asked = urllib.request.Request(f"{url}/_emulator/health", headers={"Host": host})
    try:
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_it_answers_to_the_names_that_it_is_given(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start(
        *("--port", "0", "--host", "0.0.0.0", "--data-dir", str(tmp_path)),
        *("--allowed-host", "Emulator", "--allowed-host", "emr.example.com", "--allowed-host", "192.0.2.1"),
    )
    port = program.url.rpartition(":")[2]
    for host in (
        "emulator",
        f"emulator:{port}",
        "EMR.example.com",
        "192.0.2.1:80",
        "0.0.0.0",
        "127.0.0.1",
        "localhost",
    ):
        assert health(program.url, host) == 200, host
    for host in ("example.com", "192.0.2.2", "emulator.example", "x192.0.2.1"):
        assert health(program.url, host) == 403, host
    s3 = Region(program.url, "us-east-1").client("s3")
    s3.create_bucket(Bucket="named")
    s3.put_object(Bucket="named", Key="a", Body=b"found")
    signed = "AWS4-HMAC-SHA256 Credential=x/20300101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
    for host, path in ((f"emr.example.com:{port}", "/named/a"), (f"named.emr.example.com:{port}", "/a")):
        asked = urllib.request.Request(program.url + path, headers={"Host": host, "Authorization": signed})
        with urllib.request.urlopen(asked) as answer:
            assert answer.read() == b"found"


@pytest.mark.parametrize("name", ["http://emulator", "emulator:5555", "*", "", ".example.com", "a/b", "a@b"])
def test_an_allowed_host_that_is_no_name(tmp_path: Path, name: str) -> None:
    said = refused(f"--allowed-host={name}", "--data-dir", str(tmp_path))
    assert f"--allowed-host: {name} is no host's name: write emulator or 192.0.2.1" in said


def test_a_reset_by_motos_interface_ends_the_clusters_and_what_else_there_is(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    program = start("--port", "0", "--moto-api", "--data-dir", str(tmp_path / "data"))
    region, running = Region(program.url), tmp_path / "running"
    region.client("s3").create_bucket(Bucket="gone", CreateBucketConfiguration={"LocationConstraint": region.name})
    tags = [{"Key": "gone", "Value": "too"}]
    cluster = region.run(shell(f"touch {running}; sleep 1000"), LogUri="s3://gone/logs/", Tags=tags)
    wait_until(running.exists)
    region.emr.create_security_configuration(Name="gone", SecurityConfiguration=json.dumps(METADATA))
    fault = urllib.request.Request(
        f"{program.url}/_emulator/faults",
        b'{"operation": "s3", "kind": "throttle"}',
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(fault):
        pass
    page = urllib.request.Request(f"{program.url}/moto-api/reset", b"", {"Origin": "http://evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403") as barred:
        urllib.request.urlopen(page)
    barred.value.close()
    assert region.steps(cluster)[0]["Status"]["State"] == "RUNNING"
    with urllib.request.urlopen(f"{program.url}/moto-api/reset", b"") as answer:
        assert answer.status == 200
    assert region.emr.list_clusters()["Clusters"] == []
    tagged = region.client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["elasticmapreduce"])
    assert tagged["ResourceTagMappingList"] == []
    assert region.emr.list_security_configurations()["SecurityConfigurations"] == []
    assert region.client("s3").list_buckets()["Buckets"] == []
    assert list((tmp_path / "data" / "s3").glob("[!.]*")) == []
    again = region.run(shell("true"))
    assert region.wait_step(again, region.steps(again)[0]["Id"])["Status"]["State"] == "COMPLETED"


def test_a_pace_is_a_set_of_delays_and_each_that_is_given_outranks_it(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path), "--pace", "aws")  # and no delay of start and end
    region = Region(program.url)
    cluster = region.run(shell("true"), instances={"KeepJobFlowAliveWhenNoSteps": False})
    region.wait_step(cluster, region.steps(cluster)[0]["Id"], "COMPLETED")
    region.emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig={"Delay": 1})
    region.end(cluster)


def test_it_idles_below_200_megabytes(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path))
    region = Region(program.url, "us-east-1")
    assert region.emr.list_clusters()["Clusters"] == []
    assert region.client("s3").list_buckets()["Buckets"] == []
    assert program.seen.children() == []
    assert program.seen.memory_info().rss < 200 * MEGABYTE


# --- its data


def test_a_data_folder_serves_one_after_the_other_and_keeps_its_buckets_and_what_became_of_clusters(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    options = ("--port", "0", "--data-dir", str(tmp_path / "data"))
    first = start(*options)
    s3 = Region(first.url, "us-east-1").client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b.txt", Body=b"still here")
    region = Region(first.url, "us-east-1")
    cluster = region.run(shell("sleep 1000"), Tags=[{"Key": "of", "Value": "a run"}])
    region.wait_step(cluster, region.steps(cluster)[0]["Id"], "RUNNING")
    said = refused(*options)
    assert str(tmp_path) in said
    assert said.endswith("Stop that one, or choose another --data-dir.\n")
    assert first.stop()[0] == 0
    again = Region(start(*options).url, "us-east-1")
    assert again.client("s3").get_object(Bucket="kept", Key="a/b.txt")["Body"].read() == b"still here"
    (listed,) = again.emr.list_clusters()["Clusters"]
    described = again.emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert (listed["Id"], described["Status"]["State"]) == (cluster, "TERMINATED_WITH_ERRORS")
    assert described["Tags"] == [{"Key": "of", "Value": "a run"}]
    assert [step["Status"]["State"] for step in again.steps(cluster)] == ["CANCELLED"]
    assert len(again.emr.list_instances(ClusterId=cluster)["Instances"]) >= 1
    with urllib.request.urlopen(f"{again.url}/_emulator/clusters/{cluster}") as page:
        assert json.load(page)["Cluster"]["Id"] == cluster


def test_a_data_folder_of_its_own_is_removed_in_the_end(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", env={**os.environ, "TMPDIR": str(tmp_path)})
    Region(program.url, "us-east-1").client("s3").create_bucket(Bucket="gone")
    (folder,) = tmp_path.glob("emr-emulator-*")
    code, _, said = program.stop()
    assert (code, said) == (0, f"Data in {folder}, removed at the end; --data-dir keeps it\n")
    assert not folder.exists()


# --- what it cannot start with


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("--port", str(port), "--data-dir", str(tmp_path))
    assert said.startswith(f"Port {port} on 127.0.0.1 cannot be used: ")
    assert said.endswith("Choose another --port; 0 takes a free one.\n")


def test_a_port_that_is_bound_but_not_yet_listened_on(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        started = subprocess.Popen([*COMMAND, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        assert started.stdout is not None
        with started.stdout:
            assert started.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
            with pytest.raises(OSError, match="in use"):
                taken.listen()
            started.terminate()
            assert started.wait(30) == 0


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    assert refused("--port", port, "--data-dir", str(tmp_path)).startswith(f"Port {port} on 127.0.0.1 cannot be used")


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ("--pace=light", "invalid choice: 'light' (choose from"),
        ("--start-delay=-1", "-1 is no number of seconds: write 0 or more"),
        ("--timeout-minute=nan", "nan is no number of seconds"),
        ("--memory=0", "0 is no such number: write a whole one, 1 or more"),
        ("--spot-capacity=-1", "-1 is no such number: write a whole one, 0 or more"),
    ],
)
def test_a_number_that_means_nothing(tmp_path: Path, option: str, rule: str) -> None:
    assert rule in refused(option, "--data-dir", str(tmp_path))


def test_a_host_that_is_not_this_machine(tmp_path: Path) -> None:
    assert "--host host.invalid is no address of this machine" in refused(
        "--host", "host.invalid", "--data-dir", str(tmp_path)
    )
    assert "Port 0 on 192.0.2.1 cannot be used" in refused(
        "--host", "192.0.2.1", "--port", "0", "--data-dir", str(tmp_path)
    )


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    said = refused("--port", "0", "--data-dir", str(folder))
    assert said == f"The data folder {folder} cannot be written: Not a directory. Choose another --data-dir.\n"


@pytest.mark.parametrize(
    ("file", "lost"), [("glue.sqlite", "databases and tables"), ("s3-beside/index.sqlite", "metadata of objects")]
)
def test_a_damaged_database_of_the_data_folder_is_named_with_the_way_out(tmp_path: Path, file: str, lost: str) -> None:
    damaged = tmp_path / file
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(b"no database" * 1000)
    said = refused("--port", "0", "--data-dir", str(tmp_path))
    assert f"{damaged} cannot be read: file is not a database." in said
    assert lost in said
    assert "choose another --data-dir" in said


def test_a_folder_without_a_java_that_fits(tmp_path: Path) -> None:
    said = refused("--java-home", str(tmp_path), "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert said.startswith(f"--java-home {tmp_path} has no program bin/java. Spark 3.5 and")


@pytest.mark.parametrize("package", ["moto", "uvicorn"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(tmp_path: Path, package: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    said = refused("--port", "0", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert said == (
        f"The emulator needs the Python package {package}, which is not installed. "
        "Run: pip install 'airflow-emr-pipelines[emulator]'\n"
    )


def test_without_a_spark_it_serves_and_says_at_a_spark_step_how_to_have_one(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    """As on a Python that no Spark runs on."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pyspark'] = None\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    program = start("--port", "0", "--data-dir", str(tmp_path / "data"), env=environment)
    region = Region(program.url)
    spark = {
        **shell("", name="spark"),
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-sql", "-e", "SELECT 1"]},
    }
    cluster = region.run(shell("true"), spark, Applications=[{"Name": "Hadoop"}, {"Name": "Spark"}])
    plain, sparks = (region.wait_step(cluster, step["Id"])["Status"] for step in region.steps(cluster))
    assert (plain["State"], sparks["State"]) == ("COMPLETED", "FAILED")
    assert "pip install 'airflow-emr-pipelines[emulator]'" in sparks["FailureDetails"]["Message"]
    assert "Steps that want Spark 3.5 will fail: Spark needs the Python package pyspark 3.5" in program.stop()[2]


def test_a_moto_whose_inside_is_another_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import moto.s3.models\ndel moto.s3.models.FakeKey.dispose\n")
    said = refused("--port", "0", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert "which lacks moto.s3.models.FakeKey.dispose. It is tested with moto >=" in said
    assert "Run: pip install 'moto[server]>=" in said


# --- how it stops


def test_it_stops_within_seconds_and_leaves_nothing(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path))
    region = Region(program.url)
    cluster = region.run(shell("trap '' TERM INT; sleep 1000"), shell("true"))
    region.wait_step(cluster, region.steps(cluster)[0]["Id"], "RUNNING")
    wait_until(lambda: any("1000" in arguments_of(child) for child in program.seen.children(recursive=True)))
    family = program.seen.children(recursive=True)
    code, seconds, said = program.stop(signal.SIGTERM)
    assert (code, said) == (0, "")
    assert seconds < 5
    assert [process for process in family if process.is_running()] == []


def test_it_stops_in_the_middle_of_everything(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start("--port", "0", "--data-dir", str(tmp_path), "--terminate-delay", "1000")
    region = Region(program.url)
    ending = region.run()
    region.wait(ending, "WAITING")
    region.emr.terminate_job_flows(JobFlowIds=[ending])
    for _ in range(5):
        region.run(*[shell("sleep 1000")] * 3, StepConcurrencyLevel=3)
    family = program.seen.children(recursive=True)
    code, seconds, said = program.stop(signal.SIGINT)
    assert (code, said) == (0, "")
    assert seconds < 5
    assert [process for process in family if process.is_running()] == []
