"""Sending requests so that they take effect, and those that have no client token once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from airflow_emr_pipelines.aws_errors import ErrorKind, classify, pauses
from airflow_emr_pipelines.errors import UnclearAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 900.0
"""Seconds after which a request that is throttled or never answered is given up."""
STALE_SECONDS = 60.0
"""For how long it holds that nobody else has sent a request: Airflow may give up a try that stands still for longer,
and start another. It does so after five minutes without a heartbeat, unless told otherwise."""
LOOKS = 4
"""Looks for what an unanswered request may have made, over about ten seconds, since a new thing may be listed late."""


def submit_once(
    send: Callable[[], str],
    find: Callable[[], str | None],
    *,
    operation: str,
    unsent: float | None = None,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> str:
    """The id of what ``send`` made, exactly one thing, even when answers are lost.

    After an answer that says neither yes nor no, ``find`` is asked for what the request may have made, and only when it
    finds nothing is the request sent again. A refusal is raised as it came.

    :param unsent: when it was known that nobody else had sent the request, in seconds since 1970; None where nobody
        else would. When that is long ago, ``find`` is asked before the request is sent
    :raises UnclearAnswer: no clear answer within ``patience`` seconds.
    """
    give_up = clock() + patience
    for pause in pauses():
        if unsent is not None and wall_clock() - unsent > STALE_SECONDS:
            unsent = wall_clock()
            found = _look(find, operation, give_up, sleep, clock, looks=1)
            if found is not None:
                log.info("%s was sent by another try meanwhile: found %s", operation, found)
                return found
        try:
            return send()
        except Exception as error:
            what = classify(error)
            if what in (ErrorKind.REFUSED, ErrorKind.EXPIRED):
                raise
            log.warning("%s got no clear answer (%s: %s)", operation, what.name.lower(), error)
            if what is ErrorKind.UNCLEAR:
                found = _look(find, operation, give_up, sleep, clock)
                if found is not None:
                    log.info("%s had worked: found %s", operation, found)
                    return found
            if clock() + pause > give_up:
                raise UnclearAnswer(
                    operation, f"no clear answer in {patience:.0f} s; the last was {error}", "try again later"
                ) from error
        sleep(pause)
    raise AssertionError("pauses() never ends")


def retry_until_clear(
    send: Callable[[], T],
    *,
    operation: str,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """What ``send`` answers, however long it takes to get a clear answer: for what may be sent twice without harm.

    :raises Exception: the refusal, as it came, or the last answer after ``patience`` seconds
    """
    give_up = clock() + patience
    for pause in pauses():
        try:
            return send()
        except Exception as error:
            if classify(error) in (ErrorKind.REFUSED, ErrorKind.EXPIRED) or clock() + pause > give_up:
                raise
            log.warning("%s got no clear answer (%s), and is sent again in %.0f s", operation, error, pause)
        sleep(pause)
    raise AssertionError("pauses() never ends")


def _look(
    find: Callable[[], str | None],
    operation: str,
    give_up: float,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    looks: int = LOOKS,
) -> str | None:
    clear_answers = 0
    for pause in pauses(longest=8.0):
        try:
            found = find()
        except Exception as error:
            if classify(error) in (ErrorKind.REFUSED, ErrorKind.EXPIRED) or clock() + pause > give_up:
                raise UnclearAnswer(
                    operation,
                    f"it may have worked, and looking for what it made failed: {error}",
                    "look for it by its key in the console before running the task again",
                ) from error
        else:
            clear_answers += 1
            if found is not None or clear_answers == looks:
                return found
        sleep(pause)
    raise AssertionError("pauses() never ends")
