"""The DAG that a command is about, read from its file as Airflow would read it."""

from __future__ import annotations

import sys
from typing import Any


def dag_of(dag_id: str) -> Any:
    """The DAG of that id, with its operators as they were written: from the first of Airflow's bundles that has it.

    :raises InvalidSpec: none has it; files that cannot be imported are named, since it may be in one of them
    """
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
