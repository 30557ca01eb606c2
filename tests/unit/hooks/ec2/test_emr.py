"""What the connection itself says: where it leads."""

from __future__ import annotations

import pytest
from botocore.session import get_session

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.hooks.connection import DOMAINS_OF_AWS
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.prices import PricingHook


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EMR", "AWS_PROFILE", "AWS_USE_DUALSTACK_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.mark.parametrize(
    ("region", "partition", "dual_stack"),
    [
        ("eu-central-1", "aws", "false"),
        ("eu-central-1", "aws", "true"),
        ("cn-north-1", "aws-cn", "true"),
        ("us-gov-west-1", "aws-us-gov", "false"),
    ],
)
def test_an_endpoint_of_awss_own_is_not_taken_for_another(
    region: str, partition: str, dual_stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", dual_stack)
    assert EmrHook(None, region).endpoint() == {"region": region, "partition": partition, "endpoint_url": None}


@pytest.mark.parametrize("url", ["http://127.0.0.1:5555", "https://amazonaws.com.example.org"])
def test_an_endpoint_of_somebody_elses_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert EmrHook(None, "eu-central-1").endpoint()["endpoint_url"] == url


@pytest.mark.parametrize("client", ["conn", "unrepeated", "s3", "logs"])
def test_a_connection_that_somebody_names_has_to_exist(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the machine's own credentials in its place, the call might go to another account."""
    with pytest.raises(InvalidSpec, match="aws_conn_id = 'emr-prod': Airflow has no connection of that id"):
        getattr(EmrHook("emr-prod", "eu-central-1"), client)
    with pytest.raises(InvalidSpec, match="emr-prod"):
        PricingHook("emr-prod").prices(["m5.xlarge"], "eu-central-1")
    monkeypatch.setenv("AIRFLOW_CONN_EMR-PROD".upper(), '{"conn_type": "aws"}')
    assert getattr(EmrHook("emr-prod", "eu-central-1"), client).meta.region_name == "eu-central-1"


@pytest.mark.parametrize("conn_id", ["aws_default", None])
def test_boto3s_own_credentials_stand_in_for_the_default_connection_alone(conn_id: str | None) -> None:
    assert EmrHook(conn_id, "eu-central-1").endpoint()["region"] == "eu-central-1"


def test_the_domains_are_those_that_botocore_knows() -> None:
    found = set()
    for partition in get_session().get_data("endpoints")["partitions"]:
        of_variants = (variant.get("dnsSuffix") for variant in partition["defaults"].get("variants", ()))
        found |= {partition["dnsSuffix"], *filter(None, of_variants)}
    assert {f".{domain}" for domain in found} <= set(DOMAINS_OF_AWS)
