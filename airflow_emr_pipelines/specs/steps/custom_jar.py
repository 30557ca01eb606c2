"""A Java program."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import COMMAND_RUNNER
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_text

SPARK_PROGRAMS = ("spark-submit", "spark-sql", "run-example", "spark-example")
HIVE_PROGRAMS = ("hive-script", "hive")
PROMPTS = ("spark-shell", "pyspark", "sparkR")
"""Programs for people who type."""
WITH_OPTIONS = re.compile(r"\s(-|\S+://)")


@dataclass(frozen=True)
class CustomJarStep(Step):
    """A Java program in a jar.

    :param jar: s3://… or a path on the primary node
    :param args: the program's arguments, one text an element
    :param main_class: the class to run, unless the jar's manifest names it
    :param properties: Java system properties of the main class
    """

    kind = "custom_jar"

    jar: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    main_class: str | None = None
    properties: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jar != COMMAND_RUNNER:
            self.check(addresses.file, "jar")
        self.check(rules.words, "args")
        if self.jar == COMMAND_RUNNER and isinstance(self.args, tuple) and self.args:
            self._check_command(self.args)
        self.check(rules.text, "main_class")
        self.check(rules.settings, "properties")
        if is_text(self.jar) and self.jar.endswith(".py"):
            self.refuse("jar", "it is Python, and Java runs a jar", f'use SparkStep(name, "{self.jar}")')
        properties: Any = self.properties
        spark = [name for name in properties if name.startswith("spark.")] if isinstance(properties, Mapping) else []
        if spark:
            self.refuse(
                "properties",
                "Java properties of the main class are no settings of Spark",
                "use a SparkStep with conf",
                value=spark,
            )

    def _check_command(self, args: Sequence[Any]) -> None:
        """Refuse a line where a program is wanted: no shell parts it, and there is no program of that name."""
        first = args[0]
        if not is_text(first):
            return
        is_path = first.startswith("/") and not WITH_OPTIONS.search(first)  # of which a folder may have a blank
        if len(first.split()) > 1 and not is_path:
            more = "" if len(args) == 1 else ", with the others behind it"
            remedy = f"{rules.as_list('args', first)}{more}; a line for a shell is a ShellStep"
            rule = "it is the name of a program for EMR, which parts no words: none is called so"
            raise InvalidSpec(f"{self.told('args')}[0]", first, rule, remedy)
        if self.program in PROMPTS:
            rule = (
                f"{self.program} is a prompt for people: with nobody who types it ends at once, or behind the file of "
                "its -i, and ends well whatever failed there"
            )
            remedy = "write what is typed there into a .py or .jar file, and use SparkStep"
            rules.warn(f"{self.told('args')}[0]", first, rule, remedy)

    @property
    def program(self) -> str | None:
        """The program that EMR's command runner is told to run, without its folder; None for any other jar."""
        return str(self.args[0]).rpartition("/")[2] if self.jar == COMMAND_RUNNER and self.args else None
