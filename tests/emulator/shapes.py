"""Whether an answer is what botocore's model of the service says it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "timestamp": (int, float),
}


def faults(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """What an answer has that its shape does not know, or has with another type or an unknown word."""
    if not has_type(value, shape.type_name):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name in value.keys() - shape.members.keys():
            yield f"{path}.{name}: unknown"
        for name in value.keys() & shape.members.keys():
            yield from faults(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for place, part in enumerate(value):
            yield from faults(shape.member, part, f"{path}[{place}]")
    elif shape.type_name == "map":
        for key, part in value.items():
            yield from faults(shape.value, part, f"{path}[{key!r}]")
    elif value not in (getattr(shape, "enum", None) or [value]):
        yield f"{path}: {value!r} is none of {shape.enum}"


def has_type(value: object, type_name: str) -> bool:
    """Whether a value is what JSON has for that type; a truth value is no number."""
    return isinstance(value, TYPES[type_name]) and isinstance(value, bool) == (type_name == "boolean")


def check_answers(client: Any) -> None:
    """Make a client fail at the first answer that botocore's model does not describe."""

    model = client.meta.service_model

    def check(response_dict: Mapping[str, Any] | None, event_name: str, **_: Any) -> None:
        operation = model.operation_model(event_name.rpartition(".")[2])
        if response_dict and response_dict["status_code"] == 200 and operation.output_shape is not None:
            found = list(faults(operation.output_shape, json.loads(response_dict["body"])))
            assert not found, f"{operation.name} answers: {'; '.join(found)}"

    client.meta.events.register(f"response-received.{model.service_id.hyphenize()}", check)
