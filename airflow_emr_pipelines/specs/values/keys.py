"""The key that tells one job of ours from another, and how it travels in names."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Sequence

log = logging.getLogger(__name__)

OURS = "airflow-emr-pipelines:"
"""How the tags start that say who owns a cluster."""
KEY_TAG = f"{OURS}key"
DEPLOYMENT_TAG = f"{OURS}deployment"
DAG_TAG = f"{OURS}dag"
RUN_TAG = f"{OURS}run"
TASK_TAG = f"{OURS}task"

KEY_LENGTH = 22
OF_TASK = 12
"""Characters at a key's start that say which task of which DAG run it is of; the others say which time it is run."""
NAME_LIMIT = 256
_KEY_AT_END = re.compile(r" \[([A-Za-z0-9_-]{22})\]\Z")


def job_key(
    *, deployment: str, dag_id: str, run_id: str, start_date: str, task_id: str, map_index: int, max_tries: int
) -> str:
    """22 characters that stay the same over a task's retries and change when it is cleared or its run is made anew.

    ``max_tries`` grows at a clear and not at a retry; ``start_date`` is the DAG run's and is set anew when a finished
    run is cleared or a deleted one made again. The key's start stays the same even then, so that what the task has left
    is known; not without a deployment id, since another Airflow may have a DAG run of that name.
    """
    task = [deployment or start_date, dag_id, run_id, task_id, map_index]
    return _digest(["task", *task])[:OF_TASK] + _digest([*task, start_date, max_tries])[: KEY_LENGTH - OF_TASK]


def is_cleared(key: str | None, now: str) -> bool:
    """Whether a key is one that the task of the key ``now`` had before it was cleared."""
    return key is not None and key != now and key[:OF_TASK] == now[:OF_TASK]


def is_of_one_task(key: str | None, other: str) -> bool:
    """Whether two keys are of the same task of the same DAG run, whichever time it was run."""
    return key is not None and key[:OF_TASK] == other[:OF_TASK]


def successor_key(*, deployment: str, cluster_id: str) -> str:
    """The key of the cluster that takes the place of one that has ended, the same for every task that needs it."""
    return _digest(["successor", deployment, cluster_id])[:KEY_LENGTH]


def _digest(parts: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(json.dumps(parts).encode()).digest()).decode()


def name_with_key(name: str, key: str, limit: int = NAME_LIMIT) -> str:
    """``name [key]``; a name that is too long is cut, never the key."""
    room = limit - KEY_LENGTH - 3
    if len(name) > room:
        log.warning("The name %r is cut to %d characters, so that the job's key fits behind it", name, room)
        name = name[:room].rstrip()
    return f"{name} [{key}]"


def key_in_name(name: str) -> str | None:
    """The key at the end of a name, if there is one."""
    match = _KEY_AT_END.search(name)
    return match.group(1) if match else None


def without_key(name: str) -> str:
    """A name as the user gave it, if it was not cut."""
    return _KEY_AT_END.sub("", name)
