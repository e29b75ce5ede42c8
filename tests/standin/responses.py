"""The Responses API: create, stream, follow an earlier response, get, list its input, delete. v1 and dated form."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.standin.answering import Answering, Choice, collect, event
from tests.standin.asking import ChatTask
from tests.standin.checking import check_json_word
from tests.standin.deployments import Deployment
from tests.standin.front import Front, find_named, read_body, require_api_version
from tests.standin.kept import Kept, KeptResponse
from tests.standin.pieces import Piece
from tests.standin.refusals import ServiceError, input_exceeded, response_not_found
from tests.standin.responses_request import LOGPROBS, check_response, response_format
from tests.standin.responses_told import Told
from tests.standin.rules import check_rules, check_window, default_effort, input_window, takes_temperature
from tests.standin.schemas import tell_schema
from tests.standin.thinking import count_passes
from tests.standin.verbosity import verbosity_note
from tests.standin.wire import event_headers, json_response, make_id, request_headers

__all__ = ["ROUTES"]


async def create(request: Request) -> Response:
    if not _is_v1(request):
        require_api_version(request)
    body = await read_body(request)
    deployment = find_named(request, body)
    check_rules("responses", deployment, body)
    asked = check_response(body)
    front: Front = request.app.state.front
    messages, prompt_tokens = _fit(front, deployment, asked, _recall(front.kept, asked) + asked["input"])
    limit = asked.get("max_output_tokens", 0)
    check_window(deployment, prompt_tokens, limit, "input")
    logprobs = asked.get("top_logprobs", 0) if LOGPROBS in asked.get("include", []) else None
    wanted = asked | {"response_format": response_format(asked), "verbosity": asked.get("text", {}).get("verbosity")}
    instructed = tell_schema(wanted["response_format"], _instruct(asked) + messages)
    check_json_word(wanted["response_format"], instructed, "input")
    effort, passes = None, 0
    if deployment.reasons:
        default = default_effort("responses", deployment)
        effort = asked.get("reasoning", {}).get("effort") or default
        passes = count_passes(effort, default)
        wanted["temperature"] = asked.get("temperature", 0) if takes_temperature("responses", deployment) else 0
    tasks = [ChatTask(instructed, wanted, limit, 0, logprobs, passes)]
    api_version = request.query_params.get("api-version")
    answering = Answering(
        front, deployment, "Responses_Create", api_version, tasks, prompt_tokens, limit, make_id("resp_"),
        note=verbosity_note(wanted),
    )  # fmt: skip
    told = Told(answering, asked, body, effort, bool(passes))

    def keep(text: str, response: dict[str, Any]) -> None:
        if asked.get("store", True):
            said = {"role": "assistant", "content": text}
            front.kept.keep(KeptResponse(response, [*messages, said], asked["input"]))

    if asked.get("stream"):
        pieces = answering.pieces()
        first = await anext(pieces)  # as in chat.py: before the status is sent
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(_events(told, keep, first, pieces), 200, headers, "text/event-stream")
    choices = await collect(answering, request)
    if choices is None:
        return Response()
    whole = told.end(choices[0])
    keep(choices[0].text, whole)
    return json_response(whole, headers=answering.headers, engine=answering.label)


async def retrieve(request: Request) -> Response:
    response = _find(request).body
    return json_response(response, headers=request_headers(), engine=response["model"])


async def delete(request: Request) -> Response:
    name = _find(request).body["id"]
    request.app.state.front.kept.drop(name)
    gone = {"id": name, "object": "response.deleted", "deleted": True}
    return json_response(gone, headers=request_headers())


async def list_input(request: Request) -> Response:
    items = [
        {
            "id": f"msg_{i}",
            "type": "message",
            "status": "completed",
            "role": message["role"],
            "content": _as_parts(message),
        }
        for i, message in enumerate(_find(request).given)
    ]
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
    return json_response({"object": "list", "data": items, "has_more": False, **ends}, headers=request_headers())


ROUTES = [
    Route(f"{base}/responses{path}", endpoint, methods=[method])
    for base in ("/openai/v1", "/openai")
    for path, endpoint, method in (
        ("", create, "POST"),
        ("/{response}", retrieve, "GET"),
        ("/{response}", delete, "DELETE"),
        ("/{response}/input_items", list_input, "GET"),
    )
]


def _is_v1(request: Request) -> bool:
    return request.url.path.startswith("/openai/v1/")


def _find(request: Request) -> KeptResponse:
    if not _is_v1(request):
        require_api_version(request)
    front: Front = request.app.state.front
    name = request.path_params["response"]
    found = front.kept.find(name)
    if found is None:
        raise response_not_found(name)
    return found


def _recall(kept: Kept, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The chat up to the end of the response that this one follows. Its instructions are not carried over."""
    previous = asked.get("previous_response_id")
    if previous is None:
        return []
    found = kept.find(previous)
    if found is None:
        raise response_not_found(previous, previous=True)
    return found.messages


