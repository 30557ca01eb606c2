"""The steps of a cluster are asked for together, and one that EMR does not know spoils no other's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_emr_pipelines.hooks.emr import EmrHook
from airflow_emr_pipelines.hooks.steps import EmrSteps
from airflow_emr_pipelines.specs.reports import StepReport

KNOWN = {f"s-{number:02}": "COMPLETED" for number in range(12)} | {"s-running": "RUNNING"}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "ListSteps")


class Hook(EmrHook):
    """EMR's ListSteps: at most ten ids a call, and none that it does not know."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str] | None] = []

    def list_steps(self, cluster_id: str, **filters: Any) -> Iterator[list[StepReport]]:
        ids = filters.get("StepIds")
        self.asked.append(ids)
        if ids and not set(ids) <= set(KNOWN):
            raise refusal("InvalidRequestException")
        wanted = ids or [step for step, state in KNOWN.items() if state in filters["StepStates"]]
        yield [StepReport.from_answer(cluster_id, {"Id": i, "Name": i, "Status": {"State": KNOWN[i]}}) for i in wanted]


@pytest.fixture
def steps() -> EmrSteps:
    steps = EmrSteps("j-1", None, "us-east-1")
    steps.hook = Hook()
    return steps


def test_many_steps_take_few_calls(steps: EmrSteps) -> None:
    reports, calls = steps.reports(list(KNOWN))
    assert set(reports) == set(KNOWN)
    assert calls == 3


def test_a_step_that_emr_does_not_know_is_refused_alone(steps: EmrSteps) -> None:
    reports, calls = steps.reports(["s-00", "s-running", "s-typo", "s-01"])
    assert {name for name, report in reports.items() if isinstance(report, StepReport)} == {"s-00", "s-running", "s-01"}
    assert isinstance(reports["s-typo"], ClientError)
    assert calls == 5


def test_a_refusal_of_the_whole_listing_is_raised(steps: EmrSteps, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise refusal("AccessDeniedException")

    monkeypatch.setattr(steps.hook, "list_steps", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        steps.reports(["s-00"])
