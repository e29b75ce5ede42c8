"""The stand-in's completions and Responses API, log probabilities, and what one model takes and another refuses."""

import json
import math
from typing import Any

import httpx2
import openai
import pytest

from helpers.tables import read_rows
from tests.standin import Standin, nonsense, serve

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
HELLO: Any = [{"role": "user", "content": "Say hello to the sea"}]
DATED = "2025-04-01-preview"


@pytest.fixture(scope="module")
def dated(standin: Standin) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(azure_endpoint=standin.endpoint, api_key=standin.key, api_version=DATED, max_retries=0)


def refuse(ask: Any) -> dict[str, Any]:
    with pytest.raises(openai.BadRequestError) as caught:
        ask()
    return dict(caught.value.body)


# --- completions ------------------------------------------------------------------------------------------------------


def test_a_text_is_carried_on_in_both_forms_of_the_api(client: openai.OpenAI, dated: openai.AzureOpenAI):
    answers = [each.completions.create(model="davinci-002", prompt="The sea is") for each in (client, dated)]
    assert answers[0].choices[0].text == answers[1].choices[0].text != ""
    assert answers[0].model == nonsense.LABEL and answers[0].object == "text_completion"
    assert answers[0].usage.prompt_tokens == 3 and answers[0].usage.completion_tokens <= 16, "16 if nothing is said"


def test_base_models_get_the_bare_text_and_the_instructed_one_a_chat(client: openai.OpenAI):
    texts = {
        model: client.completions.create(model=model, prompt="The sea is", seed=1).choices[0].text
        for model in ("davinci-002", "babbage-002", "gpt-35-turbo-instruct")
    }
    # Nonsense is drawn from what the engine is asked: the same for both base models, another for the chat.
    assert texts["davinci-002"] == texts["babbage-002"] != texts["gpt-35-turbo-instruct"]


def test_each_prompt_gets_its_choices_in_order_and_all_are_counted(client: openai.OpenAI):
    ask: Any = {"model": "davinci-002", "prompt": ["The sea is", "One"], "n": 2, "max_tokens": 4}
    answer = client.completions.create(**ask)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert len({choice.text for choice in answer.choices}) == 4
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 16)
    assert len(answer.model_extra["prompt_filter_results"]) == 2
    echoed = client.completions.create(**ask, echo=True)
    assert [choice.text.partition("is")[0] for choice in echoed.choices[:2]] == ["The sea ", "The sea "]
    assert [e.text for e in echoed.choices] == [
        p + c.text for p, c in zip(["The sea is"] * 2 + ["One"] * 2, answer.choices, strict=True)
    ]


def test_a_streamed_text_is_the_whole_one(client: openai.OpenAI):
    ask: Any = {"model": "davinci-002", "prompt": ["The sea is", "One"], "n": 2, "max_tokens": 5, "logprobs": 2}
    whole = client.completions.create(**ask)
    texts, tokens, finishes = [""] * 4, [[], [], [], []], [None] * 4
    for chunk in client.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            tokens[choice.index] += choice.logprobs.tokens if choice.logprobs else []
            finishes[choice.index] = choice.finish_reason or finishes[choice.index]
    assert texts == [choice.text for choice in whole.choices]
    assert tokens == [choice.logprobs.tokens for choice in whole.choices]
    assert finishes == ["length"] * 4 and chunk.usage == whole.usage


def test_a_texts_logprobs_say_where_each_token_stands(client: openai.OpenAI):
    prompt = "The sea is"
    choice = client.completions.create(model="davinci-002", prompt=prompt, max_tokens=6, logprobs=3).choices[0]
    told = choice.logprobs
    assert "".join(told.tokens) == choice.text
    starts = [len(prompt) + len("".join(told.tokens[:i])) for i in range(len(told.tokens))]
    assert told.text_offset == starts
    for token, number, likely in zip(told.tokens, told.token_logprobs, told.top_logprobs, strict=True):
        assert likely[token] == number < 0 and 1 < len(likely) <= 4
        assert sum(math.exp(each) for each in likely.values()) < 1


def test_no_room_for_an_answer_gives_none_and_asks_no_engine(client: openai.OpenAI):
    answer = client.completions.create(model="davinci-002", prompt="The sea", max_tokens=0, echo=True)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("The sea", "length")
    assert answer.usage.completion_tokens == 0


