"""What botocore's model of EMR says of a request, also of enums, lengths and characters, which botocore lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator

EMR = get_session().get_service_model("emr")
LEGAL = re.compile("[\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*")
"""XmlString's pattern, which spells what is above U+FFFF as Java does."""


def faults(operation: str, request: dict[str, Any]) -> list[str]:
    """What is wrong with a request."""
    shape = EMR.operation_model(operation).input_shape
    assert shape
    report = ParamValidator().validate(request, shape)
    return [report.generate_report()] if report.has_errors() else [*_beyond(shape, request)]


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
