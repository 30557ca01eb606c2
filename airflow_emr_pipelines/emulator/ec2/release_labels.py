"""The applications of releases, and what of their versions is documented.

Sources: the Release Guide's pages on the releases, on application versions in 6.x and 7.x releases, and on the release
histories of Spark and Flink. A version that is not here was not found there, and is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airflow_emr_pipelines.emulator.ec2.rules import applications_of, release_of

_VERSIONS = """
Spark   8.0.0 4.0.2
        7.13.0 3.5.6-amzn-2   7.12.0 3.5.6-amzn-1   7.11.0 3.5.6-amzn-0   7.10.0 3.5.5-amzn-1   7.9.0 3.5.5-amzn-0
        7.8.0 3.5.4-amzn-0   6.4.0 3.1.2   6.3 3.1.1   6.2 3.0.1   6.1 3.0.0   6.0 2.4.4
Flink   7.12.0 1.20.0-amzn-6   7.11.0 1.20.0-amzn-5   7.10.0 1.20.0-amzn-4   7.9.0 1.20.0-amzn-3   7.8.0 1.20.0-amzn-2
        7.7.0 1.20.0-amzn-1   7.6.0 1.20.0-amzn-0   7.5.0 1.19.1-amzn-1   7.4.0 1.19.1-amzn-0   7.3.0 1.18.1-amzn-2
        7.2.0 1.18.1-amzn-1   7.1.0 1.18.1-amzn-0   7.0.0 1.18.0-amzn-0   6.15.0 1.17.1   6.4.0 1.13.1   6.3 1.12.1
        6.2 1.11.2   6.1 1.11.0
Delta   8.0.0 4.0.0
        7.12.0 3.3.2-amzn-1   7.11.0 3.3.2-amzn-0   7.10.0 3.3.0-amzn-2   7.9.0 3.3.0-amzn-1   7.8.0 3.3.0-amzn-0
        7.7.0 3.2.1-amzn-2   7.6.0 3.2.1-amzn-1   7.5.0 3.2.1-amzn-0   7.4.0 3.2.0-amzn-1   7.3.0 3.2.0-amzn-0
        7.2.0 3.1.0   7.1.0 3.0.0   7.0.0 3.0.0   6.15.0 2.4.0
Hadoop  7.12.0 3.4.1-amzn-4   7.11.0 3.4.1-amzn-3   7.10.0 3.4.1-amzn-2   7.9.0 3.4.1-amzn-1   6.15.0 3.3.6
        6.4.0 3.2.1   6.3 3.2.1   6.2 3.2.1   6.1 3.2.1   6.0 3.2.1
Hive    6.15.0 3.1.3   6.4.0 3.1.2   6.3 3.1.2   6.2 3.1.2   6.1 3.1.2   6.0 3.1.2
Hudi    8.0.0 1.1.0   6.15.0 0.14.0   6.4.0 0.8.0-amzn-0   6.3 0.7.0-amzn-0   6.2 0.6.0-amzn-1
Iceberg 8.0.0 1.10.1   6.15.0 1.4.0
JupyterEnterpriseGateway 8.0.0 2.6.0
Livy    8.0.0 0.8.0
Pig     6.15.0 0.17.0   6.4.0 0.17.0   6.3 0.17.0   6.2 0.17.0   6.1 0.17.0
Presto  6.4.0 0.254.1   6.3 0.245.1   6.2 0.238.3   6.1 0.232   6.0 0.230
PrestoSQL 6.3 350   6.2 343   6.1 338
Trino   6.4.0 359
Tez     6.4.0 0.9.2   6.3 0.9.2   6.2 0.9.2   6.1 0.9.2   6.0 0.9.2
Zeppelin 7.13.0 0.11.1   7.12.0 0.11.1   7.11.0 0.11.1   6.4.0 0.9.0   6.3 0.9.0   6.2 0.9.0   6.1 0.9.0   6.0 0.9.0
"""


def _read(table: str) -> Iterator[tuple[tuple[str, str], str]]:
    """By application and release; 6.3 stands for all of 6.3.x, and 8.0.0 is emr-spark-8.0.0."""
    words, name = iter(table.split()), ""
    for word in words:
        if not word[0].isdigit():
            name, word = word, next(words)
        yield (name, word), next(words)


VERSIONS: Mapping[tuple[str, str], str] = dict(_read(_VERSIONS))


def applications(label: str) -> list[dict[str, str]]:
    """The applications of a release, as DescribeReleaseLabel tells them."""
    release = ".".join(map(str, release_of(label)))
    found = []
    for name in applications_of(label):
        version = VERSIONS.get((name, release)) or VERSIONS.get((name, release.rpartition(".")[0]))
        found.append({"Name": name, **({"Version": version} if version else {})})
    return found


def has(label: str, wanted: str) -> bool:
    """Whether a release has an application: ``Spark``, or with a version ``Spark-3.5.6`` or ``spark 3.5``."""
    for application in applications(label):
        name, version = application["Name"].lower(), application.get("Version", "")
        rest = wanted.lower().removeprefix(name)
        if rest != wanted.lower() and (not rest or (rest[0] in " -@" and version.startswith(rest[1:]))):
            return True
    return False
