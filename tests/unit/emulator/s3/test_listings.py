"""S3's listings in XML."""

from __future__ import annotations

from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.emulator.aws.wire import service_model
from airflow_emr_pipelines.emulator.s3.listings import HEADERS, written

WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20)
CONTENTS = st.fixed_dictionaries(
    {"Key": WORDS, "ETag": WORDS.map(lambda word: f'"{word}"'), "Size": st.integers(0, 2**40), "StorageClass": WORDS},
    optional={
        "ChecksumAlgorithm": st.lists(WORDS, min_size=1, max_size=2),
        "Owner": st.fixed_dictionaries({"ID": WORDS}),
    },
)


@given(
    contents=st.lists(CONTENTS, max_size=4),
    prefixes=st.lists(WORDS, max_size=3),
    truncated=st.booleans(),
    prefix=WORDS,
)
def test_a_client_reads_what_was_written(
    contents: list[dict[str, object]], prefixes: list[str], truncated: bool, prefix: str
) -> None:
    listing = {
        "Name": "bucket",
        "Prefix": prefix,
        "MaxKeys": 1000,
        "IsTruncated": truncated,
        "Contents": contents,
        "CommonPrefixes": [{"Prefix": found} for found in prefixes],
        "StartAfter": None,
    }
    answer = {"status_code": 200, "headers": HEADERS, "body": written(listing).encode()}
    shape = service_model("s3").operation_model("ListObjectsV2").output_shape
    assert shape is not None
    read = create_parser("rest-xml").parse(answer, shape)
    del read["ResponseMetadata"]
    assert read == {name: value for name, value in listing.items() if value not in (None, [])}
