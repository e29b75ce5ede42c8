"""Speaks to an engine: one chat completion in, pieces of text out.

Every engine is a server of OpenAI's chat completions on loopback. It is always asked for a stream of one choice, so
that JSON and streamed answers, and each of n choices, are put together here from the same pieces and counted alike.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.standin.engines import Engine
from tests.standin.wire import ServiceError, bad_request, engine_lost

__all__ = ["Piece", "ask_engine"]

_PASSED_ON = (
    "messages", "temperature", "top_p", "frequency_penalty", "presence_penalty", "stop", "seed", "logprobs",
    "top_logprobs", "response_format",
)  # fmt: skip
# The service's own defaults; engines have others, which would make the dials mean something else here. Only min_p stays
# as engines have it: in a small, coarsely stored model a hundredth of all draws would fall on words of no sense at all.
_DEFAULTS = {"temperature": 1, "top_p": 1, "top_k": 0, "min_p": 0.05}
_SEEDS = 2**32 - 1  # engines take 32 bits, and the last one means "choose yourself"


@dataclass(frozen=True)
class Piece:
    """A part of an answer. finish: set on the last text; tokens: completion tokens, set on the very last piece."""

    text: str = ""
    finish: str | None = None
    logprobs: list[dict[str, Any]] | None = None
    tokens: int | None = None


async def ask_engine(
    http: httpx2.AsyncClient, engine: Engine, asked: dict[str, Any], choice: int
) -> AsyncIterator[Piece]:
    """The pieces of one choice. Raises ServiceError: 503 when the engine is gone, 400 when it refuses the request."""
    ended = False
    try:
        url, body = f"{engine.url}/v1/chat/completions", _engine_body(asked, choice)
        async with http.stream("POST", url, json=body) as answer:
            if answer.status_code != 200:
                raise _refusal(answer.status_code, await answer.aread(), engine.label)
            async for data in _read_events(answer):
                if data == b"[DONE]":
                    ended = True
                    break
                piece = _read_chunk(json.loads(data), engine.label, asked.get("top_logprobs", 0))
                if piece:
                    yield piece
    except httpx2.RequestError:
        pass  # refused, or cut off in the middle: the same to the caller
    if not ended:
        engine.revive()
        raise engine_lost(engine.label)


def _engine_body(asked: dict[str, Any], choice: int) -> dict[str, Any]:
    body = {**_DEFAULTS, **{name: asked[name] for name in _PASSED_ON if name in asked}}
    # Chat templates of open models know "system" only.
    body["messages"] = [
        {**message, "role": "system" if message["role"] == "developer" else message["role"]}
        for message in body["messages"]
    ]
    if limit := asked.get("max_completion_tokens") or asked.get("max_tokens"):
        body["max_tokens"] = limit
    if "seed" in body:
        body["seed"] = (body["seed"] + choice) % _SEEDS  # with one seed, n choices still differ
    if body.get("logprobs"):
        body["top_logprobs"] = body.get("top_logprobs") or 1  # engines say nothing at 0; what is too much is cut
    # Reusing an earlier prompt's cache makes the same request differ at temperature 0.
    return body | {"stream": True, "stream_options": {"include_usage": True}, "cache_prompt": False}


async def _read_events(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """The data of server-sent events. Split at newlines only: text may hold other line separators as they are."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                yield line[6:].strip()


def _read_chunk(chunk: dict[str, Any], label: str, others: int) -> Piece | None:
    if "error" in chunk:
        raise engine_lost(label)
    if not chunk["choices"]:
        return Piece(tokens=chunk["usage"]["completion_tokens"]) if chunk.get("usage") else None
    (choice,) = chunk["choices"]
    text, finish = choice["delta"].get("content") or "", choice["finish_reason"]
    if not text and not finish:
        return None  # the chunk that names the role: ours is written without it
    logprobs = (choice.get("logprobs") or {}).get("content")
    return Piece(text, finish, [_strip_logprob(entry, others) for entry in logprobs] if logprobs else None)


def _strip_logprob(entry: dict[str, Any], others: int | None = None) -> dict[str, Any]:
    """An engine's token without its own number for it, and with so many others that were likely."""
    kept = {name: entry[name] for name in ("token", "logprob", "bytes")}
    if others is not None:
        kept["top_logprobs"] = [_strip_logprob(other) for other in entry.get("top_logprobs", [])[:others]]
    return kept


def _refusal(status: int, body: bytes, label: str) -> ServiceError:
    try:
        error = json.loads(body)["error"]
        message, kind = str(error["message"]), error.get("type")
    except (ValueError, KeyError, TypeError):
        return engine_lost(label)
    if kind == "exceed_context_size_error":
        message = (
            f"This model's maximum context length is {error['n_ctx']} tokens. However, your messages resulted "
            f"in {error['n_prompt_tokens']} tokens. Please reduce the length of the messages."
        )
        return bad_request(message, "messages", "context_length_exceeded")
    if status < 500:
        return bad_request(message)
    return ServiceError(500, {"code": "InternalServerError", "message": message, "type": "server_error"})
