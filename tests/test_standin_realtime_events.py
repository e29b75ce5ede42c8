"""What a realtime session of the stand-in says to what: settings, items, answers, in both forms of the API."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from helpers.tables import read_rows
from tests.realtime_talk import beep, dated_client, ga_client, silence, start_talk
from tests.scripted_engine import ScriptedEngine
from tests.standin import Standin, serve
from tests.standin.realtime.settings import REALTIME_VOICES

TEXT: Any = {"type": "realtime", "output_modalities": ["text"]}
SOUND: Any = {"type": "realtime", "output_modalities": ["audio"]}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Look up the weather for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def client(standin: Standin) -> openai.OpenAI:
    return ga_client(standin)


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[ScriptedEngine, openai.OpenAI, openai.AzureOpenAI]]:
    """An engine that calls get_weather when it is asked for tools, and repeats what it was told last otherwise."""

    def answer(body: dict[str, Any]) -> list[str]:
        last = str(body["messages"][-1]["content"])
        if "response_format" in body:
            wanted = "weather" in last and "Result of" not in last
            calls = [{"name": "get_weather", "arguments": {"city": "London"}}] if wanted else []
            return [json.dumps({"wanted": [], "calls": calls})]
        return re.findall(r"\s*\S+", last) or ["Yes."]

    engine = ScriptedEngine(answer)
    try:
        with serve(engine) as standin:
            yield engine, ga_client(standin), dated_client(standin)
    finally:
        engine.stop()


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The types of events in order, each run of deltas as one."""
    told: list[str] = []
    for event in events:
        if not (event["type"].endswith(".delta") and event["type"] in told[-1:]):
            told.append(event["type"])
    return told


def error_row(name: str) -> dict[str, Any]:
    (row,) = [row for row in read_rows("errors") if row["error"] == name]
    told: dict[str, Any] = json.loads(row["body"])["error"]
    return told


# Settings.


def test_an_update_is_merged_and_told_whole(client):
    vad = {"type": "server_vad", "threshold": 0.7}
    with start_talk(client) as talk:
        before = talk.seen[0]["session"]
        now = talk.set(type="realtime", instructions="Be brief.", audio={"input": {"turn_detection": vad}})
        after = talk.set(type="realtime", audio={"output": {"voice": "marin", "speed": 1.2}})
    detection = before["audio"]["input"]["turn_detection"] | {"threshold": 0.7}
    expected = before | {"instructions": "Be brief."}
    expected["audio"] = {**before["audio"], "input": {**before["audio"]["input"], "turn_detection": detection}}
    assert now == expected
    assert after == now | {
        "audio": {**now["audio"], "output": before["audio"]["output"] | {"voice": "marin", "speed": 1.2}}
    }


def test_an_update_of_the_preview_is_flat(standin):
    with start_talk(dated_client(standin), "gpt-4o-realtime-preview") as talk:
        session = talk.set(
            modalities=["text"], voice="sage", input_audio_format="g711_ulaw", turn_detection=None, temperature=0.6,
            input_audio_transcription={"model": "whisper"}, max_response_output_tokens=50,
        )  # fmt: skip
    assert session["modalities"] == ["text"] and session["voice"] == "sage" and session["temperature"] == 0.6
    assert (session["input_audio_format"], session["output_audio_format"]) == ("g711_ulaw", "pcm16")
    assert session["turn_detection"] is None and session["max_response_output_tokens"] == 50
    assert session["input_audio_transcription"] == {"model": "whisper", "language": None, "prompt": None}


@pytest.mark.parametrize("voice", REALTIME_VOICES)
def test_every_voice_of_realtime_speaks(client, voice):
    with start_talk(client, **SOUND, audio={"output": {"voice": voice}}) as talk:
        done = talk.ask("Hello")[-1]["response"]
    assert done["audio"]["output"]["voice"] == voice
    assert done["usage"]["output_token_details"]["audio_tokens"] > 20


@pytest.mark.parametrize(
    ("session", "row"),
    [
        ({"instructions": "Hi"}, "rt_ga_missing_type"),
        ({"type": "realtime", "totally_made_up_field": 1}, "rt_ga_unknown_key"),
        ({"type": "session"}, "rt_bad_session_type"),
    ],
)
def test_a_wrong_update_is_refused_in_the_services_words(client, session, row):
    with start_talk(client) as talk:
        error = talk.set(**session)
        assert error == error_row(row) | {"event_id": None}
        after = talk.set(type="realtime")
        assert after == talk.seen[0]["session"]  # nothing of it was taken


