"""A process that is to be started, and the place it is started at."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from airflow_emr_pipelines.emulator.host import hadoop, node_paths
from airflow_emr_pipelines.emulator.host.catalog.of_cluster import ClusterCatalogs
from airflow_emr_pipelines.emulator.host.configurations import ClusterConfiguration
from airflow_emr_pipelines.emulator.host.home import ClusterHome
from airflow_emr_pipelines.emulator.host.java import Java
from airflow_emr_pipelines.emulator.host.memory import Memory
from airflow_emr_pipelines.emulator.host.metastore import Metastore
from airflow_emr_pipelines.emulator.host.run_records import ClusterSetup
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

_ADDRESS = re.compile(r"\bs3[an]?://([^/\s,'\"#]+)(?:/([^\s,'\"#]*))?")
_WHOLE_ADDRESS = re.compile(r"s3[an]?://([^/]+)(?:/(.*))?", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[{]")


class CannotRun(Exception):
    """A step that fails before it starts; `reason` and `message` are EMR's FailureDetails."""

    def __init__(self, message: str, reason: str = "Unknown Error") -> None:
        super().__init__(message, reason)
        self.message = message
        self.reason = reason


def split_words(text: str, name: str) -> list[str]:
    """The words of a text as a shell takes it apart."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise CannotRun(
            f"{name}: its words cannot be told apart ({error}): close the quote or write \\ twice"
        ) from None


@dataclass(frozen=True)
class Launch:
    """What to start, and what to tell about it."""

    command: tuple[str, ...]
    work: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mib: int = 0  # of the budget for heavy steps; nothing for light ones
    notes: tuple[str, ...] = ()
    application_id: str | None = None
    application_name: str = ""
    application_type: str = "SPARK"
    in_container: bool = False  # as in cluster mode: what the driver writes is the container's, not the step's
    metastore: Metastore | None = None  # of the cluster, if its catalog is what the process is led to
    uses_hive: bool = False
    event_logs: Path | None = None  # the folder that Spark applications log to what happens in them
    hidden: frozenset[str] = frozenset()  # settings and variables whose values are no words of the step's own

    def shown_command(self) -> list[str]:
        """The command as logs show it: the step's own words as they are, as on EMR, and no value of a configuration."""
        return [self._shown(word) for word in self.command]

    def shown_environment(self, inherited: Mapping[str, str]) -> list[str]:
        """The variables as logs show them, those among them that the process has from elsewhere."""
        return [self._shown(f"{name}={value}") for name, value in sorted({**inherited, **self.environment}.items())]

    def _shown(self, word: str) -> str:
        name, equals, _ = word.partition("=")
        return f"{name}=…" if equals and name in self.hidden else word


