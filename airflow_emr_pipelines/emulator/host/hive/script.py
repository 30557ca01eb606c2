"""A script in Hive's language as it is handed to Spark SQL: with its variables, and with Hive's own functions.

Hive and Spark SQL read one language, and give some of it another meaning. Where it is known what differs, it is written
so that it means to Spark what it means to Hive, or is refused here; what cannot be seen in a text stands in the docs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:``|[^`])*`"
_PIECE = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<line>--[^\n]*)|(?P<block>/\*(?!\+).*?\*/)|(?P<end>;)|\\;|.", re.DOTALL)
_REFERENCE = re.compile(r"\$\{([^}$ ]+)\}")
_DEEPEST = 40
_SET = re.compile(r"set\s+(?:(hivevar|hiveconf):)?([^\s=]+)\s*=\s*(.*)", re.IGNORECASE | re.DOTALL)
_SOURCE = re.compile(r"source\s+(\S+)", re.IGNORECASE)
_OF_HIVE = re.compile(r"(hive|mapred|mapreduce|tez|fs|dfs|yarn|javax\.jdo|datanucleus)\.")
_SYSTEM = {"user.name": "hadoop", "user.home": "/home/hadoop", "java.io.tmpdir": "/tmp", "file.separator": "/"}
# Jars of Hive's that every node has, whose classes steps have here, too.
_ITS_OWN_JAR = re.compile(r"add\s+jars?\s+(\S*/)?hive-(hcatalog-core|serde|exec|contrib)[\w.-]*\.jar", re.IGNORECASE)

_UDF = "org.apache.hadoop.hive.ql.udf.generic.GenericUD"
FUNCTIONS: Mapping[str, str] = {
    "add_months": f"{_UDF}FAddMonths",  # the last day of a month stays the last day
    "array_contains": f"{_UDF}FArrayContains",  # false, where Spark has NULL
    "greatest": f"{_UDF}FGreatest",  # NULL if one is; Spark leaves it out
    "hash": f"{_UDF}FHash",
    "least": f"{_UDF}FLeast",
    "std": f"{_UDF}AFStd",  # of the population; Spark's are of a sample
    "stddev": f"{_UDF}AFStd",
    "variance": f"{_UDF}AFVariance",
}
"""Functions that both have, and of which Spark's give other values: Hive's own classes, which Spark runs."""
OWN_FUNCTIONS = [f"CREATE OR REPLACE TEMPORARY FUNCTION {name} AS '{of_hive}'" for name, of_hive in FUNCTIONS.items()]
"""What makes them Hive's in each script, whose text need not name them: a view that it reads may."""

SETTINGS: Mapping[str, str] = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.storeAssignmentPolicy": "LEGACY",
    "spark.sql.legacy.timeParserPolicy": "LEGACY",
    "spark.sql.legacy.createHiveTableByDefault": "true",
    "spark.sql.sources.partitionOverwriteMode": "DYNAMIC",
    "spark.sql.variable.substitute": "false",  # which is done here
}
"""With these Spark converts, parses, stores and overwrites as Hive does."""

_REFUSED: Mapping[str, str] = {
    r"\btablesample\s*\(\s*bucket\b": (
        "TABLESAMPLE (BUCKET …) takes the rows of a bucket in Hive, and rows by chance in Spark SQL. Choose them by a "
        "condition, such as pmod(hash(id), 10) = 0"
    ),
    r"\bstored\s+by\b": "STORED BY (a storage handler, such as DynamoDB's or HBase's) is not part of the emulator",
}
"""By a pattern of what stands outside of quotes: why a statement is refused."""
_TRANSACTIONAL = re.compile(r"""['"]transactional['"]\s*=\s*['"]true['"]""", re.IGNORECASE)
ACID = (
    "a table with transactional=true (ACID) needs Hive's own engine, and Spark SQL would not see what was changed in "
    "it. Leave the property out, or run the step on EMR"
)


class BadScript(ValueError):
    """A script that would not mean here what it means to Hive, or nothing at all."""


@dataclass
class Variables:
    """Hive's variables, in both of the name spaces that a command and a script can set."""

    hivevar: dict[str, str] = field(default_factory=dict)
    hiveconf: dict[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def substituted(self, text: str) -> str:
        """The text with what is known put in, from the inside out; what is not stays as it is, as in Hive.

        :raises BadScript: Hive would know the value, and nobody here does
        """
        for _ in range(_DEEPEST):
            put_in = _REFERENCE.sub(lambda found: self._value(found[1], found[0]), text)
            if put_in == text:
                return text
            text = put_in
        raise BadScript(f"Variable substitution depth is deprecated or too deep: {text[:200]}")

    def _value(self, name: str, written: str) -> str:
        space, colon, rest = name.partition(":")
        if not colon or space == "hivevar":
            return self.hivevar.get(rest if colon else name, written)
        if space == "hiveconf":
            if rest not in self.hiveconf and _OF_HIVE.match(rest):
                raise BadScript(f"{written}: the emulator does not know Hive's own value. Set it before it is used")
            return self.hiveconf.get(rest, written)
        known = {"system": _SYSTEM, "env": self.env}.get(space)
        if known is None:
            return written
        if rest not in known:
            raise BadScript(f"{written}: the emulator does not know this value of a node. Give it as --hivevar")
        return known[rest]


def statements(text: str) -> Iterator[str]:
    """The statements of a script, without comments."""
    statement = ""
    for piece in _PIECE.finditer(text):
        if piece["end"]:
            yield statement.strip()
            statement = ""
        elif piece["line"] or piece["block"]:
            statement += " "
        else:
            statement += ";" if piece[0] == "\\;" else piece[0]
    yield statement.strip()


def prepared(text: str, variables: Variables, read: Callable[[str], str]) -> list[str]:
    """The statements that Spark SQL is given for a script of Hive's.

    :param read: what a file holds that the script includes by SOURCE
    :raises BadScript: one of them would mean something else
    """
    return [*OWN_FUNCTIONS, *_prepared(text, variables, read)]


def _prepared(text: str, variables: Variables, read: Callable[[str], str]) -> Iterator[str]:
    for written in statements(text):
        statement = variables.substituted(written)
        if not statement or _ITS_OWN_JAR.fullmatch(statement):
            continue
        if included := _SOURCE.fullmatch(statement):
            yield from _prepared(read(included[1].strip("'\"")), variables, read)
        elif assigned := _SET.fullmatch(statement):
            space, name, value = (assigned[1] or "hiveconf").lower(), assigned[2], assigned[3].strip()
            getattr(variables, space)[name] = value
            if space == "hiveconf":
                yield f"SET {name}={value}"
        else:
            _check(statement)
            yield statement


def _check(statement: str) -> None:
    code = _without_quoted(statement)
    reasons = [why for pattern, why in _REFUSED.items() if re.search(pattern, code, re.IGNORECASE)]
    if _TRANSACTIONAL.search(statement):
        reasons.append(ACID)
    for why in reasons:
        raise BadScript(f"{' '.join(statement.split())[:120]}: {why}.")


def _without_quoted(statement: str) -> str:
    return re.sub(_QUOTED, "''", statement, flags=re.DOTALL)
