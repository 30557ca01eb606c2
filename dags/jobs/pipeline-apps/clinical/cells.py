"""Cells of persons whom what is published does not tell apart, and how small ones are made larger."""

from __future__ import annotations

from collections import Counter
from typing import Optional

Cell = tuple[Optional[str], ...]
"""The values that may single somebody out together; None where one is not told."""


def published(persons: dict[Cell, int], smallest: int) -> dict[Cell, Cell]:
    """For each cell the one it is published as, so that each of those holds so many persons at least.

    Where a cell is too small its last value is left out first, and then the one before it. What is left out is a value
    of its own: whoever it is missing for must not stand alone with that, so where these are too few, the smallest of
    the cells that differ in the left out value only joins them.

    :param persons: how many persons each cell holds, everybody counted in one cell only
    """
    if sum(persons.values()) < smallest:
        raise ValueError(f"{sum(persons.values())} persons are fewer than {smallest}")
    told = {cell: cell for cell in persons}
    for place in reversed(range(len(next(iter(persons))))):
        counts: Counter[Cell] = Counter()
        for cell, count in persons.items():
            counts[told[cell]] += count
        joined = _joined(counts, place, smallest)
        told = {cell: joined.get(now, now) for cell, now in told.items()}
    return told


def _joined(counts: Counter[Cell], place: int, smallest: int) -> dict[Cell, Cell]:
    """The cells that lose their value at that place, and what becomes of each."""
    found: dict[Cell, Cell] = {}
    small = {cell for cell, count in counts.items() if count < smallest}
    for wider in {_without(cell, place) for cell in small}:
        alike = sorted(
            (cell for cell in counts if _without(cell, place) == wider), key=lambda cell: _order(counts, cell)
        )
        total = counts.get(wider, 0)
        for cell in alike:
            if cell != wider and (cell in small or total < smallest):
                found[cell] = wider
                total += counts[cell]
    return found


def _without(cell: Cell, place: int) -> Cell:
    return (*cell[:place], *(None for _ in cell[place:]))


def _order(counts: Counter[Cell], cell: Cell) -> tuple[int, str]:
    return counts[cell], repr(cell)
