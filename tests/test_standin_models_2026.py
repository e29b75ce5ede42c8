"""The stand-in's models of 2026: default efforts, tools and effort, sampling, verbosity, the prompt cache."""

import json
from typing import Any

import openai
import pytest

from helpers.tables import read_rows
from tests.standin import Standin
from tests.standin.deployments import Deployment, tokenizer_of
from tests.standin.pieces import chat_request
from tests.standin.reasoning_rules import default_effort, takes_temperature
from tests.standin.verbosity import ask_for_length

HELLO: Any = [{"role": "user", "content": "Say hello to the sea"}]
TOOLS: Any = [{"type": "function", "function": {"name": "get_price", "parameters": {"type": "object"}}}]
LUNA, MINI = "gpt-5.6-luna", "gpt-5.4-mini"


def refuse(client: openai.OpenAI, path: str, **body: Any) -> dict[str, Any]:
    body = ({"messages": HELLO} if path == "chat/completions" else {"input": "Say hello"}) | body
    with pytest.raises(openai.BadRequestError) as caught:
        client.post(f"/{path}", cast_to=object, body=body)
    return dict(caught.value.body)


def deployment_of(model: str) -> Deployment:
    (row,) = [row for row in read_rows("standins") if row["deployment"] == model]
    return Deployment(model, row["model"], row["version"], "o200k_base", 2, True, True, engine=None)  # type: ignore[arg-type]


# --- effort -----------------------------------------------------------------------------------------------------------

DEFAULTS = {
    "gpt-5.1": "none", "gpt-5.4": "none", MINI: "none", "gpt-5.4-nano": "none",
    "gpt-5": "medium", "gpt-5-mini": "medium", "gpt-5.5": "medium", "gpt-5.6-sol": "medium", LUNA: "medium",
    "gpt-6-luna": "medium", "gpt-5-pro": "high", "o3-mini": "medium",
}  # fmt: skip


@pytest.mark.parametrize("model", DEFAULTS)
def test_the_default_effort_is_the_tables(model: str):
    assert {default_effort(api, deployment_of(model)) for api in ("chat", "responses")} == {DEFAULTS[model]}


def test_a_default_effort_costs_what_it_costs_when_it_is_named(client: openai.OpenAI):
    def thought(model: str, **body: Any) -> int:
        usage = client.responses.create(model=model, input="Why?", **body).usage
        return int(usage.output_tokens_details.reasoning_tokens)

    assert thought(MINI) == 0 < thought(LUNA) == thought(LUNA, reasoning={"effort": "medium"})
    assert thought(LUNA, reasoning={"effort": "none"}) == 0
    assert client.responses.create(model=LUNA, input="Why?").reasoning.effort == "medium"


def test_max_is_an_effort_of_the_responses_api_alone(client: openai.OpenAI):
    answer = client.responses.create(model=LUNA, input="Why?", reasoning={"effort": "max"})
    assert answer.reasoning.effort == "max" and answer.usage.output_tokens_details.reasoning_tokens > 0
    chat = refuse(client, "chat/completions", model=LUNA, reasoning_effort="max")
    assert (chat["param"], chat["code"]) == ("reasoning_effort", "unsupported_value")
    for model in (MINI, "gpt-5.1"):
        assert refuse(client, "responses", model=model, reasoning={"effort": "max"})["param"] == "reasoning.effort"


def test_an_effort_that_a_model_has_not_is_refused_in_the_quoted_words(client: openai.OpenAI):
    (row,) = [row for row in read_rows("errors") if row["error"] == "400_effort_minimal_gpt51"]
    quoted = json.loads(row["body"])["error"]
    told = refuse(client, "responses", model="gpt-5.1", reasoning={"effort": "minimal"})
    assert told == quoted | {"param": "reasoning.effort"}, "who quoted it had masked the name"
    for model in (MINI, "gpt-5.5"):
        told = refuse(client, "responses", model=model, reasoning={"effort": "minimal"})
        assert told["message"].endswith("Supported values are: 'none', 'low', 'medium', 'high', and 'xhigh'.")


