"""What the tests use of Airflow's own inside, which its versions keep in different places."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.definitions.template import literal
from packaging.version import Version

AIRFLOW = Version(metadata.version("apache-airflow-core"))

reads_what_is_printed = pytest.mark.skipif(
    Version("3.1") > AIRFLOW, reason="dag.test() of Airflow 3.0 prints what a task logs twice, or elsewhere"
)

if TYPE_CHECKING or Version("3.2") <= AIRFLOW:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
else:
    from airflow.models.dagbag import DagBag
    from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization


def check_cycle(dag: Any) -> None:
    """Raise Airflow's own error when tasks wait for each other."""
    if Version("3.1") <= AIRFLOW:
        dag.check_cycle()
    else:
        from airflow.utils.dag_cycle_tester import check_cycle

        check_cycle(dag)


def make_known(bag: Any, bundle: str) -> None:
    """Put the DAGs into the database with their assets, as dag.test() does by itself from 3.2."""
    if Version("3.2") > AIRFLOW:
        from airflow.dag_processing.bundles.manager import DagBundlesManager

        DagBundlesManager().sync_bundles_to_db()
        bag.sync_to_db(bundle, None)


__all__ = [
    "AIRFLOW",
    "DagBag",
    "DagSerialization",
    "check_cycle",
    "literal",
    "make_known",
    "reads_what_is_printed",
]
