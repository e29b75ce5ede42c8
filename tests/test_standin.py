"""The stand-in over real sockets, with the engine that needs no weights. The engines: test_standin_engines.py."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import yaml

from helpers.tables import read_rows
from tests.standin import Standin, nonsense, serve
from tests.standin.checking import BODY_LIMIT
from tests.standin.deployments import build_deployments
from tests.standin.engines import ENGINES, EngineProcess, NonsenseEngine
from tests.standin.serving import HEARING
from tests.standin.sound.hearing import NonsenseHearing
from tests.standin.sound.speaking import Kokoro, NonsenseSpeaking
from tests.standin.vectors import VECTORS, NonsenseVectors

ROOT = Path(__file__).resolve().parent.parent
HELLO: Any = [{"role": "user", "content": "Say hello to the sea"}]
ASK: Any = {"model": "gpt-4o", "messages": HELLO}
TEXTUAL = ("language", "multimodal", "reasoning", "embeddings")
HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
CHAT = "/openai/v1/chat/completions"
DATED = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


def post(standin: Standin, path: str = CHAT, key: str | None = None, **how) -> httpx2.Response:
    return HTTP.post(standin.endpoint + path, headers={"api-key": key or standin.key}, **how)


def events(answer: httpx2.Response) -> list:
    data = [line.removeprefix("data: ") for line in answer.text.split("\n") if line]
    assert data.pop() == "[DONE]"
    return [json.loads(line) for line in data]


# --- as on the wire ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wire() -> Path:
    folder = os.environ.get("AZURE_OPENAI_SPECS")
    if not folder or not (Path(folder) / "wire" / "azure").is_dir():
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    return Path(folder) / "wire" / "azure"


def exchanges(file: Path) -> list[tuple[dict, dict]]:
    """(request body, response) of a cassette or of a recording of Microsoft's own tests."""
    if file.suffix == ".json":
        entries = json.loads(file.read_text())["Entries"]
        return [(entry["RequestBody"], {"body": entry["ResponseBody"]} | entry) for entry in entries]
    cassette = yaml.safe_load(file.read_text())
    pairs = [(i["request"]["body"], i["response"]) for i in cassette["interactions"]]
    return [(json.loads(asked), answer | {"text": answer["body"]["string"]}) for asked, answer in pairs]


def differences(ours, wires, path: str = "body") -> list[str]:
    """Where an answer of ours lacks a key of the wire's, has one it has not, another order or another type."""
    if isinstance(wires, dict) and isinstance(ours, dict):
        if list(ours) != list(wires):
            return [f"{path}: {list(ours)} for {list(wires)}"]
        return [line for key in wires for line in differences(ours[key], wires[key], f"{path}.{key}")]
    if isinstance(wires, list) and isinstance(ours, list):
        return [line for a, b in zip(ours, wires, strict=False) for line in differences(a, b, f"{path}[]")]
    same = type(ours) is type(wires) or path.endswith(".system_fingerprint")  # null or a string on the wire
    return [] if same else [f"{path}: {ours!r} for {wires!r}"]


def test_an_answer_has_the_fields_of_the_wire_in_its_order(standin: Standin, wire: Path):
    answers = [answer for _, answer in exchanges(wire / "openllmetry_azure_test_chat.yaml")]
    newest = next(a for a in reversed(answers) if a["status"]["code"] == 200 and a["text"].startswith("{"))
    assert differences(post(standin, json=ASK).json(), json.loads(newest["text"])) == []


def test_every_header_but_the_engines_is_one_that_the_wire_has(standin: Standin, wire: Path):
    sent = exchanges(wire / "openllmetry_azure_test_chat.yaml")[-1][1]["headers"]
    ours = set(post(standin, json=ASK).headers) - {"x-standin-engine"}
    assert ours <= {name.lower() for name in sent}
    assert {"apim-request-id", "x-request-id", "x-ms-region", "x-ratelimit-remaining-tokens"} <= ours


