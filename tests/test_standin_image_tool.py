"""The Responses API's built-in tool image_generation: told as Azure's recorded answers, edited further, recorded."""

import base64
import hashlib
import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from PIL import Image
from pydantic import TypeAdapter

from helpers.images import change_of, data_url, mask_of, read_picture
from tests.azure import find_folder
from tests.loopback import open_wire
from tests.standin import Standin
from tests.standin.image_tool import HEADER, TOOL_TOKENS

wire = pytest.fixture(open_wire)
HTTP = httpx2.Client(timeout=30, verify=False)
TOOL: Any = {"type": "image_generation", "quality": "low"}
DRAWS: Any = {"extra_headers": {HEADER: "gpt-image-1-mini"}}
FORCED: Any = {"model": "gpt-4.1-mini", "tools": [TOOL], "tool_choice": {"type": "image_generation"}}
ASK: Any = FORCED | {"input": "Draw a lighthouse at night."}


def draw(client: openai.OpenAI, **more: Any) -> Response:
    return client.responses.create(**ASK | DRAWS | more)


def refuse(client: openai.OpenAI, **more: Any) -> dict[str, Any]:
    with pytest.raises(openai.BadRequestError) as caught:
        draw(client, **more)
    return dict(caught.value.body)


def picture_of(answer: Response) -> Image.Image:
    return read_picture(answer.output[0].result)


def show(picture: Image.Image, text: str = "Add a balloon.") -> list[Any]:
    parts = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": data_url(picture)}]
    return [{"role": "user", "content": parts}]


def recorded(name: str) -> Any:
    folder = find_folder("wire/azure_2026")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_a_picture_comes_with_the_prompt_that_the_engine_wrote_and_who_drew(client: openai.OpenAI):
    raw = client.responses.with_raw_response.create(**ASK | DRAWS)
    assert "composed by Nonsense (no model), drawn by code" in raw.headers["x-standin-note"]
    answer = raw.parse()
    drawn, said = answer.output
    assert (drawn.type, drawn.status, drawn.action, said.type) == (
        "image_generation_call", "completed", "generate", "message",
    )  # fmt: skip
    assert (drawn.size, drawn.quality, drawn.background, drawn.output_format) == ("1024x1024", "low", "opaque", "png")
    assert drawn.revised_prompt and answer.output_text
    assert picture_of(answer).size == (1024, 1024)
    assert picture_of(answer).info["Description"] == "composed by Nonsense (no model), drawn by code"


def test_usage_counts_the_chat_model_alone(client: openai.OpenAI):
    small, large = draw(client), draw(client, tools=[TOOL | {"quality": "high"}])
    assert small.usage.input_tokens == large.usage.input_tokens > TOOL_TOKENS
    assert max(small.usage.output_tokens, large.usage.output_tokens) < 272, "a picture alone has 272 tokens or more"
    for name in ("vercel_responses_image_generation_tool.json",):
        usage = recorded(name)["response"]["body"]["usage"]
        assert 0 < usage["input_tokens"] - TOOL_TOKENS < 60, "a line of text"


def test_the_header_is_needed_on_every_call_that_has_the_tool(client: openai.OpenAI):
    first = draw(client)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**ASK | {"previous_response_id": first.id})
    assert caught.value.body == {
        "message": f"imagegen deployment must be provided through header: {HEADER}",
        "type": "image_generation_user_error",
        "param": "tools",
        "code": "invalid_request_error",
    }
    later = client.responses.create(model="gpt-4.1-mini", input="Thanks.", previous_response_id=first.id)
    assert [item.type for item in later.output] == ["message"], "without the tool no header is needed"


@pytest.mark.parametrize(("name", "status"), [("nowhere", 404), ("gpt-4o", 400), ("dall-e-3", 400)])
def test_the_header_names_a_deployment_that_can_draw_for_the_tool(client: openai.OpenAI, name: str, status: int):
    with pytest.raises(openai.APIStatusError) as caught:
        draw(client, extra_headers={HEADER: name})
    assert caught.value.status_code == status


