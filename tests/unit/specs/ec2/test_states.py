from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from botocore.session import get_session

from airflow_emr_pipelines.errors import UnknownState
from airflow_emr_pipelines.specs.ec2.states import ClusterState, InstanceGroupState, InstanceState, StepState

STATES = [ClusterState, StepState, InstanceGroupState, InstanceState]


@pytest.mark.parametrize("states", STATES, ids=lambda states: states.__name__)
def test_the_states_are_those_of_the_service(states: type[Enum]) -> None:
    shape = get_session().get_service_model("emr").shape_for(states.__name__)
    assert {state.value for state in states} == set(shape.enum)  # type: ignore[attr-defined]


@pytest.mark.parametrize("states", STATES, ids=lambda states: states.__name__)
def test_a_state_is_read_from_its_word_and_equals_it(states: Any) -> None:
    for state in states:
        assert states.read(state.value) is state
        assert state == state.value


@pytest.mark.parametrize("states", STATES, ids=lambda states: states.__name__)
@pytest.mark.parametrize("word", ["MELTED", "running", "", None])
def test_an_unknown_word_fails_at_the_edge(states: Any, word: Any) -> None:
    with pytest.raises(UnknownState, match="has the state"):
        states.read(word)


def test_what_is_finished_changes_no_more() -> None:
    every: list[Any] = [state for states in STATES for state in states]  # type: ignore[var-annotated]
    assert {state.value for state in every if state.finished} == {
        *("COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED"),
        *("TERMINATED", "TERMINATED_WITH_ERRORS", "ENDED"),
    }
    assert not StepState.CANCEL_PENDING.finished, "it may still end COMPLETED"
    assert not ClusterState.TERMINATING.finished


def test_only_completed_is_success() -> None:
    assert [state for state in StepState if state.succeeded] == [StepState.COMPLETED]


def test_which_clusters_run_steps_and_which_take_them() -> None:
    assert {state.value for state in ClusterState if state.usable} == {"RUNNING", "WAITING"}
    assert {state.value for state in ClusterState if state.accepts_steps} == {
        *("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
    }
