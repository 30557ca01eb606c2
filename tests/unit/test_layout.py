"""A test stands in the folder of what it costs, and a unit test cannot ask for what costs more."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.unit.test_layers import imports_of

TESTS = ROOT / "tests"
COSTS = ("unit", "integration", "e2e")
FILES = [file.relative_to(TESTS) for file in sorted(TESTS.rglob("test_*.py"))]
COSTLY = [
    found.name
    for found in ast.parse((TESTS / "costly.py").read_text()).body
    if isinstance(found, ast.FunctionDef) and any("fixture" in ast.unparse(by) for by in found.decorator_list)
]


def test_every_test_stands_in_the_folder_of_its_cost() -> None:
    assert [str(file) for file in FILES if file.parts[0] not in COSTS] == []


def test_no_two_costs_have_a_test_file_in_the_same_place() -> None:
    """Whoever is told ``operators/test_ends.py`` finds one file."""
    places = Counter(file.relative_to(file.parts[0]) for file in FILES)
    assert [str(place) for place, times in places.items() if times > 1] == []


@pytest.mark.parametrize("name", COSTLY)
def test_a_unit_test_that_asks_for_what_is_costly_finds_no_such_fixture(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Only ``conftest.py`` of the other folders tells pytest of them."""
    with pytest.raises(pytest.FixtureLookupError):
        request.getfixturevalue(name)


def test_a_unit_test_takes_nothing_from_what_is_costly() -> None:
    costly = ("tests.costly", "tests.integration", "tests.e2e")
    programs = ("local.local_emulator.LocalEmulator", "local.local_airflow.LocalAirflow", "pyspark.sql")
    files = (TESTS / "unit").rglob("*.py")
    assert [str(found) for file in files for found in imports_of(file) if found.is_of(*costly, *programs)] == []
