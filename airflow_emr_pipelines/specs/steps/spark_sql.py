"""A file of Spark SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from airflow_emr_pipelines.specs.steps import spark_conf
from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Option, Settings, Words
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_text

DEPLOY_MODE = "spark.submit.deployMode"


@dataclass(frozen=True)
class SparkSqlStep(Step):
    """A file of Spark SQL, run by spark-sql. Its driver is on the primary node: spark-sql has client mode only.

    :param script: the file, such as s3://bucket/query.sql
    :param args: further arguments of spark-sql, one text an element
    :param variables: what the file reads as ``${name}``; values arrive bare, so the file does the quoting
    :param conf: Spark's settings, one entry each, such as spark.executor.memory
    """

    kind = "spark_sql"
    requires = ("Spark",)
    command_line = (
        "spark-sql",
        Settings("conf", "--conf"),
        Option("script", "-f"),
        Settings("variables", "-d", ("--define",)),
        Words("args"),
    )
    runs_on_spark = True
    allows_runtime_role = True

    script: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    variables: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.file, "script")
        self.check(rules.words, "args")
        self.check(rules.settings, "variables")
        self.check(spark_conf.conf, "conf")
        conf: Any = self.conf
        if isinstance(conf, Mapping) and is_text(conf.get(DEPLOY_MODE)) and conf[DEPLOY_MODE] != "client":
            self.refuse(
                "conf",
                "spark-sql runs its driver where it is started: there is no other deploy mode for it",
                f"take {DEPLOY_MODE} out, or run the SQL from a program by a SparkStep",
                value=conf[DEPLOY_MODE],
            )
        args: Any = self.args
        for word in args if isinstance(args, tuple) else ():
            option = word.partition("=")[0] if is_text(word) else ""
            if option == "--conf" or option in spark_conf.SETTING_OF_OPTION:
                setting = spark_conf.SETTING_OF_OPTION.get(option, "spark.…")
                self.refuse(
                    "args", f"{option} is a setting of Spark", f'write conf={{"{setting}": "value"}}', value=word
                )
