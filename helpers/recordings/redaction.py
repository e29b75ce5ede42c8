"""What may be kept. Headers: an allow-list. Everything else: cleaned of whatever could be a secret.

Requests are cleaned before they are matched, in every mode, so a recording is found again by the request that made
it. Credentials leave no trace; ids that only tell things apart (a subscription, a batch job) become pseudonyms, so
that two of them stay two.
"""

import copy
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
# What a model streams in pieces; elsewhere, pieces of one field have nothing to do with each other.
_PIECED = {"content", "delta", "arguments", "text", "token", "refusal", "reasoning", "reasoning_content", "transcript"}
_POSITIONS = ("type", "index", "output_index", "content_index", "summary_index", "item_id")
_PSEUDONYM = "00000000-0000-4000-8000-"
_KEPT_RESOURCES = {"your-resource", "yourresource", "replay"}


def _pseudonym(match: re.Match[str]) -> str:
    guid = match[0].lower()
    if guid.startswith(_PSEUDONYM):
        return guid  # cleaned already: cleaning twice changes nothing
    return _PSEUDONYM + hashlib.sha256(guid.encode()).hexdigest()[:12]


def _resource(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _KEPT_RESOURCES else f"YOUR-RESOURCE.{match[2]}"


def _key_of_old(match: re.Match[str]) -> str:
    return match[0] if match[1] else REDACTED  # Azure's keys before 2024 were such numbers, as its ids are


def _arm_names(match: re.Match[str]) -> str:
    """/subscriptions/id/resourceGroups/name/providers/namespace/type/name/type/name: every name but the id's."""
    parts, position = match[0].split("/"), 3
    while position + 1 < len(parts):
        is_namespace = parts[position].lower() == "providers"
        if not is_namespace and parts[position + 1]:
            parts[position + 1] = REDACTED
        position += 2
    return "/".join(parts)


# A value counts as a secret from 16 characters with a digit on: `api_key=os.environ[...]` is a lesson, no leak.
_VALUE = r"(?=[\w.~+/=%-]*\d|[\w.~+/=%-]{40})[\w.~+/=%-]"
_NAMED = rf"(?i)(?<![A-Za-z])({_SECRET_NAMES})(\\*[\"']?\s*[:=]\s*\\*[\"']?){_VALUE}{{16,}}"
_SCHEMED = r"(?i)\b(bearer|basic|sharedaccesssignature)([ +])(?=[\w.~+/=&%-]*\d|[\w.~+/=&%-]{40})[\w.~+/=&%-]{12,}"
_COOKIES = r"(?i)\b((?:set-)?cookie\\*[\"']?\s*[:=]\s*\\*[\"']?)[\w.-]+=[^\s;\"'\\]+(?:;\s*[\w.-]+(?:=[^\s;\"'\\]*)?)*"
_GUID = r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])"
# Ids that the service makes out of 32 hex digits; any other such number may be a key.
_ID = (
    r"(?:file|batch|batch_req|ftjob|chatcmpl|cmpl|resp|msg|rs|req|run|step|call|item|vs|vsfb|asst|thread|fp|sess|event)"
)
_PLACE = r"(?i)(/(?:resourceGroups|api/projects|Microsoft\.\w+/\w+)/)"
_HOST = r"(?i)(?<![\w-])([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*?)"

