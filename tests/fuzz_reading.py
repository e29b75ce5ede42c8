"""Asking and reading, as a reader of the course would: every operation, every way to read, sync and async alike."""

import contextlib
import hashlib
import json
import re
import warnings
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import openai
from openai._streaming import SSEDecoder

from helpers.errors import CourseError
from tests.fuzz_cases import Case

__all__ = ["Outcome", "ask_case", "run_now"]

_LONG = 4_000  # characters of a value that are kept as they are
# They belong to one connection; a transport that has decoded a body must not repeat them.
_HOP = {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}


@dataclass
class Outcome:
    """What a reader sees. pieces: every value, in order. error: its class, then what it says. headers: where they show.

    values: the pieces as replay owes them: of JSON and of events the values, for a recording keeps those and not the
    blanks between them. refusal: the CourseError that came instead. asked: each request as it reached the server.
    waits: before retries. hung: it took too long.
    """

    pieces: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    error: tuple[str, ...] | None = None
    error_values: tuple[str, ...] | None = None
    headers: list[tuple[str, str]] | None = None
    refusal: CourseError | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    hung: bool = False

    def add(self, value: Any) -> None:
        """Note what a reader sees as it is."""
        text = _show(value)
        self.pieces.append(text)
        self.values.append(text)

    def add_body(self, body: Any, headers: Any) -> None:
        """Note a body, bytes or text, that the reader takes as it came over the wire."""
        self.pieces.append(_show(body))
        self.values.append(_show_values(body, headers))


def run_now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, because everything in it is sync."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a sync client waited for an event loop")


