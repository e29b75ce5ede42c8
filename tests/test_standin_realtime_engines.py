"""Realtime sessions over the real engines, with their weights: `make test-standin`. Each hears what the other says."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest

from tests.azure import find_folder
from tests.realtime_talk import ga_client, silence, start_talk
from tests.standin import Standin, serve
from tests.standin.engines import fetch_tokenizers
from tests.standin.realtime.chatting import chat_tools
from tests.standin.realtime.conversation import Item, Part
from tests.standin.realtime.counting import Tokens, count_answer, count_prompt, tell_usage
from tests.standin.sound.hearing import WHISPER
from tests.standin.sound.speaking import KOKORO
from tests.standin.tokens import CountTokens
from tests.standin.weights import WeightsMissing, fetch
from tests.test_standin_engines import fetching  # noqa: F401

pytestmark = [pytest.mark.standin, pytest.mark.timeout(900)]

GA_SESSIONS = [
    "text_in_audio_out", "function_call", "audio_in_vad_transcribed", "transcription_deployment_missing",
    "spoken_tool_call",
]  # fmt: skip
SESSION: Any = {"type": "realtime", "instructions": "Answer in one short sentence."}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Look up the weather for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def weights() -> Path | None:
    given = os.environ.get("STANDIN_WEIGHTS")
    return Path(given) if given else None


@pytest.fixture(scope="module")
def running(fetching: None, weights: Path | None) -> Iterator[Standin]:  # noqa: F811
    try:
        fetch([*WHISPER, *KOKORO], given=weights)
        with serve("qwen", weights=weights) as standin:
            yield standin
    except WeightsMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def client(running: Standin) -> openai.OpenAI:
    return ga_client(running)


def speak(client: openai.OpenAI, text: str, voice: str = "nova") -> bytes:
    return client.audio.speech.create(model="gpt-4o-mini-tts", voice=voice, input=text, response_format="pcm").content


def join_sound(events: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")


def told(event: dict[str, Any]) -> str:
    return str(event["response"]["output"][0]["content"][0]["transcript"])


def test_a_spoken_question_is_heard_and_answered_aloud(running, client):
    heard = {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}
    with start_talk(client, **SESSION, audio=heard) as talk:
        talk.append(silence(0.5) + speak(client, "What is the capital of France?") + silence(0.5))
        events = talk.until("response.done")
    (asked,) = [event["transcript"] for event in events if event["type"].endswith("transcription.completed")]
    assert "capital of France" in asked
    assert "Paris" in told(events[-1])
    pcm = np.frombuffer(join_sound(events), "<i2")
    assert 1 < len(pcm) / 24_000 < 10 and np.abs(pcm).max() > 3_000
    again = client.audio.transcriptions.create(model="whisper", file=("answer.wav", wav(pcm.tobytes())))
    assert "Paris" in again.text


def wav(pcm: bytes) -> bytes:
    import io
    import wave

    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(pcm)
    return held.getvalue()


def test_a_spoken_question_calls_a_tool_whose_result_is_spoken(client):
    instructions = "Use the get_weather tool for any weather question, then answer in one short sentence."
    with start_talk(client, type="realtime", instructions=instructions, tools=[WEATHER]) as talk:
        talk.append(speak(client, "What is the weather in London?", "onyx") + silence(0.5))
        (call,) = talk.last("response.done")["response"]["output"]
        assert (call["name"], json.loads(call["arguments"])["city"].lower()) == ("get_weather", "london")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "Foggy, 12 degrees."}
        talk.connection.conversation.item.create(item=result)
        talk.connection.response.create()
        answer = told(talk.last("response.done"))
    assert "12" in answer or "fog" in answer.lower()


def test_sound_flows_while_the_rest_is_made_and_speech_interrupts_it(client):
    with start_talk(client, type="realtime", instructions="Tell long stories.") as talk:
        talk.say("Tell me a story of three sentences about a fox.")
        talk.connection.response.create()
        talk.until("response.output_audio.delta")
        talk.append(speak(client, "What is two plus two?"))
        events = talk.until("response.done")
        assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        talk.append(silence(0.5))
        answer = talk.last("response.done")
    assert answer["response"]["status"] == "completed"


def test_silence_that_is_committed_says_nothing(client):
    audio = {"input": {"turn_detection": None, "transcription": {"model": "whisper"}}}
    with start_talk(client, **SESSION, audio=audio) as talk:
        talk.append(silence(2))
        talk.connection.input_audio_buffer.commit()
        done = talk.last("conversation.item.input_audio_transcription.completed")
    assert done["transcript"] == ""


@pytest.mark.parametrize("name", GA_SESSIONS)
def test_tokens_are_counted_as_in_real_sessions_to_within_two(weights, name):
    folder = find_folder("wire/azure_2026")
    if not folder:
        pytest.skip("real sessions are not at hand: set AZURE_OPENAI_SPECS")
    counter = CountTokens(fetch_tokenizers(weights))

    def count(text: str) -> int:
        return counter.text(text, "o200k_base")

    session: dict[str, Any] = {}
    items: list[Item] = []
    earlier: list[Tokens] = []
    start = seconds = 0.0
    for frame in json.loads((folder / f"pydantic_realtime_ga_{name}.json").read_bytes())["frames"]:
        event = frame["json"]
        if event["type"] == "session.updated":
            session = event["session"]
        elif event["type"] == "input_audio_buffer.speech_started":
            start = event["audio_start_ms"] / 1000
        elif event["type"] == "input_audio_buffer.speech_stopped":
            seconds = event["audio_end_ms"] / 1000 - start
        elif event["type"] == "conversation.item.done":
            items.append(rebuild(event["item"], seconds))
        elif event["type"] == "response.done":
            made, before = items[-1:], items[:-1]
            bare = [{"role": "system", "content": ""}]
            tools = chat_tools(session["tools"])
            declared = counter(bare, "o200k_base", 0, tools) - counter(bare, "o200k_base", 0) if tools else 0
            prompt = count_prompt(count, session["instructions"], (None, declared), before)
            answer = [count_answer(count, item) for item in made]
            real_in = event["response"]["usage"]["input_token_details"]
            real_out = event["response"]["usage"]["output_token_details"]
            assert sum(each.text for each in prompt) == pytest.approx(real_in["text_tokens"], abs=2)
            assert sum(each.audio for each in prompt) == real_in["audio_tokens"]
            cached = tell_usage(prompt, earlier, answer)["input_token_details"]["cached_tokens"]
            assert cached == real_in["cached_tokens"]
            keyed = [replace(each, key=(item.id, 0)) for each, item in zip(answer, made, strict=True)]
            earlier = [*prompt, *keyed]
            assert sum(each.text for each in answer) == pytest.approx(real_out["text_tokens"], abs=1)


def rebuild(told: dict[str, Any], seconds: float) -> Item:
    """An item of a real session. seconds: of the client's sound."""
    item = Item(told["id"], told["type"], told.get("role", ""), call_id=told.get("call_id", ""))
    item.name, item.arguments = told.get("name", ""), told.get("arguments", "")
    item.output = told.get("output", "")
    for part in told.get("content", ()):
        pcm = np.zeros(round(seconds * 24_000), np.int16) if part["type"] == "input_audio" else None
        item.parts.append(Part(part["type"], part.get("text") or part.get("transcript"), pcm=pcm))
    return item
