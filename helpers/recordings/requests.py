"""What becomes of a request: how it is described on disk, and how it leaves for the service."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from helpers.recordings.credentials import is_secret_field, placeholder
from helpers.recordings.exchange import ADMITTED_HEADERS, Asked, describe_request, model_of
from helpers.recordings.redaction import Redactor

__all__ = ["Requests", "credentials_of"]

_CREDENTIALS = frozenset({"authorization", "api-key", "ocp-apim-subscription-key", "x-api-key", "proxy-authorization"})
_FIELD = rb'name="%s"(?:\r\n[^\r\n]+)*\r\n\r\n(?:%s)\r\n'
_FORM_EVENTS = re.compile(_FIELD % (b"stream", b"true"), re.I)
_FORM_TEXT = re.compile(_FIELD % (b"response_format", b"text|srt|vtt"))
_JSON_EVENTS = re.compile(rb'"stream"\s*:\s*true|"stream_format"\s*:\s*"sse"')
_JSON_TEXT = re.compile(rb'"response_format"\s*:\s*"(?:text|srt|vtt)"')
_NAMING = ("model", "deployment")  # in the address of a realtime session
_ORIGIN = "helpers.origin"  # httpx2 hands a request's extensions on to the request that follows a redirect


class Requests:
    """The requests of one client.

    base_path: path of the client's base URL, replaced by canonical_path in recordings, so that an answer recorded
    behind a gateway's prefix replays everywhere. deployments: model -> the reader's own name for its deployment.
    own: credentials of the client's own; a request with another one is another request.
    """

    def __init__(
        self,
        base_path: str,
        canonical_path: str,
        deployments: Mapping[str, str] | None = None,
        own: set[str] | None = None,
    ):
        self.deployments = dict(deployments or {})
        self.own = own if own is not None else set()
        self._base_path, self._canonical_path = base_path.rstrip("/"), canonical_path.rstrip("/")

    def describe(self, request: httpx2.Request, body: bytes) -> Asked:
        """The request as it is matched, and its key."""
        query: dict[str, Any] = {}
        for name, text in request.url.params.multi_items():
            query[name] = [*query[name], text] if name in query else [text]
        query = {name: texts[0] if len(texts) == 1 else texts for name, texts in query.items()}
        headers = {name: value for name, value in request.headers.items() if name in ADMITTED_HEADERS}
        further: dict[str, Any] = {"headers": headers} if headers else {}
        if other := self._other_credential(request):
            further |= {"credential": other}
        content_type = request.headers.get("content-type", "")
        path = self._canonical(request.url.path)
        return describe_request(request.method, path, query, content_type, body, Redactor(), further)

    def asks_for(self, request: httpx2.Request, body: bytes) -> str:
        """ "events", "text" (a transcript, speech or a file: to the letter), or "" for an answer with fields."""
        if request.url.path.endswith(("/content", "/audio/speech")) and b'"sse"' not in body:
            return "text"
        is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
        events, text = (_FORM_EVENTS, _FORM_TEXT) if is_form else (_JSON_EVENTS, _JSON_TEXT)
        if request.url.params.get("stream") == "true" or events.search(body):
            return "events"
        return "text" if text.search(body) else ""

    def find_model(self, request: httpx2.Request, body: bytes) -> str:
        """The model that a request names, "" where it names none; cheaper than describing it all."""
        path = self._canonical(request.url.path)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            found = re.search(_FIELD % (b"model", rb"[^\r\n]*"), body)
            value: Any = {"model": found[0].splitlines()[-1].decode("utf-8", "replace")} if found else {}
        else:
            try:
                value = json.loads(body) if body else {}
            except (ValueError, RecursionError):
                value = {}
        return model_of({"path": path, "json": value})

    def outgoing(self, request: httpx2.Request, body: bytes) -> httpx2.Request:
        """The request as it leaves: under the reader's own deployment name, where deployments.toml gives one.

        A request that follows a redirect to another origin takes no credential there.
        """
        headers = list(request.headers.raw)
        first = (_origin(request.url), frozenset(request.url.params.multi_items()))
        origin, carried = request.extensions.setdefault(_ORIGIN, first)
        if moved := origin != _origin(request.url):
            headers = [(name, value) for name, value in headers if not _is_credential(name, value, self.own)]
        if not (self.deployments or moved):
            return request
        url, path = request.url, request.url.path
        if moved:
            # What the new address brings of its own, such as a storage's signature, is needed there.
            kept = [pair for pair in url.params.multi_items() if not self._tells(*pair, carried)]
            if len(kept) < len(url.params.multi_items()):
                url = url.copy_with(params=kept)
        if path.endswith("/realtime"):
            pairs = url.params.multi_items()
            url = url.copy_with(params=[(n, self._own_name(v) if n in _NAMING else v) for n, v in pairs])
        own = re.sub("(?<=/deployments/)[^/]+", lambda model: self._own_name(model[0]), path, count=1)
        if own != path:
            url = url.copy_with(path=own)
        content = body
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            content = _rename_in_form(body, self.deployments)
        elif body:
            content = _rename_in_json(body, self.deployments)
        named = b"x-ms-oai-image-generation-deployment"
        headers = [
            (name, self._own_name(value.decode()).encode() if name.lower() == named else value)
            for name, value in headers
            if name.lower() not in {b"content-length", b"transfer-encoding"}
        ]
        return httpx2.Request(request.method, url, headers=headers, content=content, extensions=request.extensions)

    def rename_message(self, message: str | bytes) -> str | bytes:
        """A message of a session as it leaves: it names deployments too, such as the one that writes down speech."""
        if not self.deployments:
            return message
        renamed = _rename_in_json(message if isinstance(message, bytes) else message.encode("utf-8"), self.deployments)
        return renamed if isinstance(message, bytes) else renamed.decode("utf-8")

    def canonical_location(self, asked: httpx2.URL, location: str) -> str:
        """Where a redirect leads, as it is kept: below the same server a path, as in the recorded requests."""
        try:
            url = asked.join(location)
        except httpx2.InvalidURL:
            return location
        if _origin(url) != _origin(asked):
            return location
        return str(httpx2.URL(self._canonical(url.path), query=url.query or None))

    def _canonical(self, path: str) -> str:
        is_below = path.startswith(self._base_path + "/")
        return self._canonical_path + path[len(self._base_path) :] if is_below else path

    def _tells(self, name: str, value: str, carried: frozenset[tuple[str, str]]) -> bool:
        is_old = is_secret_field(name) and (name, value) in carried
        return is_old or any(one and one in value for one in tuple(self.own))

    def _own_name(self, model: str) -> str:
        return self.deployments.get(model, model)

    def _other_credential(self, request: httpx2.Request) -> str:
        """A placeholder for a credential that is not the client's own; "" for its own, and for none at all."""
        others = sorted(value for value in credentials_of(request) if value not in self.own)
        return " ".join(map(placeholder, others))


