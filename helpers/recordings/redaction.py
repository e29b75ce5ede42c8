"""What may be kept. Headers: an allow-list. Everything else: cleaned of whatever could be a secret.

Requests are cleaned before they are matched, in every mode, so a recording is found again by the request that made
it. Credentials leave no trace; ids that only tell things apart (a subscription, a batch job) become pseudonyms, so
that two of them stay two.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["KEPT_HEADERS", "REDACTED", "Redactor"]

# The lessons read these; nothing else of a header reaches the disk.
KEPT_HEADERS = frozenset(
    {
        "content-type", "x-request-id", "apim-request-id", "retry-after", "retry-after-ms", "x-should-retry",
        "x-ms-region", "x-ms-deployment-name", "csp-billing-usage", "openai-processing-ms",
        "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens",
    }
)  # fmt: skip

REDACTED = "REDACTED"
_SECRET_NAMES = (
    r"(?:ocp-apim-)?subscription[-_ ]?key|x-api-key|(?:api|account)[-_ ]?key|authorization|(?:set-)?cookie"
    r"|(?:access|refresh|id|ad)[-_]?token|client[-_]?secret|password|passwd|sig"
)
_SECRET_FIELD = re.compile(rf"(?i)(?:{_SECRET_NAMES})")
_PSEUDONYM = "00000000-0000-4000-8000-"
_KEPT_RESOURCES = {"your-resource", "yourresource", "replay"}


def _pseudonym(match: re.Match[str]) -> str:
    guid = match[0].lower()
    if guid.startswith(_PSEUDONYM):
        return guid  # cleaned already: cleaning twice changes nothing
    return _PSEUDONYM + hashlib.sha256(guid.encode()).hexdigest()[:12]


def _resource(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _KEPT_RESOURCES else f"YOUR-RESOURCE.{match[2]}"


_NAMED = rf"(?i)(?<![A-Za-z])({_SECRET_NAMES})([\"']?\s*[:=]\s*[\"']?)(?=\S*\d)[\w.~+/=%-]{{16,}}"
_GUID = r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])"

# (what must stand in the text for the rule to be worth trying, in lower case; the rule; what to put instead).
# A value counts as a secret from 16 characters with a digit on: `api_key=os.environ[...]` is a lesson, no leak.
_RULES: list[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    ("eyj", re.compile(r"eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?"), REDACTED),  # JSON web tokens
    ("", re.compile(r"(?i)\b(bearer|basic|sharedaccesssignature)([ +])(?=\S*\d)[\w.~+/=&%-]{12,}"), rf"\1\2{REDACTED}"),
    ("", re.compile(_NAMED), rf"\1\2{REDACTED}"),
    ("/", re.compile(r"(?i)(/(?:resourceGroups|accounts|projects|workspaces)/)[^/\s\"'?&,;)]+"), rf"\1{REDACTED}"),
    (
        ".azure.",
        re.compile(
            r"(?i)(?<![\w-])([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*?)"
            r"\.((?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn))"
        ),
        _resource,
    ),
    ("microsoft.com", re.compile(r"(?i)(?<![\w-])[a-z0-9][a-z0-9-]*(\.onmicrosoft\.com)"), rf"{REDACTED}\1"),
    ("jqqj99", re.compile(r"[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,30}"), REDACTED),  # Azure's keys since 2024
    ("sk-", re.compile(r"(?<![A-Za-z0-9])sk-[\w-]{16,}"), REDACTED),  # OpenAI's own keys
    ("", re.compile(r"(?<![\w-])[0-9a-fA-F]{32}(?![\w-])"), REDACTED),  # Azure's keys before 2024
    ("-", re.compile(_GUID), _pseudonym),
]  # fmt: skip


class Redactor:
    """Cleans texts, JSON values and headers.

    secrets: strings to remove wherever they stand (credentials that are in use).
    names: private name -> public name (a resource, a deployment), replaced where it stands as a word.
    """

    def __init__(self, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None):
        self._known: list[tuple[re.Pattern[str], str]] = []
        for secret in sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True):
            self._known.append((re.compile(re.escape(secret)), REDACTED))
        for private, public in sorted((names or {}).items(), key=lambda pair: -len(pair[0])):
            if private != public:
                word = rf"(?i)(?<![A-Za-z0-9]){re.escape(private)}(?![A-Za-z0-9])"
                self._known.append((re.compile(word), public.replace("\\", r"\\")))

    def text(self, text: str) -> str:
        for known, public in self._known:
            text = known.sub(public, text)
        lower = text.lower()
        for hint, rule, instead in _RULES:
            if hint in lower:
                text = rule.sub(instead, text)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value, cleaned; the very same object where there was nothing to clean."""
        strings = "\n".join(_strings(value))  # one pass over all of it: nearly every value is clean
        if self.text(strings) == strings and not _SECRET_FIELD.search(strings):
            return value
        return self._walk(value)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The allowed ones, names in lower case. Request ids stay as they are: they lead to no account."""
        return {
            name: value if name.endswith("request-id") and len(value) <= 64 else self.text(value)
            for name, value in ((name.lower(), value) for name, value in headers.items())
            if name in KEPT_HEADERS
        }

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self._field(name, item) for name, item in value.items()}
        return value

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and _SECRET_FIELD.fullmatch(name):
            return REDACTED
        return self._walk(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)
