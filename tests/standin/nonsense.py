"""An engine that answers nonsense: no model, no weights, no extra packages.

For tests of the wire, and for the contrary run: a notebook whose titles and bullets still hold when every answer is
nonsense claims nothing about answers. The same request gets the same words, in every process and on every platform.
"""

import asyncio
import hashlib
import json
import math
import random
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

__all__ = ["LABEL", "WORDS", "app", "compose_answer", "draw_words", "number_of"]

LABEL = "Nonsense (no model)"
WORDS = (  # noqa: SIM905  a list of one word a line would fill a page
    "amber anvil basket birch bobbin canoe cellar cinder clover copper cradle dapple ember fathom feather fennel "
    "flint gable ginger gravel harbour hazel hollow ivory jasper kettle lantern linen magnet marble meadow mitten "
    "nectar nutmeg oat orchard paddle pebble pewter pigeon plum quarry quill raisin ribbon saddle saffron sparrow "
    "spindle tallow thimble timber trellis turnip umber velvet walnut willow yarrow zephyr"
).split()
# What a schema that is none leads to: whatever it holds is looked at only when a value is made for it.
_BAD_SCHEMA = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
_LONGEST = 40  # words; nonsense needs no more


def compose_answer(body: dict[str, Any]) -> tuple[list[str], str]:
    """(words, finish reason) for a request; each word carries its own space, so that they join to the answer.

    A JSON format gets JSON that fits it, unless `max_tokens` cuts it off. One word counts as one token.
    """
    dice = random.Random(_seed(body))
    wanted = body.get("response_format") or {"type": "text"}
    if wanted["type"] == "text":
        words = [dice.choice(WORDS) for _ in range(dice.randint(4, _LONGEST))]
        text = " ".join(words).capitalize() + "."
    else:
        schema = wanted.get("json_schema", {}).get("schema") or {"type": "object", "properties": {"answer": {}}}
        text = json.dumps(_compose_value(schema, schema, dice))
    for stop in _listed(body.get("stop")):
        text = text.partition(stop)[0]
    pieces = _split_words(text)
    limit = body.get("max_tokens") or len(pieces)
    return pieces[:limit], "length" if limit < len(pieces) else "stop"


def draw_words(dice: random.Random, count: int) -> list[str]:
    return [dice.choice(WORDS) for _ in range(count)]


def number_of(word: str) -> int:
    """Which of the words it is: its token's number."""
    return WORDS.index(word.strip())


def _seed(body: dict[str, Any]) -> int:
    asked = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    return int.from_bytes(hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()[:8], "big")


def _listed(stop: Any) -> list[str]:
    return [text for text in ([stop] if isinstance(stop, str) else stop or []) if text]


def _split_words(text: str) -> list[str]:
    first, *rest = text.split(" ")
    return [word for word in [first, *(f" {word}" for word in rest)] if word]


def _compose_value(schema: dict[str, Any], root: dict[str, Any], dice: random.Random, depth: int = 0) -> Any:
    """A value that fits the parts of JSON Schema that structured outputs allow."""
    if "$ref" in schema:
        target = root
        for name in filter(None, schema["$ref"].removeprefix("#").split("/")):
            target = target[name]
        return _compose_value(target, root, dice, depth + 1)
    if options := schema.get("anyOf"):
        # A recursive schema ends where its shortest branch is taken.
        return _compose_value(options[-1] if depth > 4 else dice.choice(options), root, dice, depth + 1)
    if "const" in schema:
        return schema["const"]
    if values := schema.get("enum"):
        return dice.choice(values)
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        fields = schema.get("properties", {}).items()
        return {name: _compose_value(part, root, dice, depth + 1) for name, part in fields}
    if kind == "array":
        least, most = schema.get("minItems", 1), schema.get("maxItems", 3)
        length = least if depth > 4 else dice.randint(least, max(least, min(most, 3)))
        return [_compose_value(schema.get("items", {}), root, dice, depth + 1) for _ in range(length)]
    plain = {
        "integer": dice.randint(0, 99),
        "number": dice.randint(0, 999) / 10,
        "boolean": dice.random() < 0.5,
        "null": None,
    }
    return plain.get(kind, dice.choice(WORDS))


async def _complete(request: Request) -> Response:
    body = await request.json()
    try:
        words, finish = compose_answer(body)
    except _BAD_SCHEMA:
        error = {"message": "Invalid schema for response_format.", "type": "invalid_request_error"}
        return JSONResponse({"error": error}, 400)
    texts = [str(message["content"]) for message in body["messages"]] if "messages" in body else [body["prompt"]]
    prompt = sum(len(text.split()) for text in texts)
    usage = {"completion_tokens": len(words), "prompt_tokens": prompt, "total_tokens": prompt + len(words)}
    told = _events(words, finish, usage, body)
    return StreamingResponse(told, media_type="text/event-stream")


async def _events(words: list[str], finish: str, usage: dict[str, int], body: dict[str, Any]) -> AsyncIterator[str]:
    """The stream that the front asks for; chat and completions name the text differently.

    Others get their turn after each word. A plain generator would be run in a thread, at three times the cost.
    """
    chats = "messages" in body
    wanted = body.get("top_logprobs" if chats else "logprobs") if body.get("logprobs") else None
    dice = random.Random(_seed(body) + 1)

    def event(text: str, reason: str | None = None, logprobs: Any = None) -> str:
        said = {"delta": {"content": text}} if chats else {"text": text}
        choice = {"index": 0, **said, "finish_reason": reason, "logprobs": logprobs}
        return f"data: {json.dumps({'choices': [choice]})}\n\n"

    for word in words:
        yield event(word, logprobs={"content": [_guess(word, wanted, dice)]} if wanted else None)
        await asyncio.sleep(0)
    yield event("", finish)
    yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def _guess(word: str, others: int, dice: random.Random) -> dict[str, Any]:
    """Log probabilities for a word and for others that might have stood there, as likely as the dice say."""
    rivals = [f" {rival}" for rival in dice.sample(WORDS, others) if f" {rival}" != word][: max(0, others - 1)]
    weights = [dice.random() + 0.01 for _ in range(len(rivals) + 2)]  # one more: for all that is not named
    chances = {name: math.log(weight / sum(weights)) for name, weight in zip([word, *rivals], weights, strict=False)}
    told = [
        {"token": name, "logprob": chance, "bytes": list(name.encode())}
        for name, chance in sorted(chances.items(), key=lambda pair: -pair[1])
    ]
    (chosen,) = [entry for entry in told if entry["token"] == word]
    return chosen | {"top_logprobs": told}


_ROUTES = ("/v1/chat/completions", "/v1/completions")
app = Starlette(routes=[Route(path, _complete, methods=["POST"]) for path in _ROUTES])
