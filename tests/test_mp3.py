"""MP3 files frame by frame: lengths, cuts and quiet places without decoding, whatever else stands in the file."""

import io
import itertools
import random
import time
import tracemalloc

import numpy as np
import pytest
import soundfile

from helpers.audio import Sound, duration, read_sound, sound_file
from helpers.errors import CourseError
from helpers.mp3 import cut_mp3, read_frames
from helpers.waves import add_noise, find_pauses, level_db, split_at_silence

RATE = 24_000


def tone(seconds: float, rate: int = RATE, loud: float = 0.5) -> Sound:
    at = np.arange(round(seconds * rate)) / rate
    return Sound((loud * np.sin(2 * np.pi * 440 * at)).astype(np.float32), rate)


def silence(seconds: float, rate: int = RATE) -> Sound:
    return Sound(np.zeros(round(seconds * rate), np.float32), rate)


def join(*sounds: Sound) -> Sound:
    return Sound(np.concatenate([one.samples for one in sounds]), sounds[0].rate)


def frames_of(data: bytes) -> list[bytes]:
    return [frame.data for frame in read_frames(io.BytesIO(data))]


def tag_of(size: int) -> bytes:
    """An ID3 tag that holds so many bytes, which look like frames here and there."""
    parts = [size >> 7 * place & 127 for place in (3, 2, 1, 0)]
    return b"ID3\x04\x00\x00" + bytes(parts) + random.Random(0).randbytes(size)


