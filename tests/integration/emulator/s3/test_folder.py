"""S3 of the emulator, seen by boto3 and by its folder."""

from __future__ import annotations

import hashlib
import io
import itertools
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator

MIB = 1024 * 1024
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def s3(emulator: LocalEmulator) -> Any:
    return emulator.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"folder-{next(NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def folder(emulator: LocalEmulator, bucket: str) -> Path:
    return emulator.buckets_folder / bucket


def keys(s3: Any, bucket: str, **more: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, **more).get("Contents", ())]


def test_what_a_client_puts_is_a_file_and_what_is_a_file_a_client_gets(s3: Any, bucket: str, folder: Path) -> None:
    s3.put_object(Bucket=bucket, Key="a/b.txt", Body=b"client", ContentType="text/plain", Metadata={"who": "me"})
    assert (folder / "a" / "b.txt").read_bytes() == b"client"
    (folder / "a" / "c.txt").write_bytes(b"step")
    got = s3.get_object(Bucket=bucket, Key="a/c.txt")
    assert (got["Body"].read(), got["ETag"]) == (b"step", f'"{hashlib.md5(b"step").hexdigest()}"')
    (folder / "a" / "c.txt").unlink()
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="a/c.txt")
    s3.delete_object(Bucket=bucket, Key="a/b.txt")
    assert list(folder.iterdir()) == []


FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "Application/X-WWW-Form-URLEncoded"]


@pytest.mark.parametrize("content", [b"a=1&b=2", b"key=1&file=2", b"\xff=\x00", b"--x\r\n\r\n--x--"])
@pytest.mark.parametrize("kind", FORMS)
def test_what_is_put_as_a_form_is_content_like_any_other(s3: Any, bucket: str, kind: str, content: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="form", Body=content, ContentType=kind)
    got = s3.get_object(Bucket=bucket, Key="form")
    assert (got["Body"].read(), got["ContentType"]) == (content, kind)


@pytest.mark.parametrize("kind", FORMS)
def test_a_part_that_is_sent_as_a_form_is_content_like_any_other(s3: Any, bucket: str, kind: str) -> None:
    place: dict[str, Any] = {"Bucket": bucket, "Key": "parts"}
    place["UploadId"] = s3.create_multipart_upload(**place, ContentType=kind)["UploadId"]
    asked = s3.generate_presigned_url("upload_part", {**place, "PartNumber": 1})
    with urlopen(Request(asked, b"a=1&b=2", {"Content-Type": kind}, method="PUT"), timeout=20) as answer:
        part = {"PartNumber": 1, "ETag": answer.headers["ETag"]}
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": [part]})
    got = s3.get_object(Bucket=bucket, Key="parts")
    assert (got["Body"].read(), got["ContentType"]) == (b"a=1&b=2", kind)


def test_a_request_without_a_signature_is_told_why_it_is_denied(s3: Any, bucket: str, emulator: LocalEmulator) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for method in ("GET", "DELETE"):
        with pytest.raises(HTTPError) as denied:
            urlopen(Request(f"{emulator.url}/{bucket}/k", method=method), timeout=20)
        with denied.value as answer:
            said = answer.read().decode()
        assert (answer.code, answer.headers["Content-Type"]) == (403, "application/xml")
        assert "<Code>AccessDenied</Code><Message>Access Denied: a request without a signature" in said
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    with urlopen(f"{emulator.url}/{bucket}/k", timeout=20) as answer:
        assert answer.read() == b"x"


