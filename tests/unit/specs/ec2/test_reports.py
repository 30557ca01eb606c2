from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_emr_pipelines.errors import BadTriggerEvent, UnknownState
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, CollectionReport, StepReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState, Settling, StepState
from airflow_emr_pipelines.specs.reports import Reports

NOON = datetime(2013, 1, 2, 12, 0, tzinfo=timezone.utc)
FAILED_STEP: dict[str, Any] = {
    "Id": "s-1",
    "Name": "Validate [key]",
    "Status": {
        "State": "FAILED",
        "StateChangeReason": {"Code": "NONE"},
        "FailureDetails": {"Reason": "Unknown Error", "Message": "exit 1", "LogFile": "s3://logs/stderr.gz"},
        "Timeline": {"CreationDateTime": NOON, "StartDateTime": NOON, "EndDateTime": NOON},
    },
    "AdditionalInfo": {"ResourceManagerApplicationIds": ["application_1_1"]},
}
FAILED_CLUSTER: dict[str, Any] = {
    "Id": "j-1",
    "Name": "daily",
    "Status": {
        "State": "TERMINATED_WITH_ERRORS",
        "StateChangeReason": {"Code": "BOOTSTRAP_FAILURE", "Message": "bootstrap action 1 failed"},
        "Timeline": {"CreationDateTime": NOON, "EndDateTime": NOON},
        "ErrorDetails": [
            {"ErrorCode": "E1", "ErrorMessage": "no such file", "ErrorData": [{"instance-id": "i-1"}, {"path": "/x"}]},
            {"ErrorCode": "E2"},
        ],
    },
    "LogUri": "s3n://logs/",
    "MasterPublicDnsName": "ip-10-0-0-1",
    "NormalizedInstanceHours": 8,
    "TerminationProtected": True,
    "AutoTerminate": False,
    "StepConcurrencyLevel": 5,
    "Tags": [{"Key": "team", "Value": "data"}, {"Key": "bare"}],
}


def test_a_step_that_failed_is_read_whole() -> None:
    iso = NOON.isoformat()
    assert StepReport.from_answer("j-1", FAILED_STEP) == StepReport(
        cluster_id="j-1",
        id="s-1",
        name="Validate [key]",
        state=StepState.FAILED,
        reason="Unknown Error",
        message="exit 1",
        log_file="s3://logs/stderr.gz",
        created=iso,
        started=iso,
        ended=iso,
        application_ids=("application_1_1",),
    )


def test_a_step_is_read_from_as_little_as_emr_may_say() -> None:
    report = StepReport.from_answer("j-1", {"Id": "s-1", "Status": {"State": "PENDING"}})
    assert report == StepReport("j-1", "s-1", "", StepState.PENDING)


def test_a_cluster_that_failed_is_read_whole() -> None:
    report = ClusterReport.from_answer(FAILED_CLUSTER)
    assert (report.state, report.code, report.message) == (
        ClusterState.TERMINATED_WITH_ERRORS,
        "BOOTSTRAP_FAILURE",
        "bootstrap action 1 failed",
    )
    assert report.error_details == ("E1: no such file [instance-id=i-1; path=/x]", "E2")
    assert report.tags == {"team": "data", "bare": ""}
    assert (report.step_concurrency, report.termination_protected, report.auto_terminate) == (5, True, False)
    assert (report.created, report.ready, report.ended) == (NOON.isoformat(), None, NOON.isoformat())


def test_times_are_told_in_utc_and_so_in_order_also_while_clocks_are_set_back() -> None:
    """botocore tells times in the zone of the machine that asks: there an hour comes twice a year."""
    created = [
        datetime(2026, 10, 25, 2, 50, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 10, 25, 2, 10, tzinfo=timezone(timedelta(hours=1))),
    ]
    told = [
        ClusterReport.from_answer(
            {"Id": "j-1", "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": when}}}
        ).created
        for when in created
    ]
    assert told == ["2026-10-25T00:50:00+00:00", "2026-10-25T01:10:00+00:00"]


def test_a_live_cluster_may_have_a_message_and_no_code() -> None:
    """As ListClusters tells it."""
    report = ClusterReport.from_answer(
        {"Id": "j-1", "Name": "daily", "Status": {"State": "WAITING", "StateChangeReason": {"Message": "Waiting"}}}
    )
    assert (report.code, report.message, report.log_uri, report.tags) == (None, "Waiting", None, {})


@pytest.mark.parametrize(
    "report",
    [
        StepReport.from_answer("j-1", FAILED_STEP),
        StepReport("j-1", "s-1", "a", StepState.RUNNING),
        ClusterReport.from_answer(FAILED_CLUSTER),
        ClusterReport("j-1", "a", ClusterState.STARTING),
    ],
    ids=["step", "young step", "cluster", "young cluster"],
)
def test_a_report_goes_through_a_trigger_event_unchanged(report: StepReport | ClusterReport) -> None:
    assert type(report).from_event(json.loads(json.dumps(report.to_event()))) == report


@pytest.mark.parametrize("kind", [StepReport, ClusterReport])
@pytest.mark.parametrize("event", [{}, {"state": "RUNNING"}, "done", None, {"state": "RUNNING", "odd": 1}])
def test_an_event_that_is_no_report_never_passes_for_one(kind: Any, event: Any) -> None:
    with pytest.raises(BadTriggerEvent):
        kind.from_event(event)


