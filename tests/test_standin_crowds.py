"""The stand-in under a hundred clients at once, and under thousands of requests that make no sense."""

import asyncio
import copy
import json
import random
import sys
import traceback
from collections import Counter
from typing import Any

import httpx2
import openai
import pytest

from tests.conftest import LONG
from tests.standin import nonsense, serve
from tests.standin.app import build_app
from tests.standin.engines import NonsenseEngine
from tests.standin.serving import build_front

CHAT: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
FULL: Any = CHAT | {
    "temperature": 0.5, "top_p": 0.9, "n": 2, "seed": 3, "stop": ["x"], "max_tokens": 3, "stream": True,
    "stream_options": {"include_usage": True}, "logprobs": True, "top_logprobs": 2, "presence_penalty": 0.1,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
}  # fmt: skip
TEXT: Any = {"model": "davinci-002", "prompt": ["a", "b"], "max_tokens": 3, "logprobs": 2, "echo": False, "n": 1}
RESPONSE: Any = {
    "model": "gpt-4o", "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
    "instructions": "y", "metadata": {"a": "b"}, "max_output_tokens": 20, "truncation": "auto", "stream": False,
    "text": {"format": {"type": "text"}}, "include": ["message.output_text.logprobs"], "top_logprobs": 1, "store": True,
    "previous_response_id": "resp_x",
}  # fmt: skip
DATED = "api-version=2024-10-21"
TARGETS: list[tuple[str, str, Any]] = [
    ("/openai/v1/chat/completions", "", CHAT),
    ("/openai/v1/chat/completions", "", FULL),
    ("/openai/deployments/gpt-4o/chat/completions", DATED, FULL),
    ("/openai/v1/completions", "", TEXT),
    ("/openai/deployments/davinci-002/completions", DATED, TEXT),
    ("/openai/v1/responses", "", RESPONSE),
    ("/openai/responses", DATED, RESPONSE),
]
JUNK: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**70, -(2**63), 0.5, 1e300, "", "x", "gpt-4o", "\u0000", "🙂", "<|endoftext|>",
    [], {}, [None], [[]], [{}], {"type": "text"}, {"role": "user"}, ["a"] * 5, {"a": {"b": {"c": []}}}, "x" * 5_000,
    {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": "#/nowhere"}}},
    {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": "#"}}},
    {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": [], "enum": [], "anyOf": []}}},
    {"type": "json_schema", "name": "n", "schema": {"type": "array", "items": 5}},
]  # fmt: skip
NAMES = [*FULL, *TEXT, *RESPONSE, "max_completion_tokens", "tools", "reasoning_effort", "user", "best_of", "x.y", ""]
MODELS = ["gpt-4o", "gpt-5", "o1", "o1-mini", "o3-pro", "davinci-002", "gpt-35-turbo-instruct", "gpt-4", "nobody"]


def mutate(value: Any, dice: random.Random) -> Any:
    """A copy with some part changed: dropped, replaced, or moved."""
    if isinstance(value, dict) and value and dice.random() < 0.75:
        name = dice.choice(list(value))
        if dice.random() < 0.25:
            return {key: each for key, each in value.items() if key != name}
        return value | {name: mutate(value[name], dice)}
    if isinstance(value, list) and value and dice.random() < 0.75:
        at = dice.randrange(len(value))
        return [mutate(each, dice) if i == at else each for i, each in enumerate(value)]
    return copy.deepcopy(dice.choice(JUNK))


def make_request(dice: random.Random) -> tuple[str, str, str, bytes, list[tuple[bytes, bytes]]]:
    """(method, path, query, body, headers)."""
    path, query, body = dice.choice(TARGETS)
    for _ in range(dice.choice([0, 1, 1, 2, 4])):
        body = mutate(body, dice) if body else body
    if isinstance(body, dict):
        if dice.random() < 0.3:
            body = body | {dice.choice(NAMES): copy.deepcopy(dice.choice(JUNK))}
        if dice.random() < 0.3:
            body = body | {"model": dice.choice(MODELS)}
    raw = json.dumps(body).encode()
    if dice.random() < 0.1:
        at = dice.randrange(len(raw) + 1)
        raw = raw[:at] + dice.randbytes(dice.randint(0, 4)) + raw[at + dice.randint(0, 9) :]
    method = "POST" if dice.random() < 0.97 else dice.choice(["GET", "DELETE", "PUT", "OPTIONS", "HEAD"])
    if dice.random() < 0.05:
        path = dice.choice(
            [path + "/", path[:-3], "/", "/openai/v1/responses/resp_x", "/openai/v1/models", path + "/x%2F.."]
        )
        query = dice.choice([query, "api-version=", "api-version=x", "a=%ff", ""])
    headers = []
    if dice.random() < 0.03:
        fault = dice.choice(
            [b"503", b"429 retry-after=1", b"slow seconds=0", b"\xff\xfe", b"429 " * 99, b"cut after=-1"]
        )
        headers.append((b"x-standin-fault", fault))
    return method, path, query, raw, headers


async def ask(app: Any, key: str, request: tuple[str, str, str, bytes, list[tuple[bytes, bytes]]]) -> tuple[int, bytes]:
    """Call the application as a server would, without one. What it raises is not caught."""
    method, path, query, raw, headers = request
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"api-key", key.encode()), *headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Any] = []
    given = [{"type": "http.request", "body": raw, "more_body": False}]
    never = asyncio.Event()

    async def receive() -> Any:
        if given:
            return given.pop()
        await never.wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def fuzz(count: int, seed: int) -> Counter[int]:
    """Ask `count` requests; returns how often each status was answered."""
    engine = NonsenseEngine()
    try:
        front = build_front({engine.label: engine})
        front.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(nonsense.app))  # its socket alone is left out
        app, dice, statuses = build_app(front), random.Random(seed), Counter[int]()
        for number in range(count):
            request = make_request(dice)
            try:
                status, body = await ask(app, front.key, request)
            except Exception:
                pytest.fail(f"request {number} of seed {seed}, {request}:\n{traceback.format_exc()}")
            statuses[status] += 1
            assert status in (200, 400, 404, 429, 503), (number, request, body)
            assert status != 503 or b"temporarily" in body, (number, request, body)  # asked for, and not an engine lost
            if status >= 400 and request[0] != "HEAD":
                assert json.loads(body)["error"]["message"], (number, request)
            assert b"Traceback" not in body and b'"error": {"' not in body[:1] and b"gave no answer" not in body
        return statuses
    finally:
        engine.stop()


