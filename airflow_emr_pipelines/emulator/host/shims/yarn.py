"""yarn: tells of the cluster's applications and kills them, as `yarn application` does."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.host.applications import RUNNING, Application, Applications
from airflow_emr_pipelines.emulator.host.guard import kill_group
from airflow_emr_pipelines.emulator.host.home import APPLICATIONS, HDFS
from airflow_emr_pipelines.emulator.host.shims import hadoop

_UNDER_WAY = ("SUBMITTED", "ACCEPTED", RUNNING)
_STATES = ("NEW", "NEW_SAVING", *_UNDER_WAY, "FINISHED", "FAILED", "KILLED")
_KILL_AFTER_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.05
_COLUMNS = (30, 20, 20, 10, 10, 18, 18, 15, 35)
_TITLES = (
    "Application-Id", "Application-Name", "Application-Type", "User", "Queue", "State", "Final-State", "Progress",
    "Tracking-URL",
)  # fmt: skip


class Refused(Exception):
    """What this stand-in cannot do, or what YARN would not."""


def _list(known: Applications, options: Sequence[str]) -> None:
    states, types = list(_UNDER_WAY), []
    rest = list(options)
    while rest:
        option = rest.pop(0)
        if option not in ("-appStates", "-appTypes") or not rest:
            raise Refused(f"yarn application -list {option}: the emulator has -appStates and -appTypes, with a value")
        values = rest.pop(0).upper().split(",")
        if option == "-appTypes":
            types = values
        else:
            states = list(_STATES) if "ALL" in values else values
    if unknown := [state for state in states if state not in _STATES]:
        raise Refused(f"The application state {unknown[0]} is invalid. The valid ones are: ALL, {', '.join(_STATES)}")
    found = [one for one in known.all() if one.state in states and (not types or one.type in types)]
    told = f"application-types: [{', '.join(types)}], states: [{', '.join(states)}] and tags: []"
    print(f"Total number of applications ({told}):{len(found)}")
    _print_row(_TITLES)
    for one in found:
        progress = "10%" if one.state == RUNNING else "100%"
        _print_row((one.id, one.name, one.type, "hadoop", "default", one.state, one.final_state, progress, "N/A"))


def _print_row(cells: Sequence[str]) -> None:
    print("\t".join(cell.rjust(width) for cell, width in zip(cells, _COLUMNS, strict=True)))


def _status(known: Applications, ids: Sequence[str]) -> None:
    for one in [_found(known, application_id) for application_id in ids]:
        print("Application Report : ")
        for title, value in (
            ("Application-Id", one.id), ("Application-Name", one.name), ("Application-Type", one.type),
            ("User", "hadoop"), ("Queue", "default"), ("State", one.state), ("Final-State", one.final_state),
        ):  # fmt: skip
            print(f"\t{title} : {value}")


def _kill(known: Applications, ids: Sequence[str]) -> None:
    for one in [_found(known, application_id) for application_id in ids]:
        if one.state != RUNNING:
            print(f"Application {one.id} has already finished ")
            continue
        print(f"Killing application {one.id}", flush=True)
        known.mark_killed(one.id)
        kill_group(one.group, signal.SIGTERM)
        _wait_for_end(known, one)
        print(f"Killed application {one.id}")


def _wait_for_end(known: Applications, one: Application) -> None:
    started = time.monotonic()
    while _found(known, one.id).state == RUNNING:
        waited = time.monotonic() - started
        if waited > _PATIENCE_SECONDS:
            raise Refused(f"Application {one.id} does not end")
        if waited > _KILL_AFTER_SECONDS:
            kill_group(one.group)
        time.sleep(_LOOK_AGAIN_SECONDS)


def _found(known: Applications, application_id: str) -> Application:
    found = known.find(application_id)
    if found is None:
        raise Refused(
            f"Application with id '{application_id}' doesn't exist in RM. "
            "Please check that the job submission was successful."
        )
    return found


_ACTIONS = {"-list": _list, "-kill": _kill, "-status": _status}


def main(arguments: Sequence[str]) -> int:
    """The exit code of yarn."""
    command, words = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if command in ("jar", "version"):
        return hadoop.main(arguments)
    if command not in ("application", "app") or not words or words[0] not in _ACTIONS:
        told = " ".join(["yarn", *arguments[:2]])
        print(f"{told}: not part of the emulator, which has: yarn application {' | '.join(_ACTIONS)}", file=sys.stderr)
        return 1
    if words[0] != "-list" and len(words) < 2:
        print(f"yarn application {words[0]}: Missing argument for option: {words[0][1:]}", file=sys.stderr)
        return 255
    try:
        _ACTIONS[words[0]](Applications(Path(os.environ[HDFS]).with_name(APPLICATIONS)), words[1:])
    except Refused as error:
        print(error, file=sys.stderr)
        return 255
    return 0
