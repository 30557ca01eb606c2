"""The emulator and a whole Airflow in the background, with all that they keep in one folder, their home."""

from __future__ import annotations

import fcntl
import json
import shlex
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from airflow_emr_pipelines.emulator.arguments import PORT as EMULATOR_PORT
from airflow_emr_pipelines.emulator.host import java
from airflow_emr_pipelines.errors import InvalidSpec
from local.errors import NotReady, PortTaken, StillUp
from local.folders import named_folder
from local.inputs import encounters
from local.jobs import FOLDER, keep_out_of_dags
from local.local_airflow import LocalAirflow, free_port, this_python
from local.local_emulator import LocalEmulator, java_options, spark_4_options
from local.processes import CHECKOUT, STOP_SECONDS, LastingProcess
from local.running import Running
from local.secret_files import write_private
from local.seed import days_between, find_dags_folder, has_landed, seed
from local.settings import COMPONENTS, HOST, SCHEDULER, SCHEDULES, clean_environment

HOME = Path(".local/airflow")
AWS_CLI = CHECKOUT / ".venv-clients" / "bin" / "aws"
AIRFLOW_PORT = 8080
DAYS = days_between(date(2013, 1, 1), date(2013, 1, 7))
EMULATOR, JOBS, API_SERVER = "emulator", "jobs", "api-server"
PARTS = (EMULATOR, JOBS, *COMPONENTS)
STOPPED_IN_TURN = ((SCHEDULER,), tuple(part for part in COMPONENTS if part != SCHEDULER), (JOBS, EMULATOR))
"""Who starts tasks first, who carries them last."""

Say = Callable[[str], None]

_WITHOUT_SPARK_4 = """make it anew by make up SPARK=4, or write --spark-4 '' (make up ARGS="--spark-4 ''")"""


@dataclass(frozen=True)
class Choices:
    """What a home is started with, kept in it for the next time."""

    dags_folder: str
    port: int
    emulator_port: int
    java_home: str | None = None
    spark_4: str | None = None
    schedules: bool = False

    @classmethod
    def kept_in(cls, home: Path) -> Choices | None:
        """What the home was last started with; None for one that never was."""
        try:
            return cls(**json.loads(choices_file(home).read_text()))
        except FileNotFoundError:
            return None

    @classmethod
    def made(
        cls,
        home: Path,
        dags_folder: Path | None,
        port: int | None,
        emulator_port: int | None,
        java_home: str | None = None,
        spark_4: str | None = None,
        schedules: bool | None = None,
    ) -> Choices:
        """What is asked for, else what the home was last started with, else the defaults.

        Port 0 is the one that the home has, to which links of earlier runs lead, unless another program has taken it:
        then a free one. An empty name of a Java is the default, and that of a Spark 4 none.

        :raises InvalidSpec: the DAGs folder is none
        :raises UnfitJava: steps cannot run on that Java
        :raises UnfitSpark4: there is no Spark 4 in that folder
        """
        kept = cls.kept_in(home)
        is_up = any(record_of(home, part).is_alive for part in PARTS)

        def chosen(asked: int | None, before: int | None, default: int) -> int:
            if asked == 0:
                return before if before is not None and (is_up or can_listen(before)) else free_port()
            return asked or before or default

        folder = dags_folder or (Path(kept.dags_folder) if kept else find_dags_folder())
        if not folder.is_dir():
            way_out = "make it, or name another one with --dags-folder"
            raise InvalidSpec("--dags-folder", str(folder), "there is no such folder", way_out)
        java_folder = java_home if java_home is not None else kept.java_home if kept else None
        spark_4_folder = spark_4 if spark_4 is not None else kept.spark_4 if kept else None
        choices = cls(
            str(folder.resolve()),
            chosen(port, kept.port if kept else None, AIRFLOW_PORT),
            chosen(emulator_port, kept.emulator_port if kept else None, EMULATOR_PORT),
            str(java.checked(named_folder(java_folder), "write --java-home ''")) if java_folder else None,
            str(java.checked_spark_4(named_folder(spark_4_folder), _WITHOUT_SPARK_4)) if spark_4_folder else None,
            schedules if schedules is not None else kept is not None and kept.schedules,
        )
        if is_up and kept is not None and choices != kept:
            raise StillUp(home, kept.dags_folder, kept.port, kept.emulator_port)
        return choices


