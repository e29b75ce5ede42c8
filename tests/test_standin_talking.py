"""The stand-in's chats in sound: what is heard and spoken, in streams too, what it counts, what is refused."""

import base64
import io
import json
import time
import wave
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from helpers.sound_files import kind_of
from helpers.tables import read_rows
from tests.standin import Standin
from tests.standin.refusals import ServiceError
from tests.standin.sound.files import decode_sound
from tests.standin.sound.speaking import NonsenseSpeaking
from tests.standin.talking.kept import KeptSpeech
from tests.test_standin_sound import make_wav

MODELS = ["gpt-audio-1.5", "gpt-audio", "gpt-audio-mini", "gpt-4o-audio-preview", "gpt-4o-mini-audio-preview"]
SPOKEN: dict[str, Any] = {"modalities": ["text", "audio"], "audio": {"voice": "coral", "format": "wav"}}
HELLO = [{"role": "user", "content": "Say hello."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def client(standin: Standin) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


def sound_part(data: bytes, kind: str = "wav") -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(data).decode(), "format": kind}}


def question(seconds: float = 3, *texts: str) -> list[dict[str, Any]]:
    parts = [{"type": "text", "text": text} for text in texts]
    return [{"role": "user", "content": [*parts, sound_part(make_wav(seconds))]}]


def ask(client: openai.OpenAI, messages: Any = HELLO, model: str = "gpt-audio-1.5", **more: Any) -> Any:
    return client.chat.completions.create(model=model, messages=messages, **more)


def seconds_of(wav: bytes) -> float:
    return decode_sound(wav).seconds


@pytest.mark.parametrize("model", MODELS)
def test_a_spoken_question_gets_a_spoken_answer_with_its_words(client, model):
    answer = ask(client, question(), model, **SPOKEN)
    message = answer.choices[0].message
    assert message.content is None and message.audio.transcript and message.audio.id.startswith("audio_")
    sound = base64.b64decode(message.audio.data)
    assert kind_of(sound) == "wav" and seconds_of(sound) > 1
    assert 3590 <= message.audio.expires_at - answer.created <= 3600, "an hour, as recorded"
    assert answer.choices[0].finish_reason == "stop"


