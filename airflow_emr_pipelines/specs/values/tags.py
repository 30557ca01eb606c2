"""Rules for tags of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.keys import OURS
from airflow_emr_pipelines.specs.values.rules import setting, settings
from airflow_emr_pipelines.specs.values.templates import is_text

TEXT = re.compile(r"[\w .:/=+\-@]*")
ILLEGAL = re.compile(r"[^\w .:/=+\-@]")
KEY_LIMIT = 128
VALUE_LIMIT = 256
MOST = 45
"""EC2 takes 50 a resource, and the owner's own five come on top."""


def cluster_tags(field: str, values: Any) -> Any:
    """Tags of a cluster, which EMR puts on its instances and volumes too."""
    checked = settings(field, values, name=_key, each=_value)
    if isinstance(checked, Mapping) and len(checked) > MOST:
        raise InvalidSpec(field, f"{len(checked)} tags", f"a cluster takes at most {MOST}", "leave some out")
    return checked


def legal_value(text: str) -> str:
    """A text as a tag's value: what EMR does not take, such as the ~ of a run id, becomes an underscore."""
    return ILLEGAL.sub("_", text)[:VALUE_LIMIT]


def _key(field: str, key: Any) -> Any:
    if not (is_text(key) and 0 < len(key) <= KEY_LIMIT and TEXT.fullmatch(key)) or key.lower().startswith("aws:"):
        raise InvalidSpec(
            field,
            key,
            f"a tag's key has 1 to {KEY_LIMIT} letters, digits, spaces and _ . : / = + - @, and no aws: in front",
            "choose another key",
        )
    if key.startswith(OURS):
        raise InvalidSpec(field, key, f"tags that start with {OURS} say who owns the cluster", "choose another key")
    return key


def _value(field: str, value: Any) -> Any:
    value = setting(field, value)
    if is_text(value) and (len(value) > VALUE_LIMIT or not TEXT.fullmatch(value)):
        raise InvalidSpec(
            field,
            value,
            f"a tag's value has at most {VALUE_LIMIT} letters, digits, spaces and _ . : / = + - @",
            "choose another value",
        )
    return value
