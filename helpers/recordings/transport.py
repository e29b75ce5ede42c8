"""The transports that connect() hands to the SDK: they answer from recordings, or ask and keep what comes.

The sync and the async one differ in nothing but `await`; all that decides is in Session.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx2

from helpers.recordings.exchange import Asked
from helpers.recordings.payloads import dump_with_payloads, put_back_payloads
from helpers.recordings.provenance import today
from helpers.recordings.session import Session
from helpers.recordings.streams import EventReader, play_event

__all__ = ["AsyncRecordingTransport", "RecordingTransport"]

_LONGEST_WAIT_S = 120  # the SDK retries no answer that asks for more; such an answer must stay as it is
_HOP_HEADERS = {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}


class RecordingTransport(httpx2.BaseTransport):
    """pace: times the recorded pace at which streams are played; 0 plays them at once. client: asks the service."""

    def __init__(self, session: Session, pace: float, client: httpx2.Client | None):
        self._session, self._pace, self._client = session, pace, client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        if self._session.mode == "live":
            return self._ask_live(request, body)
        asked = self._session.describe(request, body)
        found = self._session.find(asked)
        if found:
            return _replay(self._session, request, asked.key, *found, lambda events: _Played(events, self._pace))
        clock = _Clock()
        response = self._send(request, body)
        try:
            reader = EventReader(clock.ms) if _is_stream(response) else None
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if reader:
                    reader.feed(chunk)
        finally:
            response.close()
        content = b"".join(chunks)
        return _keep(self._session, asked, request, response, content, reader, clock.ms())

    def _ask_live(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        clock = _Clock()
        response = self._send(request, body)
        if _is_stream(response) or response.headers.get("content-type", "").startswith(("audio/", "image/")):
            watch = _Watch(self._session, response, clock)
            return watch.hand_on(request, _Watched(response, watch))
        content = response.read()
        handed = _rebuild(request, response, content)
        source = self._session.source_of(response, _body_of(response, content, None))
        self._session.remember(handed.headers, source, today(), clock.ms())
        return handed

    def _send(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        assert self._client is not None  # connect() gives one in the modes that ask
        return self._client.send(self._session.outgoing(request, body), stream=True)

    def close(self) -> None:
        if self._client:
            self._client.close()


class AsyncRecordingTransport(httpx2.AsyncBaseTransport):
    """The async twin of RecordingTransport."""

    def __init__(self, session: Session, pace: float, client: httpx2.AsyncClient | None):
        self._session, self._pace, self._client = session, pace, client

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        if self._session.mode == "live":
            return await self._ask_live(request, body)
        asked = self._session.describe(request, body)
        found = self._session.find(asked)
        if found:
            return _replay(self._session, request, asked.key, *found, lambda events: _AsyncPlayed(events, self._pace))
        clock = _Clock()
        response = await self._send(request, body)
        try:
            reader = EventReader(clock.ms) if _is_stream(response) else None
            chunks = []
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                if reader:
                    reader.feed(chunk)
        finally:
            await response.aclose()
        content = b"".join(chunks)
        return _keep(self._session, asked, request, response, content, reader, clock.ms())

    async def _ask_live(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        clock = _Clock()
        response = await self._send(request, body)
        if _is_stream(response) or response.headers.get("content-type", "").startswith(("audio/", "image/")):
            watch = _Watch(self._session, response, clock)
            return watch.hand_on(request, _AsyncWatched(response, watch))
        content = await response.aread()
        handed = _rebuild(request, response, content)
        source = self._session.source_of(response, _body_of(response, content, None))
        self._session.remember(handed.headers, source, today(), clock.ms())
        return handed

    async def _send(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        assert self._client is not None
        return await self._client.send(self._session.outgoing(request, body), stream=True)

    async def aclose(self) -> None:
        if self._client:
            await self._client.aclose()


class _Clock:
    def __init__(self) -> None:
        self._start = time.perf_counter()

    def ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000


def _is_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").startswith("text/event-stream")


def _body_of(response: httpx2.Response, content: bytes, reader: EventReader | None) -> dict[str, Any]:
    """The body as it is recorded: {"events"}, {"json"}, {"text"} or {"content"}."""
    if reader:
        return {"events": reader.events}
    content_type = response.headers.get("content-type", "")
    if "json" in content_type:
        try:
            return {"json": json.loads(content)}
        except (ValueError, RecursionError):
            pass  # a gateway's error page under the wrong type: kept as the text it is
    if content_type.startswith(("audio/", "image/", "video/")) and content:
        return {"content": content}
    # A downloaded file is text more often than not, whatever its type says; only as text can it be cleaned.
    is_text = content_type.startswith("text/") or b"\0" not in content
    try:
        text = content.decode("utf-8", "surrogateescape" if content_type.startswith("text/") else "strict")
    except UnicodeDecodeError:
        is_text = False
    return {"text": text} if is_text else {"content": content}


def _keep(
    session: Session,
    asked: Asked,
    request: httpx2.Request,
    response: httpx2.Response,
    content: bytes,
    reader: EventReader | None,
    elapsed_ms: float,
) -> httpx2.Response:
    """Record the answer, and hand on what came."""
    body = _body_of(response, content, reader)
    session.keep(asked, request, response, content, body, elapsed_ms)
    handed = _rebuild(request, response, content)
    source = session.source_of(response, body)
    session.remember(handed.headers, source, today(), elapsed_ms, _times(reader.events if reader else ()))
    return handed


def _times(events: Sequence[list[Any]]) -> tuple[int, ...]:
    return tuple(event[0] for event in events)


def _replay(
    session: Session,
    request: httpx2.Request,
    key: str,
    index: int,
    answer: Mapping[str, Any],
    play: Callable[[list[Any]], Any],
) -> httpx2.Response:
    """The recorded answer; play: makes the byte stream of a recorded stream's events."""
    headers = httpx2.Headers(answer.get("headers", {}))
    if _lacks_id(answer["status"], headers):
        headers["x-request-id"] = f"recorded-{session.store.folder.name}-{key}-{index}"
    if _is_retried(answer["status"], headers) and _retry_after_s(headers) <= _LONGEST_WAIT_S:
        headers["retry-after-ms"] = "1"  # the SDK's own retries run, without its waiting
    session.remember(
        headers,
        answer.get("source", {}),
        answer.get("recorded_on", ""),
        answer.get("elapsed_ms"),
        _times(answer.get("events", ())),
    )
    given: dict[str, Any] = {}
    if "json" in answer:
        given["content"] = dump_with_payloads(answer["json"], session.store.read_file)
    elif "events" in answer:
        given["stream"] = play(put_back_payloads(answer["events"], session.store.read_file))
    elif "file" in answer:
        given["content"] = session.store.read_file(answer["file"])
    else:
        given["content"] = answer["text"].encode("utf-8", "surrogateescape")
    return httpx2.Response(answer["status"], headers=headers, request=request, **given)


