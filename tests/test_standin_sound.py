"""The stand-in's sound: the wire is Azure's, whoever hears and speaks."""

import base64
import io
import itertools
import json
import sys
import time
import wave

import anyio
import av
import httpx2
import numpy as np
import openai
import pytest
from starlette.concurrency import iterate_in_threadpool

from tests.standin import Standin, serve
from tests.standin.sound.files import CONTENT_TYPES, HEARD_HZ, SPOKEN_HZ, decode_sound, encode_sound
from tests.standin.sound.hearing import Asked, Segment, Turn, Whisper, Word
from tests.standin.sound.languages import LANGUAGES
from tests.standin.sound.speakers import Stretch
from tests.standin.sound.speakers import tell_speakers as number_speakers
from tests.standin.sound.speaking import VOICES, Kokoro, split_sentences
from tests.standin.sound.spoken_language import tell_language
from tests.standin.speech import ROUTES as SPEECH_ROUTES
from tests.standin.transcriptions import ROUTES, hear_alone
from tests.standin.transcripts import tell_speakers

TEXT = "The red kite flies over the old mill. It sees a mouse."
SIX = ["alloy", "echo", "fable", "onyx", "nova", "shimmer"]


def make_wav(seconds: float, rate: int = 16_000) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * round(seconds * rate)))
    return held.getvalue()


@pytest.fixture(scope="module")
def dated(standin: Standin) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2025-04-01-preview", max_retries=0
    )


@pytest.fixture(scope="module")
def spoken(client) -> bytes:
    return client.audio.speech.create(model="gpt-4o-mini-tts", voice="nova", input=TEXT).content


def hear(client, sound=None, model="whisper", name="question.mp3", **more):
    return client.audio.transcriptions.create(model=model, file=(name, sound or make_wav(2)), **more)


def say(client, model="gpt-4o-mini-tts", **more):
    return client.audio.speech.create(**{"model": model, "voice": "alloy", "input": TEXT, **more})


# Speech


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_speech_comes_in_each_format_and_is_as_long_as_the_text(client, kind):
    answer = say(client, response_format=kind)
    assert answer.response.headers["content-type"] == CONTENT_TYPES[kind]
    seconds = len(answer.content) / 2 / SPOKEN_HZ if kind == "pcm" else decode_sound(answer.content).seconds
    assert seconds == pytest.approx(len(TEXT) / 14 + 0.5, abs=0.2)


def test_formats_differ_in_size_as_compression_does(client):
    sizes = {kind: len(say(client, response_format=kind).content) for kind in CONTENT_TYPES}
    assert sizes["wav"] == sizes["pcm"] + 44
    assert max(sizes["opus"], sizes["aac"]) < sizes["mp3"] < sizes["wav"] / 2


def test_an_mp3_begins_as_the_services_does(spoken):
    assert spoken[:4] == b"\xff\xf3\xe4\xc4"  # of a recorded answer: MPEG-2, layer 3, 160 kbit/s, 24 kHz, mono


def test_a_wav_is_sent_before_its_length_is_known(client):
    data = say(client, response_format="wav").content
    assert data[:4] == b"RIFF" and data[4:8] == data[40:44] == b"\xff" * 4
    with av.open(io.BytesIO(data)) as opened:
        assert opened.streams.audio[0].rate == SPOKEN_HZ


def test_the_note_names_who_speaks_and_what_has_no_effect(client):
    headers = say(client, instructions="Whisper.").response.headers
    assert headers["x-standin-note"] == "voice alloy is spoken by a tone; instructions have no effect"
    assert headers["x-standin-engine"] == "Nonsense (no model)"
    assert "instructions" not in say(client).response.headers["x-standin-note"]


def test_characters_are_billed_of_the_older_models_in_a_header(client):
    assert say(client, "tts", input="hello, world!").response.headers["csp-billing-usage"] == (
        "CognitiveServices.OpenAI.TextToSpeech=13"
    )
    assert "csp-billing-usage" not in say(client).response.headers


