"""One process from the first line about it to its logs in S3."""

from __future__ import annotations

import asyncio
import shlex
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host import logs
from airflow_emr_pipelines.emulator.host.applications import RUNNING, Application, Applications
from airflow_emr_pipelines.emulator.host.cloud_watch import CloudWatchLogs
from airflow_emr_pipelines.emulator.host.guard import Guard
from airflow_emr_pipelines.emulator.host.history import SparkHistory
from airflow_emr_pipelines.emulator.host.home import APPLICATIONS, HDFS
from airflow_emr_pipelines.emulator.host.java import MissingExtra
from airflow_emr_pipelines.emulator.host.logs import StepLog
from airflow_emr_pipelines.emulator.host.memory import Memory
from airflow_emr_pipelines.emulator.host.processes import ProcessGroup, Sweeper
from airflow_emr_pipelines.emulator.host.run_records import Outcome
from airflow_emr_pipelines.emulator.host.steps.launch import CannotRun, Launch
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

_CONTAINER_FILES = ("stdout", "stderr")
# As much of a container's stderr as YARN repeats in its diagnostics.
_DIAGNOSTICS_BYTES = 4096


@dataclass(frozen=True)
class Host:
    """What all processes of an emulator share."""

    guard: Guard
    memory: Memory
    s3: ObjectStore
    history: SparkHistory
    sweeper: Sweeper = field(default_factory=Sweeper)


@dataclass(frozen=True)
class Destination:
    """Where the logs of a process go: below a log address, if there is one, and to CloudWatch Logs, if it is told."""

    log_uri: str | None
    cluster_id: str
    below: str
    cloud_watch: CloudWatchLogs | None = None


