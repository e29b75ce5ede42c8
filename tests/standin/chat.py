"""Chat completions, in the dated form (the deployment in the path) and in the v1 form (in the body)."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.standin.checking import check_chat
from tests.standin.deployments import Deployment
from tests.standin.front import Front, read_body, require_api_version
from tests.standin.pieces import Piece, ask_engine
from tests.standin.wire import (
    REGION,
    ServiceError,
    bad_request,
    dump_json,
    filter_completion,
    filter_prompt,
    json_response,
    make_id,
    not_for_chat,
    request_headers,
)

__all__ = ["ROUTES"]


async def complete_dated(request: Request) -> Response:
    require_api_version(request)
    deployment = request.app.state.front.find_deployment(request.path_params["deployment"])
    return await _complete(request, deployment, await read_body(request))


async def complete_v1(request: Request) -> Response:
    body = await read_body(request)
    name = body.get("model")
    if not isinstance(name, str):
        raise bad_request("Missing required parameter: 'model'.", "model", "missing_required_parameter")
    return await _complete(request, request.app.state.front.find_deployment(name), body)


ROUTES = [
    Route("/openai/deployments/{deployment}/chat/completions", complete_dated, methods=["POST"]),
    Route("/openai/v1/chat/completions", complete_v1, methods=["POST"]),
]


@dataclass
class _Answer:
    """One request being answered: what was asked, and what every part of the answer repeats."""

    front: Front
    deployment: Deployment
    asked: dict[str, Any]
    prompt_tokens: int
    id: str = field(default_factory=lambda: make_id("chatcmpl"))
    created: int = field(default_factory=lambda: int(time.time()))
    completion_tokens: int = 0

    @property
    def n(self) -> int:
        return self.asked.get("n", 1)

    async def pieces(self) -> AsyncIterator[tuple[int, Piece]]:
        """(choice, piece) in order. One choice after the other: small engines answer one at a time anyway."""
        for choice in range(self.n):
            asking = ask_engine(self.front.http, self.deployment.engine, self.asked, choice)
            async with aclosing(asking) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    self.completion_tokens += piece.tokens or 0
                    yield choice, piece

    def usage(self) -> dict[str, Any]:
        return {
            "completion_tokens": self.completion_tokens,
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": 0,
                "reasoning_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            "prompt_tokens": self.prompt_tokens,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }

    def headers(self) -> dict[str, str]:
        limit = self.asked.get("max_completion_tokens") or self.asked.get("max_tokens") or 0
        return {
            **request_headers(),
            **self.front.meter.charge(self.deployment.name, self.prompt_tokens + limit * self.n),
            "x-ms-deployment-name": self.deployment.name,
        }


async def _complete(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    front: Front = request.app.state.front
    if not deployment.chats:
        raise not_for_chat(deployment.model)
    asked = check_chat(body)
    prompt_tokens = front.count_prompt(asked["messages"], deployment.encoding, deployment.opening)
    answer = _Answer(front, deployment, asked, prompt_tokens)
    if asked.get("stream"):
        return await _stream(answer)
    return await _collect(answer, request)


async def _collect(answer: _Answer, request: Request) -> Response:
    texts, finishes = [""] * answer.n, ["stop"] * answer.n
    logprobs: list[list[dict[str, Any]]] = [[] for _ in range(answer.n)]
    async with aclosing(answer.pieces()) as pieces:  # type: ignore[type-var]
        async for choice, piece in pieces:
            texts[choice] += piece.text
            finishes[choice] = piece.finish or finishes[choice]
            logprobs[choice] += piece.logprobs or []
            if await request.is_disconnected():
                return Response()  # nobody reads it, and the engine is needed by the next one
    body = {
        "choices": [
            {
                "content_filter_results": filter_completion(texts[i]),
                "finish_reason": finishes[i],
                "index": i,
                "logprobs": _logprobs(logprobs[i]) if answer.asked.get("logprobs") else None,
                "message": {"annotations": [], "content": texts[i], "refusal": None, "role": "assistant"},
            }
            for i in range(answer.n)
        ],
        "created": answer.created,
        "id": answer.id,
        "model": answer.deployment.engine.label,
        "object": "chat.completion",
        "prompt_filter_results": filter_prompt(),
        "system_fingerprint": None,
        "usage": answer.usage(),
    }
    return json_response(body, headers=answer.headers(), engine=answer.deployment.engine.label)


async def _stream(answer: _Answer) -> Response:
    pieces = answer.pieces()
    first = await anext(pieces)  # before the status is sent, so that a lost engine is a 503 and not a broken stream
    headers = {
        **answer.headers(),
        "x-standin-engine": answer.deployment.engine.label,
        "x-ms-region": REGION,
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache, must-revalidate",
    }
    return StreamingResponse(_events(answer, first, pieces), 200, headers, media_type="text/event-stream")


async def _events(
    answer: _Answer, first: tuple[int, Piece], pieces: AsyncIterator[tuple[int, Piece]]
) -> AsyncIterator[bytes]:
    opening = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    yield _event(opening | {"prompt_filter_results": filter_prompt()})
    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            begun: set[int] = set()
            current: tuple[int, Piece] | None = first
            while current:
                choice, piece = current
                if choice not in begun:
                    begun.add(choice)
                    yield _chunk(answer, choice, {"content": "", "role": "assistant"})
                if piece.text:
                    yield _chunk(answer, choice, {"content": piece.text}, logprobs=piece.logprobs)
                if piece.finish:
                    yield _chunk(answer, choice, {}, finish=piece.finish)
                current = await anext(pieces, None)
    except ServiceError as error:  # the status is sent already: the service too puts an error into the stream
        yield _event({"error": error.error})
        return
    if _wants_usage(answer):
        yield _event({"choices": [], **_envelope(answer), "usage": answer.usage()})
    yield b"data: [DONE]\n\n"


def _chunk(
    answer: _Answer,
    choice: int,
    delta: dict[str, Any],
    finish: str | None = None,
    logprobs: list[dict[str, Any]] | None = None,
) -> bytes:
    return _event(
        {
            "choices": [
                {
                    "content_filter_results": filter_completion(delta.get("content", ""), streamed=True),
                    "delta": delta,
                    "finish_reason": finish,
                    "index": choice,
                    "logprobs": _logprobs(logprobs) if logprobs else None,
                }
            ],
            **_envelope(answer),
            **({"usage": None} if _wants_usage(answer) else {}),
        }
    )


def _envelope(answer: _Answer) -> dict[str, Any]:
    return {
        "created": answer.created,
        "id": answer.id,
        "model": answer.deployment.engine.label,
        "object": "chat.completion.chunk",
        "system_fingerprint": None,
    }


def _wants_usage(answer: _Answer) -> bool:
    return bool(answer.asked.get("stream_options", {}).get("include_usage"))


def _logprobs(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": content, "refusal": None}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + dump_json(data) + b"\n\n"
