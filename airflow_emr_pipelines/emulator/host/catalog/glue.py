"""The Glue Data Catalog as a Hive metastore: what AWS's client library does inside Spark and Hive on EMR.

Each call of Hive's is answered by calls of Glue's own API at the emulator's front door, so that what a step makes is
seen through Glue, and the other way round. What Glue lacks is refused as on AWS.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from airflow_emr_pipelines.emulator.host.catalog.glue_shapes import (
    EXTERNAL,
    VIEW,
    data,
    database_to_glue,
    database_to_hive,
    partition_to_glue,
    partition_to_hive,
    table_to_glue,
    table_to_hive,
)
from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer
from airflow_emr_pipelines.emulator.host.catalog.thrift import (
    BOOL,
    I32,
    REPLY,
    Message,
    Struct,
    Value,
    record,
    records,
    text,
    texts,
)
from airflow_emr_pipelines.emulator.host.own_client import own_client

_MOST_AT_ONCE = 100
"""Partitions that Glue takes in one call; it deletes 25."""
_MOST_DELETED = 25
_DEFAULT = "default"


class _Refused(Exception):
    """One of the exceptions that Hive's metastore has."""


class _NoSuchObject(_Refused): ...


class _AlreadyExists(_Refused): ...


class _InvalidOperation(_Refused): ...


class _InvalidObject(_Refused): ...


class _Meta(_Refused): ...


_Answer = Callable[["GlueCatalog", Struct], "Value | None"]
_CALLS: dict[str, tuple[_Answer, tuple[type[_Refused], ...]]] = {}


def _answers(*names: str, refuses: tuple[type[_Refused], ...] = ()) -> Callable[[_Answer], _Answer]:
    """Register what answers calls of these names; `refuses` are their exceptions in the order of their numbers."""

    def register(answer: _Answer) -> _Answer:
        _CALLS.update((name, (answer, refuses)) for name in names)
        return answer

    return register


