"""The stand-in's sessions beside real ones, Microsoft's descriptions and the SDK's types."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from helpers.tables import read_rows
from tests.azure import find_departures, find_folder
from tests.realtime_talk import Talk, beep, dated_client, ga_client, silence, start_talk
from tests.scripted_engine import ScriptedEngine
from tests.standin import Standin, serve

PREVIEW_SPEC = "azure_inference_2025-04-01-preview_apim-export.yaml"
TRANSCRIPTION = "conversation.item.input_audio_transcription."
SESSIONS = [
    "text_in_audio_out", "function_call", "audio_in_vad_transcribed", "transcription_deployment_missing",
    "spoken_tool_call",
]  # fmt: skip
SPOKEN = silence(1) + beep(2) + silence(1)


@pytest.fixture(scope="module")
def wire() -> Path:
    folder = find_folder("wire/azure_2026")
    if not folder:
        pytest.skip("real sessions are not at hand: set AZURE_OPENAI_SPECS")
    return folder


@pytest.fixture(scope="module")
def scripted() -> Iterator[Standin]:
    """Calls the first function that it is offered, once; says two sentences otherwise."""

    def answer(body: dict[str, Any]) -> list[str]:
        last = str(body["messages"][-1]["content"])
        if "response_format" not in body:
            return ["Hello", " there", ".", " What", " now", "?"]
        offered = body["response_format"]["json_schema"]["schema"]["properties"]["calls"]["items"]["anyOf"][0]
        arguments = {name: "London" for name in offered["properties"]["arguments"]["properties"]}
        call = {"name": offered["properties"]["name"]["const"], "arguments": arguments}
        return [json.dumps({"wanted": [], "calls": [] if "Result of" in last else [call]})]

    engine = ScriptedEngine(answer)
    try:
        with serve(engine) as standin:
            yield standin
    finally:
        engine.stop()


def read_frames(wire: Path, name: str) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = json.loads((wire / f"pydantic_realtime_ga_{name}.json").read_bytes())["frames"]
    return frames


def replay(standin: Standin, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the stand-in says to what the client of a real session said, at the same points."""
    is_missing = any(frame["json"]["type"].endswith("transcription.failed") for frame in frames)
    spoken = False
    with ga_client(standin).realtime.connect(model="gpt-realtime") as connection:
        talk = Talk(connection)
        call_id = ""
        for frame in frames:
            event = json.loads(json.dumps(frame["json"]))
            if frame["from"] == "client":
                if event["type"] == "input_audio_buffer.append":
                    if not spoken:
                        talk.append(SPOKEN)
                    spoken = True
                    continue
                if event["type"] == "session.update" and is_missing:
                    event["session"]["audio"]["input"]["transcription"]["model"] = "gpt-nobody"
                if event.get("item", {}).get("call_id"):
                    event["item"]["call_id"] = call_id
                connection.send(event)
            elif event["type"] == "response.done":
                done = [e for e in talk.seen if e["type"] == "response.done"]
                wanted = [f for f in frames[: frames.index(frame) + 1] if f["json"]["type"] == "response.done"]
                if len(done) < len(wanted):
                    talk.until("response.done")
            elif event["type"] == "response.output_item.done":
                item = talk.last("response.output_item.done")["item"]
                call_id = item.get("call_id", call_id)
    return talk.seen


def main_kinds(events: list[dict[str, Any]]) -> list[str]:
    """In order, without deltas, which come as they are made, and what runs beside the answer."""
    return [e["type"] for e in events if not e["type"].endswith(".delta") and not e["type"].startswith(TRANSCRIPTION)]