def test_what_a_client_said_is_told_back(s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"x",
        ContentType="text/csv",
        CacheControl="no-cache",
        ContentEncoding="gzip",
        Metadata={"a": "b"},
        Tagging="t=1&u=2",
        StorageClass="STANDARD_IA",
        ServerSideEncryption="AES256",
    )
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["CacheControl"], head["ContentEncoding"]) == ("text/csv", "no-cache", "gzip")
    assert (head["Metadata"], head["StorageClass"], head["ServerSideEncryption"]) == (
        {"a": "b"},
        "STANDARD_IA",
        "AES256",
    )
    assert {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]} == {
        "t": "1",
        "u": "2",
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"y")
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {}
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_ranges_and_conditions_hold(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["ContentLength"] == 10
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*")


def test_a_multipart_upload_becomes_one_file(s3: Any, bucket: str, folder: Path) -> None:
    body = b"a" * (5 * MIB) + b"b" * 17
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="x/y")["UploadId"]
    parts = []
    for number, piece in enumerate((body[: 5 * MIB], body[5 * MIB :]), 1):
        answer = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=piece)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    assert list(folder.iterdir()) == []
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    head = s3.head_object(Bucket=bucket, Key="big")
    assert (folder / "big").read_bytes() == body
    assert (head["ETag"][-3:], head["ContentType"], head["ContentLength"]) == ('-2"', "x/y", len(body))
    s3.upload_fileobj(io.BytesIO(body * 2), bucket, "bigger")
    assert (folder / "bigger").stat().st_size == 2 * len(body)


def test_copies_keep_or_replace_what_was_said(s3: Any, bucket: str, folder: Path) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ContentType="text/plain", Metadata={"m": "1"}, Tagging="t=1")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    replacing = {"MetadataDirective": "REPLACE", "Metadata": {"m": "2"}, "ContentType": "text/x"}
    s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "a"}, **replacing)
    copied, replaced = (s3.head_object(Bucket=bucket, Key=key) for key in "bc")
    assert (copied["ContentType"], copied["Metadata"]) == ("text/plain", {"m": "1"})
    assert (replaced["ContentType"], replaced["Metadata"]) == ("text/x", {"m": "2"})
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "t", "Value": "1"}]
    (folder / "by-step").write_bytes(b"step")
    s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "by-step"})
    assert (folder / "d").read_bytes() == b"step"


def test_listing_goes_by_prefix_delimiter_and_page(s3: Any, bucket: str, folder: Path) -> None:
    for name in ("a", "a.txt", "dir/1", "dir/2", "dir/sub/3", "e"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    (folder / "dir" / "_temporary").mkdir()
    (folder / "dir" / "_temporary" / "4").touch()
    (folder / "empty").mkdir()
    assert keys(s3, bucket) == ["a", "a.txt", "dir/1", "dir/2", "dir/sub/3", "e"]
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in top["CommonPrefixes"]] == ["dir/"]
    assert [entry["Key"] for entry in top["Contents"]] == ["a", "a.txt", "e"]
    assert keys(s3, bucket, Prefix="dir/", Delimiter="/") == ["dir/1", "dir/2"]
    assert keys(s3, bucket, StartAfter="dir/1") == ["dir/2", "dir/sub/3", "e"]
    for method in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(method).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2})
        seen = [
            *(entry["Key"] for page in pages for entry in page.get("Contents", ())),
            *(entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ())),
        ]
        assert sorted(seen) == ["a", "a.txt", "dir/", "e"]