def test_the_dated_route_speaks_too(standin):
    dated = openai.AzureOpenAI(azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2025-01-01-preview")
    assert ask(dated, question(), **SPOKEN).choices[0].message.audio.transcript


@pytest.mark.parametrize(
    ("kind", "told"),
    [("wav", "wav"), ("mp3", "mp3"), ("flac", "flac"), ("opus", "ogg"), ("aac", "aac"), ("pcm16", None)],
)
def test_the_answer_has_the_format_that_was_asked_for(client, kind, told):
    answer = ask(client, **{**SPOKEN, "audio": {"voice": "cedar", "format": kind}})
    data = base64.b64decode(answer.choices[0].message.audio.data)
    assert kind_of(data) == told and len(data) > 5_000
    if kind == "pcm16":
        seconds = answer.usage.completion_tokens_details.audio_tokens / 20
        assert len(data) / 48_000 == pytest.approx(seconds, abs=0.05)


def test_speech_answered_in_writing_has_no_sound(client):
    for more in ({}, {"modalities": ["text"]}, {"modalities": ["text"], "audio": {"voice": "sage", "format": "wav"}}):
        answer = ask(client, question(), **more)
        assert answer.choices[0].message.content and answer.choices[0].message.audio is None
        assert answer.usage.completion_tokens_details.audio_tokens == 0


def test_what_is_heard_decides_what_is_answered(client):
    one, same, other = (ask(client, question(seconds)).choices[0].message.content for seconds in (3, 3, 4))
    assert one == same != other


def test_words_beside_the_sound_are_asked_too_and_an_mp3_is_heard(client):
    plain = ask(client, question(3)).choices[0].message.content
    assert ask(client, question(3, "What is said?")).choices[0].message.content != plain
    spoken = client.audio.speech.create(model="tts", voice="alloy", input="How are you today?").content
    assert ask(client, [{"role": "user", "content": [sound_part(spoken, "mp3")]}]).choices[0].message.content


def test_sound_is_counted_as_recorded_ten_tokens_a_second_and_four_of_text_beside(client):
    text = "Whose name is mentioned in the audio?"
    usage = ask(client, question(4.4, text)).usage
    details = usage.prompt_tokens_details
    assert details.audio_tokens == 44 and details.text_tokens == len(text.split()) + 4
    assert details.image_tokens == 0 and usage.prompt_tokens == 44 + details.text_tokens
    two = [{"role": "user", "content": [sound_part(make_wav(1)), sound_part(make_wav(2))]}]
    details = ask(client, two).usage.prompt_tokens_details
    assert (details.audio_tokens, details.text_tokens) == (30, 8)


def test_a_spoken_answer_counts_its_words_and_twenty_tokens_a_second(client):
    answer = ask(client, **SPOKEN)
    details, message = answer.usage.completion_tokens_details, answer.choices[0].message
    seconds = seconds_of(base64.b64decode(message.audio.data))
    assert details.audio_tokens == pytest.approx(seconds * 20, abs=1)
    assert details.text_tokens == len(message.audio.transcript.split())
    assert answer.usage.completion_tokens == details.audio_tokens + details.text_tokens
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_the_sound_too_is_bound_by_the_most_tokens(client):
    whole = ask(client, **SPOKEN)
    cut = ask(client, max_completion_tokens=60, **SPOKEN)
    usage = cut.usage
    assert whole.usage.completion_tokens > 60 >= usage.completion_tokens and cut.choices[0].finish_reason == "length"
    assert seconds_of(base64.b64decode(cut.choices[0].message.audio.data)) == pytest.approx(
        usage.completion_tokens_details.audio_tokens / 20, abs=0.05
    )


def test_a_chat_goes_on_from_an_earlier_answer_that_is_only_named(client):
    first = ask(client, question(), **SPOKEN)
    told = [*question(), {"role": "assistant", "audio": {"id": first.choices[0].message.audio.id}}]
    second = ask(client, [*told, {"role": "user", "content": "And then?"}], **SPOKEN)
    spoken = first.usage.completion_tokens_details
    details = second.usage.prompt_tokens_details
    assert details.audio_tokens == 30 + spoken.audio_tokens, "what was said before is read again"
    assert details.text_tokens == 4 + spoken.text_tokens + 2
    words = [*question(), {"role": "assistant", "content": first.choices[0].message.audio.transcript}]
    alike = ask(client, [*words, {"role": "user", "content": "And then?"}], **SPOKEN)
    assert alike.choices[0].message.audio.transcript == second.choices[0].message.audio.transcript
    assert alike.usage.prompt_tokens < second.usage.prompt_tokens


def test_an_earlier_answer_is_stored_for_an_hour():
    now = [1_000_000.0]
    kept = KeptSpeech(lambda: now[0])
    spoken = kept.begin()
    kept.keep(spoken)
    now[0] += 3_600
    assert kept.find(spoken.id, 1) is spoken
    now[0] += 1
    with pytest.raises(ServiceError) as caught:
        kept.find(spoken.id, 1)
    assert caught.value.error["code"] == "audio_not_found" and caught.value.status == 400


def test_of_a_thousand_answers_the_oldest_go():
    kept = KeptSpeech()
    names = []
    for _ in range(1_001):
        spoken = kept.begin()
        kept.keep(spoken)
        names.append(spoken.id)
    assert kept.find(names[-1], 0) and kept.find(names[1], 0)
    with pytest.raises(ServiceError):
        kept.find(names[0], 0)


def test_a_tool_is_called_from_speech_and_its_result_is_spoken(client):
    called = ask(client, question(), tools=[WEATHER], tool_choice="required", **SPOKEN)
    message = called.choices[0].message
    assert called.choices[0].finish_reason == "tool_calls" and message.audio is None and message.content is None
    assert called.usage.completion_tokens_details.audio_tokens == 0
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "7 degrees"}
    told = [*question(), message.model_dump(exclude_none=True), result]
    if len(message.tool_calls) > 1:
        told += [{**result, "tool_call_id": call.id} for call in message.tool_calls[1:]]
    assert ask(client, told, **SPOKEN).choices[0].message.audio.transcript


def test_several_choices_are_spoken_apart(client):
    answer = ask(client, n=2, **SPOKEN)
    first, second = (choice.message.audio for choice in answer.choices)
    assert first.transcript != second.transcript and first.id != second.id and first.data != second.data


def stream(client: openai.OpenAI, messages: Any = HELLO, **more: Any) -> list[ChatCompletionChunk]:
    asked = {
        **SPOKEN,
        "audio": {"voice": "coral", "format": "pcm16"},
        "stream_options": {"include_usage": True},
        **more,
    }
    return list(ask(client, messages, stream=True, **asked))


def deltas_of(chunks: list[ChatCompletionChunk]) -> list[Any]:
    return [choice.delta.audio for chunk in chunks for choice in chunk.choices or [] if choice.delta.audio]


def test_a_stream_tells_words_and_sound_in_pieces_that_join_to_the_answer(client):
    deltas = deltas_of(stream(client))
    words = "".join(delta.transcript or "" for delta in deltas)
    sound = b"".join(base64.b64decode(delta.data) for delta in deltas if delta.data)
    whole = ask(client, **{**SPOKEN, "audio": {"voice": "coral", "format": "pcm16"}}).choices[0].message.audio
    assert words == whole.transcript and sound == base64.b64decode(whole.data)
    assert deltas[0].id and all(not delta.id for delta in deltas[1:]), "named once"
    assert all(len(delta.model_dump(exclude_unset=True)) == 1 for delta in deltas[1:]), "each tells one thing"


