"""Specs as plain dictionaries and back, so that Airflow renders the templates and finds the XComs in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import steps  # noqa: F401 — they put their kinds into KINDS
from airflow_emr_pipelines.specs.ec2 import changes, cluster  # noqa: F401 — they put their kinds into KINDS
from airflow_emr_pipelines.specs.values.base import KINDS, Spec
from airflow_emr_pipelines.specs.values.rules import instead_of, nearest
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_output, is_rendered, rendering_is_over

__all__ = ["KINDS", "as_known", "checked_dict", "from_dict", "holds_structure", "to_dict"]

S = TypeVar("S", bound=Spec)


def as_known(value: Any, kind: type[Spec]) -> Any:
    """The spec that a dictionary describes, where all of it is known; all else as it is."""
    whole = isinstance(value, Mapping) and "kind" in value
    return from_dict(value, kind) if whole and all_rendered(value) else value


def checked_dict(value: Any, kind: type[Spec]) -> Any:
    """``to_dict`` of a spec of that kind, or of a dictionary that describes one; what is neither is refused now.

    What is not known before the task runs is let be.
    """
    whole = isinstance(value, Mapping) and "kind" in value
    if all_rendered(value) if whole else is_rendered(value):
        from_dict(value, kind)
    return to_dict(value)


def to_dict(value: Any) -> Any:
    """Specs within ``value`` as dictionaries with their ``kind`` and what is not the default; all else as it is.

    What holds no spec is handed back itself: what came from another task is not to be rendered as a template.
    """
    if isinstance(value, Spec):
        return {"kind": value.kind, **{name: to_dict(part) for name, part in _given(value)}}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        parts = [to_dict(part) for part in value]
        return value if isinstance(value, list) and all(a is b for a, b in zip(parts, value, strict=True)) else parts
    if isinstance(value, Mapping):
        plain = {key: to_dict(part) for key, part in value.items()}
        return value if all(plain[key] is part for key, part in value.items()) else plain
    return value


def from_dict(value: Any, kind: type[S], *, rendered: bool = True) -> S:
    """The spec of that kind that a plain dictionary describes, with defaults and every check.

    :param rendered: templates are rendered, and what is left of one is a text like any other; False lets be what is
        not known yet
    :raises InvalidSpec: it describes another kind, has a field that this kind has not, or breaks a rule
    """
    if isinstance(value, Mapping) and "kind" in value:
        _check_kind(value["kind"], kind)
    with rendering_is_over() if rendered else nullcontext():
        spec = _read(value)
    if not isinstance(spec, kind):
        raise InvalidSpec(kind.__name__, type(spec), _is_needed(kind), _way_to(kind, spec))
    return spec


def _check_kind(word: Any, wanted: type[Spec]) -> type[Spec]:
    """The class of a kind by its word; one that is not wanted is refused before anything else is asked of it."""
    if not isinstance(word, str) or word not in KINDS:
        raise InvalidSpec("kind", word, "it is no kind of spec", nearest(word, _words_of(wanted)))
    if not issubclass(KINDS[word], wanted):
        raise InvalidSpec("kind", word, _is_needed(wanted), f"choose one of {', '.join(_words_of(wanted))}")
    return KINDS[word]


def _words_of(kind: type[Spec]) -> list[str]:
    return sorted(word for word, known in KINDS.items() if issubclass(known, kind))


def _is_needed(kind: type[Spec]) -> str:
    name = kind.__name__
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name} is needed here"


def _way_to(kind: type[Spec], value: Any) -> str:
    kinds = ", ".join(_words_of(kind))
    if isinstance(value, Mapping) and hasattr(kind, "from_request"):
        return f"read a request of EMR's by {kind.__name__}.from_request(…), or name its kind, one of: {kinds}"
    return instead_of(value) or f"give one, or a dictionary whose kind is one of: {kinds}"


def _read(value: Any) -> Any:
    if isinstance(value, Mapping) and "kind" in value:
        return _spec(value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tuple(_read(part) for part in value)
    return value


def _spec(value: Mapping[Any, Any]) -> Spec:
    word = value["kind"]
    spec = _check_kind(word, Spec)
    fields = {field.name: field for field in dataclasses.fields(spec)}  # type: ignore[arg-type]
    given = {name: part for name, part in value.items() if name != "kind"}
    for name in given:
        if name not in fields:
            named = f"{spec.__name__}.{name}"
            raise InvalidSpec(named, given[name], "there is no such field", nearest(name, [*fields]))
    lacking = [name for name, field in fields.items() if name not in given and _default(field) is dataclasses.MISSING]
    if lacking:
        raise InvalidSpec(spec.__name__, sorted(given), f"it lacks {', '.join(lacking)}", f"add {', '.join(lacking)}")
    settings = _settings(word)
    return spec(**{name: part if name in settings else _read(part) for name, part in given.items()})


def _given(spec: Spec) -> list[tuple[str, Any]]:
    """What is not the default."""
    fields = dataclasses.fields(spec)  # type: ignore[arg-type]
    values = [(field, getattr(spec, field.name)) for field in fields]
    return [(field.name, value) for field, value in values if is_output(value) or value != _default(field)]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def holds_structure(value: Mapping[Any, Any], name: Any) -> bool:
    """Whether it is a text that stands in a plain dictionary of a spec where a list, a mapping or a spec is wanted."""
    kind = value.get("kind")
    return isinstance(value[name], str) and isinstance(kind, str) and kind in KINDS and name in _structures(kind)


@cache
def _structures(kind: str) -> frozenset[str]:
    hints = get_type_hints(KINDS[kind], localns={"KW_ONLY": object})
    return frozenset(name for name, hint in hints.items() if _is_structure(hint))


def _is_structure(hint: Any) -> bool:
    if get_origin(hint) in (Mapping, Sequence):
        return True
    return any(map(_is_structure, get_args(hint))) or (isinstance(hint, type) and issubclass(hint, Spec))


@cache
def _settings(kind: str) -> frozenset[str]:
    """The fields that hold names of the user's choice, among which ``kind`` is one like any other."""
    hints = get_type_hints(KINDS[kind], localns={"KW_ONLY": object})  # which is no type to Python 3.10
    return frozenset(name for name, hint in hints.items() if get_origin(hint) is Mapping)
