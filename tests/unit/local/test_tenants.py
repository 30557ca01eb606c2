"""The flights land as three tenants deliver them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.flights import flights_of
from local.inputs import tenants


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("s3", region_name="eu-central-1")


def landed(s3: Any) -> dict[str, list[str]]:
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="tenant-data")["Contents"]]
    return {key: s3.get_object(Bucket="tenant-data", Key=key)["Body"].read().decode().splitlines() for key in keys}


def test_each_tenant_has_its_own_flights_and_all_of_them(s3: Any) -> None:
    (flights,) = flights_of([date(2013, 1, 1)])
    tenants.land(s3, flights)
    found = landed(s3)
    assert set(found) == {f"{tenant}/raw/2013-01-01/flights.csv" for tenant in ("EWR", "JFK", "LGA")}
    assert {lines[0] for lines in found.values()} == {flights.header}
    assert sorted(line for lines in found.values() for line in lines[1:]) == sorted(flights.lines)
    assert all(f",{key[:3]}," in line for key, lines in found.items() for line in lines[1:])


def test_a_row_that_names_no_tenant_is_nobodys(s3: Any) -> None:
    (flights,) = flights_of([date(2013, 1, 1)])
    line = flights.lines[0]
    tenants.land(s3, dataclasses.replace(flights, lines=(line, line.replace(",EWR,", ",XXX,"))))
    assert {key[:3]: len(lines) - 1 for key, lines in landed(s3).items()} == {"EWR": 1, "JFK": 0, "LGA": 0}
