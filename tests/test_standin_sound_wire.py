"""The stand-in's sound beside real answers, Microsoft's descriptions and the SDK's types."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionStreamEvent,
    TranscriptionVerbose,
    TranslationVerbose,
)
from pydantic import TypeAdapter

from helpers.tables import read_rows
from tests.azure import DATED_SPEC, find_departures, find_folder
from tests.standin import Standin
from tests.test_standin_sound import make_wav

HTTP = httpx2.Client(timeout=60, verify=False)
SOUND = make_wav(3.86)


@pytest.fixture(scope="module")
def wire() -> Path:
    folder = find_folder("wire")
    if not folder:
        pytest.skip("real answers are not at hand: set AZURE_OPENAI_SPECS")
    return folder


@pytest.fixture(scope="module")
def spec() -> Path:
    folder = find_folder("specs")
    if not folder:
        pytest.skip("Microsoft's descriptions are not at hand: set AZURE_OPENAI_SPECS")
    return folder / DATED_SPEC


def hear(standin: Standin, model: str, route: str = "transcriptions", sound: bytes = SOUND, name="a.wav", **fields):
    path = f"{standin.endpoint}/openai/v1/audio/{route}"
    fields = {"model": model, **{key.replace("__", "[]"): value for key, value in fields.items()}}
    return HTTP.post(path, headers={"api-key": standin.key}, data=fields, files={"file": (name, sound)})


def say(standin: Standin, **body: Any) -> httpx2.Response:
    body = {"model": "tts", "voice": "alloy", "input": "hello, world!", **body}
    return HTTP.post(f"{standin.endpoint}/openai/v1/audio/speech", headers={"api-key": standin.key}, json=body)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """Names in their order, and kinds of values; of a list, its first item's."""
    if isinstance(value, dict):
        return [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.mark.parametrize("route", ["transcriptions", "translations"])
def test_a_verbose_answer_has_the_fields_of_azures_in_their_order(standin, wire, route):
    name = "transcription" if route == "transcriptions" else "translation"
    entry = read(wire / "azure" / f"azsdk_audio_{name}_whisper_text_and_verbose_TRIMMED.json")["Entries"][-1]
    theirs = entry["ResponseBody"]
    theirs["segments"][0]["id"] = 0  # taken out of the recording
    answer = hear(standin, "whisper", route, response_format="verbose_json", temperature="0.000000")
    ours = answer.json()
    assert ours.pop("usage") == {"type": "duration", "seconds": 4}, "newer than that recording"
    assert shape(ours) == shape(theirs)
    assert ours["duration"] == theirs["duration"] == 3.859999895095825 and ours["task"] == theirs["task"]
    sent = entry["ResponseHeaders"]
    assert answer.headers["csp-billing-usage"] == sent["csp-billing-usage"]
    newer = {"x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"}
    known = {header.lower() for header in sent} | {"x-standin-engine", "x-ms-deployment-name", *newer}
    assert set(answer.headers) - {"date", "content-length"} <= known


def test_plain_text_is_sent_as_azure_sends_it(standin, wire):
    entry = read(wire / "azure" / "azsdk_audio_transcription_whisper_text_and_verbose_TRIMMED.json")["Entries"][0]
    answer = hear(standin, "whisper", response_format="text")
    assert answer.headers["content-type"] == entry["ResponseHeaders"]["Content-Type"]
    assert answer.text.endswith("\n") and entry["ResponseBody"][0].endswith("\n")


def test_speech_is_sent_as_azure_sends_it(standin, wire):
    (entry,) = read(wire / "azure" / "azsdk_audio_speech_tts_mp3_TRIMMED.json")["Entries"]
    answer, sent = say(standin), entry["ResponseHeaders"]
    for name in ("Content-Type", "csp-billing-usage", "Transfer-Encoding"):
        assert answer.headers[name] == sent[name]
    assert answer.content[:4] == base64.b64decode(entry["_ResponseBody_first_80_base64_chars"][:8])[:4]


def test_usage_counts_as_recorded_answers_do(standin, wire):
    newest = read(wire / "openai" / "ddtracejs_transcriptions_json_usage.json")["exchanges"][-1]["response"]["body"]
    assert shape(hear(standin, "gpt-4o-mini-transcribe").json()) == shape(newest)
    clip = read(wire / "openai" / "allm_transcriptions_and_speech_errors.json")
    told = clip["transcription_gpt-4o-mini-transcribe"]["body"]["usage"]
    ours = hear(standin, "gpt-4o-mini-transcribe", sound=make_wav(3.75)).json()["usage"]
    assert (ours["input_tokens"], ours["input_token_details"]) == (told["input_tokens"], told["input_token_details"])


def test_log_probabilities_have_the_fields_of_recorded_ones(standin, wire):
    theirs = read(wire / "openai" / "allm_transcriptions_and_speech_errors.json")
    entry = theirs["transcription_logprobs_field_include[]"]["body"]["logprobs"][0]
    answer = hear(standin, "gpt-4o-mini-transcribe", include__="logprobs").json()
    assert dict(shape(answer["logprobs"][0])) == dict(shape(entry))


@pytest.mark.parametrize("include", [{}, {"include__": "logprobs"}, {"include": "logprobs"}])
def test_gpt_transcribe_answers_in_the_fields_of_a_recorded_answer(standin, wire, include):
    name = {"": "gpt-transcribe", "include__": "logprobs_field_include[]"}.get(
        "".join(include), "logprobs_field_include_without_brackets"
    )
    theirs = read(wire / "openai" / "allm_transcriptions_and_speech_errors.json")[f"transcription_{name}"]["body"]
    answer = hear(standin, "gpt-transcribe", sound=make_wav(3.75), **include)
    ours = answer.json()
    told = [shape(json.loads(json.dumps(one, sort_keys=True))) for one in (ours, theirs)]
    assert told[0] == told[1], "but for the order of the names, which that recording has sorted"
    assert ours["usage"] == theirs["usage"]
    Transcription.model_validate_json(answer.content, strict=True)


def test_words_have_the_fields_of_recorded_ones(standin, wire):
    theirs = read(wire / "openai" / "vercel_transcription_whisper_verbose_words_excerpt.json")["response"]["body"]
    ours = hear(standin, "whisper", response_format="verbose_json", timestamp_granularities__="word").json()
    assert shape(ours) == shape(theirs)


def test_speakers_are_told_in_the_fields_of_a_recorded_answer(standin, wire):
    theirs = read(wire / "openai" / "openaijava_issue802_diarized_json.json")["body"]
    answer = hear(
        standin, "gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy='{"type":"server_vad"}'
    )
    assert shape(answer.json()) == shape(theirs)
    TranscriptionDiarized.model_validate_json(answer.content, strict=True)


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("transcription_400_broken_file", {"model": "gpt-4o-mini-transcribe", "sound": b"x" * 900}),
        ("transcription_400_file_named_bin", {"model": "gpt-4o-mini-transcribe", "name": "clip.bin"}),
    ],
)
def test_a_file_is_refused_as_recorded(standin, wire, recorded, asked):
    theirs = read(wire / "openai" / "allm_transcriptions_and_speech_errors.json")[recorded]
    ours = hear(standin, **asked)
    assert (ours.status_code, ours.json()) == (theirs["status"], theirs["body"])


