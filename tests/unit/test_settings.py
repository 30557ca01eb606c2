"""Options that make no sense are refused by their names, before anything waits by them."""

from __future__ import annotations

import pytest

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.errors import InvalidSpec


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("calls_per_second", "0"),
        ("calls_per_second", "-1"),
        ("calls_per_second", "inf"),
        ("poll_seconds", "-1"),
        ("poll_seconds", "nan"),
        ("least_deferral_seconds", "-1"),
        ("cancel_grace_seconds", "-20"),
        ("log_wait_seconds", "-0.5"),
    ],
)
def test_a_number_that_nothing_can_be_done_by_is_refused(
    option: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AIRFLOW__EMR_PIPELINES__{option.upper()}", value)
    with pytest.raises(InvalidSpec, match=rf"\[emr_pipelines\] {option} = "):
        getattr(settings, option)()


@pytest.mark.parametrize(
    "option", ["poll_seconds", "least_deferral_seconds", "cancel_grace_seconds", "log_wait_seconds"]
)
def test_what_need_not_be_waited_for_is_zero_seconds(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW__EMR_PIPELINES__{option.upper()}", "0")
    assert getattr(settings, option)() == 0
