"""EMR's wire: requests judged by botocore's service model, as the service's own front door does; responses as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel

from airflow_emr_pipelines.emulator.aws.errors import AwsError

XML = r"[\u0020-"
"""How the model's pattern of XmlString begins, which is written for UTF-16."""
NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
HIDDEN = "********"
MAKING = ("RunJobFlow", "AddJobFlowSteps", "AddInstanceGroups", "AddInstanceFleet")
PAIR = ("Key", "Value")
"""Of a property, a tag or a dimension, which may be empty."""
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "timestamp": (int, float, str),
}
JSON_TYPES: Mapping[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "list",
    dict: "structure",
    type(None): "null",
}


@lru_cache
def service_model(service: str) -> ServiceModel:
    model: ServiceModel = botocore.session.get_session().get_service_model(service)
    return model


@lru_cache
def operations() -> frozenset[str]:
    """All that EMR on EC2 has, emulated or not."""
    return frozenset(service_model("emr").operation_names)


def has_output(operation: str) -> bool:
    """Whether EMR answers a document, be it empty; of the other operations the body is empty."""
    return service_model("emr").operation_model(operation).output_shape is not None


def read(operation: str, sent: Any, service: str = "emr") -> dict[str, Any]:
    """The request's parameters: known members only, timestamps as datetimes.

    :raises AwsError: a member has the wrong type, or breaks a constraint of the model
    """
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    parameters: dict[str, Any] = _typed(shape, sent, "")
    broken = list(_broken(shape, parameters, ""))
    if broken:
        plural = "error" if len(broken) == 1 else "errors"
        raise AwsError("ValidationException", f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")
    return parameters


def filled(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a request that makes something, without texts that are empty.

    EMR's console exports one for each field of a form that was not filled in, and they say no more than missing ones.
    """
    if operation not in MAKING:
        return parameters
    found: dict[str, Any] = _filled(service_model("emr").operation_model(operation).input_shape, parameters)
    return found


def _filled(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        kept = {*shape.required_members, *PAIR}
        return {name: _filled(shape.members[name], part) for name, part in value.items() if part != "" or name in kept}
    return [_filled(shape.member, part) for part in value] if shape.type_name == "list" else value


def _typed(shape: Any, value: Any, path: str) -> Any:
    if not _has_type(value, shape.type_name):
        raise AwsError("SerializationException", f"{_shown(shape, value, path)} is no {shape.type_name} ({shape.name})")
    if shape.type_name == "structure":
        members = shape.members
        return {
            name: _typed(members[name], part, _join(path, name))
            for name, part in value.items()
            if name in members and part is not None
        }
    if shape.type_name == "list":
        return [_typed(shape.member, part, _item(path, place)) for place, part in enumerate(value, start=1)]
    if shape.type_name == "map":
        return {key: _typed(shape.value, part, _item(path, key)) for key, part in value.items()}
    if shape.type_name == "timestamp":
        return _timestamp(value)
    return value


def _shown(shape: Any, value: Any, path: str) -> str:
    """A value of the wrong type, or its type alone where a password may be in it."""
    is_whole = isinstance(value, (list, dict)) or shape.type_name in ("structure", "list", "map")
    return f"A {JSON_TYPES[type(value)]}" if is_whole or _is_secret(path) else repr(value)


def _is_secret(path: str) -> bool:
    return path.removesuffix(".member").endswith("Password")


def _has_type(value: object, type_name: str) -> bool:
    return isinstance(value, TYPES[type_name]) and (type_name == "boolean" or not isinstance(value, bool))


def _timestamp(value: float | str) -> datetime:
    if isinstance(value, str):
        try:
            when = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise AwsError("SerializationException", f"{value!r} is no timestamp") from None
        return when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    try:
        return datetime.fromtimestamp(value, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise AwsError("SerializationException", f"{value!r} is no timestamp") from None


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What the value breaks of the model's constraints, in the words of AWS's front door."""
    if shape.type_name == "structure":
        members = shape.members
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, part in value.items():
            yield from _broken(members[name], part, _join(path, name))
    elif shape.type_name == "list":
        most = shape.metadata.get("max", len(value))
        if len(value) > most:
            constraint = f"Member must have length less than or equal to {most}"
            yield f"Value at '{path}' failed to satisfy constraint: {constraint}"
        for place, part in enumerate(value, start=1):
            yield from _broken(shape.member, part, _item(path, place))
    elif shape.type_name == "map":
        for key, part in value.items():
            yield from _broken(shape.value, part, _item(path, key))
    else:
        shown = HIDDEN if _is_secret(path) else value
        for constraint in _constraints(shape, value):
            yield f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _constraints(shape: Any, value: Any) -> Iterator[str]:
    limits = shape.metadata
    enum = limits.get("enum")
    if enum and value not in enum:
        yield f"Member must satisfy enum value set: [{', '.join(enum)}]"
    least, most = limits.get("min"), limits.get("max")
    if shape.type_name == "string":
        if least is not None and len(value) < least:
            yield f"Member must have length greater than or equal to {least}"
        if most is not None and len(value) > most:
            yield f"Member must have length less than or equal to {most}"
        if "pattern" in limits and not _matches(limits["pattern"], value):
            yield "Member must satisfy regular expression pattern: " + limits["pattern"]
    elif shape.type_name in ("integer", "long"):
        if least is not None and value < least:
            yield f"Member must have value greater than or equal to {least}"
        if most is not None and value > most:
            yield f"Member must have value less than or equal to {most}"


def _matches(pattern: str, value: str) -> bool:
    return not NOT_XML.search(value) if pattern.startswith(XML) else re.fullmatch(pattern, value) is not None


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _item(path: str, key: object) -> str:
    return f"{path}.{key}.member"


def serialized(value: Any) -> Any:
    """A response as JSON 1.1 has it: no members that are None, timestamps as seconds and milliseconds since 1970."""
    if isinstance(value, Mapping):
        return {key: serialized(part) for key, part in value.items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [serialized(part) for part in value]
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000) / 1000
    return value
