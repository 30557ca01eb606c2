"""A savepoint on SQLite waits for whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from local.savepoints import begin_before


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}?timeout=20")
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
    yield engine
    engine.dispose()


def read_and_write(engine: Engine, read: threading.Event, other_wrote: threading.Event) -> None:
    with engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(text("SELECT count(*) FROM numbers")).scalar_one()
            read.set()
            other_wrote.wait(1)  # nobody can, when it has its turn already
            connection.execute(text("INSERT INTO numbers VALUES (1)"))
        connection.commit()


def beside_another_writer(engine: Engine) -> int:
    read, other_wrote = threading.Event(), threading.Event()

    def write() -> None:
        read.wait(10)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO numbers VALUES (2)"))
        other_wrote.set()

    other = threading.Thread(target=write)
    other.start()
    try:
        read_and_write(engine, read, other_wrote)
    finally:
        other.join(20)
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT sum(n) FROM numbers")).scalar_one())


def test_reading_and_then_writing_in_a_savepoint_waits_for_the_other(engine: Engine) -> None:
    assert beside_another_writer(engine) == 3


def test_without_that_the_database_is_locked_at_once(engine: Engine) -> None:
    event.remove(Engine, "savepoint", begin_before)
    try:
        with pytest.raises(OperationalError, match="database is locked"):
            beside_another_writer(engine)
    finally:
        event.listen(Engine, "savepoint", begin_before)


def test_a_savepoint_inside_a_transaction_is_left_as_it_is(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
        with connection.begin_nested() as inner:
            connection.execute(text("INSERT INTO numbers VALUES (2)"))
            inner.rollback()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT sum(n) FROM numbers")).scalar_one() == 1