def test_speed_changes_the_length(client):
    lengths = [decode_sound(say(client, speed=speed, response_format="wav").content).seconds for speed in (0.5, 1, 4)]
    assert lengths[0] == pytest.approx(2 * lengths[1], rel=0.02) and lengths[2] == pytest.approx(
        lengths[1] / 4, rel=0.02
    )


def test_every_voice_of_a_model_speaks_and_each_otherwise(client):
    voices = {voice: say(client, voice=voice, input="Hello.").content for voice in VOICES}
    assert len(set(voices.values())) == len(VOICES) == 13
    for voice in SIX:
        assert say(client, "tts-hd", voice=voice, input="Hello.").content == voices[voice]


def test_a_text_without_a_word_gives_silence(client):
    data = say(client, input="...!", response_format="wav").content
    assert decode_sound(data).seconds == pytest.approx(0.25) and not any(data[44:])


def test_events_carry_the_sound_in_parts_and_end_with_its_tokens(client):
    whole = say(client, response_format="wav").content
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input=TEXT, response_format="wav", stream_format="sse"
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"} and len(deltas) > 5
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == whole
    usage = done["usage"]
    assert done["type"] == "speech.audio.done" and usage["input_tokens"] == len(TEXT.split())
    assert usage["output_tokens"] == pytest.approx(20 * decode_sound(whole).seconds, abs=1)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"voice": "bob"}, "('body', 'voice'), 'msg': \"Input should be 'alloy', 'ash'"),
        ({"model": "tts", "voice": "marin"}, "'fable', 'onyx', 'nova' or 'shimmer'"),
        ({"speed": 4.01}, "Input should be less than or equal to 4"),
        ({"speed": 0.2}, "Input should be greater than or equal to 0.25"),
        ({"input": ""}, "String should have at least 1 character"),
        ({"response_format": "ogg"}, "'mp3', 'opus', 'aac', 'flac', 'wav' or 'pcm'"),
        ({"model": "tts-hd", "stream_format": "sse"}, "'stream_format' does not support 'sse' with this model"),
        ({"model": "whisper"}, "speech operation does not work with the specified model, whisper"),
        ({"voice": {"id": "voice_1"}}, "not served by this stand-in"),
    ],
)
def test_what_a_speaking_model_does_not_take_is_refused(client, asked, words):
    with pytest.raises(openai.BadRequestError) as refused:
        say(client, **asked)
    assert words in refused.value.message


def test_4096_characters_are_code_points_and_one_more_is_too_many(client):
    assert say(client, input="a" + "é" * 4_095, speed=4, response_format="pcm").content
    with pytest.raises(openai.BadRequestError) as refused:
        say(client, input="a" + "é" * 4_096)
    assert refused.value.response.json()["error"]["message"] == (
        "[{'type': 'string_too_long', 'loc': ('body', 'input'), "
        "'msg': 'String should have at most 4096 characters', 'ctx': {'max_length': 4096}}]"
    )


def test_sentences_are_spoken_one_by_one():
    text = 'He said: "Go away!" Did she? Yes…\nThen silence.'
    assert split_sentences(text) == ['He said: "Go away!"', "Did she?", "Yes…", "Then silence."]
    assert split_sentences(" - \n ... ") == []
    assert split_sentences("It costs 3.50 dollars") == ["It costs 3.50 dollars"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The old mill stands by the river.", "en"),
        ("Buenos días, me gustaría saber cuánto cuesta el billete para mañana.", "es"),
        ("Bonjour, je voudrais savoir combien coûte le billet pour demain.", "fr"),
        ("Buongiorno, vorrei sapere quanto costa il biglietto per domani.", "it"),
        ("Bom dia, eu gostaria de saber quanto custa a passagem para amanhã.", "pt"),
        ("Kokoro", "en"),
        ("42!", "en"),
    ],
)
def test_the_language_of_a_text_is_told_by_its_small_words(text, language):
    assert tell_language(text) == language


