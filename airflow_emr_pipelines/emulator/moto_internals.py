"""What the emulator uses of moto's inside, which may change with any release of moto: told at the start, by name."""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module, metadata
from types import FunctionType
from typing import Any

TESTED = ">=5.1.20,<5.3"
"""The releases that the tests have run with; pip installs no other with the extra ``emulator``."""

USED: Mapping[str, tuple[str, ...]] = {
    "moto.core.common_models": ("BaseModel",),
    "moto.core.common_types": ("TYPE_RESPONSE",),
    "moto.core.config": ("default_user_config.iam.load_aws_managed_policies",),
    "moto.core.models": ("DEFAULT_ACCOUNT_ID",),
    "moto.core.responses": ("ActionResult.result", "BaseResponse.data", "BaseResponse.response_headers"),
    "moto.glue.models": (
        *("FakeDatabase(database_name, database_input, catalog_id)", "FakeDatabase.created_time", "FakeDatabase.input"),
        *("FakeDatabase.tables", "FakePartition(database_name, table_name, partiton_input)"),
        *("FakePartition.creation_time", "FakePartition.partition_input", "FakePartition.values"),
        *("FakeTable(database_name, table_name, table_input, catalog_id)", "FakeTable._current_version"),
        *("FakeTable.created_time", "FakeTable.get_version(ver)", "FakeTable.name", "FakeTable.partitions"),
        *("GlueBackend(region_name, account_id)", "GlueBackend._url_module"),
        *("GlueBackend.databases", "GlueBackend.create_database(database_name, database_input)"),
        *("GlueBackend.update_database(database_name, database_input)", "GlueBackend.delete_database(database_name)"),
        "GlueBackend.create_table(database_name, table_name, table_input)",
        "GlueBackend.update_table(database_name, table_name, table_input)",
        *("GlueBackend.get_database(database_name)", "GlueBackend.get_table(database_name, table_name)"),
        "GlueBackend.delete_table(database_name, table_name)",
        "GlueBackend.create_partition(database_name, table_name, part_input)",
        "GlueBackend.update_partition(database_name, table_name, part_input, part_to_update)",
        "GlueBackend.delete_partition(database_name, table_name, part_to_delete)",
        "GlueBackend.batch_create_partition(database_name, table_name, partition_input)",
        "GlueBackend.batch_update_partition(database_name, table_name, entries)",
        "GlueBackend.batch_delete_partition(database_name, table_name, parts)",
        *("glue_backends.backend", "glue_backends.clear"),
    ),
    "moto.glue.urls": ("url_bases", "url_paths"),
    "moto.moto_server.werkzeug_app": ("DomainDispatcherApplication(create_app)", "create_backend_app(service)"),
    "moto.s3.exceptions": ("InvalidBucketName", "S3ClientError.code", "S3ClientError.message"),
    "moto.s3.models": (
        "FakeAcl.grants",
        "FakeBucket(name, account_id, region_name)",
        *("FakeBucket.arn", "FakeBucket.creation_date", "FakeBucket.is_versioned", "FakeBucket.keys"),
        *("FakeBucket.object_lock_enabled", "FakeBucket.versioning_status"),
        "FakeDeleteMarker(key)",
        "FakeKey(name, value, account_id, region_name, etag, is_versioned, version_id, bucket_name)",
        *("FakeKey._etag", "FakeKey._expiry", "FakeKey._metadata", "FakeKey._status", "FakeKey._storage_class"),
        *("FakeKey._value_buffer", "FakeKey._version_id", "FakeKey.account_id", "FakeKey.acl", "FakeKey.arn"),
        *("FakeKey.bucket_key_enabled", "FakeKey.bucket_name", "FakeKey.checksum_algorithm", "FakeKey.checksum_value"),
        *("FakeKey.contentsize", "FakeKey.dispose(garbage)", "FakeKey.disposed", "FakeKey.encryption", "FakeKey.etag"),
        *("FakeKey.instances_tracked", "FakeKey.kms_key_id", "FakeKey.last_modified"),
        *("FakeKey.lock", "FakeKey.lock_legal_status", "FakeKey.lock_mode", "FakeKey.lock_until", "FakeKey.metadata"),
        *("FakeKey.multipart", "FakeKey.name", "FakeKey.partition", "FakeKey.region_name", "FakeKey.set_acl"),
        *("FakeKey.size", "FakeKey.value", "FakeKey.website_redirect_location"),
        *("FakeMultipart.id", "FakeMultipart.partlist", "FakeMultipart.parts"),
        "S3Backend(region_name, account_id)",
        *("S3Backend._pagination_tokens", "S3Backend.account_id", "S3Backend.buckets", "S3Backend.partition"),
        *("S3Backend._truncate_result(result_keys, max_keys)", "S3Backend.create_bucket(bucket_name)"),
        *("S3Backend.delete_bucket(bucket_name)", "S3Backend.get_bucket(bucket_name)", "S3Backend.reset"),
        "S3Backend.list_objects(bucket, prefix, delimiter, marker, max_keys)",
        "S3Backend.list_objects_v2(bucket, prefix, delimiter, continuation_token, start_after, max_keys)",
        *("S3Backend.put_bucket_tagging(bucket_name, tags)", "S3Backend.put_object(bucket_name, key_name)"),
        *("S3Backend.tagger", "s3_backends.backend", "s3_backends.bucket_accounts", "s3_backends.clear"),
    ),
    "moto.s3.responses": ("S3Response.parse_key_name", "S3Response.serialized"),
    "moto.settings": ("DISABLE_GLOBAL_CORS", "get_s3_custom_endpoints"),  # by variables of the environment
    "moto.utilities.tagging_service": (
        "TaggingService.delete_all_tags_for_resource(arn)",
        "TaggingService.get_tag_dict_for_resource(arn)",
        "TaggingService.has_tags(arn)",
        "TaggingService.tag_resource(arn, tags)",
    ),
    "moto.utilities.utils": ("load_resource(resource)",),
}
"""By module: names, each with the attribute or key of it that is used, and with the parameters that it is given."""
STACKS: Mapping[str, tuple[str, ...]] = {
    "moto.cloudformation.exceptions": ("ValidationError(message)",),
    "moto.cloudformation.parsing": (
        *("ResourceMap._resource_json_map", "ResourceMap.build_resource_diff(other_template)", "ResourceMap.load"),
    ),
}
"""The same of CloudFormation, with which moto loads most of its services: looked for when somebody asks for it."""

