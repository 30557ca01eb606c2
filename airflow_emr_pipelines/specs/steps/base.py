"""What every step has."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import ClassVar

from airflow_emr_pipelines.specs import rules
from airflow_emr_pipelines.specs.late import is_text
from airflow_emr_pipelines.specs.spec import Spec


class OnFailure(str, Enum):
    """What a step's failure means, in EMR's words (StepConfig.ActionOnFailure); carried out by the task."""

    CANCEL_AND_WAIT = "CANCEL_AND_WAIT"
    CONTINUE = "CONTINUE"
    TERMINATE_CLUSTER = "TERMINATE_CLUSTER"


@dataclass(frozen=True)
class Step(Spec):
    """What every step has.

    Values may be Jinja templates, or outputs of other tasks: they are judged when they are known.

    :param name: what EMR's console shows; at most 256 characters with the key that is put behind it
    :param on_failure: what a failure means once the task has no retries left
    """

    requires: ClassVar[str | None] = None
    """The application that a cluster must have for it."""

    name: str
    _: KW_ONLY
    on_failure: OnFailure | str = OnFailure.CANCEL_AND_WAIT

    def __post_init__(self) -> None:
        self.check(rules.text, "name", limit=rules.NAME_LIMIT)
        self.check(rules.choice, "on_failure", choices=[word.value for word in OnFailure])
        if is_text(self.on_failure):
            object.__setattr__(self, "on_failure", OnFailure(self.on_failure))
