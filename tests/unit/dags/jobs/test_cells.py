"""No published cell is smaller than was asked for, whatever persons come, and no more is left out than that takes."""

from __future__ import annotations

from collections import Counter

import cells
import pytest
from hypothesis import given
from hypothesis import strategies as st

SMALLEST = 5
CELLS = st.tuples(st.sampled_from(["f", "m", "d"]), st.sampled_from(["0-64", "65+"]), st.sampled_from(["10", "20"]))


def counts_of(persons: dict[cells.Cell, int]) -> dict[cells.Cell, int]:
    found: Counter[cells.Cell] = Counter()
    for cell, to in cells.published(persons, SMALLEST).items():
        found[to] += persons[cell]
    return dict(found)


@given(st.dictionaries(CELLS, st.integers(0, 30), min_size=1).filter(lambda found: sum(found.values()) >= SMALLEST))
def test_each_published_cell_is_large_enough_and_tells_nothing_new(persons: dict[cells.Cell, int]) -> None:
    assert min(counts_of(persons).values()) >= SMALLEST
    for cell, to in cells.published(persons, SMALLEST).items():
        left_out = [value is None for value in to]
        assert left_out == sorted(left_out)
        assert all(told in (value, None) for told, value in zip(to, cell, strict=True))
    enough = all(count >= SMALLEST for count in persons.values())
    assert enough == all(cell == to for cell, to in cells.published(persons, SMALLEST).items())


def test_small_cells_join_each_other_before_others_have_to_join_them() -> None:
    persons: dict[cells.Cell, int] = {("f", "10"): 3, ("f", "20"): 2, ("f", "50"): 9, ("m", "10"): 5}
    assert counts_of(persons) == {("f", None): 5, ("f", "50"): 9, ("m", "10"): 5}


def test_a_cell_that_would_stand_alone_without_its_value_is_joined_by_the_smallest_of_its_kind() -> None:
    persons: dict[cells.Cell, int] = {("f", "10"): 3, ("f", "20"): 9, ("f", "50"): 6, ("m", "10"): 5}
    assert counts_of(persons) == {("f", None): 9, ("f", "20"): 9, ("m", "10"): 5}


def test_who_is_alone_in_the_first_value_takes_one_cell_of_others_along() -> None:
    persons: dict[cells.Cell, int] = {("d", "10"): 1, ("f", "20"): 9, ("m", "10"): 5}
    assert counts_of(persons) == {(None, None): 6, ("f", "20"): 9}


def test_fewer_persons_than_a_cell_holds_cannot_be_published() -> None:
    with pytest.raises(ValueError, match="4 persons are fewer than 5"):
        cells.published({("f", "10"): 4}, SMALLEST)
