"""Steps whose executors come from the live cluster, run by Airflow on the emulator with real Spark.

While the spot-tolerant step is at work its task group is taken away, as the spot market does.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from airflow_emr_pipelines.specs.ec2.executors import Node, executors_for
from tests.conftest import clusters_of
from tests.e2e.dags.stage import DAY, Run, Stage
from tests.integration.dags.jobs.day_of_flights import assert_same, carrier_delays, raw_rows, true_flights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

GIB = 1024
ROOM = executors_for([Node(64 * GIB, 8)] * 2 + [Node(32 * GIB, 8)] * 6).values()
"""Of two r5.2xlarge and six m5.2xlarge."""


@pytest.fixture(scope="module")
def done(stage: Stage) -> Run:
    others, over = {cluster["Id"] for cluster in clusters_of(stage.emr)}, threading.Event()
    with ThreadPoolExecutor(1) as beside:
        lost = beside.submit(lose_the_spot_nodes, stage, others, over)
        try:
            run = stage.run("emr_resource_aware", run_conf={"day": DAY})
        finally:
            over.set()
        assert lost.result() == "lost"
    return run


def lose_the_spot_nodes(stage: Stage, others: set[str], over: threading.Event) -> str:
    """Take all task nodes of the run's cluster away as soon as the spot-tolerant step has kept its first batch."""
    while not any(key.endswith("/units-0-0/_SUCCESS") for key in stage.keys("temp-processing", "resource-aware/spot/")):
        if over.wait(0.05):
            return "the run was over before"
    (cluster_id,) = (cluster["Id"] for cluster in clusters_of(stage.emr) if cluster["Id"] not in others)
    (group,) = (group for group in groups_of(stage, cluster_id) if group["InstanceGroupType"] == "TASK")
    change = {"InstanceGroupId": group["Id"], "InstanceCount": 0}
    stage.emr.modify_instance_groups(ClusterId=cluster_id, InstanceGroups=[change])
    return "lost"


def groups_of(stage: Stage, cluster_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    return found


@pytest.fixture(scope="module")
def words(stage: Stage, done: Run) -> dict[str, list[str]]:
    """The words of each step's command, by its name."""
    steps = stage.steps(done.xcom("pipeline.create_cluster"))
    return {step["Name"].rpartition(" [")[0]: step["Config"]["Args"] for step in steps}


def conf_of(words: list[str]) -> dict[str, str]:
    return dict(value.split("=", 1) for option, value in pairwise(words) if option == "--conf")


def test_the_room_is_that_of_the_clusters_own_nodes(done: Run) -> None:
    assert (done.state, set(done.tasks.values()), done.clusters_alive) == ("success", {"success"}, 0)
    assert done.xcom("pipeline.size_executors") == ROOM
    assert set(done.steps.values()) == {"COMPLETED"}


def test_the_static_step_asks_for_all_of_it(words: dict[str, list[str]]) -> None:
    options, conf = dict(pairwise(words["Static Allocation"])), conf_of(words["Static Allocation"])
    assert options["--num-executors"] == str(ROOM["num_executors"])
    assert options["--executor-memory"] == ROOM["executor_memory"]
    assert options["--executor-cores"] == str(ROOM["executor_cores"])
    assert options["--driver-memory"] == ROOM["driver_memory"]
    assert conf["spark.dynamicAllocation.enabled"] == "false"
    assert conf["spark.executor.memoryOverhead"] == ROOM["executor_overhead"]


def test_the_dynamic_step_may_have_all_of_it(words: dict[str, list[str]]) -> None:
    assert "--num-executors" not in words["Dynamic Allocation"]
    conf = conf_of(words["Dynamic Allocation"])
    assert conf["spark.dynamicAllocation.enabled"] == "true"
    assert conf["spark.dynamicAllocation.maxExecutors"] == str(ROOM["num_executors"])


def test_the_spot_tolerant_step_has_many_small_executors(words: dict[str, list[str]]) -> None:
    options, conf = dict(pairwise(words["Spot Tolerant"])), conf_of(words["Spot Tolerant"])
    assert (options["--num-executors"], options["--executor-memory"]) == ("30", "6g")
    assert (conf["spark.speculation"], conf["spark.task.maxFailures"]) == ("true", "5")


def test_the_job_bears_the_loss_of_all_task_nodes_in_the_middle(stage: Stage, done: Run) -> None:
    cluster_id = done.xcom("pipeline.create_cluster")
    (step,) = (step for step in stage.steps(cluster_id) if step["Name"].startswith("Spot Tolerant"))
    (group,) = (group for group in groups_of(stage, cluster_id) if group["InstanceGroupType"] == "TASK")
    nodes = stage.emr.list_instances(ClusterId=cluster_id, InstanceGroupId=group["Id"])["Instances"]
    assert [node["Status"]["State"] for node in nodes] == ["TERMINATED"] * 6
    ends = [node["Status"]["Timeline"]["EndDateTime"] for node in nodes]
    times = step["Status"]["Timeline"]
    assert times["StartDateTime"] <= min(ends) <= max(ends) <= times["EndDateTime"]
    assert step["Status"]["State"] == "COMPLETED"
    batches = stage.json("analytics-results", f"resource-aware/spot/{DAY}.json")["batches"]
    assert [batch["units"] for batch in batches] == [[unit, unit] for unit in range(8)]
    assert stage.keys("temp-processing", "resource-aware/") == {}  # nothing is kept of a day that is done


def test_each_step_computes_the_day_as_pandas_does(stage: Stage, done: Run) -> None:
    raw = stage.s3.get_object(Bucket="raw-data", Key=f"daily/{DAY}/flights.csv")["Body"].read()
    wanted = carrier_delays(true_flights(raw_rows(raw), DAY))
    for kind in ("static", "dynamic", "spot"):
        delays = stage.parquet("analytics-results", f"resource-aware/{kind}/{DAY}/")
        assert_same(delays, wanted, "carrier", within=0.0501)


def test_the_partitions_are_tuned_by_the_cores_there_are(stage: Stage, done: Run) -> None:
    for kind in ("dynamic", "spot"):
        for batch in stage.json("analytics-results", f"resource-aware/{kind}/{DAY}.json")["batches"]:
            assert batch["partitions"] == 3 * batch["cores"]
