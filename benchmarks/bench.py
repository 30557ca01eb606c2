"""What the emulator and a task cost, measured on this machine: each subject has an emulator of its own.

spark: a step beside a bare spark-submit of the same script, and the idle memory. calls: calls a second. sleepers: 250
running steps. objects: a folder of 100,000 objects. tasks: a task of ours beside one of the stock provider.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import calls, objects, sleepers, spark, tasks
from local.local_emulator import LocalEmulator

SUBJECTS: Mapping[str, Callable[[LocalEmulator, Path], str]] = {
    "spark": spark.measure,
    "calls": calls.measure,
    "sleepers": sleepers.measure,
    "objects": objects.measure,
    "tasks": tasks.measure,
}
OPTIONS = ("--no-rate-limits", *(f"--{name}-delay=0" for name in ("start", "bootstrap", "terminate")))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subjects", nargs="*", metavar="subject", help=f"{', '.join(SUBJECTS)}; all when none is given")
    chosen = parser.parse_args().subjects or list(SUBJECTS)
    if unknown := set(chosen) - set(SUBJECTS):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    for subject in chosen:
        print(f"\n{subject}\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="emr-bench-") as name:
            folder = Path(name)
            with LocalEmulator(folder / "data", log=folder / "emulator.log", options=OPTIONS) as emulator:
                print(SUBJECTS[subject](emulator, folder), flush=True)


if __name__ == "__main__":
    main()