def credentials_of(request: httpx2.Request) -> Iterator[str]:
    """What a request carries to be let in, without the scheme in front of it."""
    for name, value in request.headers.items():
        if name in _CREDENTIALS and value.strip():
            yield value.split()[-1]


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _is_credential(name: bytes, value: bytes, own: set[str]) -> bool:
    told = name.decode("latin-1").lower()
    return told in _CREDENTIALS or told == "cookie" or any(one and one.encode() in value for one in tuple(own))


def _rename_in_json(body: bytes, deployments: Mapping[str, str]) -> bytes:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(value, dict):
        return body
    renamed = _rename_models(value, deployments)
    return body if renamed == value else json.dumps(renamed, ensure_ascii=False).encode("utf-8")


def _rename_models(value: dict[str, Any], deployments: Mapping[str, str]) -> dict[str, Any]:
    """The model of a request; of a realtime session's settings, also those inside."""
    renamed = dict(value)
    if isinstance(model := value.get("model"), str):
        renamed["model"] = deployments.get(model, model)
    for name in ("session", "audio", "input", "transcription", "input_audio_transcription"):
        if isinstance(inside := value.get(name), dict):
            renamed[name] = _rename_models(inside, deployments)
    return renamed


def _rename_in_form(body: bytes, deployments: Mapping[str, str]) -> bytes:
    def rename(match: re.Match[bytes]) -> bytes:
        model = match[2].decode("utf-8", "replace")
        return match[1] + deployments.get(model, model).encode("utf-8")

    return re.sub(rb'(name="model"(?:\r\n[^\r\n]+)*\r\n\r\n)([^\r\n]*)', rename, body, count=1)
