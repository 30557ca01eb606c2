"""Every exception that this package raises on purpose::

    EmrPipelinesError
    ├── InvalidSpec           bad input, also a ValueError
    ├── InvalidDocument       a document of steps with faults, each with its line, also a ValueError
    ├── StepFailed            a step did not complete
    │   ├── StepCancelled     … because somebody cancelled it
    │   └── StepLost          … because what it ran on was lost, also an InfrastructureLost
    ├── ClusterFailed         a cluster did not become what it should
    │   ├── ClusterGone       … and cannot take steps any more
    │   └── ClusterLost       … because of machines, capacity or EMR itself, also an InfrastructureLost
    ├── StepsNotCancelled     EMR would not cancel steps that have not ended
    ├── ClusterNotModified    a change of a cluster was refused, or did not come about
    ├── SecurityConfigurationDiffers  one of that name exists, and says something else
    ├── InfrastructureLost    no fault of the work, which may well succeed elsewhere
    ├── NotOfTheTask          what is said to be a task's is not shown to be
    ├── SparkHistoryNotReady  EMR has yet to get the user interface ready
    ├── BranchesMissing       branches did not make it to where they meet
    ├── DeadlineExceeded      what was waited for did not end in time
    ├── UnclearAnswer         a request may or may not have taken effect
    ├── UnknownState          a state that is none of EMR's
    ├── DagNotFound           no DAG of that id could be read
    ├── WatchRefused          the service refused to say how the work stands
    └── BadTriggerEvent       a trigger came back with something that is no answer

The fields are attributes, and the exceptions survive pickling.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

HIDDEN = "(not shown: it may hold a secret)"
LONGEST_VALUE, LONGEST_PART, LONGEST_PROBLEM, MOST_PROBLEMS = 120, 400, 1_500, 20


class EmrPipelinesError(Exception):
    """Root of the tree."""


class InvalidSpec(EmrPipelinesError, ValueError):
    """A value that the service would refuse, or would not take as it was meant.

    A value that may be a secret is not kept.
    """

    def __init__(self, field: str, value: object, rule: str, remedy: str) -> None:
        if may_be_secret(field, value):
            value = HIDDEN
        super().__init__(field, value, rule, remedy)
        self.field, self.value, self.rule, self.remedy = field, value, rule, remedy

    def __str__(self) -> str:
        value = HIDDEN if isinstance(self.value, str) and self.value == HIDDEN else repr(self.value)
        field, rule, remedy = (_cut(text, LONGEST_PART) for text in (self.field, self.rule, self.remedy))
        return f"{field} = {_cut(value, LONGEST_VALUE)}: {rule}; {remedy}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def may_be_secret(field: str, value: object) -> bool:
    """Whether a log should rather not show a value, by its own look or by the name of its field.

    A text that goes on after a secret name is hidden whole: more than a log masks, since a value that is hidden is
    little loss.
    """
    # Not at the top: a DAG file loads the errors whenever it is parsed, and hardly ever meets one.
    from airflow_emr_pipelines.specs.values.masking import without_secrets
    from airflow_emr_pipelines.specs.values.secret_forms import SECRET, SECRET_NAME

    said = repr(value)
    goes_on = re.search(rf"{SECRET}[\w.-]*[\"']?[\s=:,]+\S", said, re.IGNORECASE)
    return bool(SECRET_NAME.search(field) or goes_on) or without_secrets(said) != said


class InvalidDocument(EmrPipelinesError, ValueError):
    """A document of steps that cannot be run as it stands. ``problems`` name the line, the rule and the way out.

    Of many the first are kept, and ``more`` is the number of the others: whatever the document says, the error is short
    enough for a log.
    """

    def __init__(self, address: str, problems: Sequence[str], more: int | None = None) -> None:
        kept = [_cut(_encodable(problem), LONGEST_PROBLEM) for problem in problems[:MOST_PROBLEMS]]
        more = (more or 0) + len(problems) - len(kept) or None
        super().__init__(address, kept, more)
        self.address, self.problems, self.more = address, kept, more

    def __str__(self) -> str:
        lines = [*self.problems, *([f"and {self.more:,} more"] if self.more else [])]
        return f"{_cut(self.address, LONGEST_PART)} was not run: " + "".join(f"\n  {line}" for line in lines)


def _encodable(text: str) -> str:
    """A text without halves of characters, which JSON can say and no log can hold."""
    return text.encode(errors="backslashreplace").decode()


class StepFailed(EmrPipelinesError):
    """A step ended without completing. Its text begins with ``cause``, the probable one; ``log`` says where to look."""

    def __init__(self, cluster_id: str, step_id: str, name: str, state: str, cause: str, log: str | None) -> None:
        super().__init__(cluster_id, step_id, name, state, cause, log)
        self.cluster_id, self.step_id, self.name, self.state = cluster_id, step_id, name, state
        self.cause, self.log = cause, log

    def __str__(self) -> str:
        stop = "" if self.cause.endswith((".", "!", "?")) else "."
        which = f"Step {self.step_id} ({self.name}) on cluster {self.cluster_id} ended {self.state}."
        return f"{self.cause}{stop} {which}" + (f" Log: {self.log}" if self.log else "")


class StepCancelled(StepFailed):
    """A step was cancelled by somebody else than its task."""


class InfrastructureLost(EmrPipelinesError):
    """Machines, capacity, or EMR itself failed, and not the work: a retry policy may treat it apart."""


class StepLost(StepFailed, InfrastructureLost):
    """A step ended because the machines that it ran on were lost."""


class ClusterFailed(EmrPipelinesError):
    """A cluster ended, or cannot be ended. ``details`` are EMR's ErrorDetails."""

    def __init__(self, cluster_id: str, name: str, state: str, code: str, message: str, details: str | None) -> None:
        super().__init__(cluster_id, name, state, code, message, details)
        self.cluster_id, self.name, self.state = cluster_id, name, state
        self.code, self.message, self.details = code, message, details

    def __str__(self) -> str:
        details = f" ({self.details})" if self.details else ""
        return f"Cluster {self.cluster_id} ({self.name}) is {self.state}, {self.code}: {self.message}{details}"


