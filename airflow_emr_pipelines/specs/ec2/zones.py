"""Availability Zones, and the Region that they are in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-[0-9]+")


def zone(field: str, value: Any) -> Any:
    """The name of a zone, which goes on where its Region's ends: eu-west-1a, or us-west-2-lax-1a of a Local Zone."""
    rules.text(field, value, limit=rules.NAME_LIMIT)
    if is_text(value) and REGION.fullmatch(value):
        raise InvalidSpec(field, value, "it is the name of a Region", f'write a zone of it, such as "{value}a"')
    return value


def zones(field: str, values: Any) -> Any:
    """A list of zones, which are of one Region."""
    checked = rules.words(field, values, each=zone)
    known = [value for value in checked if is_text(value)] if is_rendered(checked) else []
    for one, region in zip(known, map(region_of, known), strict=True):
        if region is not None:
            _check(field, known, region, f"{one} is of {region}")
    return checked


def region_of(name: str) -> str | None:
    """The Region that a zone's name begins with; None where it does not begin so."""
    found = REGION.match(name)
    return found[0] if found else None


def check_zones(cluster: Any, region: str | None) -> None:
    """Refuse a zone of another Region than the one that a cluster is made in, as far as both are known."""
    if region is None or not is_rendered(region):
        return
    for field in ("availability_zone", "availability_zones"):
        value = getattr(cluster, field)
        names = value if isinstance(value, tuple) else (value,)
        _check(cluster.told(field), filter(is_text, names), region, f"the cluster is made in {region}")


def _check(field: str, names: Iterable[str], region: str, why: str) -> None:
    for name in names:
        if region_of(name) not in (None, region):
            raise InvalidSpec(field, name, f"it is a zone of another Region: {why}", f'write one such as "{region}a"')