@dataclass(frozen=True)
class Node:
    """Where one step runs: the cluster's folders, the step's own, and what the machine has to offer."""

    setup: ClusterSetup
    configuration: ClusterConfiguration
    home: ClusterHome
    folder: Path
    s3: ObjectStore
    memory: Memory
    catalogs: ClusterCatalogs
    cores: int
    new_application_id: Callable[[], str]

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def fetched(self) -> Path:
        """Where copies of objects lie."""
        return self.folder / "fetched"

    @property
    def executors(self) -> Path:
        """The working folder of Spark's executors where the driver has another one."""
        folder = self.folder / "executors"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def event_logs(self) -> Path:
        folder = self.folder / "event-logs"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def conf(self) -> Path:
        return self.folder / "conf"

    @cached_property
    def java(self) -> Java:
        label = self.setup.release_label
        return Java.find_with_spark_4(label) if self.setup.is_for_spark else Java.find()

    def require(self, application: str, command: str) -> None:
        """Fail as a node does that lacks the program."""
        if lacking := self.setup.why_lacking(application):
            raise CannotRun(f"{command}: {lacking}")
        if application.lower() not in self.setup.applications:
            installed = ", ".join(sorted(self.setup.applications)) or "none"
            raise CannotRun(
                f"{command}: {application} is not installed on cluster {self.setup.cluster_id} (its Applications: "
                f'{installed}). Create the cluster with {{"Name": "{application}"}} among its Applications.'
            )

    def write_conf(self, catalog_uri: str | None = None) -> None:
        """Hadoop's settings with a mount for each bucket that exists now, and Hive's for this or its own catalog."""
        core = hadoop.core_site(self.s3.root, self.s3.buckets(), self.home.hdfs)
        hive = {
            "hive.metastore.uris": catalog_uri or self.catalogs.uri(self.configuration.catalog_of_hive()),
            "hive.metastore.client.socket.timeout": "600s",
            "hive.metastore.warehouse.dir": self.configuration.warehouse(self.home.hdfs),
            "hive.exec.scratchdir": "/tmp/hive",
            "hive.exec.local.scratchdir": str(self.home.temporary),
            "hive.downloaded.resources.dir": str(self.home.temporary),
            "hive.querylog.location": str(self.home.temporary),
            **self.configuration.hive_site,
        }
        hadoop.write_settings(self.conf, {**self.configuration.core_site, **core}, hive, self.configuration.mapred_site)

    def java_options(self) -> list[str]:
        return [f"-Djava.io.tmpdir={self.home.temporary}", f"-Duser.home={self.home.home}"]

    def java_environment(self) -> dict[str, str]:
        return {
            "JAVA_HOME": str(self.java.home),
            "SPARK_HOME": str(self.java.spark_home),
            "HADOOP_CONF_DIR": str(self.conf),
            **self.configuration.environment,
        }

    def require_file(self, address: str) -> None:
        """Fail if an address in S3 leads to nothing; other places are looked at by whoever reads them."""
        match = _WHOLE_ADDRESS.fullmatch(address)
        if match is None:
            return
        bucket, key = match.group(1), match.group(2) or ""
        if bucket not in self.s3.buckets():
            raise CannotRun(f"File {address} does not exist: there is no bucket {bucket}", "File not found")
        if not _WILDCARD.search(key) and not self.s3.has(bucket, key):
            raise CannotRun(f"File {address} does not exist: there is no object {key!r} in {bucket}", "File not found")

    def fetch(self, address: str) -> Path:
        """A copy of an object; a file that is not in S3 is taken where it lies."""
        self.require_file(address)
        match = _WHOLE_ADDRESS.fullmatch(address)
        if match is None:
            path = self.local_path(address)
            if not path.is_file():
                raise CannotRun(f"File {address} does not exist", "File not found")
            return path
        bucket, key = match.group(1), match.group(2)
        path = self.fetched / (key.rsplit("/", 1)[-1] or "object")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.s3.get(bucket, key) or b"")
        return path

    def local_path(self, address: str) -> Path:
        """Where a path that is not in S3 lies: in HDFS by its scheme, else in the file system."""
        scheme, _, rest = address.partition("://")
        if rest and scheme == "hdfs":
            return self.home.hdfs / rest.partition("/")[2]
        return self.home.home / node_paths.here(address.removeprefix("file://").removeprefix("file:"), self.home)

    def check_addresses(self, words: Iterable[str]) -> None:
        """Refuse what a step could not see: keys that lie outside the bucket's folder."""
        for word in words:
            for bucket, key in _ADDRESS.findall(word):
                prefix = _WILDCARD.split(key, maxsplit=1)[0]
                if prefix != key:
                    prefix = prefix[: prefix.rfind("/") + 1]
                hidden = self.s3.kept_aside(bucket, prefix)
                if hidden:
                    raise CannotRun(
                        f"{word} covers the key {hidden[0]!r}, which the emulator cannot show to a step, since it "
                        "keeps objects as files: no file can have that name, or another key uses it as a folder. "
                        "Rename or delete that object."
                    )
