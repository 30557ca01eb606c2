"""A copy by Hadoop's own distcp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Settings, Switch, Word, Words
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_rendered


@dataclass(frozen=True)
class DistCpStep(Step):
    """A copy by Hadoop's distcp (https://hadoop.apache.org/docs/stable/hadoop-distcp/DistCp.html).

    S3DistCpStep is the one that knows S3 best: patterns, groups, codecs, manifests.

    :param src: the file or folder to copy
    :param dest: the folder to copy to; what is there is left alone unless ``update`` or ``overwrite`` say otherwise
    :param update: copy what is not there, or differs
    :param overwrite: copy all
    :param delete: remove what is at ``dest`` and not at ``src``
    :param conf: settings of Hadoop for this copy
    :param args: further options of distcp, one text an element
    """

    kind = "dist_cp"
    part_of = ("Hadoop",)
    command_line = (
        *("hadoop", "distcp"),
        Settings("conf", "-D"),
        Switch("update", "-update"),
        Switch("overwrite", "-overwrite"),
        Switch("delete", "-delete"),
        Words("args"),
        Word("src"),
        Word("dest"),
    )

    src: str
    dest: str
    _: KW_ONLY
    update: bool | str = False
    overwrite: bool | str = False
    delete: bool | str = False
    conf: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    args: Sequence[str | int | float] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(addresses.folder, "src", "dest")
        self.check(rules.truth, "update", "overwrite", "delete")
        self.check(rules.settings, "conf")
        self.check(rules.words, "args")
        if self.update is True and self.overwrite is True:
            self.refuse("overwrite", "distcp takes either it or update", "leave one of them out")
        wanted = [value for value in (self.update, self.overwrite) if value or not is_rendered(value)]
        if self.delete is True and not wanted:
            self.refuse("delete", "distcp takes it only with update or overwrite", "give one of them as well")
        if is_rendered(self.src) and self.src == self.dest:
            self.refuse("dest", "it is the source", "name another folder")