def test_a_stream_has_the_chunks_of_the_wire(standin: Standin, wire: Path):
    asked, answer = exchanges(wire / "elastic_azure_chat_stream_include_usage.yaml")[0]
    recorded = [json.loads(line[6:]) for line in answer["text"].splitlines() if line.startswith("data: {")]
    streamed = events(post(standin, DATED, json=asked | {"messages": HELLO}))
    # The recording is of 2024: since then a prompt is looked at for jailbreaks, and usage has details.
    del streamed[0]["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]
    for detail in ("completion_tokens_details", "prompt_tokens_details"):
        del streamed[-1]["usage"][detail]
    opening, role, text, *_, finish, usage = recorded
    for ours, theirs in zip([*streamed[:3], *streamed[-2:]], [opening, role, text, finish, usage], strict=True):
        assert differences(ours, theirs) == []


def test_a_wrong_key_is_refused_as_on_the_wire(standin: Standin, wire: Path):
    ((_, recorded),) = exchanges(wire / "azsdk_image_401_bad_key.json")
    answer = post(standin, key="wrong", json=ASK)
    assert (answer.status_code, answer.json()) == (401, recorded["ResponseBody"])
    assert set(answer.headers) - {"x-standin-engine"} == {name.lower() for name in recorded["ResponseHeaders"]}
    assert answer.headers["content-length"] == recorded["ResponseHeaders"]["Content-Length"]


def test_an_unknown_deployment_is_404_as_on_the_wire(standin: Standin, wire: Path):
    recorded = exchanges(wire / "openllmetry_azure_test_chat_reasoning.yaml")[-1][1]
    for path in (CHAT, DATED.replace("gpt-4o", "nobody")):
        answer = post(standin, path, json=ASK | {"model": "nobody"})
        assert (answer.status_code, answer.json()) == (404, json.loads(recorded["text"]))


# --- through the SDK --------------------------------------------------------------------------------------------------


def test_both_forms_of_the_api_give_the_sdks_types(standin: Standin, client: openai.OpenAI):
    dated = openai.AzureOpenAI(azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2024-10-21")
    answers = [each.chat.completions.create(**ASK) for each in (client, dated)]
    assert answers[0].choices[0].message.content == answers[1].choices[0].message.content
    for answer in answers:
        assert answer.model == nonsense.LABEL
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        filters = answer.choices[0].model_extra["content_filter_results"]
        assert {kind: one.get("severity", "") for kind, one in filters.items()}["hate"] == "safe"


def test_a_stream_opens_with_a_chunk_that_has_no_choices_and_ends_with_usage(client: openai.OpenAI):
    whole = client.chat.completions.create(**ASK)
    chunks = list(client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}))
    opening, role, *texts, finish, usage = chunks
    assert (opening.choices, opening.id, opening.created) == ([], "", 0)
    assert opening.model_extra["prompt_filter_results"][0]["prompt_index"] == 0
    assert role.choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content for chunk in texts) == whole.choices[0].message.content
    assert finish.choices[0].finish_reason == "stop" and finish.choices[0].delta.content is None
    assert usage.choices == [] and usage.usage == whole.usage


def test_a_stream_tells_its_usage_only_when_asked(client: openai.OpenAI):
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


def test_key_and_token_open_both_forms_and_nothing_else_does(standin: Standin):
    with httpx2.Client(base_url=standin.endpoint) as http:
        for path in (CHAT, DATED, "/openai/v1/models", "/openai/models?api-version=2024-10-21"):
            method = "POST" if "chat" in path else "GET"
            accepted = [
                {"api-key": standin.key},
                {"Authorization": f"Bearer {standin.key}"},
                {"Authorization": f"bearer {standin.token}"},
            ]
            refused = [
                {},
                {"api-key": ""},
                {"api-key": standin.token},
                {"api-key": standin.key[:-1]},
                {"Authorization": "Bearer"},
                {"Authorization": f"Basic {standin.key}"},
                {"Authorization": b"Bearer \xe9"},
            ]
            body = ASK if method == "POST" else None
            assert [http.request(method, path, headers=h, json=body).status_code for h in accepted] == [200] * 3
            assert [http.request(method, path, headers=h, json=body).status_code for h in refused] == [401] * 7


def test_a_refused_request_has_no_request_id_in_the_sdk(standin: Standin):
    stranger = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(**ASK)
    assert caught.value.request_id is None and caught.value.code == "401"


def test_entra_tokens_work_through_the_sdk(standin: Standin):
    dated = openai.AzureOpenAI(
        azure_endpoint=standin.endpoint, azure_ad_token_provider=lambda: standin.token, api_version="2024-10-21"
    )
    v1 = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=lambda: standin.token)
    for each in (dated, v1):
        assert each.chat.completions.create(**ASK).choices[0].message.content


