"""How secrets look in text: a table of forms, each of which says what stands before a secret and what the secret is.

All work is bounded: what is repeated is either a class of characters that cannot begin the form anew, or has a limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

MASK = "***"

_JOINED = r"(?:[_.-]|%5f|%2d|%2e)?"
SECRET = (
    r"(?:passw(?:or)?d|passphrase|(?-i:_(?:PASS|PWD)\b)|(?<!\d:)secret|token(?!iz)|credential"
    r"|(?:db|user|sql|smtp|admin|root|redis|ftp|http|proxy|login|auth)_?pass\b"
    rf"|(?:api|access|private|account|signing){_JOINED}key(?!name)|encryption{_JOINED}key(?![\w.])"
    rf"|shared{_JOINED}access{_JOINED}signature)"
)
SECRET_NAME = re.compile(SECRET, re.IGNORECASE)
"""A name whose value may be a secret."""
NAMED = ("pass", "_pwd", "secret", "token", "credential", "key", "signature")
"""What every secret name holds one of."""

_NO_SECRET = r"(?!smanager|[\w.-]{0,100}(?:(?-i:Exception|Error|Provider|Manager|Cache)\b|[._-]provider\b))"
"""AWS's service and names of classes, which a colon follows as well."""
NAME = rf"{SECRET}{_NO_SECRET}[\w.-]{{0,100}}"
"""A secret name from its telling word on."""
WHOLE_NAME = rf"[\w.-]{{0,100}}?{NAME}"

_LAST = rf"[\w.-]{{0,100}}?{SECRET}(?:[._-]?key)?(?:_?\d{{1,3}})?(?:\.[\w.-]{{1,100}}\.windows\.net)?(?![\w.-])"
"""A name that a secret's telling word ends."""
_PROPERTY = rf"(?=[\w-]{{1,100}}\.){_LAST}"
_VARIABLE = rf"(?-i:(?=[A-Z0-9]{{1,100}}_[A-Z0-9_]{{1,100}}(?![\w.-]))){_LAST}"
_UPPER = rf"(?-i:(?=[A-Z0-9_]{{1,100}}(?![\w.-]))){_LAST}"
_ROW_END = r"(?=[ \t]*(?:\||$))"
_HEADING = r"(?-i:[A-Z_]+(?![^\s|]))"
"""What stands beside a column's name in the line above a table."""
_TOLD = (
    r"(?:ok|passed|failed|skipped|started|stopped|loaded|created|updated|renewed|changed|removed|found|missing"
    r"|required|set|unset|deprecated|ignored|invalid|expired)\W{0,3}$"
)
"""What may be told of a name in one word."""
_ARTICLE = r"(?:the|an?|be|your|its|this|that)\b"
TYPE = (
    r"(?:(?:Final|Optional)\[)?(?:str(?:ing)?|bytes|SecretStr|any|Final)\]?(?:[ \t]*\|[ \t]*(?:None|null|undefined))?"
)
"""What may stand between a name and its value in Python and TypeScript."""

