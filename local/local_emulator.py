"""The emulator as a child process, with clients that can reach nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from local.errors import NotReady
from local.processes import GuardedProcess, MakeProcess, looks, wait_until
from local.settings import AWS, EMULATOR, HOST, REGION, aws_environment, clean_environment

READY = re.compile(rb"^ready (http://\S+)\s*$", re.MULTILINE)
DEATH_SECONDS = 15.0
NO_USER = (("profile", None), ("config_file", os.devnull), ("credentials_file", os.devnull))


def java_options(java_home: str | os.PathLike[str] | None) -> tuple[str, ...]:
    """The emulator's options that choose a Java; none for the one that came with its packages."""
    return () if java_home is None else ("--java-home", os.fspath(java_home))


def spark_4_options(venv: str | os.PathLike[str] | None) -> tuple[str, ...]:
    """The emulator's options that name a Spark 4; none where it has none."""
    return () if venv is None else ("--spark-4", os.fspath(venv))


class LocalEmulator:
    """``python -m airflow_emr_pipelines.emulator``, for as long as the block lasts.

    :param port: where it listens; a free one when not given, which ``url`` tells once it serves
    :param process: what makes the process: a guarded one ends with us
    :param python: the interpreter that has the emulator's packages
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        log: Path,
        options: Sequence[str] = (),
        start_timeout: float = 60.0,
        port: int = 0,
        process: MakeProcess = GuardedProcess,
        python: str = sys.executable,
    ) -> None:
        self.data_dir, self.start_timeout = data_dir, start_timeout
        command = [python, *EMULATOR[1:], "--port", str(port), "--data-dir", str(data_dir), *options]
        self.process = process("The emulator", command, env={**clean_environment(), **AWS}, log=log)
        self.url = f"http://{HOST}:{port}" if port else ""
        self._said_before = 0

    def __enter__(self) -> LocalEmulator:
        try:
            self.start()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, without waiting until it serves."""
        log = self.process.log
        self._said_before = log.stat().st_size if log.exists() else 0
        self.process.start()

    def wait_until_ready(self) -> None:
        """Wait until it serves; ``url`` is known from then on."""
        what = "The emulator's start"
        wait_until(self._is_ready, what, processes=[self.process], timeout=self.start_timeout, log=self.process.log)

    def check(self) -> None:
        """Raise ProcessDied when it is not running any more."""
        self.process.check()

    def check_after(self, error: Exception) -> NoReturn:
        """Raise ProcessDied when a call failed because it died, which takes a moment to be seen; else the error."""
        with contextlib.suppress(NotReady):
            for _ in looks("The end of the emulator", timeout=DEATH_SECONDS, log=self.process.log):
                self.check()
        raise error

    def stop(self) -> None:
        """Stop it, and with it every step that it runs."""
        self.process.stop()

    @property
    def log(self) -> Path:
        """Where it says what it does."""
        return self.process.log

    @property
    def buckets_folder(self) -> Path:
        """Where the objects of S3 lie as files, a folder for each bucket."""
        return self.data_dir / "s3"

    @property
    def environment(self) -> dict[str, str]:
        """What points any AWS client at this emulator."""
        return aws_environment(self.url)

    def client(self, service: str, region_name: str = REGION) -> Any:
        """A boto3 client of this emulator. No file, profile or variable of the user's has a say."""
        import boto3
        import botocore.session
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": 4})  # for EMR's rates, to which it keeps
        nobody = botocore.session.Session(session_vars={name: (None, None, value, None) for name, value in NO_USER})
        session = boto3.Session(AWS["AWS_ACCESS_KEY_ID"], AWS["AWS_SECRET_ACCESS_KEY"], botocore_session=nobody)
        return session.client(service, endpoint_url=self.url, region_name=region_name, config=config)

    def _is_ready(self) -> bool:
        said = READY.search(self.process.log.read_bytes(), self._said_before)
        if said is not None:
            self.url = said[1].decode()
        return said is not None
