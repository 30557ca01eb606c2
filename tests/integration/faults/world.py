"""One task's life outside a scheduler: each phase is a real process that can be killed at an exact call to AWS.

The operators, triggers and hooks are the real ones, and so are the emulator and its clusters. Only the scheduler is
played: it starts a try in a process of its own, hands a deferral to another, and its event to a third.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import psutil

from airflow_emr_pipelines.versions import TaskDeferred

FORK = multiprocessing.get_context("fork")
PATIENCE = 60.0
WORKER_GRACE = 5.0
"""Seconds after which Airflow kills a task's process that it has told to end."""


@dataclass(frozen=True)
class KilledAt:
    """SIGKILL at the n-th call of an operation: before it is sent, or when its answer has come."""

    operation: str
    number: int = 1
    answered: bool = True
    signal: int = signal.SIGKILL


@dataclass(frozen=True)
class Ending:
    """How a phase ended: ``success``, ``failed``, ``deferred`` or ``killed``, with what it brought."""

    state: str
    value: Any = None
    error: str = ""


@dataclass
class Task:
    """A task instance, as far as operators and triggers know of it.

    :param make: makes the operator, in the process of each phase
    """

    make: Callable[[], Any]
    retries: int = 3
    run_id: str = field(default_factory=lambda: f"manual__{uuid.uuid4().hex[:8]}")
    task_id: str = "task"
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    try_number: int = 0
    max_tries: int = -1
    xcoms: dict[str, Any] = field(default_factory=dict)
    deferral: tuple[str, dict[str, Any], str] | None = None
    log: list[str] = field(default_factory=list)
    process: int = 0

    def __post_init__(self) -> None:
        if self.max_tries < 0:
            self.max_tries = self.retries

    # What a scheduler does

    def start(self, killed_at: KilledAt | None = None) -> Ending:
        """The next try, up to its deferral or its end."""
        self.try_number += 1
        self.deferral = None
        return self._phase(self._execute, killed_at)

    def watch(self, killed_at: KilledAt | None = None) -> Ending:
        """The trigger, up to its event. A killed triggerer's triggers are started anew by the next one."""
        assert self.deferral is not None
        path, fields, _ = self.deferral
        return self._phase(lambda: _event_of(path, fields), killed_at)

    def resume(self, event: Any, killed_at: KilledAt | None = None) -> Ending:
        """What follows the trigger's event."""
        assert self.deferral is not None
        method = self.deferral[2]
        return self._phase(lambda: getattr(self.make(), method)(self._context(), event=event), killed_at)

    def stand_still(self, at: KilledAt) -> Callable[[], Ending]:
        """The next try, which stops at that call until what this answers is called, which tells how it went on.

        Airflow gives such a try up and starts another.
        """
        still = replace(self, process=0)
        self.try_number += 1
        thread = ThreadPoolExecutor(1)
        ending = thread.submit(still.start, replace(at, signal=signal.SIGSTOP))
        while not (still.process and psutil.Process(still.process).status() == psutil.STATUS_STOPPED):
            assert not ending.done(), ending.result()
            time.sleep(0.01)

        def go_on() -> Ending:
            os.kill(still.process, signal.SIGCONT)
            with thread:
                return ending.result()

        return go_on

    def end_in_the_worker(self, when: Callable[[], bool]) -> None:
        """The next try, which a user ends while it waits, when that is so: Airflow kills its process soon."""
        with ThreadPoolExecutor(1) as thread:
            ending = thread.submit(self.start)
            while not when():
                assert not ending.done(), ending.result()
                time.sleep(0.01)
            os.kill(self.process, signal.SIGTERM)
            wait([ending], timeout=WORKER_GRACE)
            if not ending.done():
                os.kill(self.process, signal.SIGKILL)

    def end_by_user(self) -> Ending:
        """A user ends it while it is deferred: the triggerer tells the trigger."""
        assert self.deferral is not None
        path, fields, _ = self.deferral
        return self._phase(lambda: asyncio.run(_class_at(path)(**fields).on_kill()), None)

    def clear(self, *, run_is_over: bool = False) -> None:
        """A user clears it: it runs anew, with as many retries as at first. A run that was over starts anew, too."""
        if run_is_over:
            self.started = datetime.now(timezone.utc)
        self.max_tries = self.try_number + self.retries
        self.xcoms.clear()

    def run(self, killed_at: KilledAt | None = None) -> Ending:
        """A whole try, with a kill in whichever phase makes that call."""
        ending = self.start(killed_at)
        while ending.state == "deferred":
            event = self.watch(killed_at)
            if event.state != "success":
                # Airflow starts the trigger of a triggerer that died in another one.
                event = self.watch()
            ending = self.resume(event.value, killed_at) if event.state == "success" else event
        return ending

    def run_to_the_end(self) -> Ending:
        """Tries until one is no failure, or none are left."""
        while True:
            ending = self.run()
            if ending.state == "success" or self.try_number > self.max_tries:
                return ending

    # Processes

    def _phase(self, work: Callable[[], Any], killed_at: KilledAt | None) -> Ending:
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=self._child, args=(work, killed_at, theirs), daemon=True)
        process.start()
        self.process = process.pid or 0
        theirs.close()
        ending = Ending("killed")
        try:
            while ours.poll(PATIENCE):
                kind, value = ours.recv()
                if kind == "xcom":
                    self.xcoms.update(value)
                else:
                    ending = Ending(kind, *value)
        except EOFError:
            pass
        if ending.state == "killed":
            process.join(1)
            hangs = process.exitcode is None
            process.kill()
            assert not hangs, "the phase hangs"
        process.join()
        if ending.state == "deferred":
            self.deferral = ending.value
        self.log.append(f"try {self.try_number}: {ending}")
        return ending

    def _child(self, work: Callable[[], Any], killed_at: KilledAt | None, pipe: Any) -> None:
        self._pipe = pipe
        if killed_at is not None:
            _arrange(killed_at)
        try:
            pipe.send(("success", (work(),)))
        except TaskDeferred as deferred:
            path, fields = deferred.trigger.serialize()
            pipe.send(("deferred", ((path, fields, deferred.method_name),)))
        except BaseException as error:
            pipe.send(("failed", (None, f"{type(error).__name__}: {error}")))
        finally:
            pipe.close()
            os._exit(0)

    def _execute(self) -> Any:
        operator = self.make()
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())  # as Airflow has it
        return operator.execute(self._context())

    def _context(self) -> Any:
        def push(key: str, value: Any) -> None:
            self._pipe.send(("xcom", {key: value}))

        ti = SimpleNamespace(
            dag_id="faults",
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=-1,
            try_number=self.try_number,
            max_tries=self.max_tries,
            start_date=datetime.now(timezone.utc),
            xcom_push=push,
            xcom_pull=lambda key, **_: self.xcoms.get(key),
        )
        return {"ti": ti, "dag_run": SimpleNamespace(start_date=self.started)}


def _class_at(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _event_of(path: str, fields: Mapping[str, Any]) -> Any:
    async def first() -> Any:
        async for event in _class_at(path)(**fields).run():
            return event.payload

    return asyncio.run(first())


def _arrange(at: KilledAt) -> None:
    """Make this process kill itself at that call, or stop."""
    from botocore import client

    base: Any = client.BaseClient
    send, left = base._make_api_call, at.number

    def sent(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal left
        left -= operation == at.operation
        here = operation == at.operation and left == 0
        if here and not at.answered:
            os.kill(os.getpid(), at.signal)
        answer = send(client, operation, parameters)
        if here:
            os.kill(os.getpid(), at.signal)
        return answer

    base._make_api_call = sent
