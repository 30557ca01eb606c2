"""hive-script and hive: run by Spark SQL's command line program, which speaks Hive's language."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node
from airflow_emr_pipelines.emulator.host.steps.spark import sql_program


def hive_script(node: Node, words: Sequence[str]) -> Launch:
    """`hive-script --run-hive-script --args -f s3://script -d K=V`"""
    if "--args" not in words:
        raise CannotRun("hive-script: --args is missing: hive-script --run-hive-script --args -f s3://script -d K=V")
    return hive(node, words[list(words).index("--args") + 1 :])


def hive(node: Node, words: Sequence[str]) -> Launch:
    """`hive -f s3://script -d K=V` and `hive -e statements`"""
    node.require("Hive", "hive")
    if not {"-f", "-e"} & set(words):
        raise CannotRun("hive: neither a script (-f) nor statements (-e) are given, and a step has no terminal")
    return sql_program(node, words, is_spark=False)