def test_every_model_that_reads_text_draws_hears_or_speaks_is_listed_and_answers(
    standin: Standin, client: openai.OpenAI
):
    others = {"images", "speech to text", "text to speech"}
    draws = {r["model"] for r in read_rows("models") if r["category"] in others}
    wanted = {r["model"] for r in read_rows("models") if r["category"] in TEXTUAL} | draws
    talks = {r["model"] for r in read_rows("models") if r["also"] == "audio chat"}
    wanted |= talks
    live = {r["model"] for r in read_rows("models") if r["also"] == "realtime"}
    wanted |= live - {"gpt-realtime-2", "gpt-realtime-translate"}
    wanted.add("gpt-4-turbo")  # a version of gpt-4, which people deploy under a name of its own
    assert {model.id for model in client.models.list()} == wanted
    assert {model.owned_by for model in client.models.list()} == {"stand-in"}
    dated = openai.AzureOpenAI(azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2024-10-21")
    chats = {model.id for model in dated.models.list() if model.model_extra["capabilities"]["chat_completion"]}
    completes = {model.id for model in dated.models.list() if model.model_extra["capabilities"]["completion"]}
    assert completes == {"babbage-002", "davinci-002", "gpt-35-turbo-instruct"}
    embeds = {model.id for model in dated.models.list() if model.model_extra["capabilities"]["embeddings"]}
    assert embeds == {"text-embedding-3-large", "text-embedding-3-small", "text-embedding-ada-002"}
    elsewhere = {"codex-mini", "gpt-5-codex", "gpt-5-pro", "gpt-5.1-codex", "o3-pro"}  # in the Responses API alone
    assert elsewhere < wanted - chats and not chats & (elsewhere | completes | embeds | draws | live)
    assert talks < chats
    for model in chats - talks:
        assert client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_the_table_names_an_engine_for_each_deployment_and_several_serve_behind_one_front():
    labels = {kind.label for kind in ENGINES.values()} - {nonsense.LABEL}
    vectors = {kind.label: relabel(NonsenseVectors(), kind.label) for kind in VECTORS.values()}
    rows = {row["deployment"]: row["engine"] for row in read_rows("standins")}
    hearing = {kind.label: relabel(NonsenseHearing(), kind.label) for kind in HEARING}
    speaking = {Kokoro.label: relabel(NonsenseSpeaking(), Kokoro.label)}
    assert set(rows.values()) == labels | set(vectors) | set(hearing) | set(speaking)
    first, second = (relabel(NonsenseEngine(), label) for label in labels)
    first.stop(), second.stop()
    engines = {first.label: first, second.label: second}
    deployments = build_deployments(engines, vectors, hearing, speaking)
    assert {name: deployment.engine.label for name, deployment in deployments.items()} == rows
    assert {each.engine for each in build_deployments({first.label: first}).values()} == {first}


def relabel(engine: Any, label: str) -> Any:
    engine.label = label
    return engine


def test_a_completions_model_refuses_to_chat(client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError, match="chatCompletion operation") as caught:
        client.chat.completions.create(model="gpt-35-turbo-instruct", messages=HELLO)
    assert caught.value.code == "OperationNotSupported"


def test_fifty_clients_at_once_get_their_own_answers(standin: Standin):
    prompts = [f"question {i}" for i in range(50)]

    async def ask_all(at_once: bool) -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key) as http:

            async def ask(text: str) -> str:
                message = {"role": "user", "content": text}
                answer = await http.chat.completions.create(model="gpt-4o", messages=[message])
                return answer.choices[0].message.content

            if at_once:
                return await asyncio.gather(*map(ask, prompts))
            return [await ask(text) for text in prompts]

    alone = asyncio.run(ask_all(at_once=False))
    assert len(set(alone)) == 50
    assert asyncio.run(ask_all(at_once=True)) == alone


