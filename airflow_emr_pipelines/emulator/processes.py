"""One process of a step and all that it starts: a session of its own, of which nothing is left in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.guard import MARK, Guard, Trace, kill_group, kill_until_gone


class Sweeper:
    """Ends what steps leave behind. All who ask while it looks through the processes share its next look."""

    def __init__(self) -> None:
        self._asked: dict[Trace, asyncio.Future[list[str]]] = {}
        self._sweeping: asyncio.Task[None] | None = None

    async def sweep(self, trace: Trace) -> list[str]:
        """Kill until nobody is left that has the trace; returns who that was."""
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._asked[trace] = answer
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())
        return await answer

    async def _sweep(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            looking = asyncio.create_task(asyncio.to_thread(kill_until_gone, asked.keys()))
            await asyncio.wait({looking})
            for trace, answer in asked.items():
                if answer.done():
                    continue  # whoever asked does not wait any more
                if error := looking.exception():
                    answer.set_exception(error)
                else:
                    answer.set_result(looking.result()[trace])


class ProcessGroup:
    """A running process group."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str, guard: Guard, sweeper: Sweeper) -> None:
        self._process = process
        self._guard = guard
        self._sweeper = sweeper
        self.pid = process.pid
        self._trace = Trace(mark, frozenset({process.pid}))

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
        with stdout.open("ab") as out, stderr.open("ab") as err:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        guard.watch(process.pid)
        return cls(process, environment[MARK], guard, sweeper)

    def signal(self, number: int) -> None:
        """Signal the group. What has left it is killed at its end."""
        kill_group(self.pid, number)

    async def wait(self) -> int:
        """The exit code of the process; a death by signal n is 128 + n, as shells have it."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def end(self) -> list[str]:
        """Kill whatever is left of the group, and what has left it; returns who that was."""
        left = await self._sweeper.sweep(self._trace)
        self._guard.forget(self.pid)
        return left

    def leave(self) -> None:
        """Let live on what the process started; the guard knows it by its mark."""
        self._guard.forget(self.pid)