# --- tools and effort -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effort", [{}, {"reasoning_effort": "low"}])
def test_tools_in_chat_need_effort_none_from_5_6_on_in_the_services_words(client: openai.OpenAI, effort: Any):
    (row,) = [row for row in read_rows("errors") if row["error"] == "400_tools_with_reasoning_gpt56"]
    told = refuse(client, "chat/completions", model="gpt-5.6-sol", tools=TOOLS, **effort)
    assert told == json.loads(row["body"])["error"]
    assert LUNA in refuse(client, "chat/completions", model=LUNA, tools=TOOLS, **effort)["message"]


def test_tools_in_chat_are_taken_at_effort_none_and_by_older_models(client: openai.OpenAI):
    ask: Any = {"messages": HELLO, "tools": TOOLS, "tool_choice": "required"}
    for more in (
        {"model": LUNA, "reasoning_effort": "none"},
        {"model": MINI},
        {"model": "gpt-5.1"},
        {"model": "gpt-5"},
    ):
        answer = client.chat.completions.create(**ask, **more)
        assert answer.choices[0].message.tool_calls, more
    assert client.chat.completions.create(model=LUNA, messages=HELLO, tools=[]).choices[0].message.content


# --- sampling ---------------------------------------------------------------------------------------------------------

SAMPLING: dict[str, Any] = {"temperature": 0.2, "top_p": 0.5, "logprobs": True, "max_tokens": 20}


@pytest.mark.parametrize("name", SAMPLING)
@pytest.mark.parametrize("model", [MINI, "gpt-5.4-nano", LUNA, "gpt-5.1", "o3-mini", "o1"])
def test_a_reasoning_model_before_6_takes_no_sampling(client: openai.OpenAI, model: str, name: str):
    error = refuse(client, "chat/completions", model=model, **{name: SAMPLING[name]})
    assert error["param"] == name and error["code"] in ("unsupported_parameter", "unsupported_value")
    if name == "max_tokens":
        (row,) = [row for row in read_rows("errors") if row["error"] == "400_max_tokens_reasoning"]
        assert error == json.loads(row["body"])["error"]


def test_gpt_6_takes_temperature_top_p_and_logprobs(client: openai.OpenAI):
    def say(**body: Any) -> str:
        ask: Any = {"model": "gpt-6-luna", "messages": HELLO, "reasoning_effort": "none", "seed": 1}
        return str(client.chat.completions.create(**ask, **body).choices[0].message.content)

    assert say() == say(temperature=0) != say(temperature=0.2), "what is set reaches the engine"
    assert say(top_p=0.5) != say()
    answer = client.chat.completions.create(model="gpt-6-luna", messages=HELLO, logprobs=True, top_logprobs=2)
    assert "".join(each.token for each in answer.choices[0].logprobs.content) == answer.choices[0].message.content
    assert refuse(client, "chat/completions", model="gpt-6-luna", max_tokens=20)["param"] == "max_tokens"
    told = client.responses.create(model="gpt-6-luna", input="Say hello", temperature=0.2)
    assert told.temperature == 0.2
    taken = [model for model in ("gpt-4o", "gpt-6-luna", MINI, LUNA) if takes_temperature("chat", deployment_of(model))]
    assert taken == ["gpt-4o", "gpt-6-luna"]


# --- verbosity --------------------------------------------------------------------------------------------------------


def test_verbosity_is_told_to_the_engine_and_noted(standin: Standin, client: openai.OpenAI):
    said, notes = {}, {}
    for verbosity in ("low", "medium", "high"):
        raw = client.chat.completions.with_raw_response.create(model=MINI, messages=HELLO, verbosity=verbosity)
        said[verbosity] = raw.parse().choices[0].message.content
        notes[verbosity] = raw.headers.get("x-standin-note")
    plain = client.chat.completions.create(model=MINI, messages=HELLO)
    assert plain.choices[0].message.content == said["medium"] and len(set(said.values())) == 3
    assert notes["medium"] is None and notes["low"] == "verbosity low: the engine was told so in a sentence"
    raw = client.responses.with_raw_response.create(model=LUNA, input="Say hello", text={"verbosity": "high"})
    assert "verbosity high" in raw.headers["x-standin-note"] and raw.parse().text.verbosity == "high"
    both = client.chat.completions.with_raw_response.create(
        model=MINI, messages=HELLO, tools=TOOLS, verbosity="low"
    ).headers["x-standin-note"]
    assert "JSON schema" in both and "verbosity low" in both


