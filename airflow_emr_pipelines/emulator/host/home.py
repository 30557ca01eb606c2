"""A cluster's private folders and the environment of what runs on it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import airflow_emr_pipelines
from airflow_emr_pipelines.emulator.host import java
from airflow_emr_pipelines.emulator.host.guard import MARK

# All that a step sees of the emulator's own environment; the rest may hold secrets of the person who started it.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", java.CHOSEN)
HDFS = "AIRFLOW_EMR_HDFS"
"""The variable that names the folder of the cluster's HDFS."""
APPLICATIONS = "applications"
"""The folder beside it that has a file for each application."""
PROGRAMS_FOLDER = "bin"
"""The folder beside it with the cluster's own programs."""
DRIVER_PROGRAM = "python-driver"
"""Python for a Spark driver that has another working folder than the executors: variables name both."""
DRIVER_FOLDER = "AIRFLOW_EMR_DRIVER_FOLDER"
DRIVER_PYTHON = "AIRFLOW_EMR_DRIVER_PYTHON"

PROGRAMS = {
    "aws": "aws",
    "s3-dist-cp": "s3_dist_cp",
    "hadoop": "hadoop",
    "hdfs": "hadoop",
    "hadoop-streaming": "hadoop_streaming",
    "yarn": "yarn",
}
"""What a node's PATH has that stands in a module of `shims`."""
OF_HADOOP = ("s3-dist-cp", "hadoop", "hdfs", "hadoop-streaming")
"""Those that a release without Hadoop lacks."""
_REFUSED_PROGRAMS = {
    "sudo": "there is no sudo in the emulator: this script runs as you, on your machine",
    **{
        name: f"{name} inside a shell step is not emulated: submit it as a step of its own"
        for name in ("spark-submit", "spark-sql", "spark-shell", "pyspark", "hive", "beeline")
    },
    **{
        name: f"{name} is not part of the emulator"
        for name in ("pig", "flink", "presto-cli", "trino-cli", "hbase", "sqoop", "oozie")
    },
}


@dataclass(frozen=True)
class ClusterHome:
    """The folders of one cluster: its HOME, its HDFS, its programs, and one for each step."""

    folder: Path
    mark: str

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def hdfs(self) -> Path:
        return self.folder / "hdfs"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def info(self) -> Path:
        """What EMR tells its nodes of themselves: on a node, /mnt/var/lib/info."""
        return self.folder / "info"

    @property
    def applications(self) -> Path:
        """A file for each application that YARN would know."""
        return self.folder / APPLICATIONS

    @property
    def programs(self) -> Path:
        return self.folder / PROGRAMS_FOLDER

    def step_folder(self, step_id: str) -> Path:
        """A new, empty folder for what one step writes."""
        folder = self.folder / "steps" / step_id
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "work").mkdir(parents=True)
        return folder

    def make(self, without_hadoop: str | None = None) -> None:
        """Make the folders and the programs.

        :param without_hadoop: why Hadoop's programs are refused, if they are
        """
        of_hdfs = (self.hdfs / "tmp", self.hdfs / "user" / "hadoop", self.hdfs / "user" / "hive" / "warehouse")
        for folder in (self.home, *of_hdfs, self.temporary, self.programs, self.info, self.applications):
            folder.mkdir(parents=True, exist_ok=True)
        root = Path(airflow_emr_pipelines.__file__).parent.parent
        for name, module in PROGRAMS.items():
            code = (
                f"import sys; sys.path.insert(0, {str(root)!r}); sys.argv[0] = {name!r}; "
                f"from airflow_emr_pipelines.emulator.host.shims.{module} import main; sys.exit(main(sys.argv[1:]))"
            )
            self._program(name, f'exec {_quoted(sys.executable)} -I -c {_quoted(code)} "$@"')
        for name in ("python", "python3"):
            self._program(name, f'exec {_quoted(sys.executable)} "$@"')
        self._program(DRIVER_PROGRAM, f'cd "${DRIVER_FOLDER}" && exec "${DRIVER_PYTHON}" "$@"')
        for name in ("pip", "pip3"):
            self._program(name, f'exec {_quoted(sys.executable)} -m pip "$@"')
        of_hadoop = {} if without_hadoop is None else dict.fromkeys(OF_HADOOP, without_hadoop)
        for name, reason in {**_REFUSED_PROGRAMS, **of_hadoop}.items():
            self._program(name, f"echo {_quoted(f'{name}: {reason}')} >&2\nexit 127")

    def _program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def tell_info(self, info: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what EMR tells its nodes, a file for each name; a reader sees the old content or the new one."""
        for name, content in info.items():
            written = self.info / f".{name}.new"
            written.write_text(json.dumps(content, indent=2) + "\n")
            written.replace(self.info / f"{name}.json")

    def environment(self, endpoint: str, region: str, purpose: str) -> dict[str, str]:
        """The whole environment of a process; `purpose` ends its mark, so that its strays can be found."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        if "UTF" not in (inherited.get("LC_ALL") or inherited.get("LANG", "")).upper():
            inherited["LC_ALL"] = "C.UTF-8"  # as on EMR; by it Java knows how file names are written
        packages = str(self.home / "python-packages")
        return inherited | {
            "PATH": os.pathsep.join([str(self.programs), inherited.get("PATH", os.defpath)]),
            "HOME": str(self.home),
            "USER": "hadoop",
            "LOGNAME": "hadoop",
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            MARK: f"{self.mark}/{purpose}",
            HDFS: str(self.hdfs),
            "HADOOP_USER_NAME": "hadoop",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "emulator",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # What a bootstrap action installs by pip is seen by the cluster's steps and by nothing else.
            "PIP_TARGET": packages,
            "PYTHONPATH": packages,
        }

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
