"""Sound in notebooks: read whole or refused, made into files, played with its words, cut at silence, captioned."""

import base64
import html
import io
import re
import struct
import tracemalloc
import wave

import numpy as np
import pytest
import srt
import webvtt
from openai.types.chat import ChatCompletion

from helpers.audio import MOST_BYTES, Sound, duration, read_sound, show_sound, sound_file
from helpers.captions import Caption, join_captions, read_captions, shift_captions, write_captions
from helpers.errors import CourseError, EvidenceError
from helpers.evidence import documented
from helpers.waves import add_noise, find_pauses, level_db, resample, split_at_silence
from tests.standin.sound.files import encode_sound

SOURCE = documented("a page", "2026-11-21")


def tone(seconds: float, rate: int = 16_000, hertz: float = 440, loud: float = 0.5) -> Sound:
    at = np.arange(round(seconds * rate)) / rate
    return Sound((loud * np.sin(2 * np.pi * hertz * at)).astype(np.float32), rate)


def silence(seconds: float, rate: int = 16_000) -> Sound:
    return Sound(np.zeros(round(seconds * rate), np.float32), rate)


def join(*sounds: Sound) -> Sound:
    return Sound(np.concatenate([one.samples for one in sounds]), sounds[0].rate)


def encode(sound: Sound, kind: str) -> bytes:
    return b"".join(encode_sound([sound.samples], kind))


def chunked_wav(data: bytes, form: bytes, told: int | None = None) -> bytes:
    """A WAV of its own form; told: the size that its header says."""
    size = len(data) if told is None else told
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body) if told is None else 36) + body


PCM16 = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)


class Spoken:
    """As an answer of audio.speech."""

    def __init__(self, content: bytes):
        self.content = content


def test_a_wav_is_read_from_whatever_holds_it(tmp_path):
    sound = tone(0.5)
    data = sound.to_wav()
    (tmp_path / "a.wav").write_bytes(data)
    for form in (data, tmp_path / "a.wav", str(tmp_path / "a.wav"), Spoken(data), bytearray(data)):
        read = read_sound(form)
        assert (read.rate, read.seconds) == (16_000, 0.5)
        assert np.abs(read.samples - sound.samples).max() < 1e-4


def spoken_chat(data: bytes | None) -> ChatCompletion:
    """A chat's answer that speaks, or one that writes."""
    told = {"id": "audio_1", "data": base64.b64encode(data or b"").decode(), "expires_at": 9, "transcript": "Hello."}
    message = {"role": "assistant", "content": None if data else "Hello.", "audio": told if data else None}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return ChatCompletion.model_validate(body)


def test_a_chats_answer_its_message_and_its_audio_are_sounds(shown):
    sound = tone(0.5)
    answer = spoken_chat(sound.to_wav())
    message = answer.choices[0].message
    for source in (answer, message, message.audio):
        assert read_sound(source).seconds == duration(source) == 0.5
        assert sound_file(source, "answer.wav")[1] == sound.to_wav()
    show_sound(answer, documented("a test"), alt=message.audio.transcript)
    assert shown[-1][1].startswith("sound: Hello. (0.5 s, wav, 16 kB)")
    pcm = spoken_chat(sound.to_wav()[44:])
    assert read_sound(pcm, rate=16_000).seconds == 0.5
    with pytest.raises(CourseError, match="was not spoken"):
        read_sound(spoken_chat(None))
    with pytest.raises(CourseError, match="list is no sound"):
        read_sound([1])


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_each_width_and_several_channels_are_read_alike(width, channels):
    sound = tone(0.1)
    top = 2 ** (8 * width - 1) - 1
    whole = (sound.samples * top).round().astype(np.int64)
    rows = [int(sample) for sample in whole for _ in range(channels)]
    packed = b"".join((row + 128 * (width == 1)).to_bytes(width, "little", signed=width > 1) for row in rows)
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((channels, width, 16_000, 0, "NONE", ""))
        file.writeframes(packed)
    read = read_sound(held.getvalue())
    assert read.seconds == 0.1 and np.abs(read.samples - sound.samples).max() < 0.01


