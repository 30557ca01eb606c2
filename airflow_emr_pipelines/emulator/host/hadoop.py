"""Hadoop's settings for one process: where s3:// and hdfs:// lead on this machine.

Every bucket is a mount of Hadoop's own view file system onto the bucket's folder, in two stages: `s3://b/k` falls back
to `viewfs://fs/b/k`, which is linked to the folder. With one stage, a listing of a bucket's root fails ("URI scheme is
not file"), and a path with `..` leaves the bucket. A bucket without a mount falls back to the class that is named as
its scheme's target: if that class reads files, then *from the root folder of this machine*, so a class is named that
cannot be, and whose name says what is wrong; but which bucket it was for, Hadoop says elsewhere, if at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

S3_SCHEMES = ("s3", "s3a", "s3n")
NO_SUCH_BUCKET = "NoSuchBucket (there was no bucket of that name when this step started)"
CLASS_NOT_FOUND = re.compile(
    rb"((java\.lang\.RuntimeException: )?java\.lang\.ClassNotFoundException: )?Class %s not found"
    % re.escape(NO_SUCH_BUCKET.encode())
)
"""What Hadoop makes of it."""
NO_SUCH_HDFS = "NoSuchNameNode (the emulator has one HDFS for each cluster: write hdfs:///path)"
# Names of mount tables; no bucket has one of two letters.
_FOLDERS = "fs"
_HDFS = "nn"
_OUTPUT = "org.apache.hadoop.mapreduce.lib.output"


def core_site(buckets_root: Path, buckets: Iterable[str], hdfs: Path) -> dict[str, str]:
    """The settings that make s3://, s3a://, s3n:// and hdfs:/// paths work; what has no scheme is in HDFS."""
    view = "org.apache.hadoop.fs.viewfs.ViewFileSystem"
    settings = {
        "fs.defaultFS": f"hdfs://{_HDFS}/",
        "hadoop.user.group.static.mapping.overrides": "hadoop=hadoop",  # this machine need not know that user
        "fs.viewfs.impl": view,
        "fs.raw.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "fs.hdfs.impl": f"{view}OverloadScheme",
        "fs.viewfs.overload.scheme.target.hdfs.impl": NO_SUCH_HDFS,
        f"fs.viewfs.mounttable.{_HDFS}.linkFallback": f"viewfs://{_FOLDERS}/{_HDFS}",
        f"fs.viewfs.mounttable.{_FOLDERS}.link./{_HDFS}": f"raw://{quote(str(hdfs))}",
    }
    for scheme in S3_SCHEMES:
        settings[f"fs.{scheme}.impl"] = f"{view}OverloadScheme"
        settings[f"fs.viewfs.overload.scheme.target.{scheme}.impl"] = NO_SUCH_BUCKET
    for bucket in buckets:
        settings[f"fs.viewfs.mounttable.{bucket}.linkFallback"] = f"viewfs://{_FOLDERS}/{bucket}"
        settings[f"fs.viewfs.mounttable.{_FOLDERS}.link./{bucket}"] = f"raw://{quote(str(buckets_root / bucket))}"
    return settings


def write_settings(
    conf: Path, core: Mapping[str, str], hive: Mapping[str, str], mapred: Mapping[str, str] | None = None
) -> None:
    """A folder with Hadoop's and Hive's settings for a process to have on its class path."""
    # Hadoop's own defaults name a committer for s3a that is not installed; they outrank core-site.xml.
    committer = {"mapreduce.outputcommitter.factory.scheme.s3a": f"{_OUTPUT}.FileOutputCommitterFactory"}
    write_site(conf / "core-site.xml", core)
    write_site(conf / "mapred-site.xml", committer | dict(mapred or {}))
    write_site(conf / "hive-site.xml", hive)


def write_site(path: Path, settings: Mapping[str, str]) -> None:
    """A Hadoop configuration file, put in place whole: a running process may be reading it."""
    properties = "".join(
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in settings.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.write_text(f"<configuration>\n{properties}</configuration>\n")
    written.replace(path)
