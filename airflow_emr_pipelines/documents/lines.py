"""A document in JSON or YAML as values, with the line on which each of them stands. It is data, and never evaluated."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import yaml

from airflow_emr_pipelines.errors import HIDDEN, InvalidDocument, may_be_secret

Path = tuple[str | int, ...]
TAGS = tuple(f"tag:yaml.org,2002:{word}" for word in ("str", "bool", "int", "float", "null", "map", "seq"))
LONGEST = 1_000_000
"""Characters of a document; EMR takes 10,240 of a step's arguments, and 256 active steps."""
LARGEST = 4 * LONGEST
"""Bytes of so many characters, at the most."""
MOST_STEPS = 256
"""As many as EMR lets wait and run on one cluster."""
MOST_VALUES, DEEPEST, MOST_DIGITS, LONGEST_NAME = 50_000, 20, 40, 80
"""Values of a document, lists and mappings around one, digits of a number, and characters of a name that is told."""
TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")


class Loader(yaml.SafeLoader):
    """YAML without what surprises: dates and yes, no, on and off are texts, as in JSON."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in TAGS and not tag.endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", TRUTH, list("tTfF"))


@dataclass(frozen=True)
class Document:
    """The values of a document, and where each stands, by the keys and numbers that lead to it."""

    address: str
    value: Any
    places: Mapping[Path, tuple[int, int]]

    @classmethod
    def read(cls, address: str, text: str) -> Document:
        """The document of a text, which is JSON where its address ends so, and YAML otherwise.

        :raises InvalidDocument: it cannot be read; the line is told
        """
        if len(text) > LONGEST:
            raise InvalidDocument(address, [f"it has {len(text):,} characters; make it at most {LONGEST:,}"])
        try:
            return cls._read(address, text, is_json=address.lower().endswith(".json"))
        except json.JSONDecodeError as error:
            raise InvalidDocument(
                address, [f"{_told(error.lineno, error.colno)}: it is no JSON: {error.msg}"]
            ) from None
        except _Refused as error:
            raise InvalidDocument(address, [str(error)]) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{_told(mark.line + 1, mark.column + 1)}: " if mark else ""
            raise InvalidDocument(address, [f"{where}it is no YAML: {error.problem}"]) from None
        except yaml.reader.ReaderError as error:
            where = _told_in(text, error.position)
            told = f"{where}: it has the character {chr(error.character)!r}, which YAML has not; write it as an escape"
            raise InvalidDocument(address, [told]) from None

    @classmethod
    def _read(cls, address: str, text: str, *, is_json: bool) -> Document:
        value = _json(text) if is_json else None
        # Where JSON has tabs they are blanks between values: in its texts they are escaped, or it is no JSON.
        loader = Loader(text.replace("\t", " ") if is_json else text)
        try:
            node = _composed(loader)
            document = cls(address, value, dict(_places(loader, node, ())))
            if not is_json:
                document = cls(address, loader.construct_document(node), document.places)
        finally:
            loader.dispose()
        for path, number in _numbers(document.value, ()):
            if not math.isfinite(number) or abs(number) >= 10**MOST_DIGITS:
                rule = f"a number is finite and has at most {MOST_DIGITS} digits; write it in quotes"
                raise InvalidDocument(address, [f"{document.told(path)}: {rule}"])
        return document

    def told(self, path: Path) -> str:
        """Where a value stands, or what it is in, as errors tell it."""
        while path not in self.places:
            path = path[:-1]
        return _told(*self.places[path])


def text_of(address: str, body: IO[bytes]) -> str:
    """The text of a document's bytes, of which no more are read than it may have.

    :raises InvalidDocument: there are more, or they are no UTF-8
    """
    read = body.read(LARGEST + 1)
    if len(read) > LARGEST:
        raise InvalidDocument(address, [f"it has more than {LARGEST:,} bytes; make it at most {LONGEST:,} characters"])
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = read[: error.start].decode(errors="replace")
        where, byte = _told_in(before, len(before)), f"0x{error.object[error.start]:02x}"
        raise InvalidDocument(address, [f"{where}: it is no text in UTF-8: byte {byte}; save it as UTF-8"]) from None


class _Refused(Exception):
    """Something that YAML knows and a document of steps must not have."""

    def __init__(self, mark: Any, rule: str) -> None:
        super().__init__(f"{_told(mark.line + 1, mark.column + 1)}: {rule}")


def _json(text: str) -> Any:
    """The values of a text in JSON; None of one whose depth is refused when it is read for its places."""
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else math.inf)
    except RecursionError:
        return None


def _composed(loader: Loader) -> yaml.Node:
    """The document's one root, without references from one place to another, and no larger than steps are."""
    compose, around, values = loader.compose_node, 0, 0

    def compose_node(parent: Any, index: Any) -> yaml.Node | None:
        nonlocal around, values
        event: Any = loader.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(event.start_mark, "it has an anchor or an alias; write the value out")
        values += 1
        if around > DEEPEST:
            raise _Refused(event.start_mark, f"it is nested too deeply; a step has at most {DEEPEST} levels")
        if around <= 2 and isinstance(parent, yaml.SequenceNode) and index >= MOST_STEPS:
            rule = f"a document has at most {MOST_STEPS} steps; make two documents of it"
            raise _Refused(event.start_mark, rule)
        if values > MOST_VALUES:
            raise _Refused(event.start_mark, f"it has more than {MOST_VALUES:,} values; make two documents of it")
        around += 1
        try:
            return compose(parent, index)
        finally:
            around -= 1

    loader.compose_node = compose_node  # type: ignore[method-assign]
    node: yaml.Node | None = loader.get_single_node()
    if node is None:
        raise _Refused(yaml.Mark("", 0, 0, 0, None, 0), "it is empty; write a list of at least one step")
    return node


def _places(loader: Loader, node: yaml.Node, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    if node.tag not in TAGS:
        raise _Refused(node.start_mark, f"the tag {named(node.tag)} is none of a document's; write a plain value")
    yield path, (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        for number, part in enumerate(node.value):
            yield from _places(loader, part, (*path, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, part in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != TAGS[0]:
                raise _Refused(key.start_mark, "a key is a text; write it, and each template, in quotes")
            if key.value in seen:
                raise _Refused(key.start_mark, f"{named(key.value)} stands twice; leave one of them out")
            seen.add(key.value)
            yield from _places(loader, part, (*path, key.value))
    elif node.tag != TAGS[0]:
        _check_scalar(loader, node)


def _check_scalar(loader: Loader, node: yaml.Node) -> None:
    """Hold that what is tagged, or looks, like a number or a truth value is one."""
    kind = node.tag.rpartition(":")[2]
    if kind in ("int", "float") and len(node.value) > MOST_DIGITS:
        raise _Refused(node.start_mark, f"a number has at most {MOST_DIGITS} digits; write it in quotes")
    try:
        loader.construct_object(node)
    except (ValueError, LookupError, OverflowError):
        raise _Refused(node.start_mark, f"it is no {kind}; write it in quotes, without a tag") from None


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, float]]:
    if isinstance(value, (int, float)):
        yield path, value
    elif isinstance(value, (list, dict)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(part, (*path, key))


def named(name: str) -> str:
    """A name of a document's as an error may tell it."""
    if may_be_secret("", name):
        return HIDDEN
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _told(line: int, column: int) -> str:
    return f"line {line}, column {column}"


def _told_in(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return _told(text.count("\n", 0, position) + 1, position - start + 1)
