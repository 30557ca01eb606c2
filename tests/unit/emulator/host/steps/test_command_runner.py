"""What a step is refused for before anything of it runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

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
