"""What happens, as it happens: one line for each change, with the time since the start."""

from __future__ import annotations

import time
from collections.abc import Iterable

from local.api import Task
from local.clusters import RanCluster

# On the way between scheduler, executor and triggerer: true, but of no interest to whoever watches.
IN_BETWEEN = (None, "scheduled", "queued")
WORDS = {"deferred": "waiting, on no worker"}


class Progress:
    """Tells each change of tasks, clusters and steps once."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told: dict[str, str] = {}

    def say(self, text: str) -> None:
        """One line, with the time since the start."""
        print(f"{clock(time.monotonic() - self._began)}  {text}", flush=True)

    def show_tasks(self, tasks: Iterable[Task]) -> None:
        """Tell which tasks have come to another state."""
        for task in sorted(tasks, key=lambda task: task.start or "~"):
            name = f"{task.label} (try {task.try_number})" if task.try_number > 1 else task.label
            resumed = task.state == "running" and name in self._told
            if task.state not in IN_BETWEEN and not resumed:
                self._tell(name, "task", name, WORDS.get(str(task.state), str(task.state)))

    def show_clusters(self, clusters: Iterable[RanCluster]) -> None:
        """Tell which clusters and steps have come to another state."""
        for cluster in clusters:
            self._tell(cluster.id, "cluster", cluster.id, cluster.state)
            for step in cluster.steps:
                self._tell(step.id, "step", step.name, step.state)

    def _tell(self, key: str, kind: str, name: str, state: str) -> None:
        if self._told.get(key) != state:
            self._told[key] = state
            self.say(f"{kind:<9}{name:<52} {state}")


def clock(seconds: float) -> str:
    """Minutes and seconds, as in 1:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
