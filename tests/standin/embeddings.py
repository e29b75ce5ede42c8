"""Embeddings, in the dated and in the v1 form. Vectors keep the length that their engine gives them."""

import base64
import struct
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from helpers.parameters import find_rule
from tests.standin.answering import Answering
from tests.standin.checking import check_names, check_numbers
from tests.standin.deployments import Deployment
from tests.standin.front import NOTE, Front, post_routes
from tests.standin.refusals import bad_request, input_refused, missing, not_served, too_many_inputs, wrong_type
from tests.standin.rules import check_rules, check_window
from tests.standin.wire import json_response, make_id

__all__ = ["ROUTES"]

_KNOWN = {"dimensions", "encoding_format", "input", "model"}
_MOST_INPUTS = 2_048
_MOST_TOKENS = 300_000  # of all inputs together


async def _embed(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    check_rules("embeddings", deployment, body)
    texts = _check(body)
    _check_length(body.get("dimensions"), deployment)
    front: Front = request.app.state.front
    counts = [front.count_prompt.text(text, deployment.encoding) for text in texts]
    for count in counts:
        check_window(deployment, count, 0, "prompt")
    if (tokens := sum(counts)) > _MOST_TOKENS:
        message = f"Invalid 'input': maximum request size is {_MOST_TOKENS} tokens per request."
        raise bad_request(message, "input", "max_tokens_per_request")
    api_version = request.query_params.get("api-version")
    answering = Answering(front, deployment, "Embeddings_Create", api_version, [], tokens, 0, make_id("embd"))
    engine, vectors, cut = deployment.vectors, [], 0
    for text in texts:
        vector, was_cut = await run_in_threadpool(engine.embed, text)  # one by one, so that others get their turn
        vectors.append(vector)
        cut += was_cut
        if await request.is_disconnected():
            return Response()
    if cut:
        answering.headers[NOTE] = f"of {cut} of {len(texts)} texts only the first {engine.reads} tokens were read"
    encode = _encode_base64 if body.get("encoding_format") == "base64" else _encode_floats
    data = [{"object": "embedding", "index": i, "embedding": encode(vector)} for i, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    told = {"object": "list", "data": data, "model": engine.label, "usage": usage}
    return json_response(told, headers=answering.headers, engine=engine.label)


def _check(body: Mapping[str, Any]) -> list[str]:
    """The texts. Raises what the service answers to an input that is none."""
    asked = check_names(body, _KNOWN, {"user"}, set())
    check_numbers(asked, dimensions=(1, None))
    if asked.get("encoding_format", "float") not in ("float", "base64"):
        message = f"Invalid value: {asked['encoding_format']!r}. Supported values are: 'base64' and 'float'."
        raise bad_request(message, "encoding_format", "invalid_value")
    if "input" not in asked:
        raise missing("input")
    given = asked["input"]
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list):
        raise wrong_type("input", "a string or an array of strings", given)
    if len(texts) > _MOST_INPUTS:
        raise too_many_inputs(_MOST_INPUTS)
    if any(isinstance(text, int | list) and not isinstance(text, bool) for text in texts):
        raise not_served("an array of tokens", "input")
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise input_refused("input")
    return texts


def _check_length(wanted: int | None, deployment: Deployment) -> None:
    """Azure's models were trained so that a vector's first numbers are a vector; the engines here were not."""
    rule = find_rule("embeddings", deployment.versioned, "dimensions")
    if wanted and rule and rule["maximum"] and wanted > int(rule["maximum"]):
        raise bad_request(
            f"Invalid value for 'dimensions' = {wanted}. Must be less than or equal to {rule['maximum']}."
        )
    length, label = deployment.vectors.length, deployment.vectors.label
    if wanted not in (None, length):
        raise not_served(
            f"'dimensions' {wanted}: vectors of {label} have {length} numbers, and to cut them", "dimensions"
        )


def _encode_floats(vector: list[float]) -> list[float]:
    return [float(f"{number:.9g}") for number in vector]  # nine digits tell one float of 32 bits from the next


def _encode_base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


ROUTES = post_routes("embeddings", _embed)
