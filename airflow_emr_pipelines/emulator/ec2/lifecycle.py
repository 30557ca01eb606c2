"""What happens to a cluster by itself: it starts, bootstraps, runs its steps, waits, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from airflow_emr_pipelines.emulator.ec2.instances import Collection
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, End, Step
from airflow_emr_pipelines.emulator.ec2.node_info import node_info
from airflow_emr_pipelines.emulator.ec2.provisioning import Provisioning, SpotMarket
from airflow_emr_pipelines.emulator.host.runner import ClusterSetup, Outcome, Runner, StepRun
from airflow_emr_pipelines.specs.ec2.states import ClusterState, StepState

log = logging.getLogger(__name__)

C, S = ClusterState, StepState

ALL_STEPS_COMPLETED = End("ALL_STEPS_COMPLETED", "Steps completed")
SOME_STEPS_FAILED = End("ALL_STEPS_COMPLETED", "Steps completed with errors")
STEP_FAILURE = End("STEP_FAILURE", "Shut down as step failed", with_errors=True)
USER_REQUEST = End("USER_REQUEST", "Terminated by user request")
STOPPED = End("INTERNAL_ERROR", "The emulator was stopped", with_errors=True)
STOP_SECONDS = 3.0
TERMINATES = ("TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW")


@dataclass(frozen=True)
class Delays:
    """Seconds that a cluster stays in its states, so that they can be seen."""

    start: float = 1.0
    bootstrap: float = 1.0
    terminate: float = 1.0
    resize: float = 1.0
    """Seconds that a group or fleet takes to change its size or its Configurations."""
    minute: float = 60.0
    """Seconds that a minute of a fleet's provisioning timeouts takes."""
    end: float = 0.0
    """Seconds that a cluster which ends by itself stays RUNNING after its last step."""


class ClusterLifecycles:
    """The lifecycles of all clusters of one emulator."""

    def __init__(self, runner: Runner, clock: Clock, delays: Delays, market: SpotMarket | None = None) -> None:
        self.runner, self.clock, self.delays = runner, clock, delays
        self.market = market or SpotMarket()
        self.stopping = asyncio.Event()
        self.told_of_ends: Callable[[Cluster], None] = lambda _: None
        """Called with each cluster that has ended."""
        self._running: dict[Cluster, ClusterLifecycle] = {}
        self._ends: dict[Cluster, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, cluster: Cluster) -> None:
        """Run a cluster's lifecycle, in the background."""
        lifecycle = self._running[cluster] = ClusterLifecycle(cluster, self)
        lifecycle.provisioning.advance()
        _ = self.background(lifecycle.provisioning.run())
        end = self._ends[cluster] = self.background(lifecycle.run())
        end.add_done_callback(lambda _: self._running.pop(cluster))
        end.add_done_callback(lambda _: self._ends.pop(cluster))
        end.add_done_callback(lambda _: self.told_of_ends(cluster))

    def reshape(self, cluster: Cluster) -> None:
        """Act on what a request has changed of the cluster's groups and fleets."""
        if cluster in self._running:
            self._running[cluster].reshape()

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)
        return task

    async def cancel(self, cluster: Cluster, step: Step, *, kill: bool) -> None:
        """Cancel a step: a pending one at once, a running one when its process has ended."""
        if step.state is S.PENDING:
            step.move(S.CANCELLED, self.clock.now())
            step.message = "Cancelled by user"
            cluster.changed.set()
        elif step.state in (S.RUNNING, S.CANCEL_PENDING):
            if step.state is S.RUNNING:
                step.move(S.CANCEL_PENDING, self.clock.now())
            await self.runner.cancel(step.id, kill=kill)

    async def end_all(self, end: End) -> None:
        """End all clusters, each in the time that it takes, those too that begin meanwhile, and wait for the last."""
        while ending := list(self._ends.values()):
            for cluster in self._running:
                cluster.ask_for_end(end)
            await asyncio.wait(ending)

    async def close(self) -> None:
        """End all clusters at once. What they have on the host, the runner removes when it is closed."""
        self.stopping.set()
        for cluster in self._running:
            cluster.ask_for_end(STOPPED)
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)


