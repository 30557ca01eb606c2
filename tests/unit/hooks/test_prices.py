"""AWS's price list, with answers as its documentation shows them: moto has none, and AWS's own wants an account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from airflow_emr_pipelines.hooks import prices
from airflow_emr_pipelines.hooks.prices import PricingHook, usd_of
from airflow_emr_pipelines.run_report.prices import InstancePrice, Prices

REGION = "eu-central-1"
COMPUTE = [
    ("regionCode", REGION),
    ("instanceType", "m5.xlarge"),
    ("operatingSystem", "Linux"),
    ("tenancy", "Shared"),
    ("preInstalledSw", "NA"),
    ("capacitystatus", "Used"),
]
EMR = [
    ("regionCode", REGION),
    ("instanceType", "m5.xlarge"),
    ("productFamily", "Elastic Map Reduce Instance"),
    ("softwareType", "EMR"),
]
STORAGE = [("regionCode", REGION), ("productFamily", "Storage"), ("volumeApiName", "gp3")]


def product(price: str, unit: str = "Hrs", currency: str = "USD", kind: str = "OnDemand") -> str:
    """An element of a PriceList, as the reference of GetProducts has it."""
    dimension = {
        "unit": unit,
        "endRange": "Inf",
        "description": f"${price} per {unit}",
        "appliesTo": [],
        "rateCode": "3MKHN58N7RDDVGKJ.JRTCKXETXF.6YS6EN2CT7",
        "beginRange": "0",
        "pricePerUnit": {currency: price},
    }
    term = {
        "priceDimensions": {dimension["rateCode"]: dimension},
        "sku": "3MKHN58N7RDDVGKJ",
        "effectiveDate": "2018-08-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": {}, "sku": "3MKHN58N7RDDVGKJ"},
            "serviceCode": "AmazonEC2",
            "terms": {kind: {"3MKHN58N7RDDVGKJ.JRTCKXETXF": term}},
            "version": "20180808005701",
            "publicationDate": "2018-08-08T00:57:01Z",
        }
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setattr(prices, "_known", {})
    with Stubber(boto3.client("pricing", region_name="us-east-1")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def hook(aws: Stubber) -> PricingHook:
    hook = PricingHook(None)
    hook.__dict__["conn"] = aws.client
    return hook


def expect(
    aws: Stubber, service: str, filters: list[tuple[str, str]], *products: str, token: str = "", more: str = ""
) -> None:
    """An answer to a call with exactly these arguments."""
    asked: dict[str, Any] = {
        "ServiceCode": service,
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters],
    }
    answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": list(products)}
    aws.add_response(
        "get_products", answer | ({"NextToken": more} if more else {}), asked | ({"NextToken": token} if token else {})
    )


def test_instances_and_volumes_have_the_prices_of_the_list(aws: Stubber, hook: PricingHook) -> None:
    expect(aws, "AmazonEC2", COMPUTE, product("0.2300000000"))
    expect(aws, "ElasticMapReduce", EMR, product("0.0480000000"))
    expect(aws, "AmazonEC2", STORAGE, product("0.0952000000", "GB-Mo"))
    assert hook.prices(["m5.xlarge"], REGION) == Prices({"m5.xlarge": InstancePrice(0.23, 0.048)}, 0.0952)


def test_a_price_is_asked_for_once(aws: Stubber, hook: PricingHook) -> None:
    expect(aws, "AmazonEC2", COMPUTE, product("0.23"))
    expect(aws, "ElasticMapReduce", EMR, product("0.048"))
    expect(aws, "AmazonEC2", STORAGE, product("0.0952", "GB-Mo"))
    assert hook.prices(["m5.xlarge"], REGION) == hook.prices(["m5.xlarge"], REGION)


def test_all_pages_are_read_and_of_several_prices_the_highest_is_taken(aws: Stubber, hook: PricingHook) -> None:
    expect(aws, "AmazonEC2", COMPUTE, product("0.0000000000"), product("0.10"), more="page 2")
    expect(aws, "AmazonEC2", COMPUTE, product("0.23"), token="page 2")
    expect(aws, "ElasticMapReduce", EMR, product("0.048"))
    expect(aws, "AmazonEC2", STORAGE)
    assert hook.prices(["m5.xlarge"], REGION) == Prices({"m5.xlarge": InstancePrice(0.23, 0.048)}, None)


def test_an_instance_type_that_is_not_on_the_list_is_left_out(
    aws: Stubber, hook: PricingHook, caplog: pytest.LogCaptureFixture
) -> None:
    expect(aws, "AmazonEC2", COMPUTE, product("0.23"))
    expect(aws, "ElasticMapReduce", EMR)
    expect(aws, "AmazonEC2", STORAGE, product("0.0952", "GB-Mo"))
    assert hook.prices(["m5.xlarge"], REGION) == Prices({}, 0.0952)
    assert "does not have m5.xlarge" in caplog.text


@pytest.mark.parametrize(
    "told",
    [
        "{}",
        '{"terms": {}}',
        '{"terms": {"OnDemand": {"a": {}}}}',
        '{"terms": {"OnDemand": {"a": {"priceDimensions": {"b": {"unit": "Hrs"}}}}}}',
        product("0.23", kind="Reserved"),
        product("0.23", currency="CNY"),
        product("0.23", unit="Quantity"),
        product("0.0000000000"),
    ],
)
def test_what_says_no_price_an_hour_in_usd_gives_none(told: str) -> None:
    assert list(usd_of(told, "Hrs")) == []


def test_an_element_that_was_read_already_is_taken_too() -> None:
    assert list(usd_of(json.loads(product("0.23")), "Hrs")) == [0.23]
