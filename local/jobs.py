"""The files of the jobs in S3, as they lie in the folder ``jobs``: what is saved there is what the next step runs.

``python -m local.jobs --dags-folder ~/dags`` watches the folder until it is told to stop.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host.java import MissingExtra
from airflow_emr_pipelines.emulator.s3.names import is_bucket_name
from local.buckets import make_buckets, put
from local.errors import JarNotBuilt
from local.folders import named_folder
from local.jars import jar_of

LOOK_EVERY_SECONDS = 0.5
FOLDER = "jobs"
IGNORE, IGNORED = ".airflowignore", f"{FOLDER}/\n"


class Jobs:
    """The folder's files, and what of each was last seen.

    :param folder: in it a folder for each bucket, with what lies there; names that begin with a dot do not count
    """

    def __init__(self, folder: Path, s3_client: Any) -> None:
        self.folder, self._s3 = folder, s3_client
        self._buckets: set[str] = set()
        self._seen: dict[Path, tuple[int, int]] = {}

    def land(self) -> Iterator[str]:
        """Make the buckets that are missing, and upload what is new or was changed: each address when it is there.

        What is deleted here stays in S3: steps may have written there, too.
        """
        buckets = {path.name for path in self.folder.glob("*") if path.is_dir() and is_bucket_name(path.name)}
        if not buckets <= self._buckets:
            make_buckets(self._s3, buckets)
            self._buckets |= buckets
        for path in sorted(path for bucket in buckets for path in (self.folder / bucket).rglob("*")):
            if path.is_file() and not any(map(_is_nobodys, path.relative_to(self.folder).parts)):
                yield from self._land(path)

    def _land(self, path: Path) -> Iterator[str]:
        try:
            state = path.stat()
            if self._seen.get(path) == (seen := (state.st_mtime_ns, state.st_size)):
                return
            body = path.read_bytes()
        except FileNotFoundError:  # an editor is about to put another in its place
            return
        yield from self._upload(path, body)
        self._seen[path] = seen

    def _upload(self, path: Path, body: bytes) -> Iterator[str]:
        bucket, *key = path.relative_to(self.folder).parts
        bodies = {"/".join(key): body}
        if path.suffix == ".scala":
            try:
                bodies["/".join(key).removesuffix(path.suffix) + ".jar"] = jar_of(path)
            except (JarNotBuilt, MissingExtra) as error:  # the example that runs it lacks it
                print(f"The jar of {path.name} is not built: {error}", file=sys.stderr, flush=True)
        for name, content in bodies.items():
            put(self._s3, bucket, name, content)
            yield f"s3://{bucket}/{name}"


def _is_nobodys(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def keep_out_of_dags(dags_folder: Path) -> str | None:
    """Let Airflow look for no DAGs among the jobs, by a file beside them; what there is to say of that.

    A file that is there already is its owner's.
    """
    ignore = dags_folder / IGNORE
    if not (dags_folder / FOLDER).is_dir():
        return None
    try:
        with ignore.open("x") as file:
            file.write(IGNORED)
        return f"{ignore} keeps Airflow from looking for DAGs among the jobs"
    except FileExistsError:
        named = any(line.strip().strip("/").startswith(FOLDER) for line in ignore.read_text().splitlines())
        return None if named else f"{ignore} does not name {IGNORED.strip()}: Airflow looks for DAGs among the jobs"
    except OSError as error:
        return f"{ignore} cannot be written ({error.strerror}): Airflow looks for DAGs among the jobs"


def main(argv: Sequence[str] | None = None) -> None:
    """Watch the folder; S3 is found as for any AWS client."""
    parser = argparse.ArgumentParser(prog="python -m local.jobs", description=__doc__)
    parser.add_argument(
        "--dags-folder", type=named_folder, required=True, help=f"where the folder {FOLDER} is, or will be"
    )
    dags_folder = parser.parse_args(argv).dags_folder
    import boto3

    jobs, told = Jobs(dags_folder / FOLDER, boto3.client("s3")), set[str | None]([None])
    while True:
        if (news := keep_out_of_dags(dags_folder)) not in told:
            told.add(news)
            print(news, flush=True)
        try:
            for address in jobs.land():
                print(address, flush=True)
        except (BotoCoreError, ClientError, OSError) as error:  # it is tried again, as long as S3 is not there
            if str(error) not in told:
                told.add(str(error))
                print(error, file=sys.stderr, flush=True)
        time.sleep(LOOK_EVERY_SECONDS)


if __name__ == "__main__":
    main()
