"""What a kind of compute can run, and how it is told to: pure, so that it can be asked where a DAG is written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from airflow_emr_pipelines.specs.steps import Step

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Backend(Protocol):
    """A kind of compute, as far as it is known before there is one."""

    @property
    def name_limit(self) -> int:
        """Characters of a job's name, its key among them."""

    def render(self, step: Step, options: Mapping[str, Any] = NO_OPTIONS, name: str | None = None) -> dict[str, Any]:
        """The part of a request that says what to run; all of the step's values are known.

        :param options: what is said of the run besides the step: ``region``, where it is known …
        :param name: the job's name with its key, when it is to be submitted
        :raises InvalidSpec: this kind of compute cannot run the step
        """

    def check(self, step: Any, target: Any = None, options: Mapping[str, Any] = NO_OPTIONS) -> None:
        """Refuse now what the service would refuse later, as far as it is known, with the reason and the way out.

        :param step: a step, or a list of them; all else is let be
        :param target: a cluster that is yet to be made: then it is judged what fails there, and the step not once more
        :raises InvalidSpec: this kind of compute, or this one of it, cannot run the step
        """