# Transcriptions


def test_the_same_sound_is_heard_alike_and_another_otherwise(client, spoken):
    first, again, other = hear(client, spoken).text, hear(client, spoken).text, hear(client, make_wav(4)).text
    assert first == again != other and other


def test_each_model_counts_as_it_is_billed(client):
    sound = make_wav(3.86)
    assert hear(client, sound).usage.to_dict() == {"type": "duration", "seconds": 4}
    for model in ("gpt-4o-transcribe", "gpt-4o-mini-transcribe"):
        answer = hear(client, sound, model, prompt="two words")
        usage = answer.usage
        assert usage.type == "tokens" and usage.input_token_details.to_dict() == {"audio_tokens": 38, "text_tokens": 2}
        assert usage.input_tokens == 40 and usage.output_tokens == len(answer.text.split()) + 2
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    told = hear(client, sound, "gpt-transcribe")
    assert told.usage.to_dict() == {"type": "duration", "seconds": 4}
    assert [one.code for one in told.languages] == ["en"] and hear(client, sound, "gpt-4o-transcribe").languages is None
    raw = client.audio.transcriptions.with_raw_response.create(model="whisper", file=("a.wav", sound))
    assert raw.headers["csp-billing-usage"] == "CognitiveServices.OpenAI.Whisper=4"


def test_gpt_transcribe_takes_keywords_and_languages_and_names_the_language_at_the_end_of_a_stream(client):
    about = {"keywords": ["Kittiwake"], "languages": ["en", "fr"], "include": ["logprobs"]}
    told = hear(client, model="gpt-transcribe", **about)
    assert "".join(one.token for one in told.logprobs) == told.text
    events = list(hear(client, model="gpt-transcribe", stream=True, **about))
    assert [one.code for one in events[-1].languages] == ["en"] and events[-1].usage.type == "duration"
    assert "".join(one.delta for one in events[:-1]) == events[-1].text == told.text


def test_captions_are_numbered_timed_and_complete(client):
    sound = make_wav(61)
    text = hear(client, sound).text
    srt, vtt = (hear(client, sound, response_format=kind) for kind in ("srt", "vtt"))
    blocks = [block.split("\n") for block in srt.strip().split("\n\n")]
    assert [block[0] for block in blocks] == [str(number) for number in range(1, len(blocks) + 1)]
    assert blocks[0][1].startswith("00:00:00,000 --> 00:00:0") and blocks[-1][1].endswith("--> 00:01:01,000")
    assert " ".join(block[2] for block in blocks) == text
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> ") and "\n1\n" not in vtt
    assert srt.replace(",", ".").replace("\n", "").count("-->") == vtt.count("-->")


def test_plain_text_ends_with_a_line_and_is_text(client):
    raw = client.audio.transcriptions.with_raw_response.create(
        model="gpt-4o-mini-transcribe", file=("a.wav", make_wav(1)), response_format="text"
    )
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.content.decode() == hear(client, make_wav(1)).text + "\n"


