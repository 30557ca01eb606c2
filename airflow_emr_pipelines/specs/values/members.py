"""How the fields of values go to the members of a request: said once, in a table, and read in both directions.

    VOLUMES = Structure(
        EbsVolumes,
        Member("size_gb", "VolumeSpecification.SizeInGB", required=True),
        Member("per_instance", "VolumesPerInstance"),
    )

``VOLUMES.render(EbsVolumes(100))`` is what a request says, and ``VOLUMES.read("Volumes", …)`` makes the value of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import article, by_key, nearest
from airflow_emr_pipelines.specs.values.templates import is_given, is_rendered

Request = dict[str, Any]


class Form:
    """How one value looks in a request: as it is, such as a text, a number, or a list or mapping of such."""

    def render(self, value: Any) -> Any:
        """The value as a request has it."""
        if isinstance(value, Mapping):
            return {key: self.render(part) for key, part in value.items()}
        return list(value) if isinstance(value, tuple) else value

    def read(self, path: str, value: Any) -> Any:
        """The value again; ``path`` says to errors where it stands."""
        return value


AS_IT_IS = Form()
THE_DEFAULT: Any = object()


class Member:
    """One field, and the member that it is in requests.

    :param name: the member's; with dots where it lies within structures that are no values of ours
    :param required: a request without it is refused
    :param absent: what it means to the service that the member is absent, where that is not the field's default
    :param empty: it is rendered where it holds nothing, too
    :param never_empty: the service takes no empty text for it, which says "not given" of every other member
    """

    def __init__(
        self,
        field: str,
        name: str,
        form: Form = AS_IT_IS,
        *,
        required: bool = False,
        absent: Any = THE_DEFAULT,
        empty: bool = False,
        never_empty: bool = False,
    ) -> None:
        self.field, self.name, self.form = field, name, form
        self.required, self.absent, self.empty = required, absent, empty
        self.never_empty = never_empty


class Structure(Form):
    """The form of a value with fields.

    :param kind: what is made of the fields
    :param refused: members that nothing is made of, each with its way out
    """

    def __init__(self, kind: Callable[..., Any], *members: Member, refused: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self.members = members
        self.refused = refused or {}

    def render(self, value: Any) -> Request:
        """The members of a value's fields, but for those that are None or hold nothing."""
        request: Request = {}
        for member in self.members:
            part = getattr(value, member.field)
            rendered = None if part is None else member.form.render(part)
            if rendered is not None and (member.empty or rendered not in ([], {})):
                *outer, name = member.name.split(".")
                within = request
                for structure in outer:
                    within = within.setdefault(structure, {})
                within[name] = rendered
        return request

    def read(self, path: str, value: Any) -> Any:
        """The value that a structure says, all of whose members have to be understood."""
        return read_members(path, value, self.made_of) if is_rendered(value) else value

    def made_of(self, members: Members) -> Any:
        """The value that these members say."""
        fields = self.fields(members)
        members.close()  # what is misspelt is told before what is amiss without it
        return self.kind(**fields)

    def fields(self, members: Members) -> dict[str, Any]:
        """The fields that these members say, by their names."""
        members.refuse(self.refused)
        values = [members.take(member.name, empty=member.never_empty) for member in self.members]
        fields = {}
        for member, value in zip(self.members, values, strict=True):
            if value is not None:
                fields[member.field] = member.form.read(f"{members.path}.{member.name}", value)
            elif member.required:
                members.need(member.name)  # only now: what is left may be its name misspelt
            elif member.absent is not THE_DEFAULT:
                fields[member.field] = member.absent
        return fields


