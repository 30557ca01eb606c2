"""What only a run knows: it stands in a plan as words in angle brackets, and is never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

OPEN, CLOSE = "\ue000", "\ue001"
"""Around the words for a value within a template, so that they are found in what it renders to."""


class NotKnown(str):
    """Words for a value, or a text with such words in it. Specs let it be, as they do an output of another task."""

    __slots__ = ()

    def resolve(self) -> None:
        """What specs know a value by that is not there yet."""

    def __iter__(self) -> Iterator[str]:
        yield self  # in the place of the elements of a list


class NotYet(Exception):
    """A template decides by a value that is not known."""


class Later:
    """A value that is not known, to a template: it can be put into a text, and nothing can be made of it."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __str__(self) -> str:
        return f"{OPEN}<{self._words}>{CLOSE}"

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Later(f"{self._words}.{name}")

    def __getitem__(self, key: Any) -> Later:
        return Later(f"{self._words}[{key!r}]")

    def __call__(self, *arguments: Any, **named: Any) -> Later:
        return Later(f"{self._words}(…)")

    def _refuse(self, *arguments: Any) -> NoReturn:
        raise NotYet(self._words)

    __bool__ = __len__ = __iter__ = __int__ = __float__ = __contains__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = _refuse


class Partly:
    """A thing of a run of which some is known: the rest of it is asked for in vain."""

    def __init__(self, words: str, **known: Any) -> None:
        self._words = words
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Later(f"{self._words}.{name}")


class Named:
    """Things that Airflow keeps by name, as variables: they are named and never read."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def get(self, name: str, default: object = None) -> Later:
        """Also where a default is given: whether it is taken is not known."""
        return Later(f"{self._words} {name}")


def with_placeholders(text: str) -> str:
    """A rendered text as people read it; a NotKnown where it has something in it that is not known."""
    plain = re.sub(f"[{OPEN}{CLOSE}]", "", text)
    return text if plain == text else NotKnown(plain)
