"""hadoop-streaming: map, sort and reduce with the programs of a job, on this machine.

Mappers and reducers are real processes, one a file of the input and one a reducer; what they share with Hadoop's are
lines with a key before the first tab, how keys are parted and ordered, shipped files, and variables of the environment.
A task is tried once. What needs Java classes of one's own, or settings that change how keys are read, is refused.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host.shims.aggregators import aggregate
from airflow_emr_pipelines.emulator.host.shims.filesystems import filesystem_of, in_words
from airflow_emr_pipelines.emulator.host.shims.globs import expand
from airflow_emr_pipelines.emulator.host.shims.map_reduce import InProcess, Job, Program, TaskFailed

_ONE = (
    "-mapper", "-reducer", "-combiner", "-output", "-numReduceTasks", "-inputformat", "-outputformat", "-partitioner",
    "-io",
)  # fmt: skip
_MANY = ("-D", "-jobconf", "-input", "-cmdenv", "-files", "-file", "-archives", "-libjars")
_SWITCHES = ("-verbose", "-debug", "-lazyOutput")
_GENERIC = ("-D", "-files", "-archives", "-libjars")
# What there is without Java: the classes that a job has when it names none.
_CLASSES = {
    "-inputformat": "TextInputFormat",
    "-outputformat": "TextOutputFormat",
    "-partitioner": "HashPartitioner",
    "-io": "text",
}
_IDENTITY = ("org.apache.hadoop.mapred.lib.IdentityMapper", "org.apache.hadoop.mapred.lib.IdentityReducer")
_REDUCERS = ("mapreduce.job.reduces", "mapred.reduce.tasks")
_SEPARATOR = ("mapreduce.output.textoutputformat.separator", "mapred.textoutputformat.separator")
_RECURSIVE = ("mapreduce.input.fileinputformat.input.dir.recursive", "mapred.input.dir.recursive")
# Settings that change what a job does in ways that are not here.
_CHANGING = (
    "stream.", "mapreduce.partition.", "mapreduce.job.output.", "mapred.output.", "mapred.text.key.", "map.output.key.",
    "mapreduce.job.partitioner", "mapreduce.output.fileoutputformat.compress",
)  # fmt: skip
_PACKED: Mapping[str, Callable[[Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open}


class StreamingError(Exception):
    """The job is not started, for this reason."""


@dataclass
class Options:
    """A command, taken apart."""

    one: dict[str, str] = field(default_factory=dict)
    many: dict[str, list[str]] = field(default_factory=lambda: {option: [] for option in _MANY})

    @classmethod
    def of(cls, words: Sequence[str]) -> Options:
        options, rest, generic = cls(), list(words), True
        while rest:
            word = rest.pop(0)
            if word.startswith("-D") and len(word) > 2:
                word, rest = "-D", [word[2:], *rest]
            generic = generic and word in _GENERIC
            if word in _GENERIC and not generic:
                raise StreamingError(f"Unrecognized option: {word}: generic options come before all others")
            if word not in (*_ONE, *_MANY, *_SWITCHES):
                raise StreamingError(f"Unrecognized option: {word}, or one that the emulator does not have")
            if word in _SWITCHES:
                continue
            if not rest:
                raise StreamingError(f"Missing argument for option: {word}")
            value = rest.pop(0)
            if word in _ONE:
                options.one[word] = value
            else:
                options.many[word] += value.split(",") if word in _GENERIC[1:] else [value]
        options._check()
        return options

    def _check(self) -> None:
        for option, name in (("-input", "input"), ("-output", "output"), ("-mapper", "mapper")):
            if not (self.many.get(option) or self.one.get(option)):
                raise StreamingError(f"Missing required option: {name}")
        for option, there in _CLASSES.items():
            asked = self.one.get(option, there)
            if asked.rpartition(".")[2] != there:
                raise StreamingError(f"{option} {asked}: the emulator has no Java classes for streaming, only {there}")

    @property
    def conf(self) -> dict[str, str]:
        """The job's own settings; the last of a name holds."""
        pairs = [item.partition("=") for item in (*self.many["-jobconf"], *self.many["-D"])]
        return {name: value for name, _, value in pairs}

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, _, value in (item.partition("=") for item in self.many["-cmdenv"])}


