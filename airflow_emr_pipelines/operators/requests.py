"""Operators whose request can be told before it is sent: a task sends what its plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Requesting:
    """What an operator has that makes something on EMR by one request."""

    operation: ClassVar[str]
    """The operation of AWS that takes the request."""
    request_fields: ClassVar[Mapping[str, Any]]
    """The fields that the request is made of, by name: the kind of spec that each is, in brackets where it is a list of
    them; None where it is a plain value."""

    @classmethod
    def request(
        cls, fields: Mapping[str, Any], *, key: str, tags: Mapping[str, str], region: str | None
    ) -> dict[str, Any]:
        """The whole request. Nothing is asked of AWS, and a secret is not revealed.

        :param fields: ``request_fields``, rendered, with specs where these are said
        :param key: of the task run
        :param tags: of what is made, where it has tags
        :param region: where it is sent, as far as it is known
        """
        raise NotImplementedError

    def own_fields(self, **specs: Any) -> dict[str, Any]:
        """The fields of this operator that its request is made of.

        :param specs: those that are specs
        """
        return {**{name: getattr(self, name) for name in self.request_fields}, **specs}