class ClusterGone(ClusterFailed):
    """A cluster cannot take steps any more."""


class ClusterLost(ClusterFailed, InfrastructureLost):
    """A cluster ended because of lost machines, capacity that was not there, or a fault of EMR's own."""


class StepsNotCancelled(EmrPipelinesError):
    """EMR would not cancel steps that have not ended. ``reasons`` are by step id."""

    def __init__(self, cluster_id: str, reasons: Mapping[str, str]) -> None:
        super().__init__(cluster_id, dict(reasons))
        self.cluster_id, self.reasons = cluster_id, dict(reasons)

    def __str__(self) -> str:
        told = "; ".join(f"{step_id}: {reason}" for step_id, reason in self.reasons.items())
        return f"EMR did not cancel {len(self.reasons)} of the steps of cluster {self.cluster_id}: {told}"


class ClusterNotModified(EmrPipelinesError):
    """A change of a cluster was refused, or did not come about. ``reasons`` are by what was to change."""

    def __init__(self, cluster_id: str, reasons: Mapping[str, str]) -> None:
        super().__init__(cluster_id, dict(reasons))
        self.cluster_id, self.reasons = cluster_id, dict(reasons)

    def __str__(self) -> str:
        told = "; ".join(f"{what}: {reason}" for what, reason in self.reasons.items())
        return f"Cluster {self.cluster_id} is not as it was asked to be: {told}"


class SecurityConfigurationDiffers(EmrPipelinesError):
    """A security configuration of that name exists, and says something else. ``parts`` are the members that differ."""

    def __init__(self, name: str, parts: Sequence[str]) -> None:
        super().__init__(name, list(parts))
        self.name, self.parts = name, list(parts)

    def __str__(self) -> str:
        return (
            f"There is a security configuration {self.name} already, and it differs in {', '.join(self.parts)}; EMR "
            "cannot change one: choose another name, or delete it first by EmrDeleteSecurityConfigurationOperator"
        )