class ListOf(Form):
    """The form of a list."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def render(self, values: Sequence[Any]) -> list[Any]:
        return [self.form.render(value) for value in values]

    def read(self, path: str, values: Any) -> Any:
        return [self.form.read(*element) for element in _elements(path, values)] if is_rendered(values) else values


class Alone(Form):
    """The form of a value that is the one member of a structure.

    :param refused: as of a Structure
    """

    def __init__(self, name: str, *, refused: Mapping[str, str]) -> None:
        self.name = name
        self.refused = refused

    def render(self, value: Any) -> Request:
        return {self.name: value}

    def read(self, path: str, value: Any) -> Any:
        return read_members(path, value, self._made_of) if is_rendered(value) else value

    def _made_of(self, members: Members) -> Any:
        members.refuse(self.refused)
        return members.need(self.name)


class Pairs(Form):
    """The form of a mapping that a request has as a list of keys and values."""

    def render(self, values: Mapping[str, Any]) -> list[Request]:
        return [{"Key": key, "Value": value} for key, value in values.items()]

    def read(self, path: str, values: Any) -> Any:
        return by_key(path, read_each(path, values, lambda pair: (pair.need("Key"), pair.take("Value", ""))))


class Members:
    """The members of a structure of a request; whoever leaves it must have taken all of them.

    A name with dots is of a member that lies within structures, which have to be known.

    :param path: where the structure stands, for errors
    """

    def __init__(self, path: str, value: Any) -> None:
        if not is_rendered(value):
            raise InvalidSpec(path, value, "it is not known yet", "write it out")
        if not isinstance(value, Mapping):
            raise InvalidSpec(path, value, f"it is a mapping, not {article(value)}", f"write {{…}} for {path}")
        self.path = path
        self._left = dict(value)
        self._known: list[str] = []
        self._within: dict[str, Members | None] = {}

    def take(self, name: str, default: Any = None, *, empty: bool = False) -> Any:
        """The value of a member, or the default where it is not given.

        :param empty: an empty text is a value; otherwise it says that there is none
        """
        outer, _, inner = name.partition(".")
        if inner:
            within = self.within(outer)
            return default if within is None else within.take(inner, default, empty=empty)
        self._known.append(name)
        value = self._left.pop(name, None)
        return value if is_given(value) or (empty and value is not None) else default

    def need(self, name: str) -> Any:
        """The value of a member that has to be there."""
        outer, _, inner = name.partition(".")
        within = self.within(outer) if inner else None
        if within is not None:
            return within.need(inner)
        value = self.take(outer)
        if value is None:
            for near in difflib.get_close_matches(outer, [*self._left], n=1):  # a misspelt member is not missing
                self._refuse(near, self._left[near], f"did you mean {outer}?")
            raise InvalidSpec(f"{self.path}.{outer}", None, "it is missing", f"add {outer}")
        return value

    def within(self, name: str) -> Members | None:
        """The members of a structure within, or None where it is not given."""
        if name not in self._within:
            value = self.take(name)
            self._within[name] = None if value is None else Members(f"{self.path}.{name}", value)
        return self._within[name]

    def refuse(self, ways_out: Mapping[str, str]) -> None:
        """Refuse members that nothing is made of, each with its way out."""
        for name, way_out in ways_out.items():
            value = self.take(name)
            if value is not None:
                self._refuse(name, value, way_out)

    def close(self) -> None:
        """Refuse what is left: nothing is lost silently."""
        for name, value in self._left.items():
            if value is not None:
                self._refuse(name, value, nearest(name, self._known))
        for within in self._within.values():
            if within is not None:
                within.close()

    def _refuse(self, name: str, value: Any, way_out: str) -> NoReturn:
        raise InvalidSpec(f"{self.path}.{name}", value, "it is not understood here", way_out)


def read_members(path: str, value: Any, read: Callable[[Members], Any]) -> Any:
    """What ``read`` makes of a structure, all of whose members it must take."""
    members = Members(path, value)
    try:
        made = read(members)
    except InvalidSpec as error:
        if error.field.startswith(path):
            raise
        raise InvalidSpec(f"{path}: {error.field}", error.value, error.rule, error.remedy) from error
    members.close()
    return made


def read_each(path: str, values: Any, read: Callable[[Members], Any]) -> list[Any]:
    """What ``read`` makes of each structure of a list, all of which have to be known."""
    return [read_members(*element, read) for element in _elements(path, values)]


def _elements(path: str, values: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InvalidSpec(path, values, "it is a list", "write […]")
    return ((f"{path}[{place}]", value) for place, value in enumerate(values))
