"""The transports that connect() hands to the SDK: they answer from recordings, or ask and keep what comes.

The sync and the async one differ in nothing but `await`; all that decides is in Session.
"""

import httpx2

from helpers.recordings.answers import Clock, hand_on_answer, is_stream, keep_answer, parse_body, replay_answer
from helpers.recordings.playing import AsyncPlayed, AsyncWatched, Played, Watch, Watched
from helpers.recordings.session import Session
from helpers.recordings.streams import EventReader

__all__ = ["AsyncRecordingTransport", "RecordingTransport"]


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
            return replay_answer(self._session, request, asked.key, *found, lambda events: Played(events, self._pace))
        clock = Clock()
        response = self._send(request, body)
        try:
            reader = EventReader(clock.ms) if is_stream(response) else None
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if reader:
                    reader.feed(chunk)
        finally:
            response.close()
        content = b"".join(chunks)
        return keep_answer(self._session, asked, request, response, content, reader, clock.ms())

    def _ask_live(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        clock = Clock()
        response = self._send(request, body)
        if is_stream(response) or response.headers.get("content-type", "").startswith(("audio/", "image/")):
            watch = Watch(self._session, response, clock)
            return watch.hand_on(request, Watched(response, watch))
        content = response.read()
        parsed = parse_body(response, content, None)
        return hand_on_answer(self._session, request, response, content, parsed, clock.ms())

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
            return replay_answer(
                self._session, request, asked.key, *found, lambda events: AsyncPlayed(events, self._pace)
            )
        clock = Clock()
        response = await self._send(request, body)
        try:
            reader = EventReader(clock.ms) if is_stream(response) else None
            chunks = []
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                if reader:
                    reader.feed(chunk)
        finally:
            await response.aclose()
        content = b"".join(chunks)
        return keep_answer(self._session, asked, request, response, content, reader, clock.ms())

    async def _ask_live(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        clock = Clock()
        response = await self._send(request, body)
        if is_stream(response) or response.headers.get("content-type", "").startswith(("audio/", "image/")):
            watch = Watch(self._session, response, clock)
            return watch.hand_on(request, AsyncWatched(response, watch))
        content = await response.aread()
        parsed = parse_body(response, content, None)
        return hand_on_answer(self._session, request, response, content, parsed, clock.ms())

    async def _send(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        assert self._client is not None
        return await self._client.send(self._session.outgoing(request, body), stream=True)

    async def aclose(self) -> None:
        if self._client:
            await self._client.aclose()
