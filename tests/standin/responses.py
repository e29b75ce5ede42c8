"""The Responses API: create, stream, follow an earlier response, get, list its input, delete. v1 and dated form."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.standin.answering import Answering, Choice, collect
from tests.standin.asking import ChatTask
from tests.standin.background import Job
from tests.standin.checking import check_json_word
from tests.standin.deployments import Deployment
from tests.standin.front import Front, find_named, join_notes, read_body, require_version
from tests.standin.image_tool import TOOL_TOKENS, build_image_tool
from tests.standin.kept import Kept, KeptResponse
from tests.standin.reasoning_rules import (
    default_effort,
    reads_all_turns,
    repeated_defaults,
    seals_unasked,
    takes_temperature,
)
from tests.standin.refusals import (
    bad_request,
    input_exceeded,
    item_not_found,
    missing,
    response_not_found,
    seal_broken,
)
from tests.standin.responses_events import Keep, tell_events
from tests.standin.responses_items import Find, check_calls_answered, choose_thoughts, list_items, say_output
from tests.standin.responses_request import ENCRYPTED, LOGPROBS, check_response, response_format
from tests.standin.responses_told import Told
from tests.standin.rules import check_rules, check_window, input_window
from tests.standin.schemas import tell_schema
from tests.standin.seeing.looking import count_pictures, look_at_pictures, tell_pictures
from tests.standin.thinking import count_passes
from tests.standin.toolbox import TOOLS_NOTE, Toolbox, spell_history
from tests.standin.verbosity import verbosity_note
from tests.standin.wire import event_headers, json_response, make_id, request_headers

__all__ = ["ROUTES"]

_KEPT_FOR = {"x-ms-aoai-configured-data-retention-days": "30"}  # the service sends it even where nothing is stored


async def create(request: Request) -> Response:
    require_version(request)
    body = await read_body(request)
    deployment = find_named(request, body)
    check_rules("responses", deployment, body)
    front: Front = request.app.state.front
    asked, (said, items), tools = check_response(body, _find_items(front, body.get("store") is not False))
    history = _recall(front.kept, asked) + said
    check_calls_answered(history)
    reasoning = asked.get("reasoning", {})
    chat = choose_thoughts(history, reads_all_turns(deployment, reasoning.get("context")))
    image_tool = build_image_tool(request, asked, history)
    looked = await look_at_pictures(front, deployment, chat, "responses")
    messages, prompt_tokens = _fit(front, deployment, asked, looked.messages, tools["tools"])
    prompt_tokens += TOOL_TOKENS if image_tool else 0
    limit = asked.get("max_output_tokens", 0)
    check_window(deployment, prompt_tokens, limit, "input")
    include = asked.get("include", [])
    logprobs = asked.get("top_logprobs", 0) if LOGPROBS in include else None
    wanted = asked | {"response_format": response_format(asked), "verbosity": asked.get("text", {}).get("verbosity")}
    instructed = tell_schema(wanted["response_format"], _instruct(asked) + spell_history(tell_pictures(messages)))
    check_json_word(wanted["response_format"], [*_instruct(asked), *messages], "input")
    repeated, passes = {"effort": None, "summary": None}, 0
    if deployment.reasons:
        default = default_effort("responses", deployment)
        repeated |= {"effort": reasoning.get("effort") or default}
        repeated |= {name: reasoning.get(name) or value for name, value in repeated_defaults(deployment).items()}
        passes = count_passes(repeated["effort"], default)
        wanted["temperature"] = asked.get("temperature", 0) if takes_temperature("responses", deployment) else 0
    functions = [*tools["tools"], *([{"type": "function", "function": image_tool.function()}] if image_tool else [])]
    toolbox = Toolbox.build(functions, tools.get("tool_choice"), tools.get("parallel_tool_calls", True))
    draw = image_tool.draw if image_tool else None
    tasks = [ChatTask(instructed, wanted, limit, 0, logprobs, passes, toolbox, draw)]
    note = join_notes(TOOLS_NOTE if toolbox else "", image_tool.note if image_tool else "", verbosity_note(wanted))
    answering = Answering(
        front, deployment, "Responses_Create", request.query_params.get("api-version"), tasks, prompt_tokens, limit,
        make_id("resp_"), note=join_notes(note, looked.note), reader=looked.label,
    )  # fmt: skip
    answering.headers |= _KEPT_FOR
    seals = ENCRYPTED in include or seals_unasked(deployment)
    told = Told(answering, asked, body, repeated, front.seal.close if seals else None)

    def keep(choice: Choice, response: dict[str, Any]) -> None:
        if asked.get("store", True):
            chat = [*history, *say_output(response["output"], choice.thought)]
            front.kept.keep(KeptResponse(response, chat, items, choice.thought))

    if told.waits:
        return _begin_in_background(front, told, keep, bool(asked.get("stream")), answering)
    if asked.get("stream"):
        pieces = answering.pieces()
        first = await anext(pieces)  # as in chat.py: before the status is sent
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(tell_events(told, keep, first, pieces), 200, headers, "text/event-stream")
    choices = await collect(answering, request)
    if choices is None:
        return Response()
    whole = told.end(choices[0])
    keep(choices[0], whole)
    return json_response(whole, headers=answering.headers, engine=answering.label)


def _begin_in_background(front: Front, told: Told, keep: Keep, stream: bool, answering: Answering) -> Response:
    async def events() -> AsyncIterator[bytes]:
        pieces = answering.pieces()
        async for each in tell_events(told, keep, None, pieces):
            yield each

    queued = told.begin("queued")
    job = Job(queued)
    front.background.keep(job)
    job.start(events())
    if stream:
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(job.follow(-1), 200, headers, "text/event-stream")
    return json_response(queued, headers=answering.headers, engine=answering.label)


async def retrieve(request: Request) -> Response:
    job = _find_job(request)
    if request.query_params.get("stream") == "true":
        return _follow(request, job)
    response = job.body if job else _find(request).body
    return json_response(response, headers=request_headers(), engine=response["model"])


async def cancel(request: Request) -> Response:
    job = _find_job(request)
    if job is None:
        _find(request)
        raise bad_request("Cannot cancel a synchronous response.")
    await job.cancel()
    return json_response(job.body, headers=request_headers(), engine=job.body["model"])


async def delete(request: Request) -> Response:
    name = request.path_params["response"]
    front: Front = request.app.state.front
    if (job := _find_job(request)) is not None:
        await job.cancel()
        front.background.drop(name)
    if job is None or front.kept.find(name) is not None:
        front.kept.drop(_find(request).body["id"])
    gone = {"id": name, "object": "response.deleted", "deleted": True}
    return json_response(gone, headers=request_headers())


async def list_input(request: Request) -> Response:
    given, asked = _find(request).given, request.query_params
    limit = asked.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise bad_request(f"Invalid 'limit': expected an integer from 1 to 100, but got {limit!r} instead.", "limit")
    page = list_items(given, asked.get("order", "desc"), asked.get("after"), int(limit))
    return json_response(page, headers=request_headers())


ROUTES = [
    Route(f"{base}/responses{path}", endpoint, methods=[method])
    for base in ("/openai/v1", "/openai")
    for path, endpoint, method in (
        ("", create, "POST"),
        ("/{response}", retrieve, "GET"),
        ("/{response}", delete, "DELETE"),
        ("/{response}/cancel", cancel, "POST"),
        ("/{response}/input_items", list_input, "GET"),
    )
]


def _find(request: Request) -> KeptResponse:
    require_version(request)
    front: Front = request.app.state.front
    name = request.path_params["response"]
    found = front.kept.find(name)
    if found is None:
        raise response_not_found(name)
    return found


def _find_job(request: Request) -> Job | None:
    require_version(request)
    front: Front = request.app.state.front
    return front.background.find(request.path_params["response"])


def _follow(request: Request, job: Job | None) -> Response:
    after = request.query_params.get("starting_after", "-1")
    if job is None:
        _find(request)
        raise bad_request("Only a response that was made in the background can be streamed again.", "stream")
    if not after.removeprefix("-").isdecimal():
        raise bad_request(f"Invalid 'starting_after': expected an integer, but got {after!r}.", "starting_after")
    headers = {**request_headers(), **event_headers(job.body["model"])}
    return StreamingResponse(job.follow(int(after)), 200, headers, "text/event-stream")


def _find_items(front: Front, store: bool) -> Find:
    """Reads hidden steps that were handed back sealed, and items that are stored, which are named by their id alone."""

    def find(item: dict[str, Any]) -> list[dict[str, Any]]:
        sealed, name = item.get("encrypted_content"), item.get("id")
        if isinstance(sealed, str) and sealed:
            thought = front.seal.open(sealed)
            if thought is None:
                raise seal_broken(sealed)
            return say_output([{"type": "reasoning"}], thought)
        if not isinstance(name, str):
            raise missing("input.id")
        found = front.kept.find_item(name)
        if found is None:
            raise item_not_found(name, store=store)
        return say_output([found[0]], found[1])

    return find


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
    front: Front,
    deployment: Deployment,
    asked: dict[str, Any],
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], int]:
    """(messages, tokens): all of them, or with truncation "auto" the newest that the model has room for."""
    first, window = _instruct(asked), input_window(deployment)
    while True:
        tokens = front.count_prompt(
            [*first, *messages], deployment.encoding, deployment.opening, tools
        ) + count_pictures(messages)
        fits = window is None or tokens + asked.get("max_output_tokens", 0) <= window
        if fits or asked.get("truncation", "disabled") == "disabled":
            return messages, tokens
        dropped = 1
        while messages[dropped:] and messages[dropped]["role"] == "tool":
            dropped += 1  # a result goes with its call
        if len(messages) <= dropped:
            raise input_exceeded()
        messages = messages[dropped:]