class GlueCatalog:
    """One connection of a step to the catalog of the account and Region."""

    def __init__(self, endpoint: str, region: str, places: Places, warehouse: str) -> None:
        self._glue = own_client("glue", endpoint, region)
        self._places = places
        self._warehouse = warehouse
        self._has_default = False

    def answer(self, call: Message) -> Message:
        if call.name not in _CALLS:
            raise CannotAnswer(
                f"{call.name}: this call of Hive's metastore is not emulated for the Glue Data Catalog. Without "
                "hive.metastore.client.factory.class the cluster has a catalog of its own, which is Hive's"
            )
        answer, declared = _CALLS[call.name]
        try:
            self._ensure_default()
            found = answer(self, call.body)
        except ClientError as error:
            return Message(REPLY, call.name, call.number, _refusal(_of_glue(error), declared))
        except _Refused as refused:
            return Message(REPLY, call.name, call.number, _refusal(refused, declared))
        return Message(REPLY, call.name, call.number, {} if found is None else {0: found})

    def close(self) -> None:
        """Nothing is held."""

    def _ensure_default(self) -> None:
        """Make the database `default`, as AWS's library does when it first finds none."""
        if self._has_default:
            return
        try:
            self._glue.get_database(Name=_DEFAULT)
        except self._glue.exceptions.EntityNotFoundException:
            self._places.make_folder(self._warehouse)
            made = {"Name": _DEFAULT, "LocationUri": self._places.shared_name(self._warehouse)}
            with contextlib.suppress(self._glue.exceptions.AlreadyExistsException):  # another step was first
                self._glue.create_database(DatabaseInput={**made, "Description": "Default Hive database"})
        self._has_default = True

    # --- databases

    @_answers("get_database", refuses=(_NoSuchObject, _Meta))
    def _get_database(self, arguments: Struct) -> Value:
        return record(database_to_hive(self._database(data(arguments, 1)), self._places.own_name))

    @_answers("get_databases", "get_all_databases", refuses=(_Meta,))
    def _get_databases(self, arguments: Struct) -> Value:
        names = [database["Name"] for page in self._pages("get_databases") for database in page["DatabaseList"]]
        return texts(_matching(names, data(arguments, 1, "*")))

    @_answers("create_database", refuses=(_AlreadyExists, _InvalidObject, _Meta))
    def _create_database(self, arguments: Struct) -> None:
        database = data(arguments, 1)
        name = data(database, 1).lower()
        location = data(database, 3) or f"{self._warehouse}/{name}.db"
        self._places.make_folder(location)
        self._glue.create_database(
            DatabaseInput=database_to_glue({**database, 3: text(location)}, self._places.shared_name)
        )

    @_answers("alter_database", refuses=(_Meta, _NoSuchObject))
    def _alter_database(self, arguments: Struct) -> None:
        changed = database_to_glue(data(arguments, 2), self._places.shared_name)
        self._glue.update_database(Name=data(arguments, 1).lower(), DatabaseInput=changed)

    @_answers("drop_database", refuses=(_NoSuchObject, _InvalidOperation, _Meta))
    def _drop_database(self, arguments: Struct) -> None:
        database = self._database(data(arguments, 1))
        tables = self._tables(database["Name"])
        if tables and not data(arguments, 3, False):
            raise _InvalidOperation(f"Database {database['Name']} is not empty. One or more tables exist.")
        delete_data, removals = data(arguments, 2, False), []
        if delete_data and database.get("LocationUri"):
            removals.append(self._places.removal(self._places.own_name(database["LocationUri"])))
        if delete_data:  # before anything is dropped, since one that cannot be removed refuses the whole
            removals += [removed for table in tables if (removed := self._removed_with(table)) is not None]
        for table in tables:
            self._drop(table, delete_data=False)
        self._glue.delete_database(Name=database["Name"])
        for remove in removals:
            remove()

    # --- tables

    @_answers("get_table", refuses=(_Meta, _NoSuchObject))
    def _get_table(self, arguments: Struct) -> Value:
        return record(self._hive_table(data(arguments, 1), data(arguments, 2)))

    @_answers("get_table_req", refuses=(_Meta, _NoSuchObject))
    def _get_table_req(self, arguments: Struct) -> Value:
        request = data(arguments, 1)
        return record({1: record(self._hive_table(data(request, 1), data(request, 2)))})

    @_answers("get_table_objects_by_name")
    def _get_table_objects(self, arguments: Struct) -> Value:
        return records(self._hive_tables(data(arguments, 1), data(arguments, 2)))

    @_answers("get_table_objects_by_name_req", refuses=(_Meta, _InvalidOperation, _NoSuchObject))
    def _get_table_objects_req(self, arguments: Struct) -> Value:
        request = data(arguments, 1)
        return record({1: records(self._hive_tables(data(request, 1), data(request, 2, [])))})

    @_answers("get_tables", "get_all_tables", refuses=(_Meta,))
    def _get_tables(self, arguments: Struct) -> Value:
        names = [table["Name"] for table in self._tables_if_any(data(arguments, 1))]
        return texts(_matching(names, data(arguments, 2, "*")))

    @_answers("get_tables_by_type", refuses=(_Meta,))
    def _get_tables_by_type(self, arguments: Struct) -> Value:
        wanted = data(arguments, 3)
        tables = self._tables_if_any(data(arguments, 1))
        names = [table["Name"] for table in tables if (table.get("TableType") or EXTERNAL) == wanted]
        return texts(_matching(names, data(arguments, 2, "*")))

    @_answers(
        "create_table",
        "create_table_with_environment_context",
        refuses=(_AlreadyExists, _InvalidObject, _Meta, _NoSuchObject),
    )
    def _create_table(self, arguments: Struct) -> None:
        table = data(arguments, 1)
        database = self._database(data(table, 2))
        made = table_to_glue(table, self._places.shared_name)
        made["Parameters"] = {**made["Parameters"], "transient_lastDdlTime": str(int(time.time()))}
        storage = made["StorageDescriptor"]
        if made.get("TableType") != VIEW:
            if not storage.get("Location"):
                storage["Location"] = f"{database.get('LocationUri') or self._shared_warehouse}/{made['Name']}"
            self._places.make_folder(self._places.own_name(storage["Location"]))
        self._glue.create_table(DatabaseName=database["Name"], TableInput=made)

    @_answers(
        "alter_table",
        "alter_table_with_environment_context",
        "alter_table_with_cascade",
        refuses=(_InvalidOperation, _Meta),
    )
    def _alter_table(self, arguments: Struct) -> None:
        database, name, changed = data(arguments, 1), data(arguments, 2).lower(), data(arguments, 3)
        self._table(database, name)
        made = table_to_glue(changed, self._places.shared_name)
        if made["Name"] != name or data(changed, 2, database).lower() != database.lower():
            raise _InvalidOperation(f"Table rename is not supported: the Glue Data Catalog keeps {database}.{name}")
        self._glue.update_table(DatabaseName=database.lower(), TableInput=made)

    @_answers("drop_table", "drop_table_with_environment_context", refuses=(_NoSuchObject, _Meta))
    def _drop_table(self, arguments: Struct) -> None:
        self._drop(self._table(data(arguments, 1), data(arguments, 2)), data(arguments, 3, False))

    @_answers(
        "get_fields",
        "get_fields_with_environment_context",
        "get_schema",
        refuses=(_Meta, _NoSuchObject, _NoSuchObject),
    )
    def _get_fields(self, arguments: Struct) -> Value:
        table = self._hive_table(data(arguments, 1), data(arguments, 2))
        return records([*data(data(table, 7), 1), *data(table, 8)])

    # --- partitions

    @_answers("get_partition", "get_partition_with_auth", refuses=(_Meta, _NoSuchObject))
    def _get_partition(self, arguments: Struct) -> Value:
        table = self._table(data(arguments, 1), data(arguments, 2))
        return record(self._hive_partition(table, data(arguments, 3)))

    @_answers("get_partition_by_name", refuses=(_Meta, _NoSuchObject))
    def _get_partition_by_name(self, arguments: Struct) -> Value:
        table = self._table(data(arguments, 1), data(arguments, 2))
        return record(self._hive_partition(table, _values_of(data(arguments, 3))))

    @_answers("get_partitions", "get_partitions_with_auth", refuses=(_NoSuchObject, _Meta))
    def _get_partitions(self, arguments: Struct) -> Value:
        return self._partitions_like(arguments, (), data(arguments, 3, -1))

    @_answers("get_partitions_ps", "get_partitions_ps_with_auth", refuses=(_NoSuchObject, _Meta))
    def _get_partitions_ps(self, arguments: Struct) -> Value:
        return self._partitions_like(arguments, data(arguments, 3), data(arguments, 4, -1))

    @_answers("get_partitions_by_filter", refuses=(_Meta, _NoSuchObject))
    def _get_partitions_by_filter(self, arguments: Struct) -> Value:
        """All of them: Spark asks for those that may hold rows, and looks at each again."""
        return self._partitions_like(arguments, (), data(arguments, 4, -1))

    @_answers("get_partitions_by_names", refuses=(_Meta, _NoSuchObject))
    def _get_partitions_by_names(self, arguments: Struct) -> Value:
        table = self._table(data(arguments, 1), data(arguments, 2))
        wanted = {tuple(_values_of(name)) for name in data(arguments, 3)}
        found = [partition for partition in self._partitions(table) if tuple(partition["Values"]) in wanted]
        return records([partition_to_hive(partition, table, self._places.own_name) for partition in found])

    @_answers("get_partition_names", refuses=(_Meta,))
    def _get_partition_names(self, arguments: Struct) -> Value:
        return self._names_like(arguments, (), data(arguments, 3, -1))

    @_answers("get_partition_names_ps", refuses=(_Meta, _NoSuchObject))
    def _get_partition_names_ps(self, arguments: Struct) -> Value:
        return self._names_like(arguments, data(arguments, 3), data(arguments, 4, -1))

    @_answers(
        "add_partition", "add_partition_with_environment_context", refuses=(_InvalidObject, _AlreadyExists, _Meta)
    )
    def _add_partition(self, arguments: Struct) -> Value:
        partition = data(arguments, 1)
        return record(self._add(data(partition, 2), data(partition, 3), [partition], if_not_exists=False)[0])

    @_answers("add_partitions", refuses=(_InvalidObject, _AlreadyExists, _Meta))
    def _add_partitions(self, arguments: Struct) -> Value:
        partitions = data(arguments, 1)
        for partition in partitions[:1]:
            self._add(data(partition, 2), data(partition, 3), partitions, if_not_exists=False)
        return Value(I32, len(partitions))

    @_answers("add_partitions_req", refuses=(_InvalidObject, _AlreadyExists, _Meta))
    def _add_partitions_req(self, arguments: Struct) -> Value:
        request = data(arguments, 1)
        added = self._add(
            data(request, 1), data(request, 2), data(request, 3, []), if_not_exists=data(request, 4, False)
        )
        return record({1: records(added)})

    @_answers("alter_partition", "alter_partition_with_environment_context", refuses=(_InvalidOperation, _Meta))
    def _alter_partition(self, arguments: Struct) -> None:
        partition = data(arguments, 3)
        self._update(arguments, data(partition, 1), partition)

    @_answers("alter_partitions", "alter_partitions_with_environment_context", refuses=(_InvalidOperation, _Meta))
    def _alter_partitions(self, arguments: Struct) -> None:
        for partition in data(arguments, 3):
            self._update(arguments, data(partition, 1), partition)

    @_answers("rename_partition", refuses=(_InvalidOperation, _Meta))
    def _rename_partition(self, arguments: Struct) -> None:
        table = self._table(data(arguments, 1), data(arguments, 2))
        old, renamed = data(arguments, 3), data(arguments, 4)
        kept = self._hive_partition(table, old)
        if not _is_external(table):
            source, target = data(data(kept, 6), 2), self._place_of(table, data(renamed, 1))
            self._places.move(source, target)
            renamed = {**renamed, 6: record({**data(renamed, 6, data(kept, 6)), 2: text(target)})}
        self._update(arguments, old, renamed)

    @_answers("drop_partition", "drop_partition_with_environment_context", refuses=(_NoSuchObject, _Meta))
    def _drop_partition(self, arguments: Struct) -> Value:
        table = self._table(data(arguments, 1), data(arguments, 2))
        self._drop_partitions_of(table, [data(arguments, 3)], data(arguments, 4, False))
        return Value(BOOL, True)

    @_answers("drop_partitions_req", refuses=(_NoSuchObject, _Meta))
    def _drop_partitions_req(self, arguments: Struct) -> Value:
        request = data(arguments, 1)
        names = data(data(request, 3, {}), 1)
        if names is None:
            raise CannotAnswer("drop_partitions_req: partitions are dropped by their names here, not by an expression")
        table = self._table(data(request, 1), data(request, 2))
        self._drop_partitions_of(table, [_values_of(name) for name in names], data(request, 4, False))
        return record({1: records([])})

    # --- functions, and what a client asks of any metastore

    @_answers("get_all_functions", refuses=(_Meta,))
    def _get_all_functions(self, arguments: Struct) -> Value:
        return record({1: records([])})

    @_answers("get_functions", refuses=(_Meta,))
    def _get_functions(self, arguments: Struct) -> Value:
        return texts([])

    @_answers("drop_function", refuses=(_NoSuchObject, _Meta))
    @_answers("get_function", refuses=(_Meta, _NoSuchObject))
    def _get_function(self, arguments: Struct) -> Value:
        raise _NoSuchObject(f"Function {data(arguments, 1)}.{data(arguments, 2)} does not exist")

    @_answers("create_function", refuses=(_AlreadyExists, _InvalidObject, _Meta, _NoSuchObject))
    def _create_function(self, arguments: Struct) -> None:
        raise _Meta(
            "CREATE FUNCTION: the emulator's Glue Data Catalog keeps no functions. Use CREATE TEMPORARY FUNCTION ... "
            "AS 'class', with ADD JAR before it."
        )

    @_answers("set_ugi", refuses=(_Meta,))
    def _set_ugi(self, arguments: Struct) -> Value:
        return texts(data(arguments, 2, []))

    @_answers("get_config_value", refuses=(_Meta,))
    def _get_config_value(self, arguments: Struct) -> Value:
        return text(data(arguments, 2, ""))

    @_answers("partition_name_has_valid_characters", refuses=(_Meta,))
    def _has_valid_characters(self, arguments: Struct) -> Value:
        return Value(BOOL, True)

    @_answers("flushCache")
    def _nothing(self, arguments: Struct) -> None:
        return None

    # --- what the answers are made of

    @property
    def _shared_warehouse(self) -> str:
        return self._places.shared_name(self._warehouse)

    def _pages(self, operation: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._glue.get_paginator(operation).paginate(**parameters)

    def _database(self, name: str) -> dict[str, Any]:
        try:
            database: dict[str, Any] = self._glue.get_database(Name=name.lower())["Database"]
        except self._glue.exceptions.EntityNotFoundException:
            raise _NoSuchObject(f"Database {name.lower()} not found") from None
        return database

    def _tables(self, database: str) -> list[dict[str, Any]]:
        return [table for page in self._pages("get_tables", DatabaseName=database) for table in page["TableList"]]

    def _tables_if_any(self, database: str) -> list[dict[str, Any]]:
        """As Hive lists them: none in a database that is not there."""
        try:
            return self._tables(database.lower())
        except self._glue.exceptions.EntityNotFoundException:
            return []

    def _table(self, database: str, name: str) -> dict[str, Any]:
        try:
            table: dict[str, Any] = self._glue.get_table(DatabaseName=database.lower(), Name=name.lower())["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            raise _NoSuchObject(f"{database}.{name} table not found") from None
        return table

    def _hive_table(self, database: str, name: str) -> Struct:
        table = self._table(database, name)
        provider = (table.get("Parameters") or {}).get("spark.sql.sources.provider")
        if table.get("TableType") != VIEW and not provider:
            storage = table.get("StorageDescriptor") or {}
            for field in ("InputFormat", "OutputFormat"):
                if not storage.get(field):  # AWS's library refuses it in these words, too
                    raise _Meta(f"StorageDescriptor#{field} cannot be null for table: {table['Name']}")
        return table_to_hive(table, self._places.own_name)

    def _hive_tables(self, database: str, names: Sequence[str]) -> list[Struct]:
        wanted = {name.lower() for name in names}
        found = [table["Name"] for table in self._tables_if_any(database) if table["Name"] in wanted]
        return [self._hive_table(database, name) for name in found]

    def _drop(self, table: Mapping[str, Any], delete_data: bool) -> None:
        removed = self._removed_with(table) if delete_data else None
        self._glue.delete_table(DatabaseName=table["DatabaseName"], Name=table["Name"])
        if removed is not None:
            removed()

    def _removed_with(self, table: Mapping[str, Any]) -> Callable[[], None] | None:
        """What removes the data of a table that is dropped; nothing does where the table is external."""
        location = (table.get("StorageDescriptor") or {}).get("Location")
        if not location or _is_external(table):
            return None
        return self._places.removal(self._places.own_name(location))

    def _partitions(self, table: Mapping[str, Any]) -> list[dict[str, Any]]:
        pages = self._pages("get_partitions", DatabaseName=table["DatabaseName"], TableName=table["Name"])
        found = [partition for page in pages for partition in page["Partitions"]]
        return sorted(found, key=lambda partition: _name_of(table, partition["Values"]))

    def _partitions_of(self, arguments: Struct, like: Sequence[str], most: int) -> tuple[Any, list[dict[str, Any]]]:
        table = self._table(data(arguments, 1), data(arguments, 2))
        found = [
            partition
            for partition in self._partitions(table)
            if all(wanted in ("", value) for wanted, value in zip(like, partition["Values"], strict=False))
        ]
        return table, found if most < 0 else found[:most]

    def _partitions_like(self, arguments: Struct, like: Sequence[str], most: int) -> Value:
        table, found = self._partitions_of(arguments, like, most)
        return records([partition_to_hive(partition, table, self._places.own_name) for partition in found])

    def _names_like(self, arguments: Struct, like: Sequence[str], most: int) -> Value:
        table, found = self._partitions_of(arguments, like, most)
        return texts([_name_of(table, partition["Values"]) for partition in found])

    def _hive_partition(self, table: Mapping[str, Any], values: Sequence[str]) -> Struct:
        try:
            found = self._glue.get_partition(
                DatabaseName=table["DatabaseName"], TableName=table["Name"], PartitionValues=list(values)
            )
        except self._glue.exceptions.EntityNotFoundException:
            raise _NoSuchObject(f"partition values={list(values)}") from None
        return partition_to_hive(found["Partition"], table, self._places.own_name)

    def _place_of(self, table: Mapping[str, Any], values: Sequence[str]) -> str:
        """Where a partition lies that names no place."""
        location = (table.get("StorageDescriptor") or {}).get("Location") or ""
        return f"{self._places.own_name(location).rstrip('/')}/{_name_of(table, values)}"

    def _add(self, database: str, name: str, partitions: Sequence[Struct], *, if_not_exists: bool) -> list[Struct]:
        table = self._table(database, name)
        there = {tuple(partition["Values"]) for partition in self._partitions(table)}
        added = []
        for partition in partitions:
            values = data(partition, 1)
            if tuple(values) in there:
                if not if_not_exists:
                    raise _AlreadyExists(f"Partition already exists: {_name_of(table, values)}")
                continue
            storage = data(partition, 6, {})
            location = data(storage, 2) or self._place_of(table, values)
            self._places.make_folder(location)
            added.append({**partition, 6: record({**storage, 2: text(location)})})
        for first in range(0, len(added), _MOST_AT_ONCE):
            batch = added[first : first + _MOST_AT_ONCE]
            answer = self._glue.batch_create_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionInputList=[partition_to_glue(partition, self._places.shared_name) for partition in batch],
            )
            for error in answer.get("Errors", ()):
                if not if_not_exists:
                    raise _AlreadyExists(f"Partition already exists: {_name_of(table, error['PartitionValues'])}")
        return added

    def _update(self, arguments: Struct, values: Sequence[str], partition: Struct) -> None:
        try:
            self._glue.update_partition(
                DatabaseName=data(arguments, 1).lower(),
                TableName=data(arguments, 2).lower(),
                PartitionValueList=list(values),
                PartitionInput=partition_to_glue(partition, self._places.shared_name),
            )
        except self._glue.exceptions.EntityNotFoundException:
            raise _InvalidOperation("alter is not possible: the partition does not exist") from None

    def _drop_partitions_of(self, table: Mapping[str, Any], wanted: Sequence[Sequence[str]], delete_data: bool) -> None:
        found = [self._hive_partition(table, values) for values in wanted]
        removals = []
        if delete_data and not _is_external(table):
            places = [data(data(partition, 6), 2) for partition in found]
            removals = [self._places.removal(place) for place in places if place]
        for first in range(0, len(wanted), _MOST_DELETED):
            self._glue.batch_delete_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionsToDelete=[{"Values": list(values)} for values in wanted[first : first + _MOST_DELETED]],
            )
        for remove in removals:
            remove()