def shape(value: Any) -> Any:
    """Names and kinds of values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.parametrize("name", SESSIONS)
def test_events_come_in_the_order_of_real_sessions(wire, scripted, name):
    frames = read_frames(wire, name)
    real = [frame["json"] for frame in frames if frame["from"] == "server"]
    ours = replay(scripted, frames)
    assert main_kinds(ours) == main_kinds(real)
    assert {event["type"] for event in ours} == {event["type"] for event in real}


@pytest.mark.parametrize("name", SESSIONS)
def test_events_have_the_fields_of_real_ones_in_their_order(wire, scripted, name):
    frames = read_frames(wire, name)
    ours = replay(scripted, frames)
    for frame in frames:
        real = frame["json"]
        if frame["from"] == "server":
            same = [event for event in ours if event["type"] == real["type"]]
            assert shape(real) in [shape(event) for event in same], real["type"]
            assert list(real) in [list(event) for event in same], real["type"]


def test_a_session_begins_with_the_recorded_defaults(wire, scripted):
    real = read_frames(wire, "text_in_audio_out")[0]["json"]["session"]
    with start_talk(ga_client(scripted), "gpt-realtime") as talk:
        ours = talk.seen[0]["session"]
    own = {"id", "model", "instructions", "expires_at"}
    assert {k: v for k, v in ours.items() if k not in own} == {k: v for k, v in real.items() if k not in own}


def test_items_that_are_done_name_the_one_before_as_recorded(wire, scripted):
    """Null after the very first item, too."""
    for name in SESSIONS:
        frames = read_frames(wire, name)
        real = [f["json"] for f in frames if f["json"]["type"] == "conversation.item.done"]
        ours = [event for event in replay(scripted, frames) if event["type"] == "conversation.item.done"]
        assert [e["previous_item_id"] is None for e in ours] == [e["previous_item_id"] is None for e in real], name


def test_deltas_are_hidden_in_pieces_of_sixteen_letters_as_recorded(wire, scripted):
    real = [f["json"] for name in SESSIONS for f in read_frames(wire, name) if "obfuscation" in f["json"]]
    ours = [e for e in replay(scripted, read_frames(wire, "spoken_tool_call")) if "obfuscation" in e]
    assert ours
    for event in [*real, *ours]:
        assert (len(event["delta"]) + len(event["obfuscation"])) % 16 == 0


def test_a_client_secret_has_the_fields_of_a_real_one(wire, scripted):
    recorded = json.loads((wire / "pydantic_realtime_client_secrets_and_webrtc_call.json").read_bytes())
    exchange = recorded["exchanges"][0]
    session = exchange["request"]["body"]["session"]
    answer = ga_client(scripted).realtime.client_secrets.with_raw_response.create(session=session)
    ours, real = answer.http_response.json(), exchange["response"]["body"]
    assert shape(ours) == shape(real)
    own = {"id", "model"}
    assert {k: v for k, v in ours["session"].items() if k not in own} == {
        k: v for k, v in real["session"].items() if k not in own
    }


def all_events(standin: Standin) -> list[dict[str, Any]]:
    """One of nearly every event of the GA form."""
    client: openai.OpenAI = ga_client(standin)
    heard = {"input": {"transcription": {"model": "whisper"}}}
    with start_talk(client, type="realtime", audio=heard) as talk:
        talk.append(SPOKEN)
        spoken = talk.last("response.done")["response"]["output"][0]["id"]
        talk.connection.conversation.item.truncate(item_id=spoken, content_index=0, audio_end_ms=100)
        talk.connection.conversation.item.retrieve(item_id=spoken)
        talk.connection.conversation.item.delete(item_id=spoken)
        talk.connection.input_audio_buffer.clear()
        talk.connection.response.cancel()
        talk.until("error")
        tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
        talk.set(type="realtime", output_modalities=["text"], tools=[tool])
        talk.ask("Look.")
        talk.set(type="realtime", tools=[], audio={"input": {"transcription": {"model": "nobody"}}})
        talk.append(SPOKEN)
        talk.until("response.done")
        return talk.seen


def test_every_event_is_one_of_the_sdks(scripted):
    adapter: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
    seen = all_events(scripted)
    for event in seen:
        parsed = adapter.validate_python(event)
        assert parsed.type == event["type"]
    assert len({event["type"] for event in seen}) >= 28


def test_every_event_stands_in_the_table_of_events(scripted):
    rows = read_rows("realtime_events")
    named = {name.strip() for row in rows for name in row["ga_name"].split("/")}
    assert {event["type"] for event in all_events(scripted)} <= named
    with start_talk(dated_client(scripted), "gpt-4o-realtime-preview") as talk:
        talk.append(SPOKEN)
        talk.until("response.done")
        talk.set(modalities=["text"])
        events = talk.ask("Hello") and talk.seen
    assert {event["type"] for event in events} <= {row["preview_name"] for row in rows}


def test_a_session_of_the_preview_is_as_microsoft_describes_it(scripted):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    with start_talk(dated_client(scripted), "gpt-4o-realtime-preview") as talk:
        transcription = {"model": "whisper", "language": "en", "prompt": "Names"}
        told = talk.set(input_audio_transcription=transcription)  # null has no place in the description
        told["client_secret"] = {"value": "none", "expires_at": 0}  # of a session that is made for a browser
        assert find_departures(folder / PREVIEW_SPEC, "RealtimeSessionCreateResponse", told) == set()
