"""The synthetic encounters: drawn, never real, and the same whenever they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.inputs.encounters import ENCOUNTERS, KEY_SECRET, encounters_of, make_key

DAY = date(2013, 1, 1)
IDENTITY = ("name", "birth_date", "sex", "postcode", "insurance_number", "phone")


def test_a_day_is_the_same_whenever_it_is_drawn_and_another_is_not() -> None:
    records = list(encounters_of(DAY))
    assert len({record["encounter_id"] for record in records}) == ENCOUNTERS
    assert list(encounters_of(DAY)) == records
    assert list(encounters_of(date(2013, 1, 2))) != records


def test_a_patient_who_comes_again_is_the_same_person() -> None:
    persons: dict[str, set[Any]] = {}
    for number in range(7):
        for record in encounters_of(DAY + timedelta(days=number)):
            persons.setdefault(record["patient_id"], set()).add(tuple(record[name] for name in IDENTITY))
    assert sum(len(known) for known in persons.values()) == len(persons)


def test_a_stay_has_ended_when_it_is_delivered_and_after_it_began() -> None:
    end_of_day = datetime(2013, 1, 2, tzinfo=timezone.utc)
    for record in encounters_of(DAY):
        admitted, discharged = (datetime.fromisoformat(record[f"{what}_at"]) for what in ("admitted", "discharged"))
        assert admitted < discharged < end_of_day


def test_so_many_records_are_broken_as_are_asked_for() -> None:
    assert [record["admitted_at"] is None for record in encounters_of(DAY, broken=2)].count(True) == 2


@pytest.fixture
def secrets_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-central-1")


def test_the_key_of_the_pseudonyms_is_made_once(secrets_client: Any) -> None:
    keys = set()
    for _ in range(2):
        make_key(secrets_client)
        keys.add(secrets_client.get_secret_value(SecretId=KEY_SECRET)["SecretString"])
    (key,) = keys
    assert len(key) == 64
