"""What a step's Jar and Args mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow_emr_pipelines.emulator.host.home import OF_HADOOP, PROGRAMS
from airflow_emr_pipelines.emulator.host.node_paths import SPARK_EXAMPLES, program_name, program_of_jar
from airflow_emr_pipelines.emulator.host.run_records import StepRun
from airflow_emr_pipelines.emulator.host.steps import shell
from airflow_emr_pipelines.emulator.host.steps.custom_jar import custom_jar
from airflow_emr_pipelines.emulator.host.steps.hive import hive, hive_script
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node
from airflow_emr_pipelines.emulator.host.steps.spark import spark_example, spark_sql, spark_submit

_COMMAND_RUNNER = re.compile(r"(.*/)?command-runner\.jar")
_SCRIPT_RUNNER = re.compile(r"s3[an]?://([a-z0-9-]+\.)?elasticmapreduce/libs/script-runner/script-runner\.jar")

_COMMANDS: dict[str, Callable[[Node, Sequence[str]], Launch]] = {
    "spark-submit": spark_submit,
    "spark-sql": spark_sql,
    "spark-example": spark_example,
    "run-example": spark_example,
    "hive-script": hive_script,
    "hive": hive,
}
_NOT_EMULATED = {
    "pig-script": "Pig",
    "pig": "Pig",
    "flink": "Flink",
    "flink-yarn-session": "Flink",
    "presto-cli": "Presto",
    "trino-cli": "Trino",
    "mapred": "MapReduce",
    "hbase": "HBase",
    "sqoop": "Sqoop",
    "oozie": "Oozie",
    "beeline": "HiveServer2",
    "sudo": "sudo",
}


def interpret(node: Node, step: StepRun) -> Launch:
    """The process that a step is; CannotRun says why there is none."""
    if _COMMAND_RUNNER.fullmatch(step.jar):
        words, dropped = _as_passed_on(step.args)
        # Under a runtime role EMR's command goes through a shell once more: it wants its own quotes.
        through_shell = step.execution_role is not None and words[:1] == ["bash"]
        launch = _command(node, ["bash", "-c", " ".join(words)] if through_shell else words)
        return replace(launch, notes=(*dropped, *launch.notes))
    if _SCRIPT_RUNNER.fullmatch(step.jar):
        return shell.script_runner(node, step.args)
    program = program_of_jar(step.jar)
    if program is not None:
        return _jar_of_a_node(node, step.jar, program, step.args)
    return custom_jar(node, step.jar, step.main_class, step.args, step.properties)


def _as_passed_on(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that command-runner.jar hands on, which are not all of them, and what it drops."""
    dropped = [f"command-runner.jar drops }}}} from the word {word!r}" for word in args if "}}" in word]
    words = [word.replace("}}", "") for word in args]
    empty = sum(not word for word in words)
    if empty:
        dropped.append(f"command-runner.jar drops {empty} empty word{'s' if empty > 1 else ''}")
    return [word for word in words if word], dropped


def _jar_of_a_node(node: Node, jar: str, program: str, args: Sequence[str]) -> Launch:
    if program in PROGRAMS:
        return _program(node, program, [program, *args])
    if program == SPARK_EXAMPLES:
        raise CannotRun(
            f"{jar}: Spark's examples need spark-submit: a step of command-runner.jar with the Args spark-submit, "
            f"--class, org.apache.spark.examples.SparkPi, {jar}, 10"
        )
    raise CannotRun(f"{jar}: MapReduce's examples are not part of the emulator", "Not emulated")


def _command(node: Node, words: Sequence[str]) -> Launch:
    if not words:
        raise CannotRun("command-runner.jar: Args is empty: its first word is the command to run")
    command = program_name(words[0])
    if command == "state-pusher-script":
        withdrawn = "it belongs to EMR's debugging tool, which AWS withdrew in January 2023"
        return shell.nothing(node, f"{command} does nothing: {withdrawn}")
    if command in _COMMANDS:
        return _COMMANDS[command](node, words[1:])
    if command in _NOT_EMULATED:
        raise CannotRun(f"{command}: {_NOT_EMULATED[command]} is not part of the emulator", "Not emulated")
    return _program(node, command, words)


def _program(node: Node, name: str, words: Sequence[str]) -> Launch:
    lacking = node.setup.why_lacking("Hadoop")
    if lacking and name in OF_HADOOP:
        raise CannotRun(f"{name}: {lacking}")
    return shell.program(node, words)