def test_n_choices_are_all_counted(client: openai.OpenAI):
    answer = client.chat.completions.create(**ASK, n=3, seed=1)
    texts = [choice.message.content for choice in answer.choices]
    assert len(set(texts)) == 3 and [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.completion_tokens == sum(len(text.split()) for text in texts)
    chunks = list(client.chat.completions.create(**ASK, n=3, seed=1, stream=True))
    streamed = ["", "", ""]
    for chunk in chunks:
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
    assert streamed == texts


def test_parameters_reach_the_engine(client: openai.OpenAI):
    whole = client.chat.completions.create(**ASK).choices[0].message.content
    others = [{"temperature": 0.5}, {"top_p": 0.5}, {"seed": 1}, {"frequency_penalty": 1}, {"presence_penalty": 1}]
    answers = {client.chat.completions.create(**ASK, **other).choices[0].message.content for other in others}
    assert len(answers | {whole}) == len(others) + 1
    for name in ("max_tokens", "max_completion_tokens"):
        short = client.chat.completions.create(**ASK, **{name: 2})
        assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (2, "length")
    stopped = client.chat.completions.create(**ASK, stop=[" "]).choices[0].message.content
    assert stopped and " " not in stopped


def test_nonsense_in_json_fits_the_schema(client: openai.OpenAI):
    import jsonschema

    closed = {"required": ["size"], "additionalProperties": False}
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kind": {"enum": ["ship", "tree"]},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        },
        "required": ["name", "kind", "parts", "next"],
        "additionalProperties": False,
        "$defs": {"part": {"type": "object", "properties": {"size": {"type": ["integer", "null"]}}} | closed},
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema, "strict": True}}
    for seed in range(30):
        answer = client.chat.completions.create(**ASK, seed=seed, response_format=wanted)
        jsonschema.validate(json.loads(answer.choices[0].message.content), schema)
    asked: Any = [{"role": "user", "content": "Say hello in JSON"}]
    plain = client.chat.completions.create(model="gpt-4o", messages=asked, response_format={"type": "json_object"})
    assert isinstance(json.loads(plain.choices[0].message.content), dict)


def test_limit_headers_count_down_for_each_deployment():
    with serve() as standin:
        ask = {"messages": HELLO, "max_tokens": 10}
        first, second = (post(standin, json=ask | {"model": "gpt-4o"}).headers for _ in range(2))
        other = post(standin, json=ask | {"model": "gpt-4o-mini"}).headers
    left = [int(headers["x-ratelimit-remaining-requests"]) for headers in (first, second, other)]
    assert left == [999, 998, 999]
    spent = [int(headers["x-ratelimit-remaining-tokens"]) for headers in (first, second)]
    assert spent[0] - spent[1] == 10 + len(HELLO[0]["content"].split())
    assert second["x-ms-deployment-name"] == "gpt-4o"


# --- who answered -----------------------------------------------------------------------------------------------------


def test_answers_name_the_engine_and_errors_the_front(standin: Standin):
    answers = [post(standin, json=ASK), post(standin, json=ASK | {"stream": True}), post(standin, DATED, json=ASK)]
    assert [answer.headers["x-standin-engine"] for answer in answers] == [nonsense.LABEL] * 3
    errors = [post(standin, json={}), post(standin, "/nowhere"), post(standin, key="wrong", json=ASK)]
    assert [answer.headers["x-standin-engine"] for answer in errors] == ["front"] * 3
    assert post(standin, json=ASK).headers["x-ms-region"] == "stand-in"


def test_what_came_in_is_listed_with_its_body_whatever_became_of_it():
    with serve() as standin:
        post(standin, json=ASK)
        post(standin, DATED, json={"messages": []})
        post(standin, key="wrong", json=ASK)
        httpx2.get(f"{standin.endpoint}/openai/v1/models", headers={"api-key": standin.key})
        assert standin.requests == [
            ("POST", CHAT, ASK),
            ("POST", DATED.partition("?")[0], {"messages": []}),
            ("POST", CHAT, None),
            ("GET", "/openai/v1/models", None),
        ]


def test_no_answer_holds_a_credential(standin: Standin):
    wrong = "".join(reversed(standin.key))
    answers = [
        post(standin, json=ASK),
        post(standin, json=ASK | {"stream": True}),
        post(standin, json={"messages": 1}),
        post(standin, json=ASK | {"model": standin.key}),
        post(standin, f"/openai/{standin.key}", json=ASK),
        post(standin, key=wrong, json=ASK),
    ]
    for answer in answers:
        shown = answer.text + str(answer.headers)
        assert not any(secret in shown for secret in (standin.key, standin.token, wrong))


