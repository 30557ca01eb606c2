"""A catalog as Hive's own steps see it: tables whose files begin or end with lines that are no rows.

Spark reads such tables with the lines, on EMR, too, and so do its own steps here. For a Hive step, reading them is
handed to a class that leaves the lines out; the catalog itself never learns of it.
"""

from __future__ import annotations

from pathlib import Path

from airflow_emr_pipelines.emulator.host.catalog.glue_shapes import data
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer, Catalog
from airflow_emr_pipelines.emulator.host.catalog.thrift import LIST, STRING, STRUCT, Message, Struct, Value, text
from airflow_emr_pipelines.emulator.host.hive.script import ACID

CLASSES = Path(__file__).with_name("classes.jar")
"""Compiled from the folder `java` beside it, whose files it holds, too."""
ENDS = "emulator.ends"
"""The system property with the name of the file that says which lines are left out."""
_TEXT, _WITHOUT_ENDS = "org.apache.hadoop.mapred.TextInputFormat", "emulator.TextWithoutEnds"
_HEADER, _FOOTER = "skip.header.line.count", "skip.footer.line.count"


class HiveView:
    """One connection of a Hive step to a catalog.

    :param ends: the file that the class reads: a location, and how many lines to leave out at each end
    """

    def __init__(self, catalog: Catalog, ends: Path) -> None:
        self._catalog = catalog
        self._ends = ends
        self._known: dict[tuple[str, str], tuple[int, int]] = {}

    def answer(self, call: Message) -> Message:
        asked = Message(call.kind, call.name, call.number, _as_kept(call.body))
        answer = self._catalog.answer(asked)
        seen = {number: self._seen(value) for number, value in answer.body.items()}
        return Message(answer.kind, answer.name, answer.number, seen)

    def close(self) -> None:
        self._catalog.close()

    def _seen(self, value: Value) -> Value:
        """The answer with each table and partition in it as a Hive step reads it."""
        if value.kind == STRUCT:
            fields = {number: self._seen(part) for number, part in value.data.items()}
            return Value(STRUCT, self._seen_record(fields))
        if value.kind == LIST and value.of == (STRUCT,):
            parts = [self._seen(Value(STRUCT, part)).data for part in value.data]
            return Value(LIST, parts, value.of)
        return value

    def _seen_record(self, fields: Struct) -> Struct:
        if _is_table(fields):
            key = (data(fields, 2, ""), data(fields, 1, ""))
            self._known[key] = _counts(fields)
            return self._without_ends(fields, 7, self._known[key])
        if _is_partition(fields):
            counts = self._known.get((data(fields, 2, ""), data(fields, 3, "")), (0, 0))
            return self._without_ends(fields, 6, counts)
        return fields

    def _without_ends(self, fields: Struct, number: int, counts: tuple[int, int]) -> Struct:
        storage = data(fields, number, {})
        location = data(storage, 2, "")
        if not any(counts) or data(storage, 3) != _TEXT or not location:
            return fields
        line = f"{location}\t{counts[0]}\t{counts[1]}\n"
        if not self._ends.exists() or line not in self._ends.read_text():
            with self._ends.open("a") as file:
                file.write(line)
        return {**fields, number: Value(STRUCT, {**storage, 3: text(_WITHOUT_ENDS)})}


def _is_table(fields: Struct) -> bool:
    return 7 in fields and fields[7].kind == STRUCT and 12 in fields and fields[12].kind == STRING


def _is_partition(fields: Struct) -> bool:
    return 1 in fields and fields[1].kind == LIST and 6 in fields and fields[6].kind == STRUCT


def _counts(table: Struct) -> tuple[int, int]:
    parameters = data(table, 9, {})
    if parameters.get("transactional", "").lower() == "true":
        raise CannotAnswer(f"{data(table, 2)}.{data(table, 1)}: {ACID}")
    found = [parameters.get(name, "").strip() or "0" for name in (_HEADER, _FOOTER)]
    if not all(count.isdigit() for count in found):
        raise CannotAnswer(f"{data(table, 2)}.{data(table, 1)}: {_HEADER} and {_FOOTER} are whole numbers")
    return int(found[0]), int(found[1])


def _as_kept(fields: Struct) -> Struct:
    """A call with the format that the catalog has for what a Hive step sees in another."""
    return {number: _kept(value) for number, value in fields.items()}


def _kept(value: Value) -> Value:
    if value.kind == STRUCT:
        return Value(STRUCT, _as_kept(value.data))
    if value.kind == LIST and value.of == (STRUCT,):
        return Value(LIST, [_as_kept(part) for part in value.data], value.of)
    if value.kind == STRING and value.data == _WITHOUT_ENDS:
        return text(_TEXT)
    return value
