"""The checks of the checks: requests that botocore lets pass and EMR would not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.specs.emr_model import faults


def request(**step: Any) -> dict[str, Any]:
    jar_step = {"Jar": "command-runner.jar", "Args": ["a"]}
    return {
        "JobFlowId": "j-1",
        "Steps": [{"Name": "a", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar_step} | step],
    }


def test_a_good_request_has_no_faults() -> None:
    assert faults("AddJobFlowSteps", request()) == []


@pytest.mark.parametrize(
    "step",
    [
        {"ActionOnFailure": "NOPE"},
        {"Name": "x" * 257},
        {"Name": "a\x00"},
        {"Name": 5},
        {"Description": "no such field"},
        {"HadoopJarStep": {"Jar": "x", "Properties": {"a": "b"}}},
        {"HadoopJarStep": {"Jar": "x", "Args": ["x" * 10_281]}},
    ],
    ids=lambda step: next(iter(step)),
)
def test_a_bad_request_has(step: dict[str, Any]) -> None:
    assert faults("AddJobFlowSteps", request(**step))
