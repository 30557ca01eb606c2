"""What every step has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, ClassVar, Literal, TypeVar, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps.commands import Command
from airflow_emr_pipelines.specs.values import addresses, arns, rules
from airflow_emr_pipelines.specs.values.base import KINDS, Spec
from airflow_emr_pipelines.specs.values.templates import is_text

S = TypeVar("S", bound="Step")


class OnFailure(str, Enum):
    """What a step's failure means, in EMR's words (StepConfig.ActionOnFailure); carried out by the task."""

    CANCEL_AND_WAIT = "CANCEL_AND_WAIT"
    CONTINUE = "CONTINUE"
    TERMINATE_CLUSTER = "TERMINATE_CLUSTER"


FailureWord = Literal["CANCEL_AND_WAIT", "CONTINUE", "TERMINATE_CLUSTER"]


@dataclass(frozen=True)
class Step(Spec):
    """What every step has.

    Values may be Jinja templates, or outputs of other tasks: they are judged when they are known.

    :param name: what EMR's console shows; at most 256 characters with the key that is put behind it
    :param on_failure: what a failure means once the task has no retries left
    :param log_uri: where this step's logs go, s3://bucket/folder/; to the cluster's log_uri unless given
    :param encryption_key_arn: the KMS key that encrypts the step's logs
    """

    elsewhere: ClassVar[Mapping[str, str]] = {
        "action_on_failure": "on_failure=",
        "retries": "it on the task: cluster.run(step, retries=…)",
    }
    requires: ClassVar[tuple[str, ...]] = ()
    """The application that a cluster must have for it, under one of its names."""
    part_of: ClassVar[tuple[str, ...]] = ()
    """The application that its program is a part of, which comes with a release whatever a cluster asks for."""
    command_line: ClassVar[Command] = ()
    """The command that it is, where it is one: which word is which field."""
    runs_on_spark: ClassVar[bool] = False
    """It is a Spark application; its field conf has the settings of Spark."""
    allows_runtime_role: ClassVar[bool] = False
    """EMR can run it as a role of its own (https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-steps-runtime-roles.html)."""

    name: str
    _: KW_ONLY
    on_failure: OnFailure | FailureWord | str = OnFailure.CANCEL_AND_WAIT
    log_uri: str | None = None
    encryption_key_arn: str | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "name", limit=rules.NAME_LIMIT)
        self.check(rules.choice, "on_failure", choices=get_args(FailureWord))
        if is_text(self.on_failure):
            object.__setattr__(self, "on_failure", OnFailure(self.on_failure))
        self.check(addresses.s3_folder, "log_uri")
        self.check(arns.kms_key_arn, "encryption_key_arn")

    @classmethod
    def from_request(cls: type[S], request: Mapping[str, Any], *, name: str | None = None) -> S:
        """The step of the kind that a request to EMR describes, so that what there is today can be taken over.

        Read are a StepConfig of boto3 and of Airflow's stock operators, a HadoopJarStep, and a step as the AWS CLI
        takes it (``Type=Spark,Name=…,Args=[…]``). A command that no kind has a form for becomes a CustomJarStep of
        command-runner.jar with the same words: nothing of a request is left out.

        :param name: the step's name, where the request has none or another is wanted
        :raises InvalidSpec: the request has something that EMR or the program would refuse or misunderstand
        """
        from airflow_emr_pipelines.specs.ec2.reading.steps import read_step

        step = read_step(request, name, KINDS)
        if not isinstance(step, cls):
            raise InvalidSpec(
                f"step {step.name!r}",
                type(step).__name__,
                f"it is no {cls.__name__}",
                f"read it by {type(step).__name__}.from_request, or by Step.from_request, which takes all kinds",
            )
        return step