def test_a_streamed_wav_has_its_true_length_and_so_has_one_that_is_cut_off(tmp_path):
    streamed = encode(tone(2, 24_000), "wav")
    assert streamed[4:8] == b"\xff" * 4
    assert duration(streamed) == 2.0 and read_sound(streamed).rate == 24_000
    assert duration(streamed[:-24_001]) == pytest.approx(1.5, abs=0.001)
    (tmp_path / "streamed.wav").write_bytes(streamed)
    assert [round(part.sound.seconds, 3) for part in split_at_silence(tmp_path / "streamed.wav", 5)] == [2.0]


def test_raw_pcm_is_read_where_its_rate_is_told():
    sound = tone(1, 24_000)
    assert np.abs(read_sound(encode(sound, "pcm"), rate=24_000).samples - sound.samples).max() < 1e-4
    with pytest.raises(CourseError, match="only wav, mp3, flac, ogg can be read"):
        read_sound(encode(sound, "pcm"))


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac"])
def test_compressed_sound_is_read_with_its_length_and_its_loudness(kind, tmp_path):
    data = encode(tone(3, 24_000), kind)
    (tmp_path / "talk").write_bytes(data)
    for read in (read_sound(data), read_sound(tmp_path / "talk")):
        assert read.rate == 24_000 and read.seconds == pytest.approx(3, abs=0.08)
        assert level_db(read.cut(0.5, 2.5)) == pytest.approx(-9.03, abs=0.5)
    assert duration(data) == duration(tmp_path / "talk") == pytest.approx(read_sound(data).seconds, abs=0.03)


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav"])
def test_a_file_that_was_cut_off_gives_what_is_there(kind):
    data = encode(join(*[add_noise(tone(1, 24_000), 10, seed) for seed in range(12)]), kind)
    assert 5 <= read_sound(data[: len(data) // 2]).seconds <= 7


def test_aac_is_named_and_not_read():
    with pytest.raises(CourseError, match="this is aac, and only wav, mp3, flac, ogg") as refused:
        read_sound(encode(tone(1, 24_000), "aac"))
    assert 'response_format="wav"' in str(refused.value)


@pytest.mark.parametrize("broken", [b"", b"no sound", b"RIFF....WAVE", b"RIFF\x00\x00\x00\x00WAVEfmt ", 3, None])
def test_what_is_no_sound_is_refused(broken):
    with pytest.raises(CourseError):
        read_sound(broken)


def test_an_mp3_is_as_long_as_its_frames():
    data = encode(tone(3, 24_000), "mp3")
    assert duration(data) == pytest.approx(3, abs=0.08)
    tagged = b"ID3\x04\x00\x00" + bytes([0, 0, 2, 1]) + bytes(257) + data + b"TAG" + bytes(125)
    assert duration(tagged) == duration(data)


def test_a_file_is_made_of_each_form_and_named_as_it_is(tmp_path):
    sound = tone(1)
    name, data, kind = sound_file(sound)
    assert (name, kind) == ("sound.wav", "audio/wav") and read_sound(data).seconds == 1
    mp3 = encode(tone(1, 24_000), "mp3")
    (tmp_path / "talk.mp3").write_bytes(mp3)
    assert sound_file(tmp_path / "talk.mp3") == ("talk.mp3", mp3, "audio/mpeg")
    assert sound_file(Spoken(mp3), "talk.mpga")[1] == mp3


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        (b"", "a.wav", "is empty"),
        (tone(1).to_wav(), "a", "does not end as a sound file"),
        (tone(1).to_wav(), "a.aiff", "one of .flac, .m4a"),
        (tone(1).to_wav(), "a.mp3", "holds wav, not mp3"),
        (b"plain text, and no sound", "a.wav", "holds no wav"),
        (tone(1).to_wav()[:40], "a.wav", "cannot be read"),
        (tone(0.05), "a.wav", "lasts 0.05 s"),
        (silence(1), "a.wav", "is silent"),
        (bytes(MOST_BYTES), "a.wav", "a request takes 26,214,400 in all"),
    ],
)
def test_a_file_that_the_service_would_refuse_is_not_sent(source, name, words):
    with pytest.raises(CourseError, match=words):
        sound_file(source, name)


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac"])
def test_a_compressed_file_that_is_silent_or_mislabelled_or_broken_is_not_sent(kind):
    name = {"opus": "a.ogg"}.get(kind, f"a.{kind}")
    loud, quiet = encode(tone(1, 24_000), kind), encode(silence(1, 24_000), kind)
    assert sound_file(loud, name)[1] == loud
    with pytest.raises(CourseError, match="is silent"):
        sound_file(quiet, name)
    with pytest.raises(CourseError, match=f"holds {name[2:]}, not wav"):
        sound_file(loud, "a.wav")
    with pytest.raises(CourseError, match=f"this {name[2:]} cannot be read|lasts 0.0"):
        sound_file(loud[:60], name)


