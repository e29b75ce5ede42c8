"""What counts as a secret in running text: named rules, each with what it must change and what it must leave.

Every rule takes time in proportion to the text. A rule looks for something that is rare first (a word, a host's end)
and reads a bounded number of letters around it, or takes a run of letters whole, so that nothing is read twice.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from helpers.recordings.credentials import REDACTED, SECRET_NAMES, placeholder, pseudonym, pseudonym_of_hex

__all__ = ["RULES", "Rule"]

_MOST = 4096  # letters of one value that are looked at; no credential is longer

# Where a value begins: also right after an escape or a percent code, whose last letter is no part of it.
_START = r"(?:(?<![0-9A-Za-z])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2}))"


@dataclass(frozen=True)
class Rule:
    """One kind of secret.

    hint: a pattern over the text in lower case that must be found for the rule to be worth its time. clean: text in,
    text out. changes, leaves: an example of each; `{}` in `changes` stands for a secret that the tests make.
    """

    name: str
    hint: str
    clean: Callable[[str], str]
    changes: str
    leaves: str

    @functools.cached_property
    def is_worth_it(self) -> Callable[[str], object]:
        return re.compile(self.hint).search


def _substitute(pattern: str, replace: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    @functools.cache
    def compiled() -> re.Pattern[str]:  # when first used: all of them take 4 ms, a tenth of what connect() may cost
        return re.compile(pattern)

    return lambda text: compiled().sub(replace, text)


def _is_secret_value(value: str) -> bool:
    """Letters and a digit, or 40 letters: `api_key=os.environ[...]` is a lesson and no leak, and so is sig = 0.5."""
    return len(value) >= 40 or bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def _named_value(match: re.Match[str]) -> str:
    return match[1] + (placeholder(match[2]) if _is_secret_value(match[2]) else match[2])


def _schemed_value(match: re.Match[str]) -> str:
    if match[1].lower() == "basic":  # "a basic gpt-4.1-mini deployment" is none
        is_told = re.search(r"(?i)authorization\W{0,9}$", match.string[max(0, match.start() - 24) : match.start()])
        is_coded = re.fullmatch(r"[A-Za-z0-9+/]{12,}={0,2}", match[3]) and re.search(r"\d|[A-Z].*[A-Z]", match[3])
        return match[1] + match[2] + (placeholder(match[3]) if is_told or is_coded else match[3])
    return match[1] + match[2] + (placeholder(match[3]) if _is_secret_value(match[3]) else match[3])


def _with_digit(match: re.Match[str]) -> str:
    return placeholder(match[0]) if re.search(r"\d", match[0]) else match[0]


def _whole(match: re.Match[str]) -> str:
    return placeholder(match[0])


def _web_token(match: re.Match[str]) -> str:
    start = match[0].find("eyJ")
    return match[0] if start < 0 else match[0][:start] + placeholder(match[0][start:])


def _run_before(text: str, end: int, letters: re.Pattern[str], most: int, start: int = 0) -> int:
    """Where the run of such letters that ends at `end` begins; at most `most` of them are looked at."""
    found = letters.match(text[max(start, end - most) : end][::-1])
    return end - (found.end() if found else 0)


_HOST_LETTERS = re.compile(r"[A-Za-z0-9.-]*")
_KEPT_RESOURCES = {"your-resource", "yourresource", "replay"}


def _clean_hosts(ending: str, instead: str) -> Callable[[str], str]:
    """Replace all of a host's name before its ending."""

    @functools.cache
    def compiled() -> re.Pattern[str]:
        return re.compile(rf"(?i)\.(?:{ending})(?![\w-])")

    def clean(text: str) -> str:
        parts, position = [], 0
        for found in compiled().finditer(text):
            start = _run_before(text, found.start(), _HOST_LETTERS, 253, position)
            name = text[start : found.start()].lstrip(".-")
            if name and name.lower() not in _KEPT_RESOURCES | {REDACTED.lower()}:
                parts += [text[position : found.start() - len(name)], instead]
                position = found.start()
        return "".join([*parts, text[position:]])

    return clean


_ALNUM = re.compile(r"[A-Za-z0-9]*")


def _clean_new_keys(text: str) -> str:
    """Azure's keys since 2024: 52 letters and digits, the mark JQQJ99, 26 more."""
    parts, position = [], 0
    for mark in re.finditer("JQQJ99", text):
        start = _run_before(text, mark.start(), _ALNUM, 52, position)  # no more: the n of a \\n is no part of it
        after = _ALNUM.match(text, mark.end(), mark.end() + 30)
        end = after.end() if after else mark.end()
        if mark.start() - start >= 40 and end - mark.end() >= 20:
            parts += [text[position:start], placeholder(text[start:end])]
            position = end
    return "".join([*parts, text[position:]])