YAML_TAG = r"!!(?:str|binary|int|float)[ \t]+"
_NOTHING = (
    r"(?!\*{3}(?![\w*])|(?:N/A|null|none|nil|true|false)(?![^\s\"',;)}\]\\&])|arn:aws"
    rf"|{YAML_TAG}|[|>][+-]?\d?[ \t]*(?:#.*)?$|\\?$|[\[{{(]\s*$)"
)
"""What is no secret after a secret name: a mask, no value, an ARN, YAML's word for a text, the beginning of a block."""
_OPEN = r"(?:(?P<escaped>\\{1,31}[\"'])|\"\"\"|'''|\"(?!\"\")|'(?!'')|`(?=(?:[^`\\\n]|\\.)+`))"
_QUOTED = (
    r"(?(escaped)(?:(?!(?<!\\)(?P=escaped))[^\n])+|(?:(?<=\"\"\")(?:[^\"\n]|\"(?!\"\"))+|(?<=''')(?:[^'\n]|'(?!''))+"
    r"|(?<=\")(?:[^\"\\\n]|\\.|\\$)+|(?<=')(?:[^'\\\n]|\\.|\\$|''(?=\w))+|(?<=`)(?:[^`\\\n]|\\.)+{}))"
)
"""All within quotes, plain, threefold or escaped, and to the line's end where they are not closed; or in backticks."""
_LISTED = r"\[[^\[\]\n]{1,2000}\]|\{(?:[^{}\n]|\{[^{}\n]{0,500}\}){1,2000}\}"
_WORD = r"(?:(?:bearer|basic|digest|negotiate)[ \t]+)?\S+?(?=\\*[\"']?[,;)}\]]{0,2}(?:\s|\Z))"
"""Up to the next blank, without what closes a sentence or a bracket around it."""
_BARE = rf"|(?<![\"'`])(?![nbru]?\\*[\"'])(?:{_LISTED}|{_WORD})"
IN_QUOTES = f"{_NOTHING}{_QUOTED.format('')}"
VALUE = f"{_NOTHING}{_QUOTED.format(_BARE)}"
"""What a name is put to, in quotes or not."""
_SQL = (
    rf"(?<!''')(?!''){_NOTHING}(?(escaped)(?:(?!(?<!\\)(?P=escaped))[^\n])+"
    r"|(?:(?<=')(?:[^'\\\n]|''|\\.)+|(?<=\")[^\"\n]+))"
)
"""What is in SQL's quotes, where a quote within is doubled."""
_SPACE = r"(?:\s|\\\n)"
_IS = (
    rf"\\*[\"']?[ \t]*(?:[=-]>|:=|==|=(?![=>])|:(?!=|[ \t]*{TYPE}[ \t]*=)|:[ \t]*{TYPE}[ \t]*=)[ \t]*(?:{YAML_TAG})?"
    rf"(?:\n[ \t]+(?=\\*[\"']))?(?:\b[nbru](?=\\*[\"']))?{_OPEN}?"
)
_PAIR_NAME = r"(?<![\w.-])(?:key|name)\\*[\"']?\s*[=:]\s*\\*[\"']?"
_PAIR_VALUE = r"(?<![\w.-])values?\\*[\"']?\s*[=:]\s*"
_CURL_USER = rf"\bcurl\b[^\n]{{0,200}}?{_SPACE}(?-i:-[uU]|--(?:proxy-)?user)(?:{_SPACE}|=)*"
_PEM = r"-----(?:begin|end) [a-z0-9 ]{0,40}private key(?: block)?-----"


@dataclass(frozen=True)
class Form:
    """A secret by what stands before it. Each text that has the form holds one of the hints, in lower case."""

    why: str
    hints: tuple[str, ...]
    before: str
    secret: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Made when a text first holds a hint: a DAG file, which is read again and again, seldom comes to it."""
        return re.compile(f"(?P<before>{self.before})(?P<secret>{self.secret})", re.IGNORECASE | re.MULTILINE)


def _command(programs: str, flag: str) -> str:
    """A program's short flag that takes a password, which a longer one of that beginning does not."""
    return rf"\b(?:{programs})\b[^\n|;&]{{0,200}}?{_SPACE}(?-i:{flag}){_OPEN}?"


