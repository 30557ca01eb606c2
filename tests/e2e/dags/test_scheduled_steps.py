"""Steps from a document, run by Airflow on a cluster that stands already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from local.flights import flights_of
from tests.e2e.dags.stage import DAY, Run, Stage
from tests.integration.dags.jobs.day_of_flights import assert_same, carrier_delays, raw_rows, true_flights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]


@pytest.fixture(scope="module")
def cluster(stage: Stage) -> Iterator[str]:
    """A cluster that somebody else made."""
    request: Any = {
        "Name": "standing-cluster",
        "ReleaseLabel": "emr-7.10.0",
        "LogUri": "s3://emr-logs/",
        "Instances": {"MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
        "Applications": [{"Name": "Spark"}],
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "ServiceRole": "EMR_DefaultRole",
    }
    cluster_id = str(stage.emr.run_job_flow(**request)["JobFlowId"])
    stage.emr.get_waiter("cluster_running").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1})
    yield cluster_id
    stage.emr.terminate_job_flows(JobFlowIds=[cluster_id])


def run(stage: Stage, document: list[dict[str, Any]] | str, **conf: Any) -> Run:
    body = document if isinstance(document, str) else json.dumps(document)
    stage.s3.put_object(Bucket="etl-configs", Key="test.json", Body=body.encode())
    return stage.run("emr_scheduled_steps", run_conf={"day": DAY, "document": "s3://etl-configs/test.json", **conf})


def shell(name: str, command: str, **more: Any) -> dict[str, Any]:
    return {"kind": "shell", "name": name, "command": command, **more}


def states(run: Run) -> list[str]:
    return [run.tasks[f"steps[{index}]"] for index in range(sum(name.startswith("steps[") for name in run.tasks))]


def ran(stage: Stage, cluster: str) -> list[str]:
    return [step["Name"].rpartition(" [")[0] for step in stage.steps(cluster)]


def test_the_days_document_runs_in_order_on_the_cluster_of_that_name(stage: Stage, cluster: str) -> None:
    (clean,) = flights_of([date(2013, 1, 2)])
    day = str(clean.day)
    stage.s3.put_object(Bucket="raw-data", Key=f"daily/{day}/flights.csv", Body=clean.csv())
    done = stage.run("emr_scheduled_steps", run_conf={"day": day})
    assert (done.state, states(done)) == ("success", ["success"] * 4)
    assert done.xcom("find_cluster") == cluster
    assert ran(stage, cluster) == ["Check Input", "Carrier Delays", "Count Results", "Note Day"]
    delays = stage.parquet("analytics-results", f"scheduled/{day}/")
    wanted = carrier_delays(true_flights(raw_rows(clean.csv()), day))
    assert_same(delays, wanted, "carrier", within=0.0501)
    assert delays.flights.sum() == clean.rows
    note = stage.s3.get_object(Bucket="analytics-results", Key=f"scheduled/{day}.txt")["Body"].read()
    assert note.decode().strip() == "02.01.2013"


def test_a_failure_stops_those_that_depend_on_it_and_a_tolerated_one_does_not(stage: Stage, cluster: str) -> None:
    before = len(ran(stage, cluster))
    done = run(
        stage,
        [
            shell("tolerated", "exit 3", on_failure="CONTINUE"),
            shell("fails", "exit 4"),
            shell("after it", "true"),
            shell("after that", "true"),
            shell("apart", "true", depends_on=["tolerated"]),
        ],
        cluster=cluster,
    )
    assert (done.state, states(done)) == ("failed", ["success", "failed", "failed", "failed", "success"])
    first, *others = ran(stage, cluster)[before:]
    assert (first, set(others), len(others)) == ("tolerated", {"fails", "apart"}, 2)


def test_a_graph_runs_each_step_after_those_that_it_names(stage: Stage, cluster: str) -> None:
    before = len(ran(stage, cluster))
    document = [
        shell("last", "true", depends_on=["left", "right"]),
        shell("right", "true", depends_on=["first"]),
        shell("left", "true", depends_on=["first"]),
        shell("first", "true", depends_on=[]),
    ]
    done = run(stage, document, cluster=cluster)
    assert done.state == "success"
    names = ran(stage, cluster)[before:]
    assert (names[0], set(names[1:3]), names[3:]) == ("first", {"left", "right"}, ["last"])


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ('[{"kind": "shell",\n"name": "a", "comand": "true"}]', "line 2, column 24: ShellStep.comand"),
        ([shell("a", "true"), shell("b", "true", depends_on=["c"])], "no step has that name"),
        ([shell("a", "true", depends_on=["b"]), shell("b", "true")], "they wait for each other"),
        ([shell("a", "echo {{ conn.aws_default.password }}")], "there is no conn"),
    ],
)
def test_a_fault_in_the_document_stops_the_run_before_any_step(
    stage: Stage, cluster: str, capsys: pytest.CaptureFixture[str], document: Any, told: str
) -> None:
    before = len(ran(stage, cluster))
    done = run(stage, document, cluster=cluster)
    assert (done.state, done.tasks["read_steps"]) == ("failed", "failed")
    assert len(ran(stage, cluster)) == before
    assert told in capsys.readouterr().out


def test_a_name_that_no_live_cluster_has_is_refused(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(stage, [shell("a", "true")], cluster="nobody")
    assert (done.state, done.tasks["find_cluster"]) == ("failed", "failed")
    assert "cluster = 'nobody': no live cluster has it; give the id" in capsys.readouterr().out
