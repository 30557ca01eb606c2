"""What a step's Jar and Args mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

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
    "state-pusher-script": "EMR's debugging tool, which AWS withdrew in January 2023,",
    "sudo": "sudo",
}


def interpret(node: Node, step: StepRun) -> Launch:
    """The process that a step is; CannotRun says why there is none."""
    if _COMMAND_RUNNER.fullmatch(step.jar):
        # Under a runtime role EMR's command goes through a shell once more: it wants its own quotes.
        through_shell = step.execution_role is not None and step.args[:1] == ("bash",)
        return _command(node, ("bash", "-c", " ".join(step.args)) if through_shell else step.args)
    if _SCRIPT_RUNNER.fullmatch(step.jar):
        return shell.script_runner(node, step.args)
    return custom_jar(node, step.jar, step.main_class, step.args, step.properties)


def _command(node: Node, words: Sequence[str]) -> Launch:
    if not words:
        raise CannotRun("command-runner.jar: Args is empty: its first word is the command to run")
    command = words[0].rsplit("/", 1)[-1] if words[0].startswith("/usr/") else words[0]
    if command in _COMMANDS:
        return _COMMANDS[command](node, words[1:])
    if command in _NOT_EMULATED:
        raise CannotRun(f"{command}: {_NOT_EMULATED[command]} is not part of the emulator", "Not emulated")
    return shell.program(node, words)