# (what must stand in the text for the rule to be worth trying, in lower case; the rule; what to put instead).
_RULES: list[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    ("eyj", re.compile(r"eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?"), REDACTED),  # JSON web tokens
    ("", re.compile(_SCHEMED), rf"\1\2{REDACTED}"),
    ("cookie", re.compile(_COOKIES), rf"\1{REDACTED}"),
    ("", re.compile(_NAMED), rf"\1\2{REDACTED}"),
    ("/subscriptions/", re.compile(r"(?i)/subscriptions/[^\s\"'\\?,;)&<>]+"), _arm_names),
    ("/", re.compile(_PLACE + r"[^/\s\"'\\?&,;)<>]+"), rf"\1{REDACTED}"),
    (".azure.", re.compile(rf"{_HOST}\.((?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn))"), _resource),
    (".azure", re.compile(rf"{_HOST}\.(azure-api\.net|vault\.azure\.net)"), _resource),
    (".windows.net", re.compile(rf"{_HOST}\.((?:\w+\.core|search)\.windows\.net)"), _resource),
    ("microsoft.com", re.compile(r"(?i)(?<![\w-])[a-z0-9][a-z0-9-]*(\.onmicrosoft\.com)"), rf"{REDACTED}\1"),
    ("jqqj99", re.compile(r"[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,30}"), REDACTED),  # Azure's keys since 2024
    ("sk-", re.compile(r"(?<![A-Za-z0-9])sk-[\w-]{16,}"), REDACTED),  # OpenAI's own keys
    ("", re.compile(rf"(\b{_ID}[-_])?(?<![0-9A-Za-z])[0-9a-fA-F]{{32}}(?![0-9A-Za-z])"), _key_of_old),
    ("-", re.compile(_GUID), _pseudonym),
]  # fmt: skip
_TOLD = r"(?:(?<=deployment[ /])|(?<=deployments/)|(?<=deployment [\"'`]))"
_REQUEST_ID = re.compile(r"(?:req_)?[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Redactor:
    """Cleans texts, JSON values, streamed events and headers. Cleaning twice changes nothing more.

    secrets: strings to remove wherever they stand (credentials that are in use).
    names: private name -> public name (a resource, a deployment), replaced where it stands as a word. A deployment
    that is called like any word ("chat") is replaced where its place tells what it is.
    """

    def __init__(self, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None):
        self._secrets = [s for s in sorted(set(secrets), key=len, reverse=True) if len(s) >= 6]
        self._names = {private: public for private, public in (names or {}).items() if private != public}
        self._public = {private.lower(): public for private, public in self._names.items()}
        words = [
            (_TOLD if private.isalpha() and public != "YOUR-RESOURCE" else "") + re.escape(private)
            for private, public in sorted(self._names.items(), key=lambda pair: -len(pair[0]))
        ]
        self._words = re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{'|'.join(words)})(?![A-Za-z0-9])") if words else None

    def text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        if self._words:  # all in one pass: one reader's deployment may be called as another model is
            text = self._words.sub(lambda word: self._public[word[0].lower()], text)
        lower = text.lower()
        for hint, rule, instead in _RULES:
            if hint in lower:
                text = rule.sub(instead, text)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value, cleaned; the very same object where there was nothing to clean."""
        strings = "\n".join(_strings(value))  # one pass over all of it: nearly every value is clean
        if not self._names and self.text(strings) == strings and not _SECRET_FIELD.search(strings):
            return value
        return self._walk(value)

    def events(self, events: list[Any]) -> list[Any]:
        """Streamed events, cleaned, also of what came in pieces: there the first piece holds the cleaned text."""
        events = self.value(events)
        pieces: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
        events = copy.deepcopy(events)
        for event in events:
            for place, owner, name in _pieces(event[1], ()):
                pieces.setdefault(place, []).append((owner, name))
        for places in pieces.values():
            joined = "".join(owner[name] for owner, name in places)
            if (cleaned := self.text(joined)) != joined:
                for owner, name in places:
                    owner[name], cleaned = cleaned, ""
        return events

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The allowed ones, names in lower case. Request ids stay as they are: they lead to no account."""
        kept = {}
        for name, value in ((name.lower(), value) for name, value in headers.items()):
            if name not in KEPT_HEADERS:
                continue
            if not name.endswith("request-id"):
                kept[name] = self._field("model" if name == "x-ms-deployment-name" else name, value)
            elif _REQUEST_ID.fullmatch(value) or self.text(value) == value:
                kept[name] = value  # cleaned, it would tell answers apart no more: then none is better
        return kept

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
        if isinstance(value, str) and name == "model" and value in self._names:
            return self._names[value]
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


def _pieces(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """(place, owner, name) of each text that goes on from event to event. List positions come from `index`."""
    if isinstance(value, list):
        for item in value:
            yield from _pieces(item, place)
    elif isinstance(value, dict):
        place += tuple(value.get(name) for name in _POSITIONS)
        for name, item in value.items():
            if isinstance(item, str) and name in _PIECED:
                yield (*place, name), value, name
            else:
                yield from _pieces(item, (*place, name))