def test_fields_of_ga_are_unknown_to_the_preview_and_the_other_way_round(standin, client):
    with start_talk(dated_client(standin), "gpt-4o-realtime-preview") as talk:
        assert talk.set(type="realtime", output_modalities=["text"]) == error_row("rt_preview_route_ga_fields") | {
            "event_id": None
        }
    for name in ("modalities", "voice", "temperature", "input_audio_format", "turn_detection"):
        (row,) = [
            r
            for r in read_rows("parameters")
            if (r["api"], r["model"], r["parameter"]) == ("realtime", "gpt-realtime*", name)
        ]
        with start_talk(client) as talk:
            error = talk.set(**{"type": "realtime", name: "x"})
        assert (row["accepted"], error["code"], error["param"]) == ("no", row["error_code"], f"session.{name}")


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"audio": {"output": {"voice": "nova"}}}, "invalid_value", "session.audio.output.voice"),
        ({"audio": {"output": {"speed": 1.6}}}, "decimal_above_max_value", "session.audio.output.speed"),
        ({"audio": {"output": {"speed": "fast"}}}, "invalid_type", "session.audio.output.speed"),
        ({"audio": {"input": {"format": {"type": "audio/mp3"}}}}, "invalid_value", "session.audio.input.format.type"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}, "invalid_value",
         "session.audio.input.format.rate"),
        ({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}}, "decimal_above_max_value",
         "session.audio.input.turn_detection.threshold"),
        ({"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.2}}}}, "unknown_parameter",
         "session.audio.input.turn_detection.threshold"),
        ({"audio": {"input": {"turn_detection": "server_vad"}}}, "invalid_type", "session.audio.input.turn_detection"),
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"output_modalities": []}, "empty_array", "session.output_modalities"),
        ({"max_output_tokens": 5_000}, "integer_above_max_value", "session.max_output_tokens"),
        ({"instructions": 7}, "invalid_type", "session.instructions"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"tools": [WEATHER | {"name": "get weather"}]}, "invalid_value", "session.tools[0].name"),
        ({"tools": [WEATHER | {"parameters": {"type": "array"}}]}, "invalid_function_parameters",
         "session.tools[0].parameters"),
        ({"tools": [WEATHER | {"type": "mcp"}]}, "unsupported_parameter", "session.tools[0].type"),
        ({"tools": [WEATHER], "tool_choice": "maybe"}, "invalid_value", "session.tool_choice"),
        ({"reasoning": {"effort": "huge"}}, "invalid_value", "session.reasoning.effort"),
    ],
)  # fmt: skip
def test_each_wrong_setting_is_named(client, session, code, param):
    with start_talk(client) as talk:
        error = talk.set(type="realtime", **session)
    assert (error.get("code"), error.get("param")) == (code, param)


def test_only_newer_models_take_an_effort_of_reasoning(client):
    with start_talk(client, "gpt-realtime-2.1") as talk:
        assert talk.set(type="realtime", reasoning={"effort": "low"})["reasoning"] == {"effort": "low"}
    with start_talk(client, "gpt-realtime-1.5") as talk:
        assert talk.set(type="realtime", reasoning={"effort": "low"})["code"] == "unknown_parameter"


def test_the_voice_is_fixed_after_the_first_sound(client):
    with start_talk(client, **SOUND) as talk:
        assert talk.set(type="realtime", audio={"output": {"voice": "sage"}})["audio"]["output"]["voice"] == "sage"
        talk.ask("Hello")
        error = talk.set(type="realtime", instructions="Lost.", audio={"output": {"voice": "ash"}})
        assert error == error_row("rt_voice") | {"event_id": None}
        assert talk.set(type="realtime")["instructions"] != "Lost."


# Answers.


TEXT_ANSWER = [
    "conversation.item.added", "conversation.item.done", "response.created", "response.output_item.added",
    "conversation.item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.done", "response.content_part.done", "conversation.item.done",
    "response.output_item.done", "response.done",
]  # fmt: skip


