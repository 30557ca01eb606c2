"""Secrets that Airflow keeps for a request: read when it is about to be sent, and never told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.ec2.kerberos import Secret
from airflow_emr_pipelines.specs.values import rules

LONGEST = 256
"""Characters of a password (botocore: KerberosAttributes)."""


class Secrets:
    """The secrets of one request."""

    def __init__(self) -> None:
        self._read: set[str] = set()

    def reveal(self, secret: Secret) -> str:
        """What the secret is; Airflow's logs do not show it from now on.

        :raises InvalidSpec: it is empty, or nothing that EMR takes; it names where the secret is kept
        """
        from airflow.sdk.log import mask_secret

        value = _kept_by_airflow(secret)
        told = f"Secret({secret.conn_id or secret.variable})"
        if not value:
            raise InvalidSpec(told, HIDDEN, "it is empty", "put it into the connection or variable of that name")
        mask_secret(value)
        self._read.add(value)
        checked: str = rules.text(told, value, limit=LONGEST)
        return checked

    @contextmanager
    def untold(self) -> Iterator[None]:
        """Within, an exception that is raised says none of them: it goes where no log's mask reaches, such as to
        callbacks and listeners."""
        try:
            yield
        except BaseException as error:
            for each in _chain(error) if self._read else ():
                each.args = self._without(each.args)
                vars(each).update(self._without(vars(each)))
            raise

    def _without(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._read:
                value = value.replace(secret, HIDDEN)
            return value
        if type(value) is dict:
            return {self._without(key): self._without(part) for key, part in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._without(part) for part in value)
        return value


def _kept_by_airflow(secret: Secret) -> Any:
    from airflow.sdk import Variable

    from airflow_emr_pipelines.versions import password_of

    if secret.variable is not None:
        return Variable.get(secret.variable)
    return password_of(str(secret.conn_id))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it came from."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]
