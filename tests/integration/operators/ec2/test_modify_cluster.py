"""A cluster that runs is changed by a user's DAG, once or again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import Request, urlopen

import pytest

from airflow_emr_pipelines import EmrModifyClusterOperator, FleetChange, Group, GroupChange
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.fleets import Fleet
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
from local.local_emulator import LocalEmulator
from tests.airflow_of import reads_what_is_printed
from tests.integration.operators.conftest import GROUPS, ROLES, states

RunDag = Callable[..., Any]
CORE = {"Name": "CORE", "InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1}


def made(emr: Any, *bootstrap: dict[str, Any], **instances: Any) -> str:
    return str(
        emr.run_job_flow(
            Name="to change",
            ReleaseLabel="emr-7.10.0",
            BootstrapActions=list(bootstrap),
            Instances={"KeepJobFlowAliveWhenNoSteps": True, **instances},
            AutoScalingRole="EMR_AutoScaling_DefaultRole",
            **ROLES,
        )["JobFlowId"]
    )


@pytest.fixture
def groups_id(emr: Any) -> Iterator[str]:
    """A cluster of a primary and a core group."""
    cluster_id = made(emr, InstanceGroups=[{**GROUPS[0], "Name": "MASTER"}, CORE])
    yield cluster_id
    if emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["TerminationProtected"]:
        emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)
    emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.fixture
def starting_id(emr: Any, emulator: LocalEmulator, log_bucket: str, tmp_path: Path) -> Iterator[str]:
    """The same kind of cluster, which bootstraps until it has been looked at three times: somebody waits for it."""
    script = f"until [ -e {tmp_path}/go ]; do sleep 0.05; done\n"
    emulator.client("s3").put_object(Bucket=log_bucket, Key="wait.sh", Body=script.encode())
    wait = {"Name": "wait", "ScriptBootstrapAction": {"Path": f"s3://{log_bucket}/wait.sh"}}
    cluster_id = made(emr, wait, InstanceGroups=[{**GROUPS[0], "Name": "MASTER"}, CORE])
    no_delay = json.dumps({"operation": "DescribeCluster", "kind": "delay", "delay": 0}).encode()
    faults = Request(f"{emulator.url}/_emulator/faults", no_delay, {"Content-Type": "application/json"})
    with urlopen(faults):
        pass
    ended = Event()

    def let_go() -> None:
        while not ended.wait(0.05):
            with urlopen(f"{emulator.url}/_emulator/faults") as answer:
                if json.load(answer)["faults"][0]["hits"] >= 3:
                    (tmp_path / "go").touch()

    with ThreadPoolExecutor() as pool:
        watching = pool.submit(let_go)
        yield cluster_id
        ended.set()
        watching.result()
    with urlopen(Request(f"{emulator.url}/_emulator/faults", method="DELETE")):
        pass
    emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.fixture
def fleets_id(emr: Any) -> Iterator[str]:
    """A cluster of a primary and a core fleet."""
    types = [{"InstanceType": "m5.xlarge"}]
    fleets = [
        {"InstanceFleetType": role, "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": types}
        for role in ("MASTER", "CORE")
    ]
    cluster_id = made(emr, InstanceFleets=fleets)
    yield cluster_id
    emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.fixture
def log(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What Airflow, and we, have logged since the last call."""

    def read() -> str:
        ours = caplog.text
        caplog.clear()
        return "".join((ours, *capfd.readouterr()))

    return read


def groups(emr: Any, cluster_id: str) -> dict[str, Any]:
    return {group["Name"]: group for group in emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]}


def result(dag_run: Any) -> Any:
    return dag_run.get_task_instance("modify").xcom_pull(task_ids="modify")


