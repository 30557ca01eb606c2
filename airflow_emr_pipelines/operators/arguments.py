"""Arguments that an operator, or a group of tasks, does not have: Airflow names them, and no way out."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow_emr_pipelines.specs.values.rules import unknown_name

ELSEWHERE = {
    "action_on_failure": "it on the step: SparkStep(…, on_failure=…)",
    "on_failure": "it on the step: SparkStep(…, on_failure=…)",
    "job_flow_id": "cluster_id=",
    "job_flow_overrides": "cluster=EmrCluster.from_request(…)",
    "waiter_delay": "poll_seconds=",
    "waiter_max_attempts": "execution_timeout=",
}
"""What the stock operators call a thing, and how it is written here."""


def parameters_of(kind: type[Any]) -> list[str]:
    """All that a class takes by name, whichever of its bases does."""
    names: dict[str, None] = {}
    for base in kind.__mro__:
        if "__init__" in vars(base):
            named = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= dict.fromkeys(
                one.name for one in named if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
            )
    return [name for name in names if name != "self"]


@contextmanager
def told_of_unknown(
    kind: type[Any], given: Mapping[str, Any], *, also: Collection[str] = (), elsewhere: Mapping[str, str] = ELSEWHERE
) -> Iterator[None]:
    """Say of an argument that there is not what is near, should a class within refuse it.

    :param given: what is handed on to its base
    :param also: what its caller takes besides
    """
    try:
        yield
    except TypeError as error:
        known = [*also, *parameters_of(kind)]
        ways_out = [f"{name}: {unknown_name(name, known, elsewhere)}" for name in given if name not in known]
        if not ways_out:
            raise
        raise TypeError(f"{kind.__name__} has no such argument: {'; '.join(ways_out)}") from error