def test_verbose_answers_have_segments_or_words_as_they_are_asked_for(client):
    sound = make_wav(9)
    plain = hear(client, sound, response_format="verbose_json")
    assert (plain.language, plain.words, plain.duration) == ("english", None, 9.0)
    assert "".join(one.text for one in plain.segments).strip() == plain.text
    assert plain.segments[0].end == plain.segments[1].start and plain.segments[-1].end == 9.0
    words = hear(client, sound, response_format="verbose_json", timestamp_granularities=["word"])
    assert words.segments is None and [one.word for one in words.words] == words.text.replace(".", "").split()
    both = hear(client, sound, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert both.words and both.segments


def test_log_probabilities_join_to_the_text_where_the_field_has_its_brackets(client, standin):
    answer = hear(client, model="gpt-4o-mini-transcribe", include=["logprobs"])
    assert "".join(one.token for one in answer.logprobs) == answer.text
    assert all(bytes(map(int, one.bytes)).decode() == one.token and one.logprob <= 0 for one in answer.logprobs)
    form = {"model": "gpt-4o-mini-transcribe", "include": "logprobs"}
    with httpx2.Client(verify=False) as http:
        told = http.post(
            f"{standin.endpoint}/openai/v1/audio/transcriptions",
            headers={"api-key": standin.key},
            data=form,
            files={"file": ("a.wav", make_wav(2))},
        ).json()
    assert told["text"] == answer.text and "logprobs" not in told


def test_a_stream_brings_the_text_in_deltas_and_whole_at_its_end(client):
    whole = hear(client, model="gpt-4o-mini-transcribe")
    *deltas, done = list(hear(client, model="gpt-4o-mini-transcribe", stream=True, include=["logprobs"]))
    assert {event.type for event in deltas} == {"transcript.text.delta"} and len(deltas) > 3
    assert "".join(event.delta for event in deltas) == done.text == whole.text
    assert [event.logprobs[0].token for event in deltas] == [event.delta for event in deltas]
    assert done.type == "transcript.text.done" and done.usage.to_dict() == whole.usage.to_dict()


def test_whisper_takes_stream_and_answers_whole(client):
    raw = client.audio.transcriptions.with_raw_response.create(
        model="whisper", file=("a.wav", make_wav(1)), extra_body={"stream": "true"}
    )
    assert raw.headers["content-type"] == "application/json"


def test_a_translation_is_told_as_one(client):
    answer = client.audio.translations.create(
        model="whisper", file=("a.wav", make_wav(3)), response_format="verbose_json"
    )
    assert answer.text != hear(client, make_wav(3)).text
    assert answer.to_dict()["task"] == "translate"


def test_a_translation_knows_no_log_probabilities(client):
    raw = client.audio.translations.with_raw_response.create(
        model="whisper", file=("a.wav", make_wav(3)), extra_body={"include[]": "logprobs", "chunking_strategy": "x"}
    )
    assert sorted(json.loads(raw.content)) == ["text", "usage"]


def test_a_higher_temperature_draws_anew_and_zero_does_not(client):
    sound = make_wav(5, 8_000)
    assert len({hear(client, sound, temperature=0.8).text for _ in range(3)}) == 3
    assert len({hear(client, sound, temperature=0).text for _ in range(3)}) == 1


@pytest.mark.parametrize("model", ["whisper", "gpt-4o-mini-transcribe"])
def test_prompt_and_language_reach_the_engine(client, model):
    plain, hinted = hear(client, model=model).text, hear(client, model=model, prompt="Names: Ada, Grace.").text
    assert plain != hinted
    told = hear(client, response_format="verbose_json", language="de")
    assert told.language == "german" and LANGUAGES["de"] == "german" and len(LANGUAGES) == 99


DIARIZE = "gpt-4o-transcribe-diarize"


@pytest.mark.parametrize(
    ("model", "asked", "code", "words"),
    [
        ("gpt-4o-mini-transcribe", {"response_format": "verbose_json"}, "unsupported_value", "Use 'json' or 'text'"),
        ("gpt-4o-mini-transcribe", {"response_format": "srt"}, "unsupported_value", "'srt' is not compatible with"),
        ("gpt-transcribe", {"response_format": "text"}, "unsupported_value", "'text' is not compatible with"),
        ("gpt-transcribe", {"timestamp_granularities": ["word"]}, "unsupported_parameter", "'timestamp_granularities'"),
        ("gpt-4o-transcribe", {"keywords": ["x"]}, "unsupported_parameter", "'keywords'"),
        ("whisper", {"languages": ["en"]}, "unsupported_parameter", "'languages'"),
        (DIARIZE, {"response_format": "vtt", "chunking_strategy": "auto"}, "unsupported_value", "'vtt' is not"),
        (DIARIZE, {}, "invalid_value", "chunking_strategy is required for diarization models"),
        (DIARIZE, {"prompt": "x", "chunking_strategy": "auto"}, None, "Prompt is not supported for diarization models"),
        (DIARIZE, {"include": ["logprobs"], "chunking_strategy": "auto"}, "unsupported_parameter", "'include'"),
        (
            "gpt-4o-mini-transcribe",
            {"timestamp_granularities": ["word"]},
            "unsupported_parameter",
            "'timestamp_granularities'",
        ),
        ("whisper", {"timestamp_granularities": ["word"]}, "invalid_value", "verbose_json"),
        ("whisper", {"language": "english"}, "invalid_language_format", "Invalid language 'english'. Language"),
        ("whisper", {"temperature": 1.5}, None, "1.5 is greater than the maximum of 1"),
        ("whisper", {"include": ["logprobs"]}, "unsupported_parameter", "'include'"),
        ("whisper", {"response_format": "yaml"}, "invalid_value", "'yaml'"),
        ("whisper", {"name": "a.bin"}, "unsupported_value", "Unsupported file format bin"),
        ("whisper", {"name": "audio"}, "unsupported_format", "Unrecognized file format"),
        ("whisper", {"sound": b"no sound at all"}, "invalid_value", "Audio file might be corrupted or unsupported"),
        ("whisper", {"sound": make_wav(0.05)}, "audio_too_short", "Minimum audio length is 0.1 seconds"),
        ("gpt-4o", {}, "OperationNotSupported", "does not work with the specified model, gpt-4o"),
        ("tts", {}, "OperationNotSupported", "does not work with the specified model, tts"),
    ],
)
def test_what_a_hearing_model_does_not_take_is_refused(client, model, asked, code, words):
    with pytest.raises(openai.BadRequestError) as refused:
        hear(client, model=model, **asked)
    assert words in refused.value.message and refused.value.code == code


def test_an_empty_file_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="corrupted or unsupported"):
        client.audio.transcriptions.create(model="whisper", file=("a.mp3", b""))


