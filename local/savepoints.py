"""Savepoints that wait for their turn on SQLite, in every process of the local Airflow: importing this is all.

Python's driver begins a transaction before the first change only. A savepoint that comes earlier is the transaction
itself, reads first, and cannot wait any more when it comes to write and somebody else has written meanwhile: the
database is "locked" at once. `airflow backfill create` does that for each run
(https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#sqlite-transactions).
"""

from __future__ import annotations

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine


@event.listens_for(Engine, "savepoint")
def begin_before(connection: Connection, name: str | None) -> None:
    """Begin the transaction that the savepoint belongs to, once nobody else writes."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None and not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
