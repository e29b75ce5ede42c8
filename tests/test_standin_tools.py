"""The stand-in's tools and structured outputs: what is refused, and what is answered in the manner of the wire."""

import json
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import openai
import pytest
import yaml
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from tests.azure import DATED_SPEC, V1_SPEC, find_departures, find_folder
from tests.standin import Standin
from tests.standin.schemas import check_strict, nest_schema
from tests.standin.toolbox import TOOLS_NOTE, Call, Toolbox, drop_repeats, read_calls, spell_history

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
ASKED: Any = [{"role": "user", "content": "What do six chairs cost?"}]
PRICE: Any = {
    "name": "get_price",
    "description": "What pieces of a product cost",
    "parameters": {
        "type": "object",
        "properties": {"product": {"type": "string"}, "quantity": {"type": "integer"}},
        "required": ["product", "quantity"],
        "additionalProperties": False,
    },
}
HOURS: Any = {
    "name": "get_hours",
    "parameters": {
        "type": "object",
        "properties": {"day": {"$ref": "#/$defs/day"}},
        "required": ["day"],
        "$defs": {"day": {"enum": ["monday", "friday"]}},
    },
}
TOOLS: Any = [{"type": "function", "function": each} for each in (PRICE, HOURS)]
ASK: Any = {"model": "gpt-4o", "messages": ASKED, "tools": TOOLS}
FORCED = ASK | {"tool_choice": "required"}
NAMED = {"type": "function", "function": {"name": "get_hours"}}


@pytest.fixture(scope="module")
def wire() -> Path:
    folder = find_folder("wire/azure")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    return folder


def post(standin: Standin, **body: Any) -> httpx2.Response:
    return HTTP.post(
        f"{standin.endpoint}/openai/v1/chat/completions", headers={"api-key": standin.key}, json=ASK | body
    )


