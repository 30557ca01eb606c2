"""An IAM policy that grows by what is granted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Condition = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Account:
    """Whose resources a policy names; a star stands for any.

    :param deployment: the deployment id that our clusters carry as a tag; empty where they carry none
    :param log_uri: where the logs of clusters are that a DAG does not describe; empty for anywhere
    """

    id: str = "*"
    region: str = "*"
    partition: str = "aws"
    deployment: str = ""
    log_uri: str = ""


@dataclass(frozen=True, order=True)
class _Grant:
    """What a statement is about; grants that are equal in this share it."""

    sid: str
    condition: str
    """As JSON."""
    key: str
    """The condition key that has to have one of several values; empty where there is none."""


@dataclass
class Policy:
    """Statements, and what a reader has to know about them."""

    notes: list[str] = field(default_factory=list)
    _actions: dict[tuple[_Grant, str], set[str]] = field(default_factory=dict)
    _values: dict[_Grant, set[str]] = field(default_factory=dict)

    def grant(
        self,
        sid: str,
        actions: Iterable[str],
        resource: str,
        condition: Condition | None = None,
        *,
        one_of: tuple[str, str] | None = None,
    ) -> None:
        """Allow actions on a resource.

        :param condition: under which
        :param one_of: a condition key, and one of the values that it may have
        """
        key, value = one_of or ("", "")
        grant = _Grant(sid, json.dumps(condition or {}, sort_keys=True), key)
        self._actions.setdefault((grant, resource), set()).update(actions)
        self._values.setdefault(grant, set()).add(value)

    def note(self, text: str) -> None:
        """Tell the reader, once."""
        if text not in self.notes:
            self.notes.append(text)

    def document(self) -> dict[str, Any]:
        """The policy as IAM takes it. Resources share a statement when all its actions are allowed on each of them."""
        shared: dict[tuple[_Grant, tuple[str, ...]], list[str]] = {}
        for (grant, resource), actions in sorted(self._actions.items()):
            shared.setdefault((grant, tuple(sorted(actions))), []).append(resource)
        times: dict[str, int] = {}
        statements = []
        for (grant, allowed), resources in shared.items():
            times[grant.sid] = times.get(grant.sid, 0) + 1
            number = times[grant.sid] if times[grant.sid] > 1 else ""
            statement: dict[str, Any] = {
                "Sid": f"{grant.sid}{number}",
                "Effect": "Allow",
                "Action": list(allowed),
                "Resource": resources,
            }
            if condition := self._condition(grant):
                statement["Condition"] = condition
            statements.append(statement)
        return {"Version": "2012-10-17", "Statement": statements}

    def _condition(self, grant: _Grant) -> dict[str, Any]:
        condition: dict[str, Any] = json.loads(grant.condition)
        if grant.key:
            condition.setdefault("StringEquals", {})[grant.key] = sorted(self._values[grant])
        return condition
