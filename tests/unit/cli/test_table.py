"""Tables that a person likes to read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.cli.table import bar, table


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert table(("name", "rows"), [("a", 1234), ("longer", 5)]).splitlines() == [
        "  name     rows",
        "  ──────  ─────",
        "  a       1,234",
        "  longer      5",
    ]


def test_a_table_without_rows_has_its_columns() -> None:
    assert table(("name", "rows"), []).splitlines() == ["  name  rows", "  ────  ────"]


def test_what_is_unknown_is_a_dash() -> None:
    assert table(("seconds",), [(None,), (True,), (0.5,)]).split()[-3:] == ["–", "True", "0.50"]


@given(st.floats(0, 100), st.floats(0, 100), st.integers(1, 60))
def test_a_bar_has_its_width_and_is_never_empty(start: float, length: float, width: int) -> None:
    drawn = bar(start, start + length, max(start + length, 0.001), width)
    assert len(drawn) == width
    assert drawn.strip("·").count("█") >= 1
    assert "·" not in drawn.strip("·")


def test_bars_of_what_overlaps_overlap() -> None:
    assert bar(0, 6, 10, width=10) == "██████····"
    assert bar(4, 10, 10, width=10) == "····██████"
