from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.specs.values import keys
from airflow_emr_pipelines.specs.values.keys import (
    is_cleared,
    is_of_one_task,
    job_key,
    key_in_name,
    name_with_key,
    without_key,
)
from airflow_emr_pipelines.specs.values.tags import TEXT

JOB: dict[str, Any] = {
    "deployment": "prod",
    "dag_id": "etl",
    "run_id": "scheduled__2013-01-01T00:00:00+00:00",
    "start_date": "2013-01-02T02:00:00+00:00",
    "task_id": "pipeline.validate",
    "map_index": -1,
    "max_tries": 2,
}


def test_a_key_is_the_same_in_every_process_and_release() -> None:
    """A retry finds the job of an earlier try by it, after an upgrade too: these words may never change."""
    assert job_key(**JOB) == "NH2mPZWp2SpPit4TOR3f0r"


@pytest.mark.parametrize(
    "change",
    [
        {"deployment": "test"},
        {"dag_id": "etl2"},
        {"run_id": "manual__1"},
        {"start_date": "2013-01-02T02:00:01+00:00"},
        {"task_id": "pipeline.cleanse"},
        {"map_index": 0},
        {"max_tries": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_a_job_changes_its_key(change: dict[str, Any]) -> None:
    assert job_key(**JOB | change) != job_key(**JOB)


@pytest.mark.parametrize("change", [{"max_tries": 3}, {"start_date": "2013-01-02T02:00:01+00:00"}], ids=str)
def test_a_key_of_before_a_clear_is_known_by_the_one_of_after_it(change: dict[str, Any]) -> None:
    assert is_cleared(job_key(**JOB), job_key(**JOB | change))
    assert not is_cleared(job_key(**JOB), job_key(**JOB))
    assert not is_cleared(None, job_key(**JOB))


@pytest.mark.parametrize("change", [{}, {"max_tries": 3}, {"start_date": "2013-01-02T02:00:01+00:00"}], ids=str)
def test_the_keys_of_all_times_that_a_task_is_run_are_of_one_task(change: dict[str, Any]) -> None:
    assert is_of_one_task(job_key(**JOB), job_key(**JOB | change))
    assert not is_of_one_task(job_key(**JOB), job_key(**JOB | {"task_id": "t"} | change))
    assert not is_of_one_task(None, job_key(**JOB | change))


def test_a_name_is_not_cut_to_one_that_ends_with_a_blank() -> None:
    assert name_with_key(" ab cdef", "k" * keys.KEY_LENGTH, limit=keys.KEY_LENGTH + 3 + 4) == f" ab [{'k' * 22}]"


@pytest.mark.parametrize(
    "change", [{"deployment": "test"}, {"dag_id": "etl2"}, {"run_id": "manual__1"}, {"task_id": "t"}, {"map_index": 0}]
)
def test_the_key_of_another_task_is_none_of_before_a_clear(change: dict[str, Any]) -> None:
    assert not is_cleared(job_key(**JOB | change), job_key(**JOB | {"max_tries": 3}))


def test_without_a_deployment_a_run_that_started_another_time_may_be_of_another_airflow() -> None:
    nobodys = JOB | {"deployment": ""}
    assert is_cleared(job_key(**nobodys), job_key(**nobodys | {"max_tries": 3}))
    assert not is_cleared(job_key(**nobodys), job_key(**nobodys | {"start_date": "2013-01-02T02:00:01+00:00"}))


def test_parts_do_not_run_into_each_other() -> None:
    assert job_key(**JOB | {"dag_id": "a", "run_id": "bc"}) != job_key(**JOB | {"dag_id": "ab", "run_id": "c"})


@given(st.text(), st.text(), st.integers(0))
def test_a_key_is_legal_in_names_tags_and_tokens(dag_id: str, run_id: str, max_tries: int) -> None:
    key = job_key(**JOB | {"dag_id": dag_id, "run_id": run_id, "max_tries": max_tries})
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", key)


@given(st.text(max_size=400), st.integers(0))
def test_a_name_carries_its_key_and_is_never_too_long(name: str, number: int) -> None:
    key = job_key(**JOB | {"map_index": number})
    carried = name_with_key(name, key)
    assert key_in_name(carried) == key
    assert len(carried) <= 256
    assert len(name) > 231 or carried.startswith(name)
    assert without_key(carried) == name if len(name) <= 231 else name.startswith(without_key(carried))


def test_a_name_that_is_cut_is_told(caplog: pytest.LogCaptureFixture) -> None:
    key = job_key(**JOB)
    with caplog.at_level(logging.WARNING):
        assert name_with_key("x" * 231, key) == "x" * 231 + f" [{key}]"
        assert caplog.messages == []
        assert len(name_with_key("x" * 232, key)) == 256
    assert "is cut to 231 characters" in caplog.messages[0]


@pytest.mark.parametrize(
    "name", ["", "daily", "daily [short]", "[kkkkkkkkkkkkkkkkkkkkkk] daily", "a [with blank in 22 chars ]"]
)
def test_a_name_without_a_key_has_none(name: str) -> None:
    assert key_in_name(name) is None
    assert without_key(name) == name


def test_the_owners_tags_are_legal_keys() -> None:
    tags = [keys.KEY_TAG, keys.DEPLOYMENT_TAG, keys.DAG_TAG, keys.RUN_TAG, keys.TASK_TAG]
    assert len(set(tags)) == 5
    assert [tag for tag in tags if not TEXT.fullmatch(tag) or len(tag) > 128 or tag.startswith("aws:")] == []