def events(answer: httpx2.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: {")]


def refusal(standin: Standin, **body: Any) -> dict[str, Any]:
    answer = post(standin, **body)
    assert answer.status_code == 400, answer.text
    return dict(answer.json()["error"])


# --- calls ------------------------------------------------------------------------------------------------------------


def test_calls_fit_their_tools_whatever_the_engine_says(client: openai.OpenAI):
    schemas = {each["name"]: each["parameters"] for each in (PRICE, HOURS)}
    seen = set()
    for seed in range(12):
        choice = client.chat.completions.create(**FORCED, seed=seed).choices[0]
        assert choice.finish_reason == "tool_calls" and choice.message.content is None
        for call in choice.message.tool_calls:
            jsonschema.validate(json.loads(call.function.arguments), schemas[call.function.name])
            assert call.id.startswith("call_") and call.type == "function"
            seen.add(call.function.name)
        assert len({call.id for call in choice.message.tool_calls}) == len(choice.message.tool_calls)
    assert seen == set(schemas)


def test_the_choice_is_kept_and_the_note_says_what_was_forced(standin: Standin, client: openai.OpenAI):
    def finishes(**body: Any) -> set[str]:
        return {client.chat.completions.create(**ASK, seed=i, **body).choices[0].finish_reason for i in range(8)}

    assert finishes(tool_choice="none") == {"stop"}
    assert finishes(tool_choice="auto") == {"stop", "tool_calls"} == finishes()
    named = client.chat.completions.create(**ASK, tool_choice=NAMED).choices[0]
    assert named.finish_reason == "stop", "the service says so where it was told which tool"
    assert {call.function.name for call in named.message.tool_calls} == {"get_hours"}
    counts = {
        len(client.chat.completions.create(**FORCED, seed=i, parallel_tool_calls=False).choices[0].message.tool_calls)
        for i in range(8)
    }
    assert counts == {1}
    assert post(standin).headers["x-standin-note"] == TOOLS_NOTE
    assert "x-standin-note" not in post(standin, tool_choice="none").headers


def test_an_answer_with_calls_has_the_fields_of_the_wire(standin: Standin, wire: Path):
    entry = json.loads((wire / "azsdk_chat_tools_required_followup.json").read_text())["Entries"][0]
    theirs, ours = entry["ResponseBody"], post(standin, tool_choice="required").json()
    assert list(ours) == list(theirs)
    ours, theirs = ours["choices"][0], theirs["choices"][0]
    assert list(ours) == list(theirs) and ours["content_filter_results"] == theirs["content_filter_results"] == {}
    assert list(ours["message"]) == ["annotations", *theirs["message"]], "annotations came later than this recording"
    call = ours["message"]["tool_calls"][0]
    assert list(call) == list(theirs["message"]["tool_calls"][0])
    assert len(call["id"]) == len(theirs["message"]["tool_calls"][0]["id"])


def test_streamed_calls_are_told_as_on_the_wire_and_join_to_the_whole(standin: Standin, wire: Path):
    (interaction,) = yaml.safe_load((wire / "elastic_azure_chat_stream_tools.yaml").read_text())["interactions"]
    lines = interaction["response"]["body"]["string"].split("\n")
    _, opened, part, *_, finish = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    _, ours_opened, ours_part, *rest = events(post(standin, tool_choice="required", stream=True, seed=3))
    for ours, theirs in ((ours_opened, opened), (ours_part, part), (rest[-1], finish)):
        assert list(ours) == list(theirs) and list(ours["choices"][0]) == list(theirs["choices"][0])
        delta, wires = ours["choices"][0]["delta"], theirs["choices"][0]["delta"]
        assert list(delta) == list(wires)
        if "tool_calls" in wires:
            assert list(delta["tool_calls"][0]) == list(wires["tool_calls"][0])
            assert list(delta["tool_calls"][0]["function"]) == list(wires["tool_calls"][0]["function"])
    assert rest[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_stream_of_calls_says_the_same_as_an_answer_at_once(client: openai.OpenAI):
    for seed in range(5):
        whole = client.chat.completions.create(**FORCED, seed=seed).choices[0].message.tool_calls
        with client.chat.completions.stream(**FORCED, seed=seed) as stream:
            streamed = stream.get_final_completion().choices[0].message.tool_calls
        assert [call.function.name for call in streamed] == [call.function.name for call in whole]
        assert [call.function.arguments for call in streamed] == [call.function.arguments for call in whole]


def test_calls_are_as_described(standin: Standin):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    whole = post(standin, tool_choice="required").json()
    ChatCompletion.model_validate(whole)
    chunks = events(post(standin, tool_choice="required", stream=True))[1:]
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)
    names = {
        DATED_SPEC: ("createChatCompletionResponse", "createChatCompletionStreamResponse"),
        V1_SPEC: ("AzureCreateChatCompletionResponse", "AzureCreateChatCompletionStreamResponse"),
    }
    for spec, (answer, chunk_name) in names.items():
        plain = post(standin, tool_choice="none")
        known = find_departures(folder / spec, answer, plain.json())
        for chunk in events(post(standin, tool_choice="none", stream=True))[1:]:
            known |= find_departures(folder / spec, chunk_name, chunk)
        ours = find_departures(folder / spec, answer, whole)
        for chunk in chunks:
            ours |= find_departures(folder / spec, chunk_name, chunk)
        # {} where there is no text to filter: so on the wire too.
        assert {(path, word) for path, word in ours - known if "content_filter_results" not in path} == set()


def test_a_loop_hands_results_back_until_there_is_an_answer(standin: Standin, client: openai.OpenAI):
    messages = list(ASKED)
    for turn in range(20):
        wanted: Any = "auto" if turn else "required"
        choice = client.chat.completions.create(**ASK | {"messages": messages}, seed=turn, tool_choice=wanted).choices[
            0
        ]
        if not choice.message.tool_calls:
            break
        messages.append(choice.message.to_dict())
        messages += [{"role": "tool", "tool_call_id": call.id, "content": "780"} for call in choice.message.tool_calls]
    assert choice.finish_reason == "stop" and choice.message.content and len(messages) > 1


def test_calls_that_were_cut_off_are_told_as_far_as_they_came(client: openai.OpenAI):
    broken = 0
    for seed in range(10):
        answer = client.chat.completions.create(**FORCED, seed=seed, max_tokens=14)
        choice, said = answer.choices[0], answer.choices[0].message.tool_calls
        if choice.finish_reason == "length":
            *whole, last = [call.function.arguments for call in said or []] or [""]
            assert all(json.loads(arguments) for arguments in whole) and last[:1] in ("", "{")
            broken += not last.endswith("}")
            assert answer.usage.completion_tokens == 14
    assert broken
    nothing = client.chat.completions.create(**FORCED, max_tokens=1).choices[0]
    assert (nothing.finish_reason, nothing.message.tool_calls, nothing.message.content) == ("length", None, "")


def test_broken_calls_are_read_to_where_they_broke():
    both = '{"wanted": [], "calls": [{"name": "a", "arguments": {"x": "1, 2"}}, '
    both += '{"name": "b", "arguments": {"y": {"z": 3}}}]}'
    assert [(call.name, call.arguments) for call in read_calls(both)] == [
        ("a", '{"x": "1, 2"}'),
        ("b", '{"y": {"z": 3}}'),
    ]
    broken = [[(call.name, call.arguments) for call in read_calls(both[:end])] for end in range(len(both))]
    assert broken[0] == broken[20] == []
    assert broken[both.index(", 2")] == [("a", '{"x": "1')]
    assert broken[both.index('"z"')] == [("a", '{"x": "1, 2"}'), ("b", '{"y": {')]


def test_results_reach_the_engine_as_text_beside_their_call():
    call = {"id": "c1", "type": "function", "function": {"name": "get_price", "arguments": '{"product": "chair"}'}}
    told = spell_history(
        [
            *ASKED,
            {"role": "assistant", "content": "", "tool_calls": [call, call | {"id": "c2"}]},
            {"role": "tool", "tool_call_id": "c1", "content": "780"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "790"}]},
        ]
    )
    assert [message["role"] for message in told] == ["user", "assistant", "user"]
    assert told[1]["content"].count('I call get_price({"product": "chair"})') == 2
    assert told[2]["content"].splitlines()[:2] == [
        f'Result of get_price({{"product": "chair"}}): {n}' for n in (780, 790)
    ]


