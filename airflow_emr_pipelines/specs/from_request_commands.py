"""The commands that steps of today run, read into the kinds of steps.

A reader takes a command's words and gives a kind and its fields, or None: no kind has a form for the command. Options
of programs whose options are all known are refused when they are none of them; words of other programs stay words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import render_ec2_steps as rendered
from airflow_emr_pipelines.specs import spark_conf
from airflow_emr_pipelines.specs.late import known
from airflow_emr_pipelines.specs.rules import nearest
from airflow_emr_pipelines.specs.steps import (
    DistCpStep,
    FlinkStep,
    HadoopStreamingStep,
    HiveStep,
    PigStep,
    PrestoStep,
    S3DistCpStep,
    ScriptRunnerStep,
    ShellStep,
    SparkSqlStep,
    SparkStep,
    Step,
    TrinoStep,
)
from airflow_emr_pipelines.specs.steps.hadoop_streaming import GENERIC_OPTIONS
from airflow_emr_pipelines.specs.steps.script_runner import REGION, SCRIPT_RUNNER
from airflow_emr_pipelines.specs.steps.spark import LISTS

Reading = tuple[type[Step], dict[str, Any]]
Words = list[Any]

SCRIPT_RUNNER_OF = re.compile(re.escape(SCRIPT_RUNNER).replace(r"\{region\}", f"(?P<region>{REGION.pattern})"))
OUTSIDE_TEMPLATES = re.compile(r",(?![^{}]*\}\})")
"""A comma that parts the elements of a list, not one within {{ }}."""
WHOLE_TEMPLATE = re.compile(r"\s*\{[{%].*[}%]\}\s*", re.DOTALL)
PROGRAM_FOLDERS = ("/usr/bin/", "/usr/lib/spark/bin/", "/usr/lib/hive/bin/", "/usr/lib/hadoop/bin/", "/bin/")


class _NoForm(Exception):
    """No kind of step says this command."""


def read_command(words: Sequence[Any]) -> Reading | None:
    """What command-runner.jar would run."""
    if not words:
        return None
    program = _text(words[0])
    for folder in PROGRAM_FOLDERS:
        program = program.removeprefix(folder)
    reader = READERS.get(program)
    try:
        return reader(list(words[1:])) if reader else None
    except _NoForm:
        return None


def read_script_runner(jar: Any, words: Sequence[Any]) -> Reading | None:
    """What EMR's script-runner.jar would run, if it is this jar."""
    found = SCRIPT_RUNNER_OF.fullmatch(_text(jar))
    if found is None or not words:
        return None
    return ScriptRunnerStep, {"script": words[0], "args": words[1:], "region": found["region"]}


def _spark_submit(rest: Words) -> Reading:
    fields: dict[str, Any] = {}
    conf: dict[str, Any] = {}
    while rest and _text(rest[0]).startswith("-"):
        option, equals, value = _text(rest.pop(0)).partition("=")
        if option in ("--verbose", "-v"):
            fields["verbose"] = True
            continue
        _must_know(option, "spark-submit", (*rendered.SPARK, "--conf", "-c", "--master", "--name", "--verbose"))
        value = value if equals else _value_of(option, rest)
        if option in ("--conf", "-c"):
            _put(conf, *_setting(option, value), option="--conf")
        elif option in rendered.SPARK:
            _put(fields, rendered.SPARK[option], _elements(value) if option in LISTS else value, option=option)
        else:
            _put(conf, spark_conf.SETTING_OF_OPTION[option], value, option=option)
    if not rest:
        raise InvalidSpec("Args", "spark-submit", "there is no application to submit", "name a .py or a .jar file")
    fields.setdefault("deploy_mode", None)
    return SparkStep, {**fields, "conf": conf, "application": rest[0], "args": rest[1:]}


def _spark_sql(rest: Words) -> Reading:
    conf: dict[str, Any] = {}
    others: Words = []
    while rest:
        option, equals, value = _text(rest[0]).partition("=")
        if option not in ("--conf", *spark_conf.SETTING_OF_OPTION):
            others.append(rest.pop(0))
            continue
        rest.pop(0)
        value = value if equals else _value_of(option, rest)
        setting, value = (
            _setting(option, value)
            if option == "--conf"
            else (
                spark_conf.SETTING_OF_OPTION[option],
                value,
            )
        )
        _put(conf, setting, value, option=option)
    script, variables, args = _script(others, ("-d", "--define"), HIVE_OPTIONS, HIVE_SWITCHES)
    return SparkSqlStep, {"script": script, "variables": variables, "args": args, "conf": conf}


HIVE_OPTIONS = ("--hiveconf", "--hivevar", "--database", "-i")
HIVE_SWITCHES = ("-S", "--silent", "-v", "--verbose")


def _hive(rest: Words) -> Reading:
    script, variables, args = _script(rest, ("-d", "--define"), HIVE_OPTIONS, HIVE_SWITCHES)
    return HiveStep, {"script": script, "variables": variables, "args": args}


