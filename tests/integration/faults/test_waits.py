"""A wait ends when its job does, whatever the service answers in between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.faults.conftest import Account
from tests.integration.faults.tasks import step_task

TROUBLES: dict[str, dict[str, Any]] = {
    "every call is throttled": {"kind": "throttle"},
    "the service has a fault": {"kind": "error"},
    "the connections drop": {"kind": "drop"},
    "the answers are lost": {"kind": "lose_answer"},
    "the session has expired": {"kind": "error", "code": "ExpiredTokenException", "message": "expired", "status": 400},
    "a gateway answers": {"kind": "error", "code": "BadGateway", "message": "<html>", "status": 502},
}


@pytest.mark.parametrize("told", TROUBLES.values(), ids=TROUBLES)
def test_a_wait_outlives_trouble_that_lasts(account: Account, standing: str, told: dict[str, Any]) -> None:
    """Three seconds here are a minute, at the pace of these tests."""
    task = step_task(standing, "sleep 0.2")
    assert task.start().state == "deferred"
    account.fault("ListSteps", seconds=3.0, **told)
    event = task.watch()
    assert event.state == "success", event
    assert task.resume(event.value).state == "success", task.log
    assert [state for _, state in account.steps(standing)] == ["COMPLETED"]


def test_a_refusal_ends_the_wait_and_is_no_success(account: Account, standing: str) -> None:
    task = step_task(standing, "sleep 1000")
    task.start()
    account.until_step_is(standing, "RUNNING")
    account.fault("ListSteps", "error", times=1, code="AccessDeniedException", message="not you", status=400)
    ending = task.resume(task.watch().value)
    assert "not you" in ending.error, ending
    assert account.until_step_is(standing, "CANCELLED")
