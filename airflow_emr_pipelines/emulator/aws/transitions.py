"""What all state machines here keep to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

S = TypeVar("S", bound=Enum)


class IllegalMove(Exception):
    """A fault of the emulator: an edge that no state machine of EMR has."""


def move_along(edges: Mapping[S, frozenset[S]], name: str, old: S, new: S) -> S:
    """The new state, if an edge leads to it."""
    if new not in edges[old]:
        raise IllegalMove(f"{name}: {old.value} -> {new.value}")
    return new