class ClusterLifecycle:
    """One cluster's lifecycle."""

    def __init__(self, cluster: Cluster, lifecycles: ClusterLifecycles) -> None:
        self.cluster, self.lifecycles = cluster, lifecycles
        self.runner, self.clock = lifecycles.runner, lifecycles.clock
        self.running: dict[str, asyncio.Task[None]] = {}
        self.provisioning = Provisioning(
            cluster,
            lifecycles.market,
            lifecycles.clock,
            resize_seconds=lifecycles.delays.resize,
            minute_seconds=lifecycles.delays.minute,
            reconfigured=self._reconfigured,
        )
        request = cluster.request
        self.setup = ClusterSetup(
            cluster_id=cluster.id,
            name=request["Name"],
            release_label=request["ReleaseLabel"],
            region=cluster.region,
            applications=frozenset(part["Name"].lower() for part in request.get("Applications", ())),
            configurations=request.get("Configurations", ()),
            log_uri=request.get("LogUri"),
            cloud_watch=_enabled(request.get("MonitoringConfiguration", {}).get("CloudWatchLogConfiguration", {})),
        )

    async def run(self) -> None:
        try:
            await self._start()
            if self.cluster.end is None:
                await self._bootstrap()
            if self.cluster.end is None:
                await self._work()
        except Exception as fault:
            log.exception("The lifecycle of cluster %s broke off", self.cluster.id)
            self.cluster.ask_for_end(End("INTERNAL_ERROR", f"The emulator failed: {fault!r}", with_errors=True))
        await self._end()

    def reshape(self) -> None:
        self.provisioning.advance()
        self.cluster.reshaped.set()

    def _move(self, state: ClusterState) -> None:
        """Move on, and the cluster's instances with it."""
        self.cluster.move(state, self.clock.now())
        self.reshape()

    async def _start(self) -> None:
        await self._stay(self.lifecycles.delays.start)
        while not self.provisioning.can_start and self.cluster.end is None:
            self.cluster.changed.clear()
            await self.clock.pass_or(self.cluster.changed, None)
        if self.cluster.end is None:
            self._move(C.BOOTSTRAPPING)
            self.setup = self._configured()
            await self.runner.prepare(self.setup)

    def _configured(self) -> ClusterSetup:
        """What the processes on the primary instance are to know; its group's Configurations outrank the cluster's."""
        cluster = self.cluster
        primary = cluster.primary_instance
        assert primary is not None
        configurations = [
            *cluster.request.get("Configurations", ()),
            *cluster.primary.configurations_of(primary),
        ]
        return replace(self.setup, configurations=configurations, primary_instance_id=primary.ec2_id)

    def _told(self) -> ClusterSetup:
        """The setup with what the cluster's nodes are told of it now."""
        return replace(self.setup, node_info=node_info(self.cluster))

    def _reconfigured(self, collection: Collection) -> None:
        """New Configurations hold for what is started from now on; everything runs on the primary instance."""
        if collection is self.cluster.primary:
            self.setup = self._configured()
            self.runner.reconfigure(self.setup)

    async def _bootstrap(self) -> None:
        for index, action in enumerate(self.cluster.request.get("BootstrapActions", ()), start=1):
            script = action["ScriptBootstrapAction"]
            bootstrapping = asyncio.ensure_future(
                self.runner.bootstrap(self._told(), index, action["Name"], script["Path"], script.get("Args", []))
            )
            outcome = await self._unless_ended(bootstrapping)
            if outcome is None:
                return
            if not outcome.completed:
                self.cluster.ask_for_end(_bootstrap_failure(self.cluster, index, action["Name"], outcome))
                return
        await self._stay(self.lifecycles.delays.bootstrap)

    async def _unless_ended(self, work: asyncio.Future[Outcome]) -> Outcome | None:
        """The outcome, or None when the cluster is to end first: then nothing of the work is left."""
        work.add_done_callback(lambda _: self.cluster.changed.set())
        while not work.done() and self.cluster.end is None:
            self.cluster.changed.clear()
            await self.clock.pass_or(self.cluster.changed, None)
        if not work.done():
            await self.runner.release(self.cluster.id)
            await asyncio.gather(work, return_exceptions=True)
            return None
        return work.result()

    async def _stay(self, seconds: float) -> None:
        """Let time pass in this state, unless the cluster is to end."""
        until = self.clock.now() + timedelta(seconds=seconds)
        while self.cluster.end is None and (left := (until - self.clock.now()).total_seconds()) > 0:
            self.cluster.changed.clear()
            await self.clock.pass_or(self.cluster.changed, left)

    async def _work(self) -> None:
        cluster = self.cluster
        self._move(C.RUNNING)
        while cluster.end is None:
            cluster.changed.clear()
            self._start_steps()
            idle_left = None
            if not cluster.active_steps:
                idle_left = self._wait_idle() if cluster.keep_alive else self._wait_to_end()
            if cluster.end is None:
                await self.clock.pass_or(cluster.changed, idle_left)

    def _wait_idle(self) -> float | None:
        """Be WAITING; the seconds until the auto-termination policy ends the cluster. Three primaries outrank it."""
        cluster, now = self.cluster, self.clock.now()
        if cluster.state is C.RUNNING:
            cluster.move(C.WAITING, now)
        if cluster.idle_since is None:
            cluster.idle_since = now
        if cluster.idle_timeout is None or cluster.primaries > 1:
            return None
        left = cluster.idle_timeout - (now - cluster.idle_since).total_seconds()
        if left <= 0:
            cluster.ask_for_end(
                End("ALL_STEPS_COMPLETED", f"Auto-terminated after {cluster.idle_timeout} idle seconds")
            )
        return left

    def _wait_to_end(self) -> float:
        """The seconds until the cluster ends, since it has no step left to run; one that has been WAITING ends now."""
        cluster = self.cluster
        idle_since = max((step.ended for step in cluster.steps if step.ended is not None), default=cluster.ready)
        assert idle_since is not None
        left = self.lifecycles.delays.end - (self.clock.now() - idle_since).total_seconds()
        if left <= 0 or cluster.state is C.WAITING:
            failed = any(step.state is S.FAILED for step in cluster.steps)
            cluster.ask_for_end(SOME_STEPS_FAILED if failed else ALL_STEPS_COMPLETED)
        return left

    def _start_steps(self) -> None:
        """Start pending steps in the order of their submission, as many as may run at once."""
        cluster = self.cluster
        pending = [step for step in cluster.steps if step.state is S.PENDING]
        if pending and cluster.state is C.WAITING:
            cluster.move(C.RUNNING, self.clock.now())
            cluster.idle_since = None
        for step in pending[: max(0, cluster.step_concurrency - len(self.running))]:
            step.move(S.RUNNING, self.clock.now())
            self.running[step.id] = self.lifecycles.background(self._run(step))

    async def _run(self, step: Step) -> None:
        try:
            outcome = await self.runner.run(self._told(), _step_run(self.cluster, step))
        except Exception as fault:
            log.exception("Step %s could not be run", step.id)
            outcome = Outcome(None, completed=False, reason="Unknown Error", message=f"The emulator failed: {fault!r}")
        step.application_ids = outcome.application_ids
        now = self.clock.now()
        if outcome.completed:
            step.move(S.COMPLETED, now)
        elif step.state is S.CANCEL_PENDING or outcome.cancelled or self.cluster.end is not None:
            step.message = "Cancelled by user" if step.state is S.CANCEL_PENDING else "Job terminated"
            step.move(S.CANCELLED, now)
        else:
            details = {"Reason": outcome.reason, "Message": outcome.message, "LogFile": outcome.log_file}
            step.failure = {name: value for name, value in details.items() if value}
            step.move(S.FAILED, now)
            self._act_on_failure(step)
        del self.running[step.id]
        self.cluster.changed.set()

    def _act_on_failure(self, failed: Step) -> None:
        """Do what ActionOnFailure says.

        Above a step concurrency of 1 EMR has let in nothing but CONTINUE, and disarms what it let in before. Of the
        steps that still run together when it was lowered to 1, one may end the cluster, but none cancels others.
        """
        cluster, action = self.cluster, failed.action_on_failure
        if action == "CONTINUE" or cluster.step_concurrency > 1:
            return
        # Protection keeps a cluster that would stay alive without steps; of the other steps none may run either.
        if action in TERMINATES and not (cluster.protected and cluster.keep_alive):
            cluster.ask_for_end(STEP_FAILURE)
        elif len(self.running) == 1:
            for step in cluster.steps:
                if step.state is S.PENDING:
                    step.move(S.CANCELLED, self.clock.now())
                    step.message = f"Cancelled because step {failed.id} failed"

    async def _end(self) -> None:
        cluster, end = self.cluster, self.cluster.end
        assert end is not None
        self._move(C.TERMINATING)
        for step in cluster.steps:
            if step.state is S.PENDING:
                step.move(S.CANCELLED, self.clock.now())
                step.message = "Job terminated"
        for step_id in list(self.running):
            await self.runner.cancel(step_id, kill=True)
        await asyncio.gather(*self.running.values(), return_exceptions=True)
        if not self.lifecycles.stopping.is_set():
            await self.runner.release(cluster.id)
            await self.clock.pass_or(self.lifecycles.stopping, self.lifecycles.delays.terminate)
        self._move(C.TERMINATED_WITH_ERRORS if end.with_errors else C.TERMINATED)