def test_a_path_where_no_file_is_names_the_sounds_that_are_there(tmp_path):
    (tmp_path / "meeting.mp3").write_bytes(encode(tone(1, 24_000), "mp3"))
    (tmp_path / "notes.txt").write_text("no sound")
    for ask in (read_sound, duration, sound_file, lambda path: list(split_at_silence(path, 10))):
        with pytest.raises(CourseError, match=r"no file is at .*meetin\.mp3") as refused:
            ask(tmp_path / "meetin.mp3")
        assert "there are: meeting.mp3" in str(refused.value)
        with pytest.raises(CourseError, match="is a folder"):
            ask(str(tmp_path))
        with pytest.raises(CourseError, match="the path of a file"):
            ask(tmp_path / "nowhere" / "a.mp3")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(chunked_wav(b"", PCM16, 0xFFFFFFFF))
        file.truncate(2_000_000_000)  # of which nothing lies on the disk
    tracemalloc.start()
    with pytest.raises(CourseError, match="has 2,000,000,000 bytes, and a request takes 26,214,400"):
        sound_file(path)
    assert duration(path) == pytest.approx(1_999_999_956 / 32_000)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (struct.pack("<HHIIHH", 1, 2, 96_000, 192_000, 2, 8), bytes([0, 255] * 96_000)),
        (struct.pack("<HHIIHH", 1, 1, 4_000_000_000, 0, 2, 16), bytes(100)),
        (struct.pack("<HHIIHH", 1, 60_000, 16_000, 0, 2, 16), bytes(100)),
        (struct.pack("<HHIIHH", 1, 0, 16_000, 0, 0, 0), bytes(100)),
        (struct.pack("<HHIIHH", 0x55, 1, 16_000, 0, 2, 16), bytes(100)),
        (b"", bytes(100)),
        (PCM16, b"\x01"),
        (PCM16, b""),
    ],
)
def test_a_strange_header_is_read_or_refused_and_nothing_else(form, data, tmp_path):
    (tmp_path / "a.wav").write_bytes(chunked_wav(data, form))
    for ask in (read_sound, duration, sound_file, lambda path: list(split_at_silence(path, 1))):
        try:
            ask(tmp_path / "a.wav")
        except CourseError as refused:
            assert "\n" not in refused.args[0] or "try" in str(refused)


def test_both_channels_of_eight_bits_and_one_sample_are_read():
    both = chunked_wav(bytes([0, 255] * 9_600), struct.pack("<HHIIHH", 1, 2, 96_000, 192_000, 2, 8))
    sound = read_sound(both)
    assert (sound.rate, sound.seconds) == (96_000, 0.1) and abs(sound.samples).max() < 0.01, "their mean"
    one = read_sound(chunked_wav(b"\x00\x40", PCM16))
    assert list(one.samples) == [0.5] and one.seconds == 1 / 16_000
    assert read_sound(one.to_wav()).samples[0] == 0.5
    assert [part.seconds for part in split_at_silence(one, 10)] == [1 / 16_000]


def test_what_was_read_from_16_bits_is_written_as_it_was():
    samples = np.array([-32_768, -1, 0, 1, 32_767], "<i2").tobytes()
    assert read_sound(chunked_wav(samples, PCM16)).to_wav()[44:] == samples
    over = Sound(np.array([-2, 2], np.float32), 16_000)
    assert over.to_wav()[44:] == np.array([-32_768, 32_767], "<i2").tobytes()


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_another_rate_keeps_the_length_the_pitch_and_the_loudness(rate):
    sound = tone(1, 24_000)
    other = resample(sound, rate)
    assert other.rate == rate and other.seconds == pytest.approx(1, abs=0.001)
    heights = np.abs(np.fft.rfft(other.samples))
    assert heights.argmax() == pytest.approx(440, abs=1)
    assert level_db(other) == pytest.approx(level_db(sound), abs=0.1)
    high = resample(tone(1, 24_000, hertz=5_000), 8_000)
    assert level_db(high.cut(0.1, 0.9)) < -60, "what is too high for it is left out, and not heard as another tone"
    with pytest.raises(CourseError, match="0 samples a second"):
        resample(sound, 0)


