"""Secrets over several lines: a private key's block, and what is indented below a secret name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_emr_pipelines.specs.values.secret_forms import MASK, WHOLE_NAME

LONGEST_KEY = 400
"""Lines within which a key's end is looked for: one of 16,384 bits has 200."""

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(
    r"[\s\"'+,>|]*(?:[\w+/]{16,}=*|(?:Proc-Type|DEK-Info|Version|Comment): .*)?(?:\\+[nr])*[\s\"'+,]*\Z"
)
_SHORT_KEY_LINE = re.compile(r"[\s\"'+,>|]*[\w+/]+=*(?:\\+[nr])*[\s\"'+,]*\Z")

_START = r"[ \t{]*(?:- +)*"
_NAME = rf"(?<![\w.-]){WHOLE_NAME}[\"']?\s*"
_OPENED = re.compile(rf"{_NAME}[:=]\s*(?:[|>][+-]?\d?[+-]?|[\[{{(])\s*(?:#.*)?\Z", re.IGNORECASE)
"""``password: |`` or ``"passwords": [``, wherever in a line it begins."""
_PARENT = re.compile(rf"{_START}[\"']?{WHOLE_NAME}[\"']?\s*:\s*(?:#.*)?\Z", re.IGNORECASE)
"""``password:``, alone in its line."""
_TEXT = re.compile(r"\s*([\"'])(?:(?!\1\s*:).)*\Z")
"""A text in quotes, which is masked as the one that it is."""
_PAIR_NAME = re.compile(rf"{_START}[\"']?(?:key|name)[\"']?\s*:\s*[\"']?{WHOLE_NAME}[\"']?,?\s*\Z", re.IGNORECASE)
_PAIR_VALUE = re.compile(
    rf"{_START}[\"']?values?[\"']?\s*:\s*(?:[|>][+-]?\d?[+-]?|[\[{{])?\s*(?:#.*)?\Z", re.IGNORECASE
)
_INDENT = re.compile(r"[ \t]*(?:- +)*")
_TRACE = re.compile(r"\s+(?:at\s|\.\.\. \d+ more|File \"|~~|\^)")


def without_blocks(lines: Sequence[str]) -> list[str]:
    """The lines, as many as they were, with those masked that belong to a secret of several lines."""
    shown = list(lines)
    place = 0
    while place < len(lines):
        end = _end_of_block(lines, place)
        for inside in range(place + 1, end):
            shown[inside] = _masked(lines[inside])
        place = max(end, place + 1)
    for place, line in enumerate(lines):
        if "-----END " in line and _END.search(line):
            _mask_before(shown, place)
    return shown


def _masked(line: str) -> str:
    """A line of a block; the end of a key is kept, so that one sees what stood there."""
    kept = _END.search(line)
    text, rest = (line[: kept.start()], line[kept.start() :]) if kept else (line, "")
    found = _INDENT.match(text)
    indent = found.group() if found else ""
    return f"{indent}{MASK if text[len(indent) :].strip() else ''}{rest}"


def _end_of_block(lines: Sequence[str], place: int) -> int:
    """The line after the block that begins in this one."""
    line = lines[place]
    if "-----BEGIN " in line and (begin := _BEGIN.search(line)) and not _END.search(line, begin.end()):
        return _end_of_key(lines, place + 1)
    bare = line.rstrip()
    if bare.endswith(("|", ">", "+", "-", ":", "[", "{", "(")) or "#" in bare or bare[-1:].isdigit():
        return _end_of_indented(lines, place, bare)
    return place + 1


def _end_of_key(lines: Sequence[str], start: int) -> int:
    within = range(start, min(start + LONGEST_KEY, len(lines)))
    if (end := next((place for place in within if _END.search(lines[place])), None)) is not None:
        return end + 1
    cut = next((place for place in within if not _KEY_LINE.match(lines[place])), within.stop)
    last = cut < len(lines) and _SHORT_KEY_LINE.match(lines[cut])
    return cut + 1 if last else cut


def _end_of_indented(lines: Sequence[str], place: int, line: str) -> int:
    of_pair = _PAIR_VALUE.match(line) and place and _PAIR_NAME.match(lines[place - 1])
    parent = _PARENT.match(line) and not (place + 1 < len(lines) and _TEXT.match(lines[place + 1]))
    if not (of_pair or parent or _OPENED.search(line)):
        return place + 1
    found = _INDENT.match(line)
    indent = found.end() if found else 0
    end = place + 1
    while end < len(lines) and (not lines[end].strip() or _is_below(lines[end], indent, listed=bool(parent))):
        end += 1
    return end


def _is_below(line: str, indent: int, *, listed: bool) -> bool:
    depth = len(line) - len(line.lstrip())
    return not _TRACE.match(line) and (
        depth > indent or (listed and depth == indent and line.lstrip().startswith("- "))
    )


def _mask_before(shown: list[str], end: int) -> None:
    """Mask the lines of a key whose beginning is not there, as in the tail of a log."""
    place = end - 1
    if place >= 0 and _SHORT_KEY_LINE.match(shown[place]):
        shown[place] = _masked(shown[place])
        place -= 1
    while place >= 0 and shown[place].strip() and _KEY_LINE.match(shown[place]):
        shown[place] = _masked(shown[place])
        place -= 1
