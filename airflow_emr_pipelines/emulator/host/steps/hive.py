"""hive-script and hive: run by Spark SQL's command line program, with what Hive means by a script."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.host.hive.script import BadScript, Variables, prepared
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch, Node
from airflow_emr_pipelines.emulator.host.steps.spark import sql_program

_FORM = "hive-script --run-hive-script --args -f s3://script -d K=V"
_VARIABLES = {
    **dict.fromkeys(("-d", "--define", "-define", "--hivevar", "-hivevar"), "hivevar"),
    **dict.fromkeys(("--hiveconf", "-hiveconf"), "hiveconf"),
}
_SCRIPTS = ("-f", "-i", "-e")
_DATABASE = ("--database", "-database")


def hive_script(node: Node, words: Sequence[str]) -> Launch:
    """`hive-script --run-hive-script --args -f s3://script -d K=V`"""
    if "--args" not in words:
        raise CannotRun(f"hive-script: --args is missing: {_FORM}")
    return hive(node, words[list(words).index("--args") + 1 :])


def hive(node: Node, words: Sequence[str]) -> Launch:
    """`hive -f s3://script -d K=V` and `hive -e statements`"""
    node.require("Hive", "hive")
    node.check_addresses(words)
    given, variables, others = _read(words)
    if not {"-f", "-e"} & given.keys():
        raise CannotRun("hive: neither a script (-f) nor statements (-e) are given, and a step has no terminal")
    if {"-f", "-e"} <= given.keys():
        raise CannotRun("hive: The '-e' and '-f' options cannot be specified simultaneously")
    variables.hiveconf = {**node.configuration.hive_site, **variables.hiveconf}
    home = str(node.home.home)
    variables.env = {**node.java_environment(), "HOME": home, "USER": "hadoop", "LOGNAME": "hadoop", "PWD": home}

    def read(address: str) -> str:
        try:
            return node.fetch(address).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise CannotRun(f"hive: {address} is no text in UTF-8 ({error}): write it in that encoding") from None

    first = [f"USE {name}" for name in given.get("--database", ())]
    scripts = [
        *first,
        *(read(address) for address in given.get("-i", ())),
        *given.get("-e", ()),
        *(read(address) for address in given.get("-f", ())),
    ]
    try:
        found = prepared(";\n".join(scripts), variables, read)
    except BadScript as error:
        raise CannotRun(f"hive: {error}") from None
    except RecursionError:
        raise CannotRun("hive: scripts include each other by SOURCE without an end: one of them leads back") from None
    script = node.folder / "script.hql"
    script.write_text("".join(f"{statement};\n" for statement in found), "utf-8")
    return sql_program(node, ("-f", script.as_uri(), *others), is_spark=False)


def _read(words: Sequence[str]) -> tuple[dict[str, list[str]], Variables, list[str]]:
    """Scripts and databases by their option, the variables, and what else there is."""
    given: dict[str, list[str]] = {}
    others: list[str] = []
    variables, rest = Variables(), list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option not in (*_VARIABLES, *_SCRIPTS, *_DATABASE):
            others.append(word)
            continue
        if not equals:
            if not rest:
                raise CannotRun(f"hive: option {option} has no value")
            value = rest.pop(0)
        if option in _VARIABLES:
            name, _, text = value.partition("=")
            getattr(variables, _VARIABLES[option])[name.strip()] = text
            if _VARIABLES[option] == "hiveconf":
                others += [option, value]
        else:
            given.setdefault("--database" if option in _DATABASE else option, []).append(value)
    return given, variables, others
