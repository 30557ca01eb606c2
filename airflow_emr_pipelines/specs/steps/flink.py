"""A Flink job."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Option, Settings, Switch, Word, Words
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_text

APPLICATION_ID = re.compile(r"application_[0-9]+_[0-9]+")


@dataclass(frozen=True)
class FlinkStep(Step):
    """A Flink job, submitted with flink run to YARN.

    :param jar: the program: s3://…, or a path on the primary node
    :param args: the program's own arguments, one text an element
    :param main_class: the class to run, unless the jar's manifest names it
    :param application_id: the YARN application of a Flink session that runs already; without it the job gets its own
    :param parallelism: how many at once of each of the job's operators, unless the program says
    :param detached: the step completes when the job is submitted, not when it ends
    :param conf: Flink's settings for a job of its own, one entry each
    """

    kind = "flink"
    requires = ("Flink",)
    command_line = (
        *("flink", "run", "-m", "yarn-cluster"),
        Option("application_id", "-yid", ("--yarnapplicationId",)),
        Option("parallelism", "-p", ("--parallelism",)),
        Option("main_class", "-c", ("--class",)),
        Switch("detached", "-d", ("--detached",)),
        Settings("conf", "-yD"),
        Word("jar"),
        Words("args"),
    )

    jar: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    main_class: str | None = None
    application_id: str | None = None
    parallelism: int | str | None = None
    detached: bool | str = False
    conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.file, "jar")
        self.check(rules.words, "args")
        self.check(rules.text, "main_class", "application_id")
        self.check(rules.whole, "parallelism", least=1)
        self.check(rules.truth, "detached")
        self.check(rules.settings, "conf")
        if is_text(self.jar) and not self.jar.endswith((".jar", ".py")):
            self.refuse("jar", "flink run takes a program in a jar", "name a .jar file")
        if is_text(self.jar) and self.jar.endswith(".py"):
            self.refuse(
                "jar",
                "flink run takes a jar here, and a Python program by another option",
                'write CustomJarStep(name, "command-runner.jar", ["flink", "run", "-m", "yarn-cluster", "-py", …])',
            )
        if is_text(self.application_id) and not APPLICATION_ID.fullmatch(self.application_id):
            self.refuse(
                "application_id", "it is no id of a YARN application", "write it like application_1700000000000_0001"
            )
