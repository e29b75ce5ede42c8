"""What may be kept. Headers: an allow-list. Text: cleaned by the rules, and of what the asker's settings tell.

Requests are cleaned before they are matched, in every mode, so a recording is found again by the request that made it.
Names of JSON fields stay as they are, and pictures and sound are lifted out before any text is looked at.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from helpers.recordings.credentials import (
    REDACTED,
    is_credential,
    is_secret_field,
    may_be_secret_field,
    placeholder,
)
from helpers.recordings.rules import RULES

__all__ = ["KEPT_HEADERS", "REDACTED", "Redactor", "clean_model"]

# The lessons read these; nothing else of a header reaches the disk.
KEPT_HEADERS = frozenset(
    {
        "content-type", "x-request-id", "apim-request-id", "retry-after", "retry-after-ms", "x-should-retry",
        "x-ms-region", "x-ms-deployment-name", "csp-billing-usage", "openai-processing-ms", "location",
        "x-ms-aoai-configured-data-retention-days",
        "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens",
    }
)  # fmt: skip

# What a model streams in pieces; elsewhere, pieces of one field have nothing to do with each other.
_PIECED = {"content", "delta", "arguments", "text", "token", "refusal", "reasoning", "reasoning_content", "transcript"}
_POSITIONS = ("type", "index", "output_index", "content_index", "summary_index", "item_id")
_TOLD = r"(?:(?<=deployment[ /])|(?<=deployments/)|(?<=deployment [\"'`]))"
# A deployment may be called as a model is, or like any word: then only its place tells that it is one.
_PLAIN_NAME = re.compile(
    r"(?i)[a-z]+|(?:gpt|o\d|text-embedding|dall-e|whisper|tts|codex|sora|model-router)"
    r"(?:[-.]?(?:\d+[a-z]?|o|mini|nano|pro|turbo|instruct|large|small|ada|hd|audio|realtime|image|transcribe|tts|chat"
    r"|codex|preview))*"
)
_REQUEST_ID = re.compile(r"(?:req_)?[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OWN_ID = re.compile(r"id|(?!.*(?:subscription|tenant|client|principal|object|directory|account|user|app))\w+_id")
_NO_SERVER = "https://redirected.invalid"  # where a recorded answer leads that sent its asker to another server


class Redactor:
    """Cleans texts, JSON values, streamed events and headers. Cleaning twice changes nothing more.

    secrets: strings to remove wherever they stand (credentials that are in use).
    names: private name -> public name (a resource, a deployment), replaced where it stands as a word. A deployment
    that is called like any word ("chat") or like a model is replaced where its place tells what it is.
    """

    def __init__(self, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None):
        # A key such as "ollama", for a server that wants some, is a word and no secret.
        own = {one for one in secrets if len(one) >= 16 or (len(one) >= 6 and not one.isalpha())}
        self._secrets = sorted(own, key=len, reverse=True)
        self._names = {private: public for private, public in (names or {}).items() if private != public}
        self._public = {private.lower(): public for private, public in self._names.items()}
        words = [
            (_TOLD if _PLAIN_NAME.fullmatch(private) and public != "YOUR-RESOURCE" else "") + re.escape(private)
            for private, public in sorted(self._names.items(), key=lambda pair: -len(pair[0]))
        ]
        self._words = re.compile(rf"(?ia)(?<![A-Za-z0-9])(?:{'|'.join(words)})(?![A-Za-z0-9])") if words else None

    def text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        if self._words:  # all in one pass: one reader's deployment may be called as another model is
            text = self._words.sub(lambda word: self._public[word[0].lower()], text)
        lower = text.lower()
        for rule in RULES:
            if rule.is_worth_it(lower):
                text = rule.clean(text)
        return text

    def bytes(self, data: bytes) -> bytes:
        """A file's bytes without the credentials in use; nothing else can be told from chance in them."""
        for secret in self._secrets:
            data = data.replace(secret.encode(), b"X" * len(secret.encode()))  # what follows stays in its place
        return data

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
        events = copy.deepcopy(self.value(events))
        pieces: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
        for event in events:
            for place, owner, name in _pieces(event[1], ()):
                pieces.setdefault(place, []).append((owner, name))
        for places in pieces.values():
            joined = "".join(owner[name] for owner, name in places)
            if (cleaned := self.text(joined)) != joined:
                for owner, name in places:
                    owner[name], cleaned = cleaned, ""
                    if isinstance(owner.get("bytes"), list):  # a log probability spells its token three times
                        owner["bytes"] = list(owner[name].encode())
                    if owner.get("top_logprobs"):
                        owner["top_logprobs"] = []
        for event in events:
            self._clean_spelled(event[1])
        return events

    def _clean_spelled(self, value: Any) -> None:
        """Log probabilities in the form of completions: {"tokens": [...], "top_logprobs": [{...}, ...]}."""
        if isinstance(value, list):
            for item in value:
                self._clean_spelled(item)
        elif isinstance(value, dict):
            tokens = value.get("tokens")
            if isinstance(tokens, list) and "token_logprobs" in value and all(isinstance(one, str) for one in tokens):
                joined = "".join(tokens)
                if (cleaned := self.text(joined)) != joined:
                    value |= {"tokens": [cleaned, *[""] * (len(tokens) - 1)], "top_logprobs": None}
            for item in value.values():
                self._clean_spelled(item)

    def answer(self, value: Any) -> Any:
        """An answer's JSON: as `value`, and its log probabilities as the pieces of one text that they are."""
        return self.events([[0, value]])[0][1] if _has_logprobs(value) else self.value(value)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The allowed ones, names in lower case. Request ids stay as they are: they lead to no account."""
        kept = {}
        for name, value in ((name.lower(), value) for name, value in headers.items()):
            if name not in KEPT_HEADERS:
                continue
            if name == "location":
                kept[name] = self.text(re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?//[^/?#]*", _NO_SERVER, value, flags=re.I))
            elif not name.endswith("request-id"):
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
            return {name: self._field(name, item) for name, item in value.items()}
        return value

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, list) and (name in _MODEL_FIELDS or _may_name_secret(name)):
            return [self._field(name, item) for item in value]
        if name == "authentication" and isinstance(value, dict) and isinstance(value.get("key"), str):
            return {**self._walk(value), "key": placeholder(value["key"])}
        if not isinstance(value, str):
            return self._walk(value)
        if value and (is_secret_field(name) or (may_be_secret_field(name) and is_credential(value))):
            return placeholder(value)
        if name == "model" and value in self._names:
            return self._names[value]
        if name in _MODEL_FIELDS:
            value = clean_model(value)
        if _OWN_ID.fullmatch(name) and _GUID.fullmatch(value):
            return value  # what a service calls a thing of its own; a later request asks for it by that name
        return self.text(value)


# Where servers name a model, or list theirs.
_MODEL_FIELDS = ("model", "id", "root", "parent", "name", "aliases", "model_path")


def _strings(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def clean_model(name: str) -> str:
    """A model's name; of a file on the server's own disk, which some call theirs by, the last part alone."""
    if "/subscriptions/" in name:
        return name  # a resource's id, which has a rule of its own
    is_path = re.match(r"[/~]|\.{1,2}[/\\]|\\\\|[A-Za-z]:[/\\]|file:", name)
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1] if is_path else name


def _collect(value: Any, strings: list[str]) -> bool:
    """Add every text of a JSON value to `strings`; whether a field in it is called like a secret, or is a model's."""
    if isinstance(value, str):
        strings.append(value)
    elif isinstance(value, list):
        if set(map(type, value)) <= {int, float}:
            return False  # a vector, which is long
        return any([_collect(item, strings) for item in value])
    elif isinstance(value, dict):
        path = any(clean_model(one) != one for name in _MODEL_FIELDS for one in _strings(value.get(name)))
        return any([_collect(item, strings) for item in value.values()]) or path or any(map(_may_name_secret, value))
    return False


def _may_name_secret(name: str) -> bool:
    return is_secret_field(name) or may_be_secret_field(name) or name == "authentication"


def _has_logprobs(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_logprobs, value))
    return isinstance(value, dict) and (bool(value.get("logprobs")) or any(map(_has_logprobs, value.values())))


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
