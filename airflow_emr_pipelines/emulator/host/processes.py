"""One process of a step and all that it starts, of which nothing is left in the end.

A step's process has a session of its own, and a keeper for its parent, to whom its descendants fall.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.host import keeper
from airflow_emr_pipelines.emulator.host.guard import MARK, Guard, Trace, kill_group, kill_until_gone

_PATIENCE_SECONDS = 10.0


class Sweeper:
    """Ends what steps leave behind. All who ask while it looks through the processes share its next look."""

    def __init__(self) -> None:
        self._asked: dict[Trace, asyncio.Future[list[str]]] = {}
        self._sweeping: asyncio.Task[None] | None = None

    async def sweep(self, trace: Trace) -> list[str]:
        """Kill until nobody is left that has the trace; returns who that was."""
        names_killed: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._asked[trace] = names_killed
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())
        return await names_killed

    async def _sweep(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            looking = asyncio.create_task(asyncio.to_thread(kill_until_gone, asked.keys()))
            await asyncio.wait({looking})
            for trace, names_killed in asked.items():
                if names_killed.done():
                    continue  # whoever asked does not wait any more
                if error := looking.exception():
                    names_killed.set_exception(error)
                else:
                    names_killed.set_result(looking.result()[trace])


class ProcessGroup:
    """A running process group."""

    def __init__(self, keeper: asyncio.subprocess.Process, pid: int, mark: str, guard: Guard, sweeper: Sweeper) -> None:
        self._keeper = keeper
        self._guard = guard
        self._sweeper = sweeper
        self.pid = pid
        self._trace = Trace(mark, frozenset({pid}))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        stdout: Path,
        stderr: Path,
        guard: Guard,
        sweeper: Sweeper,
    ) -> ProcessGroup:
        """Start a program as the leader of a new session; OSError if it cannot be."""
        guard.start()
        mark = environment[MARK]
        with stdout.open("ab") as out, stderr.open("ab") as err:
            streams = (out.fileno(), err.fileno())
            kept = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", keeper.__file__, f"{MARK}={mark}", *map(str, streams), *command),
                cwd=cwd,
                env={name: value for name, value in environment.items() if name != MARK},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=streams,
                start_new_session=True,
            )
        word, number = await _next_report(kept) or ("failed", str(errno.ECHILD))
        if word == "failed":
            await kept.wait()
            raise OSError(int(number), os.strerror(int(number)))
        guard.watch(int(number))
        return cls(kept, int(number), mark, guard, sweeper)

    def signal(self, number: int) -> None:
        """Signal the group. What has left it is killed at its end."""
        kill_group(self.pid, number)

    async def wait(self) -> int:
        """The exit code of the process; a death by signal n is 128 + n, as shells have it."""
        _, number = await _next_report(self._keeper) or ("ended", str(-signal.SIGKILL))  # the step killed its keeper
        code = int(number)
        return code if code >= 0 else 128 - code

    async def end(self) -> list[str]:
        """Kill whatever is left of the group, and what has left it; returns who that was."""
        kept = await self._end_keeper()
        swept = await self._sweeper.sweep(self._trace)
        self._guard.forget(self.pid)
        return [*kept, *swept]

    async def _end_keeper(self) -> list[str]:
        killed: list[str] = []
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        try:
            await asyncio.wait_for(self._read_killed(killed), _PATIENCE_SECONDS)
        except asyncio.TimeoutError:  # somebody cannot be killed
            with contextlib.suppress(ProcessLookupError):
                self._keeper.kill()
        await self._keeper.wait()
        return killed

    async def _read_killed(self, killed: list[str]) -> None:
        while word := await _next_report(self._keeper):
            if word[0] == "killed":
                killed.append(word[1])

    def leave(self) -> None:
        """Let live on what the process started, until the end."""
        self._guard.forget(self.pid)


async def _next_report(keeper: asyncio.subprocess.Process) -> tuple[str, str] | None:
    """What a keeper tells next, and of what; None when it is no more."""
    assert keeper.stdout is not None
    line = (await keeper.stdout.readline()).decode(errors="replace").rstrip("\n")
    word, _, what = line.partition(" ")
    return (word, what) if what else None
