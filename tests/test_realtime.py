"""Turns of a realtime session: sound goes out whole and in pieces, a turn ends by itself, and says what was said."""

import base64
import json
import os
import queue
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from openai._models import construct_type_unchecked
from openai.types.realtime import RealtimeServerEvent

from helpers.audio import Sound, read_sound
from helpers.errors import CourseError
from helpers.realtime import RATE, Turn, list_messages, pcm_of, pcm_seconds, read_turn, silence, speak, wav_of


def event(kind, **fields):
    return SimpleNamespace(type=kind, **fields)


def sounded(pcm):
    return base64.b64encode(pcm).decode()


class Connection:
    """What the SDK's connection does for a turn: events from a queue, until somebody closes it."""

    def __init__(self, *events):
        self.waiting = queue.Queue()
        for one in events:
            self.waiting.put(one)
        self.sent = []
        self.input_audio_buffer = SimpleNamespace(append=lambda audio: self.sent.append(base64.b64decode(audio)))

    def close(self):
        self.waiting.put(None)

    def __iter__(self):
        while (one := self.waiting.get()) is not None:
            yield one
        self.close()  # whoever reads on finds it closed


def test_speech_is_sent_whole_in_tenths_of_a_second_with_a_silence_after_it():
    connection, said = Connection(), bytes(range(250)) * 40
    speak(connection, said, pause_s=0.3)
    assert b"".join(connection.sent) == said + silence(0.3)
    assert {len(piece) for piece in connection.sent[:-1]} == {4_800}
    assert pcm_seconds(silence(0.3)) == 0.3


def test_a_wav_is_sent_by_its_own_bytes():
    pcm = bytes(range(256)) * 20
    assert pcm_of(wav_of(pcm)) == pcm and pcm_of(SimpleNamespace(content=wav_of(pcm))) == pcm
    streamed = wav_of(pcm)[:40] + b"\xff\xff\xff\xff" + pcm  # whose header does not know its length
    assert pcm_of(streamed) == pcm
    assert read_sound(wav_of(pcm)).rate == RATE and wav_of(pcm)[4:8] == (len(wav_of(pcm)) - 8).to_bytes(4, "little")


def test_sound_that_a_session_would_hear_wrongly_is_refused():
    sound = read_sound(wav_of(silence(0.5)))
    with pytest.raises(CourseError, match="this is WAV of 16,000 Hz, 1 channels"):
        pcm_of(Sound(sound.samples, 16_000))
    with pytest.raises(CourseError, match="this is mp3"):
        pcm_of(b"ID3" + bytes(100))
    with pytest.raises(CourseError, match="cannot be read"):
        pcm_of(b"RIFF\0\0\0\0WAVE")


def test_a_turn_ends_with_its_response_and_leaves_what_comes_later():
    later = event("session.updated")
    connection = Connection(event("response.created"), event("response.done", response=None), later)
    assert [one.type for one in read_turn(connection).events] == ["response.created", "response.done"]
    assert read_turn(connection, until="session.updated").events == [later]


def test_a_turn_ends_with_an_error_or_when_the_session_ends():
    connection = Connection(event("error", error=event("x", code="a")), event("response.done", response=None))
    assert [error.code for error in read_turn(connection).errors] == ["a"]
    ended = Connection(event("session.created"), None)
    turn = read_turn(ended)
    assert [one.type for one in turn.events] == ["session.created"]
    assert turn.response is turn.usage is None and turn.calls == [] and turn.text == turn.heard == ""


def test_a_turn_that_never_ends_is_closed_and_says_what_came_last():
    connection = Connection(event("session.created"))
    with pytest.raises(CourseError, match=r"no response\.done came within 0\.05 s(?s:.)*last +session\.created"):
        read_turn(connection, limit_s=0.05)


NEW = ("response.output_text.delta", "response.output_audio.delta", "response.output_audio_transcript.delta")
OLD = ("response.text.delta", "response.audio.delta", "response.audio_transcript.delta")


@pytest.mark.parametrize("names", [NEW, OLD], ids=["today", "preview"])
def test_a_turn_knows_its_words_and_its_sound_in_either_form(names):
    text, sound, transcript = names
    heard = "conversation.item.input_audio_transcription"
    turn = Turn([
        event(f"{heard}.delta", delta=" Hel"), event(transcript, delta="Hi"), event(sound, delta=sounded(b"ab")),
        event(f"{heard}.completed", transcript=" Hello."), event(transcript, delta=" you"),
        event(sound, delta=sounded(b"cd")),
    ])  # fmt: skip
    assert (turn.text, turn.heard, turn.pcm) == ("Hi you", "Hello.", b"abcd")
    assert Turn([event(text, delta="a"), event(text, delta="b")]).text == "ab"
    assert turn.count()[sound] == 2 and turn.find(sound).delta == sounded(b"ab") and turn.find("x") is None


def test_messages_of_both_sides_stand_in_their_order_with_the_times_that_are_known():
    opened, turn = Turn([event("session.created")]), Turn([event("a"), event("b")])
    steps = (opened, "session.update", turn)
    assert list_messages(*steps, ms=[20, 40]) == [
        (0.02, "server", "session.created"), (None, "client", "session.update"), (0.04, "server", "a"),
        (None, "server", "b"),
    ]  # fmt: skip
    assert [at for at, _, _ in list_messages(*steps)] == [None] * 4


def real_sessions():
    root = Path(os.environ.get("AZURE_OPENAI_SPECS") or "/nowhere") / "wire"
    return sorted(root.rglob("*realtime*.json"))


def read_frames(path):
    frames = json.loads(path.read_text(encoding="utf-8")).get("frames", [])
    return [
        construct_type_unchecked(value=frame["json"], type_=RealtimeServerEvent)
        for frame in frames
        if frame["from"] == "server" and "json" in frame
    ]


@pytest.mark.skipif(not real_sessions(), reason="AZURE_OPENAI_SPECS names no folder with real sessions")
def test_real_sessions_are_read_turn_by_turn():
    said = {}
    for path in real_sessions():
        events = read_frames(path)
        connection = Connection(*events, None)
        turns = []
        while (turn := read_turn(connection)).events:
            turns.append(turn)
        assert [one for turn in turns for one in turn.events] == events
        for turn in turns:
            if turn.response and turn.response.output and not turn.calls:
                [item] = turn.response.output
                part = item.content[0]
                assert turn.text == (getattr(part, "transcript", None) or part.text)
                said[path.stem] = turn
    assert said["pydantic_realtime_ga_audio_in_vad_transcribed"].heard == "Hello, my name is Marcelo."
    turn = said["pydantic_realtime_ga_spoken_tool_call"]
    assert turn.usage.input_token_details.cached_tokens == 64 and turn.pcm
    assert re.search("Marcelo", turn.text)
