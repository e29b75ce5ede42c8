"""Chats in sound with the real engines: `make test-standin`. What one says the other hears."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.standin import serve
from tests.standin.engines import EngineError
from tests.standin.sound.hearing import WHISPER
from tests.standin.sound.speaking import KOKORO
from tests.standin.weights import WeightsError, fetch
from tests.test_standin_engines import fetching  # noqa: F401
from tests.test_standin_sound_engines import wrong_words
from tests.test_standin_talking import sound_part

pytestmark = [pytest.mark.standin, pytest.mark.timeout(900)]

SPOKEN: dict[str, Any] = {"modalities": ["text", "audio"], "audio": {"voice": "coral", "format": "mp3"}}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "The weather in a city now", "parameters": PARAMETERS}


@pytest.fixture(scope="module")
def client(fetching: None) -> Iterator[openai.OpenAI]:  # noqa: F811
    given = os.environ.get("STANDIN_WEIGHTS")
    weights = Path(given) if given else None
    try:
        fetch([*WHISPER, *KOKORO], given=weights)
        with serve("qwen", weights=weights) as standin:
            yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
    except (WeightsError, EngineError) as error:
        pytest.skip(str(error))


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    """A question that is spoken first."""
    spoken = client.audio.speech.create(model="tts", voice="nova", input=text, response_format="wav").content
    messages = [{"role": "user", "content": [sound_part(spoken)]}]
    return client.chat.completions.create(model="gpt-audio-1.5", messages=messages, temperature=0, **more)


def test_a_spoken_question_is_understood_and_its_answer_can_be_heard(client):
    answer = ask(client, "What is the capital of Canada?", **SPOKEN)
    said = answer.choices[0].message.audio
    assert "ottawa" in said.transcript.lower()
    assert answer.model == "Qwen2.5-Coder-1.5B-Instruct Q4_K_M with Whisper base int8 and Kokoro-82M int8"
    sound = base64.b64decode(said.data)
    heard = client.audio.transcriptions.create(model="whisper", file=("answer.mp3", sound)).text
    assert wrong_words(said.transcript, heard) <= 1, (said.transcript, heard)


def test_a_tool_is_called_from_speech(client):
    answer = ask(client, "How is the weather in Oslo now?", tools=[{"type": "function", "function": WEATHER}], **SPOKEN)
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather" and "oslo" in call.function.arguments.lower()


def test_the_first_sentence_is_heard_while_the_next_is_written(client):
    asked = {**SPOKEN, "audio": {"voice": "cedar", "format": "pcm16"}, "stream": True}
    kinds = []
    for chunk in ask(client, "Name three fruits, and say one sentence about each of them.", **asked):
        audio = chunk.choices[0].delta.audio if chunk.choices else None
        if audio and (audio.transcript or audio.data):
            kinds.append("sound" if audio.data else "words")
    assert "sound" in kinds[: -kinds[::-1].index("words")], "words come after the first sound"
