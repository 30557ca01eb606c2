"""moto's Glue with a Data Catalog that survives the emulator, as the buckets do whose tables it describes.

Databases, tables and partitions are kept, each a row that is written when it changes. What else there is in Glue, and
older versions of tables, live in memory.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from moto.glue.models import FakeDatabase, FakePartition, FakeTable, GlueBackend, glue_backends
from moto.glue.urls import url_bases, url_paths

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    account TEXT, region TEXT, database TEXT, name TEXT, partition TEXT, made REAL, described TEXT,
    PRIMARY KEY (account, region, database, name, partition));
"""
_Key = tuple[str, str, str]
"""Database, table and partition; the latter are empty for what is above them."""


class _Rows:
    """The file with the entries."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is written inside is there after a crash, or nothing of it."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def regions(self) -> list[tuple[str, str]]:
        with self._lock:
            return self._connection.execute("SELECT DISTINCT account, region FROM entry").fetchall()

    def of(self, account: str, region: str) -> list[tuple[str, str, str, float, str]]:
        """In the order in which they were made."""
        with self._lock:
            return self._connection.execute(
                "SELECT database, name, partition, made, described FROM entry WHERE account = ? AND region = ? "
                "ORDER BY rowid",
                (account, region),
            ).fetchall()

    def put(self, backend: GlueBackend, key: _Key, made: datetime, described: Any) -> None:
        with self._lock:
            self._connection.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET described = excluded.described",
                (backend.account_id, backend.region_name, *key, made.timestamp(), json.dumps(described, default=str)),
            )

    def drop(self, backend: GlueBackend, *key: str) -> None:
        """Drop an entry and what is below it."""
        columns = ("account", "region", "database", "name", "partition")[: 2 + len(key)]
        condition = " AND ".join(f"{column} = ?" for column in columns)
        with self._lock:
            self._connection.execute(
                f"DELETE FROM entry WHERE {condition}",
                (backend.account_id, backend.region_name, *key),
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class CatalogBackend(GlueBackend):
    """Glue of one account and Region. Names are in lower case, as Glue keeps them."""

    rows: _Rows

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        for database, name, partition, made, described in self.rows.of(account_id, region_name):
            self._reappear(database, name, partition, datetime.fromtimestamp(made, tz=timezone.utc), described)

    def _reappear(self, database: str, name: str, partition: str, made: datetime, described: str) -> None:
        found = json.loads(described)
        if partition:
            restored = FakePartition(database, name, found)
            restored.creation_time = made
            self.databases[database].tables[name].partitions[str(restored.values)] = restored
        elif name:
            table = FakeTable(database, name, found, catalog_id=self.account_id)
            table.created_time = made
            self.databases[database].tables[name] = table
        else:
            self.databases[database] = FakeDatabase(database, found, catalog_id=self.account_id)
            self.databases[database].created_time = made

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=url_bases, url_paths=url_paths)  # moto looks for it beside the class

    def create_database(self, database_name: str, database_input: dict[str, Any], *args: Any, **more: Any) -> Any:
        name = database_name.lower()
        made = super().create_database(name, {**database_input, "Name": name}, *args, **more)
        self._save_database(name)
        return made

    def get_database(self, database_name: str) -> FakeDatabase:
        return super().get_database(database_name.lower())

    def update_database(self, database_name: str, database_input: dict[str, Any]) -> None:
        super().update_database(database_name.lower(), database_input)
        self._save_database(database_name.lower())

    def delete_database(self, database_name: str) -> None:
        super().delete_database(database_name.lower())
        self.rows.drop(self, database_name.lower())

    def create_table(
        self, database_name: str, table_name: str, table_input: dict[str, Any], *args: Any, **more: Any
    ) -> FakeTable:
        name = table_name.lower()
        made = super().create_table(database_name.lower(), name, {**table_input, "Name": name}, *args, **more)
        self._save_table(made)
        return made

    def get_table(self, database_name: str, table_name: str) -> FakeTable:
        return super().get_table(database_name, table_name.lower())

    def update_table(self, database_name: str, table_name: str, table_input: dict[str, Any]) -> None:
        super().update_table(database_name, table_name, {**table_input, "Name": table_name.lower()})
        self._save_table(self.get_table(database_name, table_name))

    def delete_table(self, database_name: str, table_name: str) -> None:
        super().delete_table(database_name, table_name.lower())
        self.rows.drop(self, database_name.lower(), table_name.lower())

    def create_partition(self, database_name: str, table_name: str, part_input: dict[str, Any]) -> None:
        super().create_partition(database_name, table_name, part_input)
        self._save_partitions(database_name, table_name, [part_input.get("Values", [])])

    def update_partition(
        self, database_name: str, table_name: str, part_input: dict[str, Any], part_to_update: Any
    ) -> None:
        super().update_partition(database_name, table_name, part_input, part_to_update)
        self._save_partitions(database_name, table_name, [part_to_update, part_input["Values"]])

    def delete_partition(self, database_name: str, table_name: str, part_to_delete: Any) -> None:
        super().delete_partition(database_name, table_name, part_to_delete)
        self._save_partitions(database_name, table_name, [part_to_delete])

    def batch_create_partition(self, database_name: str, table_name: str, partition_input: list[Any]) -> Any:
        errors = super().batch_create_partition(database_name, table_name, partition_input)
        self._save_partitions(database_name, table_name, [given["Values"] for given in partition_input])
        return errors

    def batch_update_partition(self, database_name: str, table_name: str, entries: list[Any]) -> Any:
        errors = super().batch_update_partition(database_name, table_name, entries)
        changed = [
            values for entry in entries for values in (entry["PartitionValueList"], entry["PartitionInput"]["Values"])
        ]
        self._save_partitions(database_name, table_name, changed)
        return errors

    def batch_delete_partition(self, database_name: str, table_name: str, parts: list[Any]) -> Any:
        errors = super().batch_delete_partition(database_name, table_name, parts)
        self._save_partitions(database_name, table_name, [part.get("Values", []) for part in parts])
        return errors

    def reset(self) -> None:
        """What moto's own reset means: the catalog is gone."""
        self.rows.drop(self)
        super().reset()

    def _save_database(self, name: str) -> None:
        self.rows.put(self, (name, "", ""), self.databases[name].created_time, self.databases[name].input)

    def _save_table(self, table: FakeTable) -> None:
        newest = table.get_version(str(table._current_version))
        self.rows.put(self, (table.database_name, table.name, ""), table.created_time, newest)

    def _save_partitions(self, database_name: str, table_name: str, changed: Iterable[list[str]]) -> None:
        """Write these partitions as they are now, or that they are no more."""
        table = self.get_table(database_name, table_name)
        with self.rows.together():
            for values in changed:
                key = (table.database_name, table.name, json.dumps(values))
                partition = table.partitions.get(str(values))
                if partition is None:
                    self.rows.drop(self, *key)
                else:
                    self.rows.put(self, key, partition.creation_time, partition.partition_input)


class GlueFolder:
    """Takes the place of moto's own Glue until it is closed.

    :raises sqlite3.Error: the file cannot be read
    """

    def __init__(self, path: Path) -> None:
        self._rows = _Rows(path)
        self._original = glue_backends.backend
        glue_backends.clear()
        glue_backends.backend = type("BackendOfTheFolder", (CatalogBackend,), {"rows": self._rows})
        try:
            for account, region in self._rows.regions():
                glue_backends[account][region]
        except sqlite3.Error:
            self.close()
            raise

    def close(self) -> None:
        glue_backends.clear()
        glue_backends.backend = self._original
        self._rows.close()
