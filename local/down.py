"""Stop the emulator and the Airflow of the background. What they keep stays, for the next start.

``python -m local.down``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from local.background import HOME, down, one_at_a_time
from local.errors import NotReady
from local.folders import named_folder
from local.progress import Progress


def main(argv: Sequence[str] | None = None) -> int:
    """Stop whatever of the home runs; 0 when nothing of it is left."""
    parser = argparse.ArgumentParser(prog="python -m local.down", description=__doc__)
    parser.add_argument("--home", type=named_folder, default=HOME, help=f"as it was started; {HOME} by default")
    home, say = parser.parse_args(argv).home, Progress().say
    if not home.is_dir():
        say(f"there is no {home}, so nothing runs there")
        return 0
    try:
        with one_at_a_time(home, say):
            stopped = down(home)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    say(f"stopped: {', '.join(stopped)}" if stopped else f"nothing of {home} was running")
    return 0


if __name__ == "__main__":
    sys.exit(main())