@pytest.mark.parametrize(
    ("tool", "param", "words"),
    [
        ({"size": "512x512"}, "tools[0].size", "Supported values are: '1024x1024'"),
        ({"quality": "hd"}, "tools[0].quality", "Supported values are: 'low'"),
        ({"style": "vivid"}, "tools[0].style", "Unknown parameter: 'tools[0].style'."),
        ({"output_format": "webp"}, "tools[0].output_format", "'png' and 'jpeg'"),
        ({"partial_images": 4}, "tools[0].partial_images", "Invalid 'tools[0].partial_images': integer above"),
        ({"action": "paint"}, "tools[0].action", "'generate', 'edit', and 'auto'"),
        ({"action": "edit"}, "tools[0].action", "no picture in this chat"),
        ({"model": "gpt-4o-paint"}, "tools[0].model", "gpt-4o-paint"),
    ],
)
def test_what_the_tool_does_not_take_is_named_by_its_place(client: openai.OpenAI, tool: Any, param: str, words: str):
    error = refuse(client, tools=[TOOL | tool])
    assert error["param"] == param and words in error["message"]


def test_a_choice_of_the_tool_needs_the_tool(client: openai.OpenAI):
    function = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    assert refuse(client, tools=[function])["param"] == "tool_choice"
    assert refuse(client, tools=[TOOL, TOOL])["param"] == "tools"


def test_the_engine_may_answer_without_a_picture_and_beside_functions(client: openai.OpenAI):
    function: Any = {"type": "function", "name": "find", "parameters": {"type": "object", "properties": {}}}
    seen = set()
    for number in range(16):
        answer = draw(client, input=f"Draw {number} boats", tools=[function, TOOL], tool_choice="auto")
        seen.add(tuple(dict.fromkeys(item.type for item in answer.output)))
        assert [item.type for item in answer.output].count("image_generation_call") <= 1
    assert {("message",), ("image_generation_call", "message"), ("function_call",)} <= seen
    none = draw(client, tool_choice="none")
    assert [item.type for item in none.output] == ["message"]


def test_following_a_response_refines_its_picture_turn_by_turn(client: openai.OpenAI):
    first = draw(client)
    second = draw(client, input="Add a boat.", previous_response_id=first.id)
    third = draw(client, input="Add a star.", previous_response_id=second.id)
    assert [one.output[0].action for one in (first, second, third)] == ["generate", "edit", "edit"]
    pictures = [picture_of(one) for one in (first, second, third)]
    assert 0 < change_of(pictures[0], pictures[1]).inside < 0.9
    assert 0 < change_of(pictures[1], pictures[2]).inside < 0.9
    fresh = draw(client, input="Something else.", previous_response_id=third.id, tools=[TOOL | {"action": "generate"}])
    assert fresh.output[0].action == "generate"


def test_a_picture_that_was_handed_back_is_edited_as_one_that_was_followed(client: openai.OpenAI):
    first = draw(client)
    given = [first.output[0].model_dump(exclude_none=True, exclude={"svg_usage"})]
    for items in (given, [{"type": "image_generation_call", "id": first.output[0].id}]):
        again = draw(client, input=[*items, {"role": "user", "content": "Add a boat."}], store=False)
        assert again.output[0].action == "edit"
        assert 0 < change_of(picture_of(first), picture_of(again)).inside < 0.9


def test_a_picture_that_is_sent_is_edited_within_its_mask(client: openai.OpenAI):
    white = Image.new("RGB", (512, 512), "white")
    plain = draw(client, input=show(white))
    assert plain.output[0].action == "edit" and picture_of(plain).size == (512, 512)
    mask = mask_of(white.size, (100, 100, 300, 300))
    masked = draw(client, input=show(white), tools=[TOOL | {"input_image_mask": {"image_url": data_url(mask)}}])
    changed = change_of(white, picture_of(masked), mask)
    assert changed.inside > 0.5 and changed.outside < 0.1, "outside only the line that says who drew"
    small = mask_of((10, 10), (0, 0, 5, 5))
    error = refuse(client, input=show(white), tools=[TOOL | {"input_image_mask": {"image_url": data_url(small)}}])
    assert error["code"] == "invalid_mask_image_format"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://example.org/a.png", "not served by this stand-in"),
        ("data:image/png;base64,@@@", "does not represent a valid image"),
        ("data:image/png;base64," + base64.b64encode(b"no picture").decode(), "does not represent a valid image"),
    ],
)
def test_what_is_no_picture_is_refused(client: openai.OpenAI, url: str, words: str):
    parts = [{"type": "input_text", "text": "Add a boat."}, {"type": "input_image", "image_url": url}]
    assert words in refuse(client, input=[{"role": "user", "content": parts}])["message"]


def test_the_input_is_listed_with_its_picture(client: openai.OpenAI):
    answer = draw(client, input=show(Image.new("RGB", (64, 64))))
    (item,) = client.responses.input_items.list(answer.id).data
    assert [part.type for part in item.content] == ["input_text", "input_image"]