def test_what_is_so_at_once_is_told_as_it_was_and_is_and_a_second_run_asks_for_nothing(
    run_dag: RunDag, groups_id: str, emr: Any, log: Callable[[], str]
) -> None:
    changes = {
        "step_concurrency": 7,
        "termination_protected": True,
        "unhealthy_node_replacement": True,
        "keep_alive": True,
        "idle_timeout": 600,
    }
    dag_run = run_dag("switches", cluster_id=groups_id, changes=changes)
    first = log()
    assert states(dag_run) == {"modify": "success"}, first
    assert result(dag_run) == {"cluster_id": groups_id, "collections": []}
    cluster = emr.describe_cluster(ClusterId=groups_id)["Cluster"]
    assert (cluster["StepConcurrencyLevel"], cluster["TerminationProtected"]) == (7, True)
    assert (cluster["UnhealthyNodeReplacement"], cluster["AutoTerminate"]) == (True, False)
    assert emr.get_auto_termination_policy(ClusterId=groups_id)["AutoTerminationPolicy"] == {"IdleTimeout": 600}
    for line in ("step_concurrency: 7, was 1", "termination_protected: on, was off", "idle_timeout: 600, was off"):
        assert line in first

    assert states(run_dag("switches", cluster_id=groups_id, changes=changes)) == {"modify": "success"}
    second = log()
    assert ", was " not in second
    for line in ("step_concurrency is 7 already", "keep_alive is on already", "idle_timeout is 600 already"):
        assert line in second

    off = {**changes, "termination_protected": False, "keep_alive": False, "idle_timeout": False}
    assert states(run_dag("switches", cluster_id=groups_id, changes=off)) == {"modify": "success"}
    emr.get_waiter("cluster_terminated").wait(ClusterId=groups_id, WaiterConfig={"Delay": 1})
    assert states(run_dag("switches", cluster_id=groups_id, changes=off)) == {"modify": "failed"}
    assert "ClusterGone" in log()


@pytest.mark.parametrize("mode", ["deferred", "waiting"])
def test_groups_get_their_size_and_configurations_once_the_cluster_runs_and_a_second_run_adds_none(
    run_dag: RunDag, starting_id: str, emr: Any, mode: str, log: Callable[[], str]
) -> None:
    groups_id = starting_id
    dag_run = run_dag(f"groups_{mode}", cluster_id=groups_id, count=3)
    said = log()
    assert states(dag_run) == {"modify": "success"}, said
    assert f"Cluster {groups_id} is BOOTSTRAPPING: its changes wait until it runs" in said
    after = groups(emr, groups_id)
    added = {name: group for name, group in after.items() if group["InstanceGroupType"] == "TASK"}
    assert sorted(added) == sorted(
        f"{name} of groups_{mode}" for name in ("one", "two", "three", "four", "five", "six")
    )
    for group in (*added.values(), after["CORE"]):
        assert (group["RunningInstanceCount"], group["Status"]["State"]) == (3, "RUNNING")
    assert {group["Market"] for group in added.values()} == {"SPOT"}
    (configuration,) = after["CORE"]["LastSuccessfullyAppliedConfigurations"]
    assert configuration["Properties"] == {"yarn.nodemanager.vmem-check-enabled": "false"}
    collections = result(dag_run)["collections"]
    assert {one["running"] for one in collections} == {3}
    assert len(collections) == 7
    log()

    dag_run = run_dag(f"groups_{mode}", cluster_id=groups_id, count=3)
    assert states(dag_run) == {"modify": "success"}
    assert groups(emr, groups_id) == after
    assert ", was " not in log()

    assert states(run_dag(f"groups_{mode}", cluster_id=groups_id, count=1)) == {"modify": "success"}
    assert {group["RunningInstanceCount"] for group in groups(emr, groups_id).values()} == {1}
    assert "RequestedInstanceCount 1, was 3" in log()


def test_a_refusal_names_what_was_to_change_and_what_there_is(
    run_dag: RunDag, groups_id: str, emr: Any, log: Callable[[], str]
) -> None:
    def said(**changes: Any) -> str:
        changed = {"groups": [], "task_groups": [], **changes}
        assert states(run_dag("groups_by_name", cluster_id=groups_id, changes=changed)) == {"modify": "failed"}
        told = log()
        assert "ClusterNotModified" in told
        return told

    count = {"kind": "group_change", "count": 2}
    assert "nobody is none of MASTER" in said(groups=[{**count, "group": "nobody"}])
    assert "The MASTER instance group cannot be resized" in said(groups=[{**count, "group": "MASTER"}])
    core = groups(emr, groups_id)["CORE"]["Id"]
    assert "is to be changed twice" in said(groups=[{**count, "group": "CORE"}, {**count, "group": core}])
    task = {"kind": "group", "instance_type": "m5.xlarge", "name": "more"}
    changed = {"groups": [], "task_groups": [task]}
    assert states(run_dag("groups_by_name", cluster_id=groups_id, changes=changed)) == {"modify": "success"}
    assert "of m5.xlarge ON_DEMAND" in said(task_groups=[{**task, "instance_type": "m5.2xlarge"}])
    assert "instances are in groups, not in fleets" in log_of_fleets(run_dag, groups_id, log)


