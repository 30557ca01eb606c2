"""A MapReduce job whose mapper and reducer are programs of any language."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import GENERIC_OPTIONS, Each, Joined, Option, Settings, Words
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_text

SCRIPTS = (".py", ".sh", ".rb", ".pl", ".R", ".php", ".js")
"""Endings of programs that no node has unless they are shipped."""


@dataclass(frozen=True)
class HadoopStreamingStep(Step):
    """A MapReduce job whose mapper and reducer are programs that read lines and write lines.

    :param mapper: its command line, as ``words.py``; a program of the user's own is among the ``files``
    :param reducer: its command line; ``aggregate`` and ``NONE`` are Hadoop's own
    :param inputs: files and folders to read
    :param output: the folder to write, which must not exist
    :param files: what the nodes get into the programs' working folder; ``#name`` behind one is its name there
    :param archives: files that are unpacked there
    :param jars: further classes, such as those of a format
    :param conf: settings of Hadoop for this job
    :param combiner: the command line of a reducer that runs behind each mapper
    :param partitioner: the Java class that says which reducer gets a key
    :param input_format: the Java class that reads the input; lines of text unless given
    :param output_format: the Java class that writes the output; lines of text unless given
    :param num_reduce_tasks: how many files are written; 0 writes what the mappers say
    :param environment: environment variables of the programs
    :param args: further options of hadoop-streaming, one text an element
    """

    kind = "hadoop_streaming"
    part_of = ("Hadoop",)
    command_line = (
        "hadoop-streaming",
        Settings("conf", "-D"),
        Joined("files", "-files"),
        Joined("archives", "-archives"),
        Joined("jars", "-libjars"),
        Option("mapper", "-mapper"),
        Option("combiner", "-combiner"),
        Option("reducer", "-reducer"),
        Option("partitioner", "-partitioner"),
        Option("input_format", "-inputformat"),
        Option("output_format", "-outputformat"),
        Option("num_reduce_tasks", "-numReduceTasks"),
        Each("inputs", "-input"),
        Option("output", "-output"),
        Settings("environment", "-cmdenv"),
        Words("args"),
    )

    mapper: str
    reducer: str
    inputs: Sequence[str]
    output: str
    _: KW_ONLY
    files: Sequence[str] = ()
    archives: Sequence[str] = ()
    jars: Sequence[str] = ()
    conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    combiner: str | None = None
    partitioner: str | None = None
    input_format: str | None = None
    output_format: str | None = None
    num_reduce_tasks: int | str | None = None
    environment: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    args: Sequence[str | int | float] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(rules.text, "mapper", "reducer", "combiner", "partitioner", "input_format", "output_format")
        self.check(rules.words, "inputs", each=addresses.folder)
        self.check(addresses.folder, "output")
        self.check(rules.words, "files", "archives", "jars", each=addresses.shipped_file)
        self.check(rules.settings, "conf", "environment")
        self.check(rules.whole, "num_reduce_tasks", least=0)
        self.check(rules.words, "args")
        self._check_places()
        self._check_order()
        for name in ("mapper", "reducer", "combiner"):
            self._check_program(name)

    def _check_places(self) -> None:
        inputs: Any = self.inputs
        if inputs == ():
            self.refuse("inputs", "there is nothing to read", 'write inputs=["s3://bucket/folder/"]')
        if isinstance(inputs, tuple) and is_text(self.output):
            for place in inputs:
                if is_text(place) and place.rstrip("/") == self.output.rstrip("/"):
                    self.refuse(
                        "output", "it is read as well, and Hadoop writes only to a folder that is new", "name another"
                    )

    def _check_order(self) -> None:
        args: Any = self.args
        for word in args if isinstance(args, tuple) else ():
            if is_text(word) and (word in GENERIC_OPTIONS or word.startswith("-D")):
                self.refuse(
                    "args",
                    f"Hadoop takes {word} only before the other options",
                    "write it as conf, files, jars or archives",
                    value=word,
                )

    def _check_program(self, name: str) -> None:
        program, files = getattr(self, name), self.files
        if not is_text(program):
            return
        try:
            words = shlex.split(program)
        except ValueError as error:
            self.refuse(name, f"it is no command line: {error}", "close the quotes")
        if "://" in words[0]:
            file = words[0].rpartition("/")[2]
            self.refuse(
                name,
                "a task starts a program of its node, and reads none from S3",
                f'write {name}="{file}" and files=["{words[0]}"]',
            )
        if not isinstance(files, tuple) or not all(is_text(file) for file in files):
            return
        shipped = {file.partition("#")[2] or file.rpartition("/")[2] for file in files}
        lacking = [word for word in words if word.endswith(SCRIPTS) and "/" not in word and word not in shipped]
        if lacking and not self.archives:
            self.refuse(
                name,
                f"{lacking[0]} is not among the files, so no task has it",
                f'write files=["s3://bucket/{lacking[0]}"], or its absolute path on the nodes',
            )