class Streaming:
    """One run."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.conf = {**_mapred_site(), **options.conf}
        self.output = options.one["-output"].rstrip("/")
        self.files: dict[str, Path] = {}
        for name, value in self.conf.items():
            if name.startswith(_CHANGING) and value.lower() != "false":
                raise StreamingError(f"{name}={value}: this setting is not part of the emulator's streaming")

    def run(self) -> None:
        filesystem = filesystem_of(self.output)
        if filesystem.is_file(self.output) or filesystem.is_folder(self.output):
            raise StreamingError(
                f"org.apache.hadoop.mapred.FileAlreadyExistsException: Output directory {self.output} already exists"
            )
        inputs = list(dict.fromkeys(file for pattern in self.options.many["-input"] for file in self._inputs(pattern)))
        print(f"INFO mapred.FileInputFormat: Total input files to process : {len(inputs)}", file=sys.stderr)
        self._ship_files()
        written = self._job().run([(file, partial(_lines, file)) for file in inputs])
        for number, path in enumerate(written):
            with path.open("rb") as body:
                filesystem.write(f"{self.output}/part-{number:05d}", body)
        filesystem.write(f"{self.output}/_SUCCESS", io.BytesIO())
        print(f"INFO streaming.StreamJob: Output directory: {self.output}", file=sys.stderr)

    def _job(self) -> Job:
        reducer = self.options.one.get("-reducer", _IDENTITY[1])
        reducers = self.options.one.get("-numReduceTasks", self._setting(_REDUCERS, "1"))
        if not reducers.isdigit():
            raise StreamingError(f"-numReduceTasks {reducers}: it is no number")
        return Job(
            folder=self.folder,
            mapper=self._mapper(),
            reducer=self._reducer(reducer),
            combiner=self._reducer(self.options.one["-combiner"]) if "-combiner" in self.options.one else None,
            reducers=0 if reducer == "NONE" else int(reducers),
            separator=self._setting(_SEPARATOR, "\t").encode(),
            variables={_variable(name): value for name, value in self.conf.items()},
        )

    def _mapper(self) -> Program | None:
        mapper = self.options.one["-mapper"]
        return None if mapper == _IDENTITY[0] else self._program("-mapper", mapper)

    def _reducer(self, command: str) -> Program | InProcess | None:
        if command in ("NONE", _IDENTITY[1]):
            return None
        return aggregate if command == "aggregate" else self._program("-reducer", command)

    def _program(self, option: str, command: str) -> Program:
        if command.startswith(("org.", "com.")) and " " not in command and command not in self.files:
            raise StreamingError(f"{option} {command}: the emulator has no Java classes for streaming")
        return Program(command, self.files, self.options.environment)

    def _setting(self, names: Iterable[str], default: str) -> str:
        return next((self.conf[name] for name in names if name in self.conf), default)

    # --- what is read

    def _inputs(self, pattern: str) -> Iterator[str]:
        found = expand(pattern)
        if not found:
            raise StreamingError(
                f"org.apache.hadoop.mapred.InvalidInputException: Input Pattern {pattern} matches 0 files"
            )
        for address in found:
            filesystem = filesystem_of(address)
            if filesystem.is_file(address):
                yield address
            elif filesystem.is_folder(address):
                yield from self._files_of(address)
            else:
                raise StreamingError(
                    f"org.apache.hadoop.mapred.InvalidInputException: Input path does not exist: {address}"
                )

    def _files_of(self, folder: str) -> Iterator[str]:
        recursive = self._setting(_RECURSIVE, "false").lower() == "true"
        for file in sorted(filesystem_of(folder).files(f"{folder.rstrip('/')}/"), key=lambda file: file.address):
            parts = file.path.split("/")
            if any(part.startswith(("_", ".")) for part in parts):
                continue
            if len(parts) > 1 and not recursive:
                raise StreamingError(f"java.io.IOException: Not a file: {folder.rstrip('/')}/{parts[0]}")
            yield file.address

    # --- what the programs find beside them

    def _ship_files(self) -> None:
        shipped = self.folder / "shipped"
        shipped.mkdir()
        for option in ("-files", "-file", "-archives"):
            for number, entry in enumerate(self.options.many[option]):
                address, _, alias = entry.partition("#")
                name = address.rstrip("/").rpartition("/")[2]
                path = shipped / f"{option}-{number}-{name}"
                self._fetch(address, path)
                if option == "-archives":
                    shutil.unpack_archive(path, path.with_suffix(".unpacked"), "zip" if name.endswith(".jar") else None)
                    path = path.with_suffix(".unpacked")
                else:
                    path.chmod(0o555)
                self.files[alias or name] = path
        if self.options.many["-libjars"]:
            print("hadoop-streaming: -libjars is left out: no Java classes take part here", file=sys.stderr)

    def _fetch(self, address: str, path: Path) -> None:
        source = f"file://{os.path.abspath(address)}" if "://" not in address else address
        if not filesystem_of(source).is_file(source):
            raise StreamingError(f"java.io.FileNotFoundException: File {address} does not exist.")
        with filesystem_of(source).open(source) as body, path.open("wb") as file:
            shutil.copyfileobj(body, file)


def _lines(address: str) -> Iterator[bytes]:
    """What a mapper reads of a file; Hadoop unpacks by the ending."""
    suffix = Path(address).suffix
    with ExitStack() as opened:
        body: IO[bytes] = opened.enter_context(filesystem_of(address).open(address))
        if suffix in _PACKED:
            local = opened.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(body, local)
            local.seek(0)
            body = opened.enter_context(_PACKED[suffix](local))
        yield from _split(body)


def _split(body: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := body.read(1024 * 1024):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.removesuffix(b"\r") for line in lines)
    if rest:
        yield rest.removesuffix(b"\r")


def _mapred_site() -> dict[str, str]:
    """What the cluster's configuration says of jobs."""
    site = Path(os.environ.get("HADOOP_CONF_DIR", "/nonexistent")) / "mapred-site.xml"
    if not site.is_file():
        return {}
    found = ElementTree.parse(site).getroot().iter("property")
    return {each.findtext("name", ""): each.findtext("value", "") for each in found}


def _variable(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name)


def main(words: Sequence[str]) -> int:
    """The exit code of hadoop-streaming."""
    try:
        with tempfile.TemporaryDirectory(prefix="streaming-") as folder:
            Streaming(Options.of(words), Path(folder)).run()
    except TaskFailed as error:
        print(f"Error: {error}\nERROR streaming.StreamJob: Job not successful!", file=sys.stderr)
        return 1
    except (StreamingError, ValueError, OSError, BotoCoreError, ClientError) as error:
        said = error if isinstance(error, StreamingError) else in_words(error)
        print(f"ERROR streaming.StreamJob: Error Launching job : {said}", file=sys.stderr)
        return 1
    return 0
