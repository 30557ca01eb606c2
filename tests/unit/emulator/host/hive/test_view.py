"""What a Hive step sees of a catalog whose tables' files begin or end with lines that are no rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_emr_pipelines.emulator.host.catalog.glue_shapes import data
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer
from airflow_emr_pipelines.emulator.host.catalog.thrift import (
    CALL,
    REPLY,
    Message,
    Struct,
    mapping,
    record,
    records,
    text,
    texts,
)
from airflow_emr_pipelines.emulator.host.hive.ends import Ends
from airflow_emr_pipelines.emulator.host.hive.view import HiveView

TEXT = "org.apache.hadoop.mapred.TextInputFormat"


class Tables:
    """A catalog of tables in memory, each with a partition."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[str, int]] = {}

    def answer(self, call: Message) -> Message:
        name = data(call.body, 2)
        if name not in self.tables:
            return Message(REPLY, call.name, call.number, {2: record({1: text("no such table")})})
        location, header = self.tables[name]
        partition: Struct = {
            1: texts(["1"]),
            2: text("db"),
            3: text(name),
            6: record({2: text(f"{location}/ds=1"), 3: text(TEXT)}),
        }
        table: Struct = {
            1: text(name),
            2: text("db"),
            7: record({2: text(location), 3: text(TEXT)}),
            9: mapping({"skip.header.line.count": str(header)}),
            12: text("EXTERNAL_TABLE"),
        }
        found = {"get_table": record(table), "get_partition": record(partition), "get_partitions": records([partition])}
        return Message(REPLY, call.name, call.number, {0: found[call.name]})

    def close(self) -> None:
        """Nothing is held."""


class Steps:
    """The connections of a cluster's Hive steps."""

    def __init__(self, folder: Path) -> None:
        self.catalog, self.ends = Tables(), Ends(folder / "ends")

    def see(self, name: str, call: str = "get_table") -> Struct:
        """What a new connection is answered."""
        asked = Message(CALL, call, 1, {1: text("db"), 2: text(name)})
        found: Struct = HiveView(self.catalog, self.ends).answer(asked).body
        return found

    @property
    def lines(self) -> list[str]:
        return self.ends.path.read_text().splitlines()


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


def test_the_newest_line_of_a_location_is_what_its_table_says(steps: Steps) -> None:
    for header in (1, 1, 2, 1, 1):
        steps.catalog.tables["t"] = ("s3://b/t", header)
        steps.see("t")
    assert steps.lines == ["s3://b/t\t1\t0", "s3://b/t\t2\t0", "s3://b/t\t1\t0"]


def test_two_tables_with_the_same_files_and_other_lines_are_refused_by_name(steps: Steps) -> None:
    steps.catalog.tables = {"a": ("s3://b/t", 1), "b": ("s3a://b/t/", 1), "c": ("s3://b/other", 2)}
    for name in "abc":
        steps.see(name)
    steps.catalog.tables["b"] = ("s3a://b/t/", 2)
    with pytest.raises(CannotAnswer, match=r"db\.b and db\.a both have the files at s3a://b/t/, .*drop db\.a first"):
        steps.see("b")
    assert steps.lines == ["s3://b/t\t1\t0", "s3://b/other\t2\t0"]


def test_a_table_that_is_gone_or_has_moved_stands_in_nobodys_way(steps: Steps) -> None:
    steps.catalog.tables = {"a": ("s3://b/t", 1)}
    steps.see("a")
    steps.catalog.tables = {"a": ("s3://b/elsewhere", 1), "b": ("s3://b/t", 2)}
    steps.see("b")
    steps.catalog.tables = {"c": ("s3://b/t", 3)}
    steps.see("c")
    assert steps.lines == ["s3://b/t\t1\t0", "s3://b/t\t2\t0", "s3://b/t\t3\t0"]


def test_a_connection_that_is_asked_for_partitions_first_leaves_their_lines_out_too(steps: Steps) -> None:
    steps.catalog.tables["t"] = ("s3://b/t", 1)
    (partition,) = data(steps.see("t", "get_partitions"), 0)
    assert data(data(partition, 6), 3) == "emulator.TextWithoutEnds"
    assert steps.lines == ["s3://b/t/ds=1\t1\t0"]


def test_two_tables_with_the_same_partition_and_other_lines_are_refused_by_name(steps: Steps) -> None:
    steps.catalog.tables = {"a": ("s3://b/t", 1), "b": ("s3://b/t", 2)}
    steps.see("a", "get_partitions")
    with pytest.raises(CannotAnswer, match=r"db\.b and db\.a both have the files at s3://b/t/ds=1"):
        steps.see("b", "get_partitions")
