"""Branches side by side that meet in one step, and do without those of them that have failed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk import TaskGroup, task_group

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.branches import BranchesEndedOperator, NoBranchMissingOperator
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_output
from airflow_emr_pipelines.task_groups.compute import ClusterTasks, OneStep, compute_of

BRANCH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
MAPPED_GROUP = "branch"

Merge = Callable[[str, str], OneStep]
"""Makes the merging step of two templates: the names of the branches that made it, and of the missing, with commas."""


@dataclass(frozen=True)
class Branch:
    """A chain of steps.

    :param steps: run one after another, by the ids of their tasks
    :param arguments: what their tasks take besides: pool, execution_role_arn, retries …
    """

    steps: Mapping[str, OneStep]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps: Any = self.steps
        if not isinstance(steps, Mapping) or not steps:
            rule = "a branch has at least one step, by the id of its task"
            raise InvalidSpec("Branch.steps", steps, rule, 'write {"task_id": step}')


@dataclass(frozen=True)
class Merged:
    """The tasks of a branch-merge, to wire further.

    :param branches: the tasks of each static branch, by its name; those of mapped ones under ``branch``
    :param ended: runs when all branches have ended; its result has ``made``, ``missing`` (why, by name) and ``skipped``
    :param merge: runs when at least one branch made it
    :param verdict: fails when a branch is missing, and with it the run
    """

    branches: Mapping[str, Sequence[EmrRunStepOperator]]
    ended: BranchesEndedOperator
    merge: EmrRunStepOperator
    verdict: NoBranchMissingOperator


def branch_merge(compute: ClusterTasks, branches: Mapping[str, Branch], merge: Merge, **merge_arguments: Any) -> Merged:
    """Run branches side by side, and then a step that is told which of them made it and which are missing.

    To be called inside the ``with`` of a compute. One branch's failure stops neither the others nor the merge; the run
    fails in the end. What has to wait for whole data goes behind the group, or behind ``verdict``; what takes what
    there is, behind ``merge``.

    :param compute: where the steps run
    :param branches: by name: letters, digits, ``_`` and ``-``
    :param merge: makes the merging step of two texts to use in its arguments: the names of the branches that made it,
        and of those that are missing, each joined by commas
    :param merge_arguments: what the merging step's task takes besides the step
    """
    _check("branch_merge", compute, merge)
    if not isinstance(branches, Mapping):
        rule = "it is a mapping of names to branches"
        raise InvalidSpec("branch_merge.branches", branches, rule, 'write {"name": Branch(…)}')
    if not branches:
        raise InvalidSpec("branch_merge.branches", branches, "there is nothing to merge", "name at least one branch")
    tasks: dict[str, list[EmrRunStepOperator]] = {}
    for name, branch in branches.items():
        if not BRANCH_NAME.fullmatch(name):
            raise InvalidSpec(
                "branch_merge.branches", name, "a branch is named by letters, digits, _ and -", "choose another name"
            )
        rules.instance(f"branch_merge.branches[{name!r}]", branch, kind=Branch)
        with TaskGroup(name):
            tasks[name] = _chain(compute, branch)
    ended = BranchesEndedOperator(
        task_id="branches_ended",
        trigger_rule="all_done",
        branches={name: [task.task_id for task in chain] for name, chain in tasks.items()},
    )
    return _merged(compute, tasks, ended, merge, merge_arguments)


def mapped_branch_merge(
    compute: ClusterTasks,
    branches: Any,
    branch: Callable[[Mapping[str, str]], Branch],
    merge: Merge,
    **merge_arguments: Any,
) -> Merged:
    """``branch_merge`` over branches that are known when the run is under way: a mapped group on one cluster.

    What makes the list also refuses names that could lead out of a branch's own paths: it runs before any step does.
    A pool cannot differ between mapped tasks; what is rendered can: the step itself, execution_role_arn.

    :param compute: where the steps run
    :param branches: the output of a task: a list of mappings, each with a ``name``
    :param branch: makes the one chain that all of them run. It is given a mapping whose values are templates of the
        values in the list: ``branch["name"]`` is what the branch's name becomes. A value that it uses is a text in
        every element, since None would become the word
    :param merge: as of ``branch_merge``
    :param merge_arguments: as of ``branch_merge``
    """
    _check("mapped_branch_merge", compute, merge)
    if not is_output(branches):
        raise InvalidSpec(
            "mapped_branch_merge.branches", branches, "it is no output of a task", "pass branch_merge what is known now"
        )
    maker = getattr(branches, "operator", None)
    if maker is None:  # what .map() or .zip() makes of an output is nowhere to be read by a template
        raise InvalidSpec(
            "mapped_branch_merge.branches", branches, "it is no task's own output", "let a task make the list as it is"
        )
    chain: list[EmrRunStepOperator] = []

    @task_group(group_id=MAPPED_GROUP)
    def each(mapped: Any) -> None:
        one = branch(_Rendered(maker.task_id))
        chain.extend(_chain(compute, rules.instance("what mapped_branch_merge.branch makes", one, kind=Branch)))

    each.expand(mapped=branches)
    ended = BranchesEndedOperator(
        task_id="branches_ended",
        trigger_rule="all_done",
        mapped=branches,
        task_ids=[task.task_id for task in chain],
    )
    return _merged(compute, {MAPPED_GROUP: chain}, ended, merge, merge_arguments)


class _Rendered(Mapping[str, str]):
    """The values of the branch that a mapped task belongs to, as templates for its steps: any name has one."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id

    def __getitem__(self, key: str) -> str:
        return f"{{{{ ti.xcom_pull(task_ids={self.task_id!r})[ti.map_index][{key!r}] }}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())  # which names there are, only the run knows

    def __len__(self) -> int:
        return 0


def _check(name: str, compute: ClusterTasks, merge: Merge) -> None:
    compute_of(f"{name}.compute", compute)
    if not callable(merge):
        rule = "it is a function that makes the merging step of two texts"
        raise InvalidSpec(f"{name}.merge", merge, rule, "write lambda made, missing: SparkStep(…)")


def _chain(compute: ClusterTasks, branch: Branch) -> list[EmrRunStepOperator]:
    tasks = [compute.run(step, task_id, **branch.arguments) for task_id, step in branch.steps.items()]
    for before, after in itertools.pairwise(tasks):
        before.set_downstream(after)
    return tasks


def _merged(
    compute: ClusterTasks,
    tasks: Mapping[str, Sequence[EmrRunStepOperator]],
    ended: BranchesEndedOperator,
    merge: Merge,
    merge_arguments: Mapping[str, Any],
) -> Merged:
    """The merge waits for the branches only through ``ended``, so their failures do not reach it; a cluster that never
    came does, through its id."""
    ended.set_upstream([chain[-1] for chain in tasks.values()])
    told = f"ti.xcom_pull(task_ids={ended.task_id!r}, map_indexes=ti.map_index)"
    step = merge(f"{{{{ {told}['made'] | join(',') }}}}", f"{{{{ {told}['missing'] | join(',') }}}}")
    merging = compute.run(step, **merge_arguments)
    verdict = NoBranchMissingOperator(task_id="no_branch_missing", ended=ended.output, retries=0)
    ended.set_downstream(merging)
    merging.set_downstream(verdict)
    return Merged(tasks, ended, merging, verdict)
