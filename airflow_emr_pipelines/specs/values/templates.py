"""Values that are not known before the task runs: templates, and outputs of other tasks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from typing import Any, TypeGuard

_rendering_is_over = ContextVar("rendering_is_over", default=False)


@contextmanager
def rendering_is_over() -> Iterator[None]:
    """Within, no value is waited for any more: what still looks like a template is a text like any other."""
    token = _rendering_is_over.set(True)
    try:
        yield
    finally:
        _rendering_is_over.reset(token)


def is_template(value: object) -> bool:
    """Whether a text has Jinja in it."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def is_output(value: object) -> bool:
    """Whether a value stands for one that another task gives: what Airflow's templating resolves, as an XComArg."""
    if isinstance(value, (type, os.PathLike)):  # a path's resolve() is another thing
        return False
    return callable(getattr(value, "resolve", None))


def is_rendered(value: object) -> bool:
    """Whether a value can be judged now."""
    return _rendering_is_over.get() or not (is_template(value) or is_output(value))


def all_rendered(value: Any) -> bool:
    """Whether a value and all within it can be judged now."""
    if is_dataclass(value) and not isinstance(value, type):
        return all(all_rendered(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return all(all_rendered(part) for item in value.items() for part in item)
    if isinstance(value, (list, tuple)):
        return all(all_rendered(part) for part in value)
    return is_rendered(value)


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a text that can be judged now."""
    return isinstance(value, str) and is_rendered(value)


def is_given(value: object) -> bool:
    """Whether a member of a request says something: EMR's console writes an empty text for what was not filled in."""
    return value is not None and not (isinstance(value, str) and value == "")