class SparkHistoryNotReady(EmrPipelinesError):
    """EMR has yet to get the persistent user interface of a cluster ready."""

    def __init__(self, ui: str, status: str, reason: str | None) -> None:
        super().__init__(ui, status, reason)
        self.ui, self.status, self.reason = ui, status, reason

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"EMR's user interface {self.ui} is {self.status}{reason}"


class NotOfTheTask(EmrPipelinesError):
    """What is said to be a task's own is not shown to be. ``what`` is said to be it, and ``rule`` says what would."""

    def __init__(self, what: str, rule: str) -> None:
        super().__init__(what, rule)
        self.what, self.rule = what, rule

    def __str__(self) -> str:
        return f"{self.what} is not shown to be the task's own: {self.rule}"


class BranchesMissing(EmrPipelinesError):
    """Branches did not make it to where they meet. ``missing`` says why, by name."""

    def __init__(self, missing: Mapping[str, str]) -> None:
        super().__init__(dict(missing))
        self.missing = dict(missing)

    def __str__(self) -> str:
        told = "; ".join(f"{name}: {why}" for name, why in self.missing.items())
        return f"{len(self.missing)} of the branches did not make it: {told}"


class DeadlineExceeded(EmrPipelinesError):
    """What was waited for did not end in time, and was cancelled where it was the task's own."""

    def __init__(self, what: str, seconds: float, last_state: str) -> None:
        super().__init__(what, seconds, last_state)
        self.what, self.seconds, self.last_state = what, seconds, last_state

    def __str__(self) -> str:
        return f"{self.what} did not end within {self.seconds:g} s; its state was {self.last_state}"


class UnclearAnswer(EmrPipelinesError):
    """A request may or may not have taken effect, and looking did not settle it."""

    def __init__(self, operation: str, happened: str, remedy: str) -> None:
        super().__init__(operation, happened, remedy)
        self.operation, self.happened, self.remedy = operation, happened, remedy

    def __str__(self) -> str:
        return f"{self.operation}: {self.happened}; {self.remedy}"


class UnknownState(EmrPipelinesError):
    """A state that is none of EMR's."""

    def __init__(self, what: str, state: str) -> None:
        super().__init__(what, state)
        self.what, self.state = what, state

    def __str__(self) -> str:
        return f"{self.what} has the state {self.state!r}, which is none of EMR's that this release knows"


class DagNotFound(EmrPipelinesError):
    """No DAG of that id was read. ``others`` are the ids that were, ``import_errors`` what Airflow says, by file."""

    def __init__(self, dag_id: str, others: Sequence[str], import_errors: Mapping[str, str]) -> None:
        super().__init__(dag_id, list(others), dict(import_errors))
        self.dag_id, self.others, self.import_errors = dag_id, list(others), dict(import_errors)

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.dag_id, self.others, n=3, cutoff=0.5)
        told = f"; did you mean {' or '.join(near)}?" if near else f"; there are: {', '.join(self.others) or 'none'}"
        broken = (f"\n{file} cannot be imported:\n{error.rstrip()}" for file, error in self.import_errors.items())
        return f"There is no DAG {self.dag_id}{told}" + "".join(broken)


class WatchRefused(EmrPipelinesError):
    """The service refused to say how the work stands, so its end is not known."""

    def __init__(self, what: str, answer: str) -> None:
        super().__init__(what, answer)
        self.what, self.answer = what, answer

    def __str__(self) -> str:
        return f"Watching {self.what} was refused, so how it ended is not known: {self.answer}"


class BadTriggerEvent(EmrPipelinesError):
    """A trigger came back with something that is no answer."""

    def __init__(self, event: object) -> None:
        super().__init__(event)
        self.event = event

    def __str__(self) -> str:
        return f"The trigger came back with {self.event!r}, which says nothing about the work: its end is not known"
