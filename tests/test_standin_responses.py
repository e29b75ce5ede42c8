"""The stand-in's Responses API: the tool loop, what is stored and what is not, and hidden steps that travel sealed."""

import json
from typing import Any

import httpx2
import jsonschema
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from helpers.tables import read_rows
from tests.azure import V1_SPEC, find_departures, find_folder
from tests.standin import Standin
from tests.standin.responses_items import choose_thoughts
from tests.standin.responses_tools import read_tools
from tests.standin.sealing import Seal
from tests.standin.toolbox import TOOLS_NOTE

HTTP = httpx2.Client(timeout=30, verify=False)  # one for all: making one takes longer than asking
SCHEMA: Any = {
    "type": "object",
    "properties": {"product": {"type": "string"}, "quantity": {"type": "integer"}},
    "required": ["product", "quantity"],
    "additionalProperties": False,
}
PRICE: Any = {"type": "function", "name": "get_price", "description": "What it costs", "parameters": SCHEMA}
HOURS: Any = {"type": "function", "name": "get_hours", "parameters": {"type": "object", "properties": {}}}
ASK: Any = {"model": "gpt-4o", "input": "What do six chairs cost?", "tools": [PRICE, HOURS]}
FORCED = ASK | {"tool_choice": "required"}
LUNA, MINI = "gpt-5.6-luna", "gpt-5.4-mini"
THINKS: Any = {"model": LUNA, "input": "Why is the sea salty?"}
SEALED: Any = {"include": ["reasoning.encrypted_content"], "store": False}


def refuse(client: openai.OpenAI, **body: Any) -> dict[str, Any]:
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/responses", cast_to=object, body={"model": "gpt-4o", "input": "x"} | body)
    return dict(caught.value.body)


def post(standin: Standin, **body: Any) -> httpx2.Response:
    return HTTP.post(f"{standin.endpoint}/openai/v1/responses", headers={"api-key": standin.key}, json=body)


def answer_calls(response: Response) -> list[dict[str, Any]]:
    calls = [item for item in response.output if item.type == "function_call"]
    return [{"type": "function_call_output", "call_id": call.call_id, "output": "780"} for call in calls]


# --- tools ------------------------------------------------------------------------------------------------------------


def test_calls_are_items_that_fit_their_tools(client: openai.OpenAI):
    seen = set()
    for number in range(12):
        answer = client.responses.create(**FORCED | {"input": f"What do {number} chairs cost?"})
        assert answer.status == "completed" and answer.output_text == ""
        assert {item.type for item in answer.output} == {"function_call"}
        for call in answer.output:
            jsonschema.validate(json.loads(call.arguments), {"get_price": SCHEMA}.get(call.name, {}))
            assert call.id.startswith("fc_") and call.call_id.startswith("call_") and call.status == "completed"
            seen.add(call.name)
        assert len({call.call_id for call in answer.output}) == len({call.id for call in answer.output})
    assert seen == {"get_price", "get_hours"}


