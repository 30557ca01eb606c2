"""The language in which a kind of step says its command: which word is which field, in their order.

What renders a command and what reads one follow the kind's table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

COMMAND_RUNNER = "command-runner.jar"
"""EMR's own jar, which has no path; its first argument is a command of the primary node."""
SCRIPT_RUNNER = "s3://{region}.elasticmapreduce/libs/script-runner/script-runner.jar"
"""EMR's jar, one in each region
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-commandrunner.html)."""
REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-[0-9]+")
GENERIC_OPTIONS = ("-D", "-conf", "-files", "-libjars", "-archives", "-fs", "-jt")
"""Hadoop reads them only before the options of the job
(https://hadoop.apache.org/docs/stable/hadoop-streaming/HadoopStreaming.html)."""


class Word:
    """A field that is a word of the command."""

    def __init__(self, field: str) -> None:
        self.field = field

    def words(self, value: Any) -> Iterable[Any]:
        """What the command says of a value."""
        return (value,)


class Words(Word):
    """A list that is as many words of the command."""

    def words(self, value: Any) -> Iterable[Any]:
        return tuple(value)


class Option:
    """A field that is an option with its value.

    :param also: other names of the option, which are understood
    """

    def __init__(self, field: str, name: str, also: tuple[str, ...] = ()) -> None:
        self.field = field
        self.name = name
        self.also = also

    def words(self, value: Any) -> Iterable[Any]:
        """What the command says of a value."""
        return self.name, value


class Joined(Option):
    """A list that is an option with the elements joined by commas."""

    def words(self, value: Any) -> Iterable[Any]:
        return self.name, ",".join(value)


class Equal(Option):
    """A field that is an option and its value in one word."""

    def words(self, value: Any) -> Iterable[Any]:
        return (f"{self.name}={str(value).lower() if isinstance(value, bool) else value}",)


class Each(Option):
    """A list that is an option for each element."""

    def words(self, value: Any) -> Iterable[Any]:
        return [word for element in value for word in (self.name, element)]


class Settings(Option):
    """A mapping that is an option for each name=value."""

    def words(self, value: Any) -> Iterable[Any]:
        return [word for key, setting in value.items() for word in (self.name, f"{key}={setting}")]


class Switch(Option):
    """A truth value that is an option without a value."""

    def words(self, value: Any) -> Iterable[Any]:
        return (self.name,) if value else ()


Command = tuple[str | Word | Option, ...]


def options_of(command: Command) -> dict[str, Option]:
    """The options of a command, each by all its names."""
    options = [part for part in command if isinstance(part, Option)]
    return {name: option for option in options for name in (option.name, *option.also)}


def command_words(step: Any) -> list[str]:
    """The words of a step's command."""
    words: list[Any] = []
    for part in step.command_line:
        if isinstance(part, str):
            words.append(part)
        elif (value := getattr(step, part.field)) is not None and value != ():
            words += part.words(value)
    return [str(word) for word in words]