def test_a_call_whose_result_is_there_is_not_made_again():
    made = {"id": "c1", "type": "function", "function": {"name": "get_price", "arguments": '{"product": "chair"}'}}
    chat = spell_history(
        [
            *ASKED,
            {"role": "assistant", "content": "", "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "c1", "content": "780"},
        ]
    )
    again, other = (Call("get_price", f'{{"product": "{what}"}}', "c") for what in ("chair", "chai"))
    assert drop_repeats([again, other], chat) == [other]
    assert drop_repeats([again, other], chat[:1]) == [again, other]


def test_a_tools_own_definitions_stay_its_own():
    (option, _) = [*Toolbox.build([TOOLS[1]], None, True).functions, None]
    schema, definitions = nest_schema(option["parameters"], "get_hours")
    assert schema["properties"]["day"] == {"$ref": "#/$defs/get_hours.day"} and "$defs" not in schema
    assert definitions == {"get_hours.day": {"enum": ["monday", "friday"]}}
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert nest_schema(tree, "t")[1] == {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}}}


CALL = {"id": "c1", "type": "function", "function": {"name": "get_price", "arguments": "{}"}}
SAID = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "1"}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a result of nothing": ({"messages": [*ASKED, RESULT]}, "messages.[1].role", "must be a response to a preceeding"),
    "a result twice": ({"messages": [*ASKED, SAID, RESULT, RESULT]}, "messages.[3].role", "preceeding"),
    "no result": ({"messages": [*ASKED, SAID]}, "messages.[2].role", "did not have response messages: c1"),
    "no result yet": ({"messages": [*ASKED, SAID, *ASKED]}, "messages.[2].role", "did not have response messages: c1"),
    "calls no list": ({"messages": [*ASKED, SAID | {"tool_calls": "x"}]}, "messages[1].tool_calls", "an array"),
    "a call without name": (
        {"messages": [SAID | {"tool_calls": [{"id": "c", "function": {"arguments": ""}}]}]},
        "messages[0].tool_calls[0].function.name", "Missing",
    ),
    "tools no list": ({"tools": {}, "tool_choice": None} | {"tools": "x"}, "tools", "an array"),
    "129 tools": ({"tools": TOOLS[:1] * 129}, "tools", "maximum length 128, but got an array with length 129"),
    "another kind": ({"tools": [{"type": "web_search"}]}, "tools[0].type", "'function'"),
    "no function": ({"tools": [{"type": "function"}]}, "tools[0].function", "Missing"),
    "a name with a space": (
        {"tools": [{"type": "function", "function": PRICE | {"name": "get price"}}]},
        "tools[0].function.name", "pattern",
    ),
    "no object": (
        {"tools": [{"type": "function", "function": PRICE | {"parameters": {"type": "string"}}}]},
        "tools[0].function.parameters", "got 'type: \"string\"'",
    ),
    "an unknown choice": ({"tool_choice": "any"}, "tool_choice", "'none', 'auto', and 'required'"),
    "an unknown tool": ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice", "named 'f'"),
    "a choice of nothing": ({"tools": None, "tool_choice": "auto"}, "tool_choice", "only allowed when 'tools'"),
    "parallel to nothing": ({"tools": [], "parallel_tool_calls": True}, "parallel_tool_calls", "only allowed when"),
    "o1-mini": ({"model": "o1-mini"}, "tools", "not supported with this model"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_tools_are_400_and_named(standin: Standin, case: str):
    body, param, message = BAD[case]
    error = refusal(standin, **body)
    assert error["param"] == param and message in error["message"]


def test_a_strict_tool_leaves_nothing_open_in_the_services_words(standin: Standin):
    loose = PRICE | {"strict": True, "parameters": PRICE["parameters"] | {"required": ["product"]}}
    error = refusal(standin, tools=[{"type": "function", "function": loose}])
    assert error == {
        "message": "Invalid schema for function 'get_price': In context=(), 'required' is required to be supplied and "
        "to be an array including every key in properties. Missing 'quantity'.",
        "type": "invalid_request_error",
        "param": "tools[0].function.parameters",
        "code": "invalid_function_parameters",
    }


# --- structured outputs -----------------------------------------------------------------------------------------------


class Part(BaseModel):
    size: int
    colour: str | None


class Thing(BaseModel):
    name: str
    parts: list[Part]


def test_parse_gives_pydantic_objects(client: openai.OpenAI):
    for model in ("gpt-4o", "gpt-5", "o3-mini"):
        parsed = client.chat.completions.parse(model=model, messages=ASKED, response_format=Thing)
        thing = parsed.choices[0].message.parsed
        assert isinstance(thing, Thing) and all(isinstance(part.size, int) for part in thing.parts)


def test_an_answer_that_was_cut_off_is_no_json(client: openai.OpenAI):
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="gpt-4o", messages=ASKED, response_format=Thing, max_tokens=3)
    wanted = {"type": "json_object"}
    messages: Any = [{"role": "user", "content": "Tell me in JSON"}]
    choice = client.chat.completions.create(
        model="gpt-4o", messages=messages, response_format=wanted, max_tokens=1
    ).choices[0]
    assert choice.finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice.message.content)


