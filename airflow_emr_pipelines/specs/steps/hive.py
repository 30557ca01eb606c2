"""A Hive script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Option, Settings, Words
from airflow_emr_pipelines.specs.values import addresses, rules


@dataclass(frozen=True)
class HiveStep(Step):
    """A HiveQL script.

    :param script: the file, such as s3://bucket/script.hql
    :param args: further arguments of hive, one text an element
    :param variables: what the script reads as ``${name}``; values arrive bare, so the script does the quoting
    """

    kind = "hive"
    requires = ("Hive",)
    command_line = (
        "hive-script",
        "--run-hive-script",
        "--args",
        Option("script", "-f"),
        Settings("variables", "-d", ("--define",)),
        Words("args"),
    )
    allows_runtime_role = True

    script: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    variables: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.file, "script")
        self.check(rules.words, "args")
        self.check(rules.settings, "variables")
