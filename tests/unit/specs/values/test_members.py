"""A table of fields and members, read in both directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.members import Alone, ListOf, Member, Pairs, Structure


@dataclass
class Door:
    wood: str
    width: int | None = 80
    keys: tuple[str, ...] = ()


@dataclass
class House:
    name: str
    doors: tuple[Door, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    street: str | None = None
    number: int | None = None


DOOR = Structure(
    Door,
    Member("wood", "Wood", required=True),
    Member("width", "Size.Width", absent=None),
    Member("keys", "Keys", empty=True),
)
HOUSE = Structure(
    House,
    Member("name", "Name", required=True),
    Member("doors", "Doors", ListOf(DOOR)),
    Member("labels", "Labels", Pairs()),
    Member("street", "Place.Address.Street"),
    Member("number", "Place.Address.Number"),
    refused={"Place.Moat": "nobody digs them any more: leave it out"},
)
WHOLE = House("a", (Door("oak", 90, ("k",)), Door("elm")), {"team": "data"}, "Long Lane", 0)
REQUEST = {
    "Name": "a",
    "Doors": [
        {"Wood": "oak", "Size": {"Width": 90}, "Keys": ["k"]},
        {"Wood": "elm", "Size": {"Width": 80}, "Keys": []},
    ],
    "Labels": [{"Key": "team", "Value": "data"}],
    "Place": {"Address": {"Street": "Long Lane", "Number": 0}},
}


def test_a_value_is_rendered_as_the_table_says_and_read_back() -> None:
    assert HOUSE.render(WHOLE) == REQUEST
    read = HOUSE.read("House", REQUEST)
    assert HOUSE.render(read) == REQUEST
    assert (read.name, read.labels, read.street, read.number) == ("a", {"team": "data"}, "Long Lane", 0)


def test_what_holds_nothing_is_left_out_unless_the_service_wants_it() -> None:
    assert HOUSE.render(House("a")) == {"Name": "a"}
    assert DOOR.render(Door("oak", None)) == {"Wood": "oak", "Keys": []}


def test_what_is_absent_has_the_fields_default_unless_it_means_something_else() -> None:
    assert HOUSE.read("House", {"Name": "a"}) == House("a")
    assert DOOR.read("Door", {"Wood": "oak"}) == Door("oak", width=None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Name": None}, r"House\.Name = None: it is missing; add Name"),
        ({"Name": None, "Nam": "a"}, r"House\.Nam = 'a': it is not understood here; did you mean Name\?"),
        ({"Doors": [{"Keys": []}]}, r"House\.Doors\[0\]\.Wood = None: it is missing"),
        (
            {"Doors": [{"Wood": "oak", "Size": {"Widht": 1}}]},
            r"House\.Doors\[0\]\.Size\.Widht = 1: .*did you mean Width",
        ),
        (
            {"Doors": [{"Wood": "oak", "Size": "{{ size }}"}]},
            r"Doors\[0\]\.Size = '\{\{ size \}\}': it is not known yet",
        ),
        ({"Doors": "oak"}, r"House\.Doors = 'oak': it is a list; write \[…\]"),
        ({"Doors": ["oak"]}, r"House\.Doors\[0\] = 'oak': it is a mapping, not a str"),
        ({"Labels": [{"Value": "x"}]}, r"House\.Labels\[0\]\.Key = None: it is missing"),
        ({"Place": {"Moat": 1}}, r"House\.Place\.Moat = 1: .*nobody digs them any more"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place_and_the_way_out(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        HOUSE.read("House", {**REQUEST, **change})


def test_a_member_that_is_there_is_not_taken_for_another_that_is_missing() -> None:
    similar = Structure(dict, Member("kind", "InstanceType", required=True), Member("count", "InstanceCount"))
    with pytest.raises(InvalidSpec, match=r"Group\.InstanceType = None: it is missing"):
        similar.read("Group", {"InstanceCount": 1})


def test_what_is_misspelt_is_told_before_what_is_amiss_without_it() -> None:
    def refuse(**fields: Any) -> None:
        raise InvalidSpec("House.street", None, "it goes with number", "give both")

    with pytest.raises(InvalidSpec, match=r"House\.Stret = .*did you mean Street"):
        Structure(refuse, Member("street", "Street")).read("House", {"Stret": "Long Lane"})
    with pytest.raises(InvalidSpec, match=r"^A house: House\.street = None: it goes with number"):
        Structure(refuse, Member("street", "Street")).read("A house", {})


def test_a_value_that_is_not_known_yet_is_let_be() -> None:
    read = HOUSE.read("House", {"Name": "{{ name }}", "Doors": ["{{ door }}", {"Wood": "oak"}]})
    assert (read.name, read.doors[0], read.doors[1].wood) == ("{{ name }}", "{{ door }}", "oak")
    assert HOUSE.read("House", {"Name": "a", "Doors": "{{ doors }}"}).doors == "{{ doors }}"


def test_the_one_member_of_a_structure_is_the_value() -> None:
    names = ListOf(Alone("Name", refused={"Version": "leave it out"}))
    assert names.render(("a", "b")) == [{"Name": "a"}, {"Name": "b"}]
    assert names.read("Names", [{"Name": "a"}, "{{ b }}"]) == ["a", "{{ b }}"]
    with pytest.raises(InvalidSpec, match=r"Names\[0\]\.Version = '3': .*leave it out"):
        names.read("Names", [{"Name": "a", "Version": "3"}])
