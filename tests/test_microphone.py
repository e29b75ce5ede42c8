"""Talking with a microphone: with a fake device all of it, without one nothing but what is missing."""

import base64
import queue
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from helpers import connect, microphone
from helpers.microphone import Speaker, converse, find_obstacle, talk
from tests.test_realtime import event, sounded


class Device:
    """As sounddevice: its input hears 'spoken' again and again, its output keeps what it played."""

    def __init__(self):
        self.played, self.spoken = bytearray(), b"\1\0" * 2_400
        self.asked, self.missing = [], None
        self.RawInputStream = lambda callback, **form: self.open(form, lambda: callback(self.spoken, 2_400, None, None))
        self.RawOutputStream = lambda callback, **form: self.open(form, lambda: self.draw(callback))

    def query_devices(self, kind):
        if kind == self.missing:
            raise ValueError(f"No {kind} device matching ''")

    def draw(self, callback):
        data = bytearray(4_800)
        callback(data, 2_400, None, None)
        assert len(data) == 4_800
        self.played += data

    def open(self, form, step):
        self.asked.append(form)
        over = threading.Event()

        def run():
            while not over.wait(0.002):
                step()

        return _Stream(threading.Thread(target=run), over)


class _Stream:
    def __init__(self, thread, over):
        self.thread, self.over = thread, over

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Connection:
    """A service that answers when it has heard enough, and is cut short by who speaks."""

    def __init__(self, *script):
        self.script, self.heard, self.truncated, self.updated = script, [], [], []
        self.is_closed = threading.Event()
        self.session = SimpleNamespace(update=lambda session: self.updated.append(session))
        self.input_audio_buffer = SimpleNamespace(append=lambda audio: self.heard.append(base64.b64decode(audio)))
        self.conversation = SimpleNamespace(item=SimpleNamespace(truncate=lambda **cut: self.truncated.append(cut)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.is_closed.set()

    def __iter__(self):
        for one in self.script:
            if callable(one):
                one()
            else:
                yield one
        self.is_closed.wait(5)


def answer(item, *pieces):
    return [event("response.output_audio.delta", item_id=item, delta=sounded(piece)) for piece in pieces]


DONE = event("response.done", response=SimpleNamespace(status="completed"))
CANCELLED = event("response.done", response=SimpleNamespace(status="cancelled"))
STARTED = event("input_audio_buffer.speech_started")
TENTH = bytes(range(1, 241)) * 20


@pytest.fixture
def device(monkeypatch):
    device = Device()
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    return device


def live(connection):
    return SimpleNamespace(realtime=SimpleNamespace(connect=lambda model: connection))


def test_what_is_heard_is_sent_and_what_comes_is_played_to_its_end(device, monkeypatch, capsys):
    monkeypatch.setattr(microphone, "session_of", lambda client: SimpleNamespace(mode="live"))
    spoke = event("conversation.item.input_audio_transcription.completed", transcript=" Hello.")
    words = event("response.output_audio_transcript.done", transcript="Hi there.")
    connection = Connection(lambda: time.sleep(0.05), spoke, *answer("a", TENTH, TENTH), words, DONE, STARTED)
    talk(live(connection), turns=1)
    assert TENTH * 2 in bytes(device.played), "to its end, before the device is closed"
    assert connection.heard and set(connection.heard) == {device.spoken}
    assert connection.updated[0]["type"] == "realtime" and connection.truncated == []
    assert [form["samplerate"] for form in device.asked] == [24_000, 24_000]
    said = capsys.readouterr().out.splitlines()
    assert said == ["speak now: 1 answers, 90 s at most", "you: Hello.", "it: Hi there."]


def test_who_speaks_stops_the_play_and_the_service_learns_what_was_heard():
    speaker = Speaker()

    def play_a_tenth():
        assert speaker.take(4_800) == TENTH

    script = [*answer("a", TENTH, TENTH, TENTH), play_a_tenth, STARTED, CANCELLED, *answer("b", b"\1\1"), DONE]
    connection = Connection(*script)
    thread = threading.Thread(target=converse, args=(connection, queue.Queue().get, speaker), kwargs={"turns": 1})
    thread.start()
    while not speaker.is_done or thread.is_alive():
        speaker.take(4_800)
        time.sleep(0.01)
    thread.join(5)
    assert connection.truncated == [{"item_id": "a", "content_index": 0, "audio_end_ms": 100}]


def test_an_answer_that_was_heard_whole_is_not_cut():
    speaker = Speaker()
    connection = Connection(*answer("a", TENTH), lambda: speaker.take(9_600), STARTED, DONE)
    converse(connection, queue.Queue().get, speaker, turns=1)
    assert connection.truncated == []


def test_a_talk_ends_when_its_time_is_over_though_nobody_answers(capsys):
    started = time.monotonic()
    connection = Connection(event("error", error=SimpleNamespace(message="no")))
    converse(connection, queue.Queue().get, Speaker(), limit_s=0.1)
    assert time.monotonic() - started < 2 and connection.is_closed.is_set()
    assert capsys.readouterr().out == "error: no\n"


def test_in_replay_nothing_is_opened_and_the_reader_learns_what_is_missing(device, capsys):
    talk(connect("00_start_here"))
    assert "that happens in live mode alone" in capsys.readouterr().out
    assert device.asked == []


def test_what_is_missing_is_said_one_by_one(device, monkeypatch):
    assert find_obstacle("live") == ""
    assert find_obstacle("record") == find_obstacle("replay") != "", "the same, so that a recorded notebook replays"
    device.missing = "input"
    assert "no input device was found" in find_obstacle("live")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert "sounddevice is missing" in find_obstacle("live") and ".[microphone]" in find_obstacle("live")
