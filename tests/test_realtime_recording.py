"""Realtime sessions through connect(): recorded by a proxy in this process, found again by what the client sends."""

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.http11 import Response

from helpers import explain
from helpers.errors import RecordingNotKept
from helpers.evidence import arrival_ms, elapsed_ms, evidence_of
from helpers.receipt import describe_calls
from helpers.recordings import listen
from helpers.settings import ROOT
from tests.talking import open_talk
from tests.test_recordings_data import _faults, _sidecar_faults

talk = pytest.fixture(open_talk)
MODEL = "gpt-realtime-2.1"


@pytest.fixture(autouse=True)
def _no_task_fails_unseen(caplog):
    yield
    assert not [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"]


def sine(samples: int, pitch: int = 40) -> bytes:
    """PCM of 16 bits that FLAC makes smaller."""
    return b"".join((n * pitch % 2_000 - 1_000).to_bytes(2, "little", signed=True) for n in range(samples))


def coded(sound: bytes) -> str:
    return base64.b64encode(sound).decode()


class Host:
    """A service that greets, and answers each response.create with words and sound; each session is another."""

    def __init__(self, pause: float = 0.0, says: Any = None):
        self.sessions, self.pause, self.says = 0, pause, says or {}

    async def __call__(self, connection: Any) -> None:
        self.sessions += 1
        number, turn, heard = self.sessions, 0, 0

        async def say(**event: Any) -> None:
            await connection.send(json.dumps(event))

        audio = {"output": {"format": {"type": "audio/pcm", "rate": 24_000}}}
        session = {"id": f"sess_{number}", "type": "realtime", "model": "engine-1", "audio": audio}
        await say(type="session.created", event_id=f"event_{number}", session=session)
        async for message in connection:
            event = json.loads(message)
            if event["type"] == "input_audio_buffer.append":
                heard += len(base64.b64decode(event["audio"]))
                if heard == 4_000:  # by place, as the detection of turns works
                    await say(type="input_audio_buffer.speech_started", audio_start_ms=80, item_id=f"heard_{number}")
            elif event["type"] == "session.update":
                await say(type="session.updated", session={**session, **event["session"]})
            elif event["type"] == "response.create":
                turn += 1
                name = f"resp_{number}_{turn}"
                await say(type="response.created", response={"id": name})
                for place, word in enumerate(("so ", "viele ", f"Wörter {number}.{turn}")):
                    await asyncio.sleep(self.pause)
                    at = {"response_id": name, "item_id": f"item_{name}", "output_index": 0, "content_index": 0}
                    await say(type="response.output_audio_transcript.delta", delta=word, **at)
                    await say(type="response.output_audio.delta", delta=coded(sine(500, 10 * place + number)), **at)
                usage = {"input_tokens": 10, "output_tokens": 20, "output_token_details": {"audio_tokens": 15}}
                await say(type="response.done", response={"id": name, "usage": usage, **self.says})
            elif event["type"] == "input_audio_buffer.clear":
                await connection.close(4000, "that is all")
            elif event["type"] == "input_audio_buffer.commit":
                connection.transport.abort()


def ask(client: Any, *, question: str = "Hello?", turns: int = 1, model: str = MODEL, **options: Any) -> list[Any]:
    """One session, as a reader holds it; the events that came."""
    events = []
    with client.realtime.connect(model=model, **options) as connection:
        connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
        for turn in range(turns):
            content = [{"type": "input_text", "text": f"{question} {turn}" if turn else question}]
            connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
            connection.response.create()
            for event in connection:
                events.append(event)
                if event.type == "response.done":
                    break
    return plain(events)


def plain(events: list[Any]) -> list[Any]:
    return [event.to_dict(mode="json", warnings=False) for event in events]


def speak(client: Any, sound: bytes, piece: int = 1_000) -> list[Any]:
    """A session whose question is sound, sent in pieces of so many bytes."""
    with client.realtime.connect(model=MODEL) as connection:
        for start in range(0, len(sound), piece):
            connection.input_audio_buffer.append(audio=coded(sound[start : start + piece]))
        connection.response.create()
        return plain(list(_until_done(connection)))


def _until_done(connection: Any) -> Any:
    for event in connection:
        yield event
        if event.type == "response.done":
            return


def files(talk: Any) -> list[Any]:
    return sorted(talk.folder.glob("realtime.*.json"))


# --- record and replay


def test_a_session_is_kept_when_its_with_has_ended_and_replays_the_same(talk):
    server = talk.serve(Host())
    recorded = ask(talk.connect("record"))
    assert len(files(talk)) == 1 and len(list(talk.folder.glob("*.flac"))) == 1
    assert ask(talk.connect("replay", AZURE_OPENAI_ENDPOINT="")) == recorded
    assert len(server.seen) == 1 and _faults(files(talk)[0]) == [] == _sidecar_faults(talk.folder)
    sound = [event["delta"] for event in recorded if event["type"] == "response.output_audio.delta"]
    assert [base64.b64decode(delta) for delta in sound] == [sine(500, pitch) for pitch in (1, 11, 21)]


def test_the_async_twin_records_and_replays(talk):
    talk.serve(Host())

    async def converse(client: Any) -> list[Any]:
        events = []
        async with client.realtime.connect(model=MODEL) as connection:
            await connection.response.create()
            async for event in connection:
                events.append(event)
                if event.type == "response.done":
                    break
        return plain(events)

    recorded = asyncio.run(converse(talk.connect_async("record")))
    assert asyncio.run(converse(talk.connect_async())) == recorded
    with talk.connect().realtime.connect(model=MODEL) as connection:  # what one recorded, the other is played
        connection.response.create()
        assert plain(list(_until_done(connection))) == recorded


def test_the_preview_form_goes_through_its_own_address(talk):
    server = talk.serve(Host())
    recorded = ask(talk.connect("record", "2025-04-01-preview"))
    [(path, headers)] = server.seen
    assert path == f"/openai/realtime?api-version=2025-04-01-preview&deployment={MODEL}"
    assert headers["api-key"] == "key-of-the-tests"
    assert ask(talk.connect("replay", "2025-04-01-preview")) == recorded
    assert files(talk)[0].name.startswith(f"realtime.{MODEL}.")


def test_a_token_of_entra_reaches_the_service_and_no_file(talk):
    token = "ey" + "J" + secrets.token_hex(30)
    server = talk.serve(Host(says={"metadata": {"told": f"Bearer {token}"}}))
    for version in (None, "2025-04-01-preview"):
        ask(talk.connect("record", version, AZURE_OPENAI_API_KEY="", AZURE_OPENAI_AD_TOKEN=token))
    assert {headers["authorization"] for _, headers in server.seen} == {f"Bearer {token}"}
    assert not any(token in path.read_text(encoding="utf-8") for path in files(talk))


def test_in_live_mode_it_is_asked_each_time_and_nothing_is_kept(talk):
    server = talk.serve(Host())
    first, second = (ask(talk.connect("live")) for _ in range(2))
    assert first != second and len(server.seen) == 2 and not talk.folder.exists()


def test_the_readers_own_names_of_deployments_leave_and_stay_private(talk, monkeypatch):
    from helpers import settings

    own = "my-private-talk"
    monkeypatch.setattr(settings, "_read_deployments", lambda path: {MODEL: own, "gpt-4o-mini-transcribe": "my-ears"})
    server = talk.serve(Host(says={"metadata": {"answered_by": own}}))
    heard = {"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}}
    for mode in ("live", "record"):
        with talk.connect(mode).realtime.connect(model=MODEL) as connection:
            connection.session.update(session=heard)
            connection.response.create()
            list(_until_done(connection))
    assert {path for path, _ in server.seen} == {f"/openai/v1/realtime?model={own}"}
    assert server.heard[0]["session"]["audio"]["input"]["transcription"]["model"] == "my-ears"
    assert own not in (text := files(talk)[0].read_text(encoding="utf-8")) and "my-ears" not in text


class Scribe:
    """A service that only writes down: each commit is a turn."""

    async def __call__(self, connection: Any) -> None:
        async def say(**event: Any) -> None:
            await connection.send(json.dumps(event))

        session = {"id": "sess_1", "type": "transcription", "object": "realtime.transcription_session"}
        await say(type="session.created", event_id="event_1", session=session)
        async for message in connection:
            event = json.loads(message)
            if event["type"] == "session.update":
                await say(type="session.updated", session={**session, **event["session"]})
            elif event["type"] == "input_audio_buffer.commit":
                await say(type="input_audio_buffer.committed", item_id="item_1")
                usage = {"type": "duration", "seconds": 1.5}
                heard = {"item_id": "item_1", "content_index": 0, "transcript": "What is it?", "usage": usage}
                await say(type="conversation.item.input_audio_transcription.completed", **heard)


def _write_down(client: Any, model: str = "gpt-realtime-whisper") -> list[Any]:
    heard = {"turn_detection": None, "transcription": {"model": model}}
    with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        connection.session.update(session={"type": "transcription", "audio": {"input": heard}})
        connection.input_audio_buffer.append(audio=coded(sine(4_000)))
        connection.input_audio_buffer.commit()
        events = []
        for event in connection:
            events.append(event)
            if event.type.endswith("transcription.completed"):
                return events
    raise AssertionError("it ended before the turn was written down")


def test_a_session_whose_address_names_no_model_is_kept_and_told_by_the_model_of_its_settings(talk, monkeypatch):
    from helpers import settings

    own = "my-private-ears"
    monkeypatch.setattr(settings, "_read_deployments", lambda path: {"gpt-realtime-whisper": own})
    server = talk.serve(Scribe())
    calls: list[Any] = []
    listen(calls.append)
    try:
        recorded, live = _write_down(talk.connect("record")), _write_down(talk.connect("live"))
        assert [path for path, _ in server.seen] == ["/openai/v1/realtime?intent=transcription"] * 2
        assert server.heard[0]["session"]["audio"]["input"]["transcription"]["model"] == own
        [file] = [path for path in files(talk) if path.suffix == ".json"]
        assert file.name.startswith("realtime.gpt-realtime-whisper.")
        assert own not in file.read_text(encoding="utf-8")
        assert _faults(file) == []
        replayed = _write_down(talk.connect())
    finally:
        listen(None)
    assert plain(replayed)[-1] == plain(recorded)[-1] == plain(live)[-1] and len(server.seen) == 2
    assert [(call.asked, call.usage, call.is_call) for call in calls] == [
        ("gpt-realtime-whisper", {"type": "duration", "seconds": 1.5}, True)
    ] * 3
    with pytest.raises(ConnectionClosedError) as caught:
        _write_down(talk.connect(), "gpt-live-transcribe")
    assert "gpt-live-transcribe" in str(explain(caught.value))


def test_recording_goes_on_where_it_was_cut_off_and_asks_nothing_twice(talk):
    server = talk.serve(Host())
    first = ask(talk.connect("record"))
    client = talk.connect("record")
    assert ask(client) == first and len(server.seen) == 1
    second = ask(client)  # the second identical session is another one
    assert second != first and len(server.seen) == 2
    third = ask(client, question="Who are you?")
    assert len(server.seen) == 3 and len(files(talk)) == 2
    client = talk.connect()
    assert [ask(client), ask(client), ask(client, question="Who are you?")] == [first, second, third]


def test_a_session_that_goes_on_otherwise_than_a_recorded_one_is_asked_when_it_runs_again(talk):
    server = talk.serve(Host())
    ask(talk.connect("record"), turns=2)
    client = talk.connect("record")
    with pytest.raises(ConnectionClosedError) as caught:
        ask(client, turns=3)
    assert "goes on otherwise" in str(explain(caught.value)) and len(server.seen) == 1
    assert len(ask(client, turns=3)) > 20 and len(server.seen) == 2


def test_the_nth_identical_session_gets_the_nth_recording_and_then_they_start_again(talk):
    talk.serve(Host())
    client = talk.connect("record")
    recorded = [ask(client) for _ in range(3)]
    client = talk.connect()
    assert [ask(client) for _ in range(6)] == recorded * 2
    assert ask(talk.connect()) == recorded[0]


def test_sessions_are_told_apart_by_what_the_client_sends_in_whatever_order_they_come(talk):
    talk.serve(Host())
    client = talk.connect("record")
    recorded = {question: ask(client, question=question) for question in ("One?", "Two?", "Three?")}
    for question in ("Three?", "One?", "Two?"):
        assert ask(talk.connect(), question=question) == recorded[question]


def test_who_waits_for_the_greeting_first_is_given_one_and_then_the_session_that_fits(talk):
    talk.serve(Host())
    client = talk.connect("record")
    recorded = {question: ask(client, question=question) for question in ("One?", "Two?")}
    with talk.connect().realtime.connect(model=MODEL) as connection:
        assert connection.recv().session.id == "sess_1"
        connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
        content = [{"type": "input_text", "text": "Two?"}]
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        connection.response.create()
        assert plain(list(_until_done(connection)))[-1] == recorded["Two?"][-1]


def test_twenty_sessions_at_a_time_are_recorded_and_replayed(talk):
    server = talk.serve(Host(0.01))
    told = []
    for mode in ("record", "replay"):
        client = talk.connect(mode)
        with ThreadPoolExecutor(20) as pool:
            asked = [pool.submit(ask, client, question=f"Question {n}?") for n in range(20)]
            told.append([one.result()[-1]["response"]["id"] for one in asked])
    assert told[0] == told[1] and len(set(told[0])) == 20
    assert len(files(talk)) == 20 and len(server.seen) == 20
    assert all(_faults(path) == [] for path in files(talk)) and _sidecar_faults(talk.folder) == []


# --- what is matched


@pytest.mark.parametrize("piece", [4_000, 6_001, 333, 100_000])
def test_how_sound_was_cut_does_not_matter(talk, piece):
    talk.serve(Host())
    sound = sine(6_000)
    recorded = speak(talk.connect("record"), sound)
    assert recorded[1]["type"] == "input_audio_buffer.speech_started"
    assert speak(talk.connect(), sound, piece) == recorded


def test_of_sound_that_was_sent_its_length_and_hash_are_kept(talk):
    talk.serve(Host())
    speak(talk.connect("record"), sine(6_000))
    record = json.loads(files(talk)[0].read_text(encoding="utf-8"))
    frames = [frame for frame in record["answers"][0]["frames"] if "pieces" in frame]
    assert sum(frame["pieces"] for frame in frames) == 12  # one run, or more where the service spoke between
    assert sum(frame["json"]["audio"]["bytes"] for frame in frames) == 12_000
    assert [event["type"] for event in record["request"]["sent"]] == ["input_audio_buffer.append", "response.create"]
    assert record["request"]["sent"][0]["audio"]["bytes"] == 12_000


def test_other_sound_is_another_question(talk):
    talk.serve(Host())
    speak(talk.connect("record"), sine(6_000))
    for sound in (sine(6_000, 41), sine(5_999), sine(6_001)):
        with pytest.raises(ConnectionClosedError) as caught:
            speak(talk.connect(), sound)
        assert "audio" in str(explain(caught.value))


def test_an_events_own_id_does_not_matter(talk):
    talk.serve(Host())
    with talk.connect("record").realtime.connect(model=MODEL) as connection:
        connection.response.create(event_id="mine-1")
        recorded = plain(list(_until_done(connection)))
    with talk.connect().realtime.connect(model=MODEL) as connection:
        connection.response.create(event_id="mine-2")
        assert plain(list(_until_done(connection))) == recorded


# --- misses


def _miss(client: Any, **options: Any) -> tuple[list[Any], ConnectionClosedError]:
    """What a reader of `for event in connection` sees."""
    events = []
    with pytest.raises(ConnectionClosedError) as caught, client.realtime.connect(model=MODEL, **options) as connection:
        connection.session.update(session={"type": "realtime", "instructions": "Be brief and rude."})
        connection.response.create()
        for event in connection:
            events.append(event)
    return events, caught.value


def test_a_session_that_nobody_recorded_says_what_is_nearest_and_what_to_do(talk):
    talk.serve(Host())
    ask(talk.connect("record"))
    retried = []
    events, error = _miss(talk.connect(), on_reconnecting=lambda event: retried.append(event))
    assert events[-1].type == "error" and "no recorded answer for this session" in events[-1].error.message
    assert error.rcvd.code == 4404 and error.rcvd.reason.startswith("no recorded answer for this session")
    card = str(explain(error))
    assert "Be brief and rude." in card and files(talk)[0].name in card and '("Be brief.")' in card
    assert "make standin" in card and not retried


def test_an_address_that_nobody_recorded_says_so(talk):
    talk.serve(Host())
    ask(talk.connect("record"))
    with pytest.raises(ConnectionClosedError) as caught:
        ask(talk.connect(), model="gpt-realtime-9")
    assert "gpt-realtime-9" in str(explain(caught.value))


def test_dispatched_events_end_in_the_same_card(talk):
    talk.serve(Host())
    ask(talk.connect("record"))
    import openai

    with talk.connect().realtime.connect(model=MODEL) as connection:
        connection.input_audio_buffer.commit()
        with pytest.raises(openai.OpenAIError) as caught:
            connection.dispatch_events()
    assert "no recorded answer for this session" in str(explain(caught.value))


# --- how sessions end


def test_a_session_that_the_service_ends_ends_so_again(talk):
    talk.serve(Host())
    told = []
    for mode in ("record", "replay"):
        with pytest.raises(ConnectionClosedError) as caught, talk.connect(mode).realtime.connect(model=MODEL) as line:
            line.response.create()
            list(_until_done(line))
            line.input_audio_buffer.clear()
            list(line)
        told.append((caught.value.rcvd.code, caught.value.rcvd.reason))
    assert told == [(4000, "that is all")] * 2
    assert "that is all" in str(explain(caught.value))


def test_a_session_that_breaks_off_breaks_off_again(talk):
    talk.serve(Host())
    seen = []
    for mode in ("record", "replay"):
        with pytest.raises(ConnectionClosedError) as caught, talk.connect(mode).realtime.connect(model=MODEL) as line:
            line.response.create()
            events = list(_until_done(line))
            line.input_audio_buffer.commit()
            list(line)
        seen.append((plain(events), caught.value.rcvd))
    assert seen[0] == seen[1] and seen[0][1] is None


def test_a_session_that_its_reader_leaves_early_is_kept_as_far_as_it_came(talk):
    talk.serve(Host(0.05))
    seen = []
    for mode in ("record", "replay"):
        with talk.connect(mode).realtime.connect(model=MODEL) as connection:
            connection.response.create()
            seen.append(plain([connection.recv() for _ in range(4)]))
    assert seen[0] == seen[1]
    frames = json.loads(files(talk)[0].read_text(encoding="utf-8"))["answers"][0]["frames"]
    assert frames[-1]["from"] == "client" and frames[-1]["close"]["code"] == 1000 and 6 <= len(frames) < 9


def test_a_handshake_that_is_refused_is_refused_again_in_the_services_words(talk):
    body = json.dumps({"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}})

    def refuse(connection: Any, request: Any) -> Response:
        response = connection.respond(404, body)
        response.headers["content-type"] = "application/json"
        response.headers["set-cookie"] = "session=" + secrets.token_hex(8)
        return response

    server = talk.serve(Host(), refuse)
    told = []
    for mode in ("record", "replay"):
        with pytest.raises(InvalidStatus) as caught:
            ask(talk.connect(mode))
        told.append((caught.value.response.status_code, bytes(caught.value.response.body)))
    assert told[0] == told[1] == (404, told[0][1]) and json.loads(told[0][1]) == json.loads(body)
    assert len(server.seen) == 1 and "set-cookie" not in files(talk)[0].read_text(encoding="utf-8")
    assert explain(caught.value).name == "deployment_not_found" or "deployment" in str(explain(caught.value))


def test_a_service_that_is_not_there_is_told_as_such(talk):
    talk.serve(Host())
    client = talk.connect("record", AZURE_OPENAI_ENDPOINT="http://127.0.0.1:9")
    with pytest.raises(ConnectionClosedError) as caught:
        ask(client)
    assert "nobody answers at 127.0.0.1" in str(explain(caught.value)) and not files(talk)


def test_a_session_that_cannot_be_kept_is_told_with_the_next_request(talk, monkeypatch):
    from helpers.recordings.store import Store

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    talk.serve(Host())
    client = talk.connect("record")
    monkeypatch.setattr(Store, "_write", full)
    monkeypatch.setattr(Store, "start_recording", lambda self: self.folder.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(Store, "_locked", lambda self, key: __import__("contextlib").nullcontext())
    assert ask(client)[-1]["type"] == "response.done"
    with pytest.raises(RecordingNotKept, match="could not be kept"):
        client.models.list()
    assert not list(talk.folder.glob("*.flac"))


# --- pace, evidence, receipts


def test_it_plays_at_the_recorded_pace_when_a_person_watches_and_at_once_under_test(talk):
    talk.serve(Host(0.4))
    ask(talk.connect("record"))
    took = {}
    for pace in ("1", "0"):
        begun = time.perf_counter()
        ask(talk.connect(AZURE_OPENAI_PACE=pace))
        took[pace] = time.perf_counter() - begun
    assert took["1"] > 1.1 and took["0"] < took["1"] - 0.6


def test_a_long_session_is_played_in_less_than_two_seconds_for_a_cell_shows_nothing_while_it_reads(talk):
    talk.serve(Host())
    ask(talk.connect("record"))
    [path] = files(talk)
    record = json.loads(path.read_text(encoding="utf-8"))
    for frame in record["answers"][0]["frames"][-4:]:
        frame["ms"] += 60_000
    path.write_text(json.dumps(record), encoding="utf-8")
    begun = time.perf_counter()
    ask(talk.connect(AZURE_OPENAI_PACE="1"))
    assert 1.3 < time.perf_counter() - begun < 10  # 1.4 s, and what a busy machine adds


def test_who_answered_and_when_is_known_of_sessions_responses_items_and_events(talk):
    talk.serve(Host(0.02))
    for mode in ("live", "record", "replay"):
        events = []
        with talk.connect(mode).realtime.connect(model=MODEL) as connection:
            connection.response.create()
            events = list(_until_done(connection))
        evidence = evidence_of(events)
        assert evidence.kind == "stand-in" and evidence.who == ("Engine of the tests",)
        assert evidence_of(events[0].session) == evidence_of(events[-1].response) == evidence_of(events[3])
        times = arrival_ms(events[0].session)
        assert len(times) == len(events) and times == sorted(times)
        assert elapsed_ms(events[-1].response) >= 60
        assert len(arrival_ms(events[-1].response)) == len(events) - 1


def test_the_receipt_counts_responses_and_the_tokens_of_all(talk):
    talk.serve(Host())
    for mode, fresh in (("record", True), ("replay", False)):
        calls: list[Any] = []
        listen(calls.append)
        try:
            ask(talk.connect(mode), turns=2)
        finally:
            listen(None)
        line = describe_calls(calls)
        assert "2 calls" in line and "20 tokens in" in line and "40 tokens out (30 sound)" in line, line
        assert [call.is_fresh for call in calls] == [fresh] * 2 and {call.asked for call in calls} == {MODEL}


def test_what_is_used_is_noted(talk, tmp_path):
    talk.serve(Host())
    used = tmp_path / "used.txt"
    ask(talk.connect("record", AZURE_OPENAI_USED=str(used)))
    ask(talk.connect("replay"))
    assert used.read_text().splitlines() == [f"recordings/{files(talk)[0].name}#0"] * 2


# --- secrets


def test_secrets_in_frames_reasons_and_addresses_are_not_kept(talk):
    key, ephemeral = "key-" + secrets.token_hex(12), "ek" + "_" + secrets.token_hex(16)
    token = "Bearer " + secrets.token_hex(20)
    says = {"metadata": {"a": key, "b": f"use {ephemeral}", "c": "https://contoso-9.openai.azure.com/x"}}

    class Leaky(Host):
        async def __call__(self, connection: Any) -> None:
            await connection.send(
                json.dumps({"type": "session.created", "session": {"client_secret": {"value": ephemeral}}})
            )
            await connection.recv()
            await connection.send(json.dumps({"type": "response.done", "response": {"id": "resp_1", **says}}))
            await connection.close(4001, f"{ephemeral} has expired")

    talk.serve(Leaky())
    tools = [{"type": "mcp", "server_label": "x", "server_url": "https://example.org", "authorization": token}]
    for mode in ("record", "replay"):
        client = talk.connect(mode, AZURE_OPENAI_API_KEY=key)
        with pytest.raises(ConnectionClosedError), client.realtime.connect(model=MODEL) as connection:
            connection.session.update(session={"type": "realtime", "tools": tools, "instructions": f"the key is {key}"})
            list(connection)
    text = "".join(path.read_text(encoding="utf-8") for path in files(talk))
    for secret in (key, ephemeral, token, token[7:], "contoso-9"):
        assert secret not in text
    assert len(files(talk)) == 1
    # Its name is of what was asked: what the asker's settings alone tell to be private is cleaned afterwards.
    assert all(fault.startswith("the request makes") for fault in _faults(files(talk)[0]))


def test_a_client_secret_is_kept_as_a_placeholder_and_opens_its_session_again(talk):
    from tests.loopback import Answer, Server

    secret = "ek" + "_" + secrets.token_hex(16)
    told = {"value": secret, "expires_at": 1_790_000_000, "session": {"type": "realtime", "id": "sess_1", "model": "m"}}
    http = Server(lambda seen: Answer.of_json(told, x_standin_engine="front"))
    try:
        session = {"type": "realtime", "model": MODEL}
        client = talk.connect("record", AZURE_OPENAI_ENDPOINT=http.url, AZURE_OPENAI_API_KEY="key-of-the-tests")
        assert client.realtime.client_secrets.create(session=session).value == secret
        server = talk.serve(Host())
        recorded = ask(talk.connect("record").with_options(api_key=secret))
        assert server.seen[0][1]["authorization"] == f"Bearer {secret}"
    finally:
        http.close()
    client = talk.connect()
    shown = client.realtime.client_secrets.create(session=session).value
    assert shown.startswith("REDACTED-") and ask(client.with_options(api_key=shown)) == recorded
    assert not any(secret in path.read_text(encoding="utf-8") for path in talk.folder.glob("*.json"))


# --- processes

PROGRAM = """
import os, sys
from pathlib import Path
from helpers import connect
def ask(question, leave=True):
    manager = connect(Path(sys.argv[1])).realtime.connect(model="gpt-realtime-2.1")
    connection = manager.enter()
    connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]})
    connection.response.create()
    for event in connection:
        if event.type == "response.done":
            break
    if leave:
        connection.close()
    return event.response.id
"""


def _start(talk: Any, program: str, mode: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "AZURE_OPENAI_MODE": mode}
    code = PROGRAM + textwrap.dedent(program)
    command = [sys.executable, "-c", code, str(talk.folder)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _run(talk: Any, program: str, mode: str = "replay") -> str:
    told, errors = (process := _start(talk, program, mode)).communicate(timeout=60)
    assert process.returncode == 0 and not errors, errors
    return told


def test_a_session_that_is_open_when_its_program_ends_is_kept(talk):
    talk.serve(Host())
    told = _run(talk, "print(ask('Hello?', leave=False), flush=True)", "record")
    assert len(files(talk)) == 1
    assert _run(talk, "print(ask('Hello?'))") == told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_has_a_listener_of_its_own_also_for_clients_from_before(talk):
    talk.serve(Host())
    _run(talk, "ask('Hello?')", "record")
    program = """
    client = connect(Path(sys.argv[1]))
    before = str(client.websocket_base_url)
    print(ask("Hello?"), flush=True)
    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    else:
        assert str(client.websocket_base_url) != before
        print(ask("Hello?"), flush=True)
        os._exit(0)
    assert str(client.websocket_base_url) == before
    print(ask("Hello?"))
    """
    assert _run(talk, program) == "resp_1_1\n" * 3


def test_a_kill_leaves_whole_recordings_or_none(talk):
    talk.serve(Host())
    for wait in (0.0, 0.02, 0.05, 0.11):
        process = _start(talk, "print(flush=True)\nfor n in range(1000): ask(f'{os.getpid()} {n}?')", "record")
        process.stdout.readline()
        while len(files(talk)) < 2:
            time.sleep(0.01)
        time.sleep(wait)
        process.kill()
        process.communicate()
        assert all(json.loads(path.read_text(encoding="utf-8")) and _faults(path) == [] for path in files(talk))
        faults = [fault for fault in _sidecar_faults(talk.folder) if "belongs to no recording" not in fault]
        assert faults == []  # a left-over is cleared when recording starts


def test_two_processes_record_side_by_side(talk):
    talk.serve(Host())
    both = [_start(talk, "for n in range(6): ask(f'{n}?')", "record") for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    assert len(files(talk)) == 6 and _sidecar_faults(talk.folder) == []
    assert all(_faults(path) == [] for path in files(talk))


# --- in a notebook


def test_in_a_kernel_a_session_that_nobody_recorded_ends_in_one_card(talk, tmp_path):
    import nbformat.v4 as v4

    from helpers.course.notebooks import run_notebook

    talk.serve(Host())
    ask(talk.connect("record"))
    talk.set(AZURE_OPENAI_MODE="replay")
    begin = f"from pathlib import Path\nfrom helpers import connect\nclient = connect(Path({str(talk.folder)!r}))"
    loop = f"""with client.realtime.connect(model={MODEL!r}) as connection:
    connection.response.create()
    for event in connection:
        print(event.type)"""
    cells = [v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in (begin, loop)]
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    [printed, error] = run_notebook(v4.new_notebook(cells=cells), tmp_path, environment, 60).cells[1].outputs
    assert printed["text"] == "session.created\nerror\n"
    assert error["ename"] == "RecordingNotFound"
    shown = "\n".join(error["traceback"])
    assert "no recorded answer for this session" in shown and "differs in event 1" in shown and "make standin" in shown
    assert "websockets" not in shown and len(shown.splitlines()) < 12