class Background:
    """Emulator and Airflow of one home: each process lasts until ``down``, whoever started it."""

    def __init__(self, home: Path, choices: Choices) -> None:
        self.home, self.choices = home.resolve(), choices
        self.emulator = LocalEmulator(
            self.home / "emulator",
            log=self.logs / f"{EMULATOR}.log",
            options=(*java_options(choices.java_home), *spark_4_options(choices.spark_4)),
            port=choices.emulator_port,
            process=self._lasting,
        )
        self.airflow = LocalAirflow(
            self.home,
            Path(choices.dags_folder),
            env={**self.emulator.environment, SCHEDULES: str(choices.schedules)},
            port=choices.port,
            process=self._lasting,
        )
        self.jobs = self._lasting(
            "What uploads the jobs",
            this_python(("python", "-m", "local.jobs", "--dags-folder", choices.dags_folder)),
            env={**clean_environment(), **self.emulator.environment},
            log=self.logs / f"{JOBS}.log",
        )
        self.parts = dict(zip(PARTS, (self.emulator.process, self.jobs, *self.airflow.components), strict=True))

    @property
    def logs(self) -> Path:
        """Where each process and each task writes its log."""
        return self.home / "logs"

    @property
    def env_file(self) -> Path:
        """What a shell reads to have its ``airflow`` and its AWS clients work here."""
        return self.home / "env"

    def up(self, say: Say) -> list[str]:
        """Start what does not run, and wait until everything answers; the parts that were started.

        When that fails, they are stopped again.
        """
        missing = [name for name, part in self.parts.items() if not part.is_running]
        down(self.home, missing)  # a guard may have been killed, and the rest of its part be about to end
        self._see_that_ports_are_free(missing)
        before = Choices.kept_in(self.home)
        write_private(choices_file(self.home), json.dumps(asdict(self.choices)))
        write_private(self.env_file, shell_text(self.airflow.environment, self._programs()))
        if told := keep_out_of_dags(Path(self.choices.dags_folder)):
            say(told)
        try:
            with ThreadPoolExecutor(1) as beside:
                serving = beside.submit(self._serve_and_seed, say)
                if set(missing) >= set(COMPONENTS):
                    self.airflow.migrate()
                    say("Airflow's database is ready")
                    if self.choices != before or not self.airflow.has_read_dags():
                        self.airflow.read_dags()
                        say("the DAGs are read")
                serving.result()
            self.airflow.start()
            if not self.jobs.is_running:
                self.jobs.start()
        except BaseException:
            down(self.home, missing)
            raise
        return missing

    def _serve_and_seed(self, say: Say) -> None:
        """Start the emulator if need be; land the job scripts as they are now, and the days that were never landed."""
        if not self.emulator.process.is_running:
            self.emulator.start()
            self.emulator.wait_until_ready()
            say(f"the emulator serves EMR and S3 at {self.emulator.url}")
        s3 = self.emulator.client("s3")
        days = [day for day in DAYS if not has_landed(day, s3_client=s3)]
        secrets = self.emulator.client("secretsmanager", encounters.REGION)
        seed(days, s3_client=s3, dags_folder=self._with_jobs(), secrets_client=secrets)
        say(f"S3 has the job scripts{f' and the flights of {days[0]} to {days[-1]}' if days else ''}")

    def _with_jobs(self) -> Path:
        """The DAGs folder, if it brings jobs for S3 as the examples' does; else the examples'."""
        own = Path(self.choices.dags_folder)
        return own if (own / FOLDER).is_dir() else find_dags_folder()

    def _programs(self) -> Path:
        """A folder with the AWS CLI alone: where it is installed there are more programs than a shell should find."""
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        aws = folder / AWS_CLI.name
        aws.unlink(missing_ok=True)
        if AWS_CLI.exists():
            aws.symlink_to(AWS_CLI)
        return folder

    def _see_that_ports_are_free(self, missing: Sequence[str]) -> None:
        wanted = (
            (API_SERVER, "Airflow's API server", self.choices.port, "--port"),
            (EMULATOR, "the emulator", self.choices.emulator_port, "--emulator-port"),
        )
        for name, what, port, option in wanted:
            if name in missing and not can_listen(port):
                raise PortTaken(what, port, option)

    def _lasting(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> LastingProcess:
        return LastingProcess(name, command, env=env, log=log, record=record_of(self.home, log.stem).path)


def down(home: Path, parts: Collection[str] = PARTS) -> list[str]:
    """Stop what runs of these parts of the home; those that were stopped."""
    stopped: list[str] = []
    for group in STOPPED_IN_TURN:
        alive = {part: record_of(home, part) for part in group if part in parts and record_of(home, part).is_alive}
        for record in alive.values():
            record.let_go()
        for part, record in alive.items():
            if not record.stop(STOP_SECONDS):
                raise NotReady(f"The end of the {part}", 2 * STOP_SECONDS, home / "logs" / f"{part}.log")
        stopped += alive
    return stopped


@contextmanager
def one_at_a_time(home: Path, say: Say) -> Iterator[None]:
    """Hold the home's door: whoever else starts or stops something there waits until the block ends."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / ".door").open("w") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for somebody else who starts or stops {home} …")
            fcntl.flock(door, fcntl.LOCK_EX)
        yield


def record_of(home: Path, part: str) -> Running:
    """What tells which process is a part of the home, and whether it lives."""
    return Running(home.resolve() / "run" / f"{part}.pid")


def choices_file(home: Path) -> Path:
    """Where a home keeps what it was started with."""
    return home / "choices.json"


def can_listen(port: int) -> bool:
    """Whether a server could listen on the port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections do not count
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True


def shell_text(environment: Mapping[str, str], more: Path) -> str:
    """Lines for a shell: without the user's own Airflow and AWS, with this home's, and its ``airflow`` found first.

    :param more: a folder of programs that are found next
    """
    ours = {name: value for name, value in environment.items() if name.startswith(("AIRFLOW", "AWS_"))}
    proxies = {name: environment[name] for name in ("NO_PROXY", "no_proxy")}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted({**ours, **proxies}.items())]
    programs = shlex.quote(f"{Path(sys.executable).parent}:{more}")
    return "\n".join((FORGET, *exports, f'export PATH={programs}:"$PATH"', ""))


FORGET = r"""for name in $(env | sed -n 's/^\(AIRFLOW[A-Za-z0-9_]*\)=.*/\1/p; s/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
unset name"""