@pytest.fixture
def shown(monkeypatch) -> list[tuple[str, str, dict]]:
    seen: list[tuple[str, str, dict]] = []
    monkeypatch.setattr("helpers.audio.show", lambda page, plain, **more: seen.append((page, plain, more)))
    return seen


def test_a_player_stands_with_its_words_and_with_whose_they_are(shown):
    mp3 = encode(tone(2, 24_000), "mp3")
    show_sound({"slow": Spoken(mp3), "quick": tone(1)}, SOURCE, alt=['"Two & two."', "A tone."])
    [(page, plain, more)] = shown
    assert plain.split("\n") == [
        f'sound: slow: "Two & two." ({duration(mp3):.1f} s, mp3, {len(mp3) / 1000:.0f} kB)',
        "sound: quick: A tone. (1.0 s, wav, 32 kB)",
        "evidence: documented · a page · 2026-11-21",
    ]
    assert more == {"evidence": "documented"}
    assert page.count("<audio controls") == 2 and 'aria-label="slow: &quot;Two &amp; two.&quot;"' in page
    assert page.count("&quot;Two &amp; two.&quot;") == 2, "seen as well as heard"
    [first, second] = re.findall(r'src="data:(audio/\w+);base64,([^"]+)"', page)
    assert first[0] == "audio/mpeg" and base64.b64decode(first[1]) == mp3
    assert second[0] == "audio/wav" and duration(base64.b64decode(second[1])) == 1


def test_a_streamed_wav_is_played_with_its_true_length(shown):
    show_sound(encode(tone(1, 24_000), "wav"), SOURCE, alt="A tone.")
    data = base64.b64decode(re.search(r'base64,([^"]+)"', shown[0][0])[1])
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8 and struct.unpack("<I", data[40:44])[0] == len(data) - 44


@pytest.mark.parametrize("alt", ["", " ", ["one", "two"], []])
def test_a_sound_without_words_is_not_shown(shown, alt):
    with pytest.raises(CourseError, match="say of each sound"):
        show_sound(tone(1), SOURCE, alt=alt)
    assert not shown


def test_a_sound_of_nobody_and_one_of_unknown_form_are_not_shown(shown):
    with pytest.raises(EvidenceError):
        show_sound(tone(1), alt="A tone.")
    with pytest.raises(CourseError, match="how to play"):
        show_sound(b"\x01\x02\x03\x04", SOURCE, alt="A tone.")
    assert not shown


# Cutting, and noise


def test_pauses_are_found_where_it_is_quiet_long_enough():
    sound = join(tone(1), silence(0.5), tone(1), silence(0.2), tone(0.5), silence(0.4))
    assert [(round(a, 2), round(b, 2)) for a, b in find_pauses(sound)] == [(1.0, 1.5), (3.2, 3.6)]
    assert len(find_pauses(sound, least_s=0.1)) == 3
    assert find_pauses(join(tone(1), tone(1, loud=0.05), tone(1)), quiet_db=-20) == [(1.0, 2.0)]
    assert find_pauses(tone(2)) == []


def test_a_long_sound_is_cut_at_its_pauses_and_nothing_is_lost():
    spoken = [tone(7.3), silence(0.6), tone(8), silence(0.6), tone(6.5), silence(0.6), tone(3)]
    whole = join(*spoken)
    parts = list(split_at_silence(whole, longest_s=10, search_s=4))
    assert np.array_equal(np.concatenate([part.sound.samples for part in parts]), whole.samples)
    assert all(part.sound.seconds <= 10 for part in parts) and len(parts) == 4
    places = [part.start_s for part in parts]
    assert [round(place, 1) for place in places] == pytest.approx([0, 7.6, 16.2, 23.3], abs=0.2)
    starts = np.cumsum([0, *[part.sound.seconds for part in parts[:-1]]])
    assert places == pytest.approx(list(starts))


def test_a_sound_without_a_pause_is_cut_all_the_same():
    parts = list(split_at_silence(tone(25), longest_s=10))
    assert len(parts) >= 3 and max(part.sound.seconds for part in parts) <= 10
    assert sum(part.sound.seconds for part in parts) == 25
    with pytest.raises(CourseError):
        list(split_at_silence(tone(1), longest_s=0))