def test_the_choice_is_kept_and_repeated_and_noted(standin: Standin, client: openai.OpenAI):
    def kinds(**body: Any) -> set[str]:
        asked = [ASK | {"input": f"What do {i} chairs cost?"} | body for i in range(8)]
        return {client.responses.create(**each).output[0].type for each in asked}

    assert kinds(tool_choice="none") == {"message"}
    assert kinds() == kinds(tool_choice="auto") == {"message", "function_call"}
    named: Any = {"type": "function", "name": "get_hours"}
    answer = client.responses.create(**ASK, tool_choice=named)
    assert {call.name for call in answer.output} == {"get_hours"} and answer.tool_choice.name == "get_hours"
    one = [client.responses.create(**FORCED | {"input": f"{i} chairs?"}, parallel_tool_calls=False) for i in range(8)]
    assert {len(answer.output) for answer in one} == {1} and one[0].parallel_tool_calls is False
    many = [client.responses.create(**FORCED | {"input": f"{i} chairs?"}) for i in range(8)]
    assert max(len(answer.output) for answer in many) > 1 and many[0].parallel_tool_calls is True
    assert post(standin, **ASK).headers["x-standin-note"] == TOOLS_NOTE
    assert "x-standin-note" not in post(standin, **ASK | {"tool_choice": "none"}).headers


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("model", ["gpt-4o", MINI, LUNA])
def test_a_loop_hands_results_back_until_there_is_an_answer(client: openai.OpenAI, model: str, stored: bool):
    items: Any = [{"role": "user", "content": ASK["input"]}]
    answer = client.responses.create(**FORCED | {"model": model, "input": items}, store=stored)
    turns = 0
    while answer.output[-1].type == "function_call":
        turns += 1
        results = answer_calls(answer)
        ask: Any = ASK | {"model": model, "tool_choice": "auto" if turns < 15 else "none"}
        if stored:
            answer = client.responses.create(**ask | {"input": results, "previous_response_id": answer.id})
        else:
            items += [*[item.model_dump(exclude_none=True) for item in answer.output], *results]
            answer = client.responses.create(**ask | {"input": items}, store=False)
    assert turns and answer.output_text and answer.status == "completed"


def test_following_a_call_and_handing_it_back_are_the_same_to_the_engine(client: openai.OpenAI):
    first = client.responses.create(**FORCED)
    ask: Any = ASK | {"tool_choice": "none"}
    items: Any = [{"role": "user", "content": ASK["input"]}, *[item.model_dump() for item in first.output]]
    whole = client.responses.create(**ask | {"input": [*items, *answer_calls(first)]})
    ask |= {"input": answer_calls(first), "previous_response_id": first.id}
    followed = client.responses.create(**ask)
    assert whole.output_text == followed.output_text
    assert whole.usage.input_tokens == followed.usage.input_tokens > len(ASK["input"].split())


def test_tools_are_strict_unless_they_say_otherwise(client: openai.OpenAI):
    opened = {"type": "object", "properties": {"day": {"type": "string"}, "at": {"type": "object", "properties": {}}}}
    tools: Any = [{"type": "function", "name": "get_hours", "parameters": opened, "strict": s} for s in (None, False)]
    told = [client.responses.create(model="gpt-4o", input="x", tools=[tool]).tools[0] for tool in tools]
    assert [tool.strict for tool in told] == [True, False]
    assert told[1].parameters == opened
    inner = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert told[0].parameters == {
        "type": "object",
        "properties": {"day": {"type": "string"}, "at": inner},
        "required": ["day", "at"],
        "additionalProperties": False,
    }
    error = refuse(client, tools=[tools[0] | {"strict": True}])
    assert error["code"] == "invalid_function_parameters" and error["param"] == "tools[0].parameters"
    assert "'additionalProperties' is required to be supplied and to be false" in error["message"]
    free = {"type": "object", "properties": {}, "additionalProperties": True}
    _, (kept,) = read_tools({"tools": [{"type": "function", "name": "f", "parameters": free}]})
    assert (kept["strict"], kept["parameters"]) == (False, free), "what asks to stay open is left open"


