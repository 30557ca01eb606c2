"""Requests without a client token take effect once, whatever becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import UnclearAnswer
from airflow_emr_pipelines.hooks.sending import PATIENCE, retry_until_clear, submit_once


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X")  # type: ignore[typeddict-item]


LOST = ReadTimeoutError(endpoint_url="http://emr")
RESET = ConnectionClosedError(endpoint_url="http://emr")
DOWN = EndpointConnectionError(endpoint_url="http://emr")
FAULT = client_error("InternalServerError", 500)
THROTTLED = client_error("ThrottlingException")
REFUSED = client_error("ValidationException")
EXPIRED = client_error("ExpiredTokenException")


class Service:
    """A service that makes a thing at each request that reaches it, and answers as told."""

    def __init__(self, *answers: tuple[Exception | None, bool]) -> None:
        self.answers = list(answers)
        self.made: list[str] = []
        self.now = 0.0

    def send(self) -> str:
        error, takes_effect = self.answers.pop(0) if self.answers else (None, True)
        if takes_effect:
            self.made.append(f"id-{len(self.made)}")
        if error is not None:
            raise error
        return self.made[-1]

    def find(self) -> str | None:
        return self.made[-1] if self.made else None

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def once(self, find: Callable[[], str | None] | None = None) -> str:
        return submit_once(
            self.send, find or self.find, operation="RunJobFlow", sleep=self.sleep, clock=lambda: self.now
        )


@pytest.mark.parametrize("error", [LOST, RESET, FAULT])
def test_a_lost_answer_is_settled_by_looking_and_never_by_sending_again(error: Exception) -> None:
    service = Service((error, True))
    assert service.once() == "id-0"
    assert service.made == ["id-0"]


unclear = st.tuples(st.sampled_from([LOST, RESET, FAULT]), st.booleans())
nothing_done = st.tuples(st.sampled_from([THROTTLED, DOWN]), st.just(False))


@given(st.lists(st.one_of(unclear, nothing_done), max_size=6))
def test_whatever_the_answers_exactly_one_thing_is_made(answers: list[tuple[Exception | None, bool]]) -> None:
    service = Service(*answers)
    assert service.once() == "id-0"
    assert service.made == ["id-0"]


@pytest.mark.parametrize("error", [REFUSED, EXPIRED], ids=["refused", "expired"])
def test_a_refusal_and_an_expired_session_are_raised_as_they_came(error: ClientError) -> None:
    service = Service((error, False))
    with pytest.raises(ClientError) as raised:
        service.once()
    assert raised.value is error
    assert (service.made, service.now) == ([], 0.0), "nothing is sent with credentials that have expired"


def test_what_is_listed_late_is_still_found() -> None:
    service = Service((LOST, True))
    looks = iter([None, None, "id-0"])
    assert service.once(lambda: next(looks)) == "id-0"
    assert service.made == ["id-0"]


def test_a_look_that_is_throttled_is_repeated() -> None:
    service = Service((LOST, True))
    throttles = [THROTTLED] * 5

    def find() -> str | None:
        if throttles:
            raise throttles.pop()
        return service.find()

    assert service.once(find) == "id-0"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException"])
def test_when_looking_is_refused_the_request_is_not_sent_again(code: str) -> None:
    service = Service((LOST, True))
    looks = 0

    def find() -> str | None:
        nonlocal looks
        looks += 1
        raise client_error(code)

    with pytest.raises(UnclearAnswer, match=code):
        service.once(find)
    assert (service.made, looks) == (["id-0"], 1)


def test_endless_throttling_is_given_up_with_the_last_answer() -> None:
    service = Service(*[(THROTTLED, False)] * 1000)
    with pytest.raises(UnclearAnswer, match="ThrottlingException"):
        service.once()
    assert service.now <= PATIENCE


@given(st.lists(st.one_of(unclear, nothing_done), max_size=8))
def test_what_may_be_sent_twice_is_sent_until_the_answer_is_clear(answers: list[tuple[Exception | None, bool]]) -> None:
    service = Service(*answers)
    retry_until_clear(service.send, operation="TerminateJobFlows", sleep=service.sleep, clock=lambda: service.now)
    assert service.answers == []


@pytest.mark.parametrize(("fault", "is_clear"), [(REFUSED, True), (EXPIRED, True), (THROTTLED, False)])
def test_a_clear_answer_and_the_last_one_after_long_are_raised(fault: ClientError, is_clear: bool) -> None:
    service = Service(*[(fault, False)] * 1000)
    with pytest.raises(ClientError) as raised:
        retry_until_clear(service.send, operation="TerminateJobFlows", sleep=service.sleep, clock=lambda: service.now)
    assert raised.value is fault
    assert service.now <= PATIENCE
    assert (len(service.answers) == 999) is is_clear
