"""What a compute is to those who run jobs on it: the one protocol of operators, sensors and triggers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.reports import JobReport, Report

if TYPE_CHECKING:
    from airflow_emr_pipelines.logs.files import LogFile

R = TypeVar("R", bound=Report)
J = TypeVar("J", bound=JobReport)

HOOKS = "airflow_emr_pipelines.hooks"
PATH = re.compile(r"(?:[a-z][a-z0-9_]*\.)+[A-Z][A-Za-z0-9]*", re.ASCII)


@dataclass(frozen=True)
class Location:
    """Where jobs are: what links, events and errors carry.

    :param backend: the kind of compute: ``ec2``
    :param id: of the compute: a cluster's; None for an account's clusters themselves
    :param aws_conn_id: the AWS connection; None for boto3's own credential chain
    :param partition: of AWS: ``aws``, ``aws-cn`` …
    :param endpoint_url: the service's address, where it is none of AWS's
    """

    backend: str
    id: str | None
    region: str | None
    aws_conn_id: str | None
    partition: str | None = "aws"
    endpoint_url: str | None = None

    def to_xcom(self) -> dict[str, str | None]:
        """What a task puts down for its links; the compute's id goes by the name that its service has for it."""
        return {
            "backend": self.backend,
            "region": self.region,
            "partition": self.partition,
            "endpoint_url": self.endpoint_url,
            "aws_conn_id": self.aws_conn_id,
        }


@dataclass(frozen=True)
class JobLogs:
    """What was found of the logs of a job that has ended.

    :param lost: that what the job ran on was lost, in words; None where it was not
    """

    files: Sequence[LogFile] = ()
    lost: str | None = None


class Compute(ABC, Generic[R]):
    """Things of one service that are asked for together: the jobs of one compute, or what jobs run on."""

    backend: ClassVar[str]
    service: ClassVar[str]
    """As boto3 names it. Each service has call rates of its own."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None) -> None:
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name

    @classmethod
    @abstractmethod
    def of(
        cls, job: Mapping[str, Any], aws_conn_id: str | None, region_name: str | None, hook: Any = None
    ) -> Compute[R]:
        """The compute of a job.

        :param job: what an event and a task's XCom say of it, by the service's own names: cluster_id, step_id …
        :param hook: the connection of a task that waits in its worker
        """

    @property
    @abstractmethod
    def fields(self) -> dict[str, Any]:
        """What ``of`` needs of a job to make this compute, without the job's own id."""

    @property
    @abstractmethod
    def location(self) -> Location:
        """Where it is. The client is made for that, and nothing is asked of AWS."""

    @property
    @abstractmethod
    def identity(self) -> Hashable:
        """Equal for two that would ask the same service the same question with the same credentials."""

    @property
    def account(self) -> Hashable:
        """Equal for two that draw on the same call rates: those of an account, in a region, for a service."""
        return (self.service, self.aws_conn_id, self.region_name)

    @property
    @abstractmethod
    def calls_per_second(self) -> float:
        """How often the call that ``reports`` makes may be made, by one process for the account."""

    @abstractmethod
    def connect(self) -> None:
        """Make the client, with new credentials."""

    @abstractmethod
    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, R | Exception], int]:
        """What the service says of those ids now, or why it refuses to, and how many calls it took."""

    @abstractmethod
    def cancel(self, ids: Collection[str], *, grace: float | None = None) -> None:
        """Ask for the end of those ids. What has ended already is left alone.

        :param grace: seconds that they may take at the most before they are killed, where that is another thing
        """


class Submitting(Compute[R]):
    """A compute on which one thing is made for a key, however often it is asked for and whatever becomes of answers."""

    submission: ClassVar[str]
    """The operation that makes one."""
    listing: ClassVar[str]
    """The operation that ``find`` and ``unfinished`` call."""

    @abstractmethod
    def send(self, request: Mapping[str, Any], token: str | None) -> str:
        """Send the request once: the id of what it made.

        :param token: the client token, where the service takes one
        """

    @abstractmethod
    def find(self, key: str, since: datetime) -> R | None:
        """The newest with that key in its name.

        :param since: when the key's DAG run started: nothing older carries the key
        """

    @abstractmethod
    def unfinished(self) -> list[R]:
        """All that have not ended, whoever made them."""

    def token(self, key: str, since: datetime, earlier: str | None) -> str | None:
        """The client token by which the service itself tells a request that is sent twice; None where it knows none."""
        return None

    def submit(
        self,
        request: Mapping[str, Any],
        key: str,
        since: datetime,
        *,
        earlier: str | None = None,
        unsent: float | None = None,
    ) -> str:
        """The id of the one thing that this request made.

        Where the service takes a token, the request may be sent again until its answer is clear. Where it does not,
        what an unclear answer may have made is looked for by its key first.

        :param since: when the key's DAG run started: nothing older carries the key
        :param earlier: the id of an earlier attempt under the same key, which is not what is looked for
        :param unsent: when nothing carried the key yet but ``earlier``, in seconds since 1970
        """
        from airflow_emr_pipelines.hooks.sending import retry_until_clear, submit_once

        token = self.token(key, since, earlier)
        if token is not None:
            return retry_until_clear(lambda: self.send(request, token), operation=self.submission)

        def find() -> str | None:
            found = self.find(key, since)
            return found.id if found and found.id != earlier else None

        return submit_once(lambda: self.send(request, None), find, operation=self.submission, unsent=unsent)


class JobCompute(Submitting[J]):
    """A compute that runs jobs."""

    noun: ClassVar[str]
    """What the service calls a job: ``step``."""
    runs_on: ClassVar[str]
    """What the service calls that which jobs run on: ``cluster``."""

    @abstractmethod
    def log_files(self, report: J, *, log: Any) -> JobLogs:
        """The logs of a job that has ended, which are waited for where they come late.

        Logs that cannot be found change nothing about how the job ended.

        :param log: where it is said where they are read from, and what is missing
        """


def compute_class(path: str) -> type[Compute[Any]]:
    """A compute's class by its path below ``hooks``: ``ec2.steps.EmrSteps``.

    A trigger's fields come back from Airflow's database, so that nothing else can be named than a compute of ours.

    :raises InvalidSpec: there is none of that path
    """
    module, _, name = path.rpartition(".")
    found = getattr(import_module(f"{HOOKS}.{module}"), name, None) if PATH.fullmatch(path) else None
    if not (isinstance(found, type) and issubclass(found, Compute)):
        raise InvalidSpec("compute", path, f"it is no compute below {HOOKS}", "write one as ec2.steps.EmrSteps")
    return found
