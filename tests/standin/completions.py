"""The legacy completions route: a text goes in as it stands, and is carried on. Dated and v1 form.

babbage-002 and davinci-002 were base models: the engine gets their prompt without a chat template.
gpt-35-turbo-instruct followed instructions: its prompt becomes the user's message of a chat.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.standin.answering import Answering, Choice, collect, event
from tests.standin.checking import check_booleans, check_names, check_numbers, check_stop, check_stream_options
from tests.standin.deployments import Deployment
from tests.standin.front import post_routes
from tests.standin.pieces import EngineRequest, Piece, chat_request, text_request
from tests.standin.refusals import ServiceError, missing, not_served, wrong_type
from tests.standin.rules import check_rules, check_window
from tests.standin.wire import event_headers, filter_completion, filter_prompt, json_response, make_id

__all__ = ["ROUTES"]

_INSTRUCTED = {"gpt-35-turbo-instruct"}
_KNOWN = {
    "best_of", "echo", "frequency_penalty", "logprobs", "max_tokens", "model", "n", "presence_penalty", "prompt",
    "seed", "stop", "stream", "stream_options", "temperature", "top_p",
}  # fmt: skip
_MOST_PROMPTS = 20  # the service takes more; one small engine, one after the other, does not


async def _complete(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    check_rules("completions", deployment, body)
    asked = _check(body)
    prompts, n = asked["prompt"], asked.get("n", 1)
    limit = asked.get("max_tokens", 16)
    front = request.app.state.front
    counts = [front.count_prompt.text(prompt, deployment.encoding) for prompt in prompts]
    for count in counts:
        check_window(deployment, count, limit, "prompt")
    requests = [_ask(deployment, prompt, asked, limit, choice) for prompt in prompts for choice in range(n)]
    api_version = request.query_params.get("api-version")
    answering = Answering(
        front, deployment, "Completions_Create", api_version, requests, sum(counts), limit, make_id("cmpl")
    )
    echoed = [prompt if asked.get("echo") else "" for prompt in prompts for _ in range(n)]
    offsets = [len(prompt) for prompt in prompts for _ in range(n)]
    told = _Told(answering, offsets, "logprobs" in asked)
    if asked.get("stream"):
        return await _stream(told, echoed, bool(asked.get("stream_options", {}).get("include_usage")))
    choices = await collect(answering, request)
    if choices is None:
        return Response()
    for choice, echo in zip(choices, echoed, strict=True):
        choice.text = echo + choice.text
    whole = {**told.envelope([told.choice(i, choice) for i, choice in enumerate(choices)])}
    whole |= {"prompt_filter_results": filter_prompt(len(prompts)), "usage": answering.usage()}
    return json_response(whole, headers=answering.headers, engine=answering.label)


def _check(body: Mapping[str, Any]) -> dict[str, Any]:
    asked = check_names(body, _KNOWN, {"user"}, {"logit_bias", "suffix"})
    check_numbers(asked, max_tokens=(0, None), logprobs=(0, 5), best_of=(0, 20))
    check_booleans(asked, "echo", "stream")
    check_stream_options(asked)
    check_stop(asked)
    if "prompt" not in asked:
        raise missing("prompt")
    prompt = [asked["prompt"]] if isinstance(asked["prompt"], str) else asked["prompt"]
    if not isinstance(prompt, list) or not prompt or not all(isinstance(text, str) for text in prompt):
        raise wrong_type("prompt", "a string or an array of strings", asked["prompt"])
    if len(prompt) > _MOST_PROMPTS:
        raise not_served(f"an array of more than {_MOST_PROMPTS} prompts", "prompt")
    if asked.get("best_of", 1) > asked.get("n", 1):
        raise not_served("'best_of' above 'n'", "best_of")
    if asked.get("echo") and "logprobs" in asked:
        raise not_served("'logprobs' of an echoed prompt", "logprobs")  # engines tell none of what they read
    return asked | {"prompt": prompt}


def _ask(deployment: Deployment, prompt: str, asked: Mapping[str, Any], limit: int, choice: int) -> EngineRequest:
    logprobs = asked.get("logprobs")
    if limit == 0:
        return EngineRequest("", {})
    if deployment.model in _INSTRUCTED:
        return chat_request([{"role": "user", "content": prompt}], asked, limit, choice, logprobs)
    return text_request(prompt, asked, limit, choice, logprobs)


class _Told:
    """Puts choices into the words of this route. offsets: where in its text each choice's first token stands."""

    def __init__(self, answering: Answering, offsets: list[int], with_logprobs: bool):
        self.answering, self._offsets, self._with_logprobs = answering, list(offsets), with_logprobs

    def envelope(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        answering = self.answering
        ids = {"created": answering.created, "id": answering.id, "model": answering.label}
        return {"choices": choices, **ids, "object": "text_completion"}

    def choice(self, index: int, choice: Choice, *, streamed: bool = False) -> dict[str, Any]:
        return {
            "content_filter_results": filter_completion(choice.text, streamed=streamed),
            "finish_reason": choice.finish or None,
            "index": index,
            "logprobs": self._logprobs(index, choice.logprobs) if self._with_logprobs and choice.text else None,
            "text": choice.text,
        }

    def _logprobs(self, index: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        offsets = []
        for entry in entries:
            offsets.append(self._offsets[index])
            self._offsets[index] += len(entry["token"])
        # The chosen token is among the likely ones even where it was not.
        likely = [{e["token"]: e["logprob"]} | {t["token"]: t["logprob"] for t in e["top_logprobs"]} for e in entries]
        return {
            "text_offset": offsets,
            "token_logprobs": [entry["logprob"] for entry in entries],
            "tokens": [entry["token"] for entry in entries],
            "top_logprobs": likely,
        }


async def _stream(told: _Told, echoed: list[str], with_usage: bool) -> Response:
    pieces = told.answering.pieces()
    first = await anext(pieces)  # as in chat.py: before the status is sent
    headers = {**told.answering.headers, **event_headers(told.answering.label)}
    return StreamingResponse(_events(told, echoed, first, pieces, with_usage), 200, headers, "text/event-stream")


async def _events(
    told: _Told,
    echoed: list[str],
    first: tuple[int, Piece],
    pieces: AsyncIterator[tuple[int, Piece]],
    with_usage: bool,
) -> AsyncIterator[bytes]:
    opening = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    yield event(opening | {"prompt_filter_results": filter_prompt()})
    more = {"usage": None} if with_usage else {}

    def chunk(number: int, choice: Choice) -> bytes:
        return event(told.envelope([told.choice(number, choice, streamed=True)]) | more)

    begun: set[int] = set()
    try:
        async with aclosing(pieces):  # type: ignore[type-var]
            current: tuple[int, Piece] | None = first
            while current:
                number, piece = current
                if number not in begun and echoed[number]:
                    yield chunk(number, Choice(echoed[number], ""))
                begun.add(number)
                if piece.text:
                    yield chunk(number, Choice(piece.text, "", piece.logprobs or []))
                if piece.finish:
                    yield chunk(number, Choice("", piece.finish))
                current = await anext(pieces, None)
    except ServiceError as error:
        yield event({"error": error.error})
        return
    if with_usage:
        yield event(told.envelope([]) | {"usage": told.answering.usage()})
    yield b"data: [DONE]\n\n"


ROUTES = post_routes("completions", _complete)
