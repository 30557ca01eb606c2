"""Of a text that says a secret only the secret is masked, and texts that say none stay as they are."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_emr_pipelines.specs.values.masking import lines_without_secrets, masked, without_secrets
from airflow_emr_pipelines.specs.values.secret_forms import MASK
from tests.unit.specs.values import secret_forms as forms

LETTERS = "abcdefXYZ0189"
SAID = st.text(LETTERS + " '\"\\/+=-_!$%*~^.,:;&<>@(){}[]#äß€🔑", min_size=1, max_size=30).map(
    lambda text: f"x{text}Z8"
)
WORD = st.text(LETTERS + "-_!$%*/+=.~^@:&,äß€🔑", min_size=1, max_size=30).map(lambda text: f"x{text}Z8")
LINE = st.text(LETTERS + " -_!$%*/+=.~^äß€🔑", min_size=1, max_size=30).map(lambda text: f"x{text}Z8")
NAME = st.text(LETTERS, min_size=36, max_size=60).map(lambda text: f"aX7{text}")
OF_ADDRESS = st.text(LETTERS + "-_!$%*/+=.~^äß€🔑", min_size=1, max_size=30).map(lambda text: f"x{text}Z8")
HEX = st.text("0123456789abcdef", min_size=32, max_size=64)
KEY_LINE = st.text("ABCDEFGHIabcdefghi0123456789+/", min_size=64, max_size=64)
few = settings(max_examples=10)
"""Of each of some two hundred forms."""
AROUND = st.text("qrstuvw 26/:.\n", max_size=30)


def assert_only_masked(form: str, secret: str, around: str = "") -> None:
    """Of the text nothing else changes, so that no piece of the secret is left in it."""
    before, after = f"{around}\n", f"\n{around}"
    assert without_secrets(before + form.format(secret) + after) == before + form.format(MASK) + after


@pytest.mark.parametrize("form", forms.JSON)
@few
@given(secret=SAID, around=AROUND)
def test_a_secret_in_json_is_masked_and_the_rest_is_kept(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, json.dumps(secret, ensure_ascii=False)[1:-1], around)
    assert_only_masked(form, json.dumps(secret)[1:-1], around)


@pytest.mark.parametrize("form", forms.ESCAPED_JSON)
@few
@given(secret=SAID.filter(lambda text: "\\" not in text), around=AROUND)
def test_a_secret_in_json_within_json_is_masked_too(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, json.dumps(json.dumps(secret))[3:-3], around)


@pytest.mark.parametrize("form", forms.PYTHON)
@few
@given(secret=SAID, around=AROUND)
def test_a_secret_in_python_is_masked_and_the_rest_is_kept(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret.replace("\\", "\\\\").replace("'", "" if "'''" in form else "\\'"), around)


@pytest.mark.parametrize("form", forms.YAML)
@few
@given(secret=LINE, around=AROUND)
def test_what_is_indented_below_a_secret_name_is_masked(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret, around)


@pytest.mark.parametrize("form", forms.WORDS)
@few
@given(secret=WORD, around=AROUND)
def test_a_word_is_masked_where_a_name_or_a_command_says_that_it_is_secret(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret, around)


@pytest.mark.parametrize("form", forms.SQL)
@few
@given(secret=SAID.filter(lambda text: "\\" not in text and "''" not in text), around=AROUND)
def test_a_secret_in_sql_is_masked_with_the_quotes_in_it(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret.replace("'", "''"), around)


@pytest.mark.parametrize("form", forms.NAMES)
@few
@given(secret=NAME, around=AROUND)
def test_a_secret_of_letters_and_digits_is_masked(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret, around)


@pytest.mark.parametrize("form", forms.ADDRESSES)
@few
@given(secret=OF_ADDRESS, around=AROUND)
def test_a_secret_in_an_address_is_masked_whatever_is_in_it(form: str, secret: str, around: str) -> None:
    assert_only_masked(form, secret, around)


@pytest.mark.parametrize(("start", "end"), forms.TOKENS.items())
@few
@given(secret=NAME)
def test_a_token_of_a_well_known_service_is_known_by_how_it_begins(start: str, end: str, secret: str) -> None:
    assert without_secrets(f"sent {start}{secret}{end} on") == f"sent {start}{MASK} on"


@pytest.mark.parametrize("start", forms.HEX_TOKENS)
@few
@given(secret=HEX)
def test_so_is_one_that_goes_on_in_hexadecimal(start: str, secret: str) -> None:
    assert without_secrets(f"sent {start}{secret} on") == f"sent {start}{MASK} on"


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_the_id_of_an_access_key_is_known_by_its_shape(key: str) -> None:
    assert without_secrets(f"key {key}, say") == f"key {key[:4]}{MASK}, say"


@given(st.lists(NAME, min_size=2, max_size=4))
def test_a_json_web_token_is_known_by_its_shape(parts: list[str]) -> None:
    assert without_secrets(f"got eyJhbGci{'.'.join(parts)}.x, then") == f"got eyJ{MASK}, then"


KEYS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY")


@pytest.mark.parametrize("kind", KEYS)
@few
@given(lines=st.lists(KEY_LINE, min_size=1, max_size=5), last=st.text("ABCabc019+/", min_size=4, max_size=60))
def test_a_private_key_is_masked_over_lines_escaped_and_cut(kind: str, lines: list[str], last: str) -> None:
    body = [*lines, f"{last}=="]
    whole = [f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"]
    for text in (
        "\n".join(whole),
        "\n".join(["private_key=" + whole[0], *whole[1:]]),
        "\n".join(["private_key: |", *("  " + line for line in whole)]),
        "\n".join(whole[:-1]),
        "\n".join(whole[1:]),
        "\n".join(whole[2:]),
        json.dumps({"key": "\n".join(whole)}),
        json.dumps({"private_key": "\n".join(whole)}),
        json.dumps(json.dumps({"key": "\n".join(whole)})),
        json.dumps({"key": "\n".join(whole[:-1])}),
        json.dumps({"key": "\n".join(whole[1:])}),
        " ".join(whole),
    ):
        shown = without_secrets(f"26/11/21 INFO one\n{text}\n26/11/21 INFO two")
        assert shown.startswith("26/11/21 INFO one\n")
        assert shown.endswith("\n26/11/21 INFO two")
        assert not [line for line in body if line in shown], shown
        assert shown.count("\n") == text.count("\n") + 2


def test_a_private_key_with_headers_that_is_cut_is_masked() -> None:
    head = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n"
    shown = without_secrets(f"{head}{'MIIEow' * 10}\n{'abcdef' * 10}")
    assert "MIIE" not in shown
    assert "abcd" not in shown


@pytest.mark.parametrize("line", forms.ORDINARY)
def test_a_text_without_a_secret_stays_as_it_is(line: str) -> None:
    assert without_secrets(line) == line
    assert without_secrets(f"one\n{line}\ntwo") == f"one\n{line}\ntwo"


@given(st.lists(st.sampled_from(forms.ORDINARY)))
def test_ordinary_texts_stay_as_they_are_side_by_side(lines: list[str]) -> None:
    text = "\n26/11/21 06:27:33 INFO Client: next\n".join(lines)
    assert without_secrets(text) == text


def test_a_list_or_a_mapping_in_one_line_is_masked_whole() -> None:
    assert without_secrets('{"passwords": ["one1", "two2"], "a": 1}') == f'{{"passwords": {MASK}, "a": 1}}'
    assert without_secrets('{"credentials": {"a": {"b": "one1"}}, "c": 1}') == f'{{"credentials": {MASK}, "c": 1}}'
    assert without_secrets("credentials:\n  deep:\n    of_me: one1\nport: 1") == (
        f"credentials:\n  {MASK}\n    {MASK}\nport: 1"
    )


def test_a_secret_with_blanks_in_quotes_is_masked_whole() -> None:
    assert without_secrets("""passphrase="correct horse battery" 'x'""") == f"""passphrase="{MASK}" 'x'"""
    assert "horse" not in without_secrets('passphrase="correct horse')
    assert without_secrets("token: Bearer abc of me") == f"token: {MASK} of me"
    assert without_secrets("Set-Cookie: a=b; Path=/; HttpOnly") == f"Set-Cookie: {MASK}"


def test_a_secret_that_is_json_itself_is_masked_whole() -> None:
    """As ``aws secretsmanager get-secret-value`` prints it."""
    line = r'"SecretString": "{\"username\":\"me\",\"password\":\"hunter2\"}", "Name": "db"'
    assert without_secrets(line) == f'"SecretString": "{MASK}", "Name": "db"'
    assert without_secrets(r"password='it\'s hunter2' of me") == f"password='{MASK}' of me"


@pytest.mark.parametrize("unseen", ["\x1b[0m", "\x1b[1;31m", "\x1b[K", "\u200b", "\u2060", "\ufeff", "\u00ad"])
def test_colours_and_what_takes_no_room_hide_no_secret(unseen: str) -> None:
    lines = [
        f"p{unseen}assword: hun{unseen}ter89",
        f"a {unseen}word",
        f"pass{unseen}word{unseen}={unseen}hunter89 of me",
    ]
    assert lines_without_secrets(lines) == [f"password: {MASK}", lines[1], f"password={MASK} of me"]


def test_a_secret_in_quotes_that_goes_on_in_the_next_lines_is_masked_from_its_first() -> None:
    assert without_secrets('{"password": "hunter62\nhunter63", "port": 1}') == (
        f'{{"password": "{MASK}\n{MASK}", "port": 1}}'
    )
    assert without_secrets('password = """hunter62\n"hunter63"\n""" + x') == f'password = """{MASK}\n{MASK}\n""" + x'


def test_quotes_that_end_nowhere_mask_no_more_than_their_line() -> None:
    lines = ["26/11/21 06:27:33 INFO Client: next"] * 200
    for opened in ('{"password": "', 'password = """'):
        assert lines_without_secrets([f"{opened}hunter62", *lines, '"""']) == [f"{opened}{MASK}", *lines, '"""']


