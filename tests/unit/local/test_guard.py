"""Nothing outlives whoever started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.errors import NotReady, ProcessDied
from local.processes import GuardedProcess, run_to_end, wait_until

ENV = dict(os.environ)

# Starts a grandchild in a session of its own, tells both process ids, and waits; {mode} says how it takes SIGTERM.
FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.{mode})
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("family", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""

OWNER = """
import os, signal, sys, time
from pathlib import Path
from local.processes import GuardedProcess
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin without
process = GuardedProcess("family", [sys.executable, "-c", sys.argv[1]], env=dict(os.environ), log=Path(sys.argv[2]))
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def family(log: Path) -> Iterator[GuardedProcess]:
    process = guarded(FAMILY.format(mode="SIG_DFL"), log)
    process.start()
    yield process
    process.stop()


def guarded(program: str, log: Path, *, name: str = "The family") -> GuardedProcess:
    return GuardedProcess(name, [sys.executable, "-c", program], env=ENV, log=log)


def members(log: Path) -> list[psutil.Process]:
    """The processes that told their ids, as soon as they have."""
    wait_until(lambda: log.exists() and b"family" in log.read_bytes(), "a family", processes=[], timeout=30, log=log)
    return [psutil.Process(int(pid)) for pid in log.read_text().split()[1:]]


def assert_gone(processes: list[psutil.Process], *, within: float = 20) -> None:
    _, alive = psutil.wait_procs(processes, timeout=within)
    assert alive == []


def test_stopping_ends_a_grandchild_in_a_session_of_its_own(family: GuardedProcess, log: Path) -> None:
    processes = members(log)
    family.stop()
    assert_gone(processes, within=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_owner_that_is_killed_leaves_nothing(log: Path, number: int) -> None:
    command = [sys.executable, "-c", OWNER, FAMILY.format(mode="SIG_DFL"), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        guard = psutil.Process(int(owner.stdout.readline()))
        processes = [guard, *members(log)]
        owner.send_signal(number)
    assert_gone(processes)


def test_a_command_that_will_not_stop_is_killed(log: Path) -> None:
    script = f"""
import sys
from local.guard import main
main([sys.executable, "-c", {FAMILY.format(mode="SIG_IGN")!r}], grace=0.2)
"""
    with log.open("wb") as out, subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=out) as guard:
        processes = members(log)
        assert guard.stdin is not None
        guard.stdin.close()
        assert_gone(processes)


def test_a_grandchild_left_behind_by_a_killed_child_is_ended(family: GuardedProcess, log: Path) -> None:
    processes = members(log)
    processes[0].kill()
    assert_gone(processes)
    with pytest.raises(ProcessDied, match="The family was killed by signal 9"):
        wait_until(lambda: False, "never", processes=[family], timeout=20, log=log)


def test_a_process_that_ended_is_told_with_the_end_of_its_log(log: Path) -> None:
    process = guarded("import sys; print('why it ended'); sys.exit(3)", log)
    process.start()
    with pytest.raises(ProcessDied) as died:
        wait_until(lambda: False, "never", processes=[process], timeout=20, log=log)
    assert "The family ended with exit code 3" in str(died.value)
    assert "why it ended" in str(died.value)
    process.stop()


def test_a_command_run_to_its_end_must_succeed(log: Path) -> None:
    def run(program: str, timeout: float = 30) -> None:
        run_to_end("The command", [sys.executable, "-c", program], env=ENV, log=log, timeout=timeout)

    run("")
    with pytest.raises(ProcessDied, match="The command ended with exit code 1"):
        run("raise ValueError")
    with pytest.raises(NotReady, match="did not come within 1 seconds"):
        run("import time; time.sleep(600)", timeout=1)


def test_stopping_what_was_not_started_does_nothing(log: Path) -> None:
    process = guarded("", log)
    process.stop()
    assert not log.exists(), "nothing was started, and nobody said anything"
