"""Byte streams: recorded events at their pace, and live ones watched as they pass."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from helpers.recordings.answers import Clock, is_stream, list_times, rebuild_answer
from helpers.recordings.provenance import today
from helpers.recordings.session import Session
from helpers.recordings.streams import EventReader, play_event

__all__ = ["AsyncPlayed", "AsyncWatched", "Played", "Watch", "Watched"]


class Played(httpx2.SyncByteStream):
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


class AsyncPlayed(httpx2.AsyncByteStream):
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


class Watch:
    """Remembers who gave a live stream: at once, better when an event names the model, with its time at the end."""

    def __init__(self, session: Session, response: httpx2.Response, clock: Clock):
        self._session, self._response, self._clock = session, response, clock
        self._reader = EventReader(clock.ms) if is_stream(response) else None
        self._source = session.source_of(response, {})

    def hand_on(self, request: httpx2.Request, stream: Any) -> httpx2.Response:
        handed = rebuild_answer(request, self._response, stream)
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
        times = list_times(self._reader.events if self._reader else ())
        self._session.remember(self._headers, self._source, today(), self._clock.ms(), times)


class Watched(httpx2.SyncByteStream):
    """A live stream, passed on as it comes."""

    def __init__(self, response: httpx2.Response, watch: Watch):
        self._response, self._watch = response, watch

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._response.iter_bytes():
            self._watch.see(chunk)
            yield chunk
        self._watch.end()

    def close(self) -> None:
        self._response.close()


class AsyncWatched(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, watch: Watch):
        self._response, self._watch = response, watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_bytes():
            self._watch.see(chunk)
            yield chunk
        self._watch.end()

    async def aclose(self) -> None:
        await self._response.aclose()