def test_speakers_have_letters_and_their_segments_join_to_the_text(client):
    raw = client.audio.transcriptions.with_raw_response.create(
        model=DIARIZE,
        file=("a.wav", make_wav(20)),
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad"},
    )
    told = raw.parse()
    assert "".join(one.text for one in told.segments).strip() == told.text.replace(".", "")
    assert {one.speaker for one in told.segments} == {"A", "B"} and told.segments[0].speaker == "A"
    assert [one.id for one in told.segments] == [f"seg_{n}" for n in range(len(told.segments))]
    assert all(one.end <= other.start + 0.01 for one, other in itertools.pairwise(told.segments))
    assert (told.task, told.duration, told.usage.type) == ("transcribe", 20.0, "tokens")
    assert raw.headers["x-standin-note"] == "speakers drawn by lot"


def test_a_stream_tells_its_speakers_at_last(client):
    asked = {"response_format": "diarized_json", "chunking_strategy": "auto"}
    *events, done = list(hear(client, make_wav(12), DIARIZE, stream=True, **asked))
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert segments == events[-len(segments) :] and {one.speaker for one in segments} == {"A", "B"}
    whole = hear(client, make_wav(12), DIARIZE, **asked)
    assert [one.to_dict() for one in segments] == [one.to_dict() for one in whole.segments]
    assert done.text == whole.text


def test_words_go_to_who_speaks_then_or_nearest_to_then():
    words = [Word(" One", 0, 0.5), Word(" two.", 0.5, 1), Word(" Three", 1.4, 1.9), Word(" four", 2.6, 3)]
    turns = [Turn(0, 1.1, 0), Turn(1.5, 2, 1), Turn(2, 2.4, 27)]
    told = tell_speakers([Segment("", 0, 3, words)], turns)
    assert [(one["speaker"], one["text"], one["start"], one["end"]) for one in told] == [
        ("A", " One two.", 0, 1),
        ("B", " Three", 1.4, 1.9),
        ("AB", " four", 2.6, 3),
    ]
    same = tell_speakers([Segment("", 0, 3, words)], [])
    assert [one["text"] for one in same] == [" One two.", " Three four"], "a sentence ends a segment"


