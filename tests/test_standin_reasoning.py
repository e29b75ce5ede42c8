"""The stand-in's reasoning models: passes that nobody sees, their cost, and the empty answer that was all thought."""

import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.azure import V1_SPEC, find_departures, find_folder
from tests.standin import Standin
from tests.standin.thinking import ask_to_conclude, ask_to_think, choose_thought, count_passes

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
ASKED: Any = [{"role": "user", "content": "What is 6 times 7?"}]


def thought(client: openai.OpenAI, model: str = "o3-mini", **body: Any) -> int:
    """Reasoning tokens of an answer, which are part of the completion's."""
    usage = client.chat.completions.create(model=model, messages=ASKED, **body).usage
    assert 0 <= usage.completion_tokens_details.reasoning_tokens <= usage.completion_tokens
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    return int(usage.completion_tokens_details.reasoning_tokens)


def test_effort_costs_hidden_tokens_and_none_costs_none(client: openai.OpenAI):
    low, medium, high = (thought(client, reasoning_effort=effort) for effort in ("low", "medium", "high"))
    assert 0 < low < medium < high
    assert thought(client) == medium, "the default of this model"
    assert thought(client, "gpt-5.1") == thought(client, "gpt-5.1", reasoning_effort="none") == 0
    assert thought(client, "gpt-5", reasoning_effort="minimal") == 0 < thought(client, "gpt-5")
    assert thought(client, "gpt-4o") == 0
    assert thought(client, "o1-mini") > 0, "it takes no effort and thinks all the same"


def test_what_was_thought_is_not_in_the_answer(client: openai.OpenAI):
    answer = client.chat.completions.create(model="o3-mini", messages=ASKED, reasoning_effort="low")
    details = answer.usage.completion_tokens_details
    said = len(answer.choices[0].message.content.split())  # with nonsense, one word is a token
    assert answer.usage.completion_tokens - details.reasoning_tokens == said
    with client.chat.completions.create(
        model="o3-mini", messages=ASKED, reasoning_effort="low", stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == answer.choices[0].message.content and chunks[-1].usage == answer.usage


def test_too_small_a_budget_is_all_thought_as_on_the_wire(standin: Standin):
    folder = find_folder("wire/azure")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    (entry,) = json.loads((folder / "azsdk_chat_o3mini_length_all_reasoning.json").read_text())["Entries"]
    wire, body = entry["ResponseBody"], entry["RequestBody"] | {"max_completion_tokens": 6}
    ours = HTTP.post(
        f"{standin.endpoint}/openai/v1/chat/completions", headers={"api-key": standin.key}, json=body
    ).json()
    choice, theirs = ours["choices"][0], wire["choices"][0]
    assert choice | {"message": theirs["message"]} == theirs
    assert {name: choice["message"][name] for name in theirs["message"]} == theirs["message"]
    assert ours["usage"]["completion_tokens"] == ours["usage"]["completion_tokens_details"]["reasoning_tokens"] == 6


def test_the_budget_covers_thought_and_answer(client: openai.OpenAI):
    def spend(limit: int) -> tuple[int, int, str | None]:
        answer = client.chat.completions.create(
            model="o3-mini", messages=ASKED, reasoning_effort="low", max_completion_tokens=limit
        )
        usage, choice = answer.usage, answer.choices[0]
        assert usage.completion_tokens <= limit
        assert bool(choice.message.content) == (
            usage.completion_tokens > usage.completion_tokens_details.reasoning_tokens
        )
        return usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens, choice.finish_reason

    assert spend(3) == (3, 3, "length")
    total, hidden, finish = spend(200)
    assert finish == "stop" and 0 < hidden < total < 200


def test_developers_are_heard_and_formats_are_kept(client: openai.OpenAI):
    messages: Any = [{"role": "developer", "content": "Be brief."}, *ASKED]
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema, "strict": True}}
    answer = client.chat.completions.create(
        model="o3-mini", messages=messages, reasoning_effort="low", response_format=wanted
    )
    assert set(json.loads(answer.choices[0].message.content)) == {"a"}
    assert answer.usage.completion_tokens_details.reasoning_tokens > 2, "thought is not held to the answer's form"


def test_a_response_has_a_reasoning_item_without_content(client: openai.OpenAI):
    answer = client.responses.create(model="o3-mini", input="What is 6 times 7?", reasoning={"effort": "low"})
    item, message = answer.output
    assert (item.type, item.summary, item.content) == ("reasoning", [], None) and item.id.startswith("rs_")
    assert message.type == "message" and answer.output_text
    assert 0 < answer.usage.output_tokens_details.reasoning_tokens < answer.usage.output_tokens
    assert answer.reasoning.effort == "low"
    plain = client.responses.create(model="gpt-5.1", input="What is 6 times 7?")
    assert [each.type for each in plain.output] == ["message"] and plain.reasoning.effort == "none"
    follow: Any = [{"role": "user", "content": "And 8?"}]
    again = client.responses.create(model="o3-mini", input=[*answer.output, *follow], reasoning={"effort": "low"})
    assert again.output_text, "a reasoning item handed back is taken"


