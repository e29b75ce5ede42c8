"""A WebSocket server on loopback that says what a test gives it, and connect() pointed at it.

def test_something(talk):
    talk.serve(recite(frames))
    client = talk.connect("record")
    with client.realtime.connect(model="gpt-realtime-2.1") as connection: ...
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.loopback import ENGINE, Wire

__all__ = ["Talk", "open_talk", "recite"]

Conversation = Callable[[ServerConnection], Awaitable[None]]
Doorkeeper = Callable[[ServerConnection, Request], Response | None]


def recite(frames: Sequence[Mapping[str, Any]], wait: float = 0.0) -> Conversation:
    """A server that says its part of a recorded session, each frame after what the client had said before it.

    wait: seconds before each of its frames. A client's frame {"from": "client", "json": ...} is only waited for.
    """

    async def converse(connection: ServerConnection) -> None:
        for frame in frames:
            if frame["from"] == "client":
                await connection.recv()
            elif "close" in frame:
                await connection.close(*frame["close"])
            else:
                await asyncio.sleep(wait)
                await connection.send(json.dumps(frame["json"]))
        await connection.wait_closed()

    return converse


class Talker:
    """seen: the path and headers of each handshake; heard: every message of every client, in the order it came."""

    def __init__(self, converse: Conversation, admit: Doorkeeper | None = None, engine: str = ENGINE):
        self.converse, self.admit = converse, admit
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.heard: list[Any] = []
        self._engine = engine
        self._loop = asyncio.new_event_loop()
        is_ready = threading.Event()
        threading.Thread(target=self._loop.run_until_complete, args=(self._serve(is_ready),), daemon=True).start()
        assert is_ready.wait(10)

    async def _serve(self, is_ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        async with serve(
            self._talk, "127.0.0.1", 0, process_request=self._admit, process_response=self._name, max_size=None
        ) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            is_ready.set()
            await self._stop.wait()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.seen.append((request.path, {name.lower(): value for name, value in request.headers.raw_items()}))
        return self.admit(connection, request) if self.admit else None

    def _name(self, connection: ServerConnection, request: Request, response: Response) -> Response:
        if self._engine:
            response.headers["x-standin-engine"] = self._engine
        return response

    async def _talk(self, connection: ServerConnection) -> None:
        receive = connection.recv

        async def note(*arguments: Any, **options: Any) -> Any:
            message = await receive(*arguments, **options)
            self.heard.append(json.loads(message))
            return message

        connection.recv = note  # type: ignore[method-assign]
        with contextlib.suppress(Exception):
            await self.converse(connection)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)


class Talk(Wire):
    """A Wire whose server talks."""

    def serve(self, converse: Conversation, admit: Doorkeeper | None = None, **options: Any) -> Talker:  # type: ignore[override]
        talker = Talker(converse, admit, **options)
        self._servers.append(talker)
        self.set(AZURE_OPENAI_ENDPOINT=talker.url, AZURE_OPENAI_API_KEY="key-of-the-tests")
        return talker


def open_talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """The `talk` fixture: `talk = pytest.fixture(open_talk)` in a module of tests."""
    talk = Talk(tmp_path / "recordings", monkeypatch)
    yield talk
    talk.close()
