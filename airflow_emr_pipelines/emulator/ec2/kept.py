"""Clusters that have ended, beyond the emulator's own end: what links of earlier runs lead to.

AWS tells of a cluster for two months. Those that live when the emulator is killed are lost.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Literal

from airflow_emr_pipelines.emulator.ec2.instances import Instance, InstanceFleet, InstanceGroup
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, Clusters, End, Step
from airflow_emr_pipelines.emulator.host.history import SparkHistory

logger = logging.getLogger(__name__)

KEPT = timedelta(days=60)
PARTS = (Cluster, Step, End, InstanceGroup, InstanceFleet, Instance)
FORM = json.dumps({part.__name__: [field.name for field in fields(part)] for part in PARTS}).encode() + b"\n"
"""What is written by an emulator of another form is not read."""


class _Reader(pickle.Unpickler):
    """Makes what clusters are made of, and nothing else: the folder may have come from somebody else."""

    def find_class(self, module: str, name: str) -> type:
        if module == "datetime" or module.startswith("airflow_emr_pipelines."):
            found = super().find_class(module, name)
            if isinstance(found, type) and (found.__module__, found.__qualname__) == (module, name):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a cluster")


class KeptClusters(Clusters):
    """All clusters of an account, and a file with those that have ended, under an earlier emulator or this one."""

    def __init__(self, file: Path, history: SparkHistory, clock: Clock) -> None:
        super().__init__()
        self._file = file
        for cluster in self._read():
            if cluster.ended is not None and clock.now() - cluster.ended < KEPT:
                self.add(cluster)
        history.know({one.id: [each for step in one.steps for each in step.application_ids] for one in self.all()})
        self._write(self.all(), "wb")

    def keep(self, ended: Cluster) -> None:
        """Keep a cluster that has ended."""
        self._write([ended], "ab")

    def forget_all(self) -> None:
        super().forget_all()
        self._write([], "wb")

    def _read(self) -> Iterator[Cluster]:
        try:
            with self._file.open("rb") as file:
                known = file.readline() == FORM
                while known:
                    yield _Reader(file).load()
        except (FileNotFoundError, EOFError):
            return
        except Exception as error:  # a damaged file may come to anything
            logger.warning("Not all clusters of earlier times are known: %s", error)

    def _write(self, ended: Iterable[Cluster], mode: Literal["wb", "ab"]) -> None:
        try:
            with open(self._file, mode, opener=_for_its_owner) as file:
                file.write(FORM if mode == "wb" else b"")
                file.writelines(map(pickle.dumps, ended))
        except OSError as error:
            logger.warning("Clusters that have ended are not kept beyond the emulator's end: %s", error)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