def _pig(rest: Words) -> Reading:
    script, parameters, args = _script(rest, ("-p", "-param"), ("-x", "-exectype", "-m", "-param_file"), ("-v",))
    return PigStep, {"script": script, "parameters": parameters, "args": args}


def _script(
    rest: Words, defining: Collection[str], options: Collection[str], switches: Collection[str]
) -> tuple[Any, dict[str, Any], Words]:
    """The script of a command, its variables, and its other words from the first on that is not known."""
    script, variables, args = None, dict[str, Any](), list[Any]()
    while rest:
        word = _text(rest[0])
        pair = _pair(rest[1]) if word in defining and len(rest) > 1 else None
        if word == "-f" and script is None and len(rest) > 1:
            script = rest[1]
        elif pair is not None and pair[0] not in variables:
            variables[pair[0]] = pair[1]
        elif word in options and len(rest) > 1:
            args += rest[:2]
        elif word in switches:
            args.append(rest.pop(0))
            continue
        else:
            break
        del rest[:2]
    if script is None:
        raise _NoForm
    return script, variables, args + rest


def _wrapped(script: str, run: str, reader: Callable[[Words], Reading]) -> Callable[[Words], Reading]:
    """hive-script and pig-script, whose program's words stand behind --args."""

    def read(rest: Words) -> Reading:
        if [_text(word) for word in rest[:2]] == [run, "--args"]:
            return reader(rest[2:])
        old = next((word for word in map(_text, rest) if word.endswith("-versions") or word == "--base-path"), None)
        if old is not None:
            raise InvalidSpec(
                "Args",
                old,
                f"{script} has it on AMI versions 2 and 3, which are gone",
                f"take {old} out with its value",
            )
        raise _NoForm

    return read


def _hadoop_streaming(rest: Words) -> Reading:
    fields: dict[str, Any] = {"inputs": [], "args": []}
    conf: dict[str, Any] = _generic_settings(rest)
    environment: dict[str, Any] = {}
    while rest and _text(rest[0]) in rendered.STREAMING_FILES:
        option = rest.pop(0)
        _put(fields, rendered.STREAMING_FILES[option], _elements(_value_of(option, rest)), option=option)
        for name, value in _generic_settings(rest).items():
            _put(conf, name, value, option="-D")
    if rest and _text(rest[0]) in GENERIC_OPTIONS:
        raise _NoForm
    while rest:
        word = rest.pop(0)
        option = _text(word)
        if option == "-input":
            fields["inputs"].append(_value_of(option, rest))
        elif option == "-output" or option in rendered.STREAMING:
            _put(fields, rendered.STREAMING.get(option, "output"), _value_of(option, rest), option=option)
        elif option == "-cmdenv":
            _put(environment, *_setting(option, _value_of(option, rest)), option=option)
        else:
            fields["args"].append(word)
    if not {"mapper", "reducer", "output"} <= fields.keys():
        raise _NoForm
    return HadoopStreamingStep, {**fields, "conf": conf, "environment": environment}


def _generic_settings(rest: Words) -> dict[str, Any]:
    """Settings of Hadoop at a command's start, as -D name=value or -Dname=value."""
    conf: dict[str, Any] = {}
    while rest and _text(rest[0]).startswith("-D"):
        word = rest.pop(0)
        value = word[2:] if len(word) > 2 else _value_of("-D", rest)
        _put(conf, *_setting("-D", value), option="-D")
    return conf


def _s3_dist_cp(rest: Words) -> Reading:
    fields: dict[str, Any] = {}
    while rest:
        option, equals, value = _text(rest[0]).partition("=")
        if not known(rest[0]) and not equals:
            raise _NoForm
        rest.pop(0)
        _must_know(option, "s3-dist-cp", (*rendered.S3_DIST_CP, *rendered.S3_DIST_CP_SWITCHES))
        if option in rendered.S3_DIST_CP_SWITCHES:
            _put(fields, rendered.S3_DIST_CP_SWITCHES[option], value if equals else True, option=option)
        else:
            _put(fields, rendered.S3_DIST_CP[option], value if equals else _value_of(option, rest), option=option)
    lacking = [option for option in ("--src", "--dest") if rendered.S3_DIST_CP[option] not in fields]
    if lacking:
        raise InvalidSpec("Args", "s3-dist-cp", f"it lacks {' and '.join(lacking)}", "write both")
    return S3DistCpStep, fields


def _hadoop(rest: Words) -> Reading:
    if _text(rest[0] if rest else None) != "distcp":
        raise _NoForm
    del rest[0]
    conf = _generic_settings(rest)
    if len(rest) < 2 or any(_text(word).startswith("-") for word in rest[-2:]):
        raise _NoForm
    *options, src, dest = rest
    for before, word in zip(["", *options], options, strict=False):
        if _text(word) in GENERIC_OPTIONS or ("://" in _text(word) and not _text(before).startswith("-")):
            raise _NoForm  # of several sources no step says which is which
    switches = {field: True for option, field in rendered.DIST_CP_SWITCHES.items() if option in map(_text, options)}
    args = [word for word in options if _text(word) not in rendered.DIST_CP_SWITCHES]
    return DistCpStep, {"src": src, "dest": dest, "conf": conf, "args": args, **switches}


