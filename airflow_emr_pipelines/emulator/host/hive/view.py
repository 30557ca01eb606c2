"""A catalog as Hive's own steps see it: tables whose files begin or end with lines that are no rows.

Spark reads such tables with the lines, on EMR, too, and so do its own steps here. For a Hive step, reading them is
handed to a class that leaves the lines out; the catalog itself never learns of it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from airflow_emr_pipelines.emulator.host.catalog.glue_shapes import data
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer, Catalog
from airflow_emr_pipelines.emulator.host.catalog.thrift import (
    CALL,
    LIST,
    REPLY,
    STRING,
    STRUCT,
    Message,
    Struct,
    Value,
    text,
    texts,
)
from airflow_emr_pipelines.emulator.host.hive.ends import Ends, Lines, place_of
from airflow_emr_pipelines.emulator.host.hive.script import ACID

CLASSES = Path(__file__).with_name("classes.jar")
"""Compiled from the folder `java` beside it, whose files it holds, too."""
ENDS = "emulator.ends"
"""The system property with the name of the file that says which lines are left out."""
_TEXT, _WITHOUT_ENDS = "org.apache.hadoop.mapred.TextInputFormat", "emulator.TextWithoutEnds"
_HEADER, _FOOTER = "skip.header.line.count", "skip.footer.line.count"


class HiveView:
    """One connection of a Hive step to a catalog."""

    def __init__(self, catalog: Catalog, ends: Ends) -> None:
        self._catalog = catalog
        self._ends = ends
        self._known: dict[tuple[str, str], Lines] = {}

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
            lines = _lines(fields)
            self._known[lines.database, lines.table] = lines
            return self._without_ends(fields, 7, lines)
        if _is_partition(fields):
            key = (data(fields, 2, ""), data(fields, 3, ""))
            if key not in self._known and all(key) and (table := self._asked("get_table", *key)):
                self._known[key] = _lines(table)
            if key in self._known:
                return self._without_ends(fields, 6, replace(self._known[key], partition=tuple(data(fields, 1))))
        return fields

    def _without_ends(self, fields: Struct, number: int, lines: Lines) -> Struct:
        storage = data(fields, number, {})
        location = data(storage, 2, "")
        if not any(lines.counts) or data(storage, 3) != _TEXT or not location:
            return fields
        self._ends.tell(location, lines, self._still_there)
        return {**fields, number: Value(STRUCT, {**storage, 3: text(_WITHOUT_ENDS)})}

    def _still_there(self, location: str, lines: Lines) -> bool:
        """Whether the catalog has a table, or its partition, at this location now, with the same lines to leave out."""
        table = self._asked("get_table", lines.database, lines.table)
        if not table or _lines(table).counts != lines.counts:
            return False
        if lines.partition is None:
            storage = data(table, 7, {})
        else:
            found = self._asked("get_partition", lines.database, lines.table, texts(lines.partition))
            storage = data(found, 6, {})
        return place_of(data(storage, 2, "")) == place_of(location)

    def _asked(self, name: str, database: str, table: str, *more: Value) -> Struct:
        """A table or partition as the catalog has it now; nothing where there is none."""
        arguments = dict(enumerate((text(database), text(table), *more), start=1))
        answer = self._catalog.answer(Message(CALL, name, 0, arguments))
        if answer.kind != REPLY:
            raise CannotAnswer(f"{name} {database}.{table}: {data(answer.body, 1, '')}")
        found: Struct = data(answer.body, 0, {})
        return found


def _is_table(fields: Struct) -> bool:
    return 7 in fields and fields[7].kind == STRUCT and 12 in fields and fields[12].kind == STRING


def _is_partition(fields: Struct) -> bool:
    return 1 in fields and fields[1].kind == LIST and 6 in fields and fields[6].kind == STRUCT


def _lines(table: Struct) -> Lines:
    parameters = data(table, 9, {})
    if parameters.get("transactional", "").lower() == "true":
        raise CannotAnswer(f"{data(table, 2)}.{data(table, 1)}: {ACID}")
    found = [parameters.get(name, "").strip() or "0" for name in (_HEADER, _FOOTER)]
    if not all(count.isdigit() for count in found):
        raise CannotAnswer(f"{data(table, 2)}.{data(table, 1)}: {_HEADER} and {_FOOTER} are whole numbers")
    return Lines(data(table, 2, ""), data(table, 1, ""), int(found[0]), int(found[1]))


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
