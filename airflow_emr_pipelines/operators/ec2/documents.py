"""Operators for steps on a cluster whose definitions are read from a document in S3 when the DAG runs."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.operators.documents import ReadSteps, RunDocumentStep
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.specs.ec2.backend import EC2
from airflow_emr_pipelines.specs.ec2.reports import StepReport


class EmrReadStepsOperator(ReadSteps):
    """Read the steps of a document in S3, and refuse it as a whole, before any of them starts, where one is at fault.

    The document is JSON where its address ends in .json, and else YAML. Its templates know ``ds``, ``ds_nodash``,
    ``ts``, ``data_interval_start``, ``data_interval_end``, ``run_id``, ``dag_id``, ``params`` and the variables given
    here, the functions ``ds_add(ds, days)`` and ``ds_format(ds, given, wanted)``, and nothing else. What a template
    gives is a text, a number, a date or a truth value; None has to be replaced, as in ``{{ params.day or ds }}``. A
    document has at most 256 steps, and a text of it at most 10,280 characters.

    :param document: where it lies, s3://bucket/key
    :param variables: more values for its templates, by name
    :returns: the arguments of an EmrRunDocumentStepOperator for each step, each after those that it depends on
    :raises InvalidDocument: with the faults of its steps and the lines on which they stand: the first twenty, and how
        many there are more
    """

    backend = EC2


class EmrRunDocumentStepOperator(RunDocumentStep[StepReport], EmrRunStepOperator):
    """Run one step of a document when those that it depends on have ended well; to be expanded over the document.

    Airflow draws no edges between the instances of a mapped task. This one looks at the states of those that it comes
    after, and until they have ended it is deferred; where it is not to be, and in ``dag.test()``, it is rescheduled, as
    a sensor is. Where one of them did not end well it fails, without a retry: it is then cleared together with what
    failed. ``execution_timeout`` bounds the step without that wait.

    :param after: the map indexes of the instances that come before
    """

    template_fields: Sequence[str] = ("after", *EmrRunStepOperator.template_fields)
