"""The stand-in's chats in sound beside real answers and Microsoft's descriptions."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.azure import V1_SPEC, find_departures, find_folder
from tests.standin import Standin
from tests.test_standin_talking import HELLO, SPOKEN, question

HTTP = httpx2.Client(timeout=60, verify=False)


@pytest.fixture(scope="module")
def wire() -> Path:
    folder = find_folder("wire")
    if not folder:
        pytest.skip("real answers are not at hand: set AZURE_OPENAI_SPECS")
    return folder


def ask(standin: Standin, **body: Any) -> httpx2.Response:
    body = {"model": "gpt-audio", "messages": HELLO, **body}
    path = f"{standin.endpoint}/openai/v1/chat/completions"
    return HTTP.post(path, json=body, headers={"api-key": standin.key})


def read_events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def names(value: Any) -> Any:
    """The names of a body, without its values."""
    if isinstance(value, dict):
        return {name: names(item) for name, item in sorted(value.items())}
    return [names(value[0])] if isinstance(value, list) and value else None


def test_a_stream_ends_in_the_events_of_azures(standin, wire):
    told = json.loads((wire / "azure" / "azsdk_chat_audio_gpt4o_audio_preview_TRIMMED.json").read_text())
    theirs = read_events("".join(told["LastEntryStreamTail"][1:]))
    spoken = {**SPOKEN, "audio": {"voice": "coral", "format": "pcm16"}}
    ours = read_events(ask(standin, stream=True, stream_options={"include_usage": True}, **spoken).text)[-3:]
    assert [names(event) for event in ours] == [names(event) for event in theirs]
    assert theirs[1]["choices"][0]["delta"]["audio"]["expires_at"] - theirs[1]["created"] == pytest.approx(
        3_600, abs=10
    )


@pytest.mark.parametrize("name", ["logfire_chat_audio_input_usage", "pydantic_chat_audio_input_gpt-4o-audio-preview"])
def test_a_spoken_question_counts_as_in_a_recorded_answer(standin, wire, name):
    (exchange,) = json.loads((wire / "openai" / f"{name}.json").read_text())["exchanges"]
    text = next(
        part["text"] for part in exchange["request"]["body"]["messages"][0]["content"] if part["type"] == "text"
    )
    theirs = exchange["response"]["body"]["usage"]
    seconds = theirs["prompt_tokens_details"]["audio_tokens"] / 10
    ours = ask(standin, messages=question(seconds, text)).json()["usage"]
    assert names(ours) == names(theirs)
    heard = ours["prompt_tokens_details"]
    assert heard["audio_tokens"] == theirs["prompt_tokens_details"]["audio_tokens"]
    assert heard["text_tokens"] - len(text.split()) == 4, "nonsense counts words; and four tokens for the sound"


def test_answers_are_as_microsoft_describes_them(standin):
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    spec, schema = folder / V1_SPEC, "AzureCreateChatCompletionResponse"
    plain = find_departures(spec, schema, ask(standin, model="gpt-4o").json())
    for body in (
        ask(standin, **SPOKEN).json(),
        ask(standin, messages=[{"role": "user", "content": question(1)[0]["content"]}]).json(),
    ):
        assert find_departures(spec, schema, body) <= plain, "no other than those that chats without sound have"
    body["choices"][0]["message"]["audio"] = {"id": 7}
    assert any("audio" in where for where, _ in find_departures(spec, schema, body))
