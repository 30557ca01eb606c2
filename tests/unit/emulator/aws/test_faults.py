"""Faults on demand: which request has which."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws.faults import BadFault, Fault, Faults, Kind
from airflow_emr_pipelines.emulator.ec2.model import Clock, Clusters
from airflow_emr_pipelines.emulator.server import Server


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fault(**told: object) -> Fault:
    return Fault.from_dict({"operation": "ListSteps", "kind": "throttle", **told})


@given(times=st.integers(0, 5), skip=st.integers(0, 5), requests=st.integers(0, 15))
def test_so_many_requests_have_it_after_those_that_are_skipped(times: int, skip: int, requests: int) -> None:
    faults = Faults()
    faults.add(fault(times=times, skip=skip))
    had = [faults.next("ListSteps") is not None for _ in range(requests)]
    assert had == [skip <= place < skip + times for place in range(requests)]


def test_a_fault_is_of_its_operation_or_of_all() -> None:
    faults = Faults()
    one, all_ = faults.add(fault(times=1)), faults.add(fault(operation="*", kind="drop"))
    assert [faults.next(name) for name in ("DescribeStep", "ListSteps", "ListSteps")] == [all_, one, all_]
    assert [(told.id, told.hits) for told in faults.all()] == [(1, 1), (2, 2)]
    faults.clear()
    assert faults.next("ListSteps") is None


def test_a_fault_for_a_time_ends_by_itself() -> None:
    now = Time()
    faults = Faults(now)
    faults.add(fault(seconds=30))
    had = []
    for now.now in (0, 29, 31):
        had.append(faults.next("ListSteps") is not None)
    assert had == [True, True, False]


def test_errors_are_aws_errors() -> None:
    throttled = fault().error()
    assert (throttled.code, throttled.message, throttled.status) == ("ThrottlingException", "Rate exceeded", 400)
    expired = fault(kind="error", code="ExpiredTokenException", message="The token has expired", status=400).error()
    assert (expired.code, expired.message, expired.status) == ("ExpiredTokenException", "The token has expired", 400)
    assert fault(kind="error").error().status == 500


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"operation": ""}, "an operation and a kind"),
        ({"kind": "burn"}, "throttle, error, drop, lose_answer, delay"),
        ({"times": "3"}, "times of a fault cannot be '3'"),
        ({"times": True}, "times of a fault cannot be True"),
        ({"times": -1}, "not negative"),
        ({"status": 200}, "between 400 and 599"),
        ({"probability": 0.5}, "has no 'probability'"),
    ],
)
def test_what_is_no_fault_is_refused(told: dict[str, object], said: str) -> None:
    with pytest.raises(BadFault, match=said):
        fault(**told)


def test_a_client_is_told_what_is_in_force() -> None:
    assert fault(times=2, delay=0.5, kind="delay").to_dict() == {
        "operation": "ListSteps",
        "kind": Kind.DELAY,
        "times": 2,
        "seconds": None,
        "skip": 0,
        "code": "InternalServerException",
        "message": "Service is unavailable",
        "status": 500,
        "delay": 0.5,
        "id": 0,
        "hits": 0,
    }


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 403)])
def test_only_a_client_of_this_machine_makes_faults(host: str, status: int) -> None:
    server = Server(Clusters(), None, Clock(), None)  # type: ignore[arg-type]
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/_emulator/faults", "headers": headers, "client": (host, 4000)}
    answers: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"operation": "*", "kind": "drop"}', "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(server({**scope, "query_string": b"", "server": ("127.0.0.1", 80)}, receive, send))
    assert (answers[0]["status"], len(server.faults.all())) == (status, int(status == 200))