# An id that a service made carries its kind in front: cfile_…, batch_…, file-…; any other such number may be a key.
_KIND = re.compile(r"(?:(?<![A-Za-z])(?:file|chatcmpl|cmpl|ftjob|ft|modr|fp|event|call)-|[a-z]{2,}_)$")
_TELLING = re.compile(r"(?:key|token|secret|sig|subscription|tenant|client|principal|object)_$")


def _is_id(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 24) : match.start()]
    return bool(_KIND.search(before)) and not _TELLING.search(before)


def _old_key(match: re.Match[str]) -> str:
    """Azure's keys before 2024 were 32 hex digits, and so are checksums: two of them stay two."""
    return match[0] if _is_id(match) else pseudonym_of_hex(match[0])


def _guid(match: re.Match[str]) -> str:
    return match[0] if _is_id(match) else pseudonym(match[0])


def _arm_names(match: re.Match[str]) -> str:
    """/subscriptions/id/resourceGroups/name/providers/namespace/type/name/type/name: every name but the id's."""
    slash = "/" if match[0].startswith("/") else match[0][:3]  # %2F, in an address inside an address
    parts, position = match[0].split(slash), 3
    while position + 1 < len(parts):
        is_namespace = parts[position].lower() == "providers"
        if not is_namespace and parts[position + 1]:
            parts[position + 1] = REDACTED
        position += 2
    return slash.join(parts)


_VALUE = rf"[\w.~+/=%-]{{16,{_MOST}}}+"
_NAMED = rf"(?i)(?<![A-Za-z])((?:{SECRET_NAMES})\\{{0,4}}[\"']?\s{{0,9}}[:=]\s{{0,9}}\\{{0,4}}[\"']?)({_VALUE})"
_SCHEMED = rf"(?i){_START}(bearer|basic|sharedaccesssignature)([ +])([\w.~+/=&%-]{{12,{_MOST}}}+)"
_COOKIES = (
    r"(?i)\b((?:set-)?cookie\\{0,4}[\"']?\s{0,9}[:=]\s{0,9}\\{0,4}[\"']?)"
    r"([\w.-]{1,256}+=[^\s;\"'\\]++(?:;\s{0,9}[\w.-]{1,256}+(?:=[^\s;\"'\\]*+)?)*)"
)
_GUID = _START.replace("A-Za-z", "a-fA-F", 1) + r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])"
_KINDS = "accounts|workspaces|projects|registries|vaults|storageAccounts|searchServices|sites|servers"
_PLACE = rf"(?i)(/(?:resourceGroups|api/projects|Microsoft\.\w{{1,64}}/(?:{_KINDS}))/)[^/\s\"'\\?&,;)<>]+"
_RESOURCES = (
    r"(?:openai|services\.ai|cognitiveservices|models\.ai|inference\.ml|documents|search)\.azure\.(?:com|us|cn)"
)
_SERVICES = (
    r"azure-api\.net|vault\.azure\.net|(?:blob|queue|table|file|dfs|web)\.core\.windows\.net"
    r"|(?:search|database|servicebus)\.windows\.net|azurewebsites\.net"
)
_PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{16,}+)*+"
    r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{0,15}(?:\s|\\[nr])*+-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_PASSWORD = rf"(?i){_START}([a-z][a-z0-9+.-]{{1,20}}://)([^\s/:@\"'\\<>]{{1,128}}+:[^\s/@\"'\\<>]{{1,128}}+)@"

