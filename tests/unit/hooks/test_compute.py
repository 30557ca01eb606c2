"""A job is made once for its key, by whatever the service offers for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from airflow_emr_pipelines.hooks import sending
from airflow_emr_pipelines.hooks.compute import Compute, Submitting
from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.links import CONSOLE_PAGES, EMULATOR_PAGES
from airflow_emr_pipelines.logs.layouts import LAYOUTS
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.values.keys import key_in_name, name_with_key
from tests.unit.small_compute import SmallCompute, step

KEY = "k" * 22
SINCE = datetime(2026, 1, 1, tzinfo=timezone.utc)
LOST = ReadTimeoutError(endpoint_url="http://service")


class Service(SmallCompute, Submitting[Any]):
    """A service that makes a job of each request, and loses the answers to the first of them."""

    submission, listing = "StartJob", "ListJobs"

    def __init__(self, lost: int = 0) -> None:
        super().__init__()
        self.lost = lost
        self.jobs: list[StepReport] = []
        self.looks = 0

    def send(self, request: Mapping[str, Any], token: str | None) -> str:
        self.make(request, token)
        if self.lost:
            self.lost -= 1
            raise LOST
        return self.jobs[-1].id

    def make(self, request: Mapping[str, Any], token: str | None) -> None:
        self.jobs.append(step(f"s-{len(self.jobs)}", "RUNNING", name_with_key(request["Name"], KEY)))

    def find(self, key: str, since: datetime) -> StepReport | None:
        self.looks += 1
        return next((job for job in reversed(self.jobs) if key_in_name(job.name) == key), None)

    def unfinished(self) -> list[StepReport]:
        return self.jobs


class ServiceWithTokens(Service):
    """One that makes a second job only of a request with another token."""

    def __init__(self, lost: int = 0) -> None:
        super().__init__(lost)
        self.tokens: list[str | None] = []

    def token(self, key: str, since: datetime, earlier: str | None) -> str | None:
        return f"{key}-{0 if earlier is None else 1}"

    def make(self, request: Mapping[str, Any], token: str | None) -> None:
        if token not in self.tokens:
            super().make(request, token)
        self.tokens.append(token)


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "pauses", lambda **_: iter([0.001] * 1000))


@pytest.mark.parametrize("make", [Service, ServiceWithTokens])
@pytest.mark.parametrize("lost", [0, 1, 3])
def test_however_many_answers_are_lost_there_is_one_job(make: Callable[[int], Service], lost: int) -> None:
    service = make(lost)
    assert service.submit({"Name": "one"}, KEY, SINCE) == "s-0"
    assert len(service.jobs) == 1


def test_where_there_is_a_token_the_request_is_sent_again_with_it_and_nothing_is_looked_for() -> None:
    service = ServiceWithTokens(lost=2)
    service.submit({"Name": "one"}, KEY, SINCE)
    assert service.tokens == [f"{KEY}-0"] * 3
    assert service.looks == 0


@pytest.mark.parametrize("make", [Service, ServiceWithTokens])
def test_the_job_of_an_earlier_attempt_is_not_taken_for_the_one_that_was_lost(make: Callable[[], Service]) -> None:
    service = make()
    first = service.submit({"Name": "one"}, KEY, SINCE)
    service.lost = 1
    assert service.submit({"Name": "one"}, KEY, SINCE, earlier=first) == "s-1"
    assert len(service.jobs) == 2


def test_where_nothing_was_made_it_is_sent_again() -> None:
    class Deaf(Service):
        def make(self, request: Mapping[str, Any], token: str | None) -> None:
            if self.lost != 1:
                super().make(request, token)

    service = Deaf(lost=1)
    earlier = "s-9"
    service.jobs.append(step(earlier, "FAILED", name_with_key("one", KEY)))
    assert service.submit({"Name": "one"}, KEY, SINCE, earlier=earlier) == "s-1"
    assert service.looks == sending.LOOKS


def test_each_service_has_call_rates_of_its_own_and_shares_them_within() -> None:
    class Elsewhere(SmallCompute):
        service = "elsewhere"
        account = Compute.account

    steps, clusters = EmrSteps("j-1", "aws", "eu-west-1"), EmrClusters("aws", "eu-west-1", "j-2")
    elsewhere = Elsewhere()
    elsewhere.aws_conn_id, elsewhere.region_name = "aws", "eu-west-1"
    assert steps.account == clusters.account
    assert steps.account != elsewhere.account
    assert steps.account != EmrSteps("j-1", "aws", "eu-west-2").account


def test_each_kind_of_compute_has_its_pages_and_its_log_folders() -> None:
    assert set(LAYOUTS) == set(CONSOLE_PAGES) == set(EMULATOR_PAGES)
