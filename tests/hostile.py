"""Asking a server that means no good: one call of a client, sync or async, and what came of it, in plain values."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openai

from helpers.errors import CourseError
from tests.loopback import Wire
from tests.raw_server import AskedRaw, RawServer, Reply

__all__ = ["CALLS", "DATED", "KEY", "Came", "ask", "connect_to", "make_plain", "serve_raw"]

KEY = "key-of-the-tests"  # as Wire sets it
DATED = "2024-10-21"
_SOUND = ("a.mp3", b"ID3 some sound")
_MESSAGES: Any = [{"role": "user", "content": "Say something."}]

CALLS: dict[str, Callable[..., Any]] = {
    "GET": lambda client, **more: client.models.list(**more),
    "POST": lambda client, **more: client.chat.completions.create(model="m", messages=_MESSAGES, **more),
    "multipart": lambda client, **more: client.audio.transcriptions.create(model="m", file=_SOUND, **more),
    "stream": lambda client, **more: client.chat.completions.create(model="m", messages=_MESSAGES, stream=True, **more),
    "speech": lambda client, **more: client.audio.speech.create(model="m", voice="alloy", input="Speak.", **more),
}


@dataclass
class Came:
    """pieces: what was read. error: its class and status, or None. seconds: how long all took. given: the SDK's own."""

    pieces: list[Any]
    error: tuple[str, int | None] | None
    seconds: float
    given: Any = None
    told: str = ""

    @property
    def seen(self) -> tuple[list[Any], tuple[str, int | None] | None]:
        return self.pieces, self.error


def ask(make: Callable[[], Any], call: Callable[[Any], Any], *, stop: int | None = None) -> Came:
    """Make a client, ask it once, close it. stop: pieces of a stream after which the reader leaves."""
    start = time.perf_counter()
    came = Came([], None, 0.0)
    try:
        asyncio.run(_ask(make(), call, came, stop))
    except (openai.OpenAIError, CourseError) as error:
        came.error = (type(error).__name__, getattr(error, "status_code", None))
        came.told = str(error)
    came.seconds = time.perf_counter() - start
    return came


async def _ask(client: Any, call: Callable[[Any], Any], came: Came, stop: int | None) -> None:
    is_async = isinstance(client, openai.AsyncOpenAI)
    try:
        came.given = value = await call(client) if is_async else call(client)
        if isinstance(value, openai.AsyncStream):
            async for piece in value:
                came.pieces.append(piece.model_dump())
                if len(came.pieces) == stop:
                    break
            await value.close()
        elif isinstance(value, openai.Stream):
            for piece in value:
                came.pieces.append(piece.model_dump())
                if len(came.pieces) == stop:
                    break
            value.close()
        else:
            came.pieces.append(value.model_dump() if hasattr(value, "model_dump") else getattr(value, "content", value))
    finally:
        await client.close() if is_async else client.close()


def make_plain(endpoint: str, *, dated: bool = False, is_async: bool = False, **more: Any) -> Callable[[], Any]:
    """Makes the SDK's own client of this endpoint, which asks once."""
    more = {"max_retries": 0, "api_key": KEY} | more
    if dated:
        azure = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
        return lambda: azure(azure_endpoint=endpoint, api_version=DATED, **more)
    plain = openai.AsyncOpenAI if is_async else openai.OpenAI
    return lambda: plain(base_url=f"{endpoint}/openai/v1/", **more)


def connect_to(
    wire: Wire, mode: str, *, dated: bool = False, is_async: bool = False, **options: Any
) -> Callable[[], Any]:
    """Makes the course's client in this mode, which asks once. options: of the SDK's with_options."""
    connect = wire.connect_async if is_async else wire.connect
    return lambda: connect(mode, DATED if dated else None).with_options(**{"max_retries": 0} | options)


def serve_raw(wire: Wire, reply: Callable[[AskedRaw], Reply]) -> RawServer:
    """A server that sends what it is given, as the endpoint of this wire."""
    server = RawServer(reply)
    wire.set(AZURE_OPENAI_ENDPOINT=server.url, AZURE_OPENAI_API_KEY=KEY)
    return server
