"""Secrets over several lines: a private key's block, what is indented below a secret name, a text in quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_emr_pipelines.specs.values.secret_forms import MASK, NAME, TYPE, WHOLE_NAME, YAML_TAG

LONGEST_KEY = 400
"""Lines within which a key's end is looked for: one of 16,384 bits has 200."""
LONGEST_TEXT = 100
"""Lines within which the end of a text in quotes is looked for."""
LONGEST_NAME = 300
"""Characters before threefold quotes in which a name, and what puts it to them, is looked for."""

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(
    r"[\s\"'+,>|]*(?:[\w+/]{16,}=*|(?:Proc-Type|DEK-Info|Version|Comment): .*)?(?:\\+[nr])*[\s\"'+,]*\Z"
)
_SHORT_KEY_LINE = re.compile(r"[\s\"'+,>|]*[\w+/]+=*(?:\\+[nr])*[\s\"'+,]*\Z")

_START = r"[ \t{]*(?:- +)*"
_NAME = rf"(?<![\w.-]){WHOLE_NAME}[\"']?\s*"
_OPENED = re.compile(rf"{_NAME}[:=]\s*(?:(?:{YAML_TAG})?[|>][+-]?\d?[+-]?|[\[{{(])\s*(?:#.*)?\Z", re.IGNORECASE)
"""``password: |`` or ``"passwords": [``, wherever in a line it begins."""
_PARENT = re.compile(rf"{_START}[\"']?{WHOLE_NAME}[\"']?\s*:\s*(?:#.*)?\Z", re.IGNORECASE)
"""``password:``, alone in its line."""
_TEXT = re.compile(r"\s*([\"'])(?:(?!\1\s*:).)*\Z")
"""A text in quotes, which is masked as the one that it is."""
_PAIR_NAME = re.compile(rf"{_START}[\"']?(?:key|name)[\"']?\s*:\s*[\"']?{WHOLE_NAME}[\"']?,?\s*\Z", re.IGNORECASE)
_PAIR_VALUE = re.compile(
    rf"{_START}[\"']?values?[\"']?\s*:\s*(?:[|>][+-]?\d?[+-]?|[\[{{])?\s*(?:#.*)?\Z", re.IGNORECASE
)
_THREEFOLD = re.compile(rf"{_NAME}(?::[ \t]*{TYPE}[ \t]*)?[:=]\s*[bfru]{{0,2}}\Z", re.IGNORECASE)
"""What stands before the quotes in ``password = \"\"\"``."""
_UNCLOSED = re.compile(
    rf"(?P<mark>[\"'])[\w.-]{{0,100}}?{NAME}(?P=mark)\s*:\s*(?P=mark)(?:(?!(?P=mark))[^\\]|\\.)*\\?\Z", re.IGNORECASE
)
"""``"password": "…``, whose quote does not end in its line."""
_ENDS = {
    mark: re.compile(end)
    for mark, end in {
        '"""': r'(?P<end>""")',
        "'''": r"(?P<end>''')",
        '"': r'(?<!\\)(?:\\\\)*(?:(?P<end>")(?=\s*(?:[,})\]]|\Z))|")',
        "'": r"(?<!\\)(?:\\\\)*(?:(?P<end>')(?=\s*(?:[,})\]]|\Z))|')",
    }.items()
}
"""The first quotes of the kind, which end the text where what may follow a text follows."""
_INDENT = re.compile(r"[ \t]*(?:- +)*")
_TRACE = re.compile(r"\s+(?:at\s|\.\.\. \d+ more|File \"|~~|\^)")


def without_blocks(lines: Sequence[str]) -> list[str]:
    """The lines, as many as they were, with those masked that belong to a secret of several lines."""
    shown = list(lines)
    place = 0
    while place < len(lines):
        if closing := _end_of_text(lines, place):
            last, column = closing
            for inside in range(place + 1, last):
                shown[inside] = _masked(lines[inside])
            shown[last] = _masked(lines[last][:column]) + lines[last][column:]
            place = last
            continue
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


def _end_of_text(lines: Sequence[str], place: int) -> tuple[int, int] | None:
    """The line and the column of the quotes that end a secret which begins in this line and goes on in the next."""
    mark = _unclosed(lines[place])
    if not mark:
        return None
    for end in range(place + 1, min(place + 1 + LONGEST_TEXT, len(lines))):
        if (found := _ENDS[mark].search(lines[end])) is not None:
            return (end, found.start("end")) if found["end"] else None
    return None


def _unclosed(line: str) -> str | None:
    """The quotes in which a secret of this line goes on."""
    for mark in ('"""', "'''"):
        if line.count(mark) % 2 and _THREEFOLD.search(line[: line.rindex(mark)][-LONGEST_NAME:]):
            return mark
    for mark in ('"', "'"):
        if line.replace("\\\\", "").replace(f"\\{mark}", "").count(mark) % 2 and (found := _UNCLOSED.search(line)):
            return found["mark"]
    return None


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