class Execution:
    """One step or bootstrap action on its way."""

    def __init__(
        self,
        host: Host,
        log: StepLog,
        environment: dict[str, str],
        destination: Destination,
        new_application_id: Callable[[], str],
    ) -> None:
        self._host = host
        self._log = log
        self._environment = environment
        self._destination = destination
        self._new_application_id = new_application_id
        self.over = asyncio.Event()  # set by whoever runs this, when nothing of it needs the cluster's folders
        self._cancelled = asyncio.Event()
        self._signal = signal.SIGTERM  # what whoever cancels wants to be sent
        self._group: ProcessGroup | None = None
        self._hdfs = Path(environment[HDFS])
        self._applications = Applications(self._hdfs.with_name(APPLICATIONS))
        self._strays: ProcessGroup | None = None
        self._cause_file: Path | None = None  # the file that says why the process failed

    async def cancel(self, number: signal.Signals) -> None:
        """Signal the process group; what has not started yet will not."""
        self._cancelled.set()
        self._signal = number
        if self._group is not None:
            self._log.say(f"cancelled: {number.name} is sent to process group {self._group.pid}")
            await asyncio.to_thread(self._group.signal, number)

    async def run(self, prepare: Callable[[], Launch], *, keep_strays: bool = False) -> Outcome:
        """Prepare, start, wait, and store the logs."""
        files = {name: self._log.path(name) for name in logs.STEP_FILES}
        try:
            launch = await asyncio.to_thread(prepare)
            outcome = await self._run(launch, files, keep_strays)
        except (CannotRun, MissingExtra) as error:
            message = error.message if isinstance(error, CannotRun) else str(error)
            self._log.complain(message)
            reason = error.reason if isinstance(error, CannotRun) else "Unknown Error"
            outcome = Outcome(None, completed=False, reason=reason, message=message)
        addresses = await asyncio.to_thread(self._store, files)
        if outcome.completed or outcome.cancelled:
            return outcome
        cause_file = next((name for name, path in files.items() if path == self._cause_file), "stderr")
        return replace(outcome, log_file=addresses.get(cause_file))

    async def end_strays(self) -> None:
        """End what was let live on."""
        strays, self._strays = self._strays, None
        if strays is not None:
            await strays.end()

    async def _run(self, launch: Launch, files: dict[str, Path], keep_strays: bool) -> Outcome:
        self._announce(launch)
        if not await self._take_memory(launch.memory_mib):
            self._log.say("cancelled before it was started")
            return Outcome(None, completed=False, cancelled=True)
        try:
            return await self._run_with_memory(launch, files, keep_strays)
        finally:
            if launch.memory_mib:
                self._host.memory.give_back(launch.memory_mib)

    async def _run_with_memory(self, launch: Launch, files: dict[str, Path], keep_strays: bool) -> Outcome:
        out, err = files["stdout"], files["stderr"]
        if launch.in_container and launch.application_id:
            out, err = self._open_container(launch.application_id, files)
        buckets = self._host.s3.buckets()
        ready = None
        if launch.metastore is not None:
            await launch.metastore.mount(buckets)
            ready = asyncio.create_task(launch.metastore.start(buckets)) if launch.uses_hive else None
        started = time.monotonic()
        try:
            group = await self._start(launch, out, err)
            self._tell_application(launch, group, RUNNING)
            try:
                code = await group.wait()
            finally:
                left = [] if keep_strays else await group.end()
                if keep_strays:
                    group.leave()
                    self._strays = group
        finally:
            if ready is not None:
                await asyncio.gather(ready, return_exceptions=True)
        seconds = round(time.monotonic() - started)
        if left:
            self._log.say(f"ended what the process had left behind: {', '.join(left)}", "WARN")
        self._log.say(f"waitProcessCompletion ended with exit code {code}; total process run time: {seconds} seconds")
        await asyncio.to_thread(logs.say_addresses, {out, err, files["syslog"]}, self._host.s3.root, self._hdfs)
        if code and (missing := await asyncio.to_thread(self._missing_bucket, launch, out, err, buckets)):
            await asyncio.to_thread(logs.say_missing_bucket, {out, err, files["syslog"]}, missing)
        outcome = self._judge(launch, code, out, err)
        killed = outcome.cancelled or self._applications.is_killed(launch.application_id or "")
        self._tell_application(launch, group, "FINISHED" if outcome.completed else "KILLED" if killed else "FAILED")
        return replace(outcome, application_ids=await asyncio.to_thread(self._application_ids, launch))

    def _application_ids(self, launch: Launch) -> tuple[str, ...]:
        """The ids of the step's applications, of which Spark may have started several; what they logged is kept."""
        if launch.application_id is None:
            return ()
        kept: list[str] = []
        if launch.event_logs is not None:
            cluster_id = self._destination.cluster_id
            try:
                kept = self._host.history.keep(
                    cluster_id, launch.event_logs, launch.application_id, self._new_application_id
                )
            except OSError as error:  # which fails no step
                self._log.say(f"Spark's history does not show the application: {error}", "WARN")
        return (launch.application_id, *kept[1:])

    async def _start(self, launch: Launch, out: Path, err: Path) -> ProcessGroup:
        environment = {**self._environment, **launch.environment}
        try:
            group = await ProcessGroup.start(
                launch.command,
                cwd=launch.work,
                environment=environment,
                stdout=out,
                stderr=err,
                guard=self._host.guard,
                sweeper=self._host.sweeper,
            )
        except OSError as error:
            raise CannotRun(f'Cannot run program "{launch.command[0]}": {error.strerror}') from None
        self._log.say(f"ProcessRunner started child process {group.pid}")
        self._group = group
        if self._cancelled.is_set():
            group.signal(self._signal)
        return group

    def _announce(self, launch: Launch) -> None:
        self._log.say(f"startExec '{shlex.join(launch.shown_command())}'")
        for note in launch.notes:
            self._log.say(note)
        self._log.say("Environment: " + " ".join(launch.shown_environment(self._environment)))
        self._log.say(f"Working dir {launch.work}")

    async def _take_memory(self, mib: int) -> bool:
        if not mib:
            return not self._cancelled.is_set()
        if not self._host.memory.is_free(mib):
            self._log.say(f"waiting for {mib} MiB of the {self._host.memory.budget_mib} MiB that steps may use at once")
        started = time.monotonic()
        turn = asyncio.ensure_future(self._host.memory.take(mib))
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait({turn, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cancelled.cancel()
            got = turn.done() and not turn.cancelled()
            if not got or self._cancelled.is_set():
                turn.cancel()
                await asyncio.gather(turn, return_exceptions=True)
        if got and self._cancelled.is_set():
            self._host.memory.give_back(mib)
            return False
        if got and (waited := time.monotonic() - started) >= 1:
            self._log.say(f"got {mib} MiB after {waited:.0f} seconds")
        return got

    def _judge(self, launch: Launch, code: int, out: Path, err: Path) -> Outcome:
        completed = code == 0
        killed = not completed and self._applications.is_killed(launch.application_id or "")
        cancelled = not completed and self._cancelled.is_set()
        why = None
        if not completed and not cancelled:
            why = self._cause(launch, out, err) or f"the process ended with exit code {code}"
        if killed and not cancelled:
            why = self._say_killed(launch)
        if launch.in_container:
            ended = "KILLED" if cancelled or killed else "FAILED"
            self._report_container(launch.application_id or "", code, ended, err)
            code = 0 if completed else 1  # what YARN's client ends with, whatever the driver's code was
        self._log.say(
            "Step succeeded" if completed else f"Step {'cancelled' if cancelled else 'failed'} with exitCode {code}"
        )
        reason = None if why is None else "Unknown Error"
        return Outcome(code, completed, cancelled, reason, why)

    def _say_killed(self, launch: Launch) -> str:
        """What Spark's client says of an application that YARN was told to kill."""
        if launch.in_container:
            return f"Application {launch.application_id} finished with killed status"
        why = "YARN application has exited unexpectedly with state KILLED! Check the YARN application logs."
        self._log.raw(f"ERROR YarnClientSchedulerBackend: {why}\n")
        return why

    def _tell_application(self, launch: Launch, group: ProcessGroup, state: str) -> None:
        if launch.application_id is not None:
            told = (launch.application_id, launch.application_name, launch.application_type, group.pid, state)
            self._applications.write(Application(*told))

    def _cause(self, launch: Launch, out: Path, err: Path) -> str | None:
        found = logs.cause(err, out)
        if found is None:
            return None
        words, self._cause_file = found
        if "NoSuchBucket" not in words:
            return words
        missing = self._missing_bucket(launch, out, err, self._host.s3.buckets())
        return words if missing is None or missing in words else f"there is no bucket {missing}: {words}"

    def _missing_bucket(self, launch: Launch, out: Path, err: Path, buckets: Collection[str]) -> str | None:
        return logs.missing_bucket([*launch.command, logs.tail(err), logs.tail(out)], buckets)

    # --- cluster mode, as YARN's client and its logs show it

    def _open_container(self, application_id: str, files: dict[str, Path]) -> tuple[Path, Path]:
        folder = self._log.folder / "container"
        folder.mkdir(exist_ok=True)
        container = f"{application_id.replace('application', 'container')}_01_000001"
        for name in _CONTAINER_FILES:
            (folder / name).touch()
            files[f"containers/{application_id}/{container}/{name}"] = folder / name
        self._log.client_says(f"Submitting application {application_id} to ResourceManager")
        for state in ("ACCEPTED", "RUNNING"):
            self._log.client_says(f"Application report for {application_id} (state: {state})")
        return folder / "stdout", folder / "stderr"

    def _report_container(self, application_id: str, code: int, failure: str, err: Path) -> None:
        completed, diagnostics = code == 0, "N/A"
        if not completed:
            end = logs.tail(err, _DIAGNOSTICS_BYTES)
            diagnostics = f"User application exited with status {code}\nLast {len(end)} characters of stderr :\n{end}"
        self._log.client_says(f"Application report for {application_id} (state: FINISHED)")
        self._log.client_says(
            f"\n\t diagnostics: {diagnostics}\n\t final status: {'SUCCEEDED' if completed else failure}"
        )
        if not completed:
            ended = f"Application {application_id} finished with {failure.lower()} status"
            self._log.raw(f'Exception in thread "main" org.apache.spark.SparkException: {ended}\n')

    def _store(self, files: dict[str, Path]) -> dict[str, str]:
        to = self._destination
        if to.cloud_watch is not None:
            self._publish(to.cloud_watch, files)
        stored = {}
        for name, path in files.items():
            below = to.cluster_id if name.startswith("containers/") else f"{to.cluster_id}/{to.below}"
            stored.update(logs.store(self._host.s3, to.log_uri, below, {name: path}))
        return stored

    def _publish(self, cloud_watch: CloudWatchLogs, files: dict[str, Path]) -> None:
        try:
            streams = cloud_watch.publish(self._destination.cluster_id, self._destination.below, files)
        except (BotoCoreError, ClientError) as error:  # which fails no step
            self._log.say(f"logs are not written to CloudWatch Logs: {error}", "WARN")
        else:
            self._log.say(f"logs are written to CloudWatch Logs: {', '.join(streams) or 'none'}")
