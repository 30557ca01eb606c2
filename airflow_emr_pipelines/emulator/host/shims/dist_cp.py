"""hadoop distcp: copies files and folders as Hadoop's own DistCp does."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host.shims.filesystems import (
    FileSystem,
    Found,
    S3FileSystem,
    filesystem_of,
    in_words,
)
from airflow_emr_pipelines.emulator.host.shims.globs import expand

_SWITCHES = ("-update", "-overwrite", "-delete", "-skipcrccheck", "-i", "-async", "-direct", "-useiterator", "-v")
# How fast, by how many, and where it is written down: nothing that changes what is copied.
_OF_THE_JOB = ("-D", "-m", "-bandwidth", "-strategy", "-log", "-copybuffersize", "-blocksperchunk")


class DistCpError(Exception):
    """The copy fails, for this reason."""


@dataclass
class Options:
    """A command, taken apart."""

    switches: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, words: Sequence[str]) -> Options:
        options, rest = cls(), list(words)
        while rest:
            word = rest.pop(0)
            if word in _SWITCHES:
                options.switches.add(word)
            elif word in _OF_THE_JOB and rest:
                print(f"distcp: {word} {rest.pop(0)} is left out: there is one process here", file=sys.stderr)
            elif word.startswith("-p") or (word.startswith("-D") and "=" in word):
                print(f"distcp: {word} is left out", file=sys.stderr)
            elif word.startswith("-"):
                raise DistCpError(f"Invalid arguments: {word} is not part of the emulator's distcp")
            else:
                options.addresses.append(word)
        options._check()
        return options

    def _check(self) -> None:
        if len(self.addresses) < 2:
            raise DistCpError("Invalid arguments: hadoop distcp [OPTIONS] SOURCE... TARGET")
        if {"-update", "-overwrite"} <= self.switches:
            raise DistCpError("Invalid arguments: Overwrite and update options are mutually exclusive")
        if "-delete" in self.switches and not self.replaces:
            raise DistCpError("Invalid arguments: Delete missing is applicable only with update or overwrite options")
        if "-skipcrccheck" in self.switches and "-update" not in self.switches:
            raise DistCpError("Invalid arguments: Skip CRC is valid only with update options")

    @property
    def replaces(self) -> bool:
        """Whether a source's content goes into the target, and what differs there is replaced."""
        return bool(self.switches & {"-update", "-overwrite"})


@dataclass(frozen=True)
class Copy:
    """One file and where it goes."""

    source: Found
    target: str


class DistCp:
    """One run."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dest = _trimmed(options.addresses[-1])
        self.target: FileSystem = filesystem_of(self.dest)
        self.sources = [address for pattern in options.addresses[:-1] for address in self._matches(pattern)]

    def _matches(self, pattern: str) -> list[str]:
        found = [_trimmed(address) for address in expand(pattern)]
        if not found or not all(map(_exists, found)):
            raise DistCpError(f"{pattern} doesn't exist")
        return found

    def run(self) -> None:
        copies = list(self._copies())
        targets = [copy.target for copy in copies]
        twice = [target for target, times in Counter(targets).items() if times > 1]
        if twice:
            raise DistCpError(f"Duplicate files in input path: several would become {twice[0]}")
        copied = [copy for copy in copies if self._is_wanted(copy)]
        for copy in copied:
            self._write(copy)
        deleted = list(self._surplus(set(targets))) if "-delete" in self.options.switches else []
        for address in deleted:
            self.target.delete(address)
        total = sum(copy.source.size for copy in copied)
        print(
            f"distcp: copied {len(copied)} files of {total} bytes to {self.dest}, "
            f"skipped {len(copies) - len(copied)}, deleted {len(deleted)}",
            file=sys.stderr,
        )

    def _copies(self) -> Iterator[Copy]:
        """A folder becomes the target where that is new, or is told to be like it; else it goes below the target."""
        into = not self.target.is_folder(self.dest)
        alone = len(self.sources) == 1
        for source in self.sources:
            filesystem, name = filesystem_of(source), source.rpartition("/")[2]
            if filesystem.is_file(source):
                (file,) = (found for found in filesystem.files(source) if found.address == source)
                yield Copy(file, self.dest if alone and into else self._below(name))
                continue
            spread = self.options.replaces or (alone and into) or urlsplit(source).path in ("", "/")
            for file in filesystem.files(source):
                yield Copy(file, self._below(file.path if spread else f"{name}/{file.path}"))

    def _below(self, path: str) -> str:
        return f"{self.dest}{path}" if self.dest.endswith("/") else f"{self.dest}/{path}"

    def _is_wanted(self, copy: Copy) -> bool:
        if "-overwrite" in self.options.switches or not self.target.is_file(copy.target):
            return True
        return "-update" in self.options.switches and self._differs(copy)

    def _differs(self, copy: Copy) -> bool:
        """By length and, as only HDFS has checksums, between two files of HDFS by content."""
        (there,) = (found for found in self.target.files(copy.target) if found.address == copy.target)
        if there.size != copy.source.size:
            return True
        source = filesystem_of(copy.source.address)
        if (
            isinstance(source, S3FileSystem)
            or isinstance(self.target, S3FileSystem)
            or "-skipcrccheck" in self.options.switches
        ):
            return False
        with source.open(copy.source.address) as one, self.target.open(copy.target) as other:
            return one.read() != other.read()

    def _surplus(self, targets: set[str]) -> Iterator[str]:
        return (found.address for found in self.target.files(self.dest) if self._below(found.path) not in targets)

    def _write(self, copy: Copy) -> None:
        source = filesystem_of(copy.source.address)
        with source.open(copy.source.address) as body:
            self.target.write(copy.target, body)


def main(words: Sequence[str]) -> int:
    """The exit code of hadoop distcp."""
    try:
        DistCp(Options.of(words)).run()
    except (DistCpError, ValueError, OSError, BotoCoreError, ClientError) as error:
        print(f"ERROR tools.DistCp: {in_words(error)}", file=sys.stderr)
        return 1
    return 0


def _exists(address: str) -> bool:
    filesystem = filesystem_of(address)
    return filesystem.is_file(address) or filesystem.is_folder(address)


def _trimmed(address: str) -> str:
    """Without slashes at its end, but for those of a root."""
    trimmed = address.rstrip("/")
    return trimmed if trimmed and not trimmed.endswith(":") else address