def test_a_recording_of_two_hours_is_cut_in_the_memory_of_a_part(tmp_path):
    path, rate = tmp_path / "long.wav", 1_000
    block = (tone(50, rate, 100).samples * 32_767).astype("<i2").tobytes() + bytes(2 * 10 * rate)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        for _ in range(120):
            file.writeframes(block)
    tracemalloc.start()
    total, count = 0.0, 0
    for part in split_at_silence(path, longest_s=600, search_s=70):
        assert part.start_s == pytest.approx(total, abs=1e-6)
        assert part.start_s % 60 == pytest.approx(55, abs=5.2) or not part.start_s, "cut in a pause"
        total += part.sound.seconds
        count += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == pytest.approx(7_200) and 12 <= count <= 14
    assert peak < 4 * 660 * rate * 4, "a few parts of four bytes a sample; the whole would be 29 MB"


@pytest.mark.parametrize("snr", [20, 10, 0, -5])
def test_noise_is_as_strong_as_was_asked_for(snr):
    sound = tone(2, loud=0.3)
    noisy = add_noise(sound, snr, seed=1)
    scale = float(noisy.samples @ sound.samples / (sound.samples @ sound.samples))
    noise = noisy.samples - scale * sound.samples
    ratio = 10 * np.log10((scale * sound.samples) @ (scale * sound.samples) / (noise @ noise))
    assert ratio == pytest.approx(snr, abs=0.1) and np.abs(noisy.samples).max() <= 1
    assert np.array_equal(noisy.samples, add_noise(sound, snr, seed=1).samples)
    assert not np.array_equal(noisy.samples, add_noise(sound, snr, seed=2).samples)


def test_silence_takes_no_noise_and_has_no_level():
    with pytest.raises(CourseError, match="silent"):
        add_noise(silence(1), 10)
    assert level_db(silence(1)) == float("-inf") and level_db(tone(1, loud=1)) == pytest.approx(-3.01, abs=0.01)


# Captions

CAPTIONS = [Caption(0, 1.5, "Hello there."), Caption(3_661.042, 3_663, "One & two\n<three> --> four")]


def test_captions_are_written_as_each_kind_has_them():
    assert write_captions(CAPTIONS[:1]) == "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n"
    vtt = write_captions(CAPTIONS, "vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n01:01:01.042 --> 01:01:03.000\n")
    assert "One &amp; two\n&lt;three&gt; --&gt; four\n" in vtt


def test_captions_come_back_as_they_were_written():
    assert read_captions(write_captions(CAPTIONS, "vtt")) == CAPTIONS
    plain = [CAPTIONS[0], CAPTIONS[1]._replace(text="One & two\n<three> -> four")]
    assert read_captions(write_captions(CAPTIONS, "srt")) == plain
    assert read_captions("") == [] == read_captions("WEBVTT\n\n")


def test_captions_of_others_are_read():
    vtt = (
        "\ufeffWEBVTT - talk\r\nKind: captions\r\n\r\nNOTE a --> b\r\n\r\n"
        "first\r\n00:01.000 --> 00:02.000 align:start\r\n"
        "<v Ann>Hello &lt;you&gt;</v>\r\n\r\nSTYLE\r\n::cue {}\r\n\r\n00:00:02.000 --> 00:00:03.000\r\nBye\r\n"
    )
    assert read_captions(vtt) == [Caption(1, 2, "Hello <you>"), Caption(2, 3, "Bye")]
    with pytest.raises(CourseError, match="line 1 begins no caption: 'Just a transcript"):
        read_captions("Just a transcript.")


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("1\n00:00:00,000 -> 00:00:01,000\nHello.\n", 1),
        ("1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n2\n00:00:01 --> 00:00:02\nLost.\n", 5),
        ("1\n00:00:00,000 --> 00:00:01,000\nHello.\n\nits second line\n", 5),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\nHello.\n\nWithout times\n", 6),
        ("1\nWEBVTT\n", 1),
    ],
)
def test_a_caption_whose_times_cannot_be_read_is_not_left_out(broken, line):
    with pytest.raises(CourseError, match=f"line {line} begins no caption"):
        read_captions(broken)


def test_an_arrow_within_a_text_is_no_time():
    text = "1\n00:00:00,000 --> 00:00:01,000\nFrom A --> B,\n00:00:05,000 --> 00:00:06,000\n"
    assert read_captions(text) == [Caption(0, 1, "From A --> B,\n00:00:05,000 --> 00:00:06,000")]