def test_a_text_turn_has_its_events_in_order(client):
    with start_talk(client, **TEXT) as talk:
        events = talk.ask("Hello")
    assert kinds(events) == TEXT_ANSWER
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    done = events[-1]["response"]
    assert text == next(e for e in events if e["type"] == "response.output_text.done")["text"]
    assert done["output"][0]["content"] == [{"type": "output_text", "text": text}]
    assert done["usage"]["output_token_details"]["audio_tokens"] == 0


def test_a_text_turn_of_the_preview_has_its_own_names(standin):
    with start_talk(dated_client(standin), "gpt-4o-realtime-preview", modalities=["text"]) as talk:
        events = talk.ask("Hello")
    assert kinds(events) == [
        "conversation.item.created", "response.created", "response.output_item.added", "conversation.item.created",
        "response.content_part.added", "response.text.delta", "response.text.done", "response.content_part.done",
        "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert not [event for event in events if "obfuscation" in event]  # came with GA
    item = events[-1]["response"]["output"][0]
    assert (item["object"], item["content"][0]["type"]) == ("realtime.item", "text")


def test_a_spoken_answer_has_its_words_before_its_sound(client):
    with start_talk(client, **SOUND) as talk:
        events = talk.ask("Hello")
    told = kinds(events)
    first = told.index("response.output_audio_transcript.delta")
    assert told[first + 1] == "response.output_audio.delta"
    assert told[-6:] == [
        "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
        "conversation.item.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
    usage = events[-1]["response"]["usage"]["output_token_details"]
    assert usage["audio_tokens"] == -(-len(sound) * 20 // 48_000)  # twenty a second


@pytest.mark.parametrize(("kind", "a_second"), [("audio/pcm", 48_000), ("audio/pcmu", 8_000), ("audio/pcma", 8_000)])
def test_sound_goes_out_in_each_format(client, kind, a_second):
    with start_talk(client, **SOUND, audio={"output": {"format": {"type": kind}}}) as talk:
        events = talk.ask("Hello")
    sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
    usage = events[-1]["response"]["usage"]["output_token_details"]
    assert usage["audio_tokens"] == pytest.approx(len(sound) * 20 / a_second, abs=1)


def test_long_answers_are_spoken_sentence_by_sentence(scripted):
    _, client, _ = scripted
    with start_talk(client, **SOUND) as talk:
        events = talk.ask("One is here. Two is here too. And three?")
    told = [kind.rpartition(".")[0].rpartition("_")[2] for kind in kinds(events) if kind.endswith(".delta")]
    assert told == ["transcript", "audio"] * 3


def test_the_same_session_gets_the_same_answers(client):
    def run() -> list[Any]:
        with start_talk(client, **SOUND, instructions="Same.") as talk:
            talk.append(silence(0.2) + beep(0.5) + silence(0.5))
            talk.until("response.done")
        bare = re.sub(
            r'"(event|resp|item|conv|sess)_\w+"|"obfuscation": "\w*"|"expires_at": \d+', "", json.dumps(talk.seen)
        )
        return [bare]

    assert run() == run()


def test_a_function_is_called_and_its_result_used(scripted):
    engine, client, _ = scripted
    with start_talk(client, **TEXT, tools=[WEATHER]) as talk:
        events = talk.ask("What is the weather in London?")
        assert kinds(events)[2:] == [
            "response.created", "response.output_item.added", "conversation.item.added",
            "response.function_call_arguments.delta", "response.function_call_arguments.done",
            "conversation.item.done", "response.output_item.done", "response.done",
        ]  # fmt: skip
        (call,) = events[-1]["response"]["output"]
        assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "London"})
        pieces = [e["delta"] for e in events if e["type"] == "response.function_call_arguments.delta"]
        assert "".join(pieces) == call["arguments"] and len(pieces) > 1
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "Foggy, 12 degrees."}
        talk.connection.conversation.item.create(item=result)
        talk.connection.response.create()
        done = talk.until("response.done")
    assert kinds(done)[:3] == ["conversation.item.added", "conversation.item.done", "response.created"]
    assert done[-1]["response"]["output"][0]["type"] == "message"
    assert "Result of get_weather" in str(engine.asked[-1]["messages"])


