"""The smallest example on a release with Spark 4, where SQL keeps to ANSI's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import clusters_of
from tests.costly import needs_spark_4

if TYPE_CHECKING:
    from tests.e2e.dags.stage import Stage

LABEL = "emr-spark-8.0.0"


@needs_spark_4
def test_the_smallest_example_runs_on_spark_4(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    create = stage.dags["emr_transient_spark"].get_task("pipeline.create_cluster")
    monkeypatch.setattr(create, "cluster", {**create.cluster, "release_label": LABEL})
    run = stage.run("emr_transient_spark", run_conf={"day": "2013-01-01"})
    assert (run.state, run.steps, run.clusters_alive) == ("success", {"Carrier Delays": "COMPLETED"}, 0)
    assert stage.keys("analytics-results", "carrier-delays/2013-01-01/")
    described = (stage.emr.describe_cluster(ClusterId=one["Id"])["Cluster"] for one in clusters_of(stage.emr))
    assert "transient-spark" in [one["Name"].partition(" ")[0] for one in described if one["ReleaseLabel"] == LABEL]