AWKWARD = [*CAPTIONS, Caption(3_663, 3_664.5, "- yes\n- no"), Caption(360_000, 360_001, "Größe: 3 < 5 & 7 > 6 ¿sí?")]


def test_independent_readers_read_the_captions_that_are_written():
    told = [(one.start_s, one.end_s, one.text) for one in AWKWARD]
    heard = [
        (one.start.total_seconds(), one.end.total_seconds(), one.content.replace("->", "-->"))
        for one in srt.parse(write_captions(AWKWARD, "srt"))
    ]
    assert heard == told
    read = webvtt.from_string(write_captions(AWKWARD, "vtt"))
    assert [(one.start_in_seconds, one.end_in_seconds) for one in read] == [
        (int(begin), int(end)) for begin, end, _ in told
    ]
    assert [html.unescape(one.raw_text) for one in read] == [text for _, _, text in told]
    assert [one.start for one in read][:2] == ["00:00:00.000", "01:01:01.042"]


def test_captions_of_parts_are_joined_at_their_places_and_none_is_lost():
    first = [Caption(0, 2, "one"), Caption(2, 31, "two")]
    joined = join_captions([(30, [Caption(0, 1, "three")]), (0, first), (60, [])])
    assert joined == [Caption(0, 2, "one"), Caption(2, 30, "two"), Caption(30, 31, "three")]
    late = join_captions([(0, [Caption(30.5, 31, "late")]), (30, [])])
    assert late == [Caption(30.5, 31, "late")]


def test_captions_of_a_part_move_to_its_place():
    assert shift_captions(CAPTIONS[:1], 1_390) == [Caption(1_390, 1_391.5, "Hello there.")]


@pytest.mark.parametrize(
    "caption", [Caption(2, 1, "x"), Caption(-1, 1, "x"), Caption(0, 1, " \n "), Caption(1, 1, "x")]
)
def test_a_caption_that_cannot_be_shown_is_refused(caption):
    with pytest.raises(CourseError, match="caption 1 cannot be shown"):
        write_captions([caption])
    with pytest.raises(CourseError, match="srt or vtt"):
        write_captions([], "ass")


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF])
def test_a_recorder_that_was_killed_left_a_header_without_lengths_and_its_sound_is_read_and_split(tmp_path, told):
    data = tone(1).to_wav()[44:]
    path = tmp_path / "cut.wav"
    path.write_bytes(chunked_wav(data, PCM16, told))
    assert read_sound(path).seconds == duration(path) == 1
    assert sum(part.sound.seconds for part in split_at_silence(path, 0.4)) == pytest.approx(1)


def test_floats_and_the_extensible_form_are_read():
    sound = tone(0.2)
    floats = chunked_wav(sound.samples.astype("<f4").tobytes(), struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32))
    extensible = (
        struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 32_000, 2, 16)
        + struct.pack("<HHI", 22, 16, 4)
        + bytes.fromhex("0100000000001000800000aa00389b71")
    )
    for data in (floats, chunked_wav(sound.to_wav()[44:], extensible)):
        assert np.abs(read_sound(data).samples - sound.samples).max() < 1e-4
    with pytest.raises(CourseError, match="this wav cannot be read"):
        read_sound(chunked_wav(b"\0\0", struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16)))


def test_a_margin_before_the_beginning_is_cut_at_the_beginning():
    assert tone(1).cut(-0.2, 0.5).seconds == 0.5


def test_words_between_signs_of_less_and_more_are_no_tags():
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>if 3 < 5 and 7 > 6, <i>then</i>\n"
    assert read_captions(text)[0].text == "if 3 < 5 and 7 > 6, then"


def test_two_mp3_files_that_were_joined_last_as_long_as_both():
    one = encode(tone(1), "mp3")
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x05hello" + bytes(7)
    assert duration(tag + one + tag + one) == pytest.approx(2 * duration(one))


def test_a_pause_is_found_wherever_it_stands_and_a_file_keeps_its_name(tmp_path):
    for start in (0.1, 0.7, 1.3, 2.9):
        found = find_pauses(join(tone(start), silence(0.3), tone(0.2)), least_s=0.3)
        assert [round(end - begin, 2) for begin, end in found] == [0.3], start
    (tmp_path / "talk.wav").write_bytes(tone(0.5).to_wav())
    assert sound_file(str(tmp_path / "talk.wav"))[0] == "talk.wav"
