"""One emulator, one database for all tests here."""

from __future__ import annotations

from tests.costly import airflow_database, emulator, landed

__all__ = ["airflow_database", "emulator", "landed"]
