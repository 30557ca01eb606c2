"""What was told of a period is told again as it was, and never more than its budget, whoever dies or asks meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import privacy_ledger
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake import DataError
from moto import mock_aws

PERIODS = count()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = privacy_ledger.client()
        client.create_bucket(Bucket="ledgers")
        yield client


@pytest.fixture
def ledger(s3: Any) -> Any:
    return fresh(s3)


def fresh(s3: Any, budget: float = 2.0) -> privacy_ledger.Ledger:
    return privacy_ledger.Ledger(s3, "s3://ledgers/privacy", "flights", str(next(PERIODS)), budget)


def drawn() -> Callable[[], dict[str, Any]]:
    """Noise that is never the same twice."""
    numbers = count()
    return lambda: {"drawn": next(numbers)}


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.5, 1.0])), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_question_has_one_answer_and_all_cost_no_more_than_the_budget(
    s3: Any, asked: list[tuple[int, float]]
) -> None:
    ledger, draw = fresh(s3), drawn()
    told: dict[tuple[int, float], Any] = {}
    for question in asked:
        number, cost = question
        try:
            answer, again = ledger.answered({"number": number, "cost": cost}, cost, draw)
        except DataError:
            assert question not in told
            assert sum(paid for _, paid in told) + cost > 2.0
            continue
        assert again == (question in told)
        assert told.setdefault(question, answer) == answer
    assert sum(cost for _, cost in told) <= 2.0
    assert len(ledger.entries()) == len(told)


def test_a_job_that_dies_before_it_has_written_has_spent_nothing(ledger: Any) -> None:
    def dies() -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.answered({"number": 1}, 2.0, dies)
    assert ledger.entries() == []
    assert ledger.answered({"number": 1}, 2.0, drawn()) == ({"drawn": 0}, False)


def test_of_two_that_ask_at_once_both_get_one_answer_and_the_last_of_the_budget_goes_once(ledger: Any) -> None:
    together = threading.Barrier(2)
    draw, found = drawn(), []

    def slow() -> dict[str, Any]:
        together.wait(20)  # both have read the ledger before either writes
        return draw()

    def ask(number: int) -> None:
        try:
            found.append(ledger.answered({"number": number}, 2.0, slow))
        except DataError as error:
            found.append(error)

    for numbers in ((1, 1), (2, 3)):
        found.clear()
        ledger = fresh(ledger.s3)
        threads = [threading.Thread(target=ask, args=[number]) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(ledger.entries()) == 1
        kept = ledger.entries()[0]["answer"]
        if numbers == (1, 1):
            assert sorted(again for _, again in found) == [False, True]
            assert [answer for answer, _ in found] == [kept, kept]
        else:
            (refused,) = (one for one in found if isinstance(one, DataError))
            assert "The budget is spent" in str(refused)
            assert [one for one in found if one is not refused] == [(kept, False)]


def test_a_write_whose_answer_was_lost_is_found_again(ledger: Any) -> None:
    """boto3 sends it once more by itself, and S3 then says that there is such an object."""
    true = ledger.s3.put_object
    ledger.s3.put_object = lambda **words: (true(**words), true(**words))
    try:
        assert ledger.answered({"number": 1}, 1.0, drawn()) == ({"drawn": 0}, True)
    finally:
        ledger.s3.put_object = true


def test_an_entry_that_cannot_be_read_is_not_taken_for_nothing_spent(ledger: Any) -> None:
    for body in (b"", b"{}", b"[]", json.dumps({"question": {}, "epsilon": 1}).encode()):
        ledger = fresh(ledger.s3)
        ledger.s3.put_object(Bucket="ledgers", Key=f"{ledger.folder}/1.json", Body=body)
        with pytest.raises(DataError, match=r"1\.json is no entry of a ledger: what was spent is unknown"):
            ledger.answered({"number": 1}, 1.0, drawn())


@pytest.mark.parametrize("address", ["/tmp/ledger", "s3://", "file:///ledger"])
def test_a_ledger_is_kept_in_s3(s3: Any, address: str) -> None:
    with pytest.raises(DataError, match="is no folder of S3"):
        privacy_ledger.Ledger(s3, address, "flights", "2013-01-01", 1.0)


def test_boto3_says_what_is_needed(s3: Any) -> None:
    s3.put_object(Bucket="ledgers", Key="one", Body=b"1")
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="ledgers", Key="one", Body=b"2")
    assert boto3.client("s3", "us-east-1").get_object(Bucket="ledgers", Key="one")["Body"].read() == b"1"