def test_an_unknown_state_fails_at_the_edge() -> None:
    with pytest.raises(UnknownState, match="MELTED"):
        StepReport.from_answer("j-1", {"Id": "s-1", "Status": {"State": "MELTED"}})
    with pytest.raises(UnknownState, match="MELTED"):
        ClusterReport.from_event({**ClusterReport("j-1", "a", ClusterState.STARTING).to_event(), "state": "MELTED"})


def test_a_report_says_no_secret_that_a_program_said() -> None:
    """Reports travel by trigger events, and are kept in Airflow's database."""
    said = "cannot log in with password=hunter2 as me"
    step = {**FAILED_STEP, "Status": {**FAILED_STEP["Status"], "FailureDetails": {"Message": said}}}
    change, details = {"Code": "BOOTSTRAP_FAILURE", "Message": said}, [{"ErrorCode": "E", "ErrorMessage": said}]
    status = {**FAILED_CLUSTER["Status"], "StateChangeReason": change, "ErrorDetails": details}
    cluster = ClusterReport.from_answer({**FAILED_CLUSTER, "Status": status})
    masked = "cannot log in with password=*** as me"
    assert StepReport.from_answer("j-1", step).message == masked
    assert (cluster.message, cluster.error_details) == (masked, (f"E: {masked}",))


def group(state: str = "RUNNING", **told: Any) -> CollectionReport:
    status = {"State": state, "StateChangeReason": told.pop("reason", {})}
    counts = {"RequestedInstanceCount": 2, "RunningInstanceCount": 2}
    return CollectionReport.from_group(
        "j-1", {"Id": "ig-1", "InstanceGroupType": "CORE", "Status": status, **counts, **told}
    )


def fleet(state: str = "RUNNING", **told: Any) -> CollectionReport:
    return CollectionReport.from_fleet(
        "j-1", {"Id": "if-1", "InstanceFleetType": "TASK", "Status": {"State": state}, **told}
    )


POLICY = {"State": "FAILED", "StateChangeReason": {"Code": "PROVISION_FAILURE", "Message": "no such role"}}
TYPES = [{"InstanceType": "m5.xlarge", "WeightedCapacity": 4}, {"InstanceType": "m5.2xlarge", "WeightedCapacity": 8}]


@pytest.mark.parametrize(
    ("report", "settling"),
    [
        (group(), "SETTLED"),
        (group("RESIZING"), "CHANGING"),
        (group(RequestedInstanceCount=3), "CHANGING"),
        (group(RunningInstanceCount=3), "CHANGING"),
        (group("SUSPENDED", reason={"Message": "no capacity"}), "FAILED"),
        (group("ARRESTED"), "FAILED"),
        (group("TERMINATING"), "FAILED"),
        (group(ConfigurationsVersion=2, LastSuccessfullyAppliedConfigurationsVersion=1), "CHANGING"),
        (group(ConfigurationsVersion=2, LastSuccessfullyAppliedConfigurationsVersion=2), "SETTLED"),
        (
            group(
                ConfigurationsVersion=2,
                LastSuccessfullyAppliedConfigurationsVersion=1,
                reason={"Code": "INTERNAL_ERROR", "Message": "reverted"},
            ),
            "FAILED",
        ),
        (group(AutoScalingPolicy={"Status": {"State": "ATTACHING"}}), "CHANGING"),
        (group(AutoScalingPolicy={"Status": {"State": "ATTACHED"}}), "SETTLED"),
        (group(AutoScalingPolicy={"Status": POLICY}), "SETTLED"),
        (fleet(), "SETTLED"),
        (fleet(TargetSpotCapacity=2, ProvisionedSpotCapacity=1), "CHANGING"),
        (fleet(TargetSpotCapacity=2, ProvisionedSpotCapacity=3), "CHANGING"),
        (fleet(TargetSpotCapacity=2, ProvisionedSpotCapacity=8, InstanceTypeSpecifications=TYPES), "SETTLED"),
        (fleet(TargetSpotCapacity=0, ProvisionedSpotCapacity=4, InstanceTypeSpecifications=TYPES), "CHANGING"),
        (fleet("SUSPENDED", TargetSpotCapacity=2, ProvisionedSpotCapacity=1), "FAILED"),
    ],
)
def test_a_group_or_fleet_is_settled_when_it_is_what_it_was_asked_to_be(
    report: CollectionReport, settling: str
) -> None:
    assert report.state is Settling(settling)
    assert CollectionReport.from_event(json.loads(json.dumps(report.to_event()))) == report


def test_why_rules_of_scaling_are_not_in_place_is_told() -> None:
    assert group(AutoScalingPolicy={"Status": POLICY}).policy_failure == "no such role"
    assert group(AutoScalingPolicy={"Status": {"State": "ATTACHED"}}).policy_failure is None


def test_what_several_have_come_to_is_read_from_one_event_and_tells_what_has_not_ended() -> None:
    reports = [StepReport("j-1", "s-1", "a", StepState.COMPLETED), StepReport("j-1", "s-2", "b", StepState.RUNNING)]
    read = Reports.from_event(StepReport, {"each": [report.to_event() for report in reports]})
    assert read.each == tuple(reports)
    assert read.state is StepState.RUNNING
    assert Reports((reports[0],)).state is StepState.COMPLETED


@pytest.mark.parametrize("event", [{}, {"each": []}, {"each": [{}]}, {"each": None}, "done", None])
def test_an_event_that_tells_of_none_never_passes_for_the_end_of_several(event: Any) -> None:
    with pytest.raises(BadTriggerEvent):
        Reports.from_event(StepReport, event)