def hum(pitch: float, colour: float, seconds: float = 1.5):
    """A hum with overtones: as high as a voice, and as dark or bright as `colour` (Hz) says."""
    at = np.arange(round(seconds * HEARD_HZ)) / HEARD_HZ
    overtones = [np.exp(-n * pitch / colour) * np.sin(2 * np.pi * n * pitch * at) for n in range(1, 20)]
    return (0.1 * np.sum(overtones, 0) + np.random.default_rng(1).normal(0, 0.001, len(at))).astype(np.float32)


LOW, HIGH, BRIGHT = (110, 900), (210, 900), (110, 4_000)


@pytest.mark.parametrize(
    ("voices", "told"),
    [
        ([LOW, HIGH, LOW, HIGH], [0, 1, 0, 1]),
        ([LOW, BRIGHT, BRIGHT, LOW], [0, 1, 1, 0]),
        ([HIGH, LOW, BRIGHT, HIGH], [0, 1, 2, 0]),
        ([LOW, LOW, LOW], [0, 0, 0]),
        ([LOW], [0]),
        ([], []),
        ([LOW, (*HIGH, 0.4), HIGH, (*LOW, 0.3)], [0, 1, 1, 0]),
        ([(*LOW, 0.4), (*HIGH, 0.4)], [0, 0]),
    ],
)
def test_speakers_are_told_apart_by_pitch_and_spectrum(voices, told):
    sounds = [hum(*voice) for voice in voices]
    ends = np.cumsum([0, *[len(sound) for sound in sounds]]) / HEARD_HZ
    stretches = [Stretch(start, end) for start, end in itertools.pairwise(ends)]
    assert number_speakers(np.concatenate([np.zeros(0, np.float32), *sounds]), stretches) == told


def test_a_wrong_language_is_refused_with_a_usage_of_nothing(client):
    with pytest.raises(openai.BadRequestError) as refused:
        hear(client, language="klingon")
    assert refused.value.response.json()["usage"] == {"type": "duration", "seconds": 0}


def test_only_whisper_translates(client):
    with pytest.raises(openai.BadRequestError, match="translation operation does not work"):
        client.audio.translations.create(model="gpt-4o-mini-transcribe", file=("a.wav", make_wav(1)))


def test_the_whole_body_counts_for_the_limit_of_25_megabytes(client):
    room = 26_214_400 - 600  # the form's own lines take some hundred bytes
    with pytest.raises(openai.BadRequestError, match="corrupted"):  # it was read, and is no sound
        hear(client, b"x" * room)
    with pytest.raises(openai.APIStatusError) as refused:
        hear(client, b"x" * 26_214_400)
    assert refused.value.status_code == 413
    error = refused.value.response.json()["error"]
    assert error["type"] == "server_error"
    assert error["message"].startswith("Maximum content size limit (26214400) exceeded (262146")


def test_gpt_4o_models_hear_1400_seconds_and_whisper_more(client):
    long = make_wav(1_401, 4_000)
    with pytest.raises(openai.BadRequestError) as refused:
        hear(client, long, "gpt-4o-mini-transcribe")
    error = refused.value.response.json()["error"]
    assert error["message"] == (
        "audio duration 1401.000000 seconds is longer than 1400 seconds which is the maximum for this model"
    )
    assert (error["param"], error["code"]) == (None, "invalid_value")
    assert hear(client, long).usage.seconds == 1_401