def test_a_stream_ends_as_the_recorded_one(client):
    *_, sound, silent, expiry, usage = stream(client)
    assert sound.choices[0].delta.audio.data
    assert silent.choices is None, "an event without any choices: chunk.choices[0] would raise"
    assert list(expiry.choices[0].delta.audio.model_dump(exclude_unset=True)) == ["expires_at"]
    assert "finish_reason" not in expiry.choices[0].model_dump(exclude_unset=True)
    details = usage.usage.completion_tokens_details
    assert usage.choices == [] and details.audio_tokens > 0 and details.text_tokens > 0


def test_a_stream_without_sound_ends_as_before(client):
    chunks = list(ask(client, question(), stream=True))
    assert all(chunk.choices is not None for chunk in chunks) and not deltas_of(chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_streams_answer_can_be_named_in_the_next_turn_and_a_tool_called_in_a_stream(client):
    first = deltas_of(stream(client))[0].id
    told = [*HELLO, {"role": "assistant", "audio": {"id": first}}, *HELLO]
    assert ask(client, told, **SPOKEN).choices[0].message.audio
    chunks = stream(client, question(), tools=[WEATHER], tool_choice="required")
    assert not deltas_of(chunks) and all(chunk.choices is not None for chunk in chunks)
    assert any(choice.delta.tool_calls for chunk in chunks for choice in chunk.choices)


def test_a_stream_that_is_cut_says_so(client):
    chunks = stream(client, max_completion_tokens=60)
    finishes = [choice.finish_reason for chunk in chunks for choice in chunk.choices or [] if choice.finish_reason]
    assert finishes == ["length"] and chunks[-1].usage.completion_tokens <= 60


def test_nothing_more_is_spoken_when_the_client_has_left(standin, monkeypatch):
    spoken: list[str] = []
    speak = NonsenseSpeaking.speak

    def speak_slowly(self: Any, text: str, voice: str, speed: float) -> Any:
        for sentence in speak(self, "One. Two. Three. Four. Five. Six. Seven. Eight.", voice, speed):
            spoken.append(text)
            time.sleep(0.1)
            yield sentence

    monkeypatch.setattr(NonsenseSpeaking, "speak", speak_slowly)
    hasty = openai.OpenAI(
        base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0, timeout=openai.Timeout(0.35)
    )
    with pytest.raises(openai.APITimeoutError):
        ask(hasty, **SPOKEN)
    time.sleep(1)
    assert 1 <= len(spoken) <= 8, "of sixteen pieces"


def test_who_hears_and_who_speaks_is_said(client):
    raw = client.chat.completions.with_raw_response.create(model="gpt-audio", messages=question(), **SPOKEN)
    note = raw.headers["x-standin-note"]
    assert "sound is heard by Nonsense (no model), and the chat engine gets its words alone" in note
    assert "voice coral is spoken by a tone" in note
    assert raw.headers["x-standin-engine"] == raw.parse().model == "Nonsense (no model)", "one name is enough"


def test_answers_are_of_the_sdks_types(standin, client):
    path = f"{standin.endpoint}/openai/v1/chat/completions"
    body = {"model": "gpt-audio", "messages": question(), **SPOKEN}
    sent = openai.DefaultHttpxClient().post(path, json=body, headers={"api-key": standin.key})
    ChatCompletion.model_validate_json(sent.content, strict=True)
    assert list(sent.json()["choices"][0]["message"]) == ["annotations", "audio", "content", "refusal", "role"]
    for chunk in stream(client)[1:]:  # the first names no kind, as on the wire
        if chunk.choices is not None:
            ChatCompletionChunk.model_validate(json.loads(chunk.to_json()))


# --- refusals


def row_of(error: str) -> Any:
    (row,) = [row for row in read_rows("errors") if row["error"] == error]
    return json.loads(row["body"])["error"]


TABLED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "400_audio_chat_no_audio": ({}, []),
    "400_audio_chat_sound_to_text_model": ({"model": "gpt-5.4-mini", "messages": [*HELLO, *question()]}, []),
    "400_audio_chat_expired": (
        {
            "messages": [
                *HELLO,
                *HELLO,
                {"role": "assistant", "audio": {"id": "audio_67544060dacc8190b5bcc01f9be218e9"}},
                *HELLO,
            ]
        },
        [],
    ),
    "400_audio_chat_stream_format": ({"stream": True, **SPOKEN}, ["type", "param", "code"]),
    "400_json_schema_audio": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}, **SPOKEN},
        [],
    ),
    "400_audio_unsupported_gpt4o_transcribe": (
        {"messages": [{"role": "user", "content": [sound_part(b"no sound")]}]},
        [],
    ),
}