PARTS = ("password", "authorization", "--", "token", ":", "=", ",", " ", "'", '"', "//", "@", "Bearer", "ASIA", "x")


@given(
    st.lists(st.sampled_from((*PARTS, "\n", "\\", "{", "[", "|", "value", "key", "%", "/", "-----BEGIN "))).map("".join)
)
def test_masking_twice_masks_no_more(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once
    assert once.count("\n") == text.count("\n")


REQUEST = {
    "Args": ["--db-password", "hunter2", "--conf", "spark.api_key=hunter2", "--day", "2026-01-31"],
    "Mysql": ["mysql", "-u", "me", "-phunter2", "flights"],
    "Curl": ["curl", "-u", "me:hunter2", "-H", "x-api-key: hunter2", "https://host"],
    "Properties": {"javax.jdo.option.ConnectionPassword": "hunter2", "hive.exec.parallel": "true"},
    "Tags": [{"Key": "my-token", "Value": "hunter2"}, {"Key": "team", "Value": "data"}],
    "Environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"value": ["hunter2"], "name": "secret"}],
    "Credentials": {"User": "hunter2", "Deep": [{"of": "hunter2", "Pin": 1234, "None": None, "On": True}]},
    "Pair": ["spark.authenticate.secret", "hunter2"],
    "Text": '{"Key": "password", "Value": "hunter2"}',
    "Count": 3,
}


def test_a_request_is_masked_by_names_flags_and_texts_and_is_else_as_it_was() -> None:
    assert masked(REQUEST) == {
        "Args": ["--db-password", MASK, "--conf", f"spark.api_key={MASK}", "--day", "2026-01-31"],
        "Mysql": ["mysql", "-u", "me", f"-p{MASK}", "flights"],
        "Curl": ["curl", "-u", f"me:{MASK}", "-H", f"x-api-key: {MASK}", "https://host"],
        "Properties": {"javax.jdo.option.ConnectionPassword": MASK, "hive.exec.parallel": "true"},
        "Tags": [{"Key": "my-token", "Value": MASK}, {"Key": "team", "Value": "data"}],
        "Environment": [{"name": "DB_PASSWORD", "value": MASK}, {"value": [MASK], "name": "secret"}],
        "Credentials": {"User": MASK, "Deep": [{"of": MASK, "Pin": MASK, "None": None, "On": True}]},
        "Pair": ["spark.authenticate.secret", MASK],
        "Text": f'{{"Key": "password", "Value": "{MASK}"}}',
        "Count": 3,
    }


@pytest.mark.parametrize(
    "write", [json.dumps, repr, lambda it: json.dumps(it, indent=2), lambda it: json.dumps(str(it))]
)
def test_a_request_that_a_log_shows_says_no_secret_either(write: Any) -> None:
    shown = without_secrets(write({name: part for name, part in REQUEST.items() if name not in ("Mysql", "Curl")}))
    assert "hunter2" not in shown
    assert "2026-01-31" in shown


def test_lines_are_masked_as_the_one_text_that_they_are() -> None:
    lines = ["- name: DB_PASSWORD", "  value: hunter2", "key: |", "  -----BEGIN PRIVATE KEY-----", "  MIIE", "done"]
    assert lines_without_secrets(lines)[:2] == ["- name: DB_PASSWORD", f"  value: {MASK}"]
    assert "MIIE" not in "".join(lines_without_secrets(lines))


SEEDS = (
    "a",
    "-",
    "a.",
    " ",
    "\n",
    "\n ",
    "password",
    "password=",
    'password="',
    "password ' ",
    "password: |\n",
    "password:\n",
    "password: [",
    "password={a ",
    "--password ",
    "token token ",
    "?token=",
    "_pwd ",
    "pwd=",
    "key",
    "pass",
    "<a.",
    "//",
    "//a:",
    "//a:b@",
    "(a",
    "\\",
    '\\"',
    'password\\"',
    '"value": ',
    '"value": "\\',
    "value:",
    "value: x ",
    "name: password ",
    "name: password\n",
    "value: [\n",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n",
    "AAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "curl ",
    "curl -u ",
    "mysql -u ",
    "sqlplus a/",
    "eyJ",
    "eyJaaaaaaaaaa.",
    "%41",
    "a%41",
    "db%5F",
    "password%22%3A",
    "cookie: a;",
    "authorization: a b=c ",
    "create user x ",
    "machine a ",
    "oracle:thin:",
    "sig=",
    "basic ",
    "sk-a-",
    "?sig=",
    "a.secret ",
    "a.secret\t\n",
    "setting a.token to ",
    "|A_TOKEN|a ",
    "A_TOKEN  ",
    "TOKEN a1 ",
    "<value>",
    "<value>a</value>\n",
    "password: str",
    "password=`",
    "password=`\\",
    "password: !!str ",
    'password="""',
    'password="""\n',
    '"password":"',
    '"password":"a\n',
    "\x1b[",
    "\x1b[0",
    "p\u200b",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_that_tries_each_form_again_and_again_holds_nobody_up(seed: str) -> None:
    """Under a second each; what grows by the square of the length takes minutes."""
    start = time.process_time()
    without_secrets((seed * 60_000)[:60_000])
    without_secrets('password="' + (seed * 60_000)[:60_000])
    assert time.process_time() - start < 20


def test_a_log_of_a_megabyte_is_masked_at_once() -> None:
    lines = ["26/11/21 06:27:33 INFO Client: a line of a log that says s3://raw/day=1 and no more"] * 12_000
    lines[6000:6000] = ["password: hunter2", "- name: DB_PASSWORD", "  value: hunter2"]
    start = time.process_time()
    shown = lines_without_secrets(lines)
    assert time.process_time() - start < 20
    assert len(shown) == len(lines)
    assert [line for line in shown if MASK in line] == [f"password: {MASK}", f"  value: {MASK}"]
