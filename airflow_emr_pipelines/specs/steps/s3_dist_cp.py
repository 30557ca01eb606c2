"""A copy between S3 and HDFS."""

from __future__ import annotations

import re
import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.steps.base import Step
from airflow_emr_pipelines.specs.steps.commands import Equal, Switch
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

Codec = Literal["gzip", "gz", "lzo", "snappy", "none"]
StorageClass = Literal["STANDARD", "REDUCED_REDUNDANCY"]
WRONG_IN_JAVA_TOO = ("nothing to repeat", "missing )", "unbalanced parenthesis", "unterminated character set")
"""Faults of a pattern that Java's regular expressions share with Python's; others may be Java's own forms."""
JAVA_QUOTE = "\\Q"
GROUP = re.compile(r"(?<!\\)(?:\\\\)*\((?!\?(?!<[A-Za-z]))")
"""A parenthesis that is not escaped and takes part in the numbering: (…) and (?<name>…)."""


@dataclass(frozen=True)
class S3DistCpStep(Step):
    """A copy between S3 and HDFS by s3-dist-cp (https://docs.aws.amazon.com/emr/latest/ReleaseGuide/UsingEMR_s3distcp.html).

    :param src: the folder to copy
    :param dest: the folder to copy to
    :param src_pattern: a regular expression on the whole path; what it does not match is not copied
    :param group_by: a regular expression with a group: files with the same text in it are joined to one
    :param target_size: MiB of the files that ``group_by`` makes
    :param append_to_last_file: append to files that are in HDFS already, with ``group_by`` to those of the same group
    :param output_codec: gzip, gz, lzo, snappy or none
    :param s3_server_side_encryption: ask S3 to encrypt what is written
    :param delete_on_success: remove what was copied from the source
    :param disable_multipart_upload: upload each file in one request
    :param multipart_upload_chunk_size: MiB
    :param number_files: put a number in front of each file's name, from ``starting_index`` on
    :param starting_index: the first number of ``number_files``
    :param output_manifest: a text file, compressed with gzip, that lists what was copied
    :param previous_manifest: the manifest of an earlier copy, whose files are left out
    :param require_previous_manifest: False where there may be none, as for the first of many copies; True for EMR
    :param copy_from_manifest: copy what ``previous_manifest`` lists, instead of leaving it out
    :param s3_endpoint: the S3 endpoint, such as s3.eu-central-1.amazonaws.com
    :param storage_class: of the objects that are written: STANDARD or REDUCED_REDUNDANCY
    :param src_prefixes_file: a file of S3 prefixes, one a line, that are copied in place of all of ``src``
    """

    kind = "s3_dist_cp"
    part_of = ("Hadoop",)
    command_line = (
        "s3-dist-cp",
        Equal("src", "--src"),
        Equal("dest", "--dest"),
        Equal("src_pattern", "--srcPattern"),
        Equal("group_by", "--groupBy"),
        Equal("target_size", "--targetSize"),
        Equal("output_codec", "--outputCodec"),
        Equal("multipart_upload_chunk_size", "--multipartUploadChunkSize"),
        Equal("starting_index", "--startingIndex"),
        Equal("output_manifest", "--outputManifest"),
        Equal("previous_manifest", "--previousManifest"),
        Equal("require_previous_manifest", "--requirePreviousManifest"),
        Equal("s3_endpoint", "--s3Endpoint"),
        Equal("storage_class", "--storageClass"),
        Equal("src_prefixes_file", "--srcPrefixesFile"),
        Switch("append_to_last_file", "--appendToLastFile"),
        Switch("s3_server_side_encryption", "--s3ServerSideEncryption"),
        Switch("delete_on_success", "--deleteOnSuccess"),
        Switch("disable_multipart_upload", "--disableMultipartUpload"),
        Switch("number_files", "--numberFiles"),
        Switch("copy_from_manifest", "--copyFromManifest"),
    )

    src: str
    dest: str
    _: KW_ONLY
    src_pattern: str | None = None
    group_by: str | None = None
    target_size: int | str | None = None
    append_to_last_file: bool | str = False
    output_codec: Codec | str | None = None
    s3_server_side_encryption: bool | str = False
    delete_on_success: bool | str = False
    disable_multipart_upload: bool | str = False
    multipart_upload_chunk_size: int | str | None = None
    number_files: bool | str = False
    starting_index: int | str | None = None
    output_manifest: str | None = None
    previous_manifest: str | None = None
    require_previous_manifest: bool | str | None = None
    copy_from_manifest: bool | str = False
    s3_endpoint: str | None = None
    storage_class: StorageClass | str | None = None
    src_prefixes_file: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(_folder, "src", "dest")
        self.check(_pattern, "src_pattern", "group_by")
        self.check(rules.choice, "output_codec", choices=get_args(Codec))
        self.check(rules.choice, "storage_class", choices=get_args(StorageClass))
        self.check(rules.whole, "target_size", least=1)
        self.check(rules.whole, "multipart_upload_chunk_size", least=5)
        self.check(rules.whole, "starting_index", least=0)
        self.check(rules.text, "output_manifest", "s3_endpoint")
        self.check(addresses.file, "previous_manifest", "src_prefixes_file")
        self.check(rules.truth, "append_to_last_file", "s3_server_side_encryption", "delete_on_success")
        self.check(rules.truth, "disable_multipart_upload", "number_files", "copy_from_manifest")
        self.check(rules.truth, "require_previous_manifest")
        self._check_groups()
        self._check_companions()
        self._check_parquet()

    def _check_groups(self) -> None:
        if is_text(self.group_by) and not _has_group(self.group_by):
            self.refuse(
                "group_by",
                "what files are joined by is a group in parentheses, and it has none",
                "put parentheses around the part that is the same in the files to join: .*/(part)-.*",
            )

    def _check_companions(self) -> None:
        for name, other in (
            ("target_size", "group_by"),
            ("starting_index", "number_files"),
            ("copy_from_manifest", "previous_manifest"),
            ("require_previous_manifest", "previous_manifest"),
        ):
            value, companion = getattr(self, name), getattr(self, other)
            asked = is_rendered(value) and value is not None and value is not False
            if asked and (companion is None or companion is False):
                self.refuse(name, f"it says nothing without {other}", f"give {other} as well, or leave it out")
        if self.multipart_upload_chunk_size is not None and self.disable_multipart_upload is True:
            self.refuse(
                "multipart_upload_chunk_size",
                "there are no chunks with disable_multipart_upload",
                "leave one of the two out",
            )

    def _check_parquet(self) -> None:
        patterns = [value for value in (self.src, self.src_pattern, self.group_by) if isinstance(value, str)]
        if not any("parquet" in pattern.lower() for pattern in patterns):
            return
        if self.output_codec not in (None, "none") and is_rendered(self.output_codec):
            self.refuse(
                "output_codec",
                "it wraps Parquet files, which then cannot be read as such",
                "leave it out: Parquet is compressed inside",
            )
        if self.group_by is not None:
            self.refuse(
                "group_by", "Parquet files cannot be joined end to end", "leave it out, and compact by a SparkStep"
            )


def _folder(field: str, value: Any) -> Any:
    addresses.folder(field, value)
    bucket = addresses.bucket_and_key(value)[0] if isinstance(value, str) and value.startswith("s3") else ""
    if is_rendered(bucket) and "_" in bucket:
        raise InvalidSpec(
            field, value, "s3-dist-cp cannot use a bucket whose name has an underscore", "rename the bucket"
        )
    return value


def _pattern(field: str, value: Any) -> Any:
    rules.text(field, value)
    fault = _fault(value) if is_text(value) else None
    if fault and JAVA_QUOTE not in value and fault.startswith(WRONG_IN_JAVA_TOO):
        remedy = "a regular expression is not a glob: write .*\\.csv for *.csv" if value[0] in "*?" else "mend it"
        raise InvalidSpec(field, value, f"it is no regular expression: {fault}", remedy)
    return value


def _fault(pattern: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forms that Python may read differently one day
            re.compile(pattern)
    except re.error as error:
        return str(error)
    return None


def _has_group(pattern: str) -> bool:
    return GROUP.search(pattern) is not None