def test_too_long_a_text_is_refused_as_recorded(standin, wire):
    theirs = read(wire / "openai" / "allm_transcriptions_and_speech_errors.json")["speech_400_input_over_4096"]
    ours = say(standin, input="a" * 4_097)
    assert (ours.status_code, ours.json()) == (theirs["status"], theirs["body"])


ERRORS: dict[str, dict[str, Any]] = {
    "400_transcribe_verbose_json_azure": {"model": "gpt-4o-mini-transcribe", "response_format": "verbose_json"},
    "400_diarize_chunking_strategy": {"model": "gpt-4o-transcribe-diarize"},
    "400_audio_too_short": {"model": "whisper", "sound": make_wav(0.05)},
    "400_audio_extension": {"model": "whisper", "name": "a.bin"},
    "400_audio_broken": {"model": "whisper", "sound": b""},
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_the_one_of_the_table(standin, error):
    (row,) = [row for row in read_rows("errors") if row["error"] == error]
    ours = hear(standin, **ERRORS[error])
    assert (ours.status_code, ours.json()) == (int(row["status"]), json.loads(row["body"]))


def test_answers_are_as_microsoft_describes_them(standin, spec):
    for route in ("transcriptions", "translations"):
        assert find_departures(spec, "audioResponse", hear(standin, "whisper", route).json()) == set()
        verbose = hear(standin, "whisper", route, response_format="verbose_json").json()
        assert find_departures(spec, "audioVerboseResponse", verbose) == set()
    assert find_departures(spec, "audioVerboseResponse", {**verbose, "task": "sing"}) == {("task", "enum")}


def test_answers_are_of_the_sdks_types(standin):
    Transcription.model_validate_json(
        hear(standin, "gpt-4o-mini-transcribe", include__="logprobs").content, strict=True
    )
    fields = {"response_format": "verbose_json", "timestamp_granularities__": ["word", "segment"]}
    TranscriptionVerbose.model_validate_json(hear(standin, "whisper", **fields).content, strict=True)
    TranslationVerbose.model_validate_json(
        hear(standin, "whisper", "translations", response_format="verbose_json").content, strict=True
    )
    event_type: TypeAdapter[Any] = TypeAdapter(TranscriptionStreamEvent)
    streamed = hear(standin, "gpt-4o-mini-transcribe", stream="true", include__="logprobs").text
    events = [json.loads(line[6:]) for line in streamed.split("\n") if line]
    assert len(events) > 3
    for event in events:
        event_type.validate_json(json.dumps(event), strict=True)
