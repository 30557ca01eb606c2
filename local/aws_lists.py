"""Make the package's table of AWS's own lists anew from moto's copy of them: ``make lists``.

The lists are what ListReleaseLabels, ListSupportedInstanceTypes and EC2 answer; moto's maintainers refresh their copy.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

import moto.emr
from moto.utilities.utils import load_resource

TABLE = Path(__file__).parent.parent / "airflow_emr_pipelines" / "specs" / "ec2" / "aws_lists.json"
FOLDER = Path(moto.emr.__file__).parent / "resources"
LIST = re.compile(r"instance-types-(.+)\.json(\.gz)?")
ARCHITECTURES = {"X86_64": "x86_64", "AARCH64": "arm64"}
FAMILY = re.compile(r"([a-z]+(?:-[a-z]+)*)-?([0-9]+)")

Lists = Mapping[str, frozenset[str]]


def table() -> dict[str, Any]:
    """What the package's file says, but for the day on which this moto was asked.

    ``releases`` are in order; ``spans`` are runs of releases, of which each type names those that have it, after its
    virtual cores, its memory in MiB and its architecture; ``lacking`` are families that EC2 has and EMR does not.
    """
    lists = _without_gaps(_lists())
    spans: list[list[list[str]]] = []
    types: dict[str, list[Any]] = {}
    described: dict[str, Any] = load_resource("emr/resources/instance_types.json")
    for name in sorted(frozenset[str]().union(*lists.values()), key=_size):
        runs = _runs(lists, name)
        if runs not in spans:
            spans.append(runs)
        one = described[name]
        memory, architecture = round(one["MemoryGB"] * 1024), ARCHITECTURES[one["Architecture"]]
        types[name] = [one["VCPU"], memory, architecture, spans.index(runs)]
    return {
        "moto": metadata.version("moto"),
        "releases": [*lists],
        "lacking": _lacking({family_of(name) for name in types}),
        "spans": spans,
        "types": types,
    }


def _lists() -> dict[str, frozenset[str]]:
    """The types of each release, in the order of releases."""
    found = filter(None, (LIST.fullmatch(path.name) for path in FOLDER.iterdir()))
    lists = {name[1]: frozenset(load_resource(f"emr/resources/instance-types-{name[1]}.json")) for name in found}
    return {label: lists[label] for label in sorted(lists, key=_order)}


def _without_gaps(lists: Lists) -> Lists:
    """A release has what the ones before and after it have: a few lists are empty, or of a Region with fewer types."""
    told = [label for label, types in lists.items() if types]
    filled = dict(lists)
    for label in lists:
        before = [one for one in told if _order(one) < _order(label) and _line(one) == _line(label)]
        after = [one for one in told if _order(one) > _order(label) and _line(one) == _line(label)]
        if before and after:
            filled[label] = lists[label] | (filled[before[-1]] & lists[after[0]])
        assert filled[label], f"no instance type is known of {label}"
    return filled


def _runs(lists: Lists, name: str) -> list[list[str]]:
    """The first and the last of each run of releases that have a type."""
    runs = [[*run] for has, run in groupby(lists, lambda label: name in lists[label]) if has]
    return [[run[0], run[-1]] for run in runs]


def _lacking(families: set[str]) -> list[str]:
    """Families of EC2 that EMR will hardly have: it has none of their kind, or only ones of a later generation."""
    newest: dict[str, int] = {}
    for kind, generation in map(_generation, families):
        newest[kind] = max(generation, newest.get(kind, 0))
    others = {family_of(name) for name in load_resource("ec2/resources/instance_types.json")} - families
    by_kind = {family: _generation(family) for family in sorted(others)}
    return [family for family, (kind, number) in by_kind.items() if number < newest.get(kind, number + 1)]


def family_of(name: str) -> str:
    """m5 of m5.xlarge."""
    return name.partition(".")[0]


def _generation(family: str) -> tuple[str, int]:
    """m and 5 of m5d."""
    found = FAMILY.match(family)
    assert found, f"{family} is named as no family before it"
    return found[1], int(found[2])


def _line(label: str) -> tuple[str, int]:
    line, numbers, _, _ = _order(label)
    return line, numbers[0]


def _order(label: str) -> tuple[str, tuple[int, ...], bool, str]:
    """emr-7.2.0 before emr-7.10.0, a beta before its release, and emr-spark-8.0.0 last."""
    line, numbers, suffix = re.fullmatch(r"([a-z-]+)-([0-9.]+)(.*)", label).groups()  # type: ignore[union-attr]
    return line, tuple(int(number) for number in numbers.split(".")), not suffix, suffix


def _size(name: str) -> tuple[str, int, str]:
    family, _, size = name.partition(".")
    times = size.removesuffix("xlarge")
    return family, int(times) if times.isdigit() else 0, size


def written(made: Mapping[str, Any]) -> str:
    """As the file has it: an entry a line, so that a change shows."""
    parts = (f"{json.dumps(name)}: {_lines(value)}" for name, value in made.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, Mapping):
        return _block("{}", (f"{json.dumps(name)}: {json.dumps(part)}" for name, part in value.items()))
    return _block("[]", map(json.dumps, value)) if isinstance(value, list) else json.dumps(value)


def _block(brackets: str, lines: Iterable[str]) -> str:
    return f"{brackets[0]}\n" + ",\n".join(lines) + f"\n{brackets[1]}"


def main() -> int:
    """Write the table, and say what has changed."""
    old = json.loads(TABLE.read_text()) if TABLE.exists() else {"types": {}, "releases": []}
    made = {"made": datetime.now(timezone.utc).date().isoformat(), **table()}
    TABLE.write_text(written(made))
    new = len({*made["types"]} - {*old["types"]})
    labels = sorted({*made["releases"]} - {*old["releases"]}, key=_order)
    print(f"{TABLE.name}: {made['made']}, moto {made['moto']}; {len(made['releases'])} releases, ", end="")
    print(f"{len(made['types'])} types. New are {new} types and {', '.join(labels) or 'no release'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
