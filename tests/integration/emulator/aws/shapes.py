"""Whether an answer is what botocore's model of the service says it is."""

from __future__ import annotations

import json
import re
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
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XML = re.compile(r"\[\\u0020-")
"""How the model's patterns begin that mean any text; they are written for UTF-16, which Python's ``re`` cannot read."""
LACKING = {"KerberosAttributes"}
"""Structures of requests that EMR tells without what it required: an empty one, or one without its password."""
COMMON_ERRORS = {
    "ValidationException",
    "SerializationException",
    "ThrottlingException",
    "NotEmulatedException",
    "ForeignRequestException",
}


def faults(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """What an answer has that its shape does not know, what it lacks, and what is not as the shape says."""
    if not has_type(value, shape.type_name):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name in value.keys() - shape.members.keys():
            yield f"{path}.{name}: unknown"
        for name in set(shape.required_members) - value.keys() if shape.name not in LACKING else ():
            yield f"{path}.{name}: missing"
        for name in value.keys() & shape.members.keys():
            yield from faults(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for place, part in enumerate(value):
            yield from faults(shape.member, part, f"{path}[{place}]")
    elif shape.type_name == "map":
        for key, part in value.items():
            yield from faults(shape.key, key, f"{path}[{key!r}]")
            yield from faults(shape.value, part, f"{path}[{key!r}]")
    else:
        for rule in broken_rules(shape.metadata, value):
            yield f"{path}: {value!r} {rule}"


def broken_rules(limits: Mapping[str, Any], value: Any) -> Iterator[str]:
    """What a plain value does not keep to."""
    size = len(value) if isinstance(value, str) else value
    if limits.get("enum") and value not in limits["enum"]:
        yield f"is none of {limits['enum']}"
    if size < limits.get("min", size) or size > limits.get("max", size):
        yield f"is not between {limits.get('min')} and {limits.get('max')}"
    pattern = limits.get("pattern", "")
    if NOT_XML.search(value) if XML.match(pattern) else pattern and not re.search(pattern, value):
        yield f"does not match {pattern}"


def has_type(value: object, type_name: str) -> bool:
    """Whether a value is what JSON has for that type; a truth value is no number."""
    return isinstance(value, TYPES[type_name]) and isinstance(value, bool) == (type_name == "boolean")


def faults_of_answer(operation: Any, status: int, body: bytes) -> list[str]:
    """The same for the body of an answer, whether it tells of success or refuses."""
    if status == 200:
        if operation.output_shape is None:
            return [f"{body!r} where nothing is answered"] if body else []
        return list(faults(operation.output_shape, json.loads(body)))
    told = json.loads(body)
    code = told.pop("__type", None)
    shape = next((shape for shape in operation.error_shapes if shape.name == code), None)
    if shape is not None and shape.members:
        return list(faults(shape, told, code))
    if shape is None and code not in COMMON_ERRORS:
        return [f"{code} is no error of {operation.name}"]
    return [] if told.keys() == {"message"} else [f"{code} has {sorted(told)}"]


class Answers:
    """What was answered to some clients, each answer held against the model as it came."""

    def __init__(self) -> None:
        self.succeeded: set[str] = set()

    def check(self, client: Any) -> None:
        """Make a client fail at the first answer that botocore's model does not describe."""
        model = client.meta.service_model

        def look(response_dict: Mapping[str, Any] | None, event_name: str, **_: Any) -> None:
            operation = model.operation_model(event_name.rpartition(".")[2])
            if response_dict is None or response_dict["status_code"] >= 500:
                return  # a lost connection, or a fault that the test has asked for
            found = faults_of_answer(operation, response_dict["status_code"], response_dict["body"])
            assert not found, f"{operation.name} answers: {'; '.join(found)}"
            if response_dict["status_code"] == 200:
                self.succeeded.add(operation.name)

        client.meta.events.register(f"response-received.{model.service_id.hyphenize()}", look)
