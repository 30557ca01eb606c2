"""s3-dist-cp: copies between S3 and the cluster's HDFS, with S3DistCp's options.

A group (--groupBy) becomes one file that has the group's name; when --targetSize divides it, the further ones have
a number after it. lzo and snappy are not installed.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host.shims.filesystems import (
    FileSystem,
    Found,
    S3FileSystem,
    filesystem_of,
    in_words,
)

_MIB = 1024 * 1024
_IN_MEMORY = 64 * _MIB
_CODECS = ("gzip", "gz", "lzo", "snappy", "none", "keep")


class DistCpError(Exception):
    """The copy fails, for this reason."""


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DistCpError(f"s3-dist-cp: {message}")


def _options() -> _Options:
    options = _Options(prog="s3-dist-cp", allow_abbrev=False)
    add = options.add_argument
    add("--src", required=True)
    add("--dest", required=True)
    add("--srcPattern", type=_pattern)
    add("--groupBy", type=_pattern)
    add("--targetSize", type=int)
    add("--appendToLastFile", action="store_true")
    add("--outputCodec", choices=_CODECS, default="keep")
    add("--s3ServerSideEncryption", action="store_true")
    add("--deleteOnSuccess", action="store_true")
    add("--disableMultipartUpload", action="store_true")
    add("--multipartUploadChunkSize", type=int)
    add("--numberFiles", action="store_true")
    add("--startingIndex", type=int, default=0)
    add("--outputManifest")
    add("--previousManifest")
    add("--requirePreviousManifest", type=_truth, default=True)
    add("--copyFromManifest", action="store_true")
    add("--s3Endpoint")
    add("--storageClass", choices=("STANDARD", "REDUCED_REDUNDANCY"))
    add("--srcPrefixesFile")
    return options


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


@dataclass
class Output:
    """A file to be written, and what it is made of."""

    name: str
    sources: list[Found]

    @property
    def size(self) -> int:
        return sum(source.size for source in self.sources)


class DistCp:
    """One run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.dest = options.dest.rstrip("/")
        self.source: FileSystem = filesystem_of(options.src)
        self.target: FileSystem = filesystem_of(options.dest)
        self._check()

    def _check(self) -> None:
        options = self.options
        if options.groupBy is not None and options.groupBy.groups == 0:
            raise DistCpError("s3-dist-cp: --groupBy needs a parenthesised group, which names the group of a file")
        if options.targetSize is not None and options.groupBy is None:
            raise DistCpError("s3-dist-cp: --targetSize needs --groupBy: only groups of files are put together")
        if options.outputCodec in ("lzo", "snappy"):
            raise DistCpError(f"s3-dist-cp: --outputCodec {options.outputCodec} is not installed in the emulator")
        if options.copyFromManifest and not options.previousManifest:
            raise DistCpError("s3-dist-cp: --copyFromManifest needs --previousManifest")
        if options.s3Endpoint:
            print("s3-dist-cp: --s3Endpoint is left out: there is one S3 here", file=sys.stderr)

    def run(self) -> int:
        """Copy; the number of files read."""
        found = [file for file in self._found() if self._is_wanted(file)]
        if not found:
            raise DistCpError(f"s3-dist-cp: Input path does not exist: nothing to copy at {self.options.src}")
        copied_before = self._copied_before()
        outputs = list(self._outputs(file for file in found if file.path not in copied_before))
        for number, output in enumerate(outputs, self.options.startingIndex):
            if self.options.numberFiles:
                folder, _, name = output.name.rpartition("/")
                output.name = f"{folder}/{number:05d}{name}".lstrip("/")
            self._write(output)
        self._write_manifest(outputs)
        sources = [source for output in outputs for source in output.sources]
        if self.options.deleteOnSuccess:
            for source in sources:
                self.source.delete(source.address)
        total = sum(source.size for source in sources)
        print(f"s3-dist-cp: copied {len(sources)} files of {total} bytes to {len(outputs)} files", file=sys.stderr)
        return len(sources)

    # --- what to copy

    def _found(self) -> Iterator[Found]:
        if self.options.copyFromManifest:
            yield from self._manifest_entries()
        elif self.options.srcPrefixesFile:
            top = self.options.src.rstrip("/") + "/"
            for prefix in self._lines(self.options.srcPrefixesFile):
                for file in self.source.files(prefix):
                    yield Found(file.address, file.address.removeprefix(top), file.size)
        else:
            yield from self.source.files(self.options.src)

    def _is_wanted(self, file: Found) -> bool:
        """Both patterns are held against the whole path."""
        patterns = (self.options.srcPattern, self.options.groupBy)
        return all(pattern is None or pattern.fullmatch(file.address) for pattern in patterns)

    def _copied_before(self) -> set[str]:
        if not self.options.previousManifest or self.options.copyFromManifest:
            return set()
        return {file.path for file in self._manifest_entries()}

    def _manifest_entries(self) -> Iterator[Found]:
        manifest = self.options.previousManifest
        try:
            lines = list(self._lines(manifest))
        except (FileNotFoundError, ClientError) as error:
            if self.options.requirePreviousManifest or self.options.copyFromManifest:
                raise DistCpError(f"s3-dist-cp: --previousManifest {manifest} cannot be read: {error}") from None
            return
        for line in lines:
            entry = json.loads(line)
            yield Found(entry["path"], entry["baseName"], entry["size"])

    def _lines(self, address: str) -> Iterator[str]:
        with filesystem_of(address).open(address) as file:
            body = file.read()
        text = (gzip.decompress(body) if address.endswith(".gz") else body).decode()
        return (line.strip() for line in text.splitlines() if line.strip())

    # --- how to put it together

    def _outputs(self, files: Iterable[Found]) -> Iterator[Output]:
        if self.options.groupBy is None:
            yield from (Output(self._coded(file.path), [file]) for file in files)
            return
        groups: dict[str, list[Found]] = {}
        for file in files:
            match = self.options.groupBy.fullmatch(file.address)
            # S3DistCp appends what Java has for each group, which is null for one that takes no part in the match.
            groups.setdefault("".join(match.groups("null")), []).append(file)
        for name, members in groups.items():
            for number, part in enumerate(self._parts(members)):
                yield Output(self._coded(f"{name}{number or ''}"), part)

    def _parts(self, files: Sequence[Found]) -> Iterator[list[Found]]:
        """A group, divided so that each part reaches the target size."""
        limit = (self.options.targetSize or 0) * _MIB
        part: list[Found] = []
        size = 0
        for file in files:
            part.append(file)
            size += file.size
            if limit and size >= limit:
                yield part
                part, size = [], 0
        if part:
            yield part

    def _coded(self, name: str) -> str:
        codec = self.options.outputCodec
        if codec == "keep":
            return name
        plain = name.removesuffix(".gz")
        return f"{plain}.gz" if codec in ("gzip", "gz") else plain

    # --- the copying

    def _write(self, output: Output) -> None:
        address = f"{self.dest}/{output.name}"
        extra = {"ServerSideEncryption": "AES256"} if self.options.s3ServerSideEncryption else {}
        if self.options.storageClass:
            extra["StorageClass"] = self.options.storageClass
        alone = len(output.sources) == 1 and not self.options.appendToLastFile
        within_s3 = isinstance(self.source, S3FileSystem) and isinstance(self.target, S3FileSystem)
        if alone and within_s3 and self.options.outputCodec == "keep":
            assert isinstance(self.target, S3FileSystem)
            self.target.copy(output.sources[0].address, address, **extra)
            return
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            self._fill(body, output, address)
            body.seek(0)
            self.target.write(address, body, **extra)

    def _fill(self, body: IO[bytes], output: Output, address: str) -> None:
        if self.options.appendToLastFile and any(True for _ in self.target.files(address)):
            with self.target.open(address) as before:
                body.write(before.read())
        codec = self.options.outputCodec
        for source in output.sources:
            with self.source.open(source.address) as file:
                content = file.read()
            packed = source.address.endswith(".gz")
            if codec in ("gzip", "gz") and not packed:
                content = gzip.compress(content)
            elif codec == "none" and packed:
                content = gzip.decompress(content)
            body.write(content)

    def _write_manifest(self, outputs: Sequence[Output]) -> None:
        if not self.options.outputManifest:
            return
        lines = [
            json.dumps(
                {
                    "path": f"{self.dest}/{output.name}",
                    "baseName": output.name,
                    "srcDir": self.options.src,
                    "size": output.size,
                }
            )
            for output in outputs
        ]
        body = gzip.compress(("\n".join(lines) + "\n").encode())
        self.target.write(f"{self.dest}/{self.options.outputManifest}", io.BytesIO(body))


def main(arguments: Sequence[str]) -> int:
    """The exit code of s3-dist-cp."""
    try:
        DistCp(_options().parse_args(list(arguments))).run()
    except (DistCpError, ValueError, OSError, BotoCoreError, ClientError) as error:
        print(f'Exception in thread "main" {in_words(error)}', file=sys.stderr)
        return 1
    return 0
