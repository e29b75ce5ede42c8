"""One request being answered: what was asked, who answers, and what every part of the answer repeats."""

import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.requests import Request

from tests.standin.asking import ChatTask, perform
from tests.standin.deployments import Deployment
from tests.standin.engines import Engine
from tests.standin.front import NOTE, Front
from tests.standin.pieces import EngineRequest, Piece, ask_engine
from tests.standin.refusals import too_many
from tests.standin.toolbox import Call
from tests.standin.wire import dump_json, request_headers

__all__ = ["Answering", "Choice", "collect", "event"]


@dataclass
class Choice:
    """One choice. logprobs: an entry for each token, empty where none were asked for. thought: what nobody sees.

    pictures: items of a response's output.
    """

    text: str = ""
    finish: str = "stop"
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    thought: str = ""
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, piece: Piece) -> None:
        self.text += piece.text
        self.finish = piece.finish or self.finish
        self.logprobs += piece.logprobs or []
        self.calls += piece.calls
        self.thought += piece.thought
        if piece.drawing and piece.drawing.stage == "done":
            self.pictures.append(piece.drawing.told)


@dataclass
class Answering:
    """requests: what the engine is asked, one for each choice. prompt_tokens, limit: tokens. note: see front.NOTE.

    reader: who read the pictures of the request, "" where there are none; pictures: how many. others: who else took
    part: who heard, who speaks. sound_tokens: of the prompt, None for a model without sound; spoken_tokens: of answers.

    Making one charges the deployment's limits per minute; raises ServiceError 429 where they are used up.
    """

    front: Front
    deployment: Deployment
    operation: str
    api_version: str | None
    requests: Sequence[EngineRequest | ChatTask]
    prompt_tokens: int
    limit: int
    id: str
    created: int = field(default_factory=lambda: int(time.time()))
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    note: str = ""
    reader: str = ""
    pictures: int = 0
    others: Sequence[str] = ()
    sound_tokens: int | None = None
    spoken_tokens: int = 0
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        name = self.deployment.name
        estimate = self.prompt_tokens + self.limit * len(self.requests)
        counted, refused = self.front.meter.charge(name, estimate)
        if refused:
            headers = {**counted, **refused.headers(), "x-ms-deployment-name": name}
            raise too_many(refused.what, self.operation, name, self.api_version, math.ceil(refused.seconds), headers)
        self.headers = {**request_headers(), **counted, "x-ms-deployment-name": name}
        if self.note:
            self.headers[NOTE] = self.note

    @property
    def label(self) -> str:
        label = self.deployment.engine.label
        others = [one for one in (self.reader, *self.others) if one and one != label]
        return f"{label} with {' and '.join(others)}" if others else label

    async def pieces(self) -> AsyncIterator[tuple[int, Piece]]:
        """(choice, piece) in order. One choice after the other: small engines answer one at a time anyway."""
        for choice, request in enumerate(self.requests):
            asking = perform(request, self._ask) if isinstance(request, ChatTask) else self._ask(request)
            async with aclosing(asking) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    self.completion_tokens += piece.tokens or 0
                    self.reasoning_tokens += (piece.tokens or 0) if piece.hidden else 0
                    yield choice, piece

    def _ask(self, request: EngineRequest) -> AsyncIterator[Piece]:
        return ask_engine(self.front.http, cast(Engine, self.deployment.engine), request)

    def usage(self) -> dict[str, Any]:
        """completion_tokens are the text's until here; those of its sound are counted beside them."""
        completion = self.completion_tokens + self.spoken_tokens
        told: dict[str, Any] = {
            "completion_tokens": completion,
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": self.spoken_tokens,
                "reasoning_tokens": self.reasoning_tokens,
                "rejected_prediction_tokens": 0,
            },
            "prompt_tokens": self.prompt_tokens,
            "prompt_tokens_details": {"audio_tokens": self.sound_tokens or 0, "cached_tokens": 0},
            "total_tokens": self.prompt_tokens + completion,
        }
        if self.sound_tokens is not None:
            told["completion_tokens_details"]["text_tokens"] = self.completion_tokens
            told["prompt_tokens_details"] |= {"image_tokens": 0, "text_tokens": self.prompt_tokens - self.sound_tokens}
        return told


async def collect(answering: Answering, request: Request) -> list[Choice] | None:
    """All choices, whole; None when the client has left: nobody reads them, and the engine is needed by the next."""
    choices = [Choice() for _ in answering.requests]
    async with aclosing(answering.pieces()) as pieces:  # type: ignore[type-var]
        async for number, piece in pieces:
            choices[number].add(piece)
            if await request.is_disconnected():
                return None
    return choices


def event(data: dict[str, Any], name: str | None = None) -> bytes:
    """One server-sent event; chat gives its events no name."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + dump_json(data) + b"\n\n"
