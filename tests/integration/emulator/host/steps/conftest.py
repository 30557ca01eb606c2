"""A cluster of the emulator to run steps on, and what is seen of a step afterwards."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.local_emulator import LocalEmulator

LOGS = "step-logs"
FINISHED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    """A step that is over."""

    id: str
    state: str
    failure: dict[str, str]
    cluster: Cluster

    def log(self, name: str) -> str:
        return self.cluster.log(f"steps/{self.id}/{name}")

    @property
    def stdout(self) -> str:
        return self.log("stdout")

    @property
    def stderr(self) -> str:
        return self.log("stderr")

    @property
    def controller(self) -> str:
        return self.log("controller")


class Cluster:
    """One cluster, seen through EMR's API and S3."""

    def __init__(self, emulator: LocalEmulator, name: str, applications: Sequence[str], **more: Any) -> None:
        self.emr, self.s3 = emulator.client("emr"), emulator.client("s3")
        make_bucket(self.s3, LOGS)
        self.id: str = self.emr.run_job_flow(
            Name=name,
            LogUri=f"s3://{LOGS}/emr/",
            Applications=[{"Name": application} for application in applications],
            Instances={
                "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}],
                "KeepJobFlowAliveWhenNoSteps": True,
            },
            StepConcurrencyLevel=8,
            JobFlowRole="EMR_EC2_DefaultRole",
            ServiceRole="EMR_DefaultRole",
            **{"ReleaseLabel": "emr-7.10.0", **more},
        )["JobFlowId"]

    def start(
        self,
        *args: str,
        jar: str = "command-runner.jar",
        main_class: str | None = None,
        properties: dict[str, str] | None = None,
    ) -> str:
        run: dict[str, Any] = {"Jar": jar, "Args": list(args)}
        if main_class:
            run["MainClass"] = main_class
        if properties:
            run["Properties"] = [{"Key": key, "Value": value} for key, value in properties.items()]
        step = {"Name": args[0] if args else jar, "ActionOnFailure": "CONTINUE", "HadoopJarStep": run}
        answer = self.emr.add_job_flow_steps(JobFlowId=self.id, Steps=[step])
        step_id: str = answer["StepIds"][0]
        return step_id

    def status(self, step_id: str) -> dict[str, Any]:
        described: dict[str, Any] = self.emr.describe_step(ClusterId=self.id, StepId=step_id)["Step"]["Status"]
        return described

    def wait(self, step_id: str, *states: str) -> Ended:
        until = time.monotonic() + 300
        while (status := self.status(step_id))["State"] not in (states or FINISHED):
            assert time.monotonic() < until, status
            assert status["State"] not in FINISHED, status
            time.sleep(0.05)
        return Ended(step_id, status["State"], status.get("FailureDetails", {}), self)

    def run(self, *args: str, **more: Any) -> Ended:
        return self.wait(self.start(*args, **more))

    def cancel(self, step_id: str, option: str = "SEND_INTERRUPT") -> None:
        self.emr.cancel_steps(ClusterId=self.id, StepIds=[step_id], StepCancellationOption=option)

    def log(self, name: str) -> str:
        """A log file, by its path in the cluster's folder without .gz."""
        body = self.s3.get_object(Bucket=LOGS, Key=f"emr/{self.id}/{name}.gz")["Body"].read()
        return gzip.decompress(body).decode()

    def logs(self) -> list[str]:
        """The log files that there are."""
        top = f"emr/{self.id}/"
        return [key.removeprefix(top).removesuffix(".gz") for key in keys(self.s3, LOGS, top)]

    def terminate(self) -> None:
        self.emr.terminate_job_flows(JobFlowIds=[self.id])
        while self.emr.describe_cluster(ClusterId=self.id)["Cluster"]["Status"]["State"] != "TERMINATED":
            time.sleep(0.05)


def make_bucket(s3: Any, name: str) -> str:
    if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def s3(emulator: LocalEmulator) -> Any:
    return emulator.client("s3")


@pytest.fixture(scope="session")
def cluster(emulator: LocalEmulator) -> Iterator[Cluster]:
    """A cluster with all that steps may need."""
    configurations = [
        {
            "Classification": "spark-defaults",
            "Properties": {"spark.sql.shuffle.partitions": "3", "spark.dynamicAllocation.enabled": "true"},
        },
        {"Classification": "yarn-site", "Properties": {"yarn.nodemanager.vmem-check-enabled": "false"}},
    ]
    made = Cluster(emulator, "steps", ("Hadoop", "Spark", "Hive"), Configurations=configurations)
    yield made
    made.terminate()


@pytest.fixture(scope="session")
def bare_cluster(emulator: LocalEmulator) -> Iterator[Cluster]:
    """A cluster with nothing but Hadoop."""
    made = Cluster(emulator, "bare", ("Hadoop",))
    yield made
    made.terminate()


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own."""
    name = request.node.name.lower().replace("_", "-").partition("[")[0][-60:].strip("-.")
    return make_bucket(s3, name)


@pytest.fixture(scope="session")
def hello_jar() -> bytes:
    """A jar with a main program that greets, waits or fails."""
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as opened:
        opened.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: Hello\r\n")
        opened.write(HERE / "Hello.class", "Hello.class")
    return jar.getvalue()


def keys(s3: Any, bucket: str, prefix: str = "") -> list[str]:
    """The keys of a bucket."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())]


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be noticed by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
