"""The names that users import, as the package hands them out."""

from __future__ import annotations

from importlib import import_module

PUBLIC: list[str] = import_module("airflow_emr_pipelines").__all__
