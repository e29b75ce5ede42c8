"""Tags in sound files."""

import io

import pytest

from helpers.audio import Sound, duration, read_sound
from helpers.errors import CourseError
from helpers.sound_tags import tag_mp3

TITLE, COMMENT = (
    "Vor dem Mittag",
    "Synthetische Stimmen: größer als 127 Bytes, damit die Länge zwei Stellen braucht. " * 2,
)


@pytest.fixture
def mp3():
    import numpy as np

    return Sound(np.sin(np.arange(24_000) / 20).astype(np.float32) / 4, 24_000).to_mp3()


def test_the_sound_stays_as_it_is_byte_for_byte(mp3):
    tagged = tag_mp3(mp3, title=TITLE, comment=COMMENT)
    assert tagged.endswith(mp3) and tagged != mp3
    assert duration(tagged) == pytest.approx(duration(mp3))
    assert read_sound(tagged).seconds == pytest.approx(read_sound(mp3).seconds, abs=0.1)


def test_a_player_reads_title_and_comment(mp3):
    av = pytest.importorskip("av", reason="another program that reads tags is needed")
    with av.open(io.BytesIO(tag_mp3(mp3, title=TITLE, comment=COMMENT))) as file:
        assert file.metadata["title"] == TITLE
        assert file.metadata["comment"].strip() == COMMENT.strip()


def test_another_format_is_refused():
    with pytest.raises(CourseError, match="MP3"):
        tag_mp3(b"RIFF....WAVE", title=TITLE, comment=COMMENT)