CALL = {"type": "function_call", "call_id": "c1", "name": "get_price", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "1"}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no result": ({"input": [CALL]}, "input", "No tool output found for function call c1."),
    "no call": ({"input": [RESULT]}, "input", "No tool call found for function call output with call_id c1."),
    "a result twice": ({"input": [CALL, RESULT, RESULT]}, "input", "No tool call found"),
    "a call without a name": ({"input": [CALL | {"name": None}]}, "input[0].name", "Missing"),
    "no output": ({"input": [CALL, RESULT | {"output": None}]}, "input[1].output", "Missing"),
    "a picture as output": (
        {"input": [CALL, RESULT | {"output": [{"type": "input_image"}]}]}, "input[1].output[0].type", "not served",
    ),
    "tools a text": ({"tools": "x"}, "tools", "expected an array"),
    "a tool in chat's form": ({"tools": [{"type": "function", "function": PRICE}]}, "tools[0].name", "Missing"),
    "an unknown tool": ({"tools": [{"type": "hammer"}]}, "tools[0].type", "Supported values are"),
    "strict a text": ({"tools": [PRICE | {"strict": "yes"}]}, "tools[0].strict", "expected a boolean"),
    "a choice of nothing": ({"tool_choice": "required"}, "tool_choice", "only allowed when 'tools' are specified"),
    "a choice of an unknown one": (
        {"tools": [PRICE], "tool_choice": {"type": "function", "name": "buy"}}, "tool_choice", "no function named",
    ),
    "a choice in chat's form": (
        {"tools": [PRICE], "tool_choice": {"type": "function", "function": {}}}, "tool_choice.name", "Missing",
    ),
    "allowed tools": ({"tools": [PRICE], "tool_choice": {"type": "allowed_tools"}}, "tool_choice", "not served"),
    "a name with blanks": ({"tools": [PRICE | {"name": "a b"}]}, "tools[0].name", "does not match pattern"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_tools_and_broken_loops_are_400_and_named(client: openai.OpenAI, case: str):
    change, param, words = BAD[case]
    error = refuse(client, **change)
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert words in error["message"] and ".function" not in error["message"]


DEEP: Any = {"type": "object"}
for _ in range(300):
    DEEP = {"type": "object", "properties": {"a": DEEP}}
ODD: list[dict[str, Any]] = [
    *({"tools": [{"type": odd, "name": "f"}]} for odd in ([], {}, 3, None)),
    *(
        {"tools": [PRICE | {"parameters": odd}]}
        for odd in ([], 3, "x", {"type": []}, {"type": "object", "properties": 3})
    ),
    *({"tools": [PRICE], "tool_choice": odd} for odd in ([], {}, 3, {"type": []}, {"type": "function", "name": []})),
    *({"input": [{"type": odd}]} for odd in ([], {}, 3, "reasoning", "item_reference", "function_call_output")),
    *({"input": [{"type": "reasoning", "id": odd, "encrypted_content": odd}]} for odd in ([], 3, "", "x", "é")),
    *({"input": [CALL, RESULT | {"output": odd}]} for odd in (3, {}, [3], [{}])),
    *({"model": LUNA, "reasoning": {name: odd}} for odd in ([], 3, {}) for name in ("effort", "context", "mode")),
    *({"model": LUNA, "text": {"verbosity": odd}} for odd in ([], 3, {})),
]


@pytest.mark.parametrize("body", ODD, ids=str)
def test_no_body_is_too_odd_to_be_refused(client: openai.OpenAI, body: dict[str, Any]):
    assert refuse(client, **body)["message"]


def test_what_is_null_is_not_asked_and_what_is_deep_is_taken_as_it_is(client: openai.OpenAI):
    nothing: Any = {"reasoning": {"effort": None, "context": None}, "text": {"verbosity": None}, "tools": None}
    answer = client.post("/responses", cast_to=Response, body={"model": LUNA, "input": "x", **nothing})
    assert answer.text.verbosity == "medium" and answer.reasoning.effort == "medium" and answer.tools == []
    _, (told,) = read_tools({"tools": [PRICE | {"parameters": DEEP}]})
    assert told["strict"] is False


@pytest.mark.parametrize("kind", ["web_search", "code_interpreter", "file_search", "mcp"])
def test_built_in_tools_are_refused_plainly(client: openai.OpenAI, kind: str):
    error = refuse(client, tools=[{"type": kind, "server_label": "docs", "server_url": "https://example.invalid"}])
    what = "an MCP server" if kind == "mcp" else f"the built-in tool '{kind}'"
    assert error["message"].startswith(f"Unsupported parameter: {what} is not served by this stand-in.")
    assert "resource of your own" in error["message"] and error["param"] == "tools"


def test_streamed_calls_are_told_in_order_and_join_to_the_whole(client: openai.OpenAI):
    for number in range(4):
        ask: Any = FORCED | {"input": f"What do {number} chairs cost?"}
        whole = client.responses.create(**ask)
        events = list(client.responses.create(**ask, stream=True))
        assert [event.sequence_number for event in events] == list(range(len(events)))
        kinds = [event.type.removeprefix("response.") for event in events]
        assert kinds[:2] == ["created", "in_progress"] and kinds[-1] == "completed"
        told = [kind for kind in kinds[2:-1] if kind != "function_call_arguments.delta"]
        assert told == ["output_item.added", "function_call_arguments.done", "output_item.done"] * len(whole.output)
        for place, call in enumerate(whole.output):
            pieces = [e.delta for e in events if e.type.endswith("arguments.delta") and e.output_index == place]
            assert "".join(pieces) == call.arguments
        last = events[-1].response
        assert [item.arguments for item in last.output] == [item.arguments for item in whole.output]
        done = [event.item for event in events if event.type == "response.output_item.done"]
        assert done == last.output
    with client.responses.stream(**FORCED) as stream:
        assert stream.get_final_response().output[0].type == "function_call", "the SDK's own helper reads it"


def test_calls_that_were_cut_off_are_incomplete(client: openai.OpenAI):
    cut = 0
    for number in range(10):
        ask: Any = FORCED | {"input": f"What do {number} chairs cost?", "max_output_tokens": 16}
        answer = client.responses.create(**ask)
        streamed = list(client.responses.create(**ask, stream=True))[-1]
        assert streamed.type == f"response.{answer.status}"
        assert [item.arguments for item in streamed.response.output] == [item.arguments for item in answer.output]
        if answer.status == "incomplete" and answer.output:
            cut += 1
            assert answer.output[-1].status == "incomplete" and answer.usage.output_tokens == 16
    assert cut


@pytest.mark.parametrize("model", ["gpt-4o", LUNA])
def test_calls_and_sealed_steps_are_as_described(standin: Standin, model: str):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    known = {("user", "type"), ("usage", "type")}  # null, see test_standin_described.py
    event_type: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for choice in ("required", "none"):
        body = FORCED | {"model": model, "tool_choice": choice}
        whole = post(standin, **body).json()
        Response.model_validate(whole)
        assert find_departures(folder / V1_SPEC, "AzureResponse", whole) <= known
        for line in post(standin, **body, stream=True).text.split("\n"):
            if line.startswith("data: {"):
                event_type.validate_python(json.loads(line[6:]))
                found = find_departures(folder / V1_SPEC, "OpenAI.ResponseStreamEvent", json.loads(line[6:]))
                assert {(path.removeprefix("response."), word) for path, word in found} <= known
        page = HTTP.get(
            f"{standin.endpoint}/openai/v1/responses/{whole['id']}/input_items", headers={"api-key": standin.key}
        ).json()
        assert find_departures(folder / V1_SPEC, "OpenAI.ResponseItemList", page) == set()


# --- stored or not ----------------------------------------------------------------------------------------------------


def test_what_is_not_stored_cannot_be_fetched_listed_or_deleted(client: openai.OpenAI):
    gone = client.responses.create(model=MINI, input="x", store=False)
    for ask in (client.responses.retrieve, client.responses.delete, client.responses.input_items.list):
        with pytest.raises(openai.NotFoundError, match=f"Response with id '{gone.id}' not found"):
            ask(gone.id)


def test_every_answer_says_how_long_it_may_be_kept(standin: Standin):
    for body in ({}, {"store": False}, {"stream": True}):
        headers = post(standin, model=MINI, input="x", **body).headers
        assert headers["x-ms-aoai-configured-data-retention-days"] == "30"


def test_instructions_are_not_carried_over(client: openai.OpenAI):
    first = client.responses.create(model=MINI, input="Name a ship", instructions="Be brief and kind")
    follow: Any = {"model": MINI, "input": "Another", "previous_response_id": first.id}
    without = client.responses.create(**follow)
    again = client.responses.create(**follow, instructions="Be brief and kind")
    assert without.instructions is None and again.instructions == "Be brief and kind"
    assert again.usage.input_tokens == without.usage.input_tokens + 4


def test_the_input_is_listed_newest_first_in_pages(client: openai.OpenAI):
    items: Any = [{"role": "user", "content": "one"}, CALL, RESULT, {"role": "assistant", "content": "two"}]
    kept = client.responses.create(model="gpt-4o", input=items).id
    newest = client.responses.input_items.list(kept).data
    assert [item.type for item in newest] == ["message", "function_call_output", "function_call", "message"]
    assert newest[0].content[0].type == "output_text" and newest[-1].content[0].text == "one"
    assert client.responses.input_items.list(kept, order="asc").data == newest[::-1]
    assert len({item.id for item in newest}) == 4 and newest[2].arguments == "{}" and newest[1].output == "1"
    page = client.responses.input_items.list(kept, limit=3)
    assert page.has_more and [item.id for item in page] == [item.id for item in newest], "the SDK turns the pages"
    with pytest.raises(openai.BadRequestError):
        client.responses.input_items.list(kept, limit=0)


def test_steps_that_were_not_kept_are_refused_in_the_services_words(client: openai.OpenAI):
    (row,) = [row for row in read_rows("errors") if row["error"] == "400_item_not_found_store_false"]
    gone = client.responses.create(model="o3-mini", input="Why?", store=False)
    (item, message) = [item.model_dump(exclude_none=True) for item in gone.output]
    back = [{"role": "user", "content": "Why?"}, item, message, {"role": "user", "content": "And then?"}]
    quoted = json.loads(row["body"])["error"]
    theirs = quoted["message"].split("'")[1]
    told = refuse(client, model="o3-mini", input=back, store=False)
    assert told | {"code": None} == quoted | {"message": quoted["message"].replace(theirs, item["id"]), "code": None}
    assert refuse(client, model="o3-mini", input=back)["message"] == f"Item with id '{item['id']}' not found."
    reference = [{"type": "item_reference", "id": "msg_x"}, {"role": "user", "content": "x"}]
    assert "Item with id 'msg_x' not found." in refuse(client, input=reference)["message"]


def test_stored_items_may_be_named_by_their_id(client: openai.OpenAI):
    first = client.responses.create(model="gpt-4o", input="Name a ship")
    asked: Any = [{"role": "user", "content": "Name a ship"}]
    named: Any = {"type": "item_reference", "id": first.output[0].id}
    spelt: Any = {"role": "assistant", "content": first.output_text}
    answers = [
        client.responses.create(model="gpt-4o", input=[*asked, item, {"role": "user", "content": "Another"}])
        for item in (named, spelt)
    ]
    assert answers[0].output_text == answers[1].output_text
    client.responses.delete(first.id)
    refuse(client, input=[*asked, named])


# --- hidden steps -----------------------------------------------------------------------------------------------------


def test_sealed_steps_come_when_asked_for_and_from_5_6_on_unasked(client: openai.OpenAI):
    asked: Any = {"model": "o3-mini", "input": "Why?"}
    assert client.responses.create(**asked).output[0].encrypted_content is None
    assert client.responses.create(**asked, **SEALED).output[0].encrypted_content
    unasked = client.responses.create(**THINKS)
    assert unasked.output[0].type == "reasoning" and unasked.output[0].encrypted_content
    assert client.responses.retrieve(unasked.id).output == unasked.output
    events = list(client.responses.create(**THINKS, stream=True))
    added, done = (next(e for e in events if e.type == f"response.output_item.{word}") for word in ("added", "done"))
    assert added.item.type == "reasoning" and added.item.encrypted_content is None
    assert done.item == events[-1].response.output[0] and done.item.encrypted_content
    plain = client.responses.create(model=LUNA, input="Why?", reasoning={"effort": "none"})
    assert [item.type for item in plain.output] == ["message"], "nothing was thought, so nothing is sealed"


def test_sealed_steps_are_the_steps_and_reach_the_engine_again(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch):
    close, sealed = Seal.close, []
    monkeypatch.setattr(Seal, "close", lambda seal, text: sealed.append(text) or close(seal, text))
    first = client.responses.create(**THINKS, store=False)
    (thought,) = sealed
    words = first.usage.output_tokens_details.reasoning_tokens
    assert 0 < len(thought.split()) < words, "one of three passes was kept"
    asked: Any = [{"role": "user", "content": THINKS["input"]}]
    back: Any = [item.model_dump(exclude_none=True) for item in first.output]
    follow: Any = {"model": LUNA, "input": [*asked, *back, {"role": "user", "content": "And lakes?"}]}
    read = client.responses.create(**follow).usage.input_tokens
    forgotten = client.responses.create(**follow, reasoning={"context": "current_turn"}).usage.input_tokens
    assert read == forgotten + len(thought.split()), "5.6 reads all turns unless told otherwise, and counts them"


def test_following_a_response_reads_its_steps_as_handing_them_back_does(client: openai.OpenAI):
    first = client.responses.create(**THINKS)
    follow: Any = {"model": LUNA, "input": "And lakes?", "previous_response_id": first.id}
    for context in ("all_turns", "current_turn"):
        followed = client.responses.create(**follow, reasoning={"context": context})
        items: Any = [{"role": "user", "content": THINKS["input"]}, *first.output]
        items += [{"role": "user", "content": "And lakes?"}]
        handed = client.responses.create(model=LUNA, input=items, reasoning={"context": context})
        assert handed.usage == followed.usage and handed.output_text == followed.output_text


def test_steps_of_the_turn_that_goes_on_are_always_read():
    thought: Any = {"role": "assistant", "content": "t", "thought": True}
    user, answer, call = ({"role": role, "content": "x"} for role in ("user", "assistant", "tool"))
    chat = [user, thought, answer, user, thought, call]
    assert choose_thoughts(chat, all_turns=False) == [
        user, answer, user, {"role": "assistant", "content": "t"}, call,
    ]  # fmt: skip
    assert len(choose_thoughts(chat, all_turns=True)) == 6
    assert choose_thoughts([thought, user, call], all_turns=False) == [user, call]


def test_what_another_sealed_or_somebody_changed_is_refused(client: openai.OpenAI):
    sealed = client.responses.create(**THINKS).output[0].encrypted_content
    for broken in (Seal().close("steps"), sealed[:-8] + "AAAAAAA=", "no seal at all"):
        item = {"type": "reasoning", "id": "rs_x", "summary": [], "encrypted_content": broken}
        error = refuse(client, model=LUNA, input=[item, {"role": "user", "content": "x"}])
        assert error["code"] == "invalid_encrypted_content" and broken not in error["message"]


def test_a_response_repeats_what_newer_models_repeat_of_reasoning(client: openai.OpenAI):
    def told(model: str, **reasoning: Any) -> dict[str, Any]:
        return client.responses.create(model=model, input="x", reasoning=reasoning or None).reasoning.to_dict()

    assert told(LUNA) == {"effort": "medium", "summary": None, "context": "all_turns", "mode": "standard"}
    assert told(MINI) == {"effort": "none", "summary": None, "context": "current_turn"}
    assert told("gpt-5.1") == {"effort": "none", "summary": None}
    assert told(LUNA, effort="low", context="current_turn")["context"] == "current_turn"
    assert refuse(client, model=MINI, reasoning={"summary": "auto"})["message"].startswith(
        "Unsupported parameter: 'reasoning.summary' is not served by this stand-in."
    )
