"""What all state machines here keep to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

S = TypeVar("S", bound=Enum)


class IllegalTransition(Exception):
    """A fault of the emulator: a transition that no state machine of EMR has."""


def transition(allowed: Mapping[S, frozenset[S]], name: str, old: S, new: S) -> S:
    """The new state, if the old one leads to it."""
    if new not in allowed[old]:
        raise IllegalTransition(f"{name}: {old.value} -> {new.value}")
    return new