def _flink(rest: Words) -> Reading:
    if [_text(word) for word in rest[:3]] != ["run", "-m", "yarn-cluster"]:
        raise _NoForm
    del rest[:3]
    fields: dict[str, Any] = {}
    conf: dict[str, Any] = {}
    while rest and _text(rest[0]).startswith("-"):
        option = rest.pop(0)
        option = {"--class": "-c", "--parallelism": "-p", "--yarnapplicationId": "-yid"}.get(option, option)
        if option in ("-d", "--detached"):
            fields["detached"] = True
        elif option in rendered.FLINK:
            _put(fields, rendered.FLINK[option], _value_of(option, rest), option=option)
        elif option == "-yD":
            _put(conf, *_setting(option, _value_of(option, rest)), option=option)
        else:
            raise _NoForm
    if not rest or not (_text(rest[0]).endswith(".jar") or not known(rest[0])):
        raise _NoForm
    return FlinkStep, {**fields, "conf": conf, "jar": rest[0], "args": rest[1:]}


def _sql_client(kind: type[Step], **more: Any) -> Callable[[Words], Reading]:
    options = {**rendered.SQL_PLACES, **rendered.SQL_STATEMENTS, "-f": "file"}

    def read(rest: Words) -> Reading:
        fields: dict[str, Any] = {}
        args: Words = []
        while rest:
            word = rest.pop(0)
            option, equals, value = _text(word).partition("=")
            if option in options:
                _put(fields, options[option], value if equals else _value_of(option, rest), option=option)
            else:
                args.append(word)
        if not {"execute", "file"} & fields.keys():
            raise _NoForm
        return kind, {**fields, **more, "args": args}

    return read


def _shell(rest: Words) -> Reading:
    if len(rest) != 2 or _text(rest[0]) != "-c":
        raise _NoForm
    return ShellStep, {"command": rest[1]}


def _state_pusher(rest: Words) -> Reading:
    raise InvalidSpec(
        "Args",
        "state-pusher-script",
        "it is the first step of EMR's debugging tool, which AWS withdrew in January 2023",
        "leave this step out",
    )


READERS: Mapping[str, Callable[[Words], Reading]] = {
    "spark-submit": _spark_submit,
    "spark-sql": _spark_sql,
    "hive-script": _wrapped("hive-script", "--run-hive-script", _hive),
    "hive": _hive,
    "pig-script": _wrapped("pig-script", "--run-pig-script", _pig),
    "pig": _pig,
    "hadoop-streaming": _hadoop_streaming,
    "s3-dist-cp": _s3_dist_cp,
    "hadoop": _hadoop,
    "flink": _flink,
    "presto-cli": _sql_client(PrestoStep),
    "trino-cli": _sql_client(TrinoStep),
    "bash": _shell,
    "state-pusher-script": _state_pusher,
}


def _text(word: Any) -> str:
    """A word to compare; what another task gives is none."""
    return word if isinstance(word, str) else ""


def _value_of(option: str, rest: Words) -> Any:
    if not rest:
        raise InvalidSpec("Args", option, "it is the last word, and needs a value", "give it one, or take it out")
    return rest.pop(0)


def _elements(value: Any) -> Any:
    """The list that a program gets joined by commas; what a template makes of an element may be several."""
    elements = OUTSIDE_TEMPLATES.split(_text(value))
    if not isinstance(value, str) or any(WHOLE_TEMPLATE.fullmatch(element) for element in elements):
        raise _NoForm
    return elements


def _pair(word: Any) -> tuple[str, str] | None:
    name, equals, value = _text(word).partition("=")
    return (name, value) if equals and known(name) and name and not re.search(r"[,\s]", name) else None


def _setting(option: str, word: Any) -> tuple[str, str]:
    """The two sides of name=value; one whose name a task only knows when it runs has no place in a mapping."""
    name, equals, value = _text(word).partition("=")
    if not known(word) and (not equals or not known(name) or "{" in name):
        raise _NoForm
    if not equals:
        raise InvalidSpec("Args", word, f"what follows {option} is a setting", f"write {option} name=value")
    return name, value


def _put(values: dict[str, Any], name: str, value: Any, *, option: str) -> None:
    """Keep a value; the programs take the last of several, so that another one would be lost."""
    if name in values and values[name] is not value and values[name] != value:
        raise InvalidSpec(
            "Args", f"{option} {name}", "it is given twice, with different values", "leave one of them out"
        )
    values[name] = value


def _must_know(option: str, program: str, options: Sequence[str]) -> None:
    if option not in options:
        raise InvalidSpec(
            "Args",
            option,
            f"it is no option of {program} that a step can have",
            f'{nearest(option, options)} or keep the command as it is: CustomJarStep(name, "command-runner.jar", […])',
        )