# --- wrong input ------------------------------------------------------------------------------------------------------

SAY = {"role": "user", "content": "x"}
BAD = {
    "messages missing": ({"messages": None}, "messages"),
    "messages no list": ({"messages": "hello"}, "messages"),
    "messages empty": ({"messages": []}, "messages"),
    "message no object": ({"messages": ["hello"]}, "messages[0]"),
    "no role": ({"messages": [SAY, {"content": "x"}]}, "messages[1].role"),
    "unknown role": ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
    "role no string": ({"messages": [{"role": [1], "content": "x"}]}, "messages[0].role"),
    "no content": ({"messages": [{"role": "user"}]}, "messages[0].content"),
    "content a number": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    "a picture without one": (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages[0].content[0].image_url",
    ),
    "part no object": ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
    "part no text": ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    "name a number": ({"messages": [SAY | {"name": 5}]}, "messages[0].name"),
    "a tool's answer": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    "a function's answer": ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
    "functions": ({"functions": [{"name": "f"}]}, "functions"),
    "logit_bias": ({"logit_bias": {"50256": -100}}, "logit_bias"),
    "sound": ({"modalities": ["text", "audio"]}, "modalities"),
    "unknown parameter": ({"temprature": 1}, "temprature"),
    "temperature a string": ({"temperature": "hot"}, "temperature"),
    "temperature a boolean": ({"temperature": True}, "temperature"),
    "temperature too high": ({"temperature": 2.1}, None),
    "temperature endless": ({"temperature": 10**400}, None),
    "top_p negative": ({"top_p": -1}, None),
    "n zero": ({"n": 0}, None),
    "n a fraction": ({"n": 1.5}, "n"),
    "max_tokens zero": ({"max_tokens": 0}, None),
    "both limits": ({"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens"),
    "seed too long": ({"seed": 2**63}, None),
    "stream a string": ({"stream": "yes"}, "stream"),
    "stream_options alone": ({"stream_options": {"include_usage": True}}, "stream_options"),
    "stream_options a list": ({"stream": True, "stream_options": [1]}, "stream_options"),
    "top_logprobs alone": ({"top_logprobs": 2}, "top_logprobs"),
    "five stops": ({"stop": list("abcde")}, "stop"),
    "stop a number": ({"stop": [1]}, "stop"),
    "response_format a string": ({"response_format": "json"}, "response_format"),
    "response_format unknown": ({"response_format": {"type": "xml"}}, "response_format.type"),
    "schema missing": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        "response_format.json_schema.schema",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_parameter_is_400_and_named(standin: Standin, case: str):
    change, param = BAD[case]
    for path in (CHAT, DATED):
        answer = post(standin, path, content=json.dumps(ASK | change))
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
        assert list(error) == ["message", "type", "param", "code"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b'{"messages": ' + b"[" * 100_000,
        b'{"temperature": NaN}',
        b'{"temperature": 1e999}',
        b'{"seed": ' + b"9" * 5000 + b"}",
        rb'{"messages": [{"role": "user", "content": "\ud800"}]}',
    ],
    ids=["empty", "cut", "list", "string", "no-utf8", "deep", "nan", "inf", "long-number", "half-a-pair"],
)
def test_a_body_that_is_no_json_object_is_400(standin: Standin, content: bytes):
    for path in (CHAT, DATED):
        answer = post(standin, path, content=content)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_v1_needs_a_model_in_the_body_and_the_dated_form_does_not(standin: Standin):
    assert post(standin, json={"messages": HELLO}).json()["error"]["param"] == "model"
    assert post(standin, json={"messages": HELLO, "model": 5}).json()["error"]["param"] == "model"
    assert post(standin, DATED, json={"messages": HELLO, "model": "nobody"}).status_code == 200


@pytest.mark.parametrize("version", ["", "?api-version=", "?api-version=latest", "?api-version=2024-10"])
def test_a_dated_route_without_an_api_version_is_404(standin: Standin, version: str):
    answer = post(standin, DATED.partition("?")[0] + version, json=ASK)
    assert (answer.status_code, answer.json()) == (404, {"error": {"code": "404", "message": "Resource not found"}})
    listed = httpx2.get(f"{standin.endpoint}/openai/models{version}", headers={"api-key": standin.key})
    assert listed.status_code == 404


def test_unknown_paths_and_methods_are_404_and_need_a_key_first(standin: Standin):
    paths = ["/", "/openai/v1/chat", CHAT + "/", "/openai/v1/embedding", "/docs"]
    assert [post(standin, path, json=ASK).status_code for path in paths] == [404] * 5
    assert [post(standin, path, key="wrong", json=ASK).status_code for path in paths] == [401] * 5
    assert httpx2.get(standin.endpoint + CHAT, headers={"api-key": standin.key}).status_code == 404


def test_a_body_past_the_limit_is_413_and_the_server_goes_on(standin: Standin):
    answer = post(standin, content=b" " * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == (
        f"Maximum content size limit ({BODY_LIMIT}) exceeded ({BODY_LIMIT + 1} bytes read)"
    )
    assert post(standin, json=ASK).status_code == 200


def test_parameters_without_effect_and_nulls_are_taken(client: openai.OpenAI):
    plain = client.chat.completions.create(**ASK)
    idle = {"user": "u", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"}
    idle |= {"modalities": ["text"], "tools": [], "temperature": None, "stop": None, "logit_bias": {}}
    with_them = client.chat.completions.create(**ASK, **idle)
    assert with_them.choices[0].message.content == plain.choices[0].message.content


# --- engines that fail ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this platform")
def test_a_killed_engine_is_503_and_comes_back():
    engine = EngineProcess(nonsense.LABEL, ["--nonsense"])
    try:
        with serve(engine) as standin:
            before = post(standin, json=ASK).json()["choices"][0]["message"]
            engine.process.kill()
            engine.process.wait()
            text, response = {"model": "davinci-002", "prompt": "x"}, {"model": "gpt-4o", "input": "x"}
            asks = [(CHAT, ASK), ("/openai/v1/completions", text), ("/openai/v1/responses", response)]
            for path, ask in [each for p, a in asks for each in ((p, a), (p, a | {"stream": True}))]:
                engine.process.kill()  # it may have come back
                engine.process.wait()
                lost = post(standin, path, json=ask)
                assert (lost.status_code, lost.json()["error"]["code"]) == (503, "ServiceUnavailable")
                assert lost.headers["x-standin-engine"] == "front"
            assert httpx2.get(f"{standin.endpoint}/openai/v1/models", headers={"api-key": standin.key}).is_success
            deadline = time.monotonic() + 20
            while not (again := post(standin, json=ASK)).is_success and time.monotonic() < deadline:
                time.sleep(0.1)
            assert again.json()["choices"][0]["message"] == before
    finally:
        engine.stop()


def test_a_stopped_engine_stays_away_and_the_sdk_says_so():
    with serve() as standin:
        standin.engine.stop()
        client = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
        for _ in range(2):
            with pytest.raises(openai.InternalServerError, match="gave no answer"):
                client.chat.completions.create(**ASK)


class _Script:
    """An engine of one socket, that answers every request with the same bytes and hangs up."""

    label = nonsense.LABEL

    def __init__(self, payload: bytes):
        self._payload = payload
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                # To its end: closing on what is unread would reset the connection instead of ending the answer.
                head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
                found = re.search(rb"content-length: (\d+)", head.lower())
                while found and len(body) < int(found[1]):
                    body += connection.recv(65536)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for start in range(0, len(self._payload), 50):  # cut anywhere, as networks do
                    connection.sendall(self._payload[start : start + 50])
                    time.sleep(0.001)

    def revive(self) -> None: ...

    def stop(self) -> None:
        self._socket.close()


@contextmanager
def serve_script(*lines: str, status: str = "200 OK") -> Iterator[openai.OpenAI]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    engine = _Script((head + "".join(lines)).encode())
    with serve(engine) as standin:
        yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
    engine.stop()


def said(text: str, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]}, ensure_ascii=False)}\n\n"


