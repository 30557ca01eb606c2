"""Specs as plain dictionaries and back, so that Airflow renders the templates and finds the XComs in them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.cluster import BootstrapAction, EbsVolumes, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.steps import CustomJarStep, HiveStep, S3DistCpStep, ShellStep, SparkStep

T = TypeVar("T")

KINDS: dict[str, type[Any]] = {
    spec.kind: spec
    for spec in (
        SparkStep,
        HiveStep,
        S3DistCpStep,
        CustomJarStep,
        ShellStep,
        EmrCluster,
        InstanceGroups,
        Group,
        EbsVolumes,
        BootstrapAction,
        Configuration,
    )
}


def to_plain(value: Any) -> Any:
    """Specs within ``value`` as dictionaries with their ``kind`` and what is not the default; all else as it is.

    A mapping that holds no spec is handed back itself: what came from another task is not to be rendered as a template.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value) in KINDS.values():
        fields = {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != _default(field)
        }
        return {"kind": type(value).kind, **fields}  # type: ignore[attr-defined]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        parts = [to_plain(part) for part in value]
        return value if isinstance(value, list) and all(a is b for a, b in zip(parts, value, strict=True)) else parts
    if isinstance(value, Mapping):
        plain = {key: to_plain(part) for key, part in value.items()}
        return value if all(plain[key] is part for key, part in value.items()) else plain
    return value


def from_plain(value: Any, kind: type[T]) -> T:
    """The spec of that kind that a plain dictionary describes, with defaults and every check.

    :raises InvalidSpec: it describes another kind, has a field that this kind has not, or breaks a rule
    """
    spec = _from_plain(value)
    if not isinstance(spec, kind):
        raise InvalidSpec(
            kind.__name__,
            value,
            f"a {kind.__name__} is needed here",
            f"give one, or a dictionary with its kind: {', '.join(_kinds_of(kind))}",
        )
    return spec


def _from_plain(value: Any) -> Any:
    if isinstance(value, Mapping) and "kind" in value:
        return _spec(value)
    if isinstance(value, Mapping):
        return {key: _from_plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_from_plain(part) for part in value)
    return value


def _spec(value: Mapping[str, Any]) -> Any:
    word = value["kind"]
    if word not in KINDS:
        raise InvalidSpec("kind", word, "it is no kind of spec", _nearest(str(word), list(KINDS)))
    spec = KINDS[word]
    names = [field.name for field in dataclasses.fields(spec)]
    for name in value:
        if name != "kind" and name not in names:
            raise InvalidSpec(f"{spec.__name__}.{name}", value[name], "there is no such field", _nearest(name, names))
    fields = {name: _from_plain(part) for name, part in value.items() if name != "kind"}
    try:
        return spec(**fields)
    except TypeError as error:
        required = [f.name for f in dataclasses.fields(spec) if _default(f) is dataclasses.MISSING]
        missing = [name for name in required if name not in fields]
        if not missing:
            raise
        raise InvalidSpec(spec.__name__, dict(value), f"it lacks {', '.join(missing)}", "add them") from error


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _kinds_of(kind: type[Any]) -> list[str]:
    return [word for word, spec in KINDS.items() if issubclass(spec, kind)]


def _nearest(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f"did you mean {near[0]}? There are {', '.join(words)}" if near else f"there are {', '.join(words)}"
