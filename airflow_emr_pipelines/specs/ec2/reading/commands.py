"""The commands that steps of today run, read into the kinds of steps.

A kind's own command line says how its command is read: its options stand before its words. Where a program takes more
than that, it has a reader here, which takes the words behind the program's name and gives fields. Options of programs
whose options are all known are refused when they are none of them; words of other programs stay words.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps.commands import (
    GENERIC_OPTIONS,
    REGION,
    SCRIPT_RUNNER,
    Command,
    Each,
    Equal,
    Joined,
    Option,
    Settings,
    Switch,
    Word,
    Words,
    options_of,
)
from airflow_emr_pipelines.specs.steps.spark_conf import SETTING_OF_OPTION
from airflow_emr_pipelines.specs.values.rules import as_list, nearest, warn
from airflow_emr_pipelines.specs.values.templates import is_rendered

Options = Mapping[str, Option]
Reading = tuple[str, dict[str, Any]]
"""The word of a kind of step, and its fields."""
Rest = list[Any]
"""The words that are not read yet."""
Reader = Callable[[Rest, Command], dict[str, Any]]
"""Gives the fields of a kind, by its command line."""

SCRIPT_RUNNER_OF = re.compile(re.escape(SCRIPT_RUNNER).replace(r"\{region\}", f"(?P<region>{REGION.pattern})"))
OUTSIDE_TEMPLATES = re.compile(r",(?![^{}]*\}\})")
"""A comma that parts the elements of a list, not one within {{ }}."""
WHOLE_TEMPLATE = re.compile(r"\s*\{[{%].*[}%]\}\s*", re.DOTALL)
PROGRAM_FOLDERS = ("/usr/bin/", "/usr/lib/spark/bin/", "/usr/lib/hive/bin/", "/usr/lib/hadoop/bin/", "/bin/")


class _NoForm(Exception):
    """No kind of step says this command."""


def read_command(words: Sequence[Any], kinds: Mapping[str, Any]) -> Reading | None:
    """What command-runner.jar would run.

    :param kinds: the kinds of specs, by their words; those with a command line are asked
    """
    if not words:
        return None
    program = _text(words[0])
    for folder in PROGRAM_FOLDERS:
        program = program.removeprefix(folder)
    for kind, reader in _readers(program, kinds):
        try:
            return kind, reader(list(words[1:]), kinds[kind].command_line)
        except _NoForm:
            continue
    return None


def _readers(program: str, kinds: Mapping[str, Any]) -> Iterator[tuple[str, Reader]]:
    """Who may understand a program's command: its own reader, and of the other kinds those that begin with it."""
    if program == STATE_PUSHER:
        raise InvalidSpec(
            "Args",
            program,
            "it is the first step of EMR's debugging tool, which AWS withdrew in January 2023",
            "leave this step out",
        )
    if program in READERS:
        yield READERS[program]
    read_here = {kind for kind, _ in READERS.values()}
    for kind, spec in kinds.items():
        if kind not in read_here and getattr(spec, "command_line", ())[:1] == (program,):
            yield kind, _by_command_line


def _by_command_line(rest: Rest, command: Command) -> dict[str, Any]:
    """The fields of a command that has its options before its words, as its kind says."""
    for word in _fixed(command)[1:]:
        if not rest or _text(rest.pop(0)) != word:
            raise _NoForm
    options = options_of(command)
    fields = _leading(rest, options, equals=any(isinstance(option, Equal) for option in options.values()))
    parts = [part for part in command if isinstance(part, Word)]
    single = [part for part in parts if not isinstance(part, Words)]
    if len(rest) < len(single) or (len(rest) > len(single) and len(single) == len(parts)):
        raise _NoForm
    if options and single and _text(rest[0]).startswith("-"):
        raise _NoForm  # an option that the kind does not have
    more = len(rest) - len(single)
    for part in parts:
        count = more if isinstance(part, Words) else 1
        fields[part.field] = rest[:count] if isinstance(part, Words) else rest[0]
        del rest[:count]
    return fields


def _fixed(command: Command) -> list[Any]:
    """The words at a command's start that are the same in each."""
    return [*itertools.takewhile(lambda part: isinstance(part, str), command)]


def read_script_runner(jar: Any, words: Sequence[Any]) -> Reading | None:
    """What EMR's script-runner.jar would run, if it is this jar."""
    found = SCRIPT_RUNNER_OF.fullmatch(_text(jar))
    if found is None or not words:
        return None
    return "script_runner", {"script": words[0], "args": words[1:], "region": found["region"]}


class OfSpark(Option):
    """An option that is another way to write a setting of Spark."""


OF_OPTIONS = "settings that options say"
"""In the place of a field, while a command is read: Spark takes an option before a setting of the same meaning."""
SETTINGS_OF_SPARK = {name: OfSpark("conf", name) for name in SETTING_OF_OPTION}


