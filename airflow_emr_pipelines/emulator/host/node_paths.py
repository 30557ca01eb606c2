"""What EMR's nodes have at fixed paths, and what stands for it here.

Steps have no root folder of their own. So a path that is the same on every node is exchanged for the cluster's own
where a command or a script names it: in the words of a command, in Spark's settings, and in a script's text when it is
fetched. A program that puts the path together, or that a script brings along, looks for it on this machine.
"""

from __future__ import annotations

import re
from pathlib import Path

from airflow_emr_pipelines.emulator.host.home import PROGRAMS, ClusterHome

SPARK_EXAMPLES, HADOOP_EXAMPLES = "spark-examples", "hadoop-examples"
"""Jars that are collections of programs."""
_INFO = ("/mnt/var/lib/info", "/emr/instance-controller/lib/info")
_HOME = "/home/hadoop"
_BEGINNING, _END = r"(?:(?<![\w./)}-])|(?<=file://)|(?<=local://))", r"(?![\w.-])"
_PLACES = re.compile(
    rf"{_BEGINNING}(?:(?P<home>{_HOME})|(?P<info>{'|'.join(_INFO)})|/usr/bin/(?P<program>{'|'.join(PROGRAMS)})){_END}"
)
_JARS = {
    "s3-dist-cp": r"/usr/share/aws/emr/s3-dist-cp/lib/s3-dist-cp[\w.-]*\.jar",
    "hadoop-streaming": r"/usr/lib/hadoop(-mapreduce)?/hadoop-streaming[\w.-]*\.jar",
    SPARK_EXAMPLES: r"/usr/lib/spark/(examples/jars|examples/lib|lib)/spark-examples[\w.-]*\.jar",
    HADOOP_EXAMPLES: r"/usr/lib/hadoop-mapreduce/hadoop-(mapreduce-)?examples[\w.-]*\.jar",
}
_OF_NODES = {program: re.compile(rf"((file|local):(//)?)?({paths})") for program, paths in _JARS.items()}
_TAKEN_APART = re.compile(r"[\s&;|<>()$`\\\"'*?\[]")
_PROGRAM = re.compile(r"/usr/(?:local/)?bin/([^/]+)|/usr/(?:lib|share)/(?:[\w-]+/)+bin/([^/]+)")


def program_of_jar(path: str) -> str | None:
    """The program that a jar of EMR's own is, or the collection."""
    return next((program for program, paths in _OF_NODES.items() if paths.fullmatch(path)), None)


def program_name(word: str) -> str:
    """The name of a program that may be given by its path on a node."""
    found = _PROGRAM.fullmatch(word)
    return word if found is None else found[1] or found[2]


def why_taken_apart(text: str, home: ClusterHome) -> tuple[str, ...]:
    """What is to be told of a shell's text with such paths, if those of the cluster's own are no plain words."""
    if not (_TAKEN_APART.search(str(home.folder)) and _PLACES.search(text)):
        return ()
    below = (
        f"paths of a node lead below {str(home.folder)!r} here, which a shell takes apart unless it stands in quotes"
    )
    way_out = (
        "write the paths in double quotes, or start the emulator with a --data-dir without blanks and a shell's signs"
    )
    return (f"{below}: {way_out}",)


def here(text: str, home: ClusterHome) -> str:
    """A command's word or a script with the paths of a node exchanged for those of the cluster."""
    folders: dict[str, Path] = {"home": home.home, "info": home.info}

    def place(found: re.Match[str]) -> str:
        program = found["program"]
        return str(home.programs / program if program else folders[str(found.lastgroup)])

    return _PLACES.sub(place, text)