def test_two_thousand_requests_that_make_no_sense_leave_no_traceback(capfd: pytest.CaptureFixture[str]):
    statuses = asyncio.run(fuzz(2_000, seed=2))
    assert statuses[200] > 200 and statuses[400] > 500 and statuses[404] > 50
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.standin  # needs no weights, only time: with the engines' tests, not in every run
def test_twenty_thousand_requests_that_make_no_sense_leave_no_traceback(
    capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
):
    if "standin" not in (request.config.option.markexpr or ""):
        pytest.skip("takes its time: make test-standin")
    statuses = asyncio.run(fuzz(20_000, seed=1))
    assert sum(statuses.values()) == 20_000
    told = "".join(capfd.readouterr())
    assert "Traceback" not in told
    with capfd.disabled():
        print(f"\n20,000 requests: {dict(sorted(statuses.items()))}", file=sys.stderr)


@pytest.mark.parametrize("crowd", [40, pytest.param(100, marks=LONG)])
def test_a_crowd_of_clients_at_once_get_their_own_answers(crowd):
    """Each route, whole and streamed; what they ask together is what each is told alone."""

    async def ask_one(http: openai.AsyncOpenAI, number: int) -> str:
        text = f"question {number}"
        streamed = number % 2 == 1
        if number % 3 == 0:
            told: Any = await http.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": text}], stream=streamed
            )
            if not streamed:
                return told.choices[0].message.content
            return "".join([c.choices[0].delta.content or "" async for c in told if c.choices])
        if number % 3 == 1:
            told = await http.completions.create(model="davinci-002", prompt=text, stream=streamed)
            if not streamed:
                return told.choices[0].text
            return "".join([c.choices[0].text async for c in told if c.choices])
        told = await http.responses.create(model="gpt-4o", input=text, stream=streamed)
        if not streamed:
            return told.output_text
        return "".join([e.delta async for e in told if e.type == "response.output_text.delta"])

    async def ask_all(endpoint: str, key: str) -> tuple[list[str], list[str]]:
        clients = [
            openai.AsyncOpenAI(
                base_url=f"{endpoint}/openai/v1/",
                api_key=key,
                max_retries=0,
                http_client=openai.DefaultAsyncHttpxClient(verify=False),  # a store of certificates takes 20 ms each
            )
            for _ in range(crowd)
        ]
        together = await asyncio.gather(*(ask_one(each, i) for i, each in enumerate(clients)))
        alone = [await ask_one(clients[0], i) for i in range(crowd)]
        for each in clients:
            await each.close()
        return together, alone

    with serve() as standin:
        together, alone = asyncio.run(ask_all(standin.endpoint, standin.key))
        assert together == alone and all(together) and len(set(alone)) == crowd
        assert len(standin.requests) == 2 * crowd