def _spark_submit(rest: Rest, command: Command) -> dict[str, Any]:
    options = {**options_of(command), **{name: SETTINGS_OF_SPARK[name] for name in ("--master", "--name")}}
    fields = _with_conf(_leading(rest, options, equals=True, last=True))
    if rest and _text(rest[0]).startswith("-"):
        _refuse(rest[0], "spark-submit", options)
    if not rest:
        raise InvalidSpec("Args", "spark-submit", "there is no application to submit", "name a .py or a .jar file")
    return {"deploy_mode": None, **fields, "application": rest[0], "args": rest[1:]}


def _spark_sql(rest: Rest, command: Command) -> dict[str, Any]:
    options = options_of(command)
    fields, others = _scattered(rest, {**SETTINGS_OF_SPARK, "--conf": options["--conf"]}, equals=True, last=True)
    return {**_with_conf(fields), **_script(others, options["-d"], HIVE_OPTIONS, HIVE_SWITCHES)}


def _with_conf(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with the settings that options say in their conf."""
    of_options: dict[str, Any] = fields.pop(OF_OPTIONS, {})
    if of_options:
        conf = fields.setdefault("conf", {})
        for name, value in of_options.items():
            _put(conf, name, value, told=f"--conf {name}", last=True)
    return fields


HIVE_OPTIONS = ("--hiveconf", "--hivevar", "--database", "-i")
HIVE_SWITCHES = ("-S", "--silent", "-v", "--verbose")


def _hive(rest: Rest, command: Command) -> dict[str, Any]:
    return _script(rest, options_of(command)["-d"], HIVE_OPTIONS, HIVE_SWITCHES)


def _pig(rest: Rest, command: Command) -> dict[str, Any]:
    return _script(rest, options_of(command)["-p"], ("-x", "-exectype", "-m", "-param_file"), ("-v",))


def _script(rest: Rest, defining: Option, options: Collection[str], switches: Collection[str]) -> dict[str, Any]:
    """The script of a command, its variables, and its other words from the first on that is not known."""
    script, variables, args = None, dict[str, Any](), list[Any]()
    while rest:
        word = _text(rest[0])
        pair = _pair(rest[1]) if word in (defining.name, *defining.also) and len(rest) > 1 else None
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
    return {"script": script, defining.field: variables, "args": args + rest}


def _wrapped(reader: Reader) -> Reader:
    """Of hive-script and pig-script, whose program's words stand behind --args."""

    def read(rest: Rest, command: Command) -> dict[str, Any]:
        script, *wrapping = _fixed(command)
        if [_text(word) for word in rest[:2]] == wrapping:
            return reader(rest[2:], command)
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


def _hadoop_streaming(rest: Rest, command: Command) -> dict[str, Any]:
    generic, own = _generic_and_own(command)
    settings = _generic_fields(rest, generic)
    if rest and _text(rest[0]) in GENERIC_OPTIONS:
        raise _NoForm
    fields, args = _scattered(rest, own)
    if not {"mapper", "reducer", "output"} <= fields.keys():
        raise _NoForm
    return {"inputs": [], **settings, **fields, "args": args}


def _generic_and_own(command: Command) -> tuple[Options, Options]:
    """The options that Hadoop takes itself, before all others, and those of the program."""
    options = options_of(command)
    generic = {name: option for name, option in options.items() if name in GENERIC_OPTIONS}
    return generic, {name: option for name, option in options.items() if name not in generic}


def _generic_fields(rest: Rest, options: Options) -> dict[str, Any]:
    """What Hadoop takes at a command's start; a setting may be one word there, -Dname=value."""
    fields: dict[str, Any] = {}
    while rest:
        word = _text(rest[0])
        if word.startswith("-D") and len(word) > 2:
            rest[:1] = ["-D", word[2:]]
        if not _take(rest, options, fields):
            break
    return fields


def _s3_dist_cp(rest: Rest, command: Command) -> dict[str, Any]:
    options = options_of(command)
    fields = _leading(rest, options, equals=True)
    if rest:
        if not is_rendered(rest[0]) and "=" not in _text(rest[0]):
            raise _NoForm
        _refuse(rest[0], "s3-dist-cp", options)
    lacking = [option for option in ("--src", "--dest") if options[option].field not in fields]
    if lacking:
        raise InvalidSpec("Args", "s3-dist-cp", f"it lacks {' and '.join(lacking)}", "write both")
    return fields


def _dist_cp(rest: Rest, command: Command) -> dict[str, Any]:
    if _text(rest[0] if rest else None) != "distcp":
        raise _NoForm
    del rest[0]
    generic, own = _generic_and_own(command)
    settings = _generic_fields(rest, generic)
    if len(rest) < 2 or any(_text(word).startswith("-") for word in rest[-2:]):
        raise _NoForm
    *others, src, dest = rest
    for before, word in zip(["", *others], others, strict=False):
        if _text(word) in GENERIC_OPTIONS or ("://" in _text(word) and not _text(before).startswith("-")):
            raise _NoForm  # of several sources no step says which is which
    fields, args = _scattered(others, own)
    return {"src": src, "dest": dest, "args": args, **settings, **fields}


def _flink(rest: Rest, command: Command) -> dict[str, Any]:
    fields = _by_command_line(rest, command)
    if is_rendered(fields["jar"]) and not _text(fields["jar"]).endswith(".jar"):
        raise _NoForm
    return fields


def _sql_client(rest: Rest, command: Command) -> dict[str, Any]:
    fields, args = _scattered(rest, options_of(command), equals=True)
    if not {"execute", "file"} & fields.keys():
        raise _NoForm
    return {**fields, "args": args}


STATE_PUSHER = "state-pusher-script"
READERS: Mapping[str, tuple[str, Reader]] = {
    "spark-submit": ("spark", _spark_submit),
    "spark-sql": ("spark_sql", _spark_sql),
    "hive-script": ("hive", _wrapped(_hive)),
    "hive": ("hive", _hive),
    "pig-script": ("pig", _wrapped(_pig)),
    "pig": ("pig", _pig),
    "hadoop-streaming": ("hadoop_streaming", _hadoop_streaming),
    "s3-dist-cp": ("s3_dist_cp", _s3_dist_cp),
    "hadoop": ("dist_cp", _dist_cp),
    "flink": ("flink", _flink),
    "presto-cli": ("presto", _sql_client),
    "trino-cli": ("trino", _sql_client),
}
"""The kind that each program belongs to, and its reader."""


def _text(word: Any) -> str:
    """A word to compare; what another task gives is none."""
    return word if isinstance(word, str) else ""


def _leading(rest: Rest, options: Options, *, equals: bool = False, last: bool = False) -> dict[str, Any]:
    """The fields that the options at the start say, which are taken away.

    :param equals: the program understands an option and its value as one word, too
    :param last: the program is known to take the last of several
    """
    fields: dict[str, Any] = {}
    while _take(rest, options, fields, equals=equals, last=last):
        pass
    return fields


def _scattered(
    rest: Rest, options: Options, *, equals: bool = False, last: bool = False
) -> tuple[dict[str, Any], Rest]:
    """The fields that options say, wherever they stand, and the other words."""
    fields, others = dict[str, Any](), list[Any]()
    while rest:
        if not _take(rest, options, fields, equals=equals, last=last):
            others.append(rest.pop(0))
    return fields, others


def _take(rest: Rest, options: Options, fields: dict[str, Any], *, equals: bool = False, last: bool = False) -> bool:
    """Whether the next word is an option; then it is taken, and its field has its value."""
    word = _text(rest[0]) if rest else ""
    name, within, joined = word.partition("=") if equals else (word, "", "")
    option = options.get(name)
    if option is None:
        return False
    del rest[0]
    value: Any = joined if within else isinstance(option, Switch) or _value_of(name, rest)
    match option:
        case Settings():
            key, setting = _setting(name, value)
            _put(fields.setdefault(option.field, {}), key, setting, told=f"{option.name} {key}", last=last)
        case OfSpark():
            _put(fields.setdefault(OF_OPTIONS, {}), SETTING_OF_OPTION[name], value, told=name, last=last)
        case Each():
            fields.setdefault(option.field, []).append(value)
        case Joined():
            _put(fields, option.field, _elements(value), told=name, last=last)
        case _:
            _put(fields, option.field, value, told=name, last=last)
    return True


def _value_of(option: str, rest: Rest) -> Any:
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
    return (name, value) if equals and is_rendered(name) and name and not re.search(r"[,\s]", name) else None


def _setting(option: str, word: Any) -> tuple[str, str]:
    """The two sides of name=value; one whose name a task only knows when it runs has no place in a mapping."""
    name, equals, value = _text(word).partition("=")
    if not is_rendered(word) and (not equals or not is_rendered(name) or "{" in name):
        raise _NoForm
    if not equals:
        raise InvalidSpec("Args", word, f"what follows {option} is a setting", f"write {option} name=value")
    return name, value


def _put(values: dict[str, Any], name: str, value: Any, *, told: str, last: bool = False) -> None:
    """Keep a value; of several the programs take one, so that another one would be lost.

    :param told: what is given, as errors tell it
    :param last: it is known to be the last; then that is warned of
    """
    if name in values and values[name] is not value and values[name] != value:
        if not last:
            raise InvalidSpec("Args", told, "it is given twice, with different values", "leave one of them out")
        rule = "it is given twice, with different values, and Spark takes the last, or an option before --conf"
        warn("Args", told, rule, "leave the other out")
    values[name] = value


def _refuse(word: Any, program: str, options: Options) -> NoReturn:
    option = _text(word).partition("=")[0]
    if len(option.split()) > 1:
        raise InvalidSpec("Args", word, "it is one word, and no shell parts it", as_list("args", option))
    raise InvalidSpec(
        "Args",
        option,
        f"it is no option of {program} that a step can have",
        f'{nearest(option, [*options])} or keep the command as it is: CustomJarStep(name, "command-runner.jar", […])',
    )