def _is_external(table: Mapping[str, Any]) -> bool:
    marked = (table.get("Parameters") or {}).get("EXTERNAL", "").upper() == "TRUE"
    return marked or (table.get("TableType") or EXTERNAL) in (EXTERNAL, VIEW)


def _of_glue(error: ClientError) -> _Refused:
    kinds: dict[str, type[_Refused]] = {
        "EntityNotFoundException": _NoSuchObject,
        "AlreadyExistsException": _AlreadyExists,
        "InvalidInputException": _InvalidObject,
    }
    told = error.response["Error"]
    return kinds.get(told["Code"], _Meta)(f"{told.get('Message', '')} (Service: AWSGlue; Error Code: {told['Code']})")


def _refusal(refused: _Refused, declared: Sequence[type[_Refused]]) -> Struct:
    """An exception that the call declares; the nearest, where it does not declare this one."""
    kind = type(refused) if type(refused) in declared else _Meta
    if kind not in declared:
        raise CannotAnswer(str(refused))
    return {declared.index(kind) + 1: record({1: text(str(refused))})}


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    """Names that fit a pattern of Hive's: `*` is anything, `|` between alternatives."""
    alternatives = [
        "".join(".*" if letter == "*" else re.escape(letter) for letter in part) for part in pattern.split("|")
    ]
    return sorted(name for name in names if any(re.fullmatch(part, name, re.IGNORECASE) for part in alternatives))


_ESCAPED = re.compile(r"[\x01-\x1f\"#%'*/:=?\\\x7f{\[\]^]")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def _name_of(table: Mapping[str, Any], values: Sequence[str]) -> str:
    """A partition's name, as its folder has it."""
    keys = [key["Name"].lower() for key in table.get("PartitionKeys") or ()]
    return "/".join(f"{_escaped(key)}={_escaped(value)}" for key, value in zip(keys, values, strict=False))


def _escaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", value or _NO_VALUE)


def _values_of(name: str) -> list[str]:
    parts = [part.partition("=")[2] for part in name.split("/")]
    return [re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), part) for part in parts]