def _instruct(asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "system", "content": asked["instructions"]}] if asked.get("instructions") else []


def _fit(
    front: Front, deployment: Deployment, asked: dict[str, Any], messages: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], int]:
    """(messages, tokens): all of them, or with truncation "auto" the newest that the model has room for."""
    first, window = _instruct(asked), input_window(deployment)
    while True:
        tokens = front.count_prompt([*first, *messages], deployment.encoding, deployment.opening)
        fits = window is None or tokens + asked.get("max_output_tokens", 0) <= window
        if fits or asked.get("truncation", "disabled") == "disabled":
            return messages, tokens
        if len(messages) == 1:
            raise input_exceeded()
        messages = messages[1:]


def _as_parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    if message["role"] == "assistant":
        return [{"type": "output_text", "text": message["content"], "annotations": [], "logprobs": []}]
    return [{"type": "input_text", "text": message["content"]}]


async def _events(
    told: Told, keep: Any, first: tuple[int, Piece], pieces: AsyncIterator[tuple[int, Piece]]
) -> AsyncIterator[bytes]:
    number = 0

    def say(kind: str, **what: Any) -> bytes:
        nonlocal number
        number += 1
        return event({"type": kind, "sequence_number": number - 1, **what}, kind)

    for kind in ("response.created", "response.in_progress"):
        yield say(kind, response=told.begin())
    before = told.reasoning
    for i, thought in enumerate(before):
        yield say("response.output_item.added", output_index=i, item=thought)
    place = len(before)
    where = {"item_id": told.item_id, "output_index": place, "content_index": 0}
    choice, opened = Choice(), False

    def end_thought() -> Iterator[bytes]:
        for i, thought in enumerate(before):
            yield say("response.output_item.done", output_index=i, item=thought)

    def begin_message() -> Iterator[bytes]:
        yield from end_thought()
        yield say("response.output_item.added", output_index=place, item=told.item("in_progress", []))
        yield say("response.content_part.added", **where, part=told.part("", []))

    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            current: tuple[int, Piece] | None = first
            while current:
                _, piece = current
                if not opened and piece.text:
                    opened = True
                    for each in begin_message():
                        yield each
                choice.finish = piece.finish or choice.finish
                choice.logprobs += piece.logprobs or []
                choice.text += piece.text
                if piece.text:
                    delta = {"delta": piece.text, "logprobs": piece.logprobs or [], "obfuscation": ""}
                    yield say("response.output_text.delta", **where, **delta)
                current = await anext(pieces, None)
    except ServiceError as error:
        lost = told.fail(error.error["message"])
        yield say("response.failed", response=lost)
        return
    whole = told.end(choice)
    spoken = len(whole["output"]) > place
    if not opened:
        for each in begin_message() if spoken else end_thought():
            yield each
    if spoken:
        part, item = told.part(choice.text, choice.logprobs), whole["output"][place]
        yield say("response.output_text.done", **where, text=choice.text, logprobs=choice.logprobs)
        yield say("response.content_part.done", **where, part=part)
        yield say("response.output_item.done", output_index=place, item=item)
    keep(choice.text, whole)
    yield say(f"response.{whole['status']}", response=whole)
