"""The real engines of sound, with their weights: `make test-standin`. What one says, the other hears."""

import itertools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest

from helpers.audio import Sound, read_sound
from helpers.captions import read_captions
from helpers.waves import add_noise
from tests.standin import serving
from tests.standin.sound.hearing import WHISPER, Whisper
from tests.standin.sound.speaking import KOKORO, VOICES, Kokoro
from tests.standin.weights import WeightsMissing, fetch
from tests.test_standin_engines import fetching  # noqa: F401

pytestmark = [pytest.mark.standin, pytest.mark.timeout(900)]

TEXT = "The old mill stands by the river. Every morning its wheel begins to turn before the birds wake up."


@pytest.fixture(scope="module")
def weights() -> Path | None:
    given = os.environ.get("STANDIN_WEIGHTS")
    return Path(given) if given else None


@pytest.fixture(scope="module")
def client(fetching: None, weights: Path | None) -> Iterator[openai.OpenAI]:  # noqa: F811
    try:
        fetch([*WHISPER, *KOKORO], given=weights)
    except WeightsMissing as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "NonsenseHearing", lambda: Whisper(weights))
        patch.setattr(serving, "NonsenseSpeaking", lambda: Kokoro(weights))
        with serving.serve() as standin:
            yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def wrong_words(said: str, heard: str) -> int:
    """Words to change, add or leave out until the one is the other."""
    row = list(range(len(words(heard)) + 1))
    for i, one in enumerate(words(said), 1):
        last, row[0] = row[0], i
        for j, other in enumerate(words(heard), 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
    return row[-1]


def say(client: openai.OpenAI, text: str = TEXT, **more):
    return client.audio.speech.create(
        **{"model": "gpt-4o-mini-tts", "voice": "nova", "input": text, "response_format": "wav", **more}
    )


def hear(client: openai.OpenAI, sound: bytes, name: str = "a.wav", **more):
    return client.audio.transcriptions.create(**{"model": "whisper", "file": (name, sound), **more})


@pytest.fixture(scope="module")
def spoken(client: openai.OpenAI) -> bytes:
    return say(client).content


@pytest.mark.parametrize("voice", VOICES)
def test_what_a_voice_says_is_heard_with_one_wrong_word_at_most(client, voice):
    answer = say(client, voice=voice)
    assert answer.response.headers["x-standin-note"] == f"voice {voice} is spoken by {VOICES[voice]}"
    assert answer.response.headers["x-standin-engine"] == "Kokoro-82M int8"
    assert wrong_words(TEXT, hear(client, answer.content).text) <= 1


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac"])
def test_every_format_is_understood(client, kind):
    name = {"opus": "a.ogg", "aac": "a.mp4"}.get(kind, f"a.{kind}")
    assert wrong_words(TEXT, hear(client, say(client, response_format=kind).content, name).text) <= 1


def test_speed_is_kept_also_beyond_what_the_engine_takes_itself(client):
    text = "The old mill stands by the river."
    sounds = {speed: say(client, text, speed=speed, response_format="wav").content for speed in (0.4, 1, 4)}
    seconds = {speed: read_sound(sound).seconds for speed, sound in sounds.items()}
    for speed, length in seconds.items():
        assert length == pytest.approx(seconds[1] / speed, rel=0.2)
    assert wrong_words(text, hear(client, sounds[0.4]).text) <= 1


def test_the_first_sound_comes_before_the_last_is_made(client):
    text = "One. Two. Three. Four. Five."
    start, times = time.monotonic(), []
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="nova", input=text, response_format="pcm"
    ) as answer:
        for _ in answer.iter_bytes():
            times.append(time.monotonic() - start)
    assert times[0] < times[-1] / 2


def test_times_rise_and_words_join_to_the_text(client, spoken):
    told = hear(
        client, spoken, response_format="verbose_json", timestamp_granularities=["word", "segment"], language="en"
    )
    assert told.language == "english" and told.duration == pytest.approx(read_sound(spoken).seconds, abs=0.01)
    starts = [one.start for one in told.words]
    assert starts == sorted(starts) and all(0 <= one.start <= one.end <= told.duration + 0.1 for one in told.words)
    assert words(" ".join(one.word for one in told.words)) == words(told.text)
    assert all(one.tokens and one.avg_logprob < 0 for one in told.segments)
    second = next(one for one in told.words if one.word.lower() == "every")
    rest = read_sound(spoken).cut(second.start - 0.1, told.duration)
    heard = hear(client, rest.to_wav(), language="en").text
    assert wrong_words(TEXT.partition(". ")[2], heard) <= 1, "from that time on the second sentence is heard"


