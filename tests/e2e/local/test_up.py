"""An Airflow that lasts: it outlives who starts it, mends, goes on with its data, and ends when it is told to."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.background import AWS_CLI, PARTS, Background, Choices, record_of
from local.local_airflow import LocalAirflow
from local.processes import LastingProcess, looks

pytestmark = pytest.mark.slow

FREE_PORTS = ("--port", "0", "--emulator-port", "0")
LONG_STEP = """
from airflow.sdk import DAG
from airflow_emr_pipelines import EmrRunStepOperator, ShellStep

with DAG("long_step", schedule=None, params={"cluster_id": "j-NONE"}):
    EmrRunStepOperator(task_id="long", step=ShellStep("long", "sleep 1000"), cluster_id="{{ params.cluster_id }}")
"""
INSTANCES = {
    "InstanceCount": 1,
    "MasterInstanceType": "m5.xlarge",
    "KeepJobFlowAliveWhenNoSteps": True,
}

ROLES = {"ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole"}


class Home:
    """A folder, and the programs as a user calls them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", f"local.{program}", "--home", str(self.folder)]
        environment = {**os.environ, "AIRFLOW__API__PORT": "1", "AWS_PROFILE": "a-real-account"}
        # The end of the output is the end of the program only if nothing that lasts has inherited it.
        return subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        with self.start(program, *arguments) as process:
            said, _ = process.communicate(timeout=300)
        return process.returncode, said

    @property
    def background(self) -> Background:
        choices = Choices.kept_in(self.folder)
        assert choices is not None
        return Background(self.folder, choices)

    @property
    def airflow(self) -> LocalAirflow:
        return self.background.airflow

    def heads(self) -> dict[str, psutil.Process]:
        """The process of each part that runs."""
        found = {part: record_of(self.folder, part).head for part in PARTS}
        return {part: head for part, head in found.items() if head is not None}

    def everything(self) -> list[psutil.Process]:
        heads = self.heads().values()
        return [process for head in heads for process in (head, *head.children(recursive=True))]


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own: one DAG, and no jobs as the examples have them."""
    folder = tmp_path_factory.mktemp("up")
    (folder / "long_step.py").write_text(LONG_STEP)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, dags: Path) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("local") / "home")
    try:
        code, said = home.run("up", *FREE_PORTS, "--dags-folder", str(dags))
        assert code == 0, said
        (home.folder / "said").write_text(said)
        yield home
    finally:
        everything = home.everything()
        code, said = home.run("down")
    assert code == 0, said
    assert alive(everything) == []


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended; the dead may wait for whoever adopted them to take notice."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def listening(processes: list[psutil.Process]) -> set[str]:
    connections = [connection for process in processes for connection in process.net_connections()]
    return {f"http://{c.laddr.ip}:{c.laddr.port}" for c in connections if c.status == psutil.CONN_LISTEN}


def test_it_tells_addresses_and_credentials_and_listens_on_loopback_only(home: Home) -> None:
    said, airflow = (home.folder / "said").read_text(), home.airflow
    for told in (airflow.url, home.background.emulator.url, airflow.password, str(home.folder / "logs")):
        assert told in said
    assert listening(home.everything()) == {airflow.url, home.background.emulator.url}
    for secret in ("passwords.json", "secrets.json", "env", "airflow.cfg"):
        assert (home.folder / secret).stat().st_mode & 0o077 == 0, secret


def test_a_second_start_says_that_it_is_up_and_touches_nothing(home: Home) -> None:
    before = home.heads()
    code, said = home.run("up")
    assert code == 0, said
    assert "it is up already" in said
    assert home.airflow.password not in said
    assert home.heads() == before
    assert set(before) == set(PARTS)


def test_what_runs_is_not_started_with_other_choices(home: Home) -> None:
    code, said = home.run("up", "--port", "8099")
    assert code == 1
    assert "stop it first (make down)" in said
    assert set(home.heads()) == set(PARTS)


@pytest.mark.skipif(not AWS_CLI.exists(), reason="make clients installs it")
def test_a_shell_that_reads_its_file_has_this_airflow_and_this_aws(home: Home) -> None:
    script = f"""
        . {home.folder}/env
        command -v airflow; echo "$AIRFLOW_HOME"; command -v aws; echo "$AIRFLOW__EMR_PIPELINES__DEPLOYMENT"
        env | grep ^AWS_"""
    mine = {**os.environ, "AWS_PROFILE": "mine", "AIRFLOW__CORE__FERNET_KEY": "mine", "AWS_ENDPOINT_URL_S3": "mine"}
    done = subprocess.run(["sh", "-ec", script], env=mine, capture_output=True, text=True, check=True)
    program, airflow_home, aws_cli, deployment, *aws = done.stdout.splitlines()
    assert (Path(program).parent, airflow_home) == (Path(sys.executable).parent, str(home.folder))
    assert (Path(aws_cli).resolve(), deployment) == (AWS_CLI.resolve(), "local")
    assert f"AWS_ENDPOINT_URL={home.background.emulator.url}" in aws
    assert "mine" not in done.stdout


def test_what_is_saved_is_what_runs_next(home: Home, dags: Path) -> None:
    """A DAG is found long before the five minutes that Airflow takes by itself, and so is a bucket for its output."""
    airflow, s3 = home.airflow, home.background.emulator.client("s3")
    script = dags / "jobs" / "apps" / "clean.py"
    script.parent.mkdir(parents=True)
    (dags / "jobs" / "results").mkdir()
    for _ in looks("the list of what is no DAG", timeout=90, log=home.folder / "logs" / "jobs.log"):
        if (dags / ".airflowignore").exists():
            break
    script.write_text("# an airflow dag runs this job, which is none: from airflow.sdk import DAG\n1 / 0\n")
    (dags / "edited.py").write_text(LONG_STEP.replace("long_step", "edited"))
    airflow.wait_for_dag("edited", timeout=90)
    for _ in looks("the upload of the job", timeout=90, log=home.folder / "logs" / "jobs.log"):
        if {"apps", "results"} <= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
            break
    script.write_text("print('saved')\n")
    for _ in looks("the upload of the edited job", timeout=90, log=home.folder / "logs" / "jobs.log"):
        found = s3.list_objects_v2(Bucket="apps").get("Contents", ())
        if [(one["Key"], one["Size"]) for one in found] == [("clean.py", len("print('saved')\n"))]:
            break
    (dags / "edited.py").write_text(LONG_STEP.replace("long_step", "edited_again"))
    airflow.wait_for_dag("edited_again", timeout=90)
    for name in ("edited.py", "jobs/apps/clean.py"):
        (dags / name).unlink()


@pytest.mark.parametrize("option", ["--port", "--emulator-port"])
def test_a_taken_port_is_told_with_the_way_out_and_nothing_is_started(option: str, tmp_path: Path, dags: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        new = Home(tmp_path / "new")
        code, said = new.run("up", "--dags-folder", str(dags), *FREE_PORTS, option, port)
    assert code == 1
    assert f"Port {port} is taken by another program" in said
    assert f"{option} 0 for any that is free" in said
    assert new.heads() == {}
    assert not (new.folder / "emulator").exists()


@pytest.mark.parametrize(("option", "port"), [("--port", "65536"), ("--emulator-port", "-1")])
def test_what_is_no_port_is_refused(option: str, port: str, tmp_path: Path) -> None:
    code, said = Home(tmp_path / "new").run("up", f"{option}={port}")
    assert code == 2
    assert f"{port} is no port: write a number from 0 to 65535" in said


def test_a_part_that_was_killed_is_told_and_started_again_and_the_rest_is_left_alone(home: Home) -> None:
    before = home.heads()
    (program,) = before["triggerer"].children()
    guard = before["dag-processor"]
    left = guard.children(recursive=True)
    program.kill()
    guard.kill()
    psutil.wait_procs([program, *before["triggerer"].children(recursive=True)], timeout=20)
    before["triggerer"].wait(20)
    code, said = home.run("status")
    assert code == 1
    assert [line.split()[0] for line in said.splitlines() if "not running" in line] == ["triggerer", "dag-processor"]

    code, said = home.run("up")
    assert code == 0, said
    assert "was killed by signal 9" in said
    assert "started: triggerer, dag-processor" in said
    assert alive(left) == []
    after = home.heads()
    assert {part for part in PARTS if after[part] != before[part]} == {"triggerer", "dag-processor"}
    assert home.run("status")[0] == 0


def test_after_a_crash_of_the_machine_it_goes_on_with_its_data_and_no_task_waits_for_what_is_gone(home: Home) -> None:
    s3: Any = home.background.emulator.client("s3")
    s3.put_object(Bucket="raw-data", Key="mine", Body=b"kept")
    run_id, url, password = deferred_run(home), home.airflow.url, home.airflow.password
    everything = home.everything()
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=20)
    assert len(list((home.folder / "run").glob("*.pid"))) == len(PARTS), "a crash leaves them"

    code, said = home.run("up")
    assert code == 0, said
    assert (home.airflow.url, home.airflow.password) == (url, password)
    assert s3.get_object(Bucket="raw-data", Key="mine")["Body"].read() == b"kept"
    for _ in looks("the end of the run", timeout=90, log=home.airflow.log_of("scheduler")):
        if home.airflow.api.run_state("long_step", run_id) == "failed":
            break
    (task,) = home.airflow.api.tasks("long_step", run_id)
    events = home.airflow.api.log("long_step", run_id, task)
    log = "\n".join(str(event) for event in events)
    assert re.search(r"Cluster id '?j-\w+'? is not valid", log)
    assert "botocore" not in {event.get("logger", "").partition(".")[0] for event in events}
    assert [path for path in (home.folder / "logs").glob("*.log") if "graphviz" in path.read_text()] == []


def deferred_run(home: Home) -> str:
    """A run whose one task waits for a step that goes on and on."""
    emr = home.background.emulator.client("emr")
    cluster_id = emr.run_job_flow(Name="stands", ReleaseLabel="emr-7.10.0", Instances=INSTANCES, **ROLES)["JobFlowId"]
    airflow = home.airflow
    run_id = airflow.api.trigger("long_step", {"cluster_id": cluster_id})
    for _ in looks("the wait for the step", timeout=90, log=airflow.log_of("scheduler")):
        if [task.state for task in airflow.api.tasks("long_step", run_id)] == ["deferred"]:
            break
    return run_id


def test_a_home_is_stopped_once_and_another_one_is_left_alone(home: Home, tmp_path: Path) -> None:
    """Last: it is gone afterwards."""
    another, env, log = Home(tmp_path / "another"), dict(os.environ), tmp_path / "log"
    lasting = [
        LastingProcess(part, ["sleep", "1000"], env=env, log=log, record=record_of(another.folder, part).path)
        for part in PARTS
    ]
    for process in lasting:
        process.start()
    everything, others = home.everything(), another.heads()
    code, said = home.run("down")
    assert code == 0, said
    assert all(part in said for part in PARTS)
    assert alive(everything) == []
    assert home.run("status")[0] == 1
    assert another.heads() == others
    assert set(others) == set(PARTS)

    code, said = another.run("down")
    assert (code, another.heads()) == (0, {}), said
    for process in lasting:
        process.stop()  # there is nothing to stop: only to take notice of
    code, said = another.run("down")
    assert code == 0
    assert "nothing" in said
