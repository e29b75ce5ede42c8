"""Who speaks when in a session: turns found by loudness, interruptions, transcriptions of the client's side."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import openai
import pytest
from websockets.exceptions import InvalidStatus

from helpers.tables import read_rows
from tests.realtime_talk import RATE, Talk, beep, dated_client, ga_client, silence, start_talk
from tests.scripted_engine import ScriptedEngine
from tests.standin import Standin, serve
from tests.standin.realtime.formats import RATES, decode_bytes, encode_samples
from tests.standin.realtime.turns import Started, Stopped, TurnDetector

TEXT: Any = {"type": "realtime", "output_modalities": ["text"]}


@pytest.fixture(scope="module")
def client(standin: Standin) -> openai.OpenAI:
    return ga_client(standin)


def listen(**detection: Any) -> Any:
    """Settings of a session in text, with this turn detection."""
    return {**TEXT, "audio": {"input": {"turn_detection": {"type": "server_vad", **detection}}}}


def detect(
    sound: bytes, *, piece: int = 4_800, threshold: float = 0.5, prefix: int = 300, quiet: int = 200
) -> list[Any]:
    detector = TurnDetector(RATE, threshold, prefix, quiet)
    pcm = np.frombuffer(sound, "<i2")
    return [found for at in range(0, len(pcm), piece) for found in detector.feed(pcm[at : at + piece])]


def places(events: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [
        (event["type"].rpartition("_")[2], event.get("audio_start_ms", event.get("audio_end_ms")))
        for event in events
        if event["type"].startswith("input_audio_buffer.speech")
    ]


# The detector.


def test_a_turn_begins_before_the_speech_and_ends_after_the_silence():
    started, stopped = detect(silence(1) + beep(1) + silence(1))
    assert isinstance(started, Started) and isinstance(stopped, Stopped)
    assert started.at_ms == pytest.approx(700, abs=32)  # 300 ms of padding
    assert stopped.at_ms == pytest.approx(2_200, abs=64)  # 200 ms of silence


@pytest.mark.parametrize("quiet", [200, 500, 1_000])
def test_the_end_of_speech_that_a_session_tells_includes_the_silence_that_ended_it(client, quiet):
    with start_talk(client, **listen(silence_duration_ms=quiet, create_response=False)) as talk:
        talk.append(beep(1) + silence(1.5))
        stopped = talk.last("input_audio_buffer.speech_stopped")
    assert 1_000 + quiet <= stopped["audio_end_ms"] <= 1_000 + quiet + 64  # frames of 32 ms


@pytest.mark.parametrize("piece", [1, 7, 768, 100_000])
def test_turns_do_not_depend_on_how_the_sound_was_cut(piece):
    sound = silence(0.2) + beep(0.2) + silence(0.3) + beep(0.2) + silence(0.3)
    assert detect(sound, piece=piece) == detect(sound)


@pytest.mark.parametrize(("quiet", "turns"), [(200, 2), (400, 1)])
def test_a_pause_shorter_than_the_silence_belongs_to_the_turn(quiet, turns):
    found = detect(beep(0.5) + silence(0.3) + beep(0.5) + silence(0.6), quiet=quiet)
    assert len([each for each in found if isinstance(each, Started)]) == turns


@pytest.mark.parametrize(("threshold", "turns"), [(0.3, 1), (0.5, 0)])
def test_the_threshold_says_how_loud_speech_must_be(threshold, turns):
    found = detect(silence(0.3) + beep(0.5, level=0.01) + silence(0.5), threshold=threshold)
    assert len(found) == 2 * turns


def test_a_click_is_no_speech():
    assert detect(silence(0.5) + beep(0.02) + silence(0.5)) == []


def test_padding_never_reaches_into_the_turn_before():
    found = detect(beep(0.3) + silence(0.25) + beep(0.3) + silence(0.3), prefix=1_000)
    assert found[0] == Started(0) and found[2].at_ms == found[1].at_ms


def test_silence_and_emptiness_are_no_speech_at_any_threshold():
    for threshold in (0, 0.5, 1):
        assert detect(silence(1), threshold=threshold) == []
    assert detect(b"") == []


# Formats.


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
def test_g711_comes_back_nearly_as_it_went(kind):
    samples = (0.5 * np.sin(np.arange(24_000) / 20)).astype(np.float32)
    coded = encode_samples(samples, kind)
    assert len(coded) == RATES[kind]
    again = decode_bytes(coded, kind).astype(np.float64) / 32_768
    expected = samples[1::3]
    noise = min(np.std(again[100:-100] - np.roll(samples[shift::3], 0)[100:-100]) for shift in range(3))
    assert noise < 0.02 < np.std(expected)


def test_g711_has_the_codes_of_the_standard():
    # ITU-T G.711: silence, and the loudest sounds of either sign.
    assert [int(x) for x in decode_bytes(bytes([0xFF, 0x80, 0x00]), "audio/pcmu")] == [0, 32_124, -32_124]
    assert [int(x) for x in decode_bytes(bytes([0xD5, 0xAA, 0x2A]), "audio/pcma")] == [8, 32_256, -32_256]
    for kind in ("audio/pcmu", "audio/pcma"):
        every = decode_bytes(bytes(range(256)), kind)
        assert sorted(every.tolist()) == sorted(-int(x) for x in every)


# Turns in a session.


def test_a_spoken_turn_is_found_kept_and_answered(client):
    with start_talk(client, **listen()) as talk:
        talk.append(silence(1) + beep(1) + silence(1))
        events = talk.until("response.created")
    assert [event["type"] for event in events] == [
        "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
        "conversation.item.added", "conversation.item.done", "response.created",
    ]  # fmt: skip
    assert len({event["item_id"] for event in events[:3]}) == 1
    assert events[3]["item"]["content"] == [{"type": "input_audio", "transcript": None}]


@pytest.mark.parametrize("piece", [2_000, 48_000, 1_000_000])
def test_a_client_that_sends_faster_than_it_speaks_gets_the_same_turns(client, piece):
    sound = (silence(0.5) + beep(0.7) + silence(0.5)) * 3
    with start_talk(client, **listen(create_response=False)) as talk:
        talk.append(sound, piece)
        came: list[dict[str, Any]] = []
        for _ in range(3):
            came += talk.until("conversation.item.done")
    assert places(came) == [
        (kind, pytest.approx(place, abs=64))
        for at in (0, 1_700, 3_400)
        for kind, place in (("started", at + 200), ("stopped", at + 1_400))
    ]


def test_a_turn_has_the_sound_between_its_ends(client):
    with start_talk(client, **listen(create_response=False)) as talk:
        talk.append(silence(1) + beep(1) + silence(1))
        events = talk.until("conversation.item.done")
        (_, start), (_, end) = places(events)
        talk.connection.conversation.item.retrieve(item_id=events[-1]["item"]["id"])
        (part,) = talk.last("conversation.item.retrieved")["item"]["content"]
    assert len(base64.b64decode(part["audio"])) == (end - start) * RATE // 1000 * 2


def test_without_turn_detection_the_client_ends_its_turn(client):
    with start_talk(client, **TEXT, audio={"input": {"turn_detection": None}}) as talk:
        talk.append(beep(1) + silence(2))
        talk.connection.input_audio_buffer.commit()
        kinds = [event["type"] for event in talk.until("conversation.item.done")]
        assert kinds == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
        talk.connection.response.create()
        usage = talk.last("response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 30  # ten a second


def test_an_empty_commit_is_refused_in_the_services_words(client):
    (row,) = [row for row in read_rows("errors") if row["error"] == "rt_commit_empty"]
    with start_talk(client, **listen(create_response=False)) as talk:
        talk.connection.input_audio_buffer.commit()
        assert talk.last("error")["error"]["message"] in row["body"]
        talk.append(beep(1) + silence(1))  # committed by server_vad
        talk.until("conversation.item.done")
        talk.connection.input_audio_buffer.commit()
        assert talk.last("error")["error"]["message"] in row["body"]


def test_what_is_cleared_is_never_heard(client):
    with start_talk(client, **TEXT, audio={"input": {"turn_detection": None}}) as talk:
        talk.append(beep(5))
        talk.connection.input_audio_buffer.clear()
        talk.until("input_audio_buffer.cleared")
        talk.append(beep(0.5))
        talk.connection.input_audio_buffer.commit()
        talk.connection.response.create()
        usage = talk.last("response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 5


def test_semantic_detection_waits_longer_where_it_is_less_eager(client):
    ends = {}
    for eagerness in ("low", "high"):
        detection = {"type": "semantic_vad", "eagerness": eagerness, "create_response": False}
        with start_talk(client, **TEXT, audio={"input": {"turn_detection": detection}}) as talk:
            talk.append(beep(1) + silence(3))
            ends[eagerness] = talk.last("input_audio_buffer.speech_stopped")["audio_end_ms"]
    assert ends["high"] < ends["low"]


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
def test_g711_is_heard_at_its_own_rate(client, kind):
    sound = np.frombuffer(silence(1) + beep(1) + silence(1), "<i2").astype(np.float32) / 32_768
    session = listen(create_response=False)
    session["audio"]["input"]["format"] = {"type": kind}
    with start_talk(client, **session) as talk:
        talk.append(encode_samples(sound, kind), 800)
        assert places(talk.until("conversation.item.done")) == [
            ("started", pytest.approx(700, abs=64)), ("stopped", pytest.approx(2_200, abs=64)),
        ]  # fmt: skip


def long_answer() -> ScriptedEngine:
    return ScriptedEngine(lambda body: [f" Sentence number {number} is said." for number in range(400)])


@pytest.mark.parametrize("is_preview", [False, True])
def test_speech_interrupts_an_answer_that_is_being_made(is_preview):
    engine = long_answer()
    try:
        with serve(engine) as standin:
            client: Any = dated_client(standin) if is_preview else ga_client(standin)
            session = {} if is_preview else {"type": "realtime"}
            with start_talk(client, "gpt-realtime", **session, instructions="Talk.") as talk:
                talk.connection.response.create()
                sound = "response.audio.delta" if is_preview else "response.output_audio.delta"
                talk.until(sound)
                talk.append(beep(0.5))
                events = talk.until("response.done")
                kinds = [event["type"] for event in events]
                done = events[-1]["response"]
                assert "input_audio_buffer.speech_started" in kinds
                assert done["status"] == "cancelled"
                assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
                assert done["output"][0]["status"] == "incomplete"
                assert sound not in kinds[kinds.index("input_audio_buffer.speech_started") :]
                talk.append(silence(1))
                talk.until("response.created")
    finally:
        engine.stop()


def test_an_answer_is_told_even_where_speech_ends_it_before_its_first_step(client):
    with start_talk(client, **listen()) as talk:
        talk.append((beep(0.5) + silence(0.5)) * 2, piece=1_000_000)
        first, second = talk.until("response.done"), talk.until("response.done")
    kinds = [event["type"] for event in first]
    assert kinds[kinds.index("response.created") :] == [
        "response.created", "input_audio_buffer.speech_started", "response.done",
    ]  # fmt: skip
    assert first[-1]["response"]["status_details"]["reason"] == "turn_detected"
    assert second[-1]["response"]["status"] == "completed"


def test_an_answer_that_may_not_be_interrupted_goes_on():
    engine = long_answer()
    try:
        with serve(engine) as standin, start_talk(ga_client(standin), **listen(interrupt_response=False)) as talk:
            talk.connection.response.create()
            talk.append(beep(0.5) + silence(0.5))
            events = talk.until("response.done")
        assert events[-1]["response"]["status"] == "completed"
    finally:
        engine.stop()


# Transcriptions.


def heard(**transcription: Any) -> Any:
    return {**TEXT, "audio": {"input": {"transcription": transcription}}}


def test_the_clients_side_is_transcribed_before_the_answer(client):
    with start_talk(client, **heard(model="gpt-4o-mini-transcribe")) as talk:
        talk.append(beep(1) + silence(1))
        events = talk.until("response.done")
    kinds = [event["type"] for event in events]
    prefix = "conversation.item.input_audio_transcription"
    completed = events[kinds.index(f"{prefix}.completed")]
    deltas = "".join(event["delta"] for event in events if event["type"] == f"{prefix}.delta")
    assert deltas == completed["transcript"] and completed["transcript"]
    assert kinds.index("response.created") < kinds.index(f"{prefix}.delta")
    assert kinds.index(f"{prefix}.completed") < kinds.index("response.output_item.added")
    usage = completed["usage"]
    assert usage["type"] == "tokens"
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize("model", ["whisper", "gpt-realtime-whisper", "gpt-live-transcribe"])
def test_some_models_are_billed_by_the_second(client, model):
    with start_talk(client, **heard(model=model)) as talk:
        talk.append(silence(0.3) + beep(1) + silence(1))
        events = talk.until("response.done")
    (completed,) = [e for e in events if e["type"].endswith("transcription.completed")]
    assert completed["usage"] == {"type": "duration", "seconds": 2}


def test_a_model_that_is_not_deployed_fails_and_the_answer_goes_on(client):
    for model in ("gpt-nobody-transcribe", "gpt-4o"):
        with start_talk(client, **heard(model=model)) as talk:
            talk.append(beep(1) + silence(1))
            events = talk.until("response.done")
        (failed,) = [event for event in events if event["type"].endswith("transcription.failed")]
        message = f"Input transcription failed for item '{failed['item_id']}'."
        assert failed["error"] == {
            "type": "server_error", "code": "DeploymentNotFound", "message": message, "param": None
        }  # fmt: skip
        assert events[-1]["response"]["status"] == "completed"


def test_log_probabilities_come_where_they_are_asked_for(client):
    session = heard(model="gpt-4o-mini-transcribe") | {"include": ["item.input_audio_transcription.logprobs"]}
    with start_talk(client, **session) as talk:
        talk.append(beep(1) + silence(1))
        events = talk.until("response.done")
    (completed,) = [e for e in events if e["type"].endswith("transcription.completed")]
    assert "".join(each["token"] for each in completed["logprobs"]) == completed["transcript"]
    assert all(event["logprobs"] for event in events if event["type"].endswith("transcription.delta"))


def test_what_was_transcribed_is_read_back(client):
    with start_talk(client, **heard(model="whisper")) as talk:
        talk.append(beep(1) + silence(1))
        events = talk.until("response.done")
        (completed,) = [e for e in events if e["type"].endswith("transcription.completed")]
        talk.connection.conversation.item.retrieve(item_id=completed["item_id"])
        (part,) = talk.last("conversation.item.retrieved")["item"]["content"]
    assert part["transcript"] == completed["transcript"]


# Transcription sessions.


@contextmanager
def start_transcription(client: Any) -> Iterator[Talk]:
    """Its address names no model."""
    with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        talk = Talk(connection)
        assert talk.last("session.created")["session"]["type"] == "transcription"
        yield talk


def transcribe(model: str, **heard: Any) -> Any:
    return {"type": "transcription", "audio": {"input": {**heard, "transcription": {"model": model}}}}


def test_a_transcription_session_only_writes_down(client):
    with start_transcription(client) as talk:
        told = talk.set(**transcribe("gpt-4o-mini-transcribe"))
        assert told["object"] == "realtime.transcription_session"
        assert "output" not in told["audio"] and "model" not in told
        talk.append((beep(0.8) + silence(0.5)) * 2)
        for _ in range(2):
            kinds = [event["type"] for event in talk.until("conversation.item.input_audio_transcription.completed")]
        assert "conversation.item.input_audio_transcription.delta" in kinds
        talk.connection.response.create()
        assert talk.last("error")["error"]["code"] == "invalid_event"
    assert not [event for event in talk.seen if event["type"].startswith("response.")]


def test_a_transcription_session_tells_of_a_deployment_that_is_not_there(client):
    with start_transcription(client) as talk:
        talk.set(**transcribe("nobody", turn_detection=None))
        talk.append(beep(1))
        talk.connection.input_audio_buffer.commit()
        failed = talk.last("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["code"] == "DeploymentNotFound"


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe"])
def test_a_model_of_live_transcription_detects_no_turns_and_each_is_ended_by_a_commit(client, model):
    with start_transcription(client) as talk:
        for kind in ("server_vad", "semantic_vad"):
            refused = talk.set(**transcribe(model, turn_detection={"type": kind}))
            assert refused["message"] == "Turn detection is not supported for this transcription model"
        for heard in ({"turn_detection": None}, {}):
            told = talk.set(**transcribe(model, **heard))
            assert told["audio"]["input"]["turn_detection"] is None
        for _ in range(2):
            talk.append(beep(0.8) + silence(1))
            talk.connection.input_audio_buffer.commit()
            assert talk.last("conversation.item.input_audio_transcription.completed")["transcript"]
    assert not [event for event in talk.seen if event["type"].startswith("input_audio_buffer.speech")]


def test_turns_are_refused_later_too_where_the_model_of_the_session_detects_none(client):
    with start_transcription(client) as talk:
        talk.set(**transcribe("gpt-realtime-whisper"))
        refused = talk.set(type="transcription", audio={"input": {"turn_detection": {"type": "server_vad"}}})
        assert refused["message"] == "Turn detection is not supported for this transcription model"
        told = talk.set(type="transcription", audio={"input": {"noise_reduction": None}})
        assert told["audio"]["input"]["turn_detection"] is None


def test_a_conversation_detects_turns_also_where_live_transcription_writes_them_down(client):
    detection = {"type": "server_vad"}
    heard = {"input": {"turn_detection": detection, "transcription": {"model": "gpt-realtime-whisper"}}}
    with start_talk(client, type="realtime", output_modalities=["text"], audio=heard) as talk:
        talk.append(beep(1) + silence(1))
        kinds = [event["type"] for event in talk.until("response.done")]
        assert "input_audio_buffer.speech_stopped" in kinds


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-4o-mini-transcribe"])
@pytest.mark.parametrize("query", [{}, {"intent": "transcription"}])
def test_a_model_of_transcription_in_the_address_is_refused_at_the_handshake(client, model, query):
    with pytest.raises(InvalidStatus) as caught, client.realtime.connect(model=model, extra_query=query):
        pass
    told = json.loads(caught.value.response.body)["error"]
    row = read_error("rt_400_transcription_model_in_url")
    assert (caught.value.response.status_code, {"error": told}) == (int(row["status"]), json.loads(row["body"]))


def test_a_session_stays_of_the_kind_that_its_address_named(client):
    with start_talk(client) as talk:
        refused = talk.set(**transcribe("gpt-4o-mini-transcribe"))
        assert {name: refused[name] for name in ("type", "code", "message")} == {
            name: json.loads(read_error("rt_transcription_update")["body"])["error"][name]
            for name in ("type", "code", "message")
        }
        assert talk.set(type="realtime")["type"] == "realtime"
    with start_transcription(client) as talk:
        assert "not allowed" in talk.set(type="realtime")["message"]


def read_error(name: str) -> Any:
    return next(row for row in read_rows("errors") if row["error"] == name)


def test_a_transcription_session_of_the_preview(standin):
    client = dated_client(standin)
    with client.realtime.connect(model="gpt-4o-transcribe", extra_query={"intent": "transcription"}) as connection:
        talk = Talk(connection)
        talk.until("transcription_session.created")
        session = {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
        }
        talk.send("transcription_session.update", session=session)
        told = talk.last("transcription_session.updated")["session"]
        assert told["turn_detection"]["silence_duration_ms"] == 400
        talk.append(beep(1) + silence(1))
        assert talk.last("conversation.item.input_audio_transcription.completed")["transcript"]