def test_verbosity_costs_no_prompt_tokens_and_asks_nothing_of_hidden_steps(client: openai.OpenAI):
    answers = [
        client.chat.completions.create(model=LUNA, messages=HELLO, reasoning_effort="low", verbosity=verbosity).usage
        for verbosity in ("low", "high")
    ]
    assert len({usage.prompt_tokens for usage in answers}) == 1
    assert len({usage.completion_tokens_details.reasoning_tokens for usage in answers}) == 1
    opened = ask_for_length("low", [{"role": "developer", "content": "Be kind."}, *HELLO])
    assert len(opened) == 2 and opened[0]["content"].startswith("Be kind.\n\nAnswer as briefly")


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("chat/completions", {"model": "gpt-4o", "verbosity": "low"}, "verbosity"),
        ("chat/completions", {"model": MINI, "verbosity": "loud"}, "verbosity"),
        ("chat/completions", {"model": MINI, "verbosity": 3}, "verbosity"),
        ("responses", {"model": "gpt-4o", "text": {"verbosity": "low"}}, "text.verbosity"),
        ("responses", {"model": MINI, "text": {"verbosity": "loud"}}, "text.verbosity"),
        ("responses", {"model": "o3-mini", "reasoning": {"summary": "auto"}}, "reasoning.summary"),
        ("responses", {"model": "gpt-5.1", "reasoning": {"mode": "pro"}}, None),
    ],
)
def test_what_lies_inside_a_parameter_is_held_to_the_table_too(
    client: openai.OpenAI, path: str, body: Any, param: str | None
):
    if param is None:  # the table has no rule for it, so nothing is refused
        client.post(f"/{path}", cast_to=object, body={"input": "x"} | body)
    else:
        assert refuse(client, path, **body)["param"] == param


# --- prompt caching ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_options_of_the_prompt_cache_are_400_before_5_6(client: openai.OpenAI, path: str):
    options = {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}
    kind = "text" if path == "chat/completions" else "input_text"
    part = {"type": kind, "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    field = "messages" if path == "chat/completions" else "input"
    marked: Any = {field: [{"role": "user", "content": [part]}]}
    ours = {"messages": HELLO} if path == "chat/completions" else {"input": "x"}
    for model in ("gpt-4o", "gpt-5.1", MINI, "gpt-5.5"):
        assert refuse(client, path, model=model, **options)["param"] == "prompt_cache_options"
        assert refuse(client, path, model=model, **marked)["param"].endswith("prompt_cache_breakpoint")
    for model in (LUNA, "gpt-6-luna"):
        for body in (ours | options, marked):
            assert client.post(f"/{path}", cast_to=object, body={"model": model} | body)


def test_nothing_is_said_to_come_from_a_cache_that_engines_are_asked_not_to_use(client: openai.OpenAI):
    sent = chat_request(HELLO, {}, None, 0, None).body
    assert sent["cache_prompt"] is False
    long: Any = [{"role": "user", "content": "word " * 2_000}]
    for _ in range(2):
        assert client.chat.completions.create(model=MINI, messages=long).usage.prompt_tokens_details.cached_tokens == 0
        details = client.responses.create(model=MINI, input=long).usage.input_tokens_details
        assert (details.cached_tokens, details.cache_write_tokens) == (0, 0)


# --- who answers, and counting ----------------------------------------------------------------------------------------


def test_the_models_of_the_course_have_their_engines():
    engines = {row["deployment"]: row["engine"].partition("-")[0] for row in read_rows("standins")}
    assert {engines[model] for model in (MINI, LUNA, "gpt-6-luna", "gpt-5.1", "gpt-4o")} == {"Qwen2.5"}
    assert engines["gpt-5.4-nano"] == "SmolLM2"


def test_one_message_costs_six_tokens_beside_its_text():
    for model in ("gpt-5.4", MINI, "gpt-5.4-nano", "gpt-5.5", "gpt-5.6-sol", LUNA):
        (category,) = {row["category"] for row in read_rows("models") if row["model"] == model}
        assert tokenizer_of(model, category) == ("o200k_base", 2), "3 for a message, 1 for its role, 2 that open"
