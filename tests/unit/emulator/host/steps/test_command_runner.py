"""What a step is refused for before anything of it runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.steps import shell
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun
from tests.unit.emulator.host.steps.small_node import command, small_node, step

LACKING = "emr-spark-8.0.0 does not have Hadoop; make the cluster with a release such as emr-7.10.0"


@pytest.mark.parametrize(
    ("jar", "program"),
    [
        ("/usr/share/aws/emr/s3-dist-cp/lib/s3-dist-cp.jar", "s3-dist-cp"),
        ("/usr/lib/hadoop/hadoop-streaming.jar", "hadoop-streaming"),
    ],
)
def test_a_release_without_hadoop_refuses_its_programs_by_every_name(jar: str, program: str, tmp_path: Path) -> None:
    with small_node(tmp_path, "emr-spark-8.0.0") as node:
        for refused in ((jar,), ("command-runner.jar", program)):
            with pytest.raises(CannotRun, match=f"{program}: {LACKING}"):
                step(node, *refused)
        in_shell = command(node, "bash", "-c", f"{program} fs -ls /")
        assert in_shell.command[0] == "bash"
        ended = subprocess.run([node.home.programs / program, "fs"], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (127, f"{program}: {LACKING}\n")
    with small_node(tmp_path / "other") as node:
        assert step(node, jar).command[0] == program


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("hive", "-f", "s3://apps/latin.q"), "hive: s3://apps/latin.q is no text in UTF-8"),
        (("hive", "-e", "SOURCE s3://apps/latin.q"), "hive: s3://apps/latin.q is no text in UTF-8"),
        (("hive", "-f", "s3://apps/again.q"), "hive: scripts include each other by SOURCE without an end"),
        (("spark-submit", "--properties-file", "s3://apps/latin.q", "s3://apps/job.py"), "latin.q is no text in UTF-8"),
        (
            ("spark-submit", "--driver-java-options", "-Da='b", "s3://apps/job.py"),
            "JavaOptions: .*No closing quotation",
        ),
    ],
)
def test_what_cannot_be_read_fails_with_words(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    objects = {"latin.q": b"SELECT '\xe4'", "again.q": b"SOURCE s3://apps/again.q", "job.py": b""}
    with small_node(tmp_path, objects=objects) as node, pytest.raises(CannotRun, match=told):
        command(node, *words)


def test_an_open_quote_of_run_if_is_told(tmp_path: Path) -> None:
    action = "s3://elasticmapreduce/bootstrap-actions/run-if"
    words = ("instance.isMaster=true", "s3://apps/x.sh 'a")
    with small_node(tmp_path) as node, pytest.raises(CannotRun, match=r"run-if: s3://apps/x\.sh 'a: .*No closing quot"):
        shell.bootstrap_action(node, action, words)
