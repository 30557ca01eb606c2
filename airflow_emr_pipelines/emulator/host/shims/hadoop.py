"""hadoop and hdfs: Hadoop's own file system shell, and distcp."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from airflow_emr_pipelines.emulator.host.java import Java, MissingExtra
from airflow_emr_pipelines.emulator.host.node_paths import program_of_jar
from airflow_emr_pipelines.emulator.host.shims import dist_cp, hadoop_streaming, s3_dist_cp

_HEAP_MIB = 256
_CLASSES = {
    "fs": "org.apache.hadoop.fs.FsShell",
    "dfs": "org.apache.hadoop.fs.FsShell",
    "jar": "org.apache.hadoop.util.RunJar",
    "version": "org.apache.hadoop.util.VersionInfo",
}
_JARS = {"s3-dist-cp": s3_dist_cp.main, "hadoop-streaming": hadoop_streaming.main}


def main(arguments: Sequence[str]) -> int:
    """The exit code; does not return when Java takes over."""
    command, words = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if command == "distcp":
        return dist_cp.main(words)
    program = program_of_jar(words[0]) if command == "jar" and words else None
    if program in _JARS:
        return _JARS[program](words[1:])
    if program is not None:
        print(f"hadoop jar {words[0]}: these examples are not part of the emulator", file=sys.stderr)
        return 1
    if command not in _CLASSES:
        known = ", ".join([*_CLASSES, "distcp"])
        print(f"hadoop {command}: not part of the emulator, which has: {known}", file=sys.stderr)
        return 1
    try:
        java = Java.find()
    except MissingExtra as missing:
        print(missing, file=sys.stderr)
        return 1
    conf = Path(os.environ["HADOOP_CONF_DIR"])
    line = java.command(
        _CLASSES[command],
        words,
        heap_mib=_HEAP_MIB,
        conf=conf,
        options=[
            "-Dlog4j2.level=ERROR",
            f"-Djava.io.tmpdir={os.environ['TMPDIR']}",
            f"-Duser.home={os.environ['HOME']}",
        ],
    )
    os.execv(line[0], line)
