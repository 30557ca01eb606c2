"""A kind of step says all about itself where it is defined: this one is known to no other file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_emr_pipelines import EmrCluster, EmrRunStepOperator, InstanceGroups, Step
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators import lineage
from airflow_emr_pipelines.operators.lineage import Lineage, is_spark_step
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.render.step import check_runtime_role
from airflow_emr_pipelines.specs.serialization import KINDS, from_dict, to_dict
from airflow_emr_pipelines.specs.steps.commands import Option, Settings, Switch, Word, Words
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.testing import assert_sound

ROLE = "arn:aws:iam::123456789012:role/runtime"


@pytest.fixture(autouse=True)
def notebooks() -> Iterator[type[Any]]:
    """The kind, which is gone again when a test is over."""

    @dataclass(frozen=True)
    class NotebookStep(Step):
        """A notebook, run from its first cell to its last."""

        kind = "notebook"
        requires = ("JupyterHub",)
        command_line = (
            *("notebook", "run"),
            Option("cell_timeout", "--timeout", ("-t",)),
            Switch("keep_output", "--keep-output"),
            Settings("conf", "--conf"),
            Word("notebook"),
            Words("args"),
        )
        runs_on_spark = True
        allows_runtime_role = True

        notebook: str
        args: Sequence[str | int | float] = ()
        _: KW_ONLY
        cell_timeout: int | str | None = None
        keep_output: bool | str = False
        conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)

        def __post_init__(self) -> None:
            super().__post_init__()
            self.check(addresses.file, "notebook")
            self.check(rules.words, "args")
            self.check(rules.whole, "cell_timeout", least=1)
            self.check(rules.truth, "keep_output")
            self.check(rules.settings, "conf")

    yield NotebookStep
    del KINDS["notebook"]


WORDS = [
    "notebook",
    "run",
    "--timeout",
    "60",
    "--keep-output",
    "--conf",
    "spark.a=1",
    "s3://notes/b.ipynb",
    "--day",
    "1",
]


def full(kind: type[Any]) -> Any:
    return kind("n", "s3://notes/b.ipynb", ["--day", 1], cell_timeout=60, keep_output=True, conf={"spark.a": "1"})


def cluster(*applications: str) -> EmrCluster:
    return EmrCluster("c", "emr-7.10.0", InstanceGroups("m5.xlarge"), applications=applications)


def test_it_is_rendered_by_its_command_line(notebooks: type[Any]) -> None:
    request = EC2.render(full(notebooks), name="n [key]")
    assert request["HadoopJarStep"] == {"Jar": "command-runner.jar", "Args": WORDS}
    assert request["Name"] == "n [key]"


def test_it_is_read_from_a_request_of_today(notebooks: type[Any]) -> None:
    request = {"Name": "n", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": WORDS}}
    step: Any = Step.from_request(request)
    assert type(step) is notebooks
    assert EC2.render(step) == EC2.render(full(notebooks))
    other_name = ["/usr/bin/notebook", "run", "-t", "60", "s3://notes/b.ipynb"]
    assert Step.from_request({**request, "HadoopJarStep": {"Jar": "command-runner.jar", "Args": other_name}}) == (
        notebooks("n", "s3://notes/b.ipynb", cell_timeout="60")
    )


@pytest.mark.parametrize(
    "words",
    [["notebook"], ["notebook", "list"], ["notebook", "run"], ["notebook", "run", "--new", "s3://notes/b.ipynb"]],
)
def test_a_command_that_it_has_no_form_for_is_kept_as_it_is(words: list[str]) -> None:
    step: Any = Step.from_request({"Name": "n", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words}})
    assert (step.kind, step.args) == ("custom_jar", tuple(words))


def test_it_is_serialized_and_read_back(notebooks: type[Any]) -> None:
    plain = to_dict(full(notebooks))
    assert plain["kind"] == "notebook"
    assert from_dict(plain, Step) == full(notebooks)


def test_its_task_is_planned(notebooks: type[Any]) -> None:
    with DAG("notebooks", schedule=None) as dag:
        EmrRunStepOperator(task_id="run", cluster_id="j-ABCDEFGHIJKLM", step=full(notebooks))
    assert assert_sound(dag).request_of("run").steps[0]["HadoopJarStep"]["Args"] == WORDS


def test_it_is_refused_where_it_cannot_run(notebooks: type[Any]) -> None:
    EC2.check(full(notebooks), cluster("Spark", "JupyterHub"))
    with pytest.raises(InvalidSpec, match="cluster c does not have JupyterHub"):
        EC2.check(full(notebooks), cluster("Spark"))


def test_it_says_whether_it_may_have_a_runtime_role(notebooks: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check_runtime_role(full(notebooks), ROLE)
    monkeypatch.setattr(notebooks, "allows_runtime_role", False)
    with pytest.raises(InvalidSpec, match=r"NotebookStep\('n'\), execution_role_arn"):
        check_runtime_role(full(notebooks), ROLE)


def test_it_says_whether_spark_runs_it(notebooks: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda _: SimpleNamespace())
    monkeypatch.setattr(lineage, "_parent", lambda _: {"spark.openlineage.parentRunId": "1"})
    asked = Lineage(parent_job_info=True, transport_info=False)
    context: Any = {}
    assert asked.given_to(full(notebooks), context).conf == {"spark.a": "1", "spark.openlineage.parentRunId": "1"}
    monkeypatch.setattr(notebooks, "runs_on_spark", False)
    assert not is_spark_step(full(notebooks))
    assert asked.given_to(full(notebooks), context) == full(notebooks)
