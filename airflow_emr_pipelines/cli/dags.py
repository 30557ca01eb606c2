"""The DAG that a command is about, read from its file as Airflow would read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def dag_of(dag_id: str) -> Any:
    """The DAG of that id, with its operators as they were written: from the first of Airflow's bundles that has it.

    What Airflow and the DAG files say meanwhile goes to stderr: stdout is for what the command prints.

    :raises InvalidSpec: none has it; files that cannot be imported are named, since it may be in one of them
    """
    with _stdout_is_stderr():
        return _find(dag_id)


def _find(dag_id: str) -> Any:
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    from airflow_emr_pipelines.errors import InvalidSpec
    from airflow_emr_pipelines.specs.rules import nearest
    from airflow_emr_pipelines.versions import dag_bag

    known: list[str] = []
    broken: list[str] = []
    for bundle in DagBundlesManager().get_all_dag_bundles():
        bundle.initialize()
        if str(bundle.path) not in sys.path:
            sys.path.append(str(bundle.path))  # as for any process of Airflow's that reads them
        bag = dag_bag(str(bundle.path))
        if dag_id in bag.dags:
            return bag.dags[dag_id]
        known += bag.dags
        broken += bag.import_errors
    remedy = nearest(dag_id, sorted(known))
    if broken:
        remedy = f"repair {', '.join(sorted(broken))}, or {remedy}"
    raise InvalidSpec("dag_id", dag_id, "Airflow's DAG bundles have no DAG of that id", remedy)


@contextmanager
def _stdout_is_stderr() -> Iterator[None]:
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
