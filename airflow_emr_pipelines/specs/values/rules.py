"""Rules that fields of several specs share.

A rule takes a field's name and its value, refuses what the service would refuse or misunderstand, and gives the value
in its normal form. A value that is not known before the task runs passes as it is, until it is known.
"""

from __future__ import annotations

import difflib
import inspect
import json
import math
import re
import shlex
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec, may_be_secret
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_template

Rule = Callable[[str, Any], Any]

FORBIDDEN_CHARACTERS = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0 does not allow (botocore: shape XmlString of service emr)."""
STRING_LIMIT = 10_280
NAME_LIMIT = 256
OTHERS = ("airflow_emr_pipelines", "airflow", "dataclasses")
"""Where no line of a user's stands."""
WHOLE = re.compile(r"-?[0-9]+")


class Doubt(UserWarning):
    """What is legal and hardly meant so. ``code`` is the word that a plan has for it."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


def warn(field: str, value: object, rule: str, remedy: str, *, code: str = "hardly-meant") -> None:
    """Say of a value what is legal and hardly meant so, in the words of a refusal, at the line that has made it."""
    warn_where_written(Doubt(str(InvalidSpec(field, value, rule, remedy)), code))


def warn_where_written(said: str | Doubt) -> None:
    """Warn at the user's line: the nearest that is neither this package's nor Airflow's."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OTHERS:
        frame, level = frame.f_back, level + 1
    warnings.warn(said, UserWarning, stacklevel=level)


def text(field: str, value: Any, *, limit: int = STRING_LIMIT, empty: bool = False) -> Any:
    """A text of characters that EMR takes, not too long."""
    if not is_rendered(value):
        return value
    if not isinstance(value, str):
        quotes = "give it a value" if value is None else "write it in quotes"
        raise InvalidSpec(field, value, f"it is a text, not {article(value)}", instead_of(value) or quotes)
    if not value.strip() and not empty:
        raise InvalidSpec(field, value, "it must not be empty", "give it a value")
    if found := FORBIDDEN_CHARACTERS.search(value):
        raise InvalidSpec(
            field,
            value,
            f"EMR takes no control character such as {found.group(0)!r}, which is at position {found.start()}",
            "take it out of the text",
        )
    if len(value) > limit:
        raise InvalidSpec(
            field, value, f"EMR takes at most {limit:,} characters, and it has {len(value):,}", "shorten it"
        )
    return str.__str__(value)  # of a member of an enum its text, not its name


def words(field: str, values: Any, *, each: Rule | None = None) -> Any:
    """A list, as a tuple, with a rule for each element: a word of a command line unless another is given."""
    if not is_rendered(values):
        return values
    name = field.rpartition(".")[2]
    if isinstance(values, str):
        raise InvalidSpec(field, values, "it is a list with one text an element, not one text", as_list(field, values))
    if isinstance(values, (Mapping, Set, bytes)) or not isinstance(values, Iterable):
        raise InvalidSpec(field, values, f"it is a list, not {article(values)}", f"write {name}=[…]")
    checked: list[Any] = []
    for place, value in enumerate(values):
        before = checked[-1] if checked else None
        told = f" (after {before})" if isinstance(before, str) and re.fullmatch(r"--?[\w.-]{1,40}", before) else ""
        checked.append((each or word)(f"{field}[{place}]{told}", value))
    return tuple(checked)


def as_list(field: str, line: str) -> str:
    """The way out of one text that stands where a list is wanted."""
    name = field.rpartition(".")[2]
    if is_template(line) or line.lstrip().startswith("["):
        return "set render_template_as_native_obj=True on the DAG, or hand the list over as the task's .output"
    try:
        parts = shlex.split(line) if name == "args" else [part.strip() for part in line.split(",")]
    except ValueError:
        parts = []
    shown = json.dumps(parts, ensure_ascii=False)
    fits = parts and len(shown) <= 200 and not may_be_secret(field, line)
    return f"write {name}={shown}" if fits else f'write {name}=["one", "other"]'


def word(field: str, value: Any) -> Any:
    """One word of a command line; numbers become text."""
    if isinstance(value, bool):
        raise InvalidSpec(
            field,
            value,
            "a Python truth value says nothing to the program",
            'write "true" or "false", as the program reads it',
        )
    if isinstance(value, (int, float)):
        return str(value)
    return text(field, value, empty=True)


def list_element(field: str, value: Any) -> Any:
    """One element of a list that a program gets joined by commas."""
    text(field, value)
    if isinstance(value, str) and is_rendered(value) and "," in value:
        raise InvalidSpec(field, value, "a comma parts it into several", "write one an element")
    return value


