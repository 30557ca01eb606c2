"""Which operations of AWS an operator calls: declared by each class, and proven by the tests that record them."""

from __future__ import annotations

from collections.abc import Mapping

Calls = Mapping[str, tuple[str, ...]]
"""Operations by what makes a task call them, in words of its fields.

``""`` is always; ``field`` is given, and not False; ``not field`` is False; ``field=word`` is that word, or number;
several are joined by `` and ``. A field is a path, such as ``cluster.termination_protected``, that also goes into each
element of a list; the ``cluster`` of a task that has none is the one that its ``cluster_id`` is of.
"""
ALWAYS = ""
READS_S3 = ("GetObject", "ListObjectsV2")
READS_CLOUD_WATCH = ("DescribeLogStreams", "GetLogEvents")
WRITES_S3 = ("PutObject",)
READS_PRICES = ("GetProducts",)
