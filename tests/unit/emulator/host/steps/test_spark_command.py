"""What a step's log tells of a Spark command, and what of it holds on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.emulator.host.steps.small_node import command, small_node


def test_no_value_of_a_configuration_is_shown(tmp_path: Path) -> None:
    left_out, kept = "spark.hadoop.javax.jdo.option.ConnectionPassword", "spark.mine.password"
    configured: list[dict[str, Any]] = [
        {
            "Classification": "spark-defaults",
            "Properties": {
                left_out: "hunter2",
                kept: "hunter2",
                "spark.yarn.appMasterEnv.TOKEN": "hunter2",
                "spark.driver.extraJavaOptions": "-Dmine.password=hunter2",
            },
        },
        {
            "Classification": "spark-env",
            "Configurations": [{"Classification": "export", "Properties": {"DB_PASSWORD": "hunter2"}}],
        },
    ]
    objects = {"job.py": b"", "more.conf": b"spark.file.password hunter2"}
    with small_node(tmp_path, configured=configured, objects=objects) as node:
        words = ("--conf", "spark.app.said=yes", "--conf", "spark.yarn.queue=q", "s3://apps/job.py", f"{kept}=no")
        for options in (("--deploy-mode", "cluster"), ("--properties-file", "s3://apps/more.conf"), ()):
            launch = command(node, "spark-submit", *options, *words)
            told = [*launch.shown_command(), *launch.shown_environment({"DB_USER": "me"}), *launch.notes]
            assert not [word for word in told if "hunter2" in word]
            assert {"spark.app.said=yes", "DB_USER=me", "DB_PASSWORD=…"} < set(told)
            assert any("hunter2" in word for word in launch.command)
        assert {f"{kept}=…", "-Dmine.password=…"} < set(told)
        note = next(note for note in told if note.startswith("left out, for a cluster only: "))
        assert f"{left_out}, " in note
        assert "spark.yarn.queue=q" in note


def test_the_paths_of_a_node_are_exchanged_in_all_that_spark_reads(tmp_path: Path) -> None:
    defaults = {"Classification": "spark-defaults", "Properties": {"spark.jars": "/home/hadoop/x.jar"}}
    with small_node(tmp_path, configured=[defaults], objects={"job.py": b""}) as node:
        home = node.home.home
        (home / "x.jar").touch()
        words = ("--driver-class-path", "/home/hadoop/x.jar:/usr/lib/none.jar:", "--conf", "spark.a=/home/hadoop/a")
        for program in (("spark-sql",), ("spark-submit",), ("spark-example",)):
            rest = {"spark-sql": ("-f", "/home/hadoop/q.sql", "-d", "A=/home/hadoop"), "spark-example": ("SparkPi",)}
            launch = command(node, *program, *words, *rest.get(program[0], ("s3://apps/job.py", "/home/hadoop")))
            assert {f"spark.jars={home}/x.jar", f"spark.a={home}/a"} < set(launch.command)
            class_path = launch.command[launch.command.index("-cp") + 1].split(":")
            assert class_path[0] == f"{home}/x.jar"
            assert "left out of the driver's class path, since there is none here: /usr/lib/none.jar" in launch.notes
            if program == ("spark-sql",):
                assert launch.command[-4:] == ("-f", f"{home}/q.sql", "-d", "A=/home/hadoop")
            if program == ("spark-submit",):
                assert launch.command[-2:] == ("s3://apps/job.py", "/home/hadoop")
