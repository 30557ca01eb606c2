"""Steps that EMR refuses, and cancellations that it does not take, each by the rule that is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import MASTER, Region, request, shell, states, wait_until

JAR = "command-runner.jar"
ON_M4 = {"InstanceGroups": [{**MASTER, "InstanceType": "m4.xlarge"}]}
"""Which the oldest releases have."""


def jar_step(name: str = "step", action: str = "CONTINUE", **members: Any) -> dict[str, Any]:
    return {"Name": name, "ActionOnFailure": action, "HadoopJarStep": {"Jar": JAR, **members}}


def stubborn(ready: Path) -> dict[str, Any]:
    """A step that does not heed its cancellation, as soon as there is a file that says so."""
    return shell(f"trap '' TERM; touch {ready}; sleep 1000 & while :; do wait; done")


def with_logs(**members: Any) -> dict[str, Any]:
    return {**shell("true"), "StepMonitoringConfiguration": {"S3MonitoringConfiguration": members}}


REFUSED: list[tuple[str, dict[str, Any]]] = [
    # all strings of a step together
    ("'step' have 10241 characters; the maximum is 10240", jar_step(MainClass="M" * (10_241 - len(JAR)))),
    ("10241 characters", jar_step(Args=["a" * 5000, "b" * (10_241 - 5000 - len(JAR))])),
    ("10241 characters", jar_step(Properties=[{"Key": "k" * 5000, "Value": "v" * (10_241 - 5000 - len(JAR))}])),
    # each of them
    (r"hadoopJarStep\.jar' .* less than or equal to 10280", {**jar_step(), "HadoopJarStep": {"Jar": "j" * 10_281}}),
    (r"hadoopJarStep\.mainClass' .* less than or equal to 10280", jar_step(MainClass="M" * 10_281)),
    (r"args\.1\.member' .* less than or equal to 10280", jar_step(Args=["a" * 10_281])),
    (r"properties\.1\.member\.key' .* less than or equal to 10280", jar_step(Properties=[{"Key": "k" * 10_281}])),
    (r"properties\.1\.member\.value' .* less than or equal to 10280", jar_step(Properties=[{"Value": "v" * 10_281}])),
    ("A property of step 'step' has no Key", jar_step(Properties=[{"Key": "k"}, {"Value": "v"}])),
    # names and actions
    (r"steps\.1\.member\.name' .* less than or equal to 256", jar_step(name="n" * 257)),
    (r"steps\.1\.member\.actionOnFailure' .* enum value set", jar_step(action="EXPLODE")),
    (r"steps\.1\.member\.actionOnFailure' .* enum value set", jar_step(action="continue")),
    # what XML 1.0 can say
    *(
        (r"args\.1\.member' .* pattern", jar_step(Args=[f"a{character}b"]))
        for character in ("\x00", "\x08", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff")
    ),
    (r"steps\.1\.member\.name' .* pattern", jar_step(name="bell\x07")),
    (r"mainClass' .* pattern", jar_step(MainClass="\x01")),
    (r"properties\.1\.member\.value' .* pattern", jar_step(Properties=[{"Key": "k", "Value": "\x1b"}])),
    # logs of its own
    ("LogUri must be an S3 address", with_logs(LogUri="/var/log")),
    ("LogUri must be an S3 address", with_logs(LogUri="hdfs:///logs")),
]


@pytest.fixture(scope="module")
def standing(region: Region) -> str:
    cluster = region.run()
    region.wait(cluster, "WAITING")
    return cluster


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(("rule", "step"), REFUSED)
def test_a_step_that_breaks_a_rule_is_refused_wherever_it_comes(
    region: Region, standing: str, rule: str, step: dict[str, Any]
) -> None:
    for call, parameters in (
        (region.emr.run_job_flow, request(step)),
        (region.emr.add_job_flow_steps, {"JobFlowId": standing, "Steps": [step]}),
    ):
        code, message = refusal(call, **parameters)
        assert code == "ValidationException"
        assert re.search(rule, message, re.DOTALL), message


def test_one_bad_step_keeps_the_good_ones_out(region: Region, standing: str) -> None:
    before = len(region.steps(standing))
    for _, bad in REFUSED:
        refusal(region.emr.add_job_flow_steps, JobFlowId=standing, Steps=[shell("true"), bad])
    assert len(region.steps(standing)) == before


def test_what_is_just_allowed_is_accepted_and_told_back(region: Region) -> None:
    characters = "tab\t line\n return\r ü 漢 \U0001f680 \ud7ff\ue000\ufffd"
    most = [jar_step(name="n" * 256), jar_step(Args=["a" * (10_240 - len(JAR))]), jar_step(Args=[characters])]
    cluster = region.run()
    ids = region.add(cluster, *most, with_logs(LogUri="s3://logs/of/a/step/"))
    told = [region.step(cluster, step) for step in ids]
    assert told[0]["Name"] == "n" * 256
    assert len(told[1]["Config"]["Args"][0]) == 10_240 - len(JAR)
    assert told[2]["Config"]["Args"] == [characters]
    assert told[3]["LogUri"] == "s3://logs/of/a/step/"


def test_properties_are_sent_as_a_list_and_told_as_a_map(region: Region, standing: str) -> None:
    properties = [{"Key": "k", "Value": "v"}, {"Key": "empty"}]
    (step,) = region.add(standing, jar_step(Args=["true"], Properties=properties))
    assert region.step(standing, step)["Config"]["Properties"] == {"k": "v", "empty": ""}


# --- when steps are taken


def test_steps_are_taken_before_the_cluster_is_ready(region: Region) -> None:
    cluster = region.run()
    assert region.describe(cluster)["Status"]["State"] in ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
    (step,) = region.add(cluster, shell("true"))
    region.wait_step(cluster, step, "COMPLETED")


def test_a_cluster_that_ends_or_has_ended_takes_no_steps(region: Region) -> None:
    cluster = region.run()
    region.wait(cluster, "WAITING")
    region.emr.terminate_job_flows(JobFlowIds=[cluster])
    for state in ("at once", "TERMINATED"):
        if state == "TERMINATED":
            region.wait(cluster, state)
        code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=cluster, Steps=[shell("true")])
        assert (code, "may not be modified" in message) == ("ValidationException", True)
    assert region.steps(cluster) == []


# --- actions on failure


@pytest.mark.parametrize("word", ["CANCEL_AND_WAIT", "TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_above_level_one_only_continue_is_accepted(region: Region, word: str) -> None:
    fine, bad = shell("true"), shell("true", on_failure=word)
    cluster = region.run(StepConcurrencyLevel=2)
    for call, parameters in (
        (region.emr.run_job_flow, request(fine, bad, StepConcurrencyLevel=2)),
        (region.emr.add_job_flow_steps, {"JobFlowId": cluster, "Steps": [fine, bad]}),
    ):
        code, message = refusal(call, **parameters)
        assert (code, f"ActionOnFailure {word} of step" in message) == ("ValidationException", True)
    assert region.steps(cluster) == []


# --- 256 active steps


def test_no_call_brings_more_than_256_steps(region: Region, standing: str) -> None:
    steps = [shell("true")] * 257
    for call, parameters in (
        (region.emr.run_job_flow, request(*steps)),
        (region.emr.add_job_flow_steps, {"JobFlowId": standing, "Steps": steps}),
    ):
        code, message = refusal(call, **parameters)
        assert (code, message.startswith("Maximum number of active steps")) == ("ValidationException", True)


@pytest.fixture(scope="module")
def full(emulator: LocalEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Region, str]]:
    """A cluster with 256 active steps, of which the first runs and does not heed its cancellation."""
    region, ready = Region(emulator.url), tmp_path_factory.mktemp("full") / "ready"
    cluster = region.run(stubborn(ready), *[shell("sleep 1000")] * 255)
    wait_until(ready.exists)
    yield region, cluster
    region.end(cluster)


def test_a_step_that_is_being_cancelled_is_active(full: tuple[Region, str]) -> None:
    region, cluster = full
    first, *_, last = [step["Id"] for step in region.steps(cluster)]
    for ids in ([], [first]):
        if ids:
            region.emr.cancel_steps(ClusterId=cluster, StepIds=ids)
            assert region.step(cluster, first)["Status"]["State"] == "CANCEL_PENDING"
        code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=cluster, Steps=[shell("true")])
        assert (code, message) == (
            "ValidationException",
            "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.",
        )
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[last])
    region.add(cluster, shell("sleep 1000"))


def test_steps_that_have_ended_make_room_over_the_life_of_a_cluster(region: Region) -> None:
    cluster = region.run(*[jar_step(Args=["sleep", "1000"])] * 256)
    region.wait_step(cluster, region.steps(cluster)[0]["Id"], "RUNNING")
    for _ in range(2):
        active = [step["Id"] for step in region.steps(cluster, StepStates=["PENDING"])]
        region.emr.cancel_steps(ClusterId=cluster, StepIds=active)
        assert set(states(region.steps(cluster, StepIds=active[:10]))) == {"CANCELLED"}
        region.add(cluster, *[jar_step(Args=["true"])] * len(active))
    assert len(region.steps(cluster)) == 256 + 2 * 255
    region.end(cluster)


# --- cancelling


@pytest.mark.parametrize("count", [0, 257])
def test_at_most_256_steps_are_cancelled_by_one_call(region: Region, standing: str, count: int) -> None:
    code, message = refusal(region.emr.cancel_steps, ClusterId=standing, StepIds=["s-1"] * count)
    assert (code, message) == ("InvalidRequestException", "1 to 256 step ids can be specified.")


def test_a_step_that_is_not_there_is_not_cancelled_but_the_others_are(region: Region) -> None:
    cluster = region.run(shell("sleep 1000"), shell("true"))
    running, pending = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, running, "RUNNING")
    asked = {"ClusterId": cluster, "StepIds": ["s-NOTTHERE", pending]}
    missing, found = region.emr.cancel_steps(**asked)["CancelStepsInfoList"]
    assert (missing["Status"], missing["Reason"]) == ("FAILED", "Step id 's-NOTTHERE' is not valid.")
    assert (found["Status"], found["StepId"]) == ("SUBMITTED", pending)
    assert states(region.steps(cluster)) == ["RUNNING", "CANCELLED"]
    region.end(cluster)


@pytest.mark.parametrize(
    ("release", "running", "pending"),
    [
        ("emr-5.28.0", None, None),
        ("emr-5.27.0", "Running steps can be cancelled from emr-5.28.0 on", None),
        ("emr-5.0.0", "except in emr-5.0.0", "except in emr-5.0.0"),
        ("emr-4.8.2", "Running steps can be cancelled from emr-5.28.0 on", None),
        ("emr-4.6.0", "from emr-4.8.0 on", "from emr-4.8.0 on"),
    ],
)
def test_cancelling_came_with_releases(region: Region, release: str, running: str | None, pending: str | None) -> None:
    cluster = region.run(shell("sleep 1000"), shell("sleep 1000"), ReleaseLabel=release, instances=ON_M4)
    ids = [step["Id"] for step in region.steps(cluster)]
    region.wait_step(cluster, ids[0], "RUNNING")
    infos = region.emr.cancel_steps(ClusterId=cluster, StepIds=ids)["CancelStepsInfoList"]
    for info, why in zip(infos, (running, pending), strict=True):
        if why is None:
            assert info["Status"] == "SUBMITTED"
        else:
            assert (info["Status"], why in info["Reason"]) == ("FAILED", True)
    region.end(cluster)


def test_a_step_that_is_being_cancelled_can_be_cancelled_again_and_one_that_has_ended_cannot(
    region: Region, tmp_path: Path
) -> None:
    cluster = region.run(stubborn(tmp_path / "ready"))
    (step,) = [step["Id"] for step in region.steps(cluster)]
    wait_until((tmp_path / "ready").exists)
    for _ in range(2):
        (info,) = region.emr.cancel_steps(ClusterId=cluster, StepIds=[step])["CancelStepsInfoList"]
        assert info["Status"] == "SUBMITTED"
    region.emr.cancel_steps(ClusterId=cluster, StepIds=[step], StepCancellationOption="TERMINATE_PROCESS")
    region.wait_step(cluster, step, "CANCELLED")
    (info,) = region.emr.cancel_steps(ClusterId=cluster, StepIds=[step])["CancelStepsInfoList"]
    assert (info["Status"], "has ended CANCELLED" in info["Reason"]) == ("FAILED", True)


# --- asking for steps


def test_steps_are_asked_for_by_ten_ids_at_most_and_not_by_ids_and_states(region: Region, standing: str) -> None:
    (step,) = region.add(standing, shell("true"))
    for asked, why in (
        ({"StepIds": [step] * 11}, "At most 10 step ids can be specified, not 11."),
        ({"StepIds": [step], "StepStates": ["COMPLETED"]}, "StepIds and StepStates cannot be specified together."),
        ({"StepIds": ["s-NOTTHERE"]}, "Step id 's-NOTTHERE' is not valid."),
    ):
        code, message = refusal(region.emr.list_steps, ClusterId=standing, **asked)
        assert (code, message) == ("InvalidRequestException", why)
    code, message = refusal(region.emr.list_steps, ClusterId=standing, StepStates=["DONE"])
    assert (code, "enum value set" in message) == ("ValidationException", True)
