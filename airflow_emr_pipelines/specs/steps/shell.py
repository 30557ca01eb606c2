"""A command line."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Word
from airflow_emr_pipelines.specs.values import rules


@dataclass(frozen=True)
class ShellStep(Step):
    """A command line for bash, run on the primary node as user hadoop.

    :param command: the line, as ``bash -c`` takes it
    """

    kind = "shell"
    command_line = ("bash", "-c", Word("command"))

    command: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(rules.text, "command")