def vary(sound: Sound) -> bytes:
    """Frames of many sizes, without the first one that says how many there are."""
    held = io.BytesIO()
    soundfile.write(held, sound.samples, sound.rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    return b"".join(frames_of(held.getvalue()))


LOUD = add_noise(tone(20), 10, seed=1)


def test_frames_that_vary_are_counted_and_decoded_to_the_end():
    for sound in (join(LOUD, silence(20)), join(silence(20), LOUD)):
        data = vary(sound)
        assert len({len(one) for one in frames_of(data)}) > 2
        assert duration(data) == pytest.approx(40, abs=0.1) == read_sound(data).seconds
        assert read_sound(data).seconds == pytest.approx(duration(data), abs=0.05)


def test_a_first_frame_that_only_counts_the_others_is_no_sound():
    held = io.BytesIO()
    soundfile.write(held, LOUD.samples, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    data = held.getvalue()
    assert b"Xing" in data[:64] and b"Xing" not in frames_of(data)[0]
    assert read_sound(data).seconds == 20, "it also says what its coder added at both ends, which is left out"
    assert read_sound(data + data).seconds == pytest.approx(40, abs=0.15), "what its first frame says is not believed"
    assert b"Xing" not in cut_mp3(data, 0, 5)


def test_a_picture_of_ten_megabytes_before_the_sound_costs_nothing():
    sound = tone(2).to_mp3()
    tagged = tag_of(10_000_000) + sound + b"TAG" + bytes(125)
    started = time.perf_counter()
    assert frames_of(tagged) == frames_of(sound)
    assert duration(tagged) == duration(sound)
    assert read_sound(tagged).seconds == read_sound(sound).seconds
    assert time.perf_counter() - started < 2
    assert sound_file(tagged, "a.mp3")[1] == tagged, "what is sent stays as it is"


def test_damaged_bytes_are_stepped_over_and_the_rest_is_kept():
    frames = frames_of(tone(10).to_mp3())
    hole = random.Random(1).randbytes(5_000)
    data = b"".join(frames[:100]) + hole + b"".join(frames[100:])
    assert frames_of(data) == frames
    cut = b"".join(frames[:100]) + frames[100][:50] + b"".join(frames[101:])
    assert len(frames_of(cut)) >= len(frames) - 3
    assert read_sound(data).seconds == pytest.approx(10, abs=0.2)


def test_parts_that_are_cut_make_the_whole_and_have_its_own_bytes():
    data = tag_of(500) + tone(10).to_mp3()
    places = [0, 2.5, 2.6, 7.3, 100]
    parts = [cut_mp3(data, begin, end) for begin, end in itertools.pairwise(places)]
    assert b"".join(parts) == b"".join(frames_of(data))
    assert duration(parts[2]) == pytest.approx(4.7, abs=0.025)
    assert level_db(read_sound(parts[2]).cut(0.2, 4)) == pytest.approx(-9.03, abs=0.5)
    with pytest.raises(CourseError, match=r"lasts 10\.\d s: nothing is between 20 and 30 s"):
        cut_mp3(data, 20, 30)


def test_an_mp3_is_cut_in_its_pauses_and_its_parts_are_sent_as_they_are(tmp_path):
    spoken = [LOUD.cut(0, 7.3), silence(0.6), LOUD.cut(0, 8), silence(0.6), LOUD.cut(0, 6.5), silence(0.6), tone(3)]
    for kind, data in (("steady", join(*spoken).to_mp3()), ("varied", vary(join(*spoken)))):
        path = tmp_path / f"{kind}.mp3"
        path.write_bytes(data)
        parts = list(split_at_silence(path, longest_s=10, search_s=4))
        for part, pause in zip(parts[1:], (7.3, 15.9, 23.0), strict=True):
            assert pause + 0.1 < part.start_s < pause + 0.6, "in the pause, and not at its edge"
        assert b"".join(part.file[1] for part in parts) == b"".join(frames_of(data))
        assert [part.start_s + part.seconds for part in parts[:-1]] == pytest.approx([p.start_s for p in parts[1:]])
        assert [part.file[0] for part in parts] == [f"{kind}_{start}s.mp3" for start in (0, 7, 16, 23)]
        assert parts[0].file[2] == "audio/mpeg"
        assert parts[1].sound.seconds == pytest.approx(parts[1].seconds, abs=0.05)


@pytest.mark.parametrize("loud", [0.002, 0.02])
def test_a_pause_in_which_something_hums_is_found_too(tmp_path, loud):
    hum = add_noise(tone(2, loud=loud), 0, seed=2)
    (tmp_path / "a.mp3").write_bytes(join(LOUD.cut(0, 9), hum, LOUD.cut(0, 9)).to_mp3(48))
    [first, second] = split_at_silence(tmp_path / "a.mp3", longest_s=14, search_s=12)
    assert 9.1 < second.start_s < 10.9 and first.start_s == 0


def test_a_part_is_decoded_without_a_word_from_the_library(capfd):
    """It writes to the terminal, which in a notebook is the page, of each frame that needs bits of one cut off."""
    spoken = join(*[add_noise(tone(1, loud=0.4 / (1 + number % 3)), 5, number) for number in range(9)])
    for data in (spoken.to_mp3(), vary(spoken), tag_of(1_000) + spoken.to_mp3(64) + b"TAG" + bytes(125)):
        whole = read_sound(data)
        for begin in range(1, 8):
            part = read_sound(cut_mp3(data, begin, begin + 1.5))
            assert level_db(part.cut(0.2, 1.4)) == pytest.approx(level_db(whole.cut(begin + 0.2, begin + 1.4)), abs=1)
    assert capfd.readouterr() == ("", "")


def test_bytes_are_cut_as_a_file_is(tmp_path):
    for data in (LOUD.to_mp3(), LOUD.to_wav()):
        (tmp_path / "a").write_bytes(data)
        cut = [list(split_at_silence(source, 8)) for source in (data, tmp_path / "a")]
        assert [part.file[1] for part in cut[0]] == [part.file[1] for part in cut[1]] and len(cut[0]) > 2


def test_two_hours_are_cut_and_joined_in_the_memory_of_a_part(tmp_path):
    minute = frames_of(join(add_noise(tone(50, 8_000), 10), silence(10, 8_000)).to_mp3(8))
    path, seconds = tmp_path / "long.mp3", 576 / 8_000
    with path.open("wb") as file:
        file.write(tag_of(1_000_000))
        for _ in range(120):
            file.write(b"".join(minute))
    parts_s, joined = [], tmp_path / "joined.mp3"
    read_sound(minute[0] * 3)  # its library is loaded
    tracemalloc.start()
    with joined.open("wb") as file:
        for part in split_at_silence(path, longest_s=300, search_s=70):
            parts_s.append((part.start_s, part.seconds))
            name, data, _ = part.file
            file.write(data)
            assert name == f"long_{part.start_s:.0f}s.mp3"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert joined.read_bytes() == b"".join(minute) * 120
    total = len(minute) * 120 * seconds
    assert duration(path) == duration(joined) == pytest.approx(total, abs=1e-6) and total > 7_190
    assert [start for start, _ in parts_s] == pytest.approx([0, *np.cumsum([length for _, length in parts_s])[:-1]])
    assert all(length <= 300 for _, length in parts_s) and 24 <= len(parts_s) <= 31
    cuts = [start % (len(minute) * seconds) for start, _ in parts_s[1:]]
    assert all(50 < cut < 60.2 or cut < 0.3 for cut in cuts), "each in a pause"
    assert peak < 4_000_000, "five minutes of frames; the file is 10 MB, and 230 MB when it is decoded"


@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"ID3" + bytes(2),
        b"\xff\xfb\x90\x00 and then plain text" * 3,
        b"\xff\xfb\x90\x00" + bytes(10),
        b"\xff\xf3\x64\xc4" * 10,
        b"\xff\xfb\x00\x00" * 1_000,
        b"\xff\xff" * 100_000,
    ],
)
def test_what_only_begins_as_an_mp3_is_refused_before_it_is_sent(data, tmp_path):
    (tmp_path / "a.mp3").write_bytes(data)
    for ask in (read_sound, duration, sound_file, lambda path: list(split_at_silence(path, 10))):
        with pytest.raises(CourseError):
            ask(tmp_path / "a.mp3")


