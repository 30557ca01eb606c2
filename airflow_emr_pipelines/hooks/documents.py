"""A document in JSON or YAML as values, with the line on which each of them stands. It is data, and never evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import yaml

from airflow_emr_pipelines.errors import InvalidDocument

Path = tuple[str | int, ...]
TAGS = tuple(f"tag:yaml.org,2002:{word}" for word in ("str", "bool", "int", "float", "null", "map", "seq"))
LONGEST = 1_000_000
"""Characters of a document; EMR takes 10,240 of a step's arguments, and 256 active steps."""
LARGEST = 4 * LONGEST
"""Bytes of so many characters, at the most."""
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
            is_json = address.lower().endswith(".json")
            value = json.loads(text) if is_json else None
            # Where JSON has tabs they are blanks between values: in its texts they are escaped, or it is no JSON.
            loader = Loader(text.replace("\t", " ") if is_json else text)
            try:
                node = _composed(loader)
                places = dict(_places(node, ()))
                return cls(address, value if is_json else loader.construct_document(node), places)
            finally:
                loader.dispose()
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
        except (yaml.YAMLError, ValueError) as error:
            raise InvalidDocument(address, [f"it cannot be read: {error}"]) from None
        except RecursionError:
            raise InvalidDocument(address, ["it is nested too deeply"]) from None

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
        raise InvalidDocument(address, [f"it is no text in UTF-8: {error}; save it as UTF-8"]) from None


class _Refused(Exception):
    """Something that YAML knows and a document of steps must not have."""

    def __init__(self, mark: Any, rule: str) -> None:
        super().__init__(f"{_told(mark.line + 1, mark.column + 1)}: {rule}")


def _composed(loader: Loader) -> yaml.Node:
    """The document's one root, without references from one place to another."""
    compose = loader.compose_node

    def compose_node(parent: Any, index: Any) -> yaml.Node | None:
        event: Any = loader.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(event.start_mark, "it has an anchor or an alias; write the value out")
        return compose(parent, index)

    loader.compose_node = compose_node  # type: ignore[method-assign]
    node: yaml.Node | None = loader.get_single_node()
    if node is None:
        raise ValueError("it is empty")
    return node


def _places(node: yaml.Node, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    if node.tag not in TAGS:
        raise _Refused(node.start_mark, f"the tag {node.tag} is none of a document's; write a plain value")
    yield path, (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        for number, part in enumerate(node.value):
            yield from _places(part, (*path, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, part in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != TAGS[0]:
                raise _Refused(key.start_mark, "a key is a text; write it, and each template, in quotes")
            if key.value in seen:
                raise _Refused(key.start_mark, f"{key.value} stands twice; leave one of them out")
            seen.add(key.value)
            yield from _places(part, (*path, key.value))


def _told(line: int, column: int) -> str:
    return f"line {line}, column {column}"
