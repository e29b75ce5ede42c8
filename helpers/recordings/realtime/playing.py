"""A recorded session, played: each frame of the service's when the client has sent what it had sent before it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.recordings.frames import put_back_frames, read_message
from helpers.recordings.realtime.matching import Choice, Sent, Take
from helpers.recordings.realtime.noting import Notes
from helpers.recordings.realtime.wire import Wire
from helpers.recordings.streams import dump_json

__all__ = ["Player"]

_OPENING_S, _MOST_OPENING_S = 0.03, 0.3
_LONGEST_MS = 1_400  # with the opening, and the time that a client takes, below two seconds


@dataclass
class Player:
    """One client's session. play() returns whether it came to its end; False where nothing fits any more.

    read: a sidecar's bytes. begin: is told of each take that is played, and gives its notes. told: how many frames the
    client was given; answered: whether one of them answered what it had sent; heard: all that it has sent.
    """

    wire: Wire
    choice: Choice
    pace: float
    read: Callable[[Mapping[str, Any]], bytes]
    begin: Callable[[Take], Notes]
    told: int = 0
    answered: bool = False
    heard: list[str | bytes] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_at: float = 0.0
    _is_closed: bool = False
    _end: tuple[int, str] | None = None  # with which the service closed
    _kinds: list[Any] = field(default_factory=list)

    async def play(self) -> bool:
        listening = asyncio.create_task(self._listen())
        try:
            is_whole = await self._play()
        finally:
            listening.cancel()
            await asyncio.wait([listening])
        if self._end:
            await self.wire.close(*self._end)
        return is_whole

    async def _listen(self) -> None:
        while self.choice.take and (message := await self.wire.receive()) is not None:
            event = read_message(message)
            self.heard.append(message)
            self.sent.add(event)
            self.choice.hear(event)
            self._heard_at = time.perf_counter()
            self._news.set()
        self._is_closed = self.choice.take is not None
        self._news.set()

    async def _play(self) -> bool:
        take: Take | None = None
        notes: Notes | None = None
        frames: list[dict[str, Any]] = []
        place, ready = 0, time.perf_counter()
        due: float | None = None
        await self._wait_for_opening()
        try:
            while self.choice.take:
                if self.choice.take is not take:
                    take = self.choice.take
                    frames = put_back_frames(take.frames, self.read)
                    place, due = self._find_place(frames), None
                    notes = self.begin(take)
                assert notes is not None
                if place >= min(len(frames), self.choice.waits_at) or _is_clients_end(frames[place]):
                    if self._is_closed:
                        return True
                    await self._wait_for_news()
                    continue
                frame = frames[place]
                if frame["from"] == "client":
                    notes.hear(frame["ms"], frame.get("json", {}))
                    ready, place = max(ready, self._heard_at), place + 1
                    continue
                due = ready + self._pause(frames, place) if due is None else due
                if (left := due - time.perf_counter()) > 0.001 and not self._is_closed:
                    await self._wait_for_news(left)
                    continue
                ready, due, place = due, None, place + 1
                if "close" in frame:
                    self._end = frame["close"]["code"], frame["close"]["reason"]
                    return True
                await self._say(frame, notes)
            return False
        finally:
            if notes and self.choice.take:  # a session that was never recorded is no call
                notes.end()

    async def _wait_for_opening(self) -> None:
        """What most clients send at once tells which session they want to have, greeting and all."""
        end = time.perf_counter() + _MOST_OPENING_S
        while self.choice.is_open and time.perf_counter() < end and await self._wait_for_news(_OPENING_S):
            pass

    async def _wait_for_news(self, seconds: float | None = None) -> bool:
        """Until the client has sent something, or has closed. seconds: no longer than that. Returns whether it has."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._news.wait()
        return False

    def _pause(self, frames: list[dict[str, Any]], place: int) -> float:
        """Seconds between this frame and the one before it, as they are played.

        A long session takes 1.4 s in all, for a cell that reads it to its end shows nothing meanwhile. Times that are
        looked up stay the recorded ones.
        """
        before = frames[place - 1]["ms"] if place else 0
        whole = frames[-1]["ms"] * self.pace  # they stand in their order
        share = min(1.0, _LONGEST_MS / whole) if whole else 0.0
        return (frames[place]["ms"] - before) * self.pace * share / 1000

    async def _say(self, frame: Mapping[str, Any], notes: Notes) -> None:
        event = frame.get("json", {})
        notes.see(frame["ms"], event)
        self.told += 1
        self.answered = self.answered or self.choice.heard > 0
        self._kinds.append(event.get("type"))
        if not self._is_closed:  # who has left is sent nothing; that it came is counted as it was
            await self.wire.send(dump_json(event) if "json" in frame else frame["text"])

    def _find_place(self, frames: list[dict[str, Any]]) -> int:
        """Where another take goes on: after as many frames of the service's as the client was given, where they are of
        the same kinds, else with what answers what was heard last."""
        said = [place for place, frame in enumerate(frames) if frame["from"] == "server" and "close" not in frame]
        kinds = [frames[place].get("json", {}).get("type") for place in said[: self.told]]
        if kinds == self._kinds:
            return said[self.told - 1] + 1 if self.told else 0
        heard = [place for place, frame in enumerate(frames) if frame["from"] == "client" and "open" not in frame]
        return heard[max(0, self.choice.heard - 1)]


def _is_clients_end(frame: Mapping[str, Any]) -> bool:
    return frame["from"] == "client" and "close" in frame
