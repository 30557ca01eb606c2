"""The fixed paths of a node in what a shell is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.emulator.host.steps.small_node import command, small_node, step

SCRIPT_RUNNER = "s3://elasticmapreduce/libs/script-runner/script-runner.jar"
TEXT = 'cd "/home/hadoop" && pwd'


@pytest.mark.parametrize(("folder", "is_told"), [("plain-ü", False), ("my data", True)])
def test_what_a_shell_would_take_apart_is_told(folder: str, is_told: bool, tmp_path: Path) -> None:
    with small_node(tmp_path / folder, objects={"x.sh": TEXT.encode(), "y.sh": b"pwd"}) as node:
        for launch in (step(node, SCRIPT_RUNNER, "s3://apps/x.sh"), command(node, "bash", "-c", TEXT)):
            assert [note for note in launch.notes if "paths of a node lead below" in note] == [*launch.notes]
            assert bool(launch.notes) == is_told
            ended = subprocess.run(launch.command, capture_output=True, text=True, check=True)
            assert ended.stdout == f"{node.home.home}\n"
        for plain in (step(node, SCRIPT_RUNNER, "s3://apps/y.sh"), command(node, "ls", "/home/hadoop")):
            assert plain.notes == ()
        words = ("--driver-java-options", "-Da=/home/hadoop/a -Db", "/home/hadoop/job.py")
        assert {f"-Da={node.home.home}/a", "-Db"} < set(command(node, "spark-submit", *words).command)
