"""An object is the old one or the new one, with what was said of it, wherever the emulator is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.s3 import killed_store

pytestmark = pytest.mark.slow

OLD, NEW = ["old content", "old"], ["new", "new"]
KEYS = {"a file": "a/k", "a file aside": "a//k", "a marker with a content": "marked/"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One in memory, where there is such: hundreds of stores are opened in it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


def outcomes(folder: Path, key: str, change: str) -> list[dict[str, Any]]:
    """What was seen after a kill at the first call, at the second, …, and after no kill."""
    program = [sys.executable, killed_store.__file__, str(folder), key, change]
    root = Path(__file__).parents[3]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=root, env={"PYTHONPATH": str(root)})
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["killed"] for one in seen] == [True] * (len(seen) - 1) + [False]
    assert [one["left"] for one in seen] == [[]] * len(seen)
    assert len(seen) > 20
    return seen


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_put_that_is_killed_leaves_the_old_object_or_the_new_one(folder: Path, key: str) -> None:
    seen = outcomes(folder, key, "put")
    turn = next(number for number, one in enumerate(seen) if one["seen"] == NEW)
    assert [one["seen"] for one in seen] == [OLD] * turn + [NEW] * (len(seen) - turn)
    assert turn > 0
    assert {tuple(one["listed"]) for one in seen} == {(key,)}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_first_put_that_is_killed_leaves_no_object_or_a_whole_one(folder: Path, key: str) -> None:
    seen = outcomes(folder, key, "first")
    turn = next(number for number, one in enumerate(seen) if one["seen"] == NEW)
    assert [one["seen"] for one in seen] == [None] * turn + [NEW] * (len(seen) - turn)
    assert [one["listed"] for one in seen] == [[]] * turn + [[key]] * (len(seen) - turn)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_deletion_that_is_killed_leaves_the_whole_object_or_none(folder: Path, key: str) -> None:
    seen = outcomes(folder, key, "delete")
    turn = next(number for number, one in enumerate(seen) if one["seen"] is None)
    assert [one["seen"] for one in seen] == [OLD] * turn + [None] * (len(seen) - turn)
    assert [one["listed"] for one in seen] == [[key]] * turn + [[]] * (len(seen) - turn)
