"""Of a line that says a secret only the secret is masked, and lines that say none stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.specs.masking import MASK, masked, without_secrets

WORD = st.text("abcdefXYZ0189-_!$%*", min_size=6, max_size=20)


@pytest.mark.parametrize(
    "line",
    [
        "aws_secret_access_key={} is set",
        "export AWS_SESSION_TOKEN={} ",
        "spark.hadoop.fs.s3a.secret.key: {} from conf",
        "password: {}",
        "Password = {} for user me",
        "{{'user': 'me', 'password': '{}', 'port': 5432}}",
        '{{"api_key": "{}", "region": "us-east-1"}}',
        '["--password", "{}", "--table", "t"]',
        "sqoop import --connect jdbc:x --password {} --table t",
        "curl -H 'Authorization: Bearer {}' https://host",
        "see https://me:{}@host:5432/x?y=1",
        "jdbc:postgresql://me:{}@db/x failed",
        "?token={} HTTP/1.1",
        '"SecretString": "{}",',
        r'{{"message": "got {{\"user\": \"me\", \"password\": \"{}\"}}"}}',
        "Map(user -> me, password -> {} )",
        "'password' => '{}',",
        "(spark.hadoop.javax.jdo.option.ConnectionPassword,{})",
        "<property><name>javax.jdo.option.ConnectionPassword</name><value>{}</value></property>",
        "<password>{}</password>",
        "+ export DB_PASS={}",
        "+ curl -s -u me:{} https://host",
    ],
)
@given(WORD)
def test_the_secret_is_masked_and_the_rest_of_the_line_is_kept(line: str, secret: str) -> None:
    assert without_secrets(line.format(secret)) == line.format(MASK)


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_the_id_of_an_access_key_is_known_by_its_shape(key: str) -> None:
    assert without_secrets(f"key {key}, say") == f"key {key[:4]}{MASK}, say"


def test_a_secret_with_blanks_in_quotes_is_masked_whole() -> None:
    assert without_secrets("""passphrase="correct horse battery" 'x'""") == f"""passphrase="{MASK}" 'x'"""
    assert "horse" not in without_secrets('passphrase="correct horse')


@pytest.mark.parametrize("line", ["+ aws configure set aws_secret_access_key {}", "sent Bearer {} to the host"])
def test_a_bare_word_is_masked_where_it_is_long_enough(line: str) -> None:
    assert without_secrets(line.format("wJalrXUtnFEMI/K7MDENG")) == line.format(MASK)


def test_a_secret_that_is_json_itself_is_masked_whole() -> None:
    """As ``aws secretsmanager get-secret-value`` prints it."""
    line = r'"SecretString": "{\"username\":\"me\",\"password\":\"hunter2\"}", "Name": "db"'
    assert without_secrets(line) == f'"SecretString": "{MASK}", "Name": "db"'
    assert without_secrets(r"password='it\'s hunter2' of me") == f"password='{MASK}' of me"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "BYPASS=1 OLDPWD=/home/hadoop two_pass=true",
        "def token() -> str",
        "ValueError: no day",
        "26/11/21 06:27:33 INFO Client: Tokenizer: split 3 lines",
        "ExpiredTokenException: The security token included in the request is expired",
        "is not authorized to perform: secretsmanager:GetSecretValue on resource: *",
        "NoAwsCredentialsException: SimpleAWSCredentialsProvider: No AWS credentials",
        "PARSE_SYNTAX_ERROR: unexpected token at line 3",
        "at s3://raw/a, see https://host:8080/x and hdfs://host:8020",
        "12:34:56 //comment",
    ],
)
def test_a_line_without_a_secret_stays_as_it_is(line: str) -> None:
    assert without_secrets(line) == line


PARTS = ("password", "authorization", "--", "token", ":", "=", ",", " ", "'", '"', "//", "@", "Bearer", "ASIA", "x")


@given(st.lists(st.sampled_from(PARTS)).map("".join))
def test_masking_twice_masks_no_more(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once


def test_a_request_is_masked_by_names_flags_and_texts_and_is_else_as_it_was() -> None:
    request = {
        "Args": ["--db-password", "hunter2", "--conf", "spark.api_key=hunter2", "--day", "2026-01-31"],
        "Properties": {"javax.jdo.option.ConnectionPassword": "hunter2", "hive.exec.parallel": "true"},
        "Tags": [{"Key": "my-token", "Value": "hunter2"}, {"Key": "team", "Value": "data"}],
        "Count": 3,
    }
    assert masked(request) == {
        "Args": ["--db-password", MASK, "--conf", f"spark.api_key={MASK}", "--day", "2026-01-31"],
        "Properties": {"javax.jdo.option.ConnectionPassword": MASK, "hive.exec.parallel": "true"},
        "Tags": [{"Key": "my-token", "Value": MASK}, {"Key": "team", "Value": "data"}],
        "Count": 3,
    }