def _step_run(cluster: Cluster, step: Step) -> StepRun:
    return StepRun(
        cluster_id=cluster.id,
        step_id=step.id,
        name=step.name,
        jar=step.config["Jar"],
        main_class=step.config.get("MainClass"),
        args=tuple(step.config.get("Args", ())),
        properties=step.config.get("Properties", {}),
        log_uri=step.logs.get("LogUri") or cluster.request.get("LogUri"),
        execution_role=step.execution_role,
    )


def _enabled(configuration: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return configuration if configuration.get("Enabled") else None


def _bootstrap_failure(cluster: Cluster, index: int, name: str, outcome: Outcome) -> End:
    instance = str(cluster.primary_instance and cluster.primary_instance.ec2_id)
    message = f"On the master instance ({instance}), bootstrap action {index} returned a non-zero return code"
    data = {"primary-instance-id": instance, "bootstrap-action": str(index), "name": name}
    if outcome.message:
        data["message"] = outcome.message
    if outcome.log_file:
        data["log-file"] = outcome.log_file
    detail = {"ErrorCode": "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", "ErrorMessage": message, "ErrorData": [data]}
    return End("BOOTSTRAP_FAILURE", message, with_errors=True, details=(detail,))


def _log_failure(task: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        if fault := task.exception():
            log.error("A background task of the emulator failed", exc_info=fault)