COUNTED = 'data: {"choices": [], "usage": {"completion_tokens": 3}}\n\n'


def test_an_engine_lost_in_the_middle_of_a_stream_is_an_error_in_the_stream():
    with serve_script(said("one"), said(" two")) as client:
        texts = []
        with pytest.raises(openai.APIError, match="gave no answer"):
            for chunk in client.chat.completions.create(**ASK, stream=True):
                texts += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        assert texts == ["one", " two"]
        with pytest.raises(openai.InternalServerError, match="gave no answer"):
            client.chat.completions.create(**ASK)


def test_an_engine_lost_in_the_middle_of_a_response_fails_it():
    with serve_script(said("one"), said(" two")) as client:
        events = list(client.responses.create(model="gpt-4o", input="x", stream=True))
        assert [event.delta for event in events if event.type == "response.output_text.delta"] == ["one", " two"]
        assert (events[-1].type, events[-1].response.status) == ("response.failed", "failed")
        assert "gave no answer" in events[-1].response.error.message
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(events[-1].response.id)


def test_an_engines_refusal_is_400_and_its_failure_500():
    refusal = json.dumps({"error": {"code": 400, "message": "no such grammar", "type": "invalid_request_error"}})
    for status, expected in (("400 Bad", openai.BadRequestError), ("500 Broken", openai.InternalServerError)):
        with (
            serve_script(refusal, status=status) as client,
            pytest.raises(expected, match="no such grammar"),
        ):
            client.chat.completions.create(**ASK)
    with serve_script("<html>", status="502 Bad") as client, pytest.raises(openai.InternalServerError, match="gave no"):
        client.chat.completions.create(**ASK)


