"""Databases, tables and partitions as Glue has them, and as Hive's clients have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.emulator.host.catalog.thrift import (
    BOOL,
    I32,
    Struct,
    Value,
    boolean,
    i32,
    mapping,
    record,
    records,
    text,
    texts,
)

Relocate = Callable[[str], str]
"""What a location is called on the other side."""

VIEW = "VIRTUAL_VIEW"
EXTERNAL = "EXTERNAL_TABLE"


def data(of: Struct, number: int, default: Any = None) -> Any:
    """The value of a field, or the default where it is not given."""
    found = of.get(number)
    return default if found is None else found.data


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _columns_to_glue(columns: Sequence[Struct]) -> list[dict[str, Any]]:
    return [_given(Name=data(column, 1), Type=data(column, 2), Comment=data(column, 3)) for column in columns]


def _columns_to_hive(columns: Sequence[Mapping[str, Any]]) -> list[Struct]:
    return [
        {1: text(column["Name"].lower()), 2: text(column.get("Type", "string"))}
        | ({3: text(column["Comment"])} if column.get("Comment") is not None else {})
        for column in columns
    ]


def storage_to_glue(storage: Struct, relocate: Relocate) -> dict[str, Any]:
    """A StorageDescriptor in Glue's form."""
    serde = data(storage, 7, {})
    location = data(storage, 2)
    return _given(
        Columns=_columns_to_glue(data(storage, 1, [])),
        Location=None if location is None else relocate(location),
        InputFormat=data(storage, 3),
        OutputFormat=data(storage, 4),
        Compressed=data(storage, 5, False),
        NumberOfBuckets=data(storage, 6, 0),
        SerdeInfo=_given(Name=data(serde, 1), SerializationLibrary=data(serde, 2), Parameters=data(serde, 3, {})),
        BucketColumns=data(storage, 8, []),
        SortColumns=[{"Column": data(order, 1), "SortOrder": data(order, 2, 1)} for order in data(storage, 9, [])],
        Parameters=data(storage, 10, {}),
        StoredAsSubDirectories=data(storage, 12, False),
    )


def storage_to_hive(storage: Mapping[str, Any], relocate: Relocate) -> Struct:
    """A StorageDescriptor in Hive's form; what Glue's users may leave out has Hive's defaults."""
    serde = storage.get("SerdeInfo") or {}
    made: Struct = {
        1: records(_columns_to_hive(storage.get("Columns") or ())),
        5: boolean(bool(storage.get("Compressed"))),
        6: i32(storage.get("NumberOfBuckets") or 0),
        7: record(
            _texts_given({1: serde.get("Name"), 2: serde.get("SerializationLibrary")})
            | {3: mapping(serde.get("Parameters") or {})}
        ),
        8: texts(storage.get("BucketColumns") or ()),
        9: records(
            [
                {1: text(order["Column"]), 2: i32(order.get("SortOrder", 1))}
                for order in storage.get("SortColumns") or ()
            ]
        ),
        10: mapping(storage.get("Parameters") or {}),
        12: boolean(bool(storage.get("StoredAsSubDirectories"))),
    }
    location = storage.get("Location")
    formats = {3: storage.get("InputFormat"), 4: storage.get("OutputFormat")}
    return made | _texts_given({2: relocate(location) if location else None} | formats)


def _texts_given(values: Mapping[int, str | None]) -> Struct:
    return {number: text(value) for number, value in values.items() if value is not None}


def database_to_glue(database: Struct, relocate: Relocate) -> dict[str, Any]:
    """A DatabaseInput."""
    location = data(database, 3)
    return _given(
        Name=data(database, 1).lower(),
        Description=data(database, 2),
        LocationUri=None if location is None else relocate(location),
        Parameters=data(database, 4, {}),
    )


def database_to_hive(database: Mapping[str, Any], relocate: Relocate) -> Struct:
    """A Database of Hive's; one without a place has none, as in Glue."""
    location = database.get("LocationUri")
    return {
        1: text(database["Name"]),
        2: text(database.get("Description") or ""),
        3: text(relocate(location) if location else ""),
        4: mapping(database.get("Parameters") or {}),
        6: text("hadoop"),
        7: Value(I32, 1),
    }


def table_to_glue(table: Struct, relocate: Relocate) -> dict[str, Any]:
    """A TableInput."""
    return _given(
        Name=data(table, 1).lower(),
        Owner=data(table, 3),
        Retention=data(table, 6, 0),
        StorageDescriptor=storage_to_glue(data(table, 7, {}), relocate),
        PartitionKeys=_columns_to_glue(data(table, 8, [])),
        Parameters=data(table, 9, {}),
        ViewOriginalText=data(table, 10),
        ViewExpandedText=data(table, 11),
        TableType=data(table, 12),
    )


def table_to_hive(table: Mapping[str, Any], relocate: Relocate) -> Struct:
    """A Table of Hive's. One whose maker named no type is external: nothing of it is ever deleted."""
    made: Struct = {
        1: text(table["Name"]),
        2: text(table["DatabaseName"]),
        3: text(table.get("Owner") or "hadoop"),
        4: i32(_seconds(table.get("CreateTime"))),
        5: i32(_seconds(table.get("LastAccessTime"))),
        6: i32(table.get("Retention") or 0),
        7: record(storage_to_hive(table.get("StorageDescriptor") or {}, relocate)),
        8: records(_columns_to_hive(table.get("PartitionKeys") or ())),
        9: mapping(table.get("Parameters") or {}),
        12: text(table.get("TableType") or EXTERNAL),
        15: Value(BOOL, False),
    }
    return made | _texts_given({10: table.get("ViewOriginalText"), 11: table.get("ViewExpandedText")})


def partition_to_glue(partition: Struct, relocate: Relocate) -> dict[str, Any]:
    """A PartitionInput."""
    return {
        "Values": data(partition, 1, []),
        "StorageDescriptor": storage_to_glue(data(partition, 6, {}), relocate),
        "Parameters": data(partition, 7, {}),
    }


def partition_to_hive(partition: Mapping[str, Any], table: Mapping[str, Any], relocate: Relocate) -> Struct:
    """A Partition of Hive's; what it does not say of its storage is its table's."""
    storage = {**(table.get("StorageDescriptor") or {}), **(partition.get("StorageDescriptor") or {})}
    return {
        1: texts(partition["Values"]),
        2: text(table["DatabaseName"]),
        3: text(table["Name"]),
        4: i32(_seconds(partition.get("CreationTime"))),
        5: i32(_seconds(partition.get("LastAccessTime"))),
        6: record(storage_to_hive(storage, relocate)),
        7: mapping(partition.get("Parameters") or {}),
    }


def _seconds(moment: Any) -> int:
    return 0 if moment is None else int(moment.timestamp())
