"""Map, sort and reduce with programs that read lines and write lines, in processes of this machine.

Keys end at the first tab. They are parted among the reducers as Hadoop parts them, and each reducer reads its own in
their order.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path
from typing import IO

Pair = tuple[bytes, bytes]
Source = Callable[[], Iterable[bytes]]
"""What a map task reads: lines, with or without their ends."""
InProcess = Callable[[Iterable[Pair]], Iterable[Pair]]
_AT_ONCE = 4


class TaskFailed(Exception):
    """A program of the job failed."""


@dataclass(frozen=True)
class Program:
    """A command line, run in a folder that has the files which the job brings."""

    command: str
    files: Mapping[str, Path]
    environment: Mapping[str, str]

    def run(self, lines: Iterable[bytes], folder: Path, **variables: str) -> Iterator[bytes]:
        """The lines that it writes; TaskFailed when it ends otherwise than well."""
        folder.mkdir(parents=True)
        for name, path in self.files.items():
            (folder / name).symlink_to(path)
        words = shlex.split(self.command)
        if (folder / words[0]).is_file():
            words[0] = str(folder / words[0])
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env={**os.environ, **variables, **self.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            raise TaskFailed(
                f'java.io.IOException: Cannot run program "{words[0]}": error={error.errno}, {error.strerror}'
            ) from None
        assert process.stdin is not None
        assert process.stdout is not None
        failures: list[BaseException] = []
        feeder = threading.Thread(target=_feed, args=(process.stdin, lines, failures))
        feeder.start()
        try:
            yield from process.stdout
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            feeder.join()
            process.stdout.close()
        if failures:
            raise failures[0]
        if code:
            raise TaskFailed(
                "java.lang.RuntimeException: PipeMapRed.waitOutputThreads(): subprocess failed with code "
                f"{code}: {self.command}"
            )


def _feed(stdin: IO[bytes], lines: Iterable[bytes], failures: list[BaseException]) -> None:
    try:
        with contextlib.suppress(BrokenPipeError), stdin:  # it need not read all
            for line in lines:
                stdin.write(line if line.endswith(b"\n") else line + b"\n")
    except Exception as error:  # told where the program's output is read
        failures.append(error)


@dataclass
class Job:
    """What the tasks do. Without a mapper a line passes as it is; without a reducer, in the order of its keys."""

    folder: Path
    mapper: Program | None
    reducer: Program | InProcess | None
    combiner: Program | InProcess | None
    reducers: int
    separator: bytes = b"\t"
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, sources: Sequence[tuple[str, Source]]) -> list[Path]:
        """The files that the job writes, one a reducer, or without any one a source."""
        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, os.cpu_count() or 1)) as pool:
            try:
                mapped = list(pool.map(self._map, range(len(sources)), *zip(*sources, strict=True)))
                if not self.reducers:
                    return [files[0] for files in mapped]
                return list(pool.map(self._reduce, range(self.reducers), zip(*mapped, strict=True)))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _map(self, number: int, name: str, source: Source) -> list[Path]:
        """One map task: a file for each reducer, in the order of the keys."""
        task = f"m_{number:06d}"
        variables = {**self._task(task, number, is_map=True), "mapreduce_map_input_file": name}
        lines: Iterable[bytes] = source()
        if self.mapper is not None:
            lines = self.mapper.run(lines, self.folder / task, **variables)
        pairs = map(_pair, lines)
        if not self.reducers:
            return [self._write(f"{task}-out", pairs)]
        parts: list[list[Pair]] = [[] for _ in range(self.reducers)]
        for pair in pairs:
            parts[reducer_of(pair[0], self.reducers)].append(pair)
        files = []
        for reducer, part in enumerate(parts):
            part.sort(key=_key)
            combined: Iterable[Pair] = part
            if self.combiner is not None and part:
                combined = sorted(self._applied(self.combiner, part, f"{task}-c{reducer}", variables), key=_key)
            files.append(self._spill(f"{task}-r{reducer}", combined))
        return files

    def _reduce(self, number: int, files: Iterable[Path]) -> Path:
        task = f"r_{number:06d}"
        with contextlib.ExitStack() as opened:
            sorted_runs = [map(_pair, opened.enter_context(path.open("rb"))) for path in files]
            pairs: Iterable[Pair] = merge(*sorted_runs, key=_key)
            if self.reducer is not None:
                pairs = self._applied(self.reducer, pairs, task, self._task(task, number, is_map=False))
            return self._write(f"{task}-out", pairs)

    def _applied(
        self, reducer: Program | InProcess, pairs: Iterable[Pair], task: str, variables: Mapping[str, str]
    ) -> Iterable[Pair]:
        if not isinstance(reducer, Program):
            return reducer(pairs)
        lines = (key + b"\t" + value for key, value in pairs)
        return map(_pair, reducer.run(lines, self.folder / task, **variables))

    def _task(self, task: str, number: int, *, is_map: bool) -> dict[str, str]:
        """What Hadoop tells a program about its task, in environment variables."""
        return {
            **self.variables,
            "mapreduce_task_id": f"task_local_0001_{task}",
            "mapreduce_task_partition": str(number),
            "mapreduce_task_ismap": str(is_map).lower(),
        }

    def _spill(self, name: str, pairs: Iterable[Pair]) -> Path:
        path = self.folder / name
        with path.open("wb") as file:
            file.writelines(key + b"\t" + value + b"\n" for key, value in pairs)
        return path

    def _write(self, name: str, pairs: Iterable[Pair]) -> Path:
        """The job's own output; a line without a value has a separator at its end, as Hadoop writes it."""
        path = self.folder / name
        with path.open("wb") as file:
            file.writelines(key + self.separator + value + b"\n" for key, value in pairs)
        return path


def reducer_of(key: bytes, reducers: int) -> int:
    """Which of the reducers gets a key: Hadoop's hash of its bytes, as Java counts."""
    number = 1
    for byte in key:
        number = (31 * number + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return (number & 0x7FFFFFFF) % reducers


def _pair(line: bytes) -> Pair:
    key, _, value = line.removesuffix(b"\n").partition(b"\t")
    return key, value


def _key(pair: Pair) -> bytes:
    return pair[0]