def test_neither_line_separators_in_a_text_nor_cuts_on_the_way_break_it():
    text = "one\u2028two\x85three"
    with serve_script(said(text, "stop"), COUNTED, "data: [DONE]\n\n") as client:
        answer = client.chat.completions.create(**ASK)
        assert (answer.choices[0].message.content, answer.usage.completion_tokens) == (text, 3)


# --- on this machine only, from the command line ----------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_front_and_engine_listen_on_loopback_alone(standin: Standin):
    for url in (standin.endpoint, standin.engine.url):
        assert url.startswith("http://127.0.0.1:")
        with pytest.raises(ConnectionRefusedError):  # a server on all addresses would answer here
            socket.create_connection(("127.0.0.2", httpx2.URL(url).port), timeout=5)


def test_nonsense_starts_within_a_second():
    started = time.monotonic()
    with serve() as standin:
        assert post(standin, json=ASK).is_success
        assert time.monotonic() - started < 1


def test_the_same_request_gets_the_same_nonsense_in_another_process():
    program = (
        "import json, sys; from tests.standin import nonsense; print(nonsense.compose_answer(json.load(sys.stdin)))"
    )
    for hashing in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            input=json.dumps(ASK),
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": hashing},
        )
        assert done.stdout.strip() == str(nonsense.compose_answer(ASK))


@contextmanager
def command(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.standin", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_command_prints_what_goes_into_env_and_ends_cleanly():
    key = os.urandom(8).hex()
    with command("--engine", "nonsense", "--port", "0", STANDIN_KEY=key) as process:
        assert process.stdout
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                break
        settings = dict(re.findall(r"^(\w+)=(\S+)", "".join(printed), re.MULTILINE))
        assert settings["AZURE_OPENAI_API_KEY"] == key and settings["AZURE_OPENAI_MODE"] in ("live", "record")
        assert f"{nonsense.LABEL} answers for " in "".join(printed) and "answer.model" in "".join(printed)
        client = openai.OpenAI(base_url=f"{settings['AZURE_OPENAI_ENDPOINT']}/openai/v1/", api_key=key)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                assert client.chat.completions.create(**ASK).model == nonsense.LABEL
                break
            except openai.APIConnectionError:
                time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert "ended" in rest


def test_a_taken_port_is_said_and_not_traced():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with command("--engine", "nonsense", "--port", str(port)) as process:
            _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in errors and f"--port {port + 1}" in errors and "Traceback" not in errors


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this platform")
def test_an_engine_ends_with_a_parent_that_was_killed():
    program = (
        "import time; from tests.standin.engines import EngineProcess\n"
        "engine = EngineProcess('x', ['--nonsense']); print(engine.url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        assert httpx2.get(url).status_code == 404  # it lives: no such path
        parent.kill()
        deadline = time.monotonic() + 10
        with pytest.raises(httpx2.ConnectError):
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx2.ReadError, httpx2.RemoteProtocolError):  # cut off while it was ending
                    httpx2.get(url)
                time.sleep(0.05)
