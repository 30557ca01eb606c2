"""A Pig script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Option, Settings, Words
from airflow_emr_pipelines.specs.values import addresses, rules


@dataclass(frozen=True)
class PigStep(Step):
    """A script of Pig Latin.

    :param script: the file, such as s3://bucket/script.pig
    :param args: further arguments of pig, one text an element
    :param parameters: what the script reads as ``$name``
    """

    kind = "pig"
    requires = ("Pig",)
    command_line = (
        "pig-script",
        "--run-pig-script",
        "--args",
        Option("script", "-f"),
        Settings("parameters", "-p", ("-param",)),
        Words("args"),
    )

    script: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    parameters: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.file, "script")
        self.check(rules.words, "args")
        self.check(rules.settings, "parameters")