async def ask_case(client: Any, case: Case, outcome: Outcome) -> None:
    """Ask once and note in `outcome` what came."""
    client = client.with_options(max_retries=case.retries, timeout=20.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd values in typed fields: pydantic says so
            await _read(client, case, outcome)
    except CourseError as error:
        outcome.refusal = error
    except Exception as error:
        _note_error(error, outcome)


async def _maybe(value: Any) -> Any:
    return await value if isinstance(value, Awaitable) else value


def _show(value: Any) -> str:
    """A value as text, exact to the type: 1 is not 1.0, and a nan equals itself."""
    if isinstance(value, bytes):
        text = f"bytes {value!r}" if len(value) <= _LONG // 4 else f"bytes {len(value)} {_digest(value)}"
        return text
    if hasattr(value, "model_dump"):
        value = (type(value).__name__, value.model_dump(), getattr(value, "_request_id", None))
        # An answer without an id of its own gets one from the recorder: that is how its source is found.
        name, dumped, request_id = value
        value = (name, dumped) if _is_ours(request_id) else value
    elif type(value).__name__ == "HttpxBinaryResponseContent":
        return f"{_show(value.content)} {_show(value.text)}"
    try:
        text = repr(value)
    except RecursionError:
        return "too deep to be shown"
    if len(text) > _LONG:
        return f"{text[:200]} ... {len(text)} {_digest(text.encode('utf-8', 'surrogatepass'))}"
    return text


def _is_ours(request_id: Any) -> bool:
    """Whether an id says nothing that came over the wire."""
    return not (isinstance(request_id, str) and request_id.startswith("request-"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _show_values(body: Any, headers: Any) -> str:
    """A body as text, but JSON and events by their values: a recording keeps those, and not how they were spelled."""
    joined = "\n".join([*body, ""]) if isinstance(body, list) else body
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind.endswith("json") or _OPENS_JSON.match(joined if isinstance(joined, str) else joined.decode("latin-1")):
            return f"json {_show(json.loads(joined, strict=False))}"
        data = joined.encode("utf-8", "surrogatepass") if isinstance(joined, str) else joined
        if kind == "text/event-stream" or (kind in _READ_AS_EVENTS and _EVENTS.match(data)):
            return f"events {_show([_event_value(each) for each in SSEDecoder().iter_bytes(iter([data]))])}"
    except (ValueError, RecursionError):
        pass
    return _show(body)


_OPENS_JSON = re.compile(r"\s*[\[{\"]")
_READ_AS_EVENTS = {"", "text/plain", "application/octet-stream"}  # where events were asked for
_EVENTS = re.compile(rb"(?:\xef\xbb\xbf)?(?:[a-z]*:[^\r\n]*[\r\n]|[\r\n])*(?:data|event):|\Z")


def _event_value(event: Any) -> tuple[Any, Any]:
    try:
        return event.event, json.loads(event.data)
    except ValueError:
        return event.event, event.data


def _note_error(error: Exception, outcome: Outcome) -> None:
    shown = [type(error).__name__, str(error)[:_LONG]]
    if isinstance(error, openai.APIError):
        shown += [
            f"{name}={_show(getattr(error, name, None))}" for name in ("body", "code", "param", "type", "message")
        ]
    exact, values = [], []
    if isinstance(error, openai.APIStatusError):
        shown.append(f"status={error.status_code}")
        if not _is_ours(error.request_id):
            shown.append(f"id={error.request_id}")
        exact.append(f"text={_show(error.response.text)}")
        values.append(f"text={_show_values(error.response.text, error.response.headers)}")
        outcome.headers = _visible(error.response.headers)
    outcome.error, outcome.error_values = (*shown, *exact), (*shown, *values)


def _visible(headers: Any) -> list[tuple[str, str]]:
    """Headers but those of the connection, and but an id that is none of the wire's."""
    pairs = [(name.lower(), value) for name, value in headers.multi_items()]
    return [
        (name, value) for name, value in pairs if name not in _HOP and not (name == "x-request-id" and _is_ours(value))
    ]


async def _read(client: Any, case: Case, outcome: Outcome) -> None:
    owner, method, given = _operation(client, case)
    if case.read == "parsed":
        await _take(await _maybe(getattr(owner, method)(**given)), case, outcome)
    elif case.read == "raw":
        raw = await _maybe(getattr(owner.with_raw_response, method)(**given))
        outcome.headers = _visible(raw.headers)
        # A connection that broke before is none that replay could break again.
        outcome.pieces.append(f"status {raw.status_code} after {raw.retries_taken}")
        outcome.values.append(f"status {raw.status_code}")
        if given.get("stream") is True:
            await _take(await _maybe(raw.parse()), case, outcome)
        else:
            outcome.add_body(raw.content, raw.headers)
            outcome.add_body(raw.text, raw.headers)
            outcome.add(await _maybe(raw.parse()))
    else:
        await _read_streaming(getattr(owner.with_streaming_response, method)(**given), case, outcome)


async def _read_streaming(manager: Any, case: Case, outcome: Outcome) -> None:
    """The body as it comes; what came before an error is part of what was seen."""
    is_async = hasattr(manager, "__aenter__")
    stack: Any = contextlib.AsyncExitStack() if is_async else contextlib.ExitStack()
    response = await stack.enter_async_context(manager) if is_async else stack.enter_context(manager)
    parts: list[Any] = []
    try:
        outcome.headers = _visible(response.headers)
        outcome.add(f"status {response.status_code}")
        reading = getattr(response, f"iter_{case.read}")()
        if is_async:
            async for part in reading:
                parts.append(part)
        else:
            for part in reading:
                parts.append(part)
    finally:
        # Where the network cut it into pieces is nobody's promise; lines are.
        whole = parts if case.read == "lines" else (b"" if case.read == "bytes" else "").join(parts)
        outcome.add_body(whole, response.headers)
        if is_async:
            await stack.aclose()
        else:
            stack.close()


async def _take(value: Any, case: Case, outcome: Outcome) -> None:
    """Note a parsed answer, or each piece of a stream."""
    if isinstance(value, openai.Stream):
        for piece in value:
            if case.stop is not None and len(outcome.pieces) >= case.stop:
                break
            outcome.add(piece)
        value.close()
    elif isinstance(value, openai.AsyncStream):
        async for piece in value:
            if case.stop is not None and len(outcome.pieces) >= case.stop:
                break
            outcome.add(piece)
        await value.close()
    else:
        outcome.add(value)


_PICTURE = ("picture.png", b"\x89PNG\r\n\x1a\nno picture")


def _operation(client: Any, case: Case) -> tuple[Any, str, dict[str, Any]]:
    """What offers it, its method's name, and the arguments; the case's number makes each request another."""
    name = f"case {case.number}"
    messages = [{"role": "user", "content": name}]
    chat = {"model": "gpt-4.1-mini", "messages": messages}
    response = {"model": "gpt-4.1-mini", "input": name}
    embedding = {"model": "text-embedding-3-small", "input": name}
    embedding |= {"encoding_format": "float"} if case.number % 2 else {}
    picture = {"model": "gpt-image-1", "prompt": name}
    speech = {"model": "tts-1", "voice": "alloy", "input": name}
    heard = {"model": "whisper-1", "file": ("a.mp3", f"ID3 {name}".encode())}
    as_text = {"response_format": "text" if case.number % 2 else "srt"}
    stream = {"stream": True}
    audio = client.audio
    operations: dict[str, tuple[Any, str, dict[str, Any]]] = {
        "chat": (client.chat.completions, "create", chat),
        "chat-stream": (client.chat.completions, "create", chat | stream),
        "responses": (client.responses, "create", response),
        "responses-stream": (client.responses, "create", response | stream),
        "embeddings": (client.embeddings, "create", embedding),
        "images": (client.images, "generate", picture),
        "images-stream": (client.images, "generate", picture | stream | {"partial_images": 1}),
        "speech": (audio.speech, "create", speech),
        "transcription": (audio.transcriptions, "create", heard),
        "transcription-text": (audio.transcriptions, "create", heard | as_text),
        "transcription-stream": (audio.transcriptions, "create", heard | {"model": "gpt-4o-transcribe"} | stream),
        "file": (client.files, "content", {"file_id": f"file-{case.number}"}),
        "models": (client.models, "list", {"extra_query": {"case": str(case.number)}}),
        "raw": (client.images, "edit", picture | {"image": _PICTURE}),
    }
    return operations[case.call]