def test_only_one_answer_is_made_at_a_time(scripted):
    _, client, _ = scripted
    with start_talk(client, **SOUND) as talk:
        talk.say("A sentence. " * 50)
        talk.connection.response.create()
        talk.connection.response.create()
        error = talk.last("error")["error"]
        expected = error_row("rt_active_response")
        assert error["code"] == expected["code"]
        assert re.sub(r"resp_\w+", "resp_…", error["message"]) == expected["message"]
        talk.connection.response.cancel()
        done = talk.last("response.done")["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert done["output"][0]["status"] == "incomplete" if done["output"] else True


def test_a_limit_of_tokens_ends_an_answer(client):
    for session, limit in ((TEXT, 3), (SOUND, 30)):
        with start_talk(client, **session, max_output_tokens=limit) as talk:
            done = talk.ask("Hello")[-1]["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
        assert done["output"][0]["status"] == "incomplete"
        assert done["usage"]["output_tokens"] <= limit + 8


def test_an_answer_beside_the_conversation_is_not_kept(scripted):
    engine, client, _ = scripted
    with start_talk(client, **TEXT) as talk:
        talk.ask("Remember the harbour.")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Only this."}]}
        talk.connection.response.create(
            response={"conversation": "none", "input": [item], "metadata": {"topic": "x"}, "instructions": "Apart."}
        )
        events = talk.until("response.done")
        assert "conversation.item.added" not in kinds(events)
        done = events[-1]["response"]
        assert (done["conversation_id"], done["metadata"]) == (None, {"topic": "x"})
        assert [m["content"] for m in engine.asked[-1]["messages"]] == ["Apart.", "Only this."]
        talk.ask("And now?")
        assert "Only this." not in str(engine.asked[-1]["messages"])
        assert talk.set(type="realtime")["instructions"] != "Apart."


def test_limits_per_minute_hold_for_answers():
    with (
        serve(limits={"gpt-realtime": (60_000, 6)}) as standin,
        start_talk(ga_client(standin), "gpt-realtime", **TEXT) as talk,
    ):
        first, second = talk.ask("Hello")[-1]["response"], talk.ask("Hello")[-1]["response"]
    assert first["status"] == "completed"
    assert (second["status"], second["status_details"]["error"]["code"]) == ("failed", "RateLimitReached")


@pytest.mark.parametrize(
    ("response", "param"),
    [
        ({"type": "realtime"}, "response.type"),
        ({"conversation": "mine"}, "response.conversation"),
        ({"output_modalities": ["video"]}, "response.output_modalities[0]"),
        ({"input": "Hello"}, "response.input"),
        ({"input": [{"type": "item_reference", "id": "nobody"}]}, "item_id"),
        ({"tool_choice": {"type": "function", "name": "nobody"}}, "response.tool_choice"),
    ],
)
def test_a_wrong_wish_for_an_answer_is_refused(client, response, param):
    with start_talk(client, **TEXT) as talk:
        talk.send("response.create", response=response)
        assert talk.last("error", "response.done")["error"]["param"] == param


def test_a_defect_of_the_servers_is_told_and_the_session_goes_on(client, monkeypatch):
    monkeypatch.setattr("tests.standin.realtime.items.read_cut", lambda event, item: 1 / 0)
    with start_talk(client, **SOUND) as talk:
        item = talk.ask("Hello")[-1]["response"]["output"][0]["id"]
        talk.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=1)
        assert talk.last("error")["error"]["type"] == "server_error"
        talk.set(type="realtime")


def test_an_engine_that_fails_gives_an_answer_that_failed(monkeypatch):
    def fail(body: dict[str, Any]) -> list[str]:
        raise RuntimeError

    engine = ScriptedEngine(fail)
    try:
        with serve(engine) as standin, start_talk(ga_client(standin), **TEXT) as talk:
            done = talk.ask("Hello")[-1]["response"]
            assert (done["status"], done["status_details"]["type"]) == ("failed", "failed")
            talk.set(type="realtime")
    finally:
        engine.stop()


# Items.


def test_items_are_added_read_back_and_deleted(scripted):
    engine, client, _ = scripted
    with start_talk(client, **TEXT) as talk:
        for name, text in (("first", "One"), ("third", "Three")):
            content = [{"type": "input_text", "text": text}]
            talk.connection.conversation.item.create(
                item={"id": name, "type": "message", "role": "user", "content": content}
            )
            talk.until("conversation.item.done")
        told = {"id": "second", "type": "message", "role": "assistant"}
        content = [{"type": "output_text", "text": "Two"}]
        talk.connection.conversation.item.create(item={**told, "content": content}, previous_item_id="first")
        added = talk.last("conversation.item.added")
        assert (added["previous_item_id"], added["item"]["id"]) == ("first", "second")
        talk.until("conversation.item.done")
        talk.connection.conversation.item.retrieve(item_id="second")
        assert talk.last("conversation.item.retrieved")["item"] == {**told, "status": "completed", "content": content}
        talk.connection.conversation.item.delete(item_id="first")
        assert talk.last("conversation.item.deleted")["item_id"] == "first"
        talk.connection.response.create()
        talk.until("response.done")
        assert [m["content"] for m in engine.asked[-1]["messages"][1:]] == ["Two", "Three"]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "note"}, "item.type"),
        ({"type": "message", "content": []}, "item.role"),
        ({"type": "message", "role": "user", "content": [{"type": "text", "text": "Hi"}]}, "item.content[0].type"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text"}]}, "item.content[0].text"),
        ({"type": "message", "role": "user", "content": "Hi"}, "item.content"),
        ({"type": "function_call_output", "call_id": "nobody", "output": "1"}, "item.call_id"),
        ({"type": "message", "role": "user", "content": [], "mood": "good"}, "item.mood"),
    ],
)
def test_a_wrong_item_is_refused(client, item, param):
    with start_talk(client) as talk:
        talk.connection.conversation.item.create(item=item)
        assert talk.last("error")["error"]["param"] == param


