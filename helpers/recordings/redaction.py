"""What may be kept. Headers: an allow-list. Everything else: cleaned of whatever could be a secret.

Requests are cleaned before they are matched, in every mode, so a recording is found again by the request that made
it. Credentials leave no trace; ids that only tell things apart (a subscription, a batch job) become pseudonyms, so
that two of them stay two.
"""

import copy
import functools
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


# Ids that the service makes out of 32 hex digits; any other such number may be a key.
_ID = re.compile(
    r"\b(?:file|batch|batch_req|ftjob|chatcmpl|cmpl|resp|msg|rs|req|run|step|call|item|vs|vsfb|asst|thread|fp|sess|event)"
    r"[-_]$"
)


def _key_of_old(match: re.Match[str]) -> str:
    start = match.start()  # Azure's keys before 2024 were such numbers
    return match[0] if _ID.search(match.string[max(0, start - 12) : start]) else REDACTED


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
_PLACE = r"(?i)(/(?:resourceGroups|api/projects|Microsoft\.\w+/\w+)/)"
_HOST = r"(?i)(?<![\w-])([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*?)"

# (what must stand in the text for the rule to be worth its time, in lower case; the rule; what to put instead).
_RULES: list[tuple[str, str, str | Callable[[re.Match[str]], str]]] = [
    ("eyj", r"eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?", REDACTED),  # JSON web tokens
    (r"(?:bearer|basic|signature)[ +]", _SCHEMED, rf"\1\2{REDACTED}"),
    ("cookie", _COOKIES, rf"\1{REDACTED}"),
    (r"[:=]\s*\\*[\"']?[\w.~+/=%-]{16}", _NAMED, rf"\1\2{REDACTED}"),
    ("/subscriptions/", r"(?i)/subscriptions/[^\s\"'\\?,;)&<>]+", _arm_names),
    ("/(?:resourcegroups|api/projects|microsoft)", _PLACE + r"[^/\s\"'\\?&,;)<>]+", rf"\1{REDACTED}"),
    (r"\.azure\.", rf"{_HOST}\.((?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn))", _resource),
    (r"\.net", rf"{_HOST}\.(azure-api\.net|vault\.azure\.net|(?:\w+\.core|search)\.windows\.net)", _resource),
    (r"\.onmicrosoft\.", r"(?i)(?<![\w-])[a-z0-9][a-z0-9-]*(\.onmicrosoft\.com)", rf"{REDACTED}\1"),
    ("jqqj99", r"[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,30}", REDACTED),  # Azure's keys since 2024
    ("sk-", r"(?<![A-Za-z0-9])sk-[\w-]{16,}", REDACTED),  # OpenAI's own keys
    ("[0-9a-f]{32}", r"(?<![0-9A-Za-z])[0-9a-fA-F]{32}(?![0-9A-Za-z])", _key_of_old),
    ("-[0-9a-f]{4}-[0-9a-f]{4}-", _GUID, _pseudonym),
]
_TOLD = r"(?:(?<=deployment[ /])|(?<=deployments/)|(?<=deployment [\"'`]))"
_REQUEST_ID = re.compile(r"(?:req_)?[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@functools.cache
def _compile_rules() -> list[tuple[Callable[[str], Any], Callable[[Any, str], str], Any]]:
    """Compiled when first used: it takes 4 ms, a tenth of what connect() may cost."""
    return [(re.compile(hint).search, re.compile(rule).sub, instead) for hint, rule, instead in _RULES]


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
        for is_worth_it, substitute, instead in _compile_rules():
            if is_worth_it(lower):
                text = substitute(instead, text)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value, cleaned; the very same object where there was nothing to clean."""
        strings: list[str] = []
        names_secret = _collect(value, strings)
        joined = "\n".join(strings)  # one pass over all of it: nearly every value is clean
        if not (self._names or names_secret) and self.text(joined) == joined:
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
        if isinstance(value, str) and _is_secret(name):
            return REDACTED
        if isinstance(value, str) and name == "model" and value in self._names:
            return self._names[value]
        return self._walk(value)


def _collect(value: Any, strings: list[str]) -> bool:
    """Add every text of a JSON value to `strings`; whether a field in it is called like a secret."""
    if isinstance(value, str):
        strings.append(value)
    elif isinstance(value, list):
        if set(map(type, value)) <= {int, float}:
            return False  # a vector, which is long
        return any([_collect(item, strings) for item in value])
    elif isinstance(value, dict):
        strings.extend(value)
        return any([_collect(item, strings) for item in value.values()]) or any(map(_is_secret, value))
    return False


@functools.lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return bool(_SECRET_FIELD.fullmatch(name))


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
