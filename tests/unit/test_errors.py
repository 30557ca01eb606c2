from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest

from airflow_emr_pipelines import errors
from airflow_emr_pipelines.errors import (
    HIDDEN,
    BadTriggerEvent,
    BranchesMissing,
    ClusterFailed,
    ClusterGone,
    ClusterLost,
    ClusterNotModified,
    DagNotFound,
    DeadlineExceeded,
    EmrPipelinesError,
    InfrastructureLost,
    InvalidDocument,
    InvalidSpec,
    NotOfTheTask,
    SecurityConfigurationDiffers,
    SparkHistoryNotReady,
    StepCancelled,
    StepFailed,
    StepLost,
    StepsNotCancelled,
    UnclearAnswer,
    UnknownState,
    WatchRefused,
)

STEP = ("j-1", "s-1", "Validate", "FAILED", "exit code 1", "s3://logs/j-1/steps/s-1/stderr.gz")
CLUSTER = ("j-1", "daily", "TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE", "exit code 2", None)
RAISED = [
    InvalidSpec("SparkStep.driver_memory", "6.4g", "the JVM takes no fractions", "write 6553m"),
    DagNotFound("daly", ["daily"], {"broken.py": "SyntaxError: invalid syntax"}),
    InvalidDocument("s3://etl/steps.json", ["line 2, column 3: it is no JSON"]),
    InvalidDocument("s3://etl/steps.json", [f"line {number}: it is no step" for number in range(20)], 3),
    StepFailed(*STEP),
    StepCancelled(*STEP),
    StepLost(*STEP),
    ClusterFailed(*CLUSTER),
    ClusterGone(*CLUSTER),
    ClusterLost(*CLUSTER),
    StepsNotCancelled("j-1", {"s-1": "it has ended"}),
    ClusterNotModified("j-1", {"core": "no capacity"}),
    SecurityConfigurationDiffers("encrypted", ["EncryptionConfiguration"]),
    SparkHistoryNotReady("p-1", "STARTING", "it was asked for just now"),
    NotOfTheTask("Cluster j-1", "its tags name another run"),
    InfrastructureLost("capacity"),
    BranchesMissing({"LGA": "etl ended failed"}),
    DeadlineExceeded("step s-1", 60.0, "RUNNING"),
    UnclearAnswer("RunJobFlow", "no answer", "look in the console"),
    UnknownState("a step", "MELTED"),
    WatchRefused("s-1", "AccessDenied"),
    BadTriggerEvent({"odd": 1}),
]


def below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def test_every_exception_is_tried_here_and_drawn_in_the_tree() -> None:
    kinds = set(below(EmrPipelinesError))
    assert {type(error) for error in RAISED} == kinds
    assert [kind.__name__ for kind in kinds if kind.__name__ not in str(errors.__doc__)] == []


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_an_exception_survives_pickling_and_copying(error: EmrPipelinesError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_an_exception_tells_all_it_knows(error: EmrPipelinesError) -> None:
    for value in parts(vars(error)):
        assert value is None or (f"{value:g}" if isinstance(value, float) else str(value)) in str(error)


def parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from (part for item in value.values() for part in parts(item))
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def test_bad_input_is_a_value_error() -> None:
    assert issubclass(InvalidSpec, ValueError)


def test_a_step_that_failed_says_why_first_and_then_which_it_was_and_where_to_read_on() -> None:
    which, log = "Step s-1 (Sum) on cluster j-1 ended FAILED.", "s3://logs/stderr.gz"
    assert str(StepFailed("j-1", "s-1", "Sum", "FAILED", "exit code 1", log)) == f"exit code 1. {which} Log: {log}"
    assert str(StepFailed("j-1", "s-1", "Sum", "FAILED", "No file.", log)) == f"No file. {which} Log: {log}"
    assert str(StepFailed("j-1", "s-1", "Sum", "FAILED", "exit code 1", None)) == f"exit code 1. {which}"


def test_a_long_value_is_cut() -> None:
    told = str(InvalidSpec("ShellStep.command", "x" * 20_000, "too long", "shorten it"))
    assert len(told) < 200
    assert "…" in told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("SparkStep.conf['spark.hadoop.fs.s3a.secret.key']", "hunter2"),
        ("CustomJarStep.properties['dbPassword']", "hunter2"),
        ("SparkStep.args[3] (after --api-key)", "hunter2"),
        ("SparkStep.args[3]", "--password=hunter2"),
        ("SparkStep.args", "--input s3://b/x --token hunter2"),
        ("ShellStep.command", "curl https://me:hunter2@example.com"),
        ("SparkStep.conf", {"spark.ssl.keyPassword": "hunter2"}),
        ("SparkStep.conf", ["spark.authenticate.secret", "hunter2"]),
        ("ShellStep.command", "AWS_ID=AKIAABCDEFGHIJKLMNOP hunter2"),
    ],
)
def test_what_may_be_a_secret_is_neither_told_nor_kept(field: str, value: object) -> None:
    error = InvalidSpec(field, value, "it is wrong", "mend it")
    assert "hunter2" not in str(error) + repr(error) + repr(vars(error))
    assert HIDDEN in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("value", ["s3://apps/tokens/run.py", "spark.sql.tokenizer=x", "/etc/krb5.keytab", 6.4])
def test_other_values_are_told(value: object) -> None:
    assert repr(value) in str(InvalidSpec("SparkStep.application", value, "it is wrong", "mend it"))


def test_what_is_said_about_a_long_value_is_cut_too() -> None:
    told = str(InvalidSpec(f"SparkStep.conf[{'x' * 9000!r}]", 1, f"{'x' * 9000} is wrong", f"write {'x' * 9000}"))
    assert len(told) < 1500


def test_of_many_faults_of_a_document_the_first_are_told_and_how_many_there_are_more() -> None:
    error = pickle.loads(
        pickle.dumps(InvalidDocument("s3://etl/steps.json", [f"{n}: {'x' * 9_999}" for n in range(999)]))
    )
    told = str(error).splitlines()
    assert (len(error.problems), error.more, told[-1]) == (20, 979, "  and 979 more")
    assert all(len(line) <= 1_502 for line in told)


def test_a_fault_with_half_a_character_can_be_written_into_a_log() -> None:
    assert (
        str(InvalidDocument("s3://etl/steps.json", ["\ud800 stands twice"])).encode().endswith(b"\\ud800 stands twice")
    )
