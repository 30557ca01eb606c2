"""A script from S3, run by EMR's script-runner.jar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import REGION
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_text


@dataclass(frozen=True)
class ScriptRunnerStep(Step):
    """A script, which EMR's script-runner.jar fetches and runs on the primary node as user hadoop.

    :param script: the file, such as s3://bucket/script.sh; in the cluster's region
    :param args: the script's arguments, one text an element
    :param region: the cluster's region, where the jar is read from: the task is refused on a cluster of another one
    """

    kind = "script_runner"

    script: str
    args: Sequence[str | int | float] = ()
    _: KW_ONLY
    region: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.file, "script")
        self.check(rules.words, "args")
        self.check(rules.text, "region")
        if is_text(self.region) and not REGION.fullmatch(self.region):
            self.refuse("region", "it is no region of AWS", "write it like eu-central-1")
