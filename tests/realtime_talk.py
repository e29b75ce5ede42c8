"""What tests say in realtime sessions: sounds computed here, and a connection that collects its events."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import openai

from tests.standin import Standin

__all__ = ["Talk", "beep", "dated_client", "ga_client", "silence", "start_talk"]

RATE = 24_000
_PIECE = 4_800  # bytes: 100 ms


def beep(seconds: float, level: float = 0.2, rate: int = RATE) -> bytes:
    """A tone, which is speech to who goes by loudness: pcm16."""
    at = np.arange(round(seconds * rate))
    return bytes((level * np.sin(2 * np.pi * 220 * at / rate) * 32_767).astype("<i2").tobytes())


def silence(seconds: float, rate: int = RATE) -> bytes:
    return b"\0\0" * round(seconds * rate)


def ga_client(standin: Standin, key: str | None = None) -> openai.OpenAI:
    socket = standin.endpoint.replace("http:", "ws:")
    return openai.OpenAI(
        base_url=f"{standin.endpoint}/openai/v1/", api_key=key or standin.key, max_retries=0,
        websocket_base_url=f"{socket}/openai/v1",
    )  # fmt: skip


def dated_client(standin: Standin) -> openai.AzureOpenAI:
    socket = standin.endpoint.replace("http:", "ws:")
    return openai.AzureOpenAI(
        azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2025-04-01-preview", max_retries=0,
        websocket_base_url=f"{socket}/openai",
    )  # fmt: skip


class Talk:
    """A connection of the SDK's, and what came over it. seen: all events, as JSON."""

    def __init__(self, connection: Any):
        self.connection = connection
        self.seen: list[dict[str, Any]] = []

    def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The events to the first of one of these kinds."""
        came: list[dict[str, Any]] = []
        while not came or came[-1]["type"] not in kinds:
            data = self.connection.recv_bytes()
            came.append(json.loads(data))
            assert self.connection.parse_event(data).type == came[-1]["type"]
            self.seen.append(came[-1])
        return came

    def last(self, *kinds: str) -> dict[str, Any]:
        return self.until(*kinds)[-1]

    def send(self, kind: str, **event: Any) -> None:
        self.connection.send({"type": kind, **event})

    def set(self, **session: Any) -> dict[str, Any]:
        """Set the session and wait; its answer: a session, or the error."""
        self.connection.session.update(session=session)
        came = self.last("session.updated", "error")
        told: dict[str, Any] = came["session" if came["type"] == "session.updated" else "error"]
        return told

    def append(self, sound: bytes, piece: int = _PIECE) -> None:
        for start in range(0, len(sound), piece):
            coded = base64.b64encode(sound[start : start + piece]).decode()
            self.connection.input_audio_buffer.append(audio=coded)

    def ask(self, text: str) -> list[dict[str, Any]]:
        """A text turn; its events to the end of the answer."""
        self.say(text)
        self.connection.response.create()
        return self.until("response.done", "error")

    def say(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        self.connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})


@contextmanager
def start_talk(client: Any, model: str = "gpt-realtime-2.1", **session: Any) -> Iterator[Talk]:
    """A session, after session.created and, where `session` says something, after session.updated."""
    with client.realtime.connect(model=model) as connection:
        talk = Talk(connection)
        talk.until("session.created")
        if session:
            told = talk.set(**session)
            assert "code" not in told, told
        yield talk
