"""The DAG that a command is about, read from its file as Airflow would read it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.errors import DagNotFound

SHOWN_OF_A_TRACEBACK = ("AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH", "30")
"""Of Airflow's two last calls both may be inside of a value, and neither the line of the DAG's file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what says which DAG it is, and where it is read from."""
    parser.add_argument("dag_id", help="the DAG")
    parser.add_argument("--file", type=_path, metavar="PATH", help="folder or file of the DAG; Airflow's DAG bundles")


def _path(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return path


def dag_of(dag_id: str, files: Path | None = None) -> Any:
    """The DAG of that id, with its operators as they were written: from the first of Airflow's bundles that has it.

    What Airflow and the DAG files say meanwhile goes to stderr: stdout is for what the command prints.

    :param files: the folder or file to read in place of the bundles
    :raises DagNotFound: none has it, with the ids that are near, and with what the files that cannot be imported say
    """
    with stdout_is_stderr():
        return _find(dag_id, files)


def _find(dag_id: str, files: Path | None) -> Any:
    from airflow_emr_pipelines.versions import dag_bag, dag_folders

    os.environ.setdefault(*SHOWN_OF_A_TRACEBACK)
    others: list[str] = []
    import_errors: dict[str, str] = {}
    for path in [files] if files is not None else dag_folders():
        folder = str(path if path.is_dir() else path.parent)
        if folder not in sys.path:
            sys.path.append(folder)  # as for any process of Airflow's that reads them
        bag = dag_bag(str(path))
        if dag_id in bag.dags:
            return bag.dags[dag_id]
        others += bag.dags
        import_errors |= {file: _without_ours(error) for file, error in bag.import_errors.items()}
    raise DagNotFound(dag_id, sorted(others), import_errors)


def _without_ours(error: str) -> str:
    """A traceback without the calls inside this package, of which the error's own words tell all."""
    package = re.escape(str(Path(__file__).parents[1]))
    return re.sub(rf'  File "(?:{package}/|<string>)[^\n]*\n(?:    [^\n]*\n)*', "", error)


@contextmanager
def stdout_is_stderr() -> Iterator[None]:
    """Airflow's loggers hold on to the stdout that they were made with: only below Python can it be led elsewhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
