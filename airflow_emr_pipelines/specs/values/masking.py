"""Text that others wrote, such as a log, without the secrets that it says, and requests without theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from airflow_emr_pipelines.specs.values.secret_blocks import without_blocks
from airflow_emr_pipelines.specs.values.secret_forms import FORMS, MASK, NAME, NAMED, WHOLE_NAME

REACH = 3
"""Lines before and after a hint that are looked at with it: a name and its value may stand on lines of their own."""

_HINT = re.compile("|".join(sorted({re.escape(hint) for form in FORMS for hint in (*form.hints, *NAMED, "%")})))
_ENCODED_NAME = re.compile(r"(?<![\w.%-])((?:[\w.-]|%[0-9a-fA-F]{2}){1,200})=([^\s&\"']+)")
_UNSEEN = re.compile("\x1b\\[[\\d;:]*[mK]|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""Codes of colours, and characters that take no room: no piece of a name, though they may stand in one."""
_WORD_BREAK = "\x1f"
"""Stands between the arguments of a command: a blank to the forms that no argument holds."""

_SECRET_KEY = re.compile(NAME, re.IGNORECASE)
_SECRET_FLAG = re.compile(rf"--?{WHOLE_NAME}\Z", re.IGNORECASE)
_SECRET_WORD = re.compile(rf"{WHOLE_NAME}\Z", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """A text with the secrets in it masked, and the rest of it as it is, line by line.

    A secret is known by the name before it, or by its shape; one that stands alone is not seen.
    """
    return "\n".join(lines_without_secrets(text.split("\n")))


def lines_without_secrets(lines: Sequence[str]) -> list[str]:
    """As many lines, masked as the one text that they are: a secret may go over several.

    Colours and characters of no width hide no secret: a line that says one is shown without them.
    """
    plain = [_without_unseen(line) for line in lines]
    shown = _masked_lines(plain)
    return [line if text == bare else text for line, bare, text in zip(lines, plain, shown, strict=True)]


def _without_unseen(line: str) -> str:
    return line if line.isascii() and "\x1b" not in line else _UNSEEN.sub("", line)


def _masked_lines(lines: Sequence[str]) -> list[str]:
    shown = without_blocks(lines)
    for start, end in _worth_a_look(shown):
        shown[start:end] = _masked_text("\n".join(shown[start:end])).split("\n")
    return shown


def _worth_a_look(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretches of lines in which a secret may stand."""
    start = end = 0
    for place, line in enumerate(lines):
        if not _HINT.search(_lower(line)):
            continue
        if place - REACH > end:
            if end:
                yield start, end
            start = place - REACH
        end = min(place + REACH + 1, len(lines))
    if end:
        yield start, end


def _lower(text: str) -> str:
    """ASCII's letters in lower case: other alphabets' may have another length then."""
    return text if text.islower() else text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _masked_text(text: str) -> str:
    lowered = _lower(text)
    for form in FORMS:
        if any(hint in lowered for hint in form.hints):
            text = form.pattern.sub(lambda found: found["before"] + _mask_for(found["secret"]), text)
    return _ENCODED_NAME.sub(_without_encoded, text) if "%" in text else text


def _mask_for(secret: str) -> str:
    """A mask on as many lines as the secret was."""
    return "\n".join([MASK] * (secret.count("\n") + 1))


def _without_encoded(found: re.Match[str]) -> str:
    name, value = found.groups()
    secret = "%" in name and value != MASK and _SECRET_KEY.search(unquote(name))
    return f"{name}={MASK}" if secret else found.group()


def masked(value: Any) -> Any:
    """A request, or a part of one, with the secrets in it masked: texts, what follows a flag, what a name is put to."""
    if isinstance(value, str):
        text = without_secrets(value)
        return value if text == value else text  # which may be more than a text
    if isinstance(value, Mapping):
        named = _named_by(value)
        return {
            name: _hidden(part)
            if _SECRET_KEY.search(str(name)) or (named and str(name).lower() in _VALUES)
            else masked(part)
            for name, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return _masked_list(value)
    return value


_NAMES, _VALUES = ("key", "name"), ("value", "values")


def _named_by(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping is a name and its value, as EMR's tags and properties are, and the name is a secret's."""
    return any(str(name).lower() in _NAMES and _SECRET_KEY.search(str(part)) for name, part in value.items())


def _hidden(value: Any) -> Any:
    """What stands under a secret name, with each text and number in it masked."""
    if isinstance(value, Mapping):
        return {name: _hidden(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(part) for part in value]
    return value if value is None or isinstance(value, bool) else MASK


def _masked_list(values: Sequence[Any]) -> list[Any]:
    """A list of which each may say what the next is: a flag, a name, or a program of known flags."""
    if len(values) == 2 and isinstance(values[0], str) and _SECRET_WORD.match(values[0]):
        return [values[0], _hidden(values[1])]
    flags = [None, *values]
    parts = [
        _hidden(part) if isinstance(flag, str) and _SECRET_FLAG.match(flag) else masked(part)
        for flag, part in zip(flags, values, strict=False)
    ]
    return _masked_command(parts) if all(isinstance(part, str) for part in parts) else parts


def _masked_command(words: list[Any]) -> list[Any]:
    shown = without_secrets(_WORD_BREAK.join(words)).split(_WORD_BREAK)
    if len(shown) != len(words):
        return words
    return [word if text == word else text for word, text in zip(words, shown, strict=True)]
