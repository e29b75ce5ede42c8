"""Sound is recorded as files that can be played, a stream of it as one, and replays piece by piece with its times."""

import base64
import io
import json
import re
import time
import wave
from typing import Any

import pytest

from helpers.audio import read_sound, sound_file
from helpers.course.upkeep import drop_unused
from helpers.evidence import arrival_ms, evidence_of
from helpers.recordings.provenance import look_up
from tests.loopback import Answer, Seen, open_wire

wire = pytest.fixture(open_wire)
TOLD: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hello."}
PARTS = [b"ID3" + bytes([number % 251]) * 700 for number in range(300)]
CHAT: dict[str, Any] = {"model": "gpt-audio-mini", "messages": [{"role": "user", "content": "Say hello."}]}


def stream_events(seen: Seen) -> Answer:
    deltas = [{"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()} for part in PARTS]
    done = {"type": "speech.audio.done", "usage": {"input_tokens": 2, "output_tokens": 20, "total_tokens": 22}}
    return Answer.of_events([*deltas, done], x_standin_engine="Engine of the tests")


def send_in_pieces(seen: Seen, pieces: int = 4, pause_s: float = 0.06) -> Answer:
    chunks = [(pause_s if number else 0.0, part) for number, part in enumerate(PARTS[:pieces])]
    headers = {"content-type": "audio/mpeg", "x-standin-engine": "Engine of the tests"}
    return Answer(200, headers, None, chunks)


def ask_events(wire, mode: str) -> list[dict[str, Any]]:
    with wire.connect(mode).audio.speech.with_streaming_response.create(**TOLD, stream_format="sse") as answer:
        return [json.loads(line[6:]) for line in answer.iter_lines() if line]


def test_streamed_speech_is_one_file_and_comes_back_event_by_event(wire):
    wire.serve(stream_events)
    recorded = ask_events(wire, "record")
    assert len(recorded) == 301 and recorded[-1]["usage"]["output_tokens"] == 20
    [sidecar] = wire.folder.glob("*.mp3")
    assert sidecar.read_bytes() == b"".join(PARTS)
    assert sorted(path.suffix for path in wire.folder.iterdir() if path.is_file()) == [".json", ".mp3"]
    assert ask_events(wire, "replay") == recorded


def test_a_streamed_chats_sound_is_one_file_too(wire):
    chunks = [{"id": "c", "choices": [{"index": 0, "delta": {"audio": {"id": "a", "transcript": "he"}}}]}]
    for part in PARTS[:50]:
        sound = {"data": base64.b64encode(part).decode()}
        chunks.append({"id": "c", "choices": [{"index": 0, "delta": {"audio": sound}}]})
    wire.serve(lambda seen: Answer.of_events([*chunks, "[DONE]"]))

    def ask(mode: str) -> list[Any]:
        return [chunk.model_dump() for chunk in wire.connect(mode).chat.completions.create(**CHAT, stream=True)]

    assert ask("record") == ask("replay")
    [sidecar] = wire.folder.glob("*.mp3")
    assert sidecar.read_bytes() == b"".join(PARTS[:50])


def test_a_file_of_streamed_speech_is_named_and_stays_when_others_are_dropped(wire):
    wire.serve(stream_events)
    ask_events(wire, "record")
    [path] = wire.folder.glob("*.json")
    assert drop_unused(wire.folder, {f"{path.name}#0"}) == 0
    assert len(list(wire.folder.glob("*.mp3"))) == 1
    assert drop_unused(wire.folder, set()) == 1
    assert not [one for one in wire.folder.iterdir() if one.is_file()]


def test_the_times_of_sound_that_came_in_pieces_are_kept(wire):
    wire.serve(send_in_pieces)
    recorded = wire.connect("record").audio.speech.create(**TOLD)
    replayed = wire.connect("replay").audio.speech.create(**TOLD)
    assert recorded.content == replayed.content == b"".join(PARTS[:4])
    times = arrival_ms(replayed)
    assert times == arrival_ms(recorded) and len(times) == 4 and times[-1] - times[0] >= 120
    assert evidence_of(replayed).who == ("Engine of the tests",)
    [path] = wire.folder.glob("*.json")
    assert [end for _, end in json.loads(path.read_text())["answers"][0]["file"]["pieces"]] == [703, 1406, 2109, 2812]


def test_sound_in_pieces_plays_at_the_recorded_pace_where_a_person_watches(wire):
    wire.serve(send_in_pieces)
    wire.connect("record").audio.speech.create(**TOLD)

    def play(pace: str) -> tuple[list[bytes], list[float]]:
        wire.set(AZURE_OPENAI_PACE=pace)
        pieces, times = [], []
        start = time.perf_counter()
        with wire.connect("replay").audio.speech.with_streaming_response.create(**TOLD) as answer:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                times.append(time.perf_counter() - start)
        return pieces, times

    pieces, times = play("1")
    assert b"".join(pieces) == b"".join(PARTS[:4]) and len(pieces) == 4 and times[-1] - times[0] > 0.1
    assert len(play("0")[0]) == 1


def test_sound_that_is_too_long_to_be_handed_over_whole_is_played_in_its_pieces_too(wire, monkeypatch):
    monkeypatch.setattr("helpers.recordings.handing._IN_MEMORY", 1_000)
    wire.serve(send_in_pieces)
    wire.connect("record").audio.speech.create(**TOLD)
    wire.set(AZURE_OPENAI_PACE="1")
    with wire.connect("replay").audio.speech.with_streaming_response.create(**TOLD) as answer:
        assert list(answer.iter_bytes()) == PARTS[:4]


def test_the_times_are_kept_in_live_too_and_sound_in_one_piece_has_none(wire):
    wire.serve(send_in_pieces)
    answer = wire.connect("live").audio.speech.create(**TOLD)
    assert len(answer.content) == 2812 and len(arrival_ms(answer)) == 4
    wire.serve(lambda seen: Answer.of_bytes(PARTS[0], "audio/mpeg"))
    wire.connect("record").audio.speech.create(**TOLD)
    [path] = wire.folder.glob("*.json")
    assert "pieces" not in json.loads(path.read_text())["answers"][0]["file"]


def test_many_pieces_are_told_as_a_hundred_at_most(wire):
    wire.serve(lambda seen: send_in_pieces(seen, 300, 0.001))
    wire.connect("record").audio.speech.create(**TOLD)
    [path] = wire.folder.glob("*.json")
    pieces = json.loads(path.read_text())["answers"][0]["file"]["pieces"]
    assert 2 <= len(pieces) <= 101 and pieces[-1][1] == 300 * 703


def make_wav(level: int) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(level.to_bytes(2, "little") * 4_000)
    return held.getvalue()


def test_a_spoken_question_replays_from_the_sound_that_was_recorded(wire):
    """Sound made by one request and sent with the next: the second is found by the bytes of the first."""

    def answer(seen: Seen) -> Answer:
        if seen.path.endswith("/speech"):
            return Answer.of_bytes(make_wav(900), "audio/wav")
        return Answer.of_json({"text": "What is this?", "usage": {"type": "duration", "seconds": 1}})

    server = wire.serve(answer)

    def ask(mode: str) -> Any:
        client = wire.connect(mode)
        question = client.audio.speech.create(**TOLD, response_format="wav")
        assert read_sound(question).seconds == 0.5
        heard = client.audio.transcriptions.create(model="whisper", file=sound_file(question, "question.wav"))
        assert look_up(heard._request_id)
        return heard.text

    assert ask("record") == ask("replay") == "What is this?"
    assert len(server.seen) == 2
    [path] = wire.folder.glob("audio.transcriptions.whisper.*.json")
    file = json.loads(path.read_text())["request"]["form"]["file"]
    assert file["file"] == "question.wav" and file["bytes"] == 8_044
    with pytest.raises(Exception, match="sha256"):
        wire.connect("replay").audio.transcriptions.create(
            model="whisper", file=sound_file(make_wav(901), "question.wav")
        )


ASKS: dict[str, dict[str, Any]] = {
    "json": {"model": "whisper"},
    "text": {"model": "gpt-4o-mini-transcribe", "response_format": "text"},
    "srt": {"model": "whisper", "response_format": "srt"},
    "words": {
        "model": "whisper",
        "response_format": "verbose_json",
        "timestamp_granularities": ["word", "segment"],
    },
    "log probabilities": {"model": "gpt-4o-mini-transcribe", "include": ["logprobs"]},
    "stream": {"model": "gpt-4o-mini-transcribe", "stream": True},
    "speakers": {
        "model": "gpt-4o-transcribe-diarize",
        "response_format": "diarized_json",
        "chunking_strategy": "auto",
    },
}


@pytest.mark.parametrize("version", [None, "2025-04-01-preview"])
def test_whatever_the_stand_in_hears_and_says_replays_as_it_came_with_who_said_it(wire, standin, version):
    wire.set(AZURE_OPENAI_ENDPOINT=standin.endpoint, AZURE_OPENAI_API_KEY=standin.key)

    def ask(mode: str) -> dict[str, Any]:
        client = wire.connect(mode, version)
        told: dict[str, Any] = {}
        for kind in ("wav", "mp3"):
            told[kind] = client.audio.speech.create(**TOLD, response_format=kind)
        question = sound_file(told["wav"], "question.wav")
        for name, asked in ASKS.items():
            answer = client.audio.transcriptions.create(file=question, **asked)
            told[name] = list(answer) if name == "stream" else answer
            assert evidence_of(answer).who == ("Nonsense (no model)",)
        return {name: getattr(answer, "content", answer) for name, answer in told.items()}

    before = len(standin.requests)
    recorded = ask("record")
    assert len(standin.requests) == before + len(ASKS) + 2
    wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    assert ask("replay") == recorded and len(standin.requests) == before + len(ASKS) + 2
    assert sorted(path.suffix for path in wire.folder.iterdir() if path.suffix != ".json" and path.is_file()) == [
        ".mp3",
        ".wav",
    ]


def make_chat(client: Any, **more: Any) -> Any:
    asked = {"modalities": ["text", "audio"], "audio": {"voice": "coral", "format": "mp3"}, **more}
    return client.chat.completions.create(model="gpt-audio-1.5", **asked)


@pytest.mark.parametrize("version", [None, "2025-01-01-preview"])
def test_a_conversation_in_sound_replays_as_it_came_with_its_files_beside_it(wire, standin, version):
    wire.set(AZURE_OPENAI_ENDPOINT=standin.endpoint, AZURE_OPENAI_API_KEY=standin.key)

    def ask(mode: str) -> list[Any]:
        client = wire.connect(mode, version)
        question = client.audio.speech.create(**TOLD, response_format="wav").content
        part = {"type": "input_audio", "input_audio": {"data": base64.b64encode(question).decode(), "format": "wav"}}
        messages: list[dict[str, Any]] = [{"role": "user", "content": [part]}]
        first = make_chat(client, messages=messages)
        for given in (first, first.choices[0].message.audio):
            assert evidence_of(given).who == ("Nonsense (no model)",)
        told = [*messages, {"role": "assistant", "audio": {"id": first.choices[0].message.audio.id}}, messages[0]]
        second = make_chat(client, messages=told, audio={"voice": "coral", "format": "flac"})
        written = client.chat.completions.create(model="gpt-audio-1.5", messages=messages)
        stream = make_chat(client, messages=messages, audio={"voice": "coral", "format": "pcm16"}, stream=True)
        chunks = list(stream)
        assert len(arrival_ms(stream)) == len(chunks) + 1, "and the end"
        assert evidence_of(stream).who == ("Nonsense (no model)",)
        assert read_sound(first).seconds > 1 and read_sound(second).seconds > 1
        return [first, second, written, *chunks]

    before = len(standin.requests)
    recorded = ask("record")
    assert len(standin.requests) == before + 5
    wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    assert ask("replay") == recorded and len(standin.requests) == before + 5
    suffixes = sorted(path.suffix for path in wire.folder.iterdir() if path.suffix != ".json" and path.is_file())
    assert suffixes == [".flac", ".flac", ".mp3", ".wav"], "the raw sound of the stream lies in FLAC"
    for path in wire.folder.glob("chat*.json"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[A-Za-z0-9+/]{200}", text), "no sound in base64"
        kept = json.loads(text)["request"]["json"]["messages"][0]["content"][0]["input_audio"]
        assert set(kept["data"]) == {"bytes", "sha256"} and kept["format"] == "wav"
