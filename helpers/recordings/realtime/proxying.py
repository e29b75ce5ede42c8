"""A session with the service: passed both ways unchanged and at once, and written down."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from helpers.recordings.frames import describe_event, read_message, sound_of
from helpers.recordings.intake import Clock
from helpers.recordings.realtime.matching import Sent, describe_sound, key_of_event
from helpers.recordings.realtime.noting import Notes
from helpers.recordings.realtime.wire import Wire
from helpers.recordings.redaction import Redactor

__all__ = ["Script", "ask", "pass_on"]

_ABNORMAL = 1006
_NOT_PASSED = ("host", "connection", "upgrade", "content-length", "sec-websocket-")


class _Connect(connect):
    """As the SDK's: a redirect is for whoever asked to follow, with what they want to send there."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def ask(request: httpx2.Request) -> ClientConnection:
    """A connection to the service. Raises InvalidStatus where it refuses, OSError where nobody is there."""
    headers = [(name, value) for name, value in request.headers.multi_items() if not name.startswith(_NOT_PASSED)]
    url = request.url.copy_with(scheme={"http": "ws", "https": "wss"}[request.url.scheme])
    return await _Connect(
        str(url), user_agent_header=None, additional_headers=headers, max_size=None, compression=None, max_queue=None
    )


class Script:
    """What came in a session, in its order, with the milliseconds since it was opened."""

    def __init__(self, number: int) -> None:
        self.clock = Clock()
        self.sent = Sent()
        self._frames: list[dict[str, Any]] = [{"ms": 0, "from": "client", "open": number}]
        self._sound = bytearray()
        self._pieces = 0

    @property
    def ms(self) -> int:
        return round(self.clock.ms())

    def hear(self, event: Mapping[str, Any]) -> None:
        """The client's event; its sound is joined, as long as nothing comes between."""
        self.sent.add(event)
        sound = sound_of(event)
        if sound is None:
            self._end_sound()
            self._frames.append({"ms": self.ms, "from": "client", **_told(event)})
            return
        self._sound += sound
        self._pieces += 1
        if self._pieces == 1:
            self._frames.append({})
        self._frames[-1] = {"ms": self.ms}

    def see(self, event: Mapping[str, Any]) -> int:
        """The service's event; when it came."""
        self._end_sound()
        ms = self.ms
        self._frames.append({"ms": ms, "from": "server", **_told(event)})
        return ms

    def end(self, by: str, code: int, reason: str) -> None:
        self._end_sound()
        self._frames.append({"ms": self.ms, "from": by, "close": {"code": code, "reason": reason}})

    def _end_sound(self) -> None:
        if self._pieces:
            event = {"type": "input_audio_buffer.append", "audio": describe_sound(self._sound)}
            self._frames[-1] |= {"from": "client", "json": event, "pieces": self._pieces}
            self._sound, self._pieces = bytearray(), 0

    @property
    def ended(self) -> tuple[str, int, str]:
        """Who ended it, with which code and reason."""
        close = self._frames[-1]["close"]
        return self._frames[-1]["from"], close["code"], close["reason"]

    def list_frames(self, redactor: Redactor) -> list[dict[str, Any]]:
        """After end(). What a client sent is described; where cleaning changes it, its key stands beside."""
        frames = []
        for frame in self._frames:
            if frame["from"] == "client" and "json" in frame and "pieces" not in frame:
                event = describe_event(frame["json"])
                key = key_of_event(event)
                is_changed = key_of_event(redactor.value(event)) != key
                frame = {**frame, "json": event, **({"key": key} if is_changed else {})}
            frames.append(frame)
        return frames


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": event["text"]} if event.keys() == {"text"} else {"json": dict(event)}


async def pass_on(
    wire: Wire,
    service: ClientConnection,
    script: Script,
    notes: Notes,
    rename: Callable[[str | bytes], str | bytes],
    heard: Sequence[str | bytes],
    told: int,
) -> None:
    """Until one of the two ends it. rename: a message as it leaves. heard: what the client has sent already.

    told: how many events the client was given already, before it sent anything.
    """

    async def listen() -> tuple[str, int, str]:
        for earlier in heard:
            await forward(earlier)
        while (message := await wire.receive()) is not None:
            await forward(message)
        return "client", *wire.closed_with

    async def forward(message: str | bytes) -> None:
        event = read_message(message)
        script.hear(event)
        notes.hear(script.ms, event)
        await service.send(rename(message))

    async def answer() -> tuple[str, int, str]:
        count = 0
        with contextlib.suppress(ConnectionClosed):
            async for message in service:
                event = read_message(message)
                notes.see(script.see(event), event)
                count += 1
                if count > told:
                    await wire.send(message)
        return "server", service.close_code or _ABNORMAL, service.close_reason or ""

    tasks = [asyncio.create_task(listen()), asyncio.create_task(answer())]
    by, code, reason = "client", _ABNORMAL, ""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = tasks[1] if tasks[1].done() else tasks[0]
        if ended is tasks[0] and ended.exception():  # it could not be sent, since the service is gone
            ended = tasks[1]
        by, code, reason = await ended
    finally:
        for task in tasks:
            task.cancel()
        script.end(by, code, reason)
        notes.end()
    await asyncio.wait(tasks)