RULES = (
    Rule(
        "private key",
        "private key-----",
        _substitute(_PRIVATE_KEY, lambda match: f"-----{placeholder(match[0])}-----"),
        "-----BEGIN RSA " + "PRIVATE KEY-----\n{}\n-----END RSA " + "PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ),
    Rule(
        "web token",
        "eyj",
        _substitute(r"(?<![\w-])[\w-]{9,}+\.[\w-]{4,}+(?:\.[\w-]*+)*+", _web_token),
        "the token eyJ{}.{}.{} has expired",
        "eyJ is how a token begins; eyJhbGciOiJub25lIn0",
    ),
    Rule(
        "authorization scheme",
        r"(?:bearer|basic|signature)[ +]",
        _substitute(_SCHEMED, _schemed_value),
        "Bearer {}{} was refused",
        "Basic understanding of bearer tokens in 2024",
    ),
    Rule(
        "cookie",
        "cookie",
        _substitute(_COOKIES, lambda match: match[1] + placeholder(match[2])),
        "Set-Cookie: session={}; Path=/",
        "Cookie: a small text that a server leaves behind",
    ),
    Rule(
        "named credential",
        r"[:=]\s{0,9}\\{0,4}[\"']?[\w.~+/=%-]{16}",
        _substitute(_NAMED, _named_value),
        'api_key="{}{}"',
        'api_key=os.environ["AZURE_OPENAI_API_KEY"], retries=3',
    ),
    Rule(
        "password in a URL",
        r"://[^\s/@]{1,300}@",
        _substitute(_PASSWORD, lambda match: f"{match[1]}{placeholder(match[2])}@"),
        "postgres://reader:{}@db.example.org/x",
        "https://example.org/user:group@2 and mailto:a@example.org",
    ),
    Rule(
        "resource id",
        "(?:/|%2f)subscriptions(?:/|%2f)",
        _substitute(r"(?i)(?:/subscriptions/|%2Fsubscriptions%2F)[^\s\"'\\?,;)&<>]+", _arm_names),
        "/subscriptions/1/resourceGroups/{}/providers/Microsoft.CognitiveServices/accounts/{}",
        "az subscriptions list, and /subscriptions/",
    ),
    Rule(
        "resource group, project or account",
        "/(?:resourcegroups|api/projects|microsoft)",
        _substitute(_PLACE, lambda match: match[1] + REDACTED),
        "resource at /api/projects/{}/agents",
        "https://example.org/projects/2/accounts/3",
    ),
    Rule(
        "Azure OpenAI resource",
        r"\.azure\.",
        _clean_hosts(_RESOURCES, "YOUR-RESOURCE"),
        "https://{}.openai.azure.com/openai/v1/",
        "https://YOUR-RESOURCE.openai.azure.com and https://portal.azure.com",
    ),
    Rule(
        "other Azure host",
        r"\.net",
        _clean_hosts(_SERVICES, "YOUR-RESOURCE"),
        "https://{}.blob.core.windows.net/in/a.jsonl",
        "https://login.example.net and asp.net",
    ),
    Rule(
        "directory",
        r"\.onmicrosoft\.",
        _clean_hosts(r"onmicrosoft\.com", REDACTED),
        "someone@{}.onmicrosoft.com",
        "a tenant's name ends in .onmicrosoft.com",
    ),
    Rule(
        "Azure key since 2024",
        "jqqj99",
        _clean_new_keys,
        "{26}{26}JQQJ99{26}",
        "JQQJ99 is the mark inside a key",
    ),
    Rule(
        "OpenAI key",
        "(?:sk|ek)[-_]",
        _substitute(_START + r"(?:sk-|ek_)[\w-]{16,}+", _with_digit),
        "sk-{} is OpenAI's",
        "The disk-shaped task-sk is risk-free; the sk- prefix is OpenAI's.",
    ),
    Rule(
        "key of another cloud or forge",
        "(?:a[ks]ia[0-9a-z]{16}|gh[pousr]_|github_pat_|xox[abeprs]-|hf_|gsk_|aiza|sk_live_|glpat-|npm_)",
        _substitute(
            _START + r"(?:A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])|gh[pousr]_[0-9A-Za-z]{30,}+|github_pat_\w{22,}+"
            r"|xox[abeprs]-[\w-]{10,}+|(?:hf|gsk|npm|sk_live)_[0-9A-Za-z]{24,}+|AIza[\w-]{35}|glpat-[\w-]{20,}+)",
            _whole,
        ),
        "gh" + "p_{26}{26} pushes",
        "ghp_ is a prefix; so is xoxb-, and Akia is a place",
    ),
    Rule(
        "32 hex digits",
        "[0-9a-f]{32}",
        _substitute(_START + r"[0-9a-fA-F]{32}(?![0-9A-Za-z])", _old_key),
        "My key is {32}.",
        "chatcmpl-" + "0a1b2c3d" * 4 + " cfile_" + "deadbeef" * 4 + " sha256 " + "0123456789abcdef" * 4,
    ),
    Rule(
        "GUID",
        "-[0-9a-f]{4}-[0-9a-f]{4}-",
        _substitute(_GUID, _guid),
        "Tenant '{guid}' is not known",
        "batch_" + "-".join(["0a1b2c3d", "0a1b", "0a1b", "0a1b", "0a1b2c3d4e5f"]) + " ranks 100-200-300",
    ),
)