def test_json_mode_wants_the_word_json(standin: Standin):
    wanted = {"response_format": {"type": "json_object"}, "tools": None}
    assert refusal(standin, **wanted) == {
        "message": "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
        "'json_object'.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": None,
    }
    asked = [{"role": "system", "content": [{"type": "text", "text": "Write jSoN."}]}, *ASKED]
    assert post(standin, **wanted, messages=asked).status_code == 200


CLOSED: Any = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
OPEN = {name: value for name, value in CLOSED.items() if name != "additionalProperties"}
LOOSE: dict[str, tuple[dict[str, Any], str]] = {
    "open": (OPEN, "In context=(), 'additionalProperties' is required to be supplied and to be false."),
    "open within": (
        CLOSED | {"properties": {"a": {"type": "array", "items": OPEN}}},
        "In context=('properties', 'a', 'items'), 'additionalProperties' is required to be supplied and to be false.",
    ),
    "open definition": (CLOSED | {"$defs": {"b": OPEN}}, "In context=('$defs', 'b'), 'additionalProperties' is"),
    "open alternative": (
        CLOSED | {"properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}},
        "In context=('properties', 'a', 'anyOf', '1'), 'additionalProperties' is",
    ),
    "not required": (CLOSED | {"required": []}, "In context=(), 'required' is required to be supplied and to be"),
    "an array": ({"type": "array", "items": CLOSED}, "schema must be a JSON Schema of 'type: \"object\"', got"),
    "one of": (CLOSED | {"properties": {"a": {"oneOf": []}}}, "In context=('properties', 'a'), 'oneOf' is not"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOOSE)
def test_a_strict_schema_leaves_nothing_open_in_the_services_words(standin: Standin, case: str):
    schema, message = LOOSE[case]
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema, "strict": True}}
    error = refusal(standin, tools=None, response_format=wanted)
    assert error["message"].startswith(f"Invalid schema for response_format 'thing': {message}")
    assert (error["param"], error["code"]) == ("response_format", None)
    wanted["json_schema"]["strict"] = False
    assert post(standin, tools=None, response_format=wanted).status_code == 200, "only strict ones are held to it"


def test_what_pydantic_writes_is_strict_once_the_sdk_has_closed_it():
    from openai.lib._pydantic import to_strict_json_schema

    check_strict(to_strict_json_schema(Thing), AssertionError)
    with pytest.raises(AssertionError, match="additionalProperties"):
        check_strict(Thing.model_json_schema(), AssertionError)


@pytest.mark.parametrize("model", ["gpt-4", "gpt-35-turbo", "o1-mini"])
def test_a_model_without_structured_outputs_refuses_a_schema(standin: Standin, model: str):
    wanted = {"type": "json_schema", "json_schema": {"name": "thing", "schema": CLOSED}}
    error = refusal(standin, model=model, tools=None, response_format=wanted)
    assert error["message"].startswith("Invalid parameter: 'response_format' of type 'json_schema' is not supported")