def test_captions_are_read_back(client, spoken):
    for kind in ("srt", "vtt"):
        captions = read_captions(hear(client, spoken, response_format=kind))
        assert wrong_words(TEXT, " ".join(one.text for one in captions)) <= 1
        assert all(one.start_s < one.end_s for one in captions)


def test_tokens_join_to_the_text_and_noise_makes_them_less_likely(client, spoken):
    clear = hear(client, spoken, model="gpt-4o-mini-transcribe", include=["logprobs"])
    assert "".join(one.token for one in clear.logprobs) == clear.text
    noisy = add_noise(read_sound(spoken), 0, seed=1).to_wav()
    told = hear(client, noisy, model="gpt-4o-mini-transcribe", include=["logprobs"])
    mean = [sum(one.logprob for one in answer.logprobs) / len(answer.logprobs) for answer in (clear, told)]
    assert mean[0] > mean[1]


def test_letters_of_several_tokens_are_told_whole(client):
    answer = hear(
        client, say(client, "Naïve café déjà vu.").content, model="gpt-4o-mini-transcribe", include=["logprobs"]
    )
    assert "".join(one.token for one in answer.logprobs) == answer.text
    assert all(bytes(map(int, one.bytes)).decode() == one.token for one in answer.logprobs)


def test_a_stream_says_what_an_answer_at_once_says(client, spoken):
    *deltas, done = list(hear(client, spoken, model="gpt-4o-mini-transcribe", stream=True))
    assert "".join(event.delta for event in deltas) == done.text
    assert done.text == hear(client, spoken, model="gpt-4o-mini-transcribe").text


def test_the_same_request_gets_the_same_answer(client, spoken):
    assert say(client).content == spoken
    assert hear(client, spoken).text == hear(client, spoken).text


def test_where_sound_is_cut_at_pauses_silence_says_nothing(client, spoken):
    rate = read_sound(spoken).rate
    quiet = Sound(np.random.default_rng(1).normal(0, 1e-4, 3 * rate).astype(np.float32), rate).to_wav()
    answer = hear(client, quiet, model="gpt-4o-mini-transcribe", chunking_strategy="auto")
    assert (answer.text, answer.usage.input_token_details.audio_tokens) == ("", 30)
    assert wrong_words(TEXT, hear(client, spoken, model="gpt-4o-mini-transcribe", chunking_strategy="auto").text) <= 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Buenos días, me gustaría saber cuánto cuesta el billete para mañana por la mañana.", "spanish"),
        ("Bonjour, je voudrais savoir combien coûte le billet pour demain matin.", "french"),
        ("Bom dia, eu gostaria de saber quanto custa a passagem para amanhã de manhã.", "portuguese"),
    ],
)
def test_other_languages_are_spoken_recognised_and_translated(client, text, language):
    answer = say(client, text, voice="alloy")
    assert answer.response.headers["x-standin-note"].endswith(f"by af_alloy, in {language.title()}")
    told = hear(client, answer.content, response_format="verbose_json")
    assert told.language == language and wrong_words(text, told.text) <= 1
    english = client.audio.translations.create(model="whisper", file=("a.wav", answer.content)).text
    assert {"know", "morning"} <= set(words(english)), "in English, though Whisper base loses words of it"


def test_two_voices_in_turn_are_two_speakers_and_one_is_one(client):
    lines = [("onyx", "Good morning, did the boxes arrive?"), ("nova", "Yes, they came on Tuesday, two days late.")]
    lines += [("onyx", "Then I will ask the driver about that."), ("nova", "Please do, and tell me what he says.")]
    spoken = [read_sound(say(client, text, voice=voice).content) for voice, text in lines]
    pause = np.zeros(spoken[0].rate // 2, np.float32)

    def tell(sounds: list[Sound]) -> list[str]:
        joined = Sound(np.concatenate([part for sound in sounds for part in (sound.samples, pause)]), sounds[0].rate)
        answer = hear(
            client, joined.to_wav(), model="gpt-4o-transcribe-diarize", response_format="diarized_json",
            chunking_strategy="auto",
        )  # fmt: skip
        return [speaker for speaker, _ in itertools.groupby(one.speaker for one in answer.segments)]

    assert tell(spoken) == ["A", "B", "A", "B"]
    assert tell(spoken[::2]) == ["A"]


def test_a_prompt_hints_at_a_spelling(client):
    sound = say(client, "The talk is given by Aisling Byrne.").content
    assert "Aisling" in hear(client, sound, prompt="Speakers: Aisling Byrne, Siobhan Kelly.").text