def test_several_are_deleted_at_once(s3: Any, bucket: str, folder: Path) -> None:
    for key in ("a/1", "a/2", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/1"}, {"Key": "a/2"}, {"Key": "none"}]})
    assert [path.name for path in folder.iterdir()] == ["b"]


@pytest.mark.parametrize("key", ["a//b", "a/./b", "../../up", "/lead", "n" * 300, "dir/", "ü &?%+/é", "_temporary/x"])
def test_keys_that_are_strange_as_file_names_work_for_clients(
    emulator: LocalEmulator, s3: Any, bucket: str, key: str
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"strange", Metadata={"a": "b"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"strange", {"a": "b"})
    assert keys(s3, bucket) == [key]
    assert not (emulator.data_dir / "up").exists()
    s3.delete_object(Bucket=bucket, Key=key)
    assert keys(s3, bucket) == []


def test_keys_with_control_characters_are_listed_encoded_when_that_is_asked_for(s3: Any, bucket: str) -> None:
    strange = ["in/a\x01b", "in/a\tb", "in/a\nb", "in/a\rb", "in/\x1b[31m", "in/\ufffe"]
    for key in strange:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    wanted = sorted(strange)
    for operation, member in (
        ("list_objects", "Contents"),
        ("list_objects_v2", "Contents"),
        ("list_object_versions", "Versions"),
    ):
        # The client asks for them to be encoded, and decodes them, by itself.
        assert [entry["Key"] for entry in getattr(s3, operation)(Bucket=bucket)[member]] == wanted
        asked = getattr(s3, operation)(Bucket=bucket, Prefix="in/a\x01", Delimiter="b", EncodingType="url")
        assert [each["Prefix"] for each in asked["CommonPrefixes"]] == ["in/a%01b"]
        assert (asked["Prefix"], asked["EncodingType"]) == ("in/a%01", "url")
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())] == ["in/"]
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/a\x01b"}]})
    s3.copy_object(Bucket=bucket, Key="to\nhere", CopySource={"Bucket": bucket, "Key": "in/a\nb"})
    for key in [*strange, "to\nhere"]:
        s3.delete_object(Bucket=bucket, Key=key)
    assert keys(s3, bucket) == []


def test_versions_are_kept_also_of_what_a_step_writes_over(s3: Any, bucket: str, folder: Path) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"22")["VersionId"]
    written = folder / "new"
    written.write_bytes(b"by step")
    written.rename(folder / "k")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"by step"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"]
    assert not (folder / "k").exists()
    assert keys(s3, bucket) == []
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert (folder / "k").read_bytes() == b"by step"
    assert second != first


def test_a_bucket_is_deleted_when_it_is_empty_whatever_lies_uncommitted(s3: Any, bucket: str, folder: Path) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    (folder / "_temporary" / "0").mkdir(parents=True)
    s3.delete_bucket(Bucket=bucket)
    assert not folder.exists()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")


@pytest.mark.parametrize("name", ["UPPER", "under_score", "a..b", "-abc", "192.168.0.1"])
def test_a_bucket_name_that_s3_refuses_is_refused(s3: Any, emulator: LocalEmulator, name: str) -> None:
    with pytest.raises(ClientError, match="InvalidBucketName"):
        s3.create_bucket(Bucket=name)
    assert not (emulator.buckets_folder / name).exists()


def test_buckets_and_what_is_in_them_outlive_the_emulator(tmp_path: Path) -> None:
    with LocalEmulator(tmp_path / "data", log=tmp_path / "first.log") as first:
        s3 = first.client("s3")
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_tagging(Bucket="kept", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        s3.put_object(Bucket="kept", Key="k", Body=b"x", ContentType="text/plain", Tagging="t=1")
        s3.put_object(Bucket="kept", Key="k//k", Body=b"aside")
    (tmp_path / "data" / "s3" / "by-hand").mkdir()
    (tmp_path / "data" / "s3" / "by-hand" / "file").write_bytes(b"y")
    with LocalEmulator(tmp_path / "data", log=tmp_path / "second.log") as second:
        s3 = second.client("s3")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["by-hand", "kept"]
        assert s3.get_bucket_location(Bucket="kept")["LocationConstraint"] == "eu-central-1"
        assert s3.get_bucket_tagging(Bucket="kept")["TagSet"] == [{"Key": "a", "Value": "b"}]
        assert s3.head_object(Bucket="kept", Key="k")["ContentType"] == "text/plain"
        assert s3.get_object_tagging(Bucket="kept", Key="k")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert s3.get_object(Bucket="kept", Key="k//k")["Body"].read() == b"aside"
        assert s3.get_object(Bucket="by-hand", Key="file")["Body"].read() == b"y"