def test_a_message_may_hold_sound(scripted):
    engine, client, _ = scripted
    sound = {"type": "input_audio", "audio": base64.b64encode(beep(1.5)).decode()}
    with start_talk(client, **TEXT) as talk:
        content = [{"type": "input_text", "text": "Listen:"}, sound]
        talk.connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        talk.connection.response.create()
        done = talk.last("response.done")["response"]
        heard = engine.asked[-1]["messages"][-1]["content"]
        told = {"type": "input_audio", "audio": "?"}
        talk.connection.conversation.item.create(item={"type": "message", "role": "user", "content": [told]})
        assert talk.last("error")["error"]["param"] == "item.content[0].audio"
    assert done["usage"]["input_token_details"]["audio_tokens"] == 15
    assert heard.startswith("Listen: ") and len(heard) > len("Listen: ")


def test_sound_of_the_assistant_cannot_be_put_back(client):
    content = [{"type": "output_audio", "audio": base64.b64encode(beep(0.2)).decode()}]
    with start_talk(client) as talk:
        talk.connection.conversation.item.create(item={"type": "message", "role": "assistant", "content": content})
        assert talk.last("error")["error"] == error_row("rt_restore_audio_item") | {"event_id": None}


@pytest.mark.parametrize("what", ["retrieve", "delete", "truncate"])
def test_an_unknown_item_is_named(client, what):
    with start_talk(client) as talk:
        talk.send(f"conversation.item.{what}", item_id="nobody", content_index=0, audio_end_ms=1)
        error = talk.last("error")["error"]
    assert (error["code"], error["param"]) == (f"item_{what}_invalid_item_id", "item_id")
    assert "'nobody'" in error["message"]


def test_what_was_not_heard_is_forgotten(scripted):
    engine, client, _ = scripted
    with start_talk(client, **SOUND) as talk:
        done = talk.ask("One is here for you. Two is here for you.")[-1]["response"]
        item = done["output"][0]["id"]
        talk.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=900)
        told = talk.last("conversation.item.truncated")
        assert (told["item_id"], told["content_index"], told["audio_end_ms"]) == (item, 0, 900)
        talk.connection.conversation.item.retrieve(item_id=item)
        assert talk.last("conversation.item.retrieved")["item"]["content"][0]["transcript"] is None
        second = talk.ask("Go on.")[-1]["response"]["usage"]
        words = next(m["content"] for m in engine.asked[-1]["messages"] if m["role"] == "assistant")
        assert words and "One is here for you. Two".startswith(words)
        assert second["input_token_details"]["audio_tokens"] == 18  # 0.9 s of the assistant's
        talk.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=1_000)
        error = talk.last("error")["error"]
        assert error["message"] == "Audio content of 900ms is already shorter than 1000ms"
