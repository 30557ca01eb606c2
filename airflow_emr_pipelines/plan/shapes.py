"""What botocore's model of EMR says of a request, also of enums, lengths and characters, which botocore lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from airflow_emr_pipelines.plan.unknown import NotKnown

LEGAL = re.compile("[\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*")
"""XmlString's pattern, which spells what is above U+FFFF as Java does."""


def faults(operation: str, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request of EMR on EC2; nothing is sent. What is not known of it is taken to be right."""
    from botocore.validate import ParamValidator

    shape = _input_of(operation)
    known = _known(shape, request)
    report = ParamValidator().validate(known, shape)
    said = report.generate_report().splitlines() if report.has_errors() else _beyond(shape, known)
    return [fault.removeprefix(".") for fault in said]


@cache
def _input_of(operation: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model("emr").operation_model(operation).input_shape


def _known(shape: Any, value: Any) -> Any:
    """The value with something legal in the place of what is not known."""
    if isinstance(value, NotKnown):
        return _legal(shape, value)
    if isinstance(value, Mapping) and shape.type_name in ("structure", "map"):
        parts = shape.members if shape.type_name == "structure" else dict.fromkeys(value, shape.value)
        return {name: _known(parts[name], part) if name in parts else part for name, part in value.items()}
    if isinstance(value, (list, tuple)) and shape.type_name == "list":
        return [_known(shape.member, part) for part in value]
    return value


def _legal(shape: Any, words: str) -> Any:
    kind = shape.type_name
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else words
    if kind == "structure":
        return {name: _legal(shape.members[name], words) for name in shape.required_members}
    return {"boolean": True, "list": [], "map": {}}.get(kind, shape.metadata.get("min", 1))


def _beyond(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    if shape.type_name == "structure":
        for name, part in value.items():
            yield from _beyond(shape.members[name], part, f"{path}.{name}")
    elif shape.type_name == "list":
        for place, part in enumerate(value):
            yield from _beyond(shape.member, part, f"{path}[{place}]")
    elif shape.type_name == "map":
        for key, part in value.items():
            yield from _beyond(shape.value, part, f"{path}[{key!r}]")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{path}: {value!r} is none of {shape.enum}"
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{path}: {len(value)} characters"
        if shape.metadata.get("pattern", "").startswith(r"[\u0020-\uD7FF") and not LEGAL.fullmatch(value):
            yield f"{path}: {value!r} has illegal characters"
