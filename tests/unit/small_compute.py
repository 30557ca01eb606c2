"""A compute without a service behind it, for tests that say what it answers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from airflow_emr_pipelines.hooks.compute import Compute, Location
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.reports import Report


def step(step_id: str, state: str, name: str | None = None) -> StepReport:
    """What it says of a step."""
    return StepReport.from_answer("j-1", {"Id": step_id, "Name": name or step_id, "Status": {"State": state}})


class SmallCompute(Compute[Any]):
    """All that a compute has besides what it is asked."""

    backend = service = "small"
    identity: Hashable = "here"
    account: Hashable = "account"
    location = Location("small", "here", None, None)
    calls_per_second = 10_000.0

    def __init__(self) -> None:
        super().__init__(None, None)

    @classmethod
    def of(cls, job: Mapping[str, Any], aws_conn_id: str | None, region_name: str | None, hook: Any = None) -> Any:
        return cls()

    @property
    def fields(self) -> dict[str, Any]:
        return {"place": "here"}

    def connect(self) -> None: ...

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, Report | Exception], int]:
        raise NotImplementedError

    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        raise AssertionError("nobody is to end what runs here")
