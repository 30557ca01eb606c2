"""Where the locations that a catalog names lie on this machine."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer
from airflow_emr_pipelines.emulator.host.hadoop import NO_SUCH_HDFS, S3_SCHEMES
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

# Not as a URL: names of partitions have % and, in S3, keys may have anything.
_LOCATION = re.compile(r"(?:([A-Za-z][\w+.-]*):)?(?://([^/]*))?(.*)", re.DOTALL)
_HERE = re.compile(r"(?P<scheme>hdfs|file):(//(nn)?)?(?P<path>/(?!/).*)", re.DOTALL)


class _Nowhere(CannotAnswer):
    """A location that this cluster cannot reach."""


@dataclass(frozen=True)
class Places:
    """The file systems that one cluster sees: all buckets, its own HDFS, and this machine's files.

    In a catalog that clusters share, HDFS has the cluster's name: no other cluster can read what lies there.
    """

    s3: ObjectStore
    hdfs: Path
    cluster_id: str

    @property
    def _authority(self) -> str:
        return f"hdfs://{self.cluster_id.lower()}:8020"

    def shared_name(self, location: str) -> str:
        """What a location of this cluster is called in a catalog that clusters share."""
        found = _HERE.fullmatch(location)
        if found is None:
            return location
        path = "/" + found["path"].lstrip("/")
        below = path if found["scheme"] == "hdfs" else _below(path, str(self.hdfs))
        return location if below is None else self._authority + below

    def own_name(self, location: str) -> str:
        """What a location in a shared catalog is called on this cluster: a file, with which Hive's classes can do."""
        below = _below(location, self._authority)
        return location if below is None else f"file:{self.hdfs}{below}"

    def make_folder(self, location: str) -> None:
        """Make what is a folder to Hadoop; S3 has none, and Hadoop's clients want one."""
        self._path(location).mkdir(parents=True, exist_ok=True)

    def removal(self, location: str) -> Callable[[], None]:
        """What removes a location with all that is in it, once its catalog has forgotten it.

        :raises CannotAnswer: more hangs on it than a table's data, so the catalog is not to forget it
        """
        with contextlib.suppress(_Nowhere):
            self._check_removable(location, self._path(location).resolve())
        return lambda: shutil.rmtree(self._path(location), ignore_errors=True)

    def _check_removable(self, location: str, path: Path) -> None:
        home = self.hdfs.parent.resolve()
        if path == self.hdfs.resolve() or path.parent == self.s3.root:
            raise CannotAnswer(
                f"{location}: the root of a bucket or of HDFS is not removed by the emulator's Glue Data Catalog. "
                "Delete the objects by S3's own API and drop the table or database without its data: an external "
                "table, or by Glue's own API"
            )
        if home not in path.parents and self.s3.root not in path.parents:
            raise CannotAnswer(
                f"{location}: on this machine this is no folder of the cluster's, and the emulator removes nothing "
                "outside of those. Drop the table or database by Glue's own API, and remove the folder yourself"
            )

    def move(self, source: str, target: str) -> None:
        path = self._path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._path(source).exists():
            shutil.move(self._path(source), path)

    def _path(self, location: str) -> Path:
        scheme, authority, path = (part or "" for part in _LOCATION.fullmatch(location).groups())  # type: ignore[union-attr]
        below = Path(*[part for part in path.split("/") if part not in ("", ".")])
        if ".." in below.parts:
            raise CannotAnswer(f"{location}: a location must not lead out of where it begins")
        if scheme in S3_SCHEMES:
            if not self.s3.has_bucket(authority):
                raise _Nowhere(f"{location}: there is no bucket {authority}")
            return self.s3.root / authority / below
        if scheme in ("", "hdfs") and authority in ("", "nn"):
            return self.hdfs / below
        if scheme != "file":
            raise _Nowhere(f"{location}: {NO_SUCH_HDFS if scheme == 'hdfs' else 'there is no such file system'}")
        return Path("/") / below


def _below(path: str, folder: str) -> str | None:
    """What of a path is below a folder, from its slash on; None where it is not in it."""
    rest = path.removeprefix(folder)
    return rest if path.startswith(folder) and rest[:1] in ("", "/") else None
