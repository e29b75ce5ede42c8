"""Chat completions, in the dated form (the deployment in the path) and in the v1 form (in the body)."""

import base64
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.standin.answering import Answering, Choice, collect, event
from tests.standin.asking import ChatTask
from tests.standin.chat_request import check_chat
from tests.standin.deployments import Deployment
from tests.standin.front import Front, join_notes, post_routes
from tests.standin.pieces import Piece
from tests.standin.reasoning_rules import default_effort, takes_temperature
from tests.standin.refusals import ServiceError
from tests.standin.rules import check_rules, check_window
from tests.standin.schemas import tell_schema
from tests.standin.seeing.looking import count_pictures, look_at_pictures, tell_pictures
from tests.standin.talking.listening import hear_sounds, tell_sounds
from tests.standin.talking.parts import check_sounds, takes_sound
from tests.standin.talking.speaking import Speaker, ask_to_speak, speak_along, speak_choice, tell_ends
from tests.standin.thinking import count_passes
from tests.standin.toolbox import TOOLS_NOTE, Toolbox, spell_history
from tests.standin.verbosity import verbosity_note
from tests.standin.wire import event_headers, filter_completion, filter_pictures, filter_prompt, json_response, make_id

__all__ = ["ROUTES"]


async def _complete(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    check_rules("chat", deployment, body)
    asked = check_chat(body)
    front: Front = request.app.state.front
    voice = check_sounds(deployment, asked)
    looked = await look_at_pictures(front, deployment, asked["messages"], "chat")
    heard = await hear_sounds(front, looked.messages)
    messages, tools = heard.messages, asked.get("tools", [])
    prompt_tokens = front.count_prompt(messages, deployment.encoding, deployment.opening, tools)
    prompt_tokens += count_pictures(messages) + heard.sound_tokens + heard.text_tokens
    limit = asked.get("max_completion_tokens") or asked.get("max_tokens") or 0
    check_window(deployment, prompt_tokens, limit, "messages")
    logprobs = asked.get("top_logprobs", 0) if asked.get("logprobs") else None
    toolbox = Toolbox.build(tools, asked.get("tool_choice"), asked.get("parallel_tool_calls", True))
    passes = 0
    if deployment.reasons:
        passes = count_passes(asked.get("reasoning_effort"), default_effort("chat", deployment))
        # Most of these models take none, and an engine this small reasons best without chance.
        asked["temperature"] = asked.get("temperature", 0) if takes_temperature("chat", deployment) else 0
    spelt = tell_schema(asked.get("response_format"), spell_history(tell_sounds(tell_pictures(messages))))
    speakers = [Speaker(front, voice, limit, deployment.encoding) for _ in range(asked.get("n", 1))] if voice else []
    spelt = ask_to_speak(spelt) if voice else spelt
    tasks = [ChatTask(spelt, asked, limit, i, logprobs, passes, toolbox) for i in range(asked.get("n", 1))]
    api_version = request.query_params.get("api-version")
    answering = Answering(
        front, deployment, "ChatCompletions_Create", api_version, tasks, prompt_tokens, limit, make_id("chatcmpl"),
        note=join_notes(
            TOOLS_NOTE if toolbox else "", verbosity_note(asked), looked.note, heard.note,
            speakers[0].note if speakers else "",
        ),
        reader=looked.label, pictures=looked.pictures, others=[heard.label, front.speaks.label if voice else ""],
        sound_tokens=heard.sound_tokens if takes_sound(deployment) else None,
    )  # fmt: skip
    if asked.get("stream"):
        return await _stream(answering, bool(asked.get("stream_options", {}).get("include_usage")), speakers)
    return await _answer(answering, request, logprobs is not None, speakers)


async def _answer(answering: Answering, request: Request, with_logprobs: bool, speakers: Sequence[Speaker]) -> Response:
    choices = await collect(answering, request)
    if choices is None:
        return Response()
    messages = [_message(choice) for choice in choices]
    for i, speaker in enumerate(speakers):
        if not choices[i].calls:
            audio = await speak_choice(speaker, choices[i], request)
            if audio is None:
                return Response()
            messages[i] = dict(sorted({**messages[i], "audio": audio, "content": None}.items()))
    answering.spoken_tokens = sum(speaker.spoken.tokens for speaker in speakers)
    body = {
        "choices": [
            {
                "content_filter_results": filter_completion(choice.text),
                "finish_reason": choice.finish,
                "index": i,
                "logprobs": _logprobs(choice.logprobs) if with_logprobs else None,
                "message": messages[i],
            }
            for i, choice in enumerate(choices)
        ],
        "created": answering.created,
        "id": answering.id,
        "model": answering.label,
        "object": "chat.completion",
        "prompt_filter_results": _filter(answering),
        "system_fingerprint": None,
        "usage": answering.usage(),
    }
    return json_response(body, headers=answering.headers, engine=answering.label)


async def _stream(answering: Answering, with_usage: bool, speakers: Sequence[Speaker]) -> Response:
    pieces = answering.pieces()
    if speakers:
        pieces = speak_along(pieces, speakers)
    first = await anext(pieces)  # before the status is sent, so that a lost engine is a 503 and not a broken stream
    headers = {**answering.headers, **event_headers(answering.label)}
    events = _events(answering, first, pieces, with_usage, speakers)
    return StreamingResponse(events, 200, headers, media_type="text/event-stream")


async def _events(
    answering: Answering,
    first: tuple[int, Piece],
    pieces: AsyncIterator[tuple[int, Piece]],
    with_usage: bool,
    speakers: Sequence[Speaker],
) -> AsyncIterator[bytes]:
    opening = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    yield event(opening | {"prompt_filter_results": _filter(answering)})
    envelope = {
        "created": answering.created,
        "id": answering.id,
        "model": answering.label,
        "object": "chat.completion.chunk",
        "system_fingerprint": None,
    }

    def chunk(choice: int, delta: dict[str, Any], piece: Piece | None = None, finish: str | None = None) -> bytes:
        told = {
            "content_filter_results": filter_completion(delta.get("content") or "", streamed=True),
            "delta": delta,
            "finish_reason": finish,
            "index": choice,
            "logprobs": _logprobs(piece.logprobs) if piece and piece.logprobs else None,
        }
        return event({"choices": [told], **envelope, **({"usage": None} if with_usage else {})})

    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            begun: set[int] = set()
            current: tuple[int, Piece] | None = first
            while current:
                choice, piece = current
                if choice not in begun and (piece.text or piece.finish):
                    begun.add(choice)
                    if not piece.calls:
                        yield chunk(choice, {**_open_text(speakers, choice), "role": "assistant"})
                for i, call in enumerate(piece.calls):
                    opened = {
                        "function": {"arguments": "", "name": call.name},
                        "id": call.id,
                        "index": i,
                        "type": "function",
                    }
                    yield chunk(
                        choice, ({} if i else {"content": None, "role": "assistant"}) | {"tool_calls": [opened]}
                    )
                    for part in re.findall(r"\W*\w*", call.arguments)[:-1]:
                        yield chunk(choice, {"tool_calls": [{"function": {"arguments": part}, "index": i}]})
                if piece.text:
                    yield chunk(choice, _tell_text(piece.text, speakers), piece)
                if piece.sound:
                    yield chunk(choice, {"audio": {"data": base64.b64encode(piece.sound).decode()}})
                if piece.finish:
                    yield chunk(choice, {}, finish=piece.finish)
                current = await anext(pieces, None)
    except ServiceError as error:  # the status is sent already: the service too puts an error into the stream
        yield event({"error": error.error})
        return
    for told in tell_ends(speakers):  # so a recorded stream ends
        yield event({**envelope, **told, **({"usage": None} if with_usage else {})})
    answering.spoken_tokens = sum(speaker.spoken.tokens for speaker in speakers)
    if with_usage:
        yield event({"choices": [], **envelope, "usage": answering.usage()})
    yield b"data: [DONE]\n\n"


def _message(choice: Choice) -> dict[str, Any]:
    if not choice.calls:
        return {"annotations": [], "content": choice.text, "refusal": None, "role": "assistant"}
    calls = [
        {"function": {"arguments": call.arguments, "name": call.name}, "id": call.id, "type": "function"}
        for call in choice.calls
    ]
    return {"annotations": [], "content": None, "refusal": None, "role": "assistant", "tool_calls": calls}


def _open_text(speakers: Sequence[Speaker], choice: int) -> dict[str, Any]:
    """What opens a choice in a stream."""
    if not speakers:
        return {"content": ""}
    return {"audio": {"id": speakers[choice].spoken.id, "transcript": ""}, "content": None, "refusal": None}


def _tell_text(text: str, speakers: Sequence[Speaker]) -> dict[str, Any]:
    return {"audio": {"transcript": text}} if speakers else {"content": text}


def _filter(answering: Answering) -> list[dict[str, Any]]:
    return filter_pictures(answering.pictures) if answering.pictures else filter_prompt()


def _logprobs(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": content, "refusal": None}


ROUTES = post_routes("chat/completions", _complete)