def test_a_response_that_was_all_thought_is_incomplete_and_says_nothing(client: openai.OpenAI):
    ask: Any = {"model": "o3-mini", "input": "Why?", "reasoning": {"effort": "high"}, "max_output_tokens": 16}
    answer = client.responses.create(**ask)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"
    assert [each.type for each in answer.output] == ["reasoning"] and answer.output_text == ""
    assert answer.usage.output_tokens == answer.usage.output_tokens_details.reasoning_tokens == 16
    with client.responses.create(**ask, stream=True) as stream:
        told = list(stream)
    assert [event.sequence_number for event in told] == list(range(len(told)))
    kinds = [event.type.removeprefix("response.") for event in told]
    assert kinds == ["created", "in_progress", "output_item.added", "output_item.done", "incomplete"]


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5.1"])
def test_reasoned_responses_are_as_described(standin: Standin, model: str):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    path, headers = f"{standin.endpoint}/openai/v1/responses", {"api-key": standin.key}
    body = {"model": model, "input": "Why?"}
    whole = HTTP.post(path, headers=headers, json=body).json()
    Response.model_validate(whole)
    ours = {("user", "type"), ("usage", "type")}  # null, see test_standin_described.py
    ours.add(("reasoning.effort", "enum"))  # "none" is newer than the description
    assert find_departures(folder / V1_SPEC, "AzureResponse", whole) <= ours
    streamed = HTTP.post(path, headers=headers, json=body | {"stream": True})
    told = [json.loads(line[6:]) for line in streamed.text.split("\n") if line.startswith("data: {")]
    event_type: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for event in told:
        event_type.validate_python(event)
        found = find_departures(folder / V1_SPEC, "OpenAI.ResponseStreamEvent", event)
        assert {(path.removeprefix("response."), word) for path, word in found} <= ours
    assert told[-1]["response"]["output"][-1]["content"][0]["text"] == whole["output"][-1]["content"][0]["text"]
    places = {event["output_index"] for event in told if event["type"] == "response.output_text.delta"}
    assert places == {len(whole["output"]) - 1}


@pytest.mark.parametrize(
    ("model", "reasoning", "param"),
    [
        ("o3-mini", {"effort": "minimal"}, "reasoning.effort"),
        ("o3-mini", {"effort": 3}, "reasoning.effort"),
        ("o3-mini", {"summary": "auto"}, "reasoning.summary"),
        ("gpt-4o", {"effort": "low"}, "reasoning"),
    ],
)
def test_bad_reasoning_is_400_and_named(client: openai.OpenAI, model: str, reasoning: Any, param: str):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=model, input="Why?", reasoning=reasoning)
    assert caught.value.param == param


def test_the_answer_that_most_passes_reach_is_kept():
    assert (
        choose_thought(["so 41\nAnswer: 41", "so 42\n**Answer:** **42**.", "hence\nanswer: 42"])
        == "so 42\n**Answer:** **42**."
    )
    assert choose_thought(["Answer: 1", "Answer: 2"]) == "Answer: 1", "of equals, the first"
    assert choose_thought(["no end", "Answer: 2"]) == "Answer: 2"
    assert choose_thought(["no end", "neither"]) == "no end"
    assert choose_thought(["Answer: 1. No, that is wrong.\nAnswer: 2", "Answer: 2"]).endswith("Answer: 2")
    assert choose_thought(["Answer: -3", "Answer: 3", "Answer: 3"]) == "Answer: 3", "a sign is not dropped"


def test_a_pass_asks_for_steps_and_the_answer_for_none():
    messages: Any = [{"role": "system", "content": "Be kind."}, *ASKED, {"role": "assistant", "content": "42"}, *ASKED]
    asked = ask_to_think(messages)
    assert [message["role"] for message in asked] == ["system", "user", "assistant", "user"]
    assert "step by step" in asked[-1]["content"][-1]["text"] and asked[1] == messages[1]
    assert messages[-1] == ASKED[0], "what was asked is not changed"
    concluded = ask_to_conclude(messages, "six sevens are 42")
    assert concluded[-2] == {"role": "assistant", "content": "six sevens are 42"} and len(concluded) == 6


def test_efforts_take_their_passes():
    assert [count_passes(effort, "medium") for effort in ("none", "minimal", "low", "medium", "high")] == [
        0,
        0,
        1,
        3,
        5,
    ]
    assert count_passes(None, "none") == 0 and count_passes(None, "medium") == 3
