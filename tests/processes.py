"""What tests see of processes that may end while they are looked at."""

from __future__ import annotations

import psutil


def arguments_of(process: psutil.Process) -> list[str]:
    """The command line; empty for a process that has just ended."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def descendants(pid: int, word: str) -> list[psutil.Process]:
    """What descends from a process and has the word in its command line."""
    return [child for child in psutil.Process(pid).children(recursive=True) if word in " ".join(arguments_of(child))]