def test_a_stream_has_the_events_of_the_recorded_one_in_their_order(client: openai.OpenAI):
    events = list(client.responses.create(**ASK | DRAWS, stream=True))
    theirs = recorded("vercel_responses_image_generation_stream.json")["events"]
    assert _kinds([event.type for event in events]) == _kinds([event["type"] for event in theirs])
    shapes = {event["type"]: event for event in theirs if "image_generation_call" in json.dumps(event)}
    for event in events:
        if event.type.startswith("response.image_generation_call"):
            assert event.model_dump(exclude_none=True).keys() == shapes[event.type].keys()
    ours = next(event.item for event in events if event.type == "response.output_item.done")
    (real, *_) = [event["item"] for event in theirs if event["type"] == "response.output_item.done"]
    assert ours.model_dump(exclude_none=True).keys() == real.keys() | {"action"}
    assert ours.status == real["status"] == "generating", "no event says that the picture is completed"
    partial = next(event for event in events if event.type.endswith("partial_image"))
    assert partial.partial_image_b64 == ours.result, "where none were asked for, it is the whole picture"
    assert events[-1].response.output[0].result == ours.result


def _kinds(types: list[str]) -> list[str]:
    """Without repeats that follow each other: another text has another number of pieces."""
    return [kind for kind, before in zip(types, ["", *types], strict=False) if kind != before]


def test_partial_pictures_come_as_many_as_asked_for_each_finer(client: openai.OpenAI):
    events = list(client.responses.create(**ASK | DRAWS | {"tools": [TOOL | {"partial_images": 2}]}, stream=True))
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for event in events:
        adapter.validate_python(event.model_dump())
    partial = [event for event in events if event.type == "response.image_generation_call.partial_image"]
    assert [event.partial_image_index for event in partial] == [0, 1]
    whole = read_picture(events[-1].response.output[0].result)
    gaps = [change_of(read_picture(event.partial_image_b64), whole).inside for event in partial]
    assert gaps[0] > gaps[1] > 0


def test_a_stream_that_was_kept_can_be_followed(client: openai.OpenAI):
    last = list(client.responses.create(**ASK | DRAWS, stream=True))[-1].response
    assert draw(client, input="Add a boat.", previous_response_id=last.id).output[0].action == "edit"


def test_the_limits_of_the_deployment_that_draws_hold_too():
    from tests.standin import serve

    with serve(limits={"gpt-image-1-mini": (10_000, 1)}) as standin:
        made = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
        codes = []
        for _ in range(3):
            try:
                draw(made)
                codes.append(200)
            except openai.RateLimitError as error:
                codes.append(429)
                assert "gpt-image-1-mini" in error.message
        assert codes[0] == 200 and 429 in codes


def test_a_recorded_picture_is_a_file_and_replays_byte_for_byte(wire: Any, standin: Standin):
    """Both forms of an answer, and the request that hands a picture back."""
    seen: dict[str, list[Any]] = {}
    for mode in ("record", "replay"):
        endpoint = standin.endpoint if mode == "record" else ""
        asks = wire.connect(mode, AZURE_OPENAI_ENDPOINT=endpoint, AZURE_OPENAI_API_KEY=standin.key)
        whole = draw(asks)
        events = list(asks.responses.create(**ASK | DRAWS, stream=True))
        item = whole.output[0].model_dump(exclude_none=True, exclude={"svg_usage"})
        again = draw(asks, input=[item, {"role": "user", "content": "Add a boat."}], store=False)
        seen[mode] = [whole.model_dump(), [event.model_dump() for event in events], again.model_dump()]
    assert seen["replay"] == seen["record"]
    kept = {path.name: path.read_bytes() for path in wire.folder.glob("*.png")}
    for result in (seen["record"][0]["output"][0]["result"], seen["record"][2]["output"][0]["result"]):
        assert base64.b64decode(result) in kept.values()
    for name, data in kept.items():
        assert hashlib.sha256(data).hexdigest()[:8] in name and data.startswith(b"\x89PNG")
    assert len(kept) == 3, "a stream tells its picture three times, and it is kept once"
    assert max(path.stat().st_size for path in wire.folder.glob("*.json")) < 60_000, "no picture is left in a text"
    records = wire.records()
    assert {record["request"]["headers"][HEADER] for record in records} == {"gpt-image-1-mini"}
    with pytest.raises(Exception, match="no recorded answer"):
        draw(wire.connect("replay"), extra_headers={HEADER: "gpt-image-2"})
