"""One process of a step and all that it starts: a session of its own, of which nothing is left in the end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.guard import MARK, Guard, kill_group, kill_marked, kill_until_gone


class ProcessGroup:
    """A running process group."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str, guard: Guard) -> None:
        self._process = process
        self._mark = mark
        self._guard = guard
        self.pid = process.pid

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
        return cls(process, environment[MARK], guard)

    def signal(self, number: int) -> None:
        """Signal the group, and what left it but carries its mark."""
        kill_group(self.pid, number)
        if number == signal.SIGKILL:
            kill_marked(self._mark)

    async def wait(self) -> int:
        """The exit code of the process; a death by signal n is 128 + n, as shells have it."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def end(self) -> list[str]:
        """Kill whatever is left of the group, and what has left it; returns who that was."""
        left = await asyncio.to_thread(kill_until_gone, {self.pid}, self._mark)
        self._guard.forget(self.pid)
        return left

    def leave(self) -> None:
        """Let live on what the process started; the guard knows it by its mark."""
        self._guard.forget(self.pid)