def test_a_body_that_is_no_form_is_refused(standin):
    with httpx2.Client(verify=False) as http:
        told = http.post(
            f"{standin.endpoint}/openai/v1/audio/transcriptions", headers={"api-key": standin.key}, json={}
        )
        empty = http.post(
            f"{standin.endpoint}/openai/v1/audio/transcriptions",
            headers={"api-key": standin.key},
            data={"model": "whisper"},
            files={"other": ("a.wav", b"x")},
        )
    assert told.status_code == 400 and "multipart/form-data" in told.json()["error"]["message"]
    assert empty.json()["error"]["message"] == "Missing required parameter: 'file'."


def test_the_dated_api_answers_as_v1_does(client, dated, spoken):
    assert dated.audio.speech.create(model="gpt-4o-mini-tts", voice="nova", input=TEXT).content == spoken
    assert hear(dated, spoken) == hear(client, spoken)
    assert dated.audio.translations.create(model="whisper", file=("a.mp3", spoken)).text
    with pytest.raises(openai.NotFoundError):
        hear(dated, spoken, "nobody")


def test_sound_has_a_route_in_both_forms():
    paths = {route.path for route in [*ROUTES, *SPEECH_ROUTES]}
    assert {path.rpartition("/")[2] for path in paths} == {"transcriptions", "translations", "speech"}
    assert len(paths) == 6


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac", "wav"])
def test_what_is_encoded_is_decoded_again(kind):
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(SPOKEN_HZ) / SPOKEN_HZ)).astype(np.float32)
    heard = decode_sound(b"".join(encode_sound([tone, tone], kind)))
    assert heard.seconds == pytest.approx(2, abs=0.11)
    middle = heard.samples[8_000:24_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440, abs=2)
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_without_its_weights_an_engine_says_so_once_and_the_rest_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr("tests.standin.serving.NonsenseHearing", lambda: Whisper(folder=tmp_path / "weights"))
    monkeypatch.setattr("tests.standin.serving.NonsenseSpeaking", lambda: Kokoro(folder=tmp_path / "weights"))
    with serve() as standin, openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key) as client:
        for ask in (hear, hear, say):  # twice: nobody waits for a turn that is never given back
            with pytest.raises(openai.InternalServerError) as refused:
                ask(client)
            assert refused.value.status_code == 503 and "cannot be started: the package" in refused.value.message
        assert "Whisper base int8 cannot answer." in capsys.readouterr().out
        assert client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}]).choices
        assert len(standin.requests) == 4, "not asked again: it would not help"


def test_who_was_never_listened_to_keeps_nobody_waiting(monkeypatch, tmp_path):
    """A client may leave before the first segment: the engine is free again all the same."""
    engine = Whisper(folder=tmp_path)
    monkeypatch.setattr(engine, "begin", lambda sound, asked: ("en", iter([])))
    sound = decode_sound(make_wav(1))
    for leave in (lambda heard: heard.close(), lambda heard: None, list):
        _, heard = engine.hear(sound, Asked())
        assert engine._turn.locked()
        leave(heard)
        del heard
        assert not engine._turn.locked()


def test_a_missing_program_is_told_too(monkeypatch, tmp_path):
    monkeypatch.setattr("tests.standin.sound.hearing.fetch", lambda *told: [])
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ImportError):
        Whisper(folder=tmp_path).hear(decode_sound(make_wav(1)), Asked())


def test_more_listeners_than_threads_are_all_answered():
    """Who waits for the engine may not take the thread that the one before needs to go on."""

    class Slow(Whisper):
        def begin(self, sound, asked):
            return "en", self.crawl()

        def crawl(self):
            for _ in range(2):
                time.sleep(0.002)
                yield Segment("word", 0, 1)

    engine, answered = Slow(None, print), []

    async def listen() -> None:
        _, segments = await hear_alone(engine, None, Asked())
        answered.append([one async for one in iterate_in_threadpool(segments)])

    async def crowd() -> None:
        with anyio.move_on_after(10):
            async with anyio.create_task_group() as group:
                for _ in range(60):
                    group.start_soon(listen)

    anyio.run(crowd)
    assert len(answered) == 60