FORMS = (
    Form("a PEM block in one line, or escaped", ("-----begin",), _PEM, r"(?:(?!-----)[^\n])+(?=-----)"),
    Form("… without its end", ("-----begin",), _PEM, r"(?=.)(?:\\+[nr]|[\w+/=])+"),
    Form("… without its beginning", ("-----end",), r"(?<![\w+/=\\])", rf"[\w+/=\\]+(?={_PEM})"),
    Form(
        "{'name': 'DB_PASSWORD', 'value': '…'}",
        ("value",),
        rf"{_PAIR_NAME}{WHOLE_NAME}(?:(?!\b(?:key|name|value)\b)[^{{}}]){{0,200}}?{_PAIR_VALUE}{_OPEN}?",
        VALUE,
    ),
    Form(
        "{'value': '…', 'name': 'DB_PASSWORD'}",
        ("value",),
        rf"{_PAIR_VALUE}{_OPEN}",
        rf"{IN_QUOTES}(?=\\{{0,31}}[\"'][\s,]*\\*[\"']?{_PAIR_NAME}{WHOLE_NAME})",
    ),
    Form(
        "value: … and on the next line name: DB_PASSWORD",
        ("value",),
        rf"(?<![=:]){_PAIR_VALUE}",
        r"(?!\*{3}(?![\w*]))(?:[^\s{}\"'\\[]{1,400}?|\[[^\[\]]{1,2000}\])"
        rf"(?=[\s,]*\\*[\"']?{_PAIR_NAME}{WHOLE_NAME})",
    ),
    Form(
        "password: |, with the lines after it escaped",
        NAMED,
        rf"{NAME}\\*[\"']?\s*:\s*[|>][+-]?\d?\\+n",
        r"(?:(?!\\+n[^\s\\])[^\"'\n])+",
    ),
    Form(
        "?token=… in an address",
        NAMED,
        rf"[?&](?:[\w.-]|%[0-9a-f]{{2}}){{0,100}}?{NAME}=",
        rf"{_NOTHING}[^\s&#\"'<>\\]+",
    ),
    Form(
        "IDENTIFIED BY '…'",
        ("identified",),
        rf"\bidentified\s+(?:with\s+\S{{1,100}}\s+)?(?:by|as)\s+(?:password\s+)?{_OPEN}",
        _SQL,
    ),
    Form(
        "CREATE USER … IDENTIFIED BY …",
        ("identified",),
        r"\b(?:create|alter)\s+user\b[^\n;]{0,200}?\sidentified\s+by\s+",
        rf"{_NOTHING}[^\s;\"']+",
    ),
    Form(
        "WITH PASSWORD '…', PASSWORD('…')",
        ("password", "secret", "token"),
        rf"\b(?:password(?:\s+|\s*[(=]\s*)|(?:secret|token)\s*=\s*)n?(?=\\*'){_OPEN}",
        _SQL,
    ),
    Form('password=…, "secret_key": "…", password -> …', NAMED, rf"{NAME}{_IS}", VALUE),
    Form(
        "Setting fs.s3a.secret.key to …",
        NAMED,
        rf"\bset(?:ting)?[ \t]+{_PROPERTY}[ \t]+to[ \t]+{_OPEN}?",
        rf"(?!{_ARTICLE}){VALUE}",
    ),
    Form(
        "fs.s3a.secret.key …, as a file of properties says it",
        NAMED,
        rf"^[ \t]*{_PROPERTY}[ \t]+",
        rf"(?!{_TOLD}|[=:>|]|-[>-]){_NOTHING}\S+(?=[ \t\r]*$)",
    ),
    Form(
        "|DB_PASSWORD|…|, a row of a table",
        NAMED,
        rf"^[ \t]*\|?[ \t]*(?:{_VARIABLE}|{_PROPERTY})[ \t]*\|[ \t]*",
        rf"(?!{_HEADING}){_NOTHING}[^|\s]+{_ROW_END}",
    ),
    Form(
        "DB_PASSWORD  …, in columns",
        NAMED,
        rf"^[ \t]*{_VARIABLE}(?:\t| [ \t])[ \t]*",
        rf"(?!{_HEADING}|[=:>|]|-[>-]){_NOTHING}\S+(?=[ \t\r]*$|[ \t]{{2}}|\t)",
    ),
    Form(
        "PASSWORD …, a word of letters and digits alone",
        NAMED,
        rf"^[ \t]*{_UPPER}[ \t]+",
        rf"(?=[^\s\d]{{0,400}}\d)(?=[^\sa-z]{{0,400}}[a-z])(?![=:>|]|-[>-]|\w{{1,20}}\(){_NOTHING}\S+(?=[ \t\r]*$)",
    ),
    Form(
        "%22password%22%3A%22…",
        ("%3a", "%3d"),
        rf"{NAME}(?:%22|%27)?(?:%3a|%3d)(?:%20|\+)?(?:%22|%27)?",
        rf"{_NOTHING}(?:(?!%22|%27|%2c|%26)[^\s&\"'])+",
    ),
    Form("(fs.secret.key,…), as Spark tells its configuration", NAMED, rf"\({WHOLE_NAME},", rf"{_NOTHING}[^)\s]+"),
    Form("Hadoop's and others' XML", NAMED, rf"{NAME}</name>\s*<value>|<[\w.:-]{{0,100}}?{NAME}>", rf"{_NOTHING}[^<]+"),
    Form(
        "<value>…</value><name>password</name>",
        ("<value>",),
        r"(?:(?<!</name)>|[^>\s]|\A)\s*<value>",
        rf"{_NOTHING}[^<]+(?=</value>\s*<name>{WHOLE_NAME}</name>)",
    ),
    Form(
        '["--password", "…"]',
        NAMED,
        rf"{NAME}\\*[\"'][ \t]*,[ \t]*(?:\n[ \t]+)?(?!(?P<key>\\*[\"'])[\w .-]{{0,100}}(?P=key)\s*:){_OPEN}",
        VALUE,
    ),
    Form("--password …", NAMED, rf"(?<![^\s\"'])--?[\w.-]{{0,100}}?{NAME}{_SPACE}+{_OPEN}?", VALUE),
    Form(
        "aws configure set … …",
        ("aws_",),
        rf"\baws_(?:secret_access_key|session_token)\s+{_OPEN}?",
        rf"{_NOTHING}[\w/+=-]{{16,}}",
    ),
    Form(
        "Pwd=… in a connection string",
        ("pwd",),
        r"(?:(?<=[;?&])pwd|(?<![\w;])(?-i:Pwd|pwd)(?!\s*=\s*[/\"']))\s*=\s*",
        rf"{_NOTHING}[^\s;\"']+",
    ),
    Form('"pwd": "…"', ("pass", "pwd"), rf"[\"'](?:pwd|pass)\\*[\"']\s*:\s*{_OPEN}", IN_QUOTES),
    Form(
        '{"Authorization": "…", "Cookie": "…"}',
        ("authorization", "cookie"),
        rf"\b(?:authorization|cookie)\\*[\"']\s*[=:,]\s*{_OPEN}",
        IN_QUOTES,
    ),
    Form(
        "Authorization: …",
        ("authorization",),
        r"\bauthorization[ \t]*[=:][ \t]*[\"']?(?!(?:[\w-]+[ \t]+)?\*{3}(?![\w*]))(?:[\w-]+[ \t]+)?",
        rf"{_NOTHING}[^\s\"'\\]+(?:,?[ \t]*\w+=\\*\"?[^\s\"',\\]+\\*\"?)*",
    ),
    Form("Bearer …", ("bearer",), r"\bbearer\s+", r"[\w.~+/=-]{16,}"),
    Form("Basic …", ("basic",), r"\b(?-i:Basic)\s+", r"(?=[a-z+/]{0,400}[0-9=])[\w+/]{12,}={0,2}"),
    Form(
        "Cookie: …; …",
        ("cookie",),
        r"\bcookie(?:[ \t]*[=:][ \t]*|(?<=--cookie)[ \t]+)[\"']?",
        rf"{_NOTHING}[^\s\"';\\]+(?:;[ \t]*[^\s\"';\\]+)*",
    ),
    Form(
        'docker\'s "auth": "…"',
        ('auth"', "auth'", "auth\\"),
        rf"[\"']auth\\*[\"']\s*:\s*{_OPEN}",
        r"(?-i:(?=[A-Z0-9]{0,400}[a-z])(?=[a-z]{0,400}[A-Z0-9]))[\w+/]{8,}={0,2}",
    ),
    Form("?sig=… in an address", ("sig=",), r"(?:[?&]|&amp;)sig=", rf"{_NOTHING}[^\s&#\"'<>\\]+"),
    Form("sig=… of a shared access signature", ("sig=",), r"(?<![\w-])sig=", r"[\w%+/=-]{16,}"),
    Form(
        "Signature=… of a signed address",
        ("signature",),
        r"(?<![\w-])(?:x-(?:amz|goog)-)?signature(?:=|%3d)",
        rf"{_NOTHING}[\w%+/=~-]{{8,}}",
    ),
    Form("//user:…@host", ("@",), r"//[^/\s:@]{0,200}:", rf"{_NOTHING}(?:[^/\s\"']|[\"'](?![,:)}}\]\s]))+(?=@)"),
    Form(
        "//user:…/…@host",
        ("@",),
        r"//[^/\s:@\"'<>]{0,200}:(?!\d{1,5}(?:[/?#]|$))",
        rf"{_NOTHING}[^\s@\"'<>]{{1,400}}(?=@[\w\[])",
    ),
    Form(
        "jdbc:oracle:thin:user/…@host",
        ("oracle:",),
        r"\boracle:\w{1,20}:[^/\s@\"']{1,100}/",
        rf"{_NOTHING}(?:\"[^\"\n]+\"|[^\s@\"']+)(?=@)",
    ),
    Form(
        "sqlplus user/…@host",
        ("sqlplus", "sqlldr", "expdp", "impdp"),
        r"\b(?:sqlplus|sqlldr|expdp|impdp)\b[^\n]{0,200}?[\s=][\"']?[\w$#.]{1,100}/",
        rf"{_NOTHING}[^\s@\"']+(?=@)",
    ),
    Form("curl -u 'user:…'", ("curl",), rf"{_CURL_USER}[\"'][^\s:\"']{{0,100}}:", rf"{_NOTHING}[^\"'\n]+"),
    Form("curl -u user:…", ("curl",), rf"{_CURL_USER}[^\s:\"']{{0,100}}:", rf"{_NOTHING}[^\s\"']+"),
    Form("mysql -p…", ("mysql", "mariadb"), _command(r"(?:mysql|mariadb)[\w-]*", "-p"), VALUE),
    Form(
        "mongosh -p …",
        ("mongo", "sshpass", "beeline", "docker", "podman", "snowsql"),
        _command(r"mongo\w*|sshpass|beeline|(?:docker|podman) login", rf"-p(?:{_SPACE}|=)*"),
        VALUE,
    ),
    Form("redis-cli -a …", ("redis-cli",), _command("redis-cli", rf"-a{_SPACE}*"), VALUE),
    Form("ldapsearch -w …", ("ldap",), _command(r"ldap\w+", rf"-w{_SPACE}*"), VALUE),
    Form("sqlcmd -P …", ("sqlcmd", "bcp"), _command("sqlcmd|bcp", rf"-P{_SPACE}*"), VALUE),
    Form(
        "keytool -storepass …",
        ("pass",),
        rf"(?<=\s)-(?:store|key|srcstore|deststore|srckey|destkey)pass{_SPACE}+{_OPEN}?",
        VALUE,
    ),
    Form("openssl -passin pass:…", ("pass:",), r"(?<=\s)-pass(?:in|out)?\s+[\"']?pass:", rf"{_NOTHING}[^\s\"']+"),
    Form(
        "machine … login … password …",
        ("machine",),
        r"\bmachine\s+\S{1,200}\s+(?:login\s+\S{1,200}\s+)?password\s+",
        rf"{_NOTHING}\S+",
    ),
    Form("a JSON Web Token", ("eyj",), r"(?<![\w-])(?-i:eyJ)", r"[\w-]{8,}(?:\.[\w-]*){2,4}"),
    Form("an AWS access key", ("akia", "asia"), r"\b(?:AKIA|ASIA)", r"[A-Z0-9]{16}\b"),
    Form(
        "a token of GitHub",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?<![\w-])(?:gh[opusr]_|github_pat_)",
        r"\w{20,}",
    ),
    Form(
        "a token of GitLab",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-", "glft-"),
        r"(?<![\w-])gl(?:pat|dt|rt|cbt|ptt|soat|ft)-",
        r"[\w.-]{16,}",
    ),
    Form("a token of Slack", ("xox", "xapp-"), r"(?<![\w-])(?:xox[a-z]|xapp)-", r"[\w-]{10,}"),
    Form("a web hook of Slack", ("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows)/", r"[\w/-]{10,}"),
    Form("a key of Stripe", ("_live_", "_test_", "whsec_"), r"(?<![\w-])(?:[srp]k_(?:live|test)_|whsec_)", r"\w{16,}"),
    Form("a key of Google", ("aiza", "ya29."), r"(?<![\w-])(?-i:AIza|ya29\.)", r"[\w-]{16,}"),
    Form("a token of Hugging Face", ("hf_",), r"(?<![\w-])(?-i:hf_)", r"[a-z0-9]{20,}"),
    Form("a token of npm", ("npm_",), r"(?<![\w-])(?-i:npm_)", r"[a-z0-9]{30,}"),
    Form("a token of PyPI", ("pypi-",), r"(?<![\w-])(?-i:pypi-AgE)", r"[\w-]{16,}"),
    Form("a token of Databricks", ("dapi", "dose"), r"(?<![\w-])(?-i:dapi|dose)", r"[0-9a-f]{32,}(?:-\d+)?"),
    Form("a key of SendGrid", ("sg.",), r"(?<![\w.-])(?-i:SG\.)", r"[\w-]{16,}\.[\w-]{16,}"),
    Form("a token of DigitalOcean", ("_v1_",), r"(?<![\w-])do[opr]_v1_", r"[0-9a-f]{32,}"),
    Form(
        "a key of OpenAI, Anthropic and others",
        ("sk-",),
        r"(?<![\w-])(?-i:sk-)",
        r"(?-i:(?=[a-z_-]{0,100}[A-Z0-9]))[\w-]{20,}",
    ),
    Form(
        "a token of Docker, Shopify, Linear, Vault",
        ("dckr_", "shp", "lin_", "hvs."),
        r"(?<![\w-])(?:dckr_[op]at_|shp(?:at|ca|pa|ss)_|lin_api_|(?-i:hvs\.))",
        r"[\w-]{20,}",
    ),
)
