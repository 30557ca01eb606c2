"""What AWS's price list says of instances and volumes.

The shape of its answers: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-list-query-api.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_emr_pipelines.hooks.connection import AwsHook
from airflow_emr_pipelines.run_report.prices import InstancePrice, Prices

log = logging.getLogger(__name__)

ENDPOINTS_ARE_IN = "us-east-1"
"""The price list of all regions is told in three of them."""
LINUX_ON_DEMAND = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
CHARGE_OF_EMR = {"productFamily": "Elastic Map Reduce Instance", "softwareType": "EMR"}
VOLUME_TYPE = "gp3"

_known: dict[tuple[str, str, str], float | None] = {}
"""By service, region, and instance or volume type: prices hold for months, and a process for days."""


class PricingHook(AwsHook):
    """The AWS Price List API through an AWS connection of Airflow, which needs ``pricing:GetProducts``.

    Spot prices are not on the list. A price that was asked for once is kept as long as the process lives.

    :param aws_conn_id: the AWS connection; None for boto3's own credential chain
    """

    def __init__(self, aws_conn_id: str | None = "aws_default") -> None:
        super().__init__("pricing", aws_conn_id, ENDPOINTS_ARE_IN)

    def prices(self, instance_types: Iterable[str], region_name: str) -> Prices:
        """What a region asks, in USD; an instance type that is not on its list is left out.

        :param instance_types: such as ``instance_types_of(cluster)``
        """
        found = {}
        for name in instance_types:
            on_demand = self._price("AmazonEC2", region_name, "Hrs", instanceType=name, **LINUX_ON_DEMAND)
            emr = self._price("ElasticMapReduce", region_name, "Hrs", instanceType=name, **CHARGE_OF_EMR)
            if on_demand is None or emr is None:
                log.warning("The price list of %s does not have %s with EMR's charge", region_name, name)
            else:
                found[name] = InstancePrice(on_demand, emr)
        volumes = self._price("AmazonEC2", region_name, "GB-Mo", productFamily="Storage", volumeApiName=VOLUME_TYPE)
        return Prices(found, volumes)

    def _price(self, service: str, region_name: str, unit: str, **attributes: str) -> float | None:
        key = (service, region_name, attributes.get("instanceType", VOLUME_TYPE))
        if key not in _known:
            _known[key] = max(self._listed(service, unit, {"regionCode": region_name, **attributes}), default=None)
        return _known[key]

    def _listed(self, service: str, unit: str, attributes: Mapping[str, str]) -> Iterator[float]:
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in attributes.items()]
        for page in self.conn.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters):
            for product in page["PriceList"]:
                yield from usd_of(product, unit)


def usd_of(product: str | Mapping[str, Any], unit: str) -> Iterator[float]:
    """The on-demand prices for a unit that an element of a PriceList, which is JSON, says in USD."""
    listed = json.loads(product) if isinstance(product, str) else product
    for term in listed.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            price = dimension.get("pricePerUnit", {}).get("USD")
            if dimension.get("unit") == unit and price is not None and float(price) > 0:
                yield float(price)
