"""The real engines of sound, with their weights: `make test-standin`. What one says, the other hears."""

import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest

from helpers.audio import Sound, read_sound
from helpers.captions import read_captions
from helpers.settings import ROOT
from helpers.waves import add_noise
from helpers.word_errors import word_error_rate
from tests.standin import serving
from tests.standin.sound.hearing import WHISPER, Whisper
from tests.standin.sound.moonshine import MOONSHINE, Moonshine
from tests.standin.sound.speaking import KOKORO, VOICES, Kokoro
from tests.standin.sound.whisper_tiny import WHISPER_TINY, WhisperTiny
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
        fetch([*WHISPER, *WHISPER_TINY, *MOONSHINE, *KOKORO], given=weights)
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


# The small engines

SPOKEN = [
    TEXT,
    "Please bring the green ladder to the garden before the rain comes, because the roof has to be swept.",
    "My sister works in a library, where she repairs old books with thread, paper and a little glue.",
]
SMALL = {"gpt-4o-transcribe": WhisperTiny, "gpt-transcribe": Moonshine}


@pytest.fixture(scope="module")
def small(client: openai.OpenAI, weights: Path | None) -> Iterator[dict[str, openai.OpenAI]]:
    """A client for each small engine, by the deployment that it stands behind."""
    with contextlib.ExitStack() as stack:
        clients = {}
        for model, kind in SMALL.items():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(serving, "NonsenseHearing", lambda kind=kind: kind(weights))
                standin = stack.enter_context(serving.serve())
            clients[model] = openai.OpenAI(
                base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0
            )
        yield clients


@pytest.fixture(scope="module")
def sounds(client: openai.OpenAI) -> list[bytes]:
    return [
        say(client, text, voice=voice).content for text, voice in zip(SPOKEN, ("nova", "onyx", "fable"), strict=True)
    ]


@pytest.mark.parametrize("model", ["whisper", *SMALL])
def test_what_kokoro_says_is_heard_with_one_word_in_twenty_wrong_at_most(client, small, sounds, model):
    heard = [hear(small.get(model, client), sound, model=model).text for sound in sounds]
    assert word_error_rate(SPOKEN, heard).rate <= 0.05, word_error_rate(SPOKEN, heard).align()


@pytest.mark.parametrize("model", SMALL)
def test_a_small_engine_names_itself_and_says_what_it_cannot(small, sounds, model):
    raw = small[model].audio.transcriptions.with_raw_response.create(model=model, file=("a.wav", sounds[0]))
    assert raw.headers["x-standin-engine"] == SMALL[model].label
    assert raw.headers.get("x-standin-note", "") == SMALL[model].note
    assert "English" in Moonshine.note and not WhisperTiny.note


@pytest.mark.parametrize("model", SMALL)
def test_the_odds_of_a_small_engine_are_of_its_tokens_and_fall_in_noise(small, sounds, model):
    means = []
    for sound in (sounds[1], add_noise(read_sound(sounds[1]), 0, seed=1).to_wav()):
        told = hear(small[model], sound, model=model, include=["logprobs"])
        assert "".join(one.token for one in told.logprobs) == told.text and told.text
        assert all(one.logprob <= 0 for one in told.logprobs)
        means.append(sum(one.logprob for one in told.logprobs) / len(told.logprobs))
    assert means[0] > means[1]


@pytest.mark.parametrize("model", SMALL)
def test_long_sound_is_cut_at_its_pauses_and_no_sentence_is_lost(small, sounds, model):
    spoken = [read_sound(sound) for sound in sounds]
    pause = np.zeros(spoken[0].rate // 2, np.float32)
    samples = np.concatenate([part for _ in range(3) for one in spoken for part in (one.samples, pause)])
    long = Sound(samples, spoken[0].rate)
    assert long.seconds > 45
    told = hear(small[model], long.to_wav(), model=model)
    assert word_error_rate(" ".join(SPOKEN * 3), told.text).rate <= 0.07
    *deltas, done = list(hear(small[model], long.to_wav(), model=model, stream=True))
    assert "".join(event.delta for event in deltas) == done.text == told.text


def test_moonshine_hears_nothing_in_silence_and_names_no_language(small):
    told = hear(small["gpt-transcribe"], Sound(np.zeros(32_000, np.float32), 16_000).to_wav(), model="gpt-transcribe")
    assert (told.text, told.languages, told.usage.seconds) == ("", [], 2)


@pytest.mark.parametrize(("language", "letters"), [("fr", "Bonjour"), ("ar", " ")])
def test_whisper_tiny_hears_the_language_that_it_is_told_and_keeps_letters_whole(client, small, language, letters):
    """French in four seconds it takes for Persian when it is not told; in Arabic script a token is half a letter."""
    sound = say(client, "Bonjour, je voudrais savoir combien coûte le billet pour demain matin.").content
    told = hear(small["gpt-4o-transcribe"], sound, model="gpt-4o-transcribe", language=language, include=["logprobs"])
    assert letters in told.text and "\ufffd" not in told.text and (language == "fr" or not told.text.isascii())
    assert all(bytes(map(int, one.bytes)).decode() == one.token for one in told.logprobs)
    assert "".join(one.token for one in told.logprobs) == told.text


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
def test_a_moment_of_sound_is_answered_by_a_small_engine(small, sounds, model, seconds):
    moment = read_sound(sounds[0]).cut(0.5, 0.5 + seconds).to_wav()
    assert len(hear(small[model], moment, model=model).text) < 60


def test_a_program_that_has_heard_with_whisper_tiny_ends_in_good_order(client, weights):
    code = (
        "import sys, numpy; from pathlib import Path; from tests.standin.sound.whisper_tiny import _load; "
        "_load(Path(sys.argv[1])).transcribe(numpy.zeros(32_000, numpy.float32), language='en')"
    )
    [file] = fetch(WHISPER_TINY, given=weights)
    done = subprocess.run([sys.executable, "-c", code, file], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