@pytest.mark.parametrize("error", TABLED)
def test_what_is_refused_is_refused_in_the_services_words(client, error):
    asked, ours = TABLED[error]
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, **{"model": "gpt-audio", **asked})
    told = {name: value for name, value in caught.value.body.items() if name not in ours}
    assert told == row_of(error)


@pytest.mark.parametrize("model", ["gpt-5.4-mini", "gpt-4o", "gpt-4o-audio-preview"])
def test_sound_in_a_message_that_is_not_the_users_is_refused(client, model):
    with pytest.raises(openai.BadRequestError):
        ask(client, [{"role": "system", "content": [sound_part(make_wav(1))]}, *HELLO], model)


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "voice of another model": ({"audio": {"voice": "nova", "format": "wav"}}, "'nova'. Supported values are: 'alloy'"),
    "voice of one's own": ({"audio": {"voice": {"id": "voice_1"}, "format": "wav"}}, "is not served"),
    "format of speech": ({"audio": {"voice": "coral", "format": "pcm"}}, "'pcm'. Supported values are: 'wav', 'mp3'"),
    "no format": ({"audio": {"voice": "coral"}}, "Missing required parameter: 'audio.format'"),
    "no voice": ({"audio": {"format": "wav"}}, "Missing required parameter: 'audio.voice'"),
    "no audio": ({"audio": None}, "Missing required parameter: 'audio'"),
    "audio is a word": ({"audio": "coral"}, "Invalid type for 'audio': expected an object"),
    "modalities is a word": ({"modalities": "audio"}, "Invalid type for 'modalities': expected an array"),
    "modality unknown": ({"modalities": ["text", "smell"]}, "'smell'. Supported values are: 'text' and 'audio'"),
    "sound alone": ({"modalities": ["audio"]}, r"Invalid modalities: \['audio'\]"),
    "log probabilities": ({"logprobs": True}, "'logprobs'"),
    "a spoken answer without its id": (
        {"messages": [*HELLO, {"role": "assistant", "audio": {}}, *HELLO]},
        r"Missing required parameter: 'messages\[1\].audio.id'",
    ),
    "another model speaks": ({"model": "gpt-5.4-mini"}, "'audio' is not supported with this model"),
    "another model's modalities": (
        {"model": "gpt-5.4-mini", "audio": None},
        "'modalities' does not support 'audio' with this model. Supported values are: 'text'",
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_request_is_refused_with_its_reason(client, odd):
    asked, told = ODD[odd]
    asked = {**SPOKEN, **asked}
    with pytest.raises(openai.BadRequestError, match=told):
        ask(client, **{name: value for name, value in asked.items() if value is not None})


PARTS: dict[str, tuple[Any, str]] = {
    "no sound": ({"type": "input_audio"}, r"messages\[0\].content\[0\].input_audio'"),
    "no data": ({"type": "input_audio", "input_audio": {"format": "wav"}}, "input_audio.data'"),
    "no format": ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, "input_audio.format'"),
    "a data URL": (
        {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,AAAA", "format": "wav"}},
        "Expected base64-encoded audio bytes",
    ),
    "ogg": ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}}, "are: 'wav' and 'mp3'"),
    "another format than it says": (sound_part(make_wav(1), "mp3"), "does not support the format"),
    "empty": (sound_part(b""), "does not support the format"),
    "cut off": (sound_part(make_wav(1)[:30]), "does not support the format"),
    "too short": (sound_part(make_wav(0.05)), "does not support the format"),
}


@pytest.mark.parametrize("odd", PARTS)
def test_an_odd_sound_is_refused_with_its_reason(client, odd):
    part, told = PARTS[odd]
    with pytest.raises(openai.BadRequestError, match=told):
        ask(client, [{"role": "user", "content": [part]}])


def test_a_sound_of_more_than_20_mb_is_refused(client):
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(bytes(20_000_000))
    with pytest.raises(openai.BadRequestError, match="at most 20 MB"):
        ask(client, [{"role": "user", "content": [sound_part(held.getvalue())]}])


def test_responses_take_no_model_for_sound(client):
    with pytest.raises(openai.BadRequestError, match="responses operation does not work with the specified model"):
        client.responses.create(model="gpt-audio-mini", input="Hello")


def test_pictures_are_refused_by_models_for_sound(client):
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    picture = {"type": "image_url", "image_url": {"url": pixel}}
    with pytest.raises(openai.BadRequestError, match="image_url is only supported by certain models"):
        ask(client, [{"role": "user", "content": [sound_part(make_wav(1)), picture]}])