def _lacks_id(status: int, headers: httpx2.Headers) -> bool:
    """Whether an answer needs a request id of ours, since time and source are looked up by it.

    Of an error every header is at hand, so Azure's other id will do, and `error.request_id` stays as Azure left it.
    """
    return "x-request-id" not in headers and not (status >= 400 and "apim-request-id" in headers)


def _is_retried(status: int, headers: httpx2.Headers) -> bool:
    """Whether the SDK asks again after such an answer, and so waits."""
    return status in {408, 409, 429} or status >= 500 or headers.get("x-should-retry") == "true"


def _retry_after_s(headers: httpx2.Headers) -> float:
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[name]) / per_second
        except (KeyError, ValueError):
            continue
    return 0  # none, or a date, which lies in the past by the time it is replayed


def _rebuild(request: httpx2.Request, response: httpx2.Response, content: Any) -> httpx2.Response:
    """The same answer over content that was decoded, with a request id in any case."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _HOP_HEADERS]
    if _lacks_id(response.status_code, response.headers):
        headers.append(("x-request-id", f"asked-{time.time_ns()}"))
    given = {"content": content} if isinstance(content, bytes) else {"stream": content}
    return httpx2.Response(response.status_code, headers=headers, request=request, **given)


class _Played(httpx2.SyncByteStream):
    def __init__(self, events: list[Any], pace: float):
        self._events, self._pace = events, pace

    def __iter__(self) -> Iterator[bytes]:
        if not self._pace:
            yield b"".join(map(play_event, self._events))
            return
        start = time.perf_counter()
        for event in self._events:
            time.sleep(max(0.0, event[0] / 1000 * self._pace - (time.perf_counter() - start)))
            yield play_event(event)


class _AsyncPlayed(httpx2.AsyncByteStream):
    def __init__(self, events: list[Any], pace: float):
        self._events, self._pace = events, pace

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._pace:
            yield b"".join(map(play_event, self._events))
            return
        start = time.perf_counter()
        for event in self._events:
            await asyncio.sleep(max(0.0, event[0] / 1000 * self._pace - (time.perf_counter() - start)))
            yield play_event(event)


class _Watch:
    """Remembers who gave a live stream: at once, better when an event names the model, with its time at the end."""

    def __init__(self, session: Session, response: httpx2.Response, clock: _Clock):
        self._session, self._response, self._clock = session, response, clock
        self._reader = EventReader(clock.ms) if _is_stream(response) else None
        self._source = session.source_of(response, {})

    def hand_on(self, request: httpx2.Request, stream: Any) -> httpx2.Response:
        handed = _rebuild(request, self._response, stream)
        self._headers = handed.headers
        self._session.remember(self._headers, self._source, today(), None)
        return handed

    def see(self, chunk: bytes) -> None:
        if self._reader:
            self._reader.feed(chunk)
            if not self._source["engine"]:
                self._source = self._session.source_of(self._response, {"events": self._reader.events})
                self._session.remember(self._headers, self._source, today(), None)
        if b"data: [DONE]" in chunk:  # where the SDK stops reading
            self.end()

    def end(self) -> None:
        times = _times(self._reader.events if self._reader else ())
        self._session.remember(self._headers, self._source, today(), self._clock.ms(), times)


class _Watched(httpx2.SyncByteStream):
    """A live stream, passed on as it comes."""

    def __init__(self, response: httpx2.Response, watch: _Watch):
        self._response, self._watch = response, watch

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._response.iter_bytes():
            self._watch.see(chunk)
            yield chunk
        self._watch.end()

    def close(self) -> None:
        self._response.close()


class _AsyncWatched(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, watch: _Watch):
        self._response, self._watch = response, watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_bytes():
            self._watch.see(chunk)
            yield chunk
        self._watch.end()

    async def aclose(self) -> None:
        await self._response.aclose()