BAD_TEXTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "no prompt": ({"prompt": None}, "prompt"),
    "prompt a number": ({"prompt": 3}, "prompt"),
    "prompt tokens": ({"prompt": [1, 2]}, "prompt"),
    "no prompts": ({"prompt": []}, "prompt"),
    "too many prompts": ({"prompt": ["x"] * 21}, "prompt"),
    "logprobs a boolean": ({"logprobs": True}, "logprobs"),
    "six logprobs": ({"logprobs": 6}, None),
    "echoed logprobs": ({"logprobs": 1, "echo": True}, "logprobs"),
    "best of more": ({"best_of": 3}, "best_of"),
    "suffix": ({"suffix": "end"}, "suffix"),
    "messages": ({"messages": HELLO}, "messages"),
    "too long": ({"prompt": "word " * 20_000}, "prompt"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_a_bad_completion_is_400_and_named(client: openai.OpenAI, case: str):
    change, param = BAD_TEXTS[case]
    body = {"model": "gpt-35-turbo-instruct", "prompt": "x"} | change
    error = refuse(lambda: client.post("/completions", cast_to=object, body=body))
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_models_that_chat_do_not_complete_and_the_other_way_round(client: openai.OpenAI):
    for ask in (
        lambda: client.completions.create(model="gpt-4o", prompt="x"),
        lambda: client.chat.completions.create(model="davinci-002", messages=HELLO),
        lambda: client.responses.create(model="davinci-002", input="x"),
        lambda: client.responses.create(model="o1-mini", input="x"),
        lambda: client.chat.completions.create(model="o3-pro", messages=HELLO),
    ):
        assert refuse(ask)["code"] == "OperationNotSupported"
    assert client.responses.create(model="o3-pro", input="x").output_text


def test_no_route_answers_without_its_key(standin: Standin, client: openai.OpenAI):
    kept = client.responses.create(model="gpt-4o", input="x").id
    dated = f"?api-version={DATED}"
    routes = [
        ("POST", "/openai/v1/completions"),
        ("POST", f"/openai/deployments/davinci-002/completions{dated}"),
        ("POST", "/openai/v1/responses"),
        ("POST", f"/openai/responses{dated}"),
        *[(method, f"/openai/v1/responses/{kept}") for method in ("GET", "DELETE")],
        ("GET", f"/openai/responses/{kept}{dated}"),
        ("GET", f"/openai/v1/responses/{kept}/input_items"),
    ]
    ask = {"model": "davinci-002", "prompt": "x", "input": "x"}
    for method, path in routes:
        for headers in ({}, {"api-key": "wrong"}, {"authorization": "Bearer wrong"}):
            answer = HTTP.request(method, standin.endpoint + path, headers=headers, json=ask)
            assert answer.status_code == 401 and answer.json()["error"]["code"] == "401"
    assert client.responses.retrieve(kept).id == kept


def test_dated_responses_need_an_api_version(standin: Standin):
    for method, path in (("POST", "/openai/responses"), ("GET", "/openai/responses/resp_x")):
        answer = HTTP.request(method, standin.endpoint + path, headers={"api-key": standin.key}, json={})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Resource not found")


# --- log probabilities of chat ----------------------------------------------------------------------------------------


def test_logprobs_of_nonsense_are_drawn_from_the_request(client: openai.OpenAI):
    ask: Any = {"model": "gpt-4o", "messages": HELLO, "logprobs": True, "top_logprobs": 5}
    first, again, other = (client.chat.completions.create(**ask, seed=seed) for seed in (1, 1, 2))
    told = first.choices[0].logprobs.content
    assert told == again.choices[0].logprobs.content != other.choices[0].logprobs.content
    assert "".join(entry.token for entry in told) == first.choices[0].message.content
    for entry in told:
        numbers = [likely.logprob for likely in entry.top_logprobs]
        assert numbers == sorted(numbers, reverse=True) and 4 <= len(numbers) <= 5
        assert entry.logprob in numbers and sum(map(math.exp, numbers)) < 1
        assert bytes(entry.bytes).decode() == entry.token
    assert any(entry.top_logprobs[0].token != entry.token for entry in told), "what is said is not always likeliest"


def test_n_choices_differ_without_a_seed(client: openai.OpenAI):
    answer = client.chat.completions.create(model="gpt-4o", messages=HELLO, n=4)
    assert len({choice.message.content for choice in answer.choices}) == 4


# --- responses --------------------------------------------------------------------------------------------------------


def test_a_response_is_answered_kept_followed_and_deleted(client: openai.OpenAI, dated: openai.AzureOpenAI):
    first = client.responses.create(model="gpt-4o", input="Name a ship", instructions="Be brief")
    assert (first.status, first.model, first.output[0].role) == ("completed", nonsense.LABEL, "assistant")
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens
    assert first.usage.output_tokens == len(first.output_text.split())
    second = dated.responses.create(model="gpt-4o", input="Another", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    # The first question, its answer and the new question; the instructions are not carried over.
    assert second.usage.input_tokens == 3 + first.usage.output_tokens + 1
    assert client.responses.retrieve(second.id) == second
    assert [item.content[0].text for item in client.responses.input_items.list(second.id).data] == ["Another"]
    client.responses.delete(first.id)
    third = client.responses.create(model="gpt-4o", input="More", previous_response_id=second.id)
    assert third.usage.input_tokens > second.usage.input_tokens, "what was read before is part of the later one"
    with pytest.raises(openai.NotFoundError, match=f"Response with id '{first.id}' not found"):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(first.id)
    error = refuse(lambda: client.responses.create(model="gpt-4o", input="x", previous_response_id=first.id))
    assert (error["code"], error["param"]) == ("previous_response_not_found", "previous_response_id")


def test_what_is_not_to_be_stored_cannot_be_followed(client: openai.OpenAI):
    gone = client.responses.create(model="gpt-4o", input="Name a ship", store=False)
    assert gone.store is False
    error = refuse(lambda: client.responses.create(model="gpt-4o", input="x", previous_response_id=gone.id))
    assert error["code"] == "previous_response_not_found"


def test_an_answer_may_be_handed_back_as_input(client: openai.OpenAI):
    first = client.responses.create(model="gpt-4o", input="Name a ship")
    items: Any = [{"role": "user", "content": "Name a ship"}, *[item.model_dump() for item in first.output]]
    second = client.responses.create(model="gpt-4o", input=[*items, {"role": "user", "content": "Another"}])
    followed = client.responses.create(model="gpt-4o", input="Another", previous_response_id=first.id)
    assert second.usage.input_tokens == followed.usage.input_tokens
    assert second.output_text == followed.output_text


def test_a_streamed_response_tells_the_same_in_numbered_events(client: openai.OpenAI):
    whole = client.responses.create(model="gpt-4o", input="Name a ship", store=False)
    events = list(client.responses.create(model="gpt-4o", input="Name a ship", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    deltas = kinds.count("output_text.delta")
    assert kinds == [
        "created", "in_progress", "output_item.added", "content_part.added", *["output_text.delta"] * deltas,
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text
    last = events[-1].response
    assert last.output_text == whole.output_text and last.usage == whole.usage
    assert client.responses.retrieve(last.id).output_text == whole.output_text


def test_an_answer_without_room_is_incomplete(client: openai.OpenAI):
    ask: Any = {"model": "gpt-4o", "input": "Tell all about ships", "max_output_tokens": 16}
    answers = [client.responses.create(**ask | {"input": f"Tell all {i}"}) for i in range(8)]
    cut = [answer for answer in answers if answer.status == "incomplete"]
    assert cut and all(answer.usage.output_tokens == 16 for answer in cut)
    assert cut[0].incomplete_details.reason == "max_output_tokens" and cut[0].output[0].status == "incomplete"
    assert cut[0].max_output_tokens == 16
    streamed = [list(client.responses.create(**ask | {"input": f"Tell all {i}"}, stream=True))[-1] for i in range(8)]
    assert [event.type for event in streamed] == [f"response.{answer.status}" for answer in answers]


def test_what_a_response_was_asked_stands_in_it(client: openai.OpenAI):
    told = {"metadata": {"a": "b"}, "temperature": 0.5, "top_p": 0.5, "truncation": "auto", "user": "u"}
    answer = client.responses.create(model="gpt-4o", input="x", instructions="y", **told)
    assert {name: getattr(answer, name) for name in told} == told and answer.instructions == "y"


def test_logprobs_of_a_response_come_when_they_are_included(client: openai.OpenAI):
    ask: Any = {"model": "gpt-4o", "input": "Name a ship", "top_logprobs": 2}
    assert client.responses.create(**ask).output[0].content[0].logprobs == []
    part = client.responses.create(**ask, include=["message.output_text.logprobs"]).output[0].content[0]
    assert "".join(entry.token for entry in part.logprobs) == part.text


def test_a_long_conversation_is_refused_or_loses_its_beginning(client: openai.OpenAI):
    long: Any = [{"role": "user", "content": "word " * 5_000} for _ in range(3)]
    error = refuse(lambda: client.responses.create(model="gpt-4", input=long))
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")
    assert client.responses.create(model="gpt-4", input=long, truncation="auto").usage.input_tokens == 5_000
    refuse(lambda: client.responses.create(model="gpt-4", input="word " * 9_000, truncation="auto"))


BAD_RESPONSES: dict[str, tuple[dict[str, Any], str | None]] = {
    "no input": ({"input": None}, "input"),
    "no items": ({"input": []}, "input"),
    "an item no object": ({"input": ["x"]}, "input[0]"),
    "an unknown item": ({"input": [{"type": "mcp_call"}]}, "input[0].type"),
    "a result without its call's id": ({"input": [{"type": "function_call_output"}]}, "input[0].call_id"),
    "a role unknown": ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    "no content": ({"input": [{"role": "user"}]}, "input[0].content"),
    "no picture": (
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        "input[0].content[0].image_url",
    ),
    "too short": ({"max_output_tokens": 5}, "max_output_tokens"),
    "too much": ({"max_output_tokens": 50_000}, "max_output_tokens"),
    "tools": ({"tools": [{"type": "web_search"}]}, "tools"),
    "background and not stored": ({"background": True, "store": False}, "background"),
    "truncation": ({"truncation": "some"}, "truncation"),
    "format": ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    "include": ({"include": ["file_search_call.results"]}, "include"),
    "metadata": ({"metadata": {"a": 1}}, "metadata"),
    "chat's name": ({"max_tokens": 20}, "max_tokens"),
    "chat's messages": ({"messages": HELLO}, "messages"),
    "effort": ({"reasoning": {"effort": "low"}}, "reasoning"),
}


@pytest.mark.parametrize("case", BAD_RESPONSES)
def test_a_bad_response_is_400_and_named(client: openai.OpenAI, case: str):
    change, param = BAD_RESPONSES[case]
    body = {"model": "gpt-4o", "input": "x"} | change
    error = refuse(lambda: client.post("/responses", cast_to=object, body=body))
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    if case in ("chat's name", "chat's messages"):
        assert "In the Responses API, this parameter has moved to" in error["message"]


# --- each model's rules -----------------------------------------------------------------------------------------------

RULES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # what: (model, change, the code, words of the message)
    "max_tokens": ("o3-mini", {"max_tokens": 5}, "unsupported_parameter", "Use 'max_completion_tokens' instead."),
    "temperature o": ("o4-mini", {"temperature": 0.5}, "unsupported_parameter", "'temperature' is not supported"),
    "temperature 5": ("gpt-5", {"temperature": 0}, "unsupported_value", "Only the default (1) value is supported."),
    "logprobs": ("gpt-5-mini", {"logprobs": True}, "unsupported_parameter", "'logprobs' is not supported"),
    "stream": ("o1", {"stream": True}, "unsupported_value", "Supported values are: false."),
    "stop 5": ("gpt-5-mini", {"stop": ["x"]}, "unsupported_parameter", "'stop' is not supported with this model."),
    "stop o": ("o4-mini", {"stop": "x"}, "unsupported_parameter", "'stop' is not supported with this model."),
    "parallel false": (
        "o3",
        {"parallel_tool_calls": False, "tools": [{"type": "function", "function": {"name": "f"}}]},
        "unsupported_parameter",
        "'parallel_tool_calls' is not supported",
    ),
    "effort": ("o1", {"reasoning_effort": "none"}, "unsupported_value", "'low', 'medium', and 'high'"),
    "effort of none": ("gpt-4o", {"reasoning_effort": "low"}, "unsupported_parameter", "'reasoning_effort'"),
    "length": ("gpt-4o", {"max_tokens": 20_000}, "invalid_value", "supports at most 16384 completion tokens"),
    "system": (
        "o1-mini",
        {"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]},
        "unsupported_value",
        "'messages[1].role' does not support 'system' with this model.",
    ),
    "format": ("gpt-4", {"response_format": {"type": "json_object"}}, "", "of type 'json_object' is not supported"),
    "room": (
        "gpt-4",
        {"messages": [{"role": "user", "content": "word " * 9000}]},
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    ),
    "room for both": (
        "gpt-4",
        {"messages": [{"role": "user", "content": "word " * 8000}], "max_tokens": 1000},
        "context_length_exceeded",
        "However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_what_a_model_does_not_take_is_refused_in_the_services_words(
    standin: Standin, client: openai.OpenAI, dated: openai.AzureOpenAI, case: str
):
    model, change, code, words = RULES[case]
    for each in (client, dated):
        error = refuse(lambda each=each: each.chat.completions.create(**{"model": model, "messages": HELLO} | change))
        assert (error["code"] or "", error["type"]) == (code, "invalid_request_error")
        assert words in error["message"]
        assert error["param"] == {"system": "messages[1].role", "length": "max_tokens"}.get(
            case, "messages" if "room" in case else next(iter(change))
        )


QUOTED: dict[str, tuple[str, dict[str, Any]]] = {
    "400_max_tokens_reasoning": ("chat/completions", {"model": "o1", "max_tokens": 3}),
    "400_temperature_o1": ("chat/completions", {"model": "o1", "temperature": 0.3}),
    "400_temperature_gpt5": ("chat/completions", {"model": "gpt-5", "temperature": 0}),
    "400_context_length_chat": (
        "chat/completions",
        {"model": "gpt-4-32k", "messages": [{"role": "user", "content": "word " * 9969}], "max_tokens": 26_000},
    ),
    "400_context_length_responses": ("responses", {"model": "gpt-4", "input": "word " * 9000}),
    "400_max_tokens_too_large": ("chat/completions", {"model": "gpt-4o", "max_tokens": 20_000}),
    "400_role_o1_mini": ("chat/completions", {"model": "o1-mini", "messages": [{"role": "system", "content": "x"}]}),
    "400_max_output_tokens_small": ("responses", {"model": "gpt-4o", "input": "x", "max_output_tokens": 10}),
    "400_previous_response": (
        "responses",
        {"model": "gpt-4o", "input": "x", "previous_response_id": "resp_xxxxxxxxxxxxx"},
    ),
}


@pytest.mark.parametrize("error", QUOTED)
def test_a_refusal_is_word_for_word_what_azure_answered_somebody(client: openai.OpenAI, error: str):
    (row,) = [row for row in read_rows("errors") if row["error"] == error]
    path, ask = QUOTED[error]
    body = ({"messages": HELLO} if "chat" in path else {}) | ask
    told = refuse(lambda: client.post(f"/{path}", cast_to=object, body=body))
    assert told == json.loads(row["body"])["error"]


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5", "o3-mini", "gpt-35-turbo", "o1-preview"])
def test_what_a_model_takes_is_answered(client: openai.OpenAI, model: str):
    reasons = model in ("gpt-5", "o3-mini", "o1-preview")
    taken = (
        {"max_completion_tokens": 5} if reasons else {"max_tokens": 5, "temperature": 0, "logprobs": True, "stop": "x"}
    )
    taken |= {"temperature": 1, "stream": False, "logprobs": False} if model == "gpt-5" else {}
    opening = [] if model == "o1-preview" else [{"role": "system", "content": "Be kind."}]
    answer = client.chat.completions.create(model=model, messages=[*opening, *HELLO], **taken)
    assert answer.choices[0].finish_reason in ("stop", "length")


def test_a_refused_request_never_reaches_the_engine(client: openai.OpenAI, standin: Standin):
    with serve() as other:
        other.engine.stop()
        asker = openai.OpenAI(base_url=f"{other.endpoint}/openai/v1/", api_key=other.key, max_retries=0)
        for model, change, _, _ in RULES.values():
            refuse(lambda m=model, c=change: asker.chat.completions.create(**{"model": m, "messages": HELLO} | c))
        with pytest.raises(openai.InternalServerError):  # and one that is not refused does
            asker.chat.completions.create(model="gpt-4o", messages=HELLO)