def settings(field: str, values: Any, *, name: Rule | None = None, each: Rule | None = None) -> Any:
    """A mapping of names to texts, with a rule for each name and for each value."""
    if not is_rendered(values):
        return values
    short = field.rpartition(".")[2]
    if isinstance(values, str):
        raise InvalidSpec(field, values, "it is a mapping; one text would be one setting", _as_mapping(field, values))
    if not isinstance(values, Mapping):
        raise InvalidSpec(
            field, values, f"it is a mapping, not {article(values)}", f'write {short}={{"name": "value"}}'
        )
    for key in values:
        if not is_rendered(key):
            raise InvalidSpec(
                field, key, "Airflow renders the values of a mapping, not its keys", "write the key without a template"
            )
    return {
        (name or setting_name)(field, key): (each or setting)(f"{field}[{key!r}]", value)
        for key, value in values.items()
    }


def _as_mapping(field: str, line: str) -> str:
    name = field.rpartition(".")[2]
    if is_template(line) or line.lstrip().startswith("{"):
        return "set render_template_as_native_obj=True on the DAG, or hand the mapping over as the task's .output"
    pairs = [pair.partition("=") for pair in re.split(r",(?=\s*[\w.-]+=)", line) if "=" in pair]
    shown = json.dumps({key.strip(): value.strip() for key, _, value in pairs}, ensure_ascii=False)
    fits = pairs and len(shown) <= 200 and not may_be_secret(field, line)
    return f"write {name}={shown}" if fits else f'write {name}={{"name": "value", "other": "value"}}'


def by_key(field: str, pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """A mapping of what a request has as a list of keys and values."""
    read: dict[str, Any] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise InvalidSpec(field, key, "a key is a text", 'write {"Key": "name", "Value": "value"}')
        if key in read:
            raise InvalidSpec(field, key, "it is there twice", "leave one of them out")
        read[key] = value
    return read


def setting_name(field: str, name: Any) -> Any:
    """The name of one setting."""
    text(field, name)
    if re.search(r"[=,\s]", name):
        raise InvalidSpec(
            field,
            name,
            "a setting's name has no blank, comma or = in it",
            f'write {field.rpartition(".")[2]}={{"name": "value", "other": "value"}}, one entry a setting',
        )
    return name


def setting(field: str, value: Any) -> Any:
    """The value of one setting; truth values and numbers become text as Hadoop writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if value is None:
        raise InvalidSpec(field, value, "a setting has a value", "leave the setting out")
    return text(field, value, empty=True)


def truth(field: str, value: Any) -> Any:
    """True or False; a template gives them as text."""
    if not is_rendered(value) or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise InvalidSpec(field, value, "it is a truth value", "write True or False")


def whole(field: str, value: Any, *, least: int, most: int | None = None) -> Any:
    """A whole number within bounds; a template gives it as text."""
    if not is_rendered(value):
        return value
    number = int(value) if isinstance(value, str) and WHOLE.fullmatch(value.strip()) else value
    bounds = f"from {least:,} to {most:,}" if most is not None else f"of at least {least:,}"
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidSpec(field, value, f"it is a whole number, not {article(value)}", f"write a number {bounds}")
    if number < least or (most is not None and number > most):
        raise InvalidSpec(field, value, f"it must be a number {bounds}", "choose another one")
    return number


def number(field: str, value: Any, *, least: float) -> Any:
    """A number that may have a fraction; a template gives it as text."""
    if not is_rendered(value):
        return value
    try:
        read = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        read = None
    if read is None or not math.isfinite(read):
        raise InvalidSpec(
            field, value, f"it is a number, not {article(value)}", f"write a number of at least {least:g}"
        )
    if read < least:
        raise InvalidSpec(field, value, f"it must be at least {least:g}", "choose another one")
    return read


def instance(field: str, value: Any, *, kind: type[Any]) -> Any:
    """A value of that kind."""
    if isinstance(value, kind) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, f"it is no {kind.__name__}", f"write {kind.__name__}(…)")


def choice(field: str, value: Any, *, choices: Sequence[str]) -> Any:
    """One of some words."""
    if is_rendered(value) and value not in choices:
        raise InvalidSpec(field, value, f"it is none of {', '.join(choices)}", nearest(value, choices))
    return value


def instead_of(value: object) -> str | None:
    """The way out of a task, or a function, that stands where what it gives is wanted."""
    if hasattr(value, "task_id") and hasattr(value, "output"):
        return "hand over what the task gives, its .output"
    return "call it, and hand over what it gives" if callable(value) else None


def nearest(word: object, words: Sequence[str]) -> str:
    """The way out of a word that is not among those that are known."""
    by_lower_case = {known_word.lower(): known_word for known_word in words}
    near = difflib.get_close_matches(str(word).lower().replace("-", "_"), list(by_lower_case), n=1)
    return f"did you mean {by_lower_case[near[0]]}?" if near else f"choose one of {', '.join(words)}"


def unknown_name(name: str, known: Iterable[str], elsewhere: Mapping[str, str]) -> str:
    """The way out of an argument that there is not.

    :param elsewhere: what others call a thing, and how it is written here
    """
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()  # as EMR's API writes it
    known = [*known]
    near = difflib.get_close_matches(word, [*elsewhere, *known], n=1)
    return f"write {elsewhere[near[0]]}" if near and near[0] in elsewhere else nearest(word, known)


def article(value: object) -> str:
    """What a value is, as one says it: an int, a dict."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