_ENTRY = re.compile(r"(?P<path>[\w.]+)(\((?P<parameters>[\w, ]+)\))?")
_ABSENT = object()


def refusal() -> str | None:
    """Why the moto that is installed cannot be used, and the way out; None where nothing is missing.

    :raises ImportError: a package that moto's server needs is not installed
    """
    return _refusal("run", USED)


def refusal_of_stacks() -> str | None:
    """The same of CloudFormation, without which the rest can be used."""
    return _refusal("serve CloudFormation", STACKS)


def _refusal(what: str, used: Mapping[str, tuple[str, ...]]) -> str | None:
    lacking = list(missing(used))
    if not lacking:
        return None
    return (
        f"The emulator cannot {what} on moto {metadata.version('moto')}, which lacks {', '.join(lacking)}. "
        f"It is tested with moto {TESTED}. Run: pip install 'moto[server]{TESTED}'"
    )


def missing(used: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What the installed moto lacks of these names: modules, names, attributes and parameters."""
    for module_name, entries in used.items():
        try:
            module = import_module(module_name)
        except ImportError as error:
            if not (error.name or "").startswith("moto"):
                raise
            yield f"the module {module_name}"
            continue
        for entry in entries:
            yield from _missing_in(module, entry)


def _missing_in(module: Any, entry: str) -> Iterator[str]:
    parsed = _ENTRY.fullmatch(entry)
    assert parsed is not None, entry
    path, parameters = parsed["path"], parsed["parameters"]
    found = module
    for name in path.split("."):
        found = _part(found, name)
        if found is _ABSENT:
            yield f"{module.__name__}.{path}"
            return
    if parameters:
        known = inspect.signature(found).parameters
        yield from (
            f"the parameter {name} of {module.__name__}.{path}" for name in parameters.split(", ") if name not in known
        )


def _part(owner: Any, name: str) -> Any:
    """An attribute, or of a mapping a key; True for what only instances of a class have, since its methods set it."""
    if isinstance(owner, dict) and name in owner:
        return owner[name]
    if hasattr(owner, name):
        return getattr(owner, name)
    return True if isinstance(owner, type) and name in _set_by_methods(owner) else _ABSENT


@lru_cache
def _set_by_methods(owner: type) -> frozenset[str]:
    """The attributes that a class and its bases set on their instances, read from the code of their methods."""
    members = [member for base in owner.__mro__ for member in vars(base).values()]
    functions = [member.fset if isinstance(member, property) else member for member in members]
    steps = [step for code in functions if isinstance(code, FunctionType) for step in dis.get_instructions(code)]
    return frozenset(step.argval for step in steps if step.opname == "STORE_ATTR")
