"""A program that changes an object of a store and is killed on the way: at each call that the change makes, in turn.

    python killed_store.py FOLDER KEY put|delete

prints, for each such call, what a store that is opened afterwards knows of the object, as one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.s3.store import ObjectStore

OLD, NEW = b"old content", b"new"
Change = Callable[[ObjectStore, str], object]
CHANGES: dict[str, Change] = {
    "put": lambda store, key: store.put("bucket", key, NEW, {"said of": "new"}),
    "delete": lambda store, key: store.delete("bucket", key),
    "first": lambda store, key: store.put("bucket", key, NEW, {"said of": "new"}),
}


def main(folder: Path, key: str, change: str) -> None:
    for call in range(1, 10_000):
        root = folder / str(call) / "s3"
        store = ObjectStore(root)
        store.save_bucket("bucket", {})
        if change != "first":
            store.put("bucket", key, OLD, {"said of": "old"})
        store.close()
        killed = change_and_die(root, key, CHANGES[change], call)
        store = ObjectStore(root)
        found = store.find("bucket", key)
        seen = None if found is None else [store.read(found).decode(), found.attributes.get("said of")]
        listed = [name for name in store.names("bucket") if store.find("bucket", name) is not None]
        left = [path.name for path in files_beside(store) if found is None or path != found.path]
        print(json.dumps({"killed": killed, "seen": seen, "listed": listed, "left": left}), flush=True)
        store.close()
        if not killed:
            return


def change_and_die(root: Path, key: str, change: Change, call: int) -> bool:
    """Whether the change, made in a process of its own, was killed before it was through."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    store = ObjectStore(root)
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "c_call"
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    change(store, key)
    sys.setprofile(None)
    os._exit(0)


def files_beside(store: ObjectStore) -> list[Path]:
    """What lies beside the root, on its way or for good."""
    return [path for name in ("incoming", "aside") for path in (store.beside / name).iterdir()]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