def log_of_fleets(run_dag: RunDag, cluster_id: str, log: Callable[[], str]) -> str:
    assert states(run_dag("fleets", cluster_id=cluster_id)) == {"modify": "failed"}
    return log()


@reads_what_is_printed
def test_managed_scaling_and_rules_take_each_others_place(
    run_dag: RunDag, groups_id: str, emr: Any, log: Callable[[], str]
) -> None:
    dag_run = run_dag("scaling", cluster_id=groups_id, count=5)
    told = log()
    assert set(states(dag_run).values()) == {"success"}, told
    assert told.count("automatic scaling is put into place") == 1
    assert told.count("has these rules of automatic scaling already") == 1
    assert "managed_scaling: {'ComputeLimits': {'UnitType': 'Instances'" in told
    assert "ManagedScalingPolicy" not in emr.get_managed_scaling_policy(ClusterId=groups_id)
    assert "AutoScalingPolicy" not in groups(emr, groups_id)["CORE"]


def test_fleets_get_their_units_and_the_task_fleet_is_added_once(
    run_dag: RunDag, fleets_id: str, emr: Any, log: Callable[[], str]
) -> None:
    for _ in range(2):
        dag_run = run_dag("fleets", cluster_id=fleets_id, count=2)
        assert states(dag_run) == {"modify": "success"}, log()
        fleets = {
            one["InstanceFleetType"]: one for one in emr.list_instance_fleets(ClusterId=fleets_id)["InstanceFleets"]
        }
        assert (fleets["CORE"]["ProvisionedOnDemandCapacity"], fleets["TASK"]["ProvisionedSpotCapacity"]) == (2, 2)
        assert fleets["CORE"]["ResizeSpecifications"]["SpotResizeSpecification"]["TimeoutDurationMinutes"] == 5
    assert ", was " in (told := log())
    assert "is as it is asked to be already" in told


RULES = AutoScaling(1, 4, [ScalingRule("grow", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 1)])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing of the cluster is to change"),
        ({"step_concurrency": 257}, "it must be a number from 1 to 256"),
        ({"idle_timeout": 59}, "it must be a number from 60 to 604,800"),
        ({"groups": [{"group": "CORE"}, GroupChange("CORE", 2)], "keep_alive": "perhaps"}, None),
        ({"task_groups": [Group("m5.xlarge")]}, "a retry could not tell whether the group is there already"),
        ({"task_groups": [Group("m5.xlarge", name=f"{n}") for n in range(49)]}, "at most 48 task groups"),
        ({"task_groups": [Group("m5.xlarge", name="a"), Group("m5.xlarge", name="a")]}, "a name is given twice"),
        ({"groups": GroupChange("CORE", 2)}, "it is a list"),
        ({"groups": [GroupChange("CORE", 2)], "fleets": [FleetChange("CORE", spot=2)]}, "groups or fleets, not both"),
        ({"task_fleet": Group("m5.xlarge")}, r"write Fleet\("),
        (
            {"managed_scaling": ManagedScaling(1, 2), "groups": [GroupChange("CORE", auto_scaling=RULES)]},
            "EMR has either it or the rules of groups on a cluster",
        ),
    ],
)
def test_bad_input_is_refused_where_it_is_written(fields: dict[str, Any], said: str | None) -> None:
    def make() -> EmrModifyClusterOperator:
        return EmrModifyClusterOperator(task_id="modify", cluster_id="j-1", **fields)

    if said is None:
        make()  # dictionaries are judged when all of it is rendered
        return
    with pytest.raises(InvalidSpec, match=said):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GroupChange("CORE"), "nothing of it is to change"),
        (lambda: GroupChange("CORE", auto_scaling=RULES, instances_to_protect=["i-1"]), "to how many is not said"),
        (lambda: GroupChange("CORE", -1), "from 0 to 2,000"),
        (lambda: FleetChange("CORE"), "nothing of it is to change"),
        (lambda: FleetChange("CORE", spot=-1), "of at least 0"),
        (lambda: EmrModifyClusterOperator(task_id="m", cluster_id="j-1", task_fleet=Fleet([])), "at least one"),
    ],
)
def test_a_change_that_says_nothing_or_too_little_is_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        make()
