"""What every spec has."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values import rules

KINDS: dict[str, type[Spec]] = {}
"""Every kind of value by its word: each puts itself here as it is defined."""


class _OfFields:
    """The signature of a value's class is that of its fields, though `__new__` takes whatever comes."""

    def __get__(self, value: Spec | None, cls: type[Spec]) -> inspect.Signature:
        signature = inspect.signature(cls.__init__)
        return signature.replace(parameters=[*signature.parameters.values()][1:])


def _takes_more(cls: type[Spec]) -> bool:
    """Whether a user's class has an `__init__` of its own, which knows its arguments itself."""
    made = {field.name for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    return {*inspect.signature(cls).parameters} != made


class Spec:
    """A frozen value that checks itself when it is made, as far as its fields are known then."""

    kind: ClassVar[str]
    elsewhere: ClassVar[Mapping[str, str]] = {}
    """What EMR, or Airflow, calls something of it, and how it is written here."""

    if not TYPE_CHECKING:  # a type checker knows by the fields
        __signature__ = _OfFields()

        def __new__(cls, *values: Any, **fields: Any) -> Spec:
            """Python names an argument that there is not, and no way out."""
            for name in fields:
                if name not in cls.__dataclass_fields__ and not _takes_more(cls):
                    names = [field.name for field in dataclasses.fields(cls)]
                    way_out = rules.unknown_name(name, names, cls.elsewhere)
                    raise TypeError(f"{cls.__name__} has no field {name!r}: {way_out}")
            return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "kind" in vars(cls):
            KINDS.setdefault(cls.kind, cls)

    def check(self, rule: Callable[..., Any], *names: str, **bounds: Any) -> None:
        """Put fields to their normal form by a rule. None passes where it is the default: nothing was given."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        for name in names:
            value = getattr(self, name)
            if value is not None or defaults[name] is not None:
                object.__setattr__(self, name, rule(self.told(name), value, **bounds))

    def told(self, name: str) -> str:
        """A field's name as errors tell it."""
        return f"{type(self).__name__}.{name}"

    def refuse(self, name: str, rule: str, remedy: str, *, value: object = None) -> NoReturn:
        """Say what is wrong with a field."""
        raise InvalidSpec(self.told(name), getattr(self, name) if value is None else value, rule, remedy)

    def warn(self, name: str, rule: str, remedy: str) -> None:
        """Say what of a field is legal and hardly meant so."""
        rules.warn(self.told(name), getattr(self, name), rule, remedy)
