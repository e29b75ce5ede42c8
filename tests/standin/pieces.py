"""Speaks to an engine: one request in, pieces of text out.

Every engine is a server of OpenAI's API on loopback. It is always asked for a stream of one choice, so that JSON and
streamed answers, and each of n choices, are put together here from the same pieces and counted alike.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.standin.engines import Engine
from tests.standin.refusals import ServiceError, bad_request, engine_lost
from tests.standin.toolbox import Call

__all__ = ["Drawing", "EngineRequest", "Piece", "ask_engine", "chat_request", "text_request"]

_PASSED_ON = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "stop", "seed", "response_format")
# The service's own defaults; engines have others, which would make the dials mean something else here. Only min_p stays
# as engines have it: in a small, coarsely stored model a hundredth of all draws would fall on words of no sense at all.
_DEFAULTS = {"temperature": 1, "top_p": 1, "top_k": 0, "min_p": 0.05}
_SEEDS = 2**32 - 1  # engines take 32 bits, and the last one means "choose yourself"


@dataclass(frozen=True)
class Drawing:
    """A step of a picture that the Responses API's tool draws: "begun", "partial" or "done", and what is told of it."""

    stage: str
    told: dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """A part of an answer, or nothing while the engine writes what is not shown.

    finish: set on the last text; tokens: completion tokens, set on the very last piece, hidden where they were spent on
    reasoning; calls: all of them at once, in place of a text; thought: the hidden steps that were kept, whole;
    drawing: a step of a picture; sound: a part of what is spoken.
    """

    text: str = ""
    finish: str | None = None
    logprobs: list[dict[str, Any]] | None = None
    tokens: int | None = None
    hidden: bool = False
    calls: Sequence[Call] = ()
    thought: str = ""
    drawing: Drawing | None = None
    sound: bytes = b""


@dataclass(frozen=True)
class EngineRequest:
    """What an engine is asked; nothing at all where path is empty.

    logprobs: how many likely tokens beside each that was chosen; None for no numbers.
    """

    path: str
    body: dict[str, Any]
    logprobs: int | None = None


def chat_request(
    messages: list[dict[str, Any]], asked: Mapping[str, Any], limit: int | None, choice: int, logprobs: int | None
) -> EngineRequest:
    """Asks for an answer to messages, under the model's chat template."""
    # Chat templates of open models know "system" only.
    known = [{**m, "role": "system" if m["role"] == "developer" else m["role"]} for m in messages]
    body = _engine_body(asked, limit, choice) | {"messages": known}
    if logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": logprobs or 1}  # engines say nothing at 0; what is too much is cut
    return EngineRequest("/v1/chat/completions", body, logprobs)


def text_request(
    prompt: str, asked: Mapping[str, Any], limit: int | None, choice: int, logprobs: int | None
) -> EngineRequest:
    """Asks for a text to be carried on as it stands, without a template."""
    body = _engine_body(asked, limit, choice) | {"prompt": prompt or "<|endoftext|>"}  # the service's own default
    if logprobs is not None:
        body["logprobs"] = logprobs or 1
    return EngineRequest("/v1/completions", body, logprobs)


def _engine_body(asked: Mapping[str, Any], limit: int | None, choice: int) -> dict[str, Any]:
    body = {**_DEFAULTS, **{name: asked[name] for name in _PASSED_ON if name in asked}}
    if limit:
        body["max_tokens"] = limit
    if "seed" in body:
        body["seed"] = (body["seed"] + choice) % _SEEDS  # with one seed, n choices still differ
    if choice:
        body["choice"] = choice  # unknown to engines, but it makes nonsense differ
    # Reusing an earlier prompt's cache makes the same request differ at temperature 0.
    return body | {"stream": True, "stream_options": {"include_usage": True}, "cache_prompt": False}


async def ask_engine(http: httpx2.AsyncClient, engine: Engine, request: EngineRequest) -> AsyncIterator[Piece]:
    """The pieces of one choice. Raises ServiceError: 503 when the engine is gone, 400 when it refuses the request."""
    if not request.path:  # no room was given for an answer
        yield Piece(finish="length", tokens=0)
        return
    ended = False
    try:
        async with http.stream("POST", engine.url + request.path, json=request.body) as answer:
            if answer.status_code != 200:
                raise _refusal(answer.status_code, await answer.aread(), engine.label)
            async for data in _read_events(answer):
                if data == b"[DONE]":
                    ended = True
                    break
                for piece in _read_chunk(json.loads(data), engine.label, request.logprobs):
                    yield piece
    except httpx2.RequestError:
        pass  # refused, or cut off in the middle: the same to the caller
    if not ended:
        engine.revive()
        raise engine_lost(engine.label)


async def _read_events(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """The data of server-sent events. Split at newlines only: text may hold other line separators as they are."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                yield line[6:].strip()


def _read_chunk(chunk: dict[str, Any], label: str, others: int | None) -> list[Piece]:
    if "error" in chunk:
        raise engine_lost(label)
    pieces = []
    for choice in chunk["choices"]:
        text = (choice["delta"].get("content") if "delta" in choice else choice["text"]) or ""
        finish = choice["finish_reason"]
        if text or finish:  # else it is the chunk that names the role: ours is written without it
            content = None if others is None else (choice.get("logprobs") or {}).get("content")
            stripped = [_strip_logprob(entry, others) for entry in content] if content else None
            pieces.append(Piece(text, finish, stripped))
    if usage := chunk.get("usage"):
        pieces.append(Piece(tokens=usage["completion_tokens"]))
    return pieces


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
        # Not the service's words: they would speak of the window of an Azure model, and this one is the engine's.
        message = (
            f"The engine behind this deployment ({label}) reads at most {error['n_ctx']} tokens of its own, and this "
            f"prompt has {error['n_prompt_tokens']}. Please reduce its length."
        )
        return bad_request(message, None, "context_length_exceeded")
    if status < 500:
        return bad_request(message)
    return ServiceError(500, {"code": "InternalServerError", "message": message, "type": "server_error"})
