"""SQL for Trino or Presto, by the command line client on the primary node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal, get_args

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Option, Word, Words
from airflow_emr_pipelines.specs.values import addresses, rules

PRESTO_CLI = "presto-cli"
TrinoClient = Literal["trino-cli", "presto-cli"]
OPTIONS = (
    Option("catalog", "--catalog"),
    Option("schema", "--schema"),
    Words("args"),
    Option("execute", "--execute"),
    Option("file", "--file", ("-f",)),
)
"""What both clients are told, behind their names."""


@dataclass(frozen=True)
class SqlClientStep(Step):
    """What Trino's and Presto's steps share.

    :param execute: the statements, parted by semicolons
    :param file: a file of statements on the primary node; the client reads none from S3
    :param catalog: where tables are looked for, such as hive
    :param schema: the catalog's schema
    :param args: further options of the client, one text an element
    """

    _: KW_ONLY
    execute: str | None = None
    file: str | None = None
    catalog: str | None = None
    schema: str | None = None
    args: Sequence[str | int | float] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(rules.text, "execute", "catalog", "schema")
        self.check(addresses.node_path, "file")
        self.check(rules.words, "args")
        if self.execute is None and self.file is None:
            self.refuse(
                "execute", "there are no statements to run", 'write execute="SELECT …", or file="/path/on/the/node.sql"'
            )
        if self.execute is not None and self.file is not None:
            self.refuse("file", "the client takes either it or execute", "leave one of them out")


@dataclass(frozen=True)
class TrinoStep(SqlClientStep):
    """SQL statements for Trino, run by its command line client on the primary node.

    :param client: the client's name: presto-cli for Trino and PrestoSQL up to emr-6.5.0, trino-cli since
    """

    kind = "trino"
    requires = ("Trino", "PrestoSQL")
    command_line = (Word("client"), *OPTIONS)

    _: KW_ONLY
    client: TrinoClient | str = "trino-cli"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(rules.choice, "client", choices=get_args(TrinoClient))


@dataclass(frozen=True)
class PrestoStep(SqlClientStep):
    """SQL statements for Presto, run by its command line client on the primary node."""

    kind = "presto"
    requires = ("Presto", "PrestoSQL", "Presto-Sandbox")
    command_line = (PRESTO_CLI, *OPTIONS)