def test_noise_of_any_kind_ends_in_time_and_in_no_other_error(tmp_path):
    dice = random.Random(3)
    whole = tone(1).to_mp3()
    started = time.perf_counter()
    for _ in range(200):
        broken = bytearray(whole)
        for _ in range(dice.randrange(1, 200)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        for data in (bytes(broken), bytes(broken[dice.randrange(len(broken)) :])):
            try:
                assert duration(data) <= 1.2
                assert read_sound(data).seconds <= 1.3
            except CourseError:
                pass
    frames_of(b"\xff\xfb\x90\x64" * 5_000_000)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    ("rate", "kbits", "channels"), [(8_000, 8, 1), (16_000, 24, 1), (44_100, 128, 2), (48_000, 64, 1)]
)
def test_every_sampling_rate_and_both_channels_have_their_length_and_their_quiet_place(rate, kbits, channels, tmp_path):
    sound = join(add_noise(tone(3, rate), 10), silence(1, rate), add_noise(tone(3, rate), 10))
    held = io.BytesIO()
    many = np.stack([sound.samples] * channels, 1)
    level = {8: 0.999, 24: 0.9, 64: 0.85, 128: 0.67}[kbits]
    soundfile.write(held, many, rate, format="MP3", bitrate_mode="CONSTANT", compression_level=level)
    data = held.getvalue()
    assert duration(data) == pytest.approx(7 + 1_152 / rate, abs=1_152 / rate)
    assert 7 <= read_sound(data).seconds <= duration(data)
    (tmp_path / "a.mp3").write_bytes(data)
    assert 3 < list(split_at_silence(tmp_path / "a.mp3", 5, 4))[1].start_s < 4.2


def test_an_mp3_is_written_as_large_as_was_asked_for():
    for rate, kbits in ((24_000, 32), (24_000, 48), (16_000, 24), (44_100, 64)):
        data = add_noise(tone(10, rate), 10).to_mp3(kbits)
        assert len(data) * 8 / 1000 / duration(data) == pytest.approx(kbits, rel=0.02)
        assert find_pauses(read_sound(data).cut(0.2, 9.8)) == []
    for rate, kbits in ((24_001, 32), (24_000, 320), (44_100, 16)):
        with pytest.raises(CourseError, match="no MP3 has"):
            tone(1, rate).to_mp3(kbits)
